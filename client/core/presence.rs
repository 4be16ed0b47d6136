//! Who is away, of the people in our rooms, where the server tells us (`IRCv3` away-notify).
//!
//! Part of the model and thus under the state's lock.

use std::collections::{HashMap, HashSet};
use wire::names::casefold;
use wire::{limits, text};

/// The capability by which the server tells us. A view that shows it asks for it.
pub const AWAY_NOTIFY: &str = "away-notify";

/// The people who are away, and where the server was asked for them.
#[derive(Default)]
pub struct Presence {
    /// Why, as far as it is known, by folded nick.
    away: HashMap<String, String>,
    /// Folded rooms about which it was asked on this connection: what changes from then on it says by itself.
    asked: HashSet<String>,
}

impl Presence {
    /// Why somebody is away; empty when it is not known, `None` for those who are here.
    pub fn away(&self, nick: &str) -> Option<&str> {
        self.away.get(&casefold(nick)).map(String::as_str)
    }

    /// Somebody goes away, or comes back.
    pub fn set(&mut self, nick: &str, reason: Option<&str>) {
        match reason {
            Some(reason) => _ = self.away.insert(casefold(nick), text::truncate(reason, limits::AWAY).to_owned()),
            None => _ = self.away.remove(&casefold(nick)),
        }
    }

    pub fn rename(&mut self, old: &str, new: &str) {
        if let Some(reason) = self.away.remove(&casefold(old)) {
            self.away.insert(casefold(new), reason);
        }
    }

    /// Forgets those whom nothing is told about any more.
    pub fn retain(&mut self, is_told: impl Fn(&str) -> bool) {
        self.away.retain(|nick, _| is_told(nick));
    }

    /// Whether the server has to be asked about a room; it is asked then.
    pub fn ask(&mut self, room: &str) -> bool {
        self.asked.insert(casefold(room))
    }

    /// We have left a room.
    pub fn leave(&mut self, room: &str) {
        self.asked.remove(&casefold(room));
    }
}
