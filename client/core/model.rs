//! The model: our name, the capabilities of the server, the conversations, and the one in which the user talks.
//!
//! Part of the state and thus under its lock. The receiver thread and commands change it, views read it.

use super::event::{Event, Kind};
use super::limits::{PEOPLE, RETURN, RETURNING, SCROLLBACK};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use wire::message::Message;
use wire::{limits, names, numeric};

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
    /// Another prompt than usual while there is neither that nor a target.
    pub idle_prompt: Option<String>,
    /// A line without a command goes to this room or person.
    target: Option<String>,
    /// Rooms in the order of joining, people in the order of the first words.
    conversations: Vec<Conversation>,
    /// Folded rooms and nicks of people whose connection was replaced, and when.
    returning: Vec<(String, String, Instant)>,
}

/// A room that we are in, or a person.
#[derive(Default)]
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
        target.and_then(|target| self.find(target)).into_iter().for_each(|conversation| conversation.unread = 0);
    }

    /// The prompt says where a line without a command goes.
    pub fn prompt(&self) -> String {
        match self.detour.as_deref().or(self.target()) {
            Some(target) => format!("You ({target}): "),
            None => self.idle_prompt.clone().unwrap_or_else(|| "You: ".to_owned()),
        }
    }

    /// The rooms we are in and the people who spoke to us, with their members, unread counts and scrollback.
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The rooms we are in, in the order of joining.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.conversations().iter().map(|conversation| &*conversation.name).filter(|name| is_room(name))
    }

    pub fn is_in(&self, room: &str) -> bool {
        self.rooms().any(|known| names::eq_ignore_case(known, room))
    }

    /// We have come into a room, or a person speaks to us: the conversation, a new one if there is none yet.
    pub fn enter(&mut self, name: &str) -> &mut Conversation {
        let known = self.conversations.iter().position(|known| names::eq_ignore_case(&known.name, name));
        let at = known.unwrap_or(self.conversations.len());
        if known.is_none() {
            self.conversations.push(Conversation { name: name.to_owned(), ..Conversation::default() });
        }
        &mut self.conversations[at]
    }

    /// We are not in this room. If it was the target there is none now, rather than another one, so that a line that
    /// the user is typing does not go to the wrong people. Returns whether it was the target.
    pub fn forget_room(&mut self, room: &str) -> bool {
        self.conversations.retain(|known| !names::eq_ignore_case(&known.name, room));
        self.target.take_if(|target| names::eq_ignore_case(target, room)).is_some()
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
        match (message.verb, &message.params[..]) {
            ("JOIN", [room, ..]) if self.is_me(nick) => {
                let room = self.enter(room);
                // After a lost connection others may have left. The server now names those who are in the room.
                room.members.clear();
                room.add(nick);
            }
            ("JOIN", [room, ..]) => self.find(room).into_iter().for_each(|room| room.add(nick)),
            ("PART", [room, ..]) => self.find(room).into_iter().for_each(|room| room.remove(nick)),
            ("KICK", [room, nick, ..]) => self.find(room).into_iter().for_each(|room| room.remove(nick)),
            ("QUIT", [numeric::REPLACED]) => self.lose(nick),
            ("QUIT", _) => self.conversations.iter_mut().for_each(|room| room.remove(nick)),
            ("NICK", [new, ..]) => self.conversations.iter_mut().for_each(|room| room.rename(nick, new)),
            (verb, [_, _, room, people]) if verb.parse() == Ok(numeric::RPL_NAMREPLY.code) => {
                self.find(room).into_iter().for_each(|room| nicks(people).for_each(|nick| room.add(nick)));
            }
            _ => {}
        }
    }

    /// The connection of a person was replaced by a newer one, which has to enter the rooms again.
    fn lose(&mut self, nick: &str) {
        let (folded, now) = (names::casefold(nick), Instant::now());
        self.returning.retain(|(.., since)| since.elapsed() < RETURN);
        for room in &mut self.conversations {
            if room.members.remove(&folded).is_some() && self.returning.len() < RETURNING {
                self.returning.push((names::casefold(&room.name), folded.clone(), now));
            }
        }
    }

    /// Whether somebody who has entered a room was in it a moment ago, by a connection that was replaced.
    pub fn has_returned(&mut self, room: &str, nick: &str) -> bool {
        let (room, nick) = (names::casefold(room), names::casefold(nick));
        self.returning.retain(|(.., since)| since.elapsed() < RETURN);
        let at = self.returning.iter().position(|(known, who, _)| *known == room && *who == nick);
        at.map(|at| self.returning.swap_remove(at)).is_some()
    }

    /// Puts an event into its conversation.
    pub fn record(&mut self, event: &Arc<Event>) {
        let name = match (&event.conversation, &event.kind) {
            (Some(name), _) => name,
            (None, Kind::Left { nick, .. } | Kind::Renamed { new: nick, .. } | Kind::Reconnected(nick)) => {
                let with_them = self.conversations.iter_mut().filter(|known| known.is_with(nick));
                return with_them.for_each(|known| known.keep(event));
            }
            _ => return,
        };
        let is_said = matches!(event.kind, Kind::Said { .. });
        let is_current = self.is_target(name);
        if !is_room(name) && matches!(event.kind, Kind::Said { .. } | Kind::WeSaid { .. }) {
            self.enter(name);
            let too_many = self.conversations.iter().filter(|known| !is_room(&known.name)).count() > PEOPLE;
            let is_unused = |known: &Conversation| !is_room(&known.name) && !self.is_target(&known.name);
            let oldest = self.conversations.iter().position(is_unused).filter(|_| too_many);
            oldest.map(|oldest| self.conversations.remove(oldest));
        }
        let Some(conversation) = self.find(name) else { return };
        conversation.unread += usize::from(is_said && !is_current);
        conversation.keep(event);
    }

    fn find(&mut self, name: &str) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|known| names::eq_ignore_case(&known.name, name))
    }
}

