//! Another member: its messages put in order, each once, and what is missing of them.
//!
//! Pure, part of the engine. A member who came before us is heard from the present on; of one who came after us we
//! get everything, from the first message. Who came first is told by their ages; the clocks of two hosts
//! need not agree.

use std::collections::BTreeMap;
use std::time::Duration;
use wire::datagram::Message;
use wire::limits;

/// Another member, here or gone.
#[derive(Debug)]
pub struct Peer {
    pub nick: String,
    /// When anything that only it can have written was last heard.
    pub heard: Duration,
    /// When a message of it last came.
    pub spoke: Option<Duration>,
    /// It has shown that it hears us: what it wrote is no recording.
    pub is_met: bool,
    /// It has shown itself lately, and was not shown to have left.
    pub is_here: bool,
    /// It came after us, or with us.
    pub is_younger: bool,
    /// It has said that it leaves, which it does once.
    pub has_left: bool,
    /// The highest number of its datagrams that are no messages: lower ones are old, or replayed.
    control: u32,
    /// It has our messages up to this number.
    pub acked: u32,
    /// It has heard that we leave.
    pub knows_we_left: bool,
    /// How old it was, and when that was.
    age: (Duration, Duration),
    /// The next message to be shown.
    next: u32,
    /// The number of the last message that is known of.
    last: u32,
    /// Messages that have come and wait for one before them.
    early: BTreeMap<u32, Message>,
    ask: Option<Ask>,
}

/// The plan to ask for what is missing.
#[derive(Debug, Clone, Copy)]
struct Ask {
    at: Duration,
    /// From then to the next time.
    pause: Duration,
    /// How often it was asked for in vain, by us or by others.
    tries: u32,
    /// The number that was missing first: when that comes the count begins anew.
    first: u32,
    /// What was missing then, up to here, was asked for as often.
    last: u32,
    /// When somebody else asked for that.
    asked: Option<Duration>,
}

/// What has come due.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// To ask for these messages, from the first to the last number of each pair.
    Ask(Vec<(u32, u32)>),
    /// To do without those that are missing up to this number.
    GiveUp(u32),
}

/// What became of a message that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    New,
    /// It was missing, and known to be.
    Repaired,
    Duplicate,
    /// It is too far ahead.
    TooEarly,
}

impl Peer {
    /// Somebody who is `age` old, and is younger than we are or not: then we miss all that it has said, and else the
    /// `last` messages are before our time. We have said `sent` messages, which somebody younger does not miss.
    pub fn new(age: Duration, last: u32, is_younger: bool, sent: u32, now: Duration) -> Self {
        Peer {
            nick: String::new(),
            heard: now,
            spoke: None,
            is_met: false,
            is_here: false,
            is_younger,
            has_left: false,
            control: 0,
            acked: if is_younger { sent } else { 0 },
            knows_we_left: false,
            age: (age, now),
            next: if is_younger { 1 } else { last + 1 },
            last: if is_younger { 0 } else { last },
            early: BTreeMap::new(),
            ask: None,
        }
    }

    /// How old it is now.
    pub fn age(&self, now: Duration) -> Duration {
        self.age.0 + now.saturating_sub(self.age.1)
    }

    pub fn last(&self) -> u32 {
        self.last
    }

    /// The number up to which nothing is missing here.
    pub fn complete(&self) -> u32 {
        self.next - 1
    }

    /// Messages that wait for others.
    pub fn early(&self) -> usize {
        self.early.len()
    }

    /// Takes note of a datagram that is no message, unless it is old; only it can have written that.
    pub fn is_fresh(&mut self, number: u32, now: Duration) -> bool {
        let is_fresh = number > self.control;
        if is_fresh {
            (self.control, self.heard) = (number, now);
        }
        is_fresh
    }

    /// Somebody says that it has said so many messages.
    pub fn learn_last(&mut self, last: u32) {
        self.last = self.last.max(last);
    }

    /// It says so itself, and nobody knows better, but for messages that have come since.
    pub fn believe_last(&mut self, last: u32) {
        let came = self.early.keys().next_back().copied().unwrap_or_default();
        self.last = last.max(came).max(self.complete());
    }

