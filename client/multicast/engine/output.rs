//! What a member wants to be done, and what it counts.

use wire::datagram::{Datagram, Message};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send(Datagram),
    /// To show what somebody of this id does.
    Show(u64, Event),
}

/// What has happened, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody said something.
    Said(Message),
    Joined(String),
    Left(String),
    /// Somebody is called otherwise now.
    Renamed(String, String),
    /// So many messages of somebody could not be had.
    Lost(String, u32),
}

impl Event {
    /// Whom it is about, by the last name; nobody knows how somebody is called who was not heard.
    pub fn nick(&self) -> &str {
        match self {
            Event::Said(Message { nick, .. })
            | Event::Joined(nick)
            | Event::Left(nick)
            | Event::Renamed(_, nick)
            | Event::Lost(nick, _) => nick,
        }
    }
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages of our own.
    pub said: u64,
    /// Datagrams that were sent, with all that is not a message for the first time.
    pub sent: u64,
    /// Messages of others that were shown.
    pub shown: u64,
    /// Messages that were missed at first and came after all.
    pub repaired: u64,
    /// Messages that never came.
    pub lost: u64,
    /// Messages that came again.
    pub duplicates: u64,
    /// Messages, our own and others', that we have repeated for who has missed them.
    pub repeated: u64,
    /// Datagrams without use: of strangers, too early, too old, from too many.
    pub ignored: u64,
}
