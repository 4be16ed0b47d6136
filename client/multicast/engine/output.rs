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
    /// The nicks of the member before and after; empty when none of its statuses was received.
    pub fn nicks(&self) -> [&str; 2] {
        use RoomEvent::{Joined, Left, Lost, Renamed, Said};
        match self {
            Renamed(old, new) => [old, new],
            Said(Utterance { nick, .. }) | Joined(nick) | Left(nick) | Lost(nick, _) => [nick; 2],
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
    // The caller counts the rest, which the engine never sees.
    pub received: u64,
    /// Of other programs, or of another room.
    pub foreign: u64,
    pub damaged: u64,
    /// Without a seal, or with one that somebody without the key has made.
    pub forged: u64,
}