    /// Takes a message.
    pub fn take(&mut self, number: u32, message: Message) -> Arrival {
        if number < self.next || self.early.contains_key(&number) {
            return Arrival::Duplicate;
        }
        if number - self.next >= limits::MCAST_WINDOW {
            return self.refuse(number);
        }
        let was_missing = number <= self.last && self.ask.is_some();
        self.learn_last(number);
        self.early.insert(number, message);
        if was_missing { Arrival::Repaired } else { Arrival::New }
    }

    /// Has no room for a message: it is missed from here on, and asked for in its turn.
    pub fn refuse(&mut self, number: u32) -> Arrival {
        self.learn_last(number);
        Arrival::TooEarly
    }

    /// The next message that can be shown.
    pub fn show(&mut self) -> Option<Message> {
        let message = self.early.remove(&self.next)?;
        self.next += 1;
        Some(message)
    }

    /// The first message that is missing.
    fn misses(&self) -> Option<u32> {
        Some(self.next).filter(|next| *next <= self.last)
    }

    /// The last of the missing ones that there is room for.
    fn end(&self) -> u32 {
        self.last.min(self.next + (limits::MCAST_WINDOW - 1))
    }

    /// What is missing, of what there is room for.
    fn missing(&self) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let (mut from, end) = (self.next, self.end());
        for &number in self.early.range(from..=end.max(from)).map(|(number, _)| number) {
            if number > from {
                ranges.push((from, number - 1));
            }
            from = number + 1;
        }
        if from <= end {
            ranges.push((from, end));
        }
        ranges
    }

    /// Plans to ask for what is missing now, at first after `pause`.
    pub fn plan(&mut self, now: Duration, pause: Duration) {
        let Some(first) = self.misses() else {
            self.ask = None;
            return;
        };
        if self.ask.is_some_and(|ask| ask.first == first) {
            return;
        }
        let at = self.ask.map_or(now + pause, |ask| ask.at.min(now + limits::MCAST_ASK_LEAST));
        self.ask = Some(Ask { at, pause: limits::MCAST_ASK_LEAST, tries: 0, first, last: self.end(), asked: None });
    }

    /// Somebody else asks for messages: the answer is for all.
    pub fn asked(&mut self, first: u32, last: u32, now: Duration) {
        if let Some(ask) = &mut self.ask
            && (first..=last).contains(&ask.first)
        {
            ask.asked = Some(now);
        }
    }

    pub fn ask_at(&self) -> Option<Duration> {
        self.ask.map(|ask| ask.at)
    }

    /// What is to be done about missing messages now. It does not count how often one asks while the sender is out of
    /// `reach`: it may come back. `random` spreads the members.
    pub fn due(&mut self, now: Duration, in_reach: bool, random: Duration) -> Option<Due> {
        let ask = self.ask.as_mut().filter(|ask| ask.at <= now)?;
        if ask.tries >= limits::MCAST_ASK_TRIES {
            // Nobody keeps more than so many of its messages.
            let kept = u32::try_from(limits::MCAST_HISTORY).unwrap_or(u32::MAX);
            return Some(Due::GiveUp(ask.last.max(self.last.saturating_sub(kept))));
        }
        let is_asked = ask.asked.is_some_and(|asked| now.saturating_sub(asked) < limits::MCAST_ASK_LEAST);
        // But not for ever: who asks may be out of the reach of those who have it.
        let waits = is_asked && ask.tries % 4 != 3;
        ask.at = now + ask.pause + random;
        ask.pause = (ask.pause * 2).min(limits::MCAST_ASK_MOST);
        ask.tries += u32::from(in_reach);
        (!waits).then(|| Due::Ask(self.missing()))
    }

    /// Goes on without what is missing first, up to a number; how many messages that are, and none when none is.
    pub fn give_up(&mut self, end: u32) -> u32 {
        let Some(first) = self.misses().filter(|first| *first <= end) else { return 0 };
        let there = self.early.keys().next().copied().unwrap_or(u32::MAX);
        self.next = there.min(end + 1);
        self.ask = None;
        self.next - first
    }

    /// Something is missing of it, as others say whom we have met; it has not shown itself.
    pub fn is_doubtful(&self) -> bool {
        !self.is_met && !self.is_complete()
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.misses().is_none()
    }
}

#[cfg(test)]
mod tests;
