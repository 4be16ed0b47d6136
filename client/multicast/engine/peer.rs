//! Another member: its messages put in order, each once, and the plan to ask for missing ones.
//!
//! Pure, part of the engine: no thread, no lock. We receive the messages of an older member, one that joined before us,
//! from now on, and those of a younger one from number 1 on. Members compare their ages, since clocks of two hosts may
//! differ.

use super::limits;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::datagram::{PeerReport, Utterance};

/// Another member, present or not.
#[derive(Debug, Default)]
pub struct Peer {
    /// The latest nick; empty when none is known.
    pub nick: String,
    /// When a new control datagram was last received: only the member itself can have written that.
    pub heard_at: Duration,
    /// When a message of it was last received.
    pub data_at: Option<Duration>,
    /// It has named our id, so it is live and not a recording.
    pub is_verified: bool,
    /// It was heard lately, and was not shown to have left.
    pub is_present: bool,
    /// It joined after us, or at the same time.
    pub is_younger: bool,
    /// It has sent a LEAVE, which is final.
    pub has_left: bool,
    /// The highest number of its control datagrams: lower ones are old, or replayed.
    last_control: u32,
    /// It has our messages up to this number.
    pub acked: u32,
    /// It has acknowledged our LEAVE.
    pub knows_we_left: bool,
    /// Its age, and when it had that.
    age: (Duration, Duration),
    /// The number of the next message to deliver.
    next: u32,
    /// The highest number of its messages that we know of.
    last: u32,
    /// Messages received out of order.
    pub out_of_order: BTreeMap<u32, Utterance>,
    nack: Option<NackPlan>,
}

/// The plan to ask for missing messages.
#[derive(Debug, Clone, Copy)]
struct NackPlan {
    at: Duration,
    /// The pause from then to the next try.
    pause: Duration,
    /// How often we have asked in vain, or have left it to another member.
    tries: u32,
    /// The first missing number; when that message comes the count starts again.
    first: u32,
    /// The last number that was missing when the count started.
    last: u32,
    /// When another member asked for the same.
    suppressed_at: Option<Duration>,
}

/// What is due now.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask for these messages; each pair is the first and last number of a range.
    Nack(Vec<(u32, u32)>),
    /// Give up the missing messages up to this number.
    GiveUp(u32),
}

/// What became of a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    New,
    /// It was known to be missing.
    Repaired,
    Duplicate,
    /// It is outside the window, or the buffer is full. It was dropped, and is asked for later.
    NoRoom,
}

impl Peer {
    /// A member of this age. If it `is_younger` than we are, we need all its messages, and it needs none of the `sent`
    /// ones that we have sent so far; if it is older, we do not need its first `last` messages.
    pub fn new(age: Duration, last: u32, is_younger: bool, sent: u32, now: Duration) -> Self {
        Peer {
            heard_at: now,
            is_younger,
            acked: if is_younger { sent } else { 0 },
            age: (age, now),
            next: if is_younger { 1 } else { last + 1 },
            last: if is_younger { 0 } else { last },
            ..Peer::default()
        }
    }

    /// What we know of it, for other members.
    pub fn report(&self, sender: u64, now: Duration) -> PeerReport {
        let age = (self.age.0 + now.saturating_sub(self.age.1)).as_millis();
        let age = u32::try_from(age).unwrap_or(u32::MAX);
        PeerReport { sender, last: self.last, complete: self.complete(), age }
    }

    /// All messages up to this number were received.
    pub fn complete(&self) -> u32 {
        self.next - 1
    }

    /// Notes a control datagram; false when it is old or replayed.
    pub fn note_control(&mut self, number: u32, now: Duration) -> bool {
        let is_new = number > self.last_control;
        if is_new {
            (self.last_control, self.heard_at) = (number, now);
        }
        is_new
    }

    /// Some member says that the messages of this one go up to `last`.
    pub fn raise_last(&mut self, last: u32) {
        self.last = self.last.max(last);
    }

    /// The member itself says so. That overrides what others said, but not messages that were received.
    pub fn set_last(&mut self, last: u32) {
        let received = self.out_of_order.keys().next_back().copied().unwrap_or_default();
        self.last = last.max(received).max(self.complete());
    }

