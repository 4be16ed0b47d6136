//! The last messages of the room, as they were on the wire, kept for retransmission.
//!
//! Pure, part of the engine: no thread, no lock.

use super::limits;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::datagram::{Datagram, Range};

/// Identifies a message: its sender and its number.
pub type Key = (u64, u32);

/// A bounded number of messages; the oldest is dropped first.
#[derive(Debug, Default)]
pub struct History {
    entries: BTreeMap<Key, Entry>,
    order: VecDeque<Key>,
}

#[derive(Debug)]
struct Entry {
    datagram: Datagram,
    /// When it was last on the wire.
    sent_at: Duration,
}

impl History {
    /// Keeps a message that was on the wire just now, or notes the time if it is kept already.
    pub fn note(&mut self, datagram: &Datagram, now: Duration) {
        let key = (datagram.sender, datagram.number);
        let entry = self.entries.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            Entry { datagram: datagram.clone(), sent_at: now }
        });
        // A datagram that is kept already stays: a forgery of the same number does not replace it.
        entry.sent_at = now;
        if self.order.len() > limits::MCAST_HISTORY as usize {
            self.order.pop_front().map(|oldest| self.entries.remove(&oldest));
        }
    }

    /// The first messages of a range that are kept, `most` at most, and when each was last on the wire.
    pub fn find(&self, Range { sender, first, last }: Range, most: usize) -> Vec<(Key, Duration)> {
        let entries = self.entries.range((sender, first)..=(sender, last));
        entries.take(most).map(|(key, entry)| (*key, entry.sent_at)).collect()
    }

    /// A message to retransmit now; `None` when it is no longer kept.
    pub fn retransmit(&mut self, key: Key, now: Duration) -> Option<Datagram> {
        let entry = self.entries.get_mut(&key)?;
        entry.sent_at = now;
        Some(entry.datagram.clone())
    }
}
