//! What a message from the server does to the state and to the screen.
//!
//! Run by the receiver thread, which has locked the state for the time of one read's messages.

use crate::announced;
use crate::directory;
use crate::handlers::talk::{ACTION, CTCP_END};
use crate::numerics;
use crate::seen::{self, Sighting};
use crate::state::State;
use wire::message::Message;
use wire::{names, numeric};

/// Handles one message.
pub fn handle(state: &mut State, message: &Message<'_>) {
    let params = [0, 1, 2].map(|index| message.params.get(index).copied().unwrap_or_default());
    let last = message.params.last().copied().unwrap_or_default();
    let from = message.source_nick();
    let silent = state.blacklist.contains(from);
    match message.verb {
        "PING" => state.answer_ping(last),
        "PONG" => state.confirm(last),
        "ERROR" => state.error = Some(last.to_owned()),
        "NICK" => renamed(state, from, params[0], silent),
        "JOIN" if state.is_me(from) => entered(state, message, params[0]),
        "PART" if state.is_me(from) => left(state, params[0]),
        // Even a blacklisted operator can remove us.
        "KICK" => kicked(state, from, params),
        _ if silent => {}
        "FILE" => announced::handle(state, message),
        "GETDIR" | "MAKEROOM" | "DELETEROOM" => directory::handle(state, message.verb, &message.params),
        "FAIL" => announced::failed(state, &message.params),
        "PRIVMSG" | "NOTICE" => said(state, message, params[0], last),
        "JOIN" => event(state, params[0], &format!("{from} joined the conversation")),
        "PART" => event(state, params[0], &format!("{from} left the conversation{}", reason(from, params[1]))),
        "QUIT" => state.screen.notice(&format!("{from} left the conversation{}", reason(from, params[0]))),
        "TOPIC" if last.is_empty() => event(state, params[0], &format!("{from} removed the topic")),
        "TOPIC" => event(state, params[0], &format!("{from} set the topic: {last}")),
        "INVITE" => state.screen.notice(&format!("{from} invites you to {last}; /join {last} takes you there")),
        "MODE" if is_room(params[0]) => {
            event(state, params[0], &format!("{from} set mode {}", message.params[1..].join(" ")));
        }
        verb => {
            if let Ok(code) = verb.parse() {
                reply(state, code, message.params.get(1..).unwrap_or_default());
            }
        }
    }
}

/// What a person or a server said.
fn said(state: &mut State, message: &Message<'_>, target: &str, text: &str) {
    let from = message.source_nick();
    let is_notice = message.verb == "NOTICE";
    let is_person = message.source.is_some_and(|source| source.contains('!'));
    let is_letter = !is_room(target);
    let Some((mark, id)) = sighted(state, message, is_letter) else { return };
    let (room, to_you) = if is_letter { (String::new(), " (to you)") } else { (room_prefix(state, target), "") };
    let room = format!("{mark}{room}");
    if let Some(action) = text.strip_prefix(ACTION) {
        let action = action.strip_suffix(CTCP_END).unwrap_or(action);
        state.screen.said(&format!("{room}* "), from, &format!(" {action}{to_you}"), id);
    } else if text.starts_with(CTCP_END) {
        // Another CTCP is a question to the program, not to the person; answering would tell strangers about it.
    } else if is_notice && is_person {
        state.screen.notice_from(&format!("{room}-{from}-{to_you} {text}"), id);
    } else if is_notice {
        // In a form that no name can have.
        state.screen.notice(&format!("*** {text}"));
    } else {
        state.screen.said(&room, from, &format!("{to_you}: {text}"), id);
    }
}

/// What stands in front of a message: whether it is sure that it was not shown before, and when it was written if it
/// has waited (`[2026-11-25 09:30 UTC] `). With it comes the id of a letter. `None` if it was shown before.
pub fn sighted(state: &mut State, message: &Message<'_>, is_letter: bool) -> Option<(String, Option<String>)> {
    let id = seen::id(message);
    let sighting = id.as_ref().map_or(Sighting::First, |id| state.screen.seen.notice(id, is_letter));
    let mark = match sighting {
        Sighting::First => "",
        Sighting::Again => return None,
        Sighting::Unsure => "(perhaps shown before) ",
    };
    let time = message.tag("time").filter(|_| message.tag("groupchat/waited").is_some());
    let time = time.and_then(|time| Some(format!("[{} {} UTC] ", time.get(..10)?, time.get(11..16)?)));
    Some((format!("{mark}{}", time.unwrap_or_default()), id.filter(|_| is_letter)))
}

fn entered(state: &mut State, message: &Message<'_>, room: &str) {
    state.address = message.source.and_then(|source| source.split_once('!')).map(|(_, address)| address.to_owned());
    if !state.is_in(room) {
        state.rooms.push(room.to_owned());
    }
    let wanted = state.joining.take_if(|joining| names::eq_ignore_case(joining, room)).is_some();
    if wanted && !state.is_target(room) {
        state.talk_to(room);
    }
}

