//! How much of a mailbox, or of all mailboxes, is in use, and by whom: a flood is refused before anybody else is, by the
//! rule of [`has_room`].
//!
//! Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::party::{Full, Party, has_room};

/// What is in use, in all and by each party.
#[derive(Debug, Default)]
pub struct Pool {
    used: usize,
    shares: BTreeMap<Arc<Party>, usize>,
}

/// Why a message finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Mailbox(Full),
    AllMailboxes(Full),
}

impl Refusal {
    /// For the sender.
    pub fn text(self, party: Option<&Party>) -> String {
        let (of, verb, full) = match self {
            Refusal::Mailbox(full) => ("the mailbox", "is", full),
            Refusal::AllMailboxes(full) => ("all mailboxes", "together are", full),
        };
        let (whose, its) = match party {
            Some(Party::Key(_)) => ("your", "your"),
            _ => ("your address's", "its"),
        };
        match full {
            Full::Pool => format!("{of} {verb} full"),
            Full::Share => format!("{whose} share of {of} is used up; wait until some of {its} messages are read"),
        }
    }
}

impl Pool {
    pub fn used(&self) -> usize {
        self.used
    }

    /// Whether there is room. Without a party only the whole counts.
    pub fn has_room(&self, capacity: usize, party: Option<&Party>, amount: usize) -> Result<(), Full> {
        let own = party.and_then(|party| self.shares.get(party)).copied().unwrap_or_default();
        has_room(own as u64, self.used as u64, capacity as u64, amount as u64)
    }

    pub fn add(&mut self, party: Option<&Arc<Party>>, amount: usize) {
        self.used += amount;
        if let Some(party) = party {
            *self.shares.entry(Arc::clone(party)).or_default() += amount;
        }
    }

    pub fn remove(&mut self, party: Option<&Arc<Party>>, amount: usize) {
        self.used -= amount;
        let Some(party) = party else { return };
        if let Some(share) = self.shares.get_mut(party) {
            *share -= amount;
            if *share == 0 {
                self.shares.remove(party);
            }
        }
    }

    /// The party as it is kept here, so that each is in memory once.
    pub fn intern(&self, party: Party) -> Arc<Party> {
        self.shares.get_key_value(&party).map_or_else(|| Arc::new(party), |(kept, _)| Arc::clone(kept))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn party(number: u32) -> Arc<Party> {
        Arc::new(Party::of(Ipv4Addr::from_bits(number).into()))
    }

    #[test]
    fn a_full_pool_is_full_for_everybody_until_something_is_removed() {
        let mut pool = Pool::default();
        pool.add(None, 9);
        assert_eq!(pool.has_room(10, None, 2), Err(Full::Pool));
        assert_eq!(pool.has_room(10, Some(&party(1)), 1), Ok(()), "the last place is for somebody who has none");
        pool.add(Some(&party(1)), 1);
        assert_eq!(pool.has_room(10, Some(&party(2)), 1), Err(Full::Pool));
        assert_eq!(pool.has_room(5, None, 1), Err(Full::Pool), "more is there than fits");
        pool.remove(Some(&party(1)), 1);
        assert!(pool.shares.is_empty() && pool.has_room(10, Some(&party(2)), 1).is_ok());
    }

    #[test]
    fn a_large_message_of_somebody_who_has_nothing_needs_room_only() {
        let mut pool = Pool::default();
        pool.add(Some(&party(1)), 4);
        assert_eq!(pool.has_room(7, Some(&party(2)), 3), Ok(()));
        assert_eq!(pool.has_room(7, Some(&party(1)), 1), Err(Full::Share));
        assert!(Arc::ptr_eq(&pool.intern(*party(1)), pool.shares.keys().next().unwrap()));
    }
}
