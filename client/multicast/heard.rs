//! Whom to tell in the next heartbeats that they were heard: strangers, and those who leave.
//!
//! Pure, part of the engine. Of strangers anybody can make many, with recordings of those who were here once. Who was
//! never told goes first, so that they keep nobody out.

use super::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wire::datagram::{HEARD, Heard};
use wire::limits;

/// Those who wait to be told, and those who were.
#[derive(Debug, Default)]
pub struct HeardList {
    waiting: BTreeMap<u64, Waiting>,
    told: BTreeSet<u64>,
    /// The same in their order.
    order: VecDeque<u64>,
}

#[derive(Debug)]
struct Waiting {
    number: u32,
    /// It is no stranger.
    is_member: bool,
}

impl HeardList {
    /// A stranger was heard; whether it was never told so, as far as one remembers.
    pub fn stranger(&mut self, sender: u64, number: u32) -> bool {
        if let Some(waiting) = self.waiting.get_mut(&sender) {
            // A recording does not hide what it says now.
            waiting.number = waiting.number.max(number);
        } else if self.waiting.len() < limits::MCAST_REMEMBERED {
            self.waiting.insert(sender, Waiting { number, is_member: false });
        }
        !self.told.contains(&sender)
    }

    /// A member has said something that it wants to be confirmed.
    pub fn member(&mut self, sender: u64, number: u32) {
        self.waiting.insert(sender, Waiting { number, is_member: true });
    }

    /// Nobody waits who was not told yet.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Those whom the next heartbeat tells: members, then strangers who were never told, then any others.
    pub fn take(&mut self, random: &mut Random) -> Vec<Heard> {
        let mut ranked: Vec<_> = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(sender, waiting)| {
                let rank = (!waiting.is_member, self.told.contains(&sender), random.next());
                (rank, sender, waiting)
            })
            .collect();
        ranked.sort_unstable_by_key(|(rank, ..)| *rank);
        let later = ranked.split_off(ranked.len().min(HEARD));
        // Who was told already shows itself again if need be.
        let later = later.into_iter().filter(|((_, was_told, _), ..)| !was_told);
        self.waiting = later.map(|(_, sender, waiting)| (sender, waiting)).collect();
        ranked
            .into_iter()
            .map(|(_, sender, Waiting { number, .. })| {
                self.remember(sender);
                Heard { sender, number }
            })
            .collect()
    }

    fn remember(&mut self, sender: u64) {
        if self.told.insert(sender) {
            self.order.push_back(sender);
        }
        if self.order.len() > limits::MCAST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.told.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(list: &mut HeardList) -> Vec<u64> {
        list.take(&mut Random(1)).iter().map(|heard| heard.sender).collect()
    }

    #[test]
    fn who_was_never_told_goes_before_who_was() {
        let mut list = HeardList::default();
        assert!((0..40).all(|stranger| list.stranger(stranger, 1)));
        let mut told: Vec<u64> = (0..3).flat_map(|_| senders(&mut list)).collect();
        told.sort_unstable();
        assert_eq!(told, (0..40).collect::<Vec<_>>(), "each once");
        assert!(list.is_empty());
        assert!(!(0..40).any(|stranger| list.stranger(stranger, 1)));
        assert!(list.stranger(66, 1));
        list.member(7, 2);
        let next = senders(&mut list);
        assert_eq!((&next[..2], next.len(), list.is_empty()), (&[7, 66][..], HEARD, true));
    }

    #[test]
    fn the_last_word_is_confirmed() {
        let mut list = HeardList::default();
        [9, 10, 1].into_iter().for_each(|number| _ = list.stranger(5, number));
        assert_eq!(list.take(&mut Random(1)), [Heard { sender: 5, number: 10 }]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut list = HeardList::default();
        let many = 3 * limits::MCAST_REMEMBERED as u64;
        (0..many).for_each(|stranger| _ = list.stranger(stranger, 1));
        assert_eq!(list.waiting.len(), limits::MCAST_REMEMBERED);
        for stranger in 0..many {
            list.stranger(stranger, 1);
            list.take(&mut Random(1));
        }
        assert_eq!((list.told.len(), list.order.len()), (limits::MCAST_REMEMBERED, limits::MCAST_REMEMBERED));
    }
}
