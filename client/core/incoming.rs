//! From a message of the server to changes of the model and to events.
//!
//! Run by the receiver thread, which has locked the state for the time of one read's messages.

use super::client::Client;
use super::event::{Event, Kind, Manner};
use super::model::{is_room, nicks};
use super::numerics;
use super::state::State;
use super::talk::{ACTION, CTCP_END};
use wire::message::Message;
use wire::{fail::Fail, names, numeric};

/// Handles one message.
pub fn handle(client: &Client, state: &mut State, message: &Message<'_>) {
    // Somebody who leaves the server is a member until that is shown, so that a view knows in which rooms.
    let is_last = message.verb == "QUIT";
    if !is_last {
        state.model.follow(message);
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
    let silent = state.blacklist.contains(from);
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
                state.refused(verb, context.as_slice(), text);
                state.emit(Kind::Refused { verb: verb.to_owned(), text: text.to_owned() });
            }
            return;
        }
        "PRIVMSG" | "NOTICE" => return said(client, state, message, first, last),
        "JOIN" if state.model.has_returned(first, from) => return,
        "JOIN" => Kind::Joined(by),
        "PART" => Kind::Left { nick: by, reason: second.to_owned() },
        "QUIT" if first == numeric::REPLACED => return state.emit(Kind::Reconnected(by)),
        "QUIT" => return state.emit(Kind::Left { nick: by, reason: first.to_owned() }),
        "TOPIC" => Kind::Topic { by, text: last.to_owned() },
        "INVITE" => return state.emit(Event::at(last, Kind::Invited { by })),
        "MODE" if is_room(first) => Kind::Mode { by, change: message.params[1..].join(" ") },
        verb => {
            if let Ok(code) = verb.parse() {
                reply(state, code, message.params.get(1..).unwrap_or_default());
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
    let mentions_us = is_private || text.split([' ', ',', ':', '.', '!', '?']).any(|word| state.model.is_me(word));
    let kind = Kind::Said { from: from.to_owned(), text: text.to_owned(), manner };
    let event = Event::at(if is_private { from } else { target }, kind);
    state.emit(Event { mentions_us, origin, ..event });
}

fn entered(state: &mut State, message: &Message<'_>, room: &str) {
    let source = message.source.and_then(|source| source.split_once('!'));
    state.model.address = source.map(|(_, address)| address.to_owned());
    state.emit(Event::at(room, Kind::WeJoined));
    if state.pending.end("JOIN", room).is_some() && state.model.is_in(room) && !state.model.is_target(room) {
        state.talk_to(room);
    }
}

fn left(state: &mut State, room: &str, how: Kind) {
    state.emit(Event::at(room, how));
    state.forget_room(room);
}

fn renamed(client: &Client, state: &mut State, old: &str, new: &str, silent: bool) {
    if state.model.is_me(old) {
        // Our name becomes part of the names of our files, so it must be valid.
        if !names::is_nick(new) {
            return;
        }
        new.clone_into(&mut state.model.nick);
        // A server may shorten the name that the user has chosen. Any other one is the server's idea.
        let begins = |asked: &String| asked.get(..new.len()).is_some_and(|start| names::eq_ignore_case(start, new));
        let is_chosen = state.model.asked_nick.as_ref().is_some_and(begins);
        if is_chosen && !names::eq_ignore_case(old, new) {
            client.wings.iter().for_each(|wing| wing.renamed(new));
        }
        return state.emit(Kind::WeAreCalled(new.to_owned()));
    }
    if let Err(error) = state.blacklist.renamed(old, new) {
        state.note(format!("{old} is now called {new}, which the blacklist cannot save: {error}"));
    }
    if !silent {
        state.emit(Kind::Renamed { old: old.to_owned(), new: new.to_owned() });
    }
    if state.model.is_target(old) {
        state.talk_to(new);
    }
}

/// A numeric: most are shown, some change the model.
fn reply(state: &mut State, code: u16, params: &[&str]) {
    let room = params.first().copied().unwrap_or_default();
    if code == numeric::RPL_NAMREPLY.code
        && let [_, room, people] = params
        && let Some(request) = state.pending.about("NAMES", room)
    {
        nicks(people).for_each(|nick| request.collect(&[nick]));
    } else if code == numeric::RPL_ENDOFNAMES.code
        && let Some(request) = state.pending.end("NAMES", room)
    {
        let mut nicks = request.rows.concat();
        nicks.sort_by_key(|nick| names::casefold(nick));
        state.emit(Event::at(&request.about, Kind::Members(nicks)));
    }
    let is_plain = state.stream.as_ref().is_some_and(|stream| stream.channel().is_none());
    let shown = numerics::in_plain(is_plain, code, params);
    if numerics::refuses(code) {
        let about = params.split_last().map_or(&[][..], |(_, about)| about);
        let why = numerics::sentence(code, &shown).unwrap_or_default();
        state.refused(numerics::refused_verb(code), about, &why);
    }
    state.emit(Kind::Reply { code, params: shown.into_iter().map(str::to_owned).collect() });
    if numerics::refuses_room(code) {
        state.forget_room(room);
    }
}

#[cfg(test)]
mod tests;
