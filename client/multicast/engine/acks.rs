//! Status acknowledgements for our next status: to strangers, which learn that we hear them, and to leaving members.
//!
//! Pure, part of the engine: no thread, no lock. An attacker can appear as any number of strangers by replaying old
//! statuses. Therefore a stranger that was never acknowledged goes first, so that real ones get their turn.

use super::limits;
use super::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wire::datagram::{ACKS, StatusAck};

/// The acknowledgements to send, and the strangers that had one before.
#[derive(Debug, Default)]
pub struct PendingAcks {
    pub pending: BTreeMap<u64, Pending>,
    acked: BTreeSet<u64>,
    /// The ids in `acked`, the oldest first.
    order: VecDeque<u64>,
}

/// A status that is to be acknowledged.
#[derive(Debug)]
pub struct Pending {
    /// The highest number of a status received from this sender.
    number: u32,
    is_member: bool,
}

impl PendingAcks {
    /// A status of a stranger came. True when this stranger was never acknowledged, as far as we remember.
    pub fn add_stranger(&mut self, sender: u64, number: u32) -> bool {
        if self.pending.len() < limits::MCAST_REMEMBERED || self.pending.contains_key(&sender) {
            let pending = self.pending.entry(sender).or_insert(Pending { number, is_member: false });
            // A replayed status, which has a lower number, does not hide the current one.
            pending.number = pending.number.max(number);
        }
        !self.acked.contains(&sender)
    }

    /// A LEAVE of a member came.
    pub fn add_member(&mut self, sender: u64, number: u32) {
        self.pending.insert(sender, Pending { number, is_member: true });
    }

    /// The acknowledgements for the next status: members first, then new strangers, then the others.
    pub fn take(&mut self, random: &mut Random) -> Vec<StatusAck> {
        let mut rank =
            |(sender, pending): &(u64, Pending)| (!pending.is_member, self.acked.contains(sender), random.next());
        let pending = std::mem::take(&mut self.pending).into_iter();
        let mut ranked: Vec<_> = pending.map(|entry| (rank(&entry), entry)).collect();
        ranked.sort_unstable_by_key(|(rank, _)| *rank);
        let later = ranked.split_off(ranked.len().min(ACKS)).into_iter().map(|(_, entry)| entry);
        // A sender that had an acknowledgement before sends another status if it still needs one.
        self.pending = later.filter(|(sender, _)| !self.acked.contains(sender)).collect();
        for (_, (sender, _)) in &ranked {
            if self.acked.insert(*sender) {
                self.order.push_back(*sender);
            }
            if self.order.len() > limits::MCAST_REMEMBERED {
                self.order.pop_front().map(|oldest| self.acked.remove(&oldest));
            }
        }
        ranked.into_iter().map(|(_, (sender, Pending { number, .. }))| StatusAck { sender, number }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(list: &mut PendingAcks) -> Vec<u64> {
        list.take(&mut Random(1)).iter().map(|ack| ack.sender).collect()
    }

    #[test]
    fn new_strangers_go_before_those_acknowledged_before() {
        let mut list = PendingAcks::default();
        assert!((0..40).all(|stranger| list.add_stranger(stranger, 1)));
        let mut acked: Vec<u64> = (0..3).flat_map(|_| senders(&mut list)).collect();
        acked.sort_unstable();
        assert_eq!(acked, (0..40).collect::<Vec<_>>(), "each once");
        assert!(list.pending.is_empty());
        assert!(!(0..40).any(|stranger| list.add_stranger(stranger, 1)));
        assert!(list.add_stranger(66, 1));
        list.add_member(7, 2);
        let next = senders(&mut list);
        assert_eq!((&next[..2], next.len(), list.pending.is_empty()), (&[7, 66][..], ACKS, true));
    }

    #[test]
    fn the_highest_number_is_acknowledged() {
        let mut list = PendingAcks::default();
        [9, 10, 1].into_iter().for_each(|number| _ = list.add_stranger(5, number));
        assert_eq!(list.take(&mut Random(1)), [StatusAck { sender: 5, number: 10 }]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut list = PendingAcks::default();
        let many = 3 * limits::MCAST_REMEMBERED as u64;
        (0..many).for_each(|stranger| _ = list.add_stranger(stranger, 1));
        assert_eq!(list.pending.len(), limits::MCAST_REMEMBERED);
        for stranger in 0..many {
            list.add_stranger(stranger, 1);
            list.take(&mut Random(1));
        }
        assert_eq!((list.acked.len(), list.order.len()), (limits::MCAST_REMEMBERED, limits::MCAST_REMEMBERED));
    }
}