    /// Takes a message, or only remembers that it exists: when the buffer of all peers `is_full`, each takes nothing
    /// but the next message in order, which needs no buffer, since it is delivered at once.
    pub fn receive(&mut self, number: u32, message: Utterance, is_full: bool) -> Arrival {
        if !is_full && (number < self.next || self.out_of_order.contains_key(&number)) {
            return Arrival::Duplicate;
        }
        let was_missing = number <= self.last && self.nack.is_some();
        self.raise_last(number);
        if is_full && number != self.next || number - self.next >= limits::MCAST_WINDOW {
            return Arrival::NoRoom;
        }
        self.out_of_order.insert(number, message);
        if was_missing { Arrival::Repaired } else { Arrival::New }
    }

    /// The next message in order, if it is there.
    pub fn pop_next(&mut self) -> Option<Utterance> {
        let message = self.out_of_order.remove(&self.next)?;
        self.next += 1;
        Some(message)
    }

    /// The highest number that is known and inside the window.
    fn window_end(&self) -> u32 {
        self.last.min(self.next + (limits::MCAST_WINDOW - 1))
    }

    /// The missing messages inside the window.
    fn missing(&self) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let (mut from, end) = (self.next, self.window_end());
        let received = self.out_of_order.range(from..=end.max(from)).map(|(number, _)| *number);
        for number in received.chain([end + 1]) {
            if number > from {
                ranges.push((from, number - 1));
            }
            from = number + 1;
        }
        ranges
    }

    /// Plans a NACK for what is missing now, the first one after `pause`.
    pub fn plan_nack(&mut self, now: Duration, pause: Duration) {
        if self.is_complete() {
            self.nack = None;
        } else if self.nack.is_none_or(|plan| plan.first != self.next) {
            let at = self.nack.map_or(now + pause, |plan| plan.at.min(now + limits::MCAST_NACK_RETRY));
            let (pause, first, last) = (limits::MCAST_NACK_RETRY, self.next, self.window_end());
            self.nack = Some(NackPlan { at, pause, tries: 0, first, last, suppressed_at: None });
        }
    }

    /// Another member asks for these messages. The repair goes to all, so our own NACK is suppressed.
    pub fn suppress_nack(&mut self, first: u32, last: u32, now: Duration) {
        if let Some(plan) = &mut self.nack
            && (first..=last).contains(&plan.first)
        {
            plan.suppressed_at = Some(now);
        }
    }

    /// When the next NACK is due.
    pub fn nack_at(&self) -> Option<Duration> {
        self.nack.map(|plan| plan.at)
    }

    /// What to do about missing messages now. A try only `counts` while everybody is reachable. `random` is added to
    /// the next pause, so that members do not ask in step.
    pub fn due(&mut self, now: Duration, counts: bool, random: Duration) -> Option<Due> {
        let plan = self.nack.as_mut().filter(|plan| plan.at <= now)?;
        if plan.tries >= limits::MCAST_NACK_TRIES {
            // What is older than a whole history no member can have.
            return Some(Due::GiveUp(plan.last.max(self.last.saturating_sub(limits::MCAST_HISTORY))));
        }
        let was_asked = plan.suppressed_at.is_some_and(|at| now.saturating_sub(at) < limits::MCAST_NACK_RETRY);
        // Each fourth NACK goes out all the same: those that have the message may not hear the other member.
        let is_suppressed = was_asked && plan.tries % 4 != 3;
        plan.at = now + plan.pause + random;
        plan.pause = (plan.pause * 2).min(limits::MCAST_NACK_RETRY_MAX);
        plan.tries += u32::from(counts);
        (!is_suppressed).then(|| Due::Nack(self.missing()))
    }

    /// Skips the first gap, up to the number `end`; how many messages that are, 0 when there is no gap.
    pub fn skip(&mut self, end: u32) -> u32 {
        if self.is_complete() || self.next > end {
            return 0;
        }
        self.nack = None;
        let buffered = self.out_of_order.keys().next().copied().unwrap_or(u32::MAX);
        let first = std::mem::replace(&mut self.next, buffered.min(end + 1));
        self.next - first
    }

    /// Messages of it are missing according to third-party reports alone.
    pub fn has_unverified_gap(&self) -> bool {
        !self.is_verified && !self.is_complete()
    }

    /// No message is missing.
    pub fn is_complete(&self) -> bool {
        self.next > self.last
    }
}

#[cfg(test)]
mod tests;
