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
    pending: BTreeMap<u64, Pending>,
    acked: BTreeSet<u64>,
    /// The ids in `acked`, the oldest first.
    order: VecDeque<u64>,
}

#[derive(Debug)]
struct Pending {
    /// The highest number of a status received from this sender.
    number: u32,
    is_member: bool,
}

impl PendingAcks {
    /// A status of a stranger came. True when this stranger was never acknowledged, as far as we remember.
    pub fn add_stranger(&mut self, sender: u64, number: u32) -> bool {
        if let Some(pending) = self.pending.get_mut(&sender) {
            // A replayed status, which has a lower number, does not hide the current one.
            pending.number = pending.number.max(number);
        } else if self.pending.len() < limits::MCAST_REMEMBERED {
            self.pending.insert(sender, Pending { number, is_member: false });
        }
        !self.acked.contains(&sender)
    }

    /// A LEAVE of a member came.
    pub fn add_member(&mut self, sender: u64, number: u32) {
        self.pending.insert(sender, Pending { number, is_member: true });
    }

    /// Nothing is to be acknowledged.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The acknowledgements for the next status: members first, then new strangers, then the others.
    pub fn take(&mut self, random: &mut Random) -> Vec<StatusAck> {
        let mut ranked: Vec<_> = std::mem::take(&mut self.pending)
            .into_iter()
            .map(|(sender, pending)| {
                let rank = (!pending.is_member, self.acked.contains(&sender), random.next());
                (rank, sender, pending)
            })
            .collect();
        ranked.sort_unstable_by_key(|(rank, ..)| *rank);
        let later = ranked.split_off(ranked.len().min(ACKS));
        // A sender that had an acknowledgement before sends another status if it still needs one.
        let later = later.into_iter().filter(|((_, was_acked, _), ..)| !was_acked);
        self.pending = later.map(|(_, sender, pending)| (sender, pending)).collect();
        ranked
            .into_iter()
            .map(|(_, sender, Pending { number, .. })| {
                self.remember(sender);
                StatusAck { sender, number }
            })
            .collect()
    }

    fn remember(&mut self, sender: u64) {
        if self.acked.insert(sender) {
            self.order.push_back(sender);
        }
        if self.order.len() > limits::MCAST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.acked.remove(&oldest);
        }
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
        assert!(list.is_empty());
        assert!(!(0..40).any(|stranger| list.add_stranger(stranger, 1)));
        assert!(list.add_stranger(66, 1));
        list.add_member(7, 2);
        let next = senders(&mut list);
        assert_eq!((&next[..2], next.len(), list.is_empty()), (&[7, 66][..], ACKS, true));
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