fn left(state: &mut State, room: &str) {
    state.screen.tell(&format!("You left {room}"));
    state.forget_room(room);
}

fn kicked(state: &mut State, by: &str, [room, nick, text]: [&str; 3]) {
    if state.is_me(nick) {
        state.screen.tell(&format!("You were removed from {room} by {by}{}", reason(by, text)));
        state.forget_room(room);
    } else {
        event(state, room, &format!("{nick} was removed by {by}{}", reason(by, text)));
    }
}

fn renamed(state: &mut State, old: &str, new: &str, silent: bool) {
    // A name of ours becomes part of the names of our files, so it must be one.
    if state.is_me(old) && !names::is_nick(new) {
        return;
    }
    if state.is_me(old) {
        new.clone_into(&mut state.nick);
        if !names::eq_ignore_case(old, new) {
            state.screen.seen.renamed(new);
        }
        return state.screen.tell(&format!("You are now called {new}"));
    }
    if let Err(error) = state.blacklist.renamed(old, new) {
        state.screen.tell(&format!("{old} is now called {new}, which the blacklist cannot save: {error}"));
    }
    if !silent {
        state.screen.notice(&format!("{old} is now called {new}"));
    }
    if state.is_target(old) {
        state.talk_to(new);
    }
}

/// A numeric: most are shown, some change the state.
fn reply(state: &mut State, code: u16, params: &[&str]) {
    let room = params.first().copied().unwrap_or_default();
    if code == numeric::RPL_NAMREPLY.code {
        if let [_, room, people] = params {
            collect_names(state, room, people);
        }
    } else if code == numeric::RPL_ENDOFNAMES.code {
        show_names(state, room);
    }
    if is_about_a_key(state, code, params) {
        return;
    }
    if let Some(sentence) = numerics::sentence(code, params) {
        state.screen.tell(&sentence);
    }
    if numerics::refuses_room(code) {
        state.forget_room(room);
    }
}

/// Whether a numeric belongs to the answer to `/fingerprint`, which is a WHOIS of which one line is shown.
fn is_about_a_key(state: &mut State, code: u16, params: &[&str]) -> bool {
    let nick = params.first().copied().unwrap_or_default();
    let Some(at) = state.asked_keys.iter().position(|(asked, _)| names::eq_ignore_case(asked, nick)) else {
        return false;
    };
    if code == numeric::RPL_WHOISCERTFP.code {
        state.asked_keys[at].1 = numerics::sentence(code, params);
    } else if code == numeric::ERR_NOSUCHNICK.code {
        state.asked_keys.remove(at);
        return false;
    } else if code == numeric::RPL_ENDOFWHOIS.code {
        let (_, key) = state.asked_keys.remove(at);
        let sentence = key.unwrap_or_else(|| format!("{nick} has shown no key"));
        state.screen.tell(&sentence);
    }
    // What our server sends, and what others do.
    matches!(code, 276 | 301 | 307 | 311..=313 | 317..=320 | 330 | 338 | 378 | 379 | 671)
}

/// Keeps names for the user who asked for them; those that come after a JOIN nobody asked for.
fn collect_names(state: &mut State, room: &str, people: &str) {
    if let Some((_, names)) = state.names.iter_mut().find(|(asked, _)| names::eq_ignore_case(asked, room)) {
        // The marks of operators and others stand before the name.
        let nicks = people.split_whitespace().map(|nick| nick.trim_start_matches(['~', '&', '@', '%', '+']));
        names.extend(nicks.map(str::to_owned));
    }
}

fn show_names(state: &mut State, room: &str) {
    let Some(asked) = state.names.iter().position(|(asked, _)| names::eq_ignore_case(asked, room)) else { return };
    let (room, mut names) = state.names.remove(asked);
    names.sort_by_key(|nick| names::casefold(nick));
    let people = if names.len() == 1 { "person" } else { "people" };
    state.screen.tell(&format!("{} {people} in {room}: {}", names.len(), names.join(", ")));
}

/// Something that happened in a room.
fn event(state: &mut State, room: &str, what: &str) {
    let prefix = room_prefix(state, room);
    state.screen.notice(&format!("{prefix}{what}"));
}

/// Names the room that something comes from, unless it is the one that the user is talking in.
fn room_prefix(state: &State, room: &str) -> String {
    if state.is_target(room) { String::new() } else { format!("[{room}] ") }
}

/// Whether a target is a room, of this server or another; `@` and `+` address some people in a room.
fn is_room(target: &str) -> bool {
    target.starts_with(['#', '&', '@', '+'])
}

/// The reason for leaving in brackets, unless it is only what a server says when there is none.
fn reason(nick: &str, text: &str) -> String {
    let text = text.strip_prefix("Quit:").unwrap_or(text).trim();
    if matches!(text, "" | "Quit" | "Client Quit" | "Client quit") || text == nick {
        String::new()
    } else {
        format!(" ({text})")
    }
}

#[cfg(test)]
mod tests;