impl Conversation {
    /// Whether it is a room with this member, or the conversation with this person.
    fn is_with(&self, nick: &str) -> bool {
        self.members.contains_key(&names::casefold(nick)) || names::eq_ignore_case(&self.name, nick)
    }

    fn keep(&mut self, event: &Arc<Event>) {
        self.scrollback.push_back(Arc::clone(event));
        if self.scrollback.len() > SCROLLBACK {
            self.scrollback.pop_front();
        }
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
        model.follow(&Message::parse(":me!m@h JOIN #lab").unwrap());
        assert_eq!(
            model.find("#LAB").unwrap().members.values().collect::<Vec<_>>(),
            ["me"],
            "nik may have left meanwhile"
        );
        model.record(&said("nik", "#lab"));
        assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((1, 1)));
        model.set_target(Some("#lab"));
        (0..=SCROLLBACK).for_each(|_| model.record(&said("nik", "#lab")));
        assert_eq!(model.find("#lab").map(|lab| (lab.unread, lab.scrollback.len())), Some((0, SCROLLBACK)));
        assert!(model.forget_room("#LAB") && model.target().is_none() && !model.is_in("#lab"));
    }

    #[test]
    fn people_with_a_new_connection_come_back_once() {
        let mut model = Model { nick: "me".into(), ..Model::default() };
        let mut follow = |line: &str| model.follow(&Message::parse(line).unwrap());
        [":me!m@h JOIN #lab", ":me!m@h JOIN #dev", ":srv 353 me = #lab :@Tesla bob"].into_iter().for_each(&mut follow);
        follow(&format!(":tesla!t@h QUIT :{}", numeric::REPLACED));
        follow(":bob!b@h QUIT :bye");
        assert!(!model.find("#lab").unwrap().members.contains_key("tesla"));
        let returns = |model: &mut Model| ["#dev", "#LAB", "#lab"].map(|room| model.has_returned(room, "tesla"));
        assert_eq!(returns(&mut model), [false, true, false]);
        assert!(!model.has_returned("#lab", "bob"));
    }

    #[test]
    fn conversations_have_our_own_words_and_the_news_of_their_people() {
        let mut model = Model { nick: "me".into(), ..Model::default() };
        [":me!m@h JOIN #lab", ":tesla!t@h JOIN #lab", ":me!m@h JOIN #dev"]
            .iter()
            .for_each(|line| model.follow(&Message::parse(line).unwrap()));
        let we_said = |text: &str| Kind::WeSaid { text: text.into(), manner: Manner::Text, is_elsewhere: true };
        model.record(&Arc::new(Event::at("tesla", we_said("hi"))));
        model.record(&Arc::new(Event::at("#lab", we_said("hello"))));
        model.record(&Arc::new(Kind::Left { nick: "Tesla".into(), reason: String::new() }.into()));
        let kept: Vec<_> =
            model.conversations().iter().map(|known| (&*known.name, known.unread, known.scrollback.len())).collect();
        assert_eq!(kept, [("#lab", 0, 2), ("#dev", 0, 0), ("tesla", 0, 2)]);
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let mut model = Model { target: Some("p0".into()), ..Model::default() };
        model.enter("#lab");
        (0..=PEOPLE).for_each(|number| model.record(&said("x", &format!("p{number}"))));
        assert_eq!(model.conversations.len(), 1 + PEOPLE);
        assert!(model.find("p0").is_some() && model.find("p1").is_none() && model.find("#lab").is_some());
    }
}
