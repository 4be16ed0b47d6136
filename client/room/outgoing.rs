//! The messages that a member has yet to send: its own, and those of anybody that it repeats.
//!
//! Pure, part of the engine. Both wait in one order, that of the time since which they could go, so that neither our own
//! words nor those of others wait for ever; and they leave no faster than the others can read.

use super::history::Key;
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
    /// Messages of our own, in their order, and since when they wait.
    first: VecDeque<(Duration, Datagram)>,
    /// Messages that are to be repeated, by the time at which they may be.
    again: BTreeSet<(Duration, Key)>,
    /// Those times.
    times: BTreeMap<Key, Duration>,
    /// When the next message may go.
    paced: Duration,
}

impl Outgoing {
    /// Nothing waits.
    pub fn new(now: Duration) -> Self {
        Outgoing { first: VecDeque::new(), again: BTreeSet::new(), times: BTreeMap::new(), paced: now }
    }

    /// Takes a message of our own.
    pub fn push(&mut self, datagram: Datagram, now: Duration) {
        self.first.push_back((now, datagram));
    }

    /// Plans to repeat a message at some time.
    pub fn plan(&mut self, key: Key, at: Duration) {
        self.times.insert(key, at);
        self.again.insert((at, key));
    }

    /// Whether a message is to be repeated.
    pub fn is_planned(&self, key: Key) -> bool {
        self.times.contains_key(&key)
    }

    /// Need not repeat a message: somebody else has.
    pub fn cancel(&mut self, key: Key) {
        if let Some(at) = self.times.remove(&key) {
            self.again.remove(&(at, key));
        }
    }

    /// The next message that may go now.
    pub fn next(&mut self, now: Duration) -> Option<Next> {
        self.paced = self.paced.max(now.saturating_sub(limits::ROOM_PACE * limits::ROOM_BURST));
        if self.paced > now {
            return None;
        }
        let first = self.first.front().map(|(since, _)| *since);
        let again = self.again.first().map(|(at, _)| *at).filter(|at| *at <= now);
        let next = match (first, again) {
            (None, None) => return None,
            (Some(since), at) if at.is_none_or(|at| since <= at) => {
                self.first.pop_front().map(|(_, data)| Next::First(data))
            }
            _ => self.again.pop_first().map(|(_, key)| Next::Again(key)),
        };
        if let Some(Next::Again(key)) = &next {
            self.times.remove(key);
        }
        self.paced += limits::ROOM_PACE;
        next
    }

    /// When [`Self::next`] has something; `None` when nothing waits.
    pub fn deadline(&self) -> Option<Duration> {
        let first = self.first.front().map(|(since, _)| *since);
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
