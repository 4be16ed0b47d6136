//! The messages of a room that can be repeated: the last ones of everybody, as they were on the wire.
//!
//! Pure, part of the engine.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::datagram::Datagram;
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
    pub fn pass(&mut self, datagram: Datagram, now: Duration) {
        let key = (datagram.sender, datagram.number);
        if let Some(kept) = self.datagrams.get_mut(&key) {
            kept.passed = now;
            return;
        }
        self.datagrams.insert(key, Kept { datagram, passed: now });
        self.order.push_back(key);
        if self.order.len() > limits::ROOM_HISTORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.datagrams.remove(&oldest);
        }
    }

    /// When a message was last on the wire; `None` when it is not, or no more, here.
    pub fn passed(&self, key: Key) -> Option<Duration> {
        self.datagrams.get(&key).map(|kept| kept.passed)
    }

    pub fn get(&self, key: Key) -> Option<&Datagram> {
        self.datagrams.get(&key).map(|kept| &kept.datagram)
    }
}
