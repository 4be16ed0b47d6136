//! The one place where an event of the core becomes a sentence.
//!
//! Pure. Views call it, under the state's lock; a wing has such a place for its own events.

use super::event::Sentence::{self, Answer, News};
use super::event::{Event, Kind, Manner, Origin};
use super::model::{Model, is_room};
use super::wrap::GOES_ON;
use super::{modes, numerics};
use std::iter;
use wire::text::{is_visible, printable};

/// Marks what is said to nobody but us. It stands where nothing can stand that others write: before the signs of an action
/// or a notice, or between a name and the colon behind it.
pub const TO_YOU: &str = "(to you)";

/// The event in words; `None` when there is nothing to say.
pub fn of(event: &Event, model: &Model) -> Option<Sentence> {
    of_kind(&event.kind, event, model)
}

/// The same, with another kind in place of the event's own.
pub fn of_kind(kind: &Kind, event: &Event, model: &Model) -> Option<Sentence> {
    let mark = mark(&event.origin);
    let room = event.conversation.as_deref().unwrap_or_default();
    let here = room_prefix(model, room);
    Some(match kind {
        Kind::Said { from, text, manner } => said(format!("{mark}{here}"), from, text, *manner, !is_room(room)),
        // In a form that no name can have.
        Kind::ServerSaid(text) => News(format!("*** {text}")),
        Kind::Joined(nick) => News(format!("{here}{} joined the conversation", shown(nick))),
        Kind::Left { nick, reason } => {
            News(format!("{here}{} left the conversation{}", shown(nick), in_brackets(nick, reason)))
        }
        Kind::Reconnected(nick) => News(format!("{} has a new connection", shown(nick))),
        Kind::Removed { nick, by, reason } => {
            News(format!("{here}{} was removed by {}{}", shown(nick), shown(by), in_brackets(by, reason)))
        }
        Kind::Renamed { old, new } => News(format!("{} is now called {}", shown(old), shown(new))),
        Kind::Topic { by, text } if text.is_empty() => News(format!("{here}{} removed the topic", shown(by))),
        Kind::Topic { by, text } => News(format!("{here}{} set the topic: {text}", shown(by))),
        Kind::Invited { by } => News(format!("{} invites you to {room}; /join {room} takes you there", shown(by))),
        Kind::Mode { by, change } if model.is_me(by) && modes::is_key_alone(change) => {
            let key = &change["+k ".len()..];
            Answer(format!("The room's key is set: {key}; others enter with /join {room} {key}"))
        }
        Kind::Mode { by, change } => News(format!("{here}{} set mode {change}", shown(by))),
        Kind::WeLeft => Answer(format!("You left {room}")),
        Kind::WeWereRemoved { by, reason } => {
            Answer(format!("You were removed from {room} by {by}{}", in_brackets(by, reason)))
        }
        Kind::WeAreCalled(nick) => Answer(format!("You are now called {nick}")),
        Kind::TalkingTo(Some(target)) => Answer(format!("You are now talking to {target}")),
        Kind::TalkingTo(None) => Answer("You are talking to nobody now; go on with /join #room or /to NAME".to_owned()),
        Kind::WeSaid { text, is_elsewhere: true, .. } => Answer(format!("(to {room}) {text}")),
        // The prompt shows it, or it stands behind the prompt, where it was typed.
        Kind::WeJoined | Kind::WeSaid { .. } | Kind::Read | Kind::Presence(_) => return None,
        Kind::Connected => Answer("Connected again.".to_owned()),
        Kind::ConnectionLost { reason, seconds } => {
            Answer(format!("Connection lost ({reason}). Trying again in {seconds} s ..."))
        }
        Kind::Reply { code, params } => {
            let params: Vec<_> = params.iter().map(String::as_str).collect();
            Answer(numerics::sentence(*code, &params)?)
        }
        Kind::Refused { verb, text } if verb == "BATCH" => {
            Answer(format!("A message of several lines was not sent: {text}; send it again in smaller parts"))
        }
        Kind::Refused { verb, text } => Answer(format!("The server refused {verb}: {text}")),
        Kind::Members(nicks) => {
            let people = if nicks.len() == 1 { "person" } else { "people" };
            Answer(format!("{} {people} in {room}: {}", nicks.len(), nicks.join(", ")))
        }
        Kind::Present { count: 0 | 1, is_new: true, .. } => Answer(format!("{here}New room, nobody else is here")),
        Kind::Present { count: 0 | 1, .. } => Answer(format!("{here}Nobody else is here")),
        Kind::Present { count, members, .. } if *count > members.len() => Answer(format!("{here}{count} here")),
        Kind::Present { count, members, .. } => Answer(format!("{here}{count} here: {}", members.join(", "))),
        Kind::Note(text) => Answer(text.clone()),
        Kind::Wing(event) => match event.sentence()? {
            News(text) => News(format!("{mark}{text}")),
            sentence => sentence,
        },
    })
}

/// The rows of an event in words, without control characters. What people say may have several; all but the first are
/// marked, so that none looks like the words of somebody else.
pub fn rows(event: &Event, sentence: &str) -> Vec<String> {
    let is_said = matches!(event.kind, Kind::Said { .. } | Kind::WeSaid { .. });
    let mut rows = sentence.split('\n').filter(|_| is_said);
    let Some(first) = rows.next() else { return vec![printable(sentence).into_owned()] };
    iter::once(printable(first).into_owned()).chain(rows.map(|row| format!("{GOES_ON}{}", printable(row)))).collect()
}

fn said(before: String, from: &str, text: &str, manner: Manner, is_private: bool) -> Sentence {
    let nick = shown(from);
    let to_you = if is_private { format!("{TO_YOU} ") } else { String::new() };
    match manner {
        Manner::Text if is_private => Sentence::Said { before, nick, after: format!(" {TO_YOU}: {text}") },
        Manner::Text => Sentence::Said { before, nick, after: format!(": {text}") },
        Manner::Action => Sentence::Said { before: format!("{before}{to_you}* "), nick, after: format!(" {text}") },
        Manner::Notice => News(format!("{before}{to_you}-{nick}- {text}")),
    }
}

/// A name as it is shown. A server may let people have names with blanks or with nothing to see in them, which would pass
/// for others, or for more than a name.
fn shown(name: &str) -> String {
    let is_clear = |c: char| is_visible(c) && !c.is_whitespace();
    printable(name).chars().map(|c| if is_clear(c) { c } else { '?' }).collect()
}

/// Stands in front of a message that was perhaps shown before, or that has waited: `[2026-11-25 09:30 UTC] `.
fn mark(origin: &Origin) -> String {
    let uncertain = if origin.uncertain { "(perhaps shown before) " } else { "" };
    let time = origin.time.as_ref().filter(|_| origin.waited);
    let time = time.and_then(|time| Some(format!("[{} {} UTC] ", time.get(..10)?, time.get(11..16)?)));
    // A tag may hold anything, even the end of a row.
    uncertain.to_owned() + &printable(&time.unwrap_or_default())
}

/// Names the room that something comes from, unless it is the one that the user is talking in.
fn room_prefix(model: &Model, room: &str) -> String {
    if !is_room(room) || model.is_target(room) { String::new() } else { format!("[{}] ", shown(room)) }
}

/// The reason for leaving in brackets, unless it is only what a server says when there is none.
fn in_brackets(nick: &str, text: &str) -> String {
    let text = text.strip_prefix("Quit:").unwrap_or(text).trim();
    let is_empty = matches!(text, "" | "Quit" | "Client Quit" | "Client quit") || text == nick;
    if is_empty { String::new() } else { format!(" ({text})") }
}
