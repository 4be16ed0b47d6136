//! The model: our name, the capabilities of the server, the conversations, and the one in which the user talks.
//!
//! Part of the state and thus under its lock. The receiver thread and commands change it, views read it.

use super::blacklist::Blacklist;
use super::conversation::Conversation;
use super::event::{Event, Kind};
use super::limits::{MEMBERS, PEOPLE, RETURN, RETURNING, ROOMS, SCROLLBACK_BYTES};
use super::modes::RANKS;
use super::presence::Presence;
use super::rows::Limits;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use wire::message::Message;
use wire::{limits, names, numeric};

/// The client's knowledge of the chat.
#[derive(Default)]
pub struct Model {
    /// The name we have now.
    pub nick: String,
    /// The name that the user has asked for last.
    pub asked_nick: Option<String>,
    /// Our `user@host` as the server shows it to others, known since the first JOIN came back.
    pub address: Option<String>,
    /// The capabilities that the server of this connection granted.
    pub caps: Vec<String>,
    /// How long a message of several rows may be, where the server takes such messages.
    pub multiline: Option<Limits>,
    /// The keys that rooms were entered with, by folded room, to enter them again.
    pub keys: HashMap<String, String>,
    /// A wing takes the lines that are typed, instead of the target. The prompt shows this name for it.
    pub detour: Option<String>,
    /// A conversation that a wing leads without the server; see [`is_aside_name`].
    pub aside: Option<Conversation>,
    /// Another prompt than usual while there is neither that nor a target.
    pub idle_prompt: Option<String>,
    /// The line that is being carried out came from a view that says of each line where it goes.
    pub placed: Option<Placed>,
    /// People of whom the user wants to see nothing.
    pub blacklist: Blacklist,
    pub presence: Presence,
    /// A line without a command goes to this room or person.
    target: Option<String>,
    /// Rooms in the order of joining, people in the order of the last words.
    conversations: Vec<Conversation>,
    /// The highest number that a conversation has had.
    highest: usize,
    last_id: u64,
    /// Folded rooms and nicks of people whose connection was replaced, and when.
    returning: Vec<(String, String, Instant)>,
}

/// A line that says itself where it goes: it depends on no target, and changes none.
#[derive(Default)]
pub struct Placed {
    /// The room or person; where the line leads elsewhere, the view goes there, too.
    pub target: Option<String>,
    /// Why it is not carried out: the first reason.
    pub refused: Option<String>,
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

    /// The place of the line that is being carried out; an error when lines go to a wing instead.
    pub fn here(&self) -> Result<Option<&str>, String> {
        match (self.away(), &self.placed) {
            (Some(away), Some(_)) => Err(format!("{away} is not on the server; go to another conversation first")),
            (Some(away), None) => Err(format!("you are in {away}; Ctrl-D leads back to the chat")),
            (None, Some(placed)) => Ok(placed.target.as_deref()),
            (None, None) => Ok(self.target()),
        }
    }

    pub fn is_target(&self, name: &str) -> bool {
        self.target().is_some_and(|target| names::eq_ignore_case(target, name))
    }

    /// The wing that takes the line that is being carried out, by the name of its place.
    pub fn away(&self) -> Option<&str> {
        match &self.placed {
            Some(placed) => placed.target.as_deref().filter(|here| self.is_aside(here)),
            None => self.detour.as_deref(),
        }
    }

