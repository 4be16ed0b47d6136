//! From a message of the server to changes of the model and to events.
//!
//! Run by the receiver thread, which has locked the state for the time of one read's messages.

use super::batches::Taken;
use super::client::{Client, has_user};
use super::event::{Event, Kind, Manner};
use super::model::is_room;
use super::modes::{self, KeyChange};
use super::pending::{ENTERED, KEY, NEW_KEY};
use super::replies;
use super::state::State;
use super::talk::{ACTION, CTCP_END};
use super::{connection, last_name, mention};
use wire::message::Message;
use wire::{fail::Fail, names, numeric};

/// Handles a line: a message, or a part of one that has several rows.
pub fn handle(client: &Client, state: &mut State, line: &Message<'_>) {
    match state.batches.take(line) {
        Taken::Apart => handle_message(client, state, line),
        Taken::Kept => {}
        Taken::Whole(whole) => handle_message(client, state, &whole.message()),
    }
}

fn handle_message(client: &Client, state: &mut State, message: &Message<'_>) {
    // Somebody who leaves the server is a member until that is shown, so that a view knows in which rooms.
    let is_last = message.verb == "QUIT";
    if !is_last {
        state.model.follow(message);
    }
    let nick = message.source_nick();
    if ["JOIN", "PRIVMSG"].contains(&message.verb) && state.model.is_target(nick) {
        state.warn_of_another(nick);
    }
    dispatch(client, state, message);
    if is_last {
        state.model.follow(message);
    }
}

fn dispatch(client: &Client, state: &mut State, message: &Message<'_>) {
    let [first, second, third] = [0, 1, 2].map(|index| message.param(index).unwrap_or_default());
    let last = message.params.last().copied().unwrap_or_default();
    let from = message.source_nick();
    let silent = state.model.blacklist.contains(from);
    if !silent && client.wings.iter().any(|wing| wing.message(client, state, message)) {
        return;
    }
    let (by, reason) = (from.to_owned(), third.to_owned());
    // Most messages are one event in a room, their first parameter.
    let kind = match message.verb {
        "PING" => return state.write(&[format!("PONG :{last}")]),
        "PONG" => return state.confirm(last),
        "ERROR" => return state.error = Some(last.to_owned()),
        "NICK" => return renamed(client, state, from, first, silent),
        "JOIN" if state.model.is_me(from) => return entered(state, message, first),
        "PART" if state.model.is_me(from) => return left(state, first, Kind::WeLeft),
        // Even a blacklisted operator can remove us.
        "KICK" if state.model.is_me(second) => return left(state, first, Kind::WeWereRemoved { by, reason }),
        "KICK" => Kind::Removed { nick: second.to_owned(), by, reason },
        _ if silent => return,
        "FAIL" => {
            if let Some(Fail { verb, context, text, .. }) = Fail::parse(&message.params) {
                // Without a verb it answers no message.
                if verb != "*" {
                    state.refused(verb, context.as_slice(), text);
                }
                state.emit(Kind::Refused { verb: verb.to_owned(), text: text.to_owned() });
            }
            return;
        }
        // The same in a milder form (IRCv3 standard replies).
        "WARN" | "NOTE" => return state.emit(Kind::ServerSaid(last.to_owned())),
        "PRIVMSG" | "NOTICE" => return said(client, state, message, first, last),
        "JOIN" if state.model.has_returned(first, from) => return,
        "JOIN" => Kind::Joined(by),
        "PART" => Kind::Left { nick: by, reason: second.to_owned() },
        "AWAY" if state.model.is_member(from) => return state.emit(Kind::Presence(Some(by))),
        // Some servers show it to the leaver, too; ERROR says the rest.
        "QUIT" if state.model.is_me(from) => return,
        "QUIT" if first == numeric::REPLACED => return state.emit(Kind::Reconnected(by)),
        "QUIT" => return state.emit(Kind::Left { nick: by, reason: first.to_owned() }),
        "TOPIC" => Kind::Topic { by, text: last.to_owned() },
        // Some servers also show it to the members of the room.
        "INVITE" if !state.model.is_me(first) => return,
        "INVITE" => return state.emit(Event::at(last, Kind::Invited { by })),
        "MODE" if is_room(first) => mode(state, by, first, &message.params[1..]),
        "MODE" if state.pending.end("MODE", first).is_some() => {
            return state.note(format!("Your modes have changed: {}", message.params[1..].join(" ")));
        }
        verb => {
            if let Ok(code) = verb.parse() {
                replies::reply(state, code, message.params.get(1..).unwrap_or_default());
            }
            return;
        }
    };
    state.emit(Event::at(first, kind));
}

