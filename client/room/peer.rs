//! The messages of one other member: put in order, each once, and what is missing of them.
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
    /// When anything was last heard from it, or of it.
    pub heard: Duration,
    /// It has shown itself, and not left.
    pub is_here: bool,
    /// It was shown to have left.
    pub has_left: bool,
    /// The highest number of its datagrams that are no messages: lower ones are old, or replayed.
    pub control: u32,
    /// How old it was, and when that was known.
    age: Option<(Duration, Duration)>,
    /// The next message to be shown; `None` while it is not known where they begin for us.
    next: Option<u32>,
    /// Since when that is not known.
    since: Duration,
    /// The number of the last message that is known of.
    last: u32,
    /// Messages that have come and wait for one before them.
    early: BTreeMap<u32, Message>,
    pub ask: Option<Ask>,
}

/// The plan to ask for what is missing.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    pub at: Duration,
    /// How often it was asked in vain.
    pub tries: u32,
    /// The number that was missing first: when that comes the count begins anew.
    pub first: u32,
    /// What is missing up to here was asked for as often.
    pub last: u32,
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
    pub fn new(nick: &str, now: Duration) -> Self {
        Peer {
            nick: nick.to_owned(),
            heard: now,
            is_here: false,
            has_left: false,
            control: 0,
            age: None,
            next: None,
            since: now,
            last: 0,
            early: BTreeMap::new(),
            ask: None,
        }
    }

    /// How old it is now, as far as it is known.
    pub fn age(&self, now: Duration) -> Option<Duration> {
        self.age.map(|(age, at)| age + now.saturating_sub(at))
    }

    pub fn last(&self) -> u32 {
        self.last
    }

    /// Messages that wait for others.
    pub fn early(&self) -> usize {
        self.early.len()
    }

    /// Its age is known: so is where its messages begin for somebody who is `own_age` old.
    pub fn learn_age(&mut self, age: Duration, own_age: Duration, now: Duration) {
        self.age.get_or_insert((age, now));
        if self.next.is_none() {
            let came_after_us = age <= own_age + limits::ROOM_SLACK;
            self.begin(came_after_us);
        }
    }

    /// Nobody tells its age: it has died early, or is far away. Whoever was not heard of while we settled has come since.
    pub fn guess(&mut self, own_age: Duration, now: Duration) {
        if self.next.is_none() && now.saturating_sub(self.since) > limits::ROOM_UNKNOWN {
            self.begin(own_age > 2 * limits::ROOM_UNKNOWN);
        }
    }

    /// Until when it is still hoped that somebody tells its age.
    pub fn guess_at(&self) -> Option<Duration> {
        self.next.is_none().then(|| self.since + limits::ROOM_UNKNOWN + Duration::from_millis(1))
    }

    fn begin(&mut self, came_after_us: bool) {
        let present = self.early.keys().next().copied().unwrap_or(self.last + 1);
        self.next = Some(if came_after_us { 1 } else { present });
    }

    /// It has said so many messages.
    pub fn learn_last(&mut self, last: u32) {
        self.last = self.last.max(last);
    }

    /// Takes a message.
    pub fn take(&mut self, number: u32, message: Message) -> Arrival {
        let next = self.next.unwrap_or_else(|| self.early.keys().next().map_or(number, |first| number.min(*first)));
        if number < next || self.early.contains_key(&number) {
            return Arrival::Duplicate;
        }
        if number - next >= limits::ROOM_WINDOW {
            return Arrival::TooEarly;
        }
        let was_missing = number < self.last && self.ask.is_some();
        self.learn_last(number);
        self.early.insert(number, message);
        if was_missing { Arrival::Repaired } else { Arrival::New }
    }

    /// The next message that can be shown.
    pub fn show(&mut self) -> Option<Message> {
        let next = self.next.as_mut()?;
        let message = self.early.remove(next)?;
        *next += 1;
        Some(message)
    }

    /// Whether something is missing.
    pub fn misses(&self) -> Option<u32> {
        self.next.filter(|next| *next <= self.last)
    }

    /// What is missing, as ranges from the first to the last number, of those that there is room for.
    pub fn missing(&self) -> Vec<(u32, u32)> {
        let Some(next) = self.misses() else { return Vec::new() };
        let end = self.last.min(next + (limits::ROOM_WINDOW - 1));
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut from = next;
        for &number in self.early.range(next..=end).map(|(number, _)| number) {
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

    /// Goes on without what is missing first; how many messages that are.
    pub fn give_up(&mut self) -> u32 {
        let Some(next) = self.misses() else { return 0 };
        let there = self.early.keys().next().copied().unwrap_or(self.last + 1);
        self.next = Some(there);
        there - next
    }
}
