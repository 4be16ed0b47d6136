//! The messages of a room that can be repeated: the last ones of everybody, as they were on the wire.
//!
//! Pure, part of the engine.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::datagram::{Datagram, Range};
use wire::limits;

/// Names a message: its sender and its number.
pub type Key = (u64, u32);

/// A bounded number of datagrams; the oldest goes first.
#[derive(Debug, Default)]
pub struct History {
    datagrams: BTreeMap<Key, Kept>,
    order: VecDeque<Key>,
}

#[derive(Debug)]
struct Kept {
    datagram: Datagram,
    /// When it was last on the wire.
    passed: Duration,
}

impl History {
    /// Takes note of a datagram that has passed just now.
    pub fn pass(&mut self, datagram: &Datagram, now: Duration) {
        let key = (datagram.sender, datagram.number);
        if let Some(kept) = self.datagrams.get_mut(&key) {
            kept.passed = now;
            return;
        }
        self.datagrams.insert(key, Kept { datagram: datagram.clone(), passed: now });
        self.order.push_back(key);
        if self.order.len() > limits::MCAST_HISTORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.datagrams.remove(&oldest);
        }
    }

    /// The first of some messages that are here, so many at most, and when each was last on the wire.
    pub fn range(&self, Range { sender, first, last }: Range, most: usize) -> Vec<(Key, Duration)> {
        let kept = self.datagrams.range((sender, first)..=(sender, last));
        kept.take(most).map(|(key, kept)| (*key, kept.passed)).collect()
    }

    /// A message that goes on the wire again; `None` when it is here no more.
    pub fn repeat(&mut self, key: Key, now: Duration) -> Option<Datagram> {
        let kept = self.datagrams.get_mut(&key)?;
        kept.passed = now;
        Some(kept.datagram.clone())
    }
}
