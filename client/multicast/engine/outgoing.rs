//! Messages that wait to be sent: our own new ones, and retransmissions.
//!
//! Pure, part of the engine: no thread, no lock. A token bucket limits the rate to what receivers can read. New
//! messages and retransmissions take turns, so that neither starves the other.

use super::history::Key;
use super::limits;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use wire::datagram::Datagram;

/// What may be sent next.
#[derive(Debug)]
pub enum Next {
    /// A new message of our own.
    New(Datagram),
    /// A retransmission of a message that some member misses.
    Repair(Key),
}

/// The two queues, and when each may go on.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// New messages of our own.
    pub own: VecDeque<Datagram>,
    /// Planned retransmissions in the order of time.
    repairs: BTreeSet<(Duration, Key)>,
    /// The planned time of each.
    repair_times: BTreeMap<Key, Duration>,
    /// When the token bucket lets the next message go.
    paced_until: Duration,
    /// When flow control lets the next message of our own go.
    pub held_until: Duration,
    /// The last message sent was of our own.
    was_own: bool,
}

impl Outgoing {
    /// Plans a retransmission, unless the same one is planned already.
    pub fn plan_repair(&mut self, key: Key, at: Duration) {
        if let Entry::Vacant(entry) = self.repair_times.entry(key) {
            entry.insert(at);
            self.repairs.insert((at, key));
        }
    }

    /// Cancels a retransmission: another member was faster (suppression).
    pub fn cancel_repair(&mut self, key: Key) {
        if let Some(at) = self.repair_times.remove(&key) {
            self.repairs.remove(&(at, key));
        }
    }

    /// The next message that may be sent now.
    pub fn next(&mut self, now: Duration) -> Option<Next> {
        self.paced_until = self.paced_until.max(now.saturating_sub(limits::MCAST_PACE * limits::MCAST_BURST));
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.paced_until += limits::MCAST_PACE;
        let is_turn_of_repairs = self.was_own && self.repairs.first().is_some_and(|(at, _)| *at <= now);
        self.was_own = !is_turn_of_repairs && self.held_until <= now && !self.own.is_empty();
        if self.was_own {
            return self.own.pop_front().map(Next::New);
        }
        let (_, key) = self.repairs.pop_first()?;
        self.repair_times.remove(&key);
        Some(Next::Repair(key))
    }

    /// When [`Self::next`] has something; `None` when nothing waits.
    pub fn deadline(&self) -> Option<Duration> {
        let own = (!self.own.is_empty()).then_some(self.held_until);
        let repair = self.repairs.first().map(|(at, _)| *at);
        own.into_iter().chain(repair).min().map(|at| at.max(self.paced_until))
    }

    /// Nothing waits.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.repairs.is_empty()
    }
}
