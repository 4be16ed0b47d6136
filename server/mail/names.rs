//! Known names that are idle (no mail waits for them and nobody uses them), in the order in which they were last used,
//! and how many new names each party has brought.
//!
//! Part of the mail index, behind its lock. No name is looked for by a walk.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::limits;
use crate::core::party::Party;

/// The place of a name in the order.
pub type Ticket = u64;

#[derive(Debug, Default)]
pub struct IdleNames {
    order: BTreeMap<Ticket, String>,
    next: Ticket,
}

impl IdleNames {
    /// Adds a name that was in use until now.
    pub fn add(&mut self, name: String) -> Ticket {
        self.next += 1;
        self.order.insert(self.next, name);
        self.next
    }

    pub fn remove(&mut self, ticket: Ticket) {
        self.order.remove(&ticket);
    }

    /// When there are too many, the one that was not used for the longest time.
    pub fn take_excess(&mut self) -> Option<String> {
        if self.order.len() <= limits::KNOWN_NAMES {
            return None;
        }
        self.order.pop_first().map(|(_, name)| name)
    }
}

/// The names that each party has brought in the present hour.
#[derive(Debug, Default)]
pub struct NewNames {
    hour: Option<Instant>,
    counts: HashMap<Party, usize>,
}

impl NewNames {
    /// Whether the server remembers one more of this party.
    pub fn count(&mut self, party: Party, now: Instant) -> bool {
        if self.hour.is_none_or(|hour| now.duration_since(hour) >= limits::NEW_NAMES_PERIOD) {
            *self = NewNames { hour: Some(now), counts: HashMap::new() };
        }
        let is_first = !self.counts.contains_key(&party);
        if is_first && self.counts.len() >= limits::KNOWN_NAMES {
            // Nobody can bring so many parties but an attack.
            return false;
        }
        let count = self.counts.entry(party).or_default();
        *count += 1;
        *count <= limits::NEW_NAMES
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_party_brings_a_limited_number_of_names_an_hour() {
        let mut new = NewNames::default();
        let now = Instant::now();
        let [one, other] = [1, 2].map(|number| Party::of(Ipv4Addr::from_bits(number).into()));
        assert_eq!((0..2000).filter(|_| new.count(one, now)).count(), limits::NEW_NAMES);
        assert!(new.count(other, now));
        assert!(!new.count(one, now + limits::NEW_NAMES_PERIOD / 2) && new.count(one, now + limits::NEW_NAMES_PERIOD));
    }
}