    /// Whether a wing leads this conversation.
    pub fn is_aside(&self, name: &str) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.name == name)
    }

    /// A wing begins to lead a conversation, or ends it. A line for one that has ended goes nowhere. The one before.
    pub fn set_aside(&mut self, aside: Option<Conversation>) -> Option<Conversation> {
        let before = std::mem::replace(&mut self.aside, aside);
        let now = self.aside.as_ref().map(|aside| &aside.name);
        if let (Some(placed), Some(ended)) =
            (&mut self.placed, before.as_ref().filter(|ended| Some(&ended.name) != now))
        {
            placed.target.take_if(|here| *here == ended.name);
        }
        before
    }

    /// Whether a line that is being carried out goes there.
    pub fn is_here(&self, name: &str) -> bool {
        match &self.placed {
            Some(placed) => placed.target.as_ref().is_some_and(|here| names::eq_ignore_case(here, name)),
            None => self.is_target(name),
        }
    }

    /// The user has seen all that was said there.
    pub fn mark_read(&mut self, name: &str) {
        self.find(name).into_iter().for_each(|conversation| conversation.unread = 0);
    }

    pub fn set_target(&mut self, target: Option<&str>) {
        self.target = target.map(str::to_owned);
        target.into_iter().for_each(|target| self.mark_read(target));
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

    /// The conversation of this name, which a wing may lead.
    pub fn conversation(&self, name: &str) -> Option<&Conversation> {
        let known = self.conversations.iter().find(|known| names::eq_ignore_case(&known.name, name));
        known.or(self.aside.as_ref().filter(|aside| aside.name == name))
    }

    /// The rooms we are in, in the order of joining.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.conversations().iter().map(|conversation| &*conversation.name).filter(|name| is_room(name))
    }

    pub fn is_in(&self, room: &str) -> bool {
        self.rooms().any(|known| names::eq_ignore_case(known, room))
    }

    /// Who is in a room that we are in, in the order of the alphabet.
    pub fn members(&self, room: &str) -> Vec<String> {
        let known = self.conversations.iter().find(|known| names::eq_ignore_case(&known.name, room));
        known.map_or_else(Vec::new, |room| room.members.values().cloned().collect())
    }

    /// Whether a person is in a room with us, or has talked with us.
    pub fn knows(&self, nick: &str) -> bool {
        self.is_me(nick) || self.conversations.iter().any(|known| known.is_with(nick))
    }

    /// The room's key is this one now, or there is none any more.
    pub fn set_key(&mut self, room: &str, key: Option<&str>) {
        let room = names::casefold(room);
        match key {
            Some(key) => _ = self.keys.insert(room, key.to_owned()),
            None => _ = self.keys.remove(&room),
        }
    }

    /// We have come into a room, or the user talks to a person: the conversation, a new one if there is none yet. The first
    /// room is number 1, whoever has spoken to us before.
    pub fn enter(&mut self, name: &str) -> &mut Conversation {
        let first = if is_room(name) || self.rooms().next().is_some() { 1 } else { 2 };
        let is_free = |number: &usize| self.numbered(*number).is_none();
        let number = (first..=first + self.conversations.len()).find(is_free).unwrap_or_default();
        self.enter_as(name, number)
    }

    fn enter_as(&mut self, name: &str, number: usize) -> &mut Conversation {
        let known = self.conversations.iter().position(|known| names::eq_ignore_case(&known.name, name));
        let at = known.unwrap_or(self.conversations.len());
        if known.is_none() {
            (self.highest, self.last_id) = (self.highest.max(number), self.last_id + 1);
            let (name, id) = (name.to_owned(), self.last_id);
            self.conversations.push(Conversation { name, number, id, ..Conversation::default() });
        }
        &mut self.conversations[at]
    }

    /// The same with a person, who is the last of the list then. Somebody to whom the user has never talked gets a number
    /// that nobody had, so that no stranger is where somebody else was. Where there are too many people the one who has been
    /// silent for longest is forgotten, strangers first.
    pub fn enter_person(&mut self, nick: &str, talks: bool) {
        let known = if talks { self.enter(nick) } else { self.enter_as(nick, self.highest.max(1) + 1) };
        known.is_partner |= talks;
        let at = self.conversations.iter().position(|known| names::eq_ignore_case(&known.name, nick));
        at.into_iter().for_each(|at| self.conversations[at..].rotate_left(1));
        let too_many = self.conversations.iter().filter(|known| !is_room(&known.name)).count() > PEOPLE;
        let is_unused = |known: &&(usize, &Conversation)| !is_room(&known.1.name) && !self.is_target(&known.1.name);
        let unused = || self.conversations.iter().enumerate().filter(|known| is_unused(&known));
        let oldest = unused().min_by_key(|(at, known)| (known.is_partner, *at)).filter(|_| too_many);
        oldest.map(|(oldest, _)| oldest).map(|oldest| self.conversations.remove(oldest));
    }

    /// The conversation that has this number.
    pub fn numbered(&self, number: usize) -> Option<&Conversation> {
        self.conversations.iter().find(|known| known.number == number)
    }

    /// A conversation has ended: we are not in this room any more, or the user is done with this person. If it was the
    /// target there is none now, rather than another one, so that a line that the user is typing does not go to the
    /// wrong people. Returns whether it was the target.
    pub fn forget(&mut self, name: &str) -> bool {
        self.conversations.retain(|known| !names::eq_ignore_case(&known.name, name));
        self.presence.leave(name);
        let conversations = &self.conversations;
        self.presence.retain(|nick| conversations.iter().any(|known| known.members.contains_key(nick)));
        self.placed.iter_mut().for_each(|placed| drop(placed.target.take_if(|here| names::eq_ignore_case(here, name))));
        self.target.take_if(|target| names::eq_ignore_case(target, name)).is_some()
    }

    /// Whether a person with whom we talk has left the server, so that this may be another one.
    pub fn may_be_another(&self, nick: &str) -> bool {
        self.conversations.iter().any(|known| known.has_left && names::eq_ignore_case(&known.name, nick))
    }

    /// The same, once: the user knows it now.
    pub fn take_doubt(&mut self, nick: &str) -> bool {
        let may_be_another = self.may_be_another(nick);
        self.find(nick).into_iter().for_each(|known| known.has_left = false);
        may_be_another
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
            ("JOIN", [room, ..]) if self.is_me(nick) && self.may_enter(room) => {
                // After a lost connection others may have left. The server now names those who are in the room.
                let entered = self.enter(room);
                (entered.members, entered.ranks) = Default::default();
                self.add(room, nick, "");
            }
            ("JOIN", [room, ..]) => self.add(room, nick, ""),
            ("PART", [room, ..]) => self.remove(room, nick),
            ("KICK", [room, nick, ..]) => self.remove(room, nick),
            ("MODE", [room, change @ ..]) => self.find(room).into_iter().for_each(|room| room.follow_ranks(change)),
            ("AWAY", reason) if self.is_member(nick) => {
                self.presence.set(nick, reason.first().copied().filter(|reason| !reason.is_empty()));
            }
            ("QUIT", [numeric::REPLACED]) => self.lose(nick),
            ("QUIT", _) => {
                self.conversations.iter_mut().for_each(|room| room.remove(nick));
                self.presence.set(nick, None);
                self.find(nick).into_iter().for_each(|known| known.has_left = true);
            }
            ("NICK", [new, ..]) => self.rename(nick, new),
            ("TOPIC", [room, topic]) => self.set_topic(room, topic),
            (verb, [_, room, topic]) if verb.parse() == Ok(numeric::RPL_TOPIC.code) => self.set_topic(room, topic),
            (verb, [_, room, ..]) if verb.parse() == Ok(numeric::RPL_NOTOPIC.code) => self.set_topic(room, ""),
            (verb, [_, _, room, people]) if verb.parse() == Ok(numeric::RPL_NAMREPLY.code) => {
                marked_nicks(people).for_each(|(marks, nick)| self.add(room, nick, marks));
            }
            _ => {}
        }
    }

    fn set_topic(&mut self, room: &str, topic: &str) {
        self.find(room).into_iter().for_each(|room| topic.clone_into(&mut room.topic));
    }

    /// Somebody has another name. A conversation that there was with that name goes on in theirs.
    fn rename(&mut self, old: &str, new: &str) {
        let place = self.conversations.iter().position(|known| names::eq_ignore_case(&known.name, new));
        let place = place.filter(|_| !names::eq_ignore_case(old, new) && self.find(old).is_some());
        let before = place.map(|place| self.conversations.remove(place));
        self.find(old).zip(before).into_iter().for_each(|(known, before)| known.go_on_from(&before));
        self.conversations.iter_mut().for_each(|known| known.rename(old, new));
        self.presence.rename(old, new);
    }

    /// Somebody has left a room.
    fn remove(&mut self, room: &str, nick: &str) {
        self.find(room).into_iter().for_each(|room| room.remove(nick));
        if !self.is_member(nick) {
            self.presence.set(nick, None);
        }
    }

    /// Whether somebody is in a room with us.
    pub fn is_member(&self, nick: &str) -> bool {
        let nick = names::casefold(nick);
        self.conversations.iter().any(|known| known.members.contains_key(&nick))
    }

    /// The connection of a person was replaced by a newer one, which has to enter the rooms again.
    fn lose(&mut self, nick: &str) {
        let (folded, now) = (names::casefold(nick), Instant::now());
        self.presence.set(nick, None);
        self.returning.retain(|(.., since)| since.elapsed() < RETURN);
        for room in &mut self.conversations {
            let was_here = room.members.contains_key(&folded);
            room.remove(nick);
            if was_here && self.returning.len() < RETURNING {
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

    /// Whether there is a place for this room; a server may put us into any number of them unasked.
    fn may_enter(&self, room: &str) -> bool {
        is_room(room) && (self.is_in(room) || self.rooms().count() < ROOMS)
    }

    /// Somebody is in a room that we are in.
    fn add(&mut self, room: &str, nick: &str, marks: &str) {
        let known: usize = self.conversations.iter().map(|known| known.members.len()).sum();
        if known < MEMBERS {
            self.find(room).into_iter().for_each(|room| room.add(nick, marks));
        }
    }

    /// Puts an event into its conversation.
    pub fn record(&mut self, event: &Arc<Event>) {
        let name = match (&event.conversation, &event.kind) {
            (Some(_), Kind::Read) => return,
            (Some(name), _) => name,
            (None, Kind::Left { nick, .. } | Kind::Renamed { new: nick, .. } | Kind::Reconnected(nick)) => {
                let with_them = self.conversations.iter_mut().filter(|known| known.is_with(nick));
                with_them.for_each(|known| known.keep(event));
                return self.forget_the_oldest();
            }
            _ => return,
        };
        if let Some(aside) = self.aside.as_mut().filter(|aside| aside.name == *name) {
            return aside.keep(event);
        }
        let is_said = matches!(event.kind, Kind::Said { .. });
        let is_current = self.is_target(name);
        let is_of_wing = matches!(event.kind, Kind::Wing(_));
        let is_ours = matches!(event.kind, Kind::WeSaid { .. });
        if !is_room(name) && !is_aside_name(name) && (is_said || is_ours || is_of_wing) {
            self.enter_person(name, is_ours);
        }
        let Some(conversation) = self.find(name) else { return };
        let is_for_us = is_said || is_of_wing && event.mentions_us;
        conversation.unread += usize::from(is_for_us && !is_current);
        conversation.keep(event);
        self.forget_the_oldest();
    }

    /// Keeps the scrollback of all conversations within its bytes.
    fn forget_the_oldest(&mut self) {
        while self.conversations.iter().map(|known| known.bytes).sum::<usize>() > SCROLLBACK_BYTES {
            self.conversations.iter_mut().max_by_key(|known| known.bytes).into_iter().for_each(Conversation::forget);
        }
    }

    fn find(&mut self, name: &str) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|known| names::eq_ignore_case(&known.name, name))
    }
}

/// Whether a target is a room, of this server or another: some have `&`, `+` and `!` for `#`. `@` and `+` also address
/// some people in a room. No nick begins like that.
pub fn is_room(target: &str) -> bool {
    target.starts_with(['#', '&', '@', '+', '!'])
}

/// Whether a wing can lead a conversation of this name, such as `[lab] (multicast)`: no nick and no room has a space in it.
pub fn is_aside_name(name: &str) -> bool {
    name.starts_with('[') && name.contains("] ")
}

/// The nicks in a line of `RPL_NAMREPLY`, without the marks of operators and others before them.
pub fn nicks(people: &str) -> impl Iterator<Item = &str> {
    marked_nicks(people).map(|(_, nick)| nick)
}

/// The same with these marks.
fn marked_nicks(people: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_mark = |c| RANKS.iter().any(|(_, mark)| *mark == c);
    people.split_whitespace().map(move |name| name.split_at(name.len() - name.trim_start_matches(is_mark).len()))
}

#[cfg(test)]
mod tests;
