//! The model: our name, the capabilities of the server, the conversations, and the one in which the user talks.
//!
//! Part of the state and thus under its lock. The receiver thread and commands change it, views read it.

use super::event::{Event, Kind};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use wire::message::Message;
use wire::{limits, names, numeric};

/// Events that a conversation keeps.
const SCROLLBACK: usize = 500;
/// Conversations with people that are kept; the one that was silent for longest is forgotten first.
const PEOPLE: usize = 100;

/// The client's knowledge of the chat.
#[derive(Default)]
pub struct Model {
    /// The name we have now.
    pub nick: String,
    /// Our `user@host` as the server shows it to others, known since the first JOIN came back.
    pub address: Option<String>,
    /// The capabilities that the server of this connection granted.
    pub caps: Vec<String>,
    /// The keys that rooms were entered with, by folded room, to enter them again.
    pub keys: HashMap<String, String>,
    /// A wing takes the lines that are typed, instead of the target. The prompt shows this name for it.
    pub detour: Option<String>,
    /// A line without a command goes to this room or person.
    target: Option<String>,
    /// Rooms in the order of joining, people in the order of their last words.
    conversations: Vec<Conversation>,
}

/// A room that we are in, or a person.
pub struct Conversation {
    pub name: String,
    /// Who is in the room, by folded nick.
    pub members: BTreeMap<String, String>,
    /// The number of messages since the user last turned to this conversation.
    pub unread: usize,
    pub scrollback: VecDeque<Arc<Event>>,
}

impl Model {
    pub fn is_me(&self, nick: &str) -> bool {
        names::eq_ignore_case(nick, &self.nick)
    }

    pub fn has_cap(&self, cap: &str) -> bool {
        self.caps.iter().any(|granted| granted == cap)
    }

    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub fn is_target(&self, name: &str) -> bool {
        self.target().is_some_and(|target| names::eq_ignore_case(target, name))
    }

    pub fn set_target(&mut self, target: Option<&str>) {
        self.target = target.map(str::to_owned);
        if let Some(conversation) = target.and_then(|target| self.find(target)) {
            conversation.unread = 0;
        }
    }

    /// The rooms we are in, in the order of joining.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.conversations.iter().map(|conversation| &*conversation.name).filter(|name| is_room(name))
    }

    pub fn is_in(&self, room: &str) -> bool {
        self.rooms().any(|known| names::eq_ignore_case(known, room))
    }

    /// We have come into a room.
    pub fn enter(&mut self, room: &str) {
        if !self.is_in(room) {
            self.conversations.push(Conversation::new(room));
        }
    }

    /// We are not in this room. If it was the target there is none now, rather than another one, so that a line that
    /// the user is typing does not go to the wrong people. Returns whether it was the target.
    pub fn forget_room(&mut self, room: &str) -> bool {
        self.conversations.retain(|known| !names::eq_ignore_case(&known.name, room));
        let was_target = self.is_target(room);
        if was_target {
            self.target = None;
        }
        was_target
    }

    /// Bytes of text that fit one message to `target`, so that it still fits when the server passes
    /// it on as `:nick!user@host PRIVMSG target :text`.
    pub fn text_space(&self, target: &str) -> usize {
        let source = match &self.address {
            Some(address) => self.nick.len() + address.len() + ":! ".len(),
            None => limits::SOURCE,
        };
        (limits::LINE - "PRIVMSG  :\r\n".len()).saturating_sub(source + target.len())
    }

    /// Keeps our rooms and their members up to date.
    pub fn follow(&mut self, message: &Message<'_>) {
        let nick = message.source_nick();
        if message.verb == "JOIN" && self.is_me(nick) {
            message.param(0).into_iter().for_each(|room| self.enter(room));
        }
        match (message.verb, &message.params[..]) {
            ("JOIN", [room, ..]) => self.find(room).into_iter().for_each(|room| room.add(nick)),
            ("PART", [room, ..]) => self.find(room).into_iter().for_each(|room| room.remove(nick)),
            ("KICK", [room, nick, ..]) => self.find(room).into_iter().for_each(|room| room.remove(nick)),
            ("QUIT", _) => self.conversations.iter_mut().for_each(|room| room.remove(nick)),
            ("NICK", [new, ..]) => self.conversations.iter_mut().for_each(|room| room.rename(nick, new)),
            (verb, [_, _, room, people]) if verb.parse() == Ok(numeric::RPL_NAMREPLY.code) => {
                self.find(room).into_iter().for_each(|room| nicks(people).for_each(|nick| room.add(nick)));
            }
            _ => {}
        }
    }

    /// Puts an event into its conversation.
    pub fn record(&mut self, event: &Arc<Event>) {
        let Some(name) = &event.conversation else { return };
        let is_said = matches!(event.kind, Kind::Said { .. });
        let is_current = self.is_target(name);
        if is_said && !is_room(name) {
            self.move_to_end(name);
        }
        let Some(conversation) = self.find(name) else { return };
        conversation.unread += usize::from(is_said && !is_current);
        conversation.scrollback.push_back(Arc::clone(event));
        if conversation.scrollback.len() > SCROLLBACK {
            conversation.scrollback.pop_front();
        }
    }

    /// A person spoke: theirs is the last conversation now.
    fn move_to_end(&mut self, nick: &str) {
        let at = self.conversations.iter().position(|known| names::eq_ignore_case(&known.name, nick));
        let conversation = at.map_or_else(|| Conversation::new(nick), |at| self.conversations.remove(at));
        self.conversations.push(conversation);
        let is_person = |conversation: &Conversation| !is_room(&conversation.name);
        if self.conversations.iter().filter(|known| is_person(known)).count() > PEOPLE
            && let Some(oldest) = self.conversations.iter().position(is_person)
        {
            self.conversations.remove(oldest);
        }
    }

    fn find(&mut self, name: &str) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|known| names::eq_ignore_case(&known.name, name))
    }
}

