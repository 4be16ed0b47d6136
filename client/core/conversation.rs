//! A conversation: a room that we are in, or a person with whom we talk; its members, its number, its last events.
//!
//! Part of the model and thus under the state's lock.

use super::event::Event;
use super::limits::{NAME, SCROLLBACK};
use super::modes::{self, RANKS};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use wire::names;

/// A room that we are in, or a person.
#[derive(Default)]
pub struct Conversation {
    pub name: String,
    /// It keeps this number until it ends.
    pub number: usize,
    /// No other conversation ever has it; where a person has another name, it is the same one still.
    pub id: u64,
    /// The user has written to this person, or turned to them.
    pub is_partner: bool,
    /// Who is in the room, by folded nick.
    pub members: BTreeMap<String, String>,
    /// The marks of those who have a rank there, such as `@` or `@+`, by folded nick.
    pub ranks: HashMap<String, String>,
    /// What the room is about, where the server has said so.
    pub topic: String,
    /// This person has left the server, so that somebody else may come with the same name.
    pub has_left: bool,
    /// The number of messages since the user last turned to this conversation.
    pub unread: usize,
    pub scrollback: VecDeque<Arc<Event>>,
    /// The bytes that these events take.
    pub bytes: usize,
}

impl Conversation {
    /// Whether it is a room with this member, or the conversation with this person.
    pub fn is_with(&self, nick: &str) -> bool {
        self.members.contains_key(&names::casefold(nick)) || names::eq_ignore_case(&self.name, nick)
    }

    pub fn keep(&mut self, event: &Arc<Event>) {
        self.bytes += event.size();
        self.scrollback.push_back(Arc::clone(event));
        if self.scrollback.len() > SCROLLBACK {
            self.forget();
        }
    }

    /// Forgets its oldest event.
    pub fn forget(&mut self) {
        self.bytes -= self.scrollback.pop_front().map_or(self.bytes, |event| event.size());
    }

    /// Puts the events of an earlier conversation before its own.
    pub fn go_on_from(&mut self, before: &Conversation) {
        self.unread += before.unread;
        let own = std::mem::take(&mut self.scrollback);
        self.bytes = 0;
        before.scrollback.iter().chain(&own).for_each(|event| self.keep(event));
    }

    /// Somebody is in the room, with the marks of these ranks.
    pub fn add(&mut self, nick: &str, marks: &str) {
        if nick.is_empty() || nick.len() > NAME {
            return;
        }
        let folded = names::casefold(nick);
        if marks.is_empty() {
            self.ranks.remove(&folded);
        } else {
            let ranks = RANKS.iter().map(|(_, mark)| *mark).filter(|mark| marks.contains(*mark));
            self.ranks.insert(folded.clone(), ranks.collect());
        }
        self.members.insert(folded, nick.to_owned());
    }

    pub fn remove(&mut self, nick: &str) {
        let folded = names::casefold(nick);
        self.ranks.remove(&folded);
        self.members.remove(&folded);
    }

    /// Members get ranks, or lose them.
    pub fn follow_ranks(&mut self, change: &[&str]) {
        for (is_set, letter, nick) in modes::changes(change) {
            let mark = RANKS.iter().find(|(known, _)| *known == letter).map(|(_, mark)| *mark);
            let member = nick.and_then(|nick| self.members.get(&names::casefold(nick)).cloned());
            if let (Some(mark), Some(nick)) = (mark, member) {
                let mut marks = self.ranks.get(&names::casefold(&nick)).cloned().unwrap_or_default();
                marks.retain(|known| known != mark);
                marks.extend(is_set.then_some(mark));
                self.add(&nick, &marks);
            }
        }
    }

    /// A member, or the person of this conversation, has another name.
    pub fn rename(&mut self, old: &str, new: &str) {
        let marks = self.ranks.remove(&names::casefold(old)).unwrap_or_default();
        if self.members.remove(&names::casefold(old)).is_some() {
            self.add(new, &marks);
        }
        if names::eq_ignore_case(&self.name, old) {
            new.clone_into(&mut self.name);
        }
    }
}