/// A person or a server said something.
fn said(client: &Client, state: &mut State, message: &Message<'_>, target: &str, text: &str) {
    let from = message.source_nick();
    let is_notice = message.verb == "NOTICE";
    let is_person = message.source.is_some_and(|source| source.contains('!'));
    let is_private = !is_room(target);
    let Some(origin) = client.origin(message, is_private) else { return };
    let (text, manner) = match text.strip_prefix(ACTION) {
        Some(action) => (action.strip_suffix(CTCP_END).unwrap_or(action), Manner::Action),
        // Another CTCP is a question to the program, not to the person; answering would tell strangers about it.
        None if text.starts_with(CTCP_END) => return,
        None if is_notice && !is_person => return state.emit(Kind::ServerSaid(text.to_owned())),
        None if is_notice => (text, Manner::Notice),
        None => (text, Manner::Text),
    };
    let mentions_us = is_private || mention::of(&state.model.nick, text).next().is_some();
    let kind = Kind::Said { from: from.to_owned(), text: text.to_owned(), manner };
    let event = Event::at(if is_private { from } else { target }, kind);
    state.emit(Event { mentions_us, origin, ..event });
}

fn entered(state: &mut State, message: &Message<'_>, room: &str) {
    let source = message.source.and_then(|source| source.split_once('!'));
    state.model.address = source.map(|(_, address)| address.to_owned());
    state.emit(Event::at(room, Kind::WeJoined));
    if let Some(request) = state.pending.end("JOIN", room)
        && state.model.is_in(room)
    {
        state.pending.end(ENTERED, room);
        state.pending.add(ENTERED, room);
        let is_target = state.model.is_target(room);
        match &mut state.model.placed {
            Some(placed) if request.line.is_some() && request.line == state.pending.line => {
                placed.target = Some(room.to_owned());
            }
            // The line of another view has given up waiting: nobody is moved.
            _ if request.line.is_some() || is_target => {}
            _ => state.talk_to(room),
        }
    }
}

/// A change of a room's modes. A key is remembered, to enter the room again. One that a server gives to the room that we
/// have made is the key that we came with.
fn mode(state: &mut State, by: String, room: &str, change: &[&str]) -> Kind {
    let key = modes::key(change).filter(|_| state.model.is_in(room));
    let is_ours = match key {
        Some(KeyChange::Set(key)) => {
            state.model.set_key(room, Some(key));
            [KEY, NEW_KEY].into_iter().any(|kind| state.pending.end(kind, room).is_some())
        }
        Some(KeyChange::Removed) => {
            state.model.set_key(room, None);
            false
        }
        None => false,
    };
    Kind::Mode { by: if is_ours { state.model.nick.clone() } else { by }, change: change.join(" ") }
}

fn left(state: &mut State, room: &str, how: Kind) {
    state.emit(Event::at(room, how));
    state.forget_room(room);
}

fn renamed(client: &Client, state: &mut State, old: &str, new: &str, silent: bool) {
    if state.model.is_me(old) {
        // Our name becomes part of the names of our files, so it must be valid.
        if !connection::can_be_ours(new) {
            return;
        }
        new.clone_into(&mut state.model.nick);
        // A server may shorten the name that the user has chosen. Any other one is the server's idea.
        let begins = |asked: &String| asked.get(..new.len()).is_some_and(|start| names::eq_ignore_case(start, new));
        let is_chosen = state.model.asked_nick.as_ref().is_some_and(begins);
        if is_chosen && !names::eq_ignore_case(old, new) {
            client.wings.iter().for_each(|wing| wing.renamed(new));
            if has_user(state) {
                last_name::remember(&client.dialer.server, new);
            }
        }
        return state.emit(Kind::WeAreCalled(new.to_owned()));
    }
    if let Err(error) = state.model.blacklist.renamed(old, new) {
        state.note(format!("{old} is now called {new}, which the blacklist cannot save: {error}"));
    }
    if !silent {
        state.emit(Kind::Renamed { old: old.to_owned(), new: new.to_owned() });
    }
    if state.model.is_target(old) {
        state.talk_to(new);
    } else if state.model.is_target(new) {
        // What the user is typing was meant for the one who had that name before.
        state.note(format!("{old} has taken the name {new}, so this is somebody else: /to {new} talks to them"));
        state.model.set_target(None);
        if state.model.detour.is_none() {
            state.emit(Kind::TalkingTo(None));
        }
    }
}

#[cfg(test)]
mod tests;