impl Conversation {
    fn new(name: &str) -> Self {
        let (members, scrollback) = (BTreeMap::new(), VecDeque::new());
        Conversation { name: name.to_owned(), members, unread: 0, scrollback }
    }

    fn add(&mut self, nick: &str) {
        self.members.insert(names::casefold(nick), nick.to_owned());
    }

    fn remove(&mut self, nick: &str) {
        self.members.remove(&names::casefold(nick));
    }

    /// A member, or the person of this conversation, has another name.
    fn rename(&mut self, old: &str, new: &str) {
        if self.members.remove(&names::casefold(old)).is_some() {
            self.add(new);
        }
        if names::eq_ignore_case(&self.name, old) {
            new.clone_into(&mut self.name);
        }
    }
}

/// Whether a target is a room, of this server or another; `@` and `+` address some people in a room.
pub fn is_room(target: &str) -> bool {
    target.starts_with(['#', '&', '@', '+'])
}

/// The nicks in a line of `RPL_NAMREPLY`, without the marks of operators and others before them.
pub fn nicks(people: &str) -> impl Iterator<Item = &str> {
    people.split_whitespace().map(|nick| nick.trim_start_matches(['~', '&', '@', '%', '+']))
}

#[cfg(test)]
mod tests {
    use super::super::event::Manner;
    use super::*;

    #[test]
    fn a_relayed_text_fits_one_line() {
        let mut model = Model { nick: "albert".into(), ..Model::default() };
        for address in [None, Some("user@host".to_owned())] {
            model.address = address;
            let text = "x".repeat(model.text_space("#lobby"));
            let source = model.address.as_ref().map_or("s".repeat(limits::SOURCE - 2), |at| format!("albert!{at}"));
            assert_eq!(format!(":{source} PRIVMSG #lobby :{text}\r\n").len(), limits::LINE);
        }
    }

    fn said(from: &str, conversation: &str) -> Arc<Event> {
        let kind = Kind::Said { from: from.into(), text: "hi".into(), manner: Manner::Text };
        Arc::new(Event::at(conversation, kind))
    }

    #[test]
    fn conversations_know_who_is_there_and_what_is_unread() {
        let mut model = Model { nick: "me".into(), ..Model::default() };
        for line in [
            ":me!m@h JOIN #lab",
            ":srv 353 me = #lab :@tesla +bob carl",
            ":TESLA!t@h NICK nik",
            ":bob!b@h QUIT :bye",
            ":nik!t@h KICK #lab carl",
            ":dora!d@h JOIN #lab",
            ":dora!d@h PART #lab",
        ] {
            model.follow(&Message::parse(line).unwrap());
        }
        assert_eq!(model.find("#LAB").unwrap().members.values().collect::<Vec<_>>(), ["me", "nik"]);
        model.record(&said("nik", "#lab"));
        assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((1, 1)));
        model.set_target(Some("#lab"));
        (0..=SCROLLBACK).for_each(|_| model.record(&said("nik", "#lab")));
        assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((0, SCROLLBACK)));
        assert!(model.forget_room("#LAB") && model.target().is_none() && !model.is_in("#lab"));
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let mut model = Model::default();
        model.enter("#lab");
        (0..=PEOPLE).for_each(|number| model.record(&said("x", &format!("p{number}"))));
        assert_eq!(model.conversations.len(), 1 + PEOPLE);
        assert!(model.find("p0").is_none() && model.find("#lab").is_some());
    }
}
