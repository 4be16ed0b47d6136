//! How many bytes come by themselves within a day, from each sender and from all of them.
//!
//! Pure bookkeeping, part of the table of transfers and thus under its lock. A day begins with its first file. It ends
//! with the program, too, which only its user can restart.

use super::limits::{DAILY, DAILY_EACH, DAILY_LEAST, DAY, SENDERS};
use std::collections::HashMap;
use std::time::Instant;
use wire::names;

/// The files of today.
#[derive(Default)]
pub struct Allowance {
    /// By folded nick.
    senders: HashMap<String, Today>,
    all: Option<Today>,
}

#[derive(Clone, Copy)]
struct Today {
    since: Instant,
    bytes: u64,
}

impl Allowance {
    /// Whether a file of so many bytes more may come by itself today; it counts then.
    pub fn take(&mut self, sender: &str, bytes: u64, now: Instant) -> bool {
        self.senders.retain(|_, today| !today.is_over(now));
        let sender = names::casefold(sender);
        let known = self.senders.get(&sender).copied();
        let is_known = known.is_some();
        let [all, own] = [self.all.filter(|today| !today.is_over(now)), known]
            .map(|today| today.unwrap_or(Today { since: now, bytes: 0 }).with(bytes.max(DAILY_LEAST)));
        let fits = all.bytes <= DAILY && own.bytes <= DAILY_EACH && (is_known || self.senders.len() < SENDERS);
        if fits {
            self.all = Some(all);
            self.senders.insert(sender, own);
        }
        fits
    }
}

impl Today {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= DAY
    }

    fn with(self, bytes: u64) -> Self {
        Today { bytes: self.bytes.saturating_add(bytes), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u64 = DAILY_EACH / 2;

    #[test]
    fn each_sender_has_a_share_and_all_have_a_limit() {
        let (mut allowance, now) = (Allowance::default(), Instant::now());
        assert!(allowance.take("Tesla", HALF, now) && allowance.take("tesla", HALF, now));
        assert!(!allowance.take("TESLA", 1, now) && allowance.take("albert", 1, now));
        let tiny = (0..=DAILY_EACH / DAILY_LEAST).filter(|_| allowance.take("albert", 1, now)).count() as u64;
        assert_eq!(tiny, DAILY_EACH / DAILY_LEAST - 1);
        assert!(!allowance.take("albert", u64::MAX, now));
        let strangers = (0..100).filter(|number| allowance.take(&format!("n{number}"), DAILY_EACH, now)).count() as u64;
        assert_eq!(strangers, DAILY / DAILY_EACH - 2);
        assert!(allowance.take("tesla", HALF, now + DAY), "tomorrow");
    }

    #[test]
    fn senders_cannot_fill_the_memory() {
        let (mut allowance, now) = (Allowance::default(), Instant::now());
        let counted = (0..2 * SENDERS).filter(|number| allowance.take(&format!("n{number}"), 1, now)).count();
        assert_eq!((counted, allowance.senders.len()), (SENDERS, SENDERS));
        assert!(allowance.take("n7", 1, now));
    }
}
