//! What an engine asks its caller to do, and what it counts.
//!
//! Plain values: no thread, no lock.

use wire::datagram::{Datagram, Utterance};

/// What the caller has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send(Datagram),
    /// Show an event about the member with this id.
    Show(u64, RoomEvent),
}

/// What happened in the room, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
    Said(Utterance),
    Joined(String),
    Left(String),
    /// The old nick and the new one.
    Renamed(String, String),
    /// This many messages of this nick could not be repaired.
    Lost(String, u32),
}

impl RoomEvent {
    /// The latest nick of the member that this is about; empty when none of its statuses was received.
    pub fn nick(&self) -> &str {
        match self {
            RoomEvent::Said(Utterance { nick, .. })
            | RoomEvent::Joined(nick)
            | RoomEvent::Left(nick)
            | RoomEvent::Renamed(_, nick)
            | RoomEvent::Lost(nick, _) => nick,
        }
    }
}

/// Counters since the room was entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Own messages.
    pub said: u64,
    /// Datagrams sent, of any kind.
    pub sent: u64,
    /// Messages of others that were shown.
    pub shown: u64,
    /// Missing messages that came after all.
    pub repaired: u64,
    /// Missing messages that were given up.
    pub lost: u64,
    /// Messages received again.
    pub duplicates: u64,
    /// Messages retransmitted, our own and those of others.
    pub retransmitted: u64,
    /// Datagrams without use: from strangers, too old, outside the window, or beyond the limit of members.
    pub ignored: u64,
}
