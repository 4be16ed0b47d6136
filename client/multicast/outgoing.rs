//! The messages that a member has yet to send: its own, and those of anybody that it repeats.
//!
//! Pure, part of the engine. They leave no faster than the others can read, and take turns: neither does who says much
//! keep those waiting who miss some of it, nor do these keep us from speaking.

use super::history::Key;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use wire::datagram::Datagram;
use wire::limits;

/// What may be sent next.
#[derive(Debug)]
pub enum Next {
    /// A message of our own, for the first time.
    First(Datagram),
    /// A message that somebody misses.
    Again(Key),
}

/// What waits, and how long.
#[derive(Debug)]
pub struct Outgoing {
    /// Messages of our own, in their order.
    first: VecDeque<Datagram>,
    /// Messages that are to be repeated, by the time at which they may be.
    again: BTreeSet<(Duration, Key)>,
    /// Those times.
    times: BTreeMap<Key, Duration>,
    /// When the next message may go.
    paced: Duration,
    /// When the next one of our own may.
    held: Duration,
    /// The last one was of our own.
    was_first: bool,
}

impl Outgoing {
    /// Nothing waits.
    pub fn new(now: Duration) -> Self {
        Outgoing {
            first: VecDeque::new(),
            again: BTreeSet::new(),
            times: BTreeMap::new(),
            paced: now,
            held: now,
            was_first: false,
        }
    }

    /// Takes a message of our own.
    pub fn push(&mut self, datagram: Datagram) {
        self.first.push_back(datagram);
    }

    /// Lets no message of our own go before some time.
    pub fn hold(&mut self, until: Duration) {
        self.held = until;
    }

    /// Plans to repeat a message at some time, unless that is planned already.
    pub fn plan(&mut self, key: Key, at: Duration) {
        if let Entry::Vacant(entry) = self.times.entry(key) {
            entry.insert(at);
            self.again.insert((at, key));
        }
    }

    /// Need not repeat a message: somebody else has.
    pub fn cancel(&mut self, key: Key) {
        if let Some(at) = self.times.remove(&key) {
            self.again.remove(&(at, key));
        }
    }

    /// The next message that may go now.
    pub fn next(&mut self, now: Duration) -> Option<Next> {
        self.paced = self.paced.max(now.saturating_sub(limits::MCAST_PACE * limits::MCAST_BURST));
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.paced += limits::MCAST_PACE;
        let is_turn_of_others = self.was_first && self.again.first().is_some_and(|(at, _)| *at <= now);
        self.was_first = !is_turn_of_others && self.held <= now && !self.first.is_empty();
        if self.was_first {
            return self.first.pop_front().map(Next::First);
        }
        let (_, key) = self.again.pop_first()?;
        self.times.remove(&key);
        Some(Next::Again(key))
    }

    /// When [`Self::next`] has something; `None` when nothing waits.
    pub fn deadline(&self) -> Option<Duration> {
        let first = (!self.first.is_empty()).then_some(self.held);
        let again = self.again.first().map(|(at, _)| *at);
        first.into_iter().chain(again).min().map(|at| at.max(self.paced))
    }

    /// How many messages of our own wait.
    pub fn waiting(&self) -> usize {
        self.first.len()
    }

    /// Nothing waits.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.again.is_empty()
    }
}
