//! The one place where an event of the core becomes a sentence.
//!
//! Pure. Views call it, under the state's lock; a wing has such a place for its own events.

use super::event::Sentence::{self, Answer, News};
use super::event::{Event, Kind, Manner, Origin};
use super::model::{Model, is_room};
use super::{modes, numerics};
use std::iter;
use wire::text::printable;

/// Stands before the second row of what somebody says, and all further ones.
const INDENT: &str = "  ";

/// The event in words; `None` when there is nothing to say.
pub fn of(event: &Event, model: &Model) -> Option<Sentence> {
    let mark = mark(&event.origin);
    let room = event.conversation.as_deref().unwrap_or_default();
    let here = room_prefix(model, room);
    Some(match &event.kind {
        Kind::Said { from, text, manner } => said(format!("{mark}{here}"), from, text, *manner, !is_room(room)),
        // In a form that no name can have.
        Kind::ServerSaid(text) => News(format!("*** {text}")),
        Kind::Joined(nick) => News(format!("{here}{nick} joined the conversation")),
        Kind::Left { nick, reason } => News(format!("{here}{nick} left the conversation{}", in_brackets(nick, reason))),
        Kind::Reconnected(nick) => News(format!("{nick} has a new connection")),
        Kind::Removed { nick, by, reason } => {
            News(format!("{here}{nick} was removed by {by}{}", in_brackets(by, reason)))
        }
        Kind::Renamed { old, new } => News(format!("{old} is now called {new}")),
        Kind::Topic { by, text } if text.is_empty() => News(format!("{here}{by} removed the topic")),
        Kind::Topic { by, text } => News(format!("{here}{by} set the topic: {text}")),
        Kind::Invited { by } => News(format!("{by} invites you to {room}; /join {room} takes you there")),
        Kind::Mode { by, change } if model.is_me(by) && modes::is_key_alone(change) => {
            let key = &change["+k ".len()..];
            Answer(format!("The room's key is set: {key}; others enter with /join {room} {key}"))
        }
        Kind::Mode { by, change } => News(format!("{here}{by} set mode {change}")),
        Kind::WeLeft => Answer(format!("You left {room}")),
        Kind::WeWereRemoved { by, reason } => {
            Answer(format!("You were removed from {room} by {by}{}", in_brackets(by, reason)))
        }
        Kind::WeAreCalled(nick) => Answer(format!("You are now called {nick}")),
        Kind::TalkingTo(Some(target)) => Answer(format!("You are now talking to {target}")),
        Kind::TalkingTo(None) => Answer("You are talking to nobody now; go on with /join #room or /to NAME".to_owned()),
        Kind::WeSaid { text, is_elsewhere: true, .. } => Answer(format!("(to {room}) {text}")),
        // The prompt shows it, or it stands behind the prompt, where it was typed.
        Kind::WeJoined | Kind::WeSaid { .. } => return None,
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
/// indented, so that none looks like the words of somebody else.
pub fn rows(event: &Event, sentence: &str) -> Vec<String> {
    let is_said = matches!(event.kind, Kind::Said { .. } | Kind::WeSaid { .. });
    let mut rows = sentence.split('\n').filter(|_| is_said);
    let Some(first) = rows.next() else { return vec![printable(sentence).into_owned()] };
    let indented = rows.map(|row| if row.is_empty() { String::new() } else { format!("{INDENT}{}", printable(row)) });
    iter::once(printable(first).into_owned()).chain(indented).collect()
}

fn said(before: String, from: &str, text: &str, manner: Manner, is_private: bool) -> Sentence {
    let to_you = if is_private { " (to you)" } else { "" };
    let nick = from.to_owned();
    match manner {
        Manner::Text => Sentence::Said { before, nick, after: format!("{to_you}: {text}") },
        Manner::Action => Sentence::Said { before: format!("{before}* "), nick, after: format!(" {text}{to_you}") },
        Manner::Notice => News(format!("{before}-{from}-{to_you} {text}")),
    }
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
    if !is_room(room) || model.is_target(room) { String::new() } else { format!("[{room}] ") }
}

/// The reason for leaving in brackets, unless it is only what a server says when there is none.
fn in_brackets(nick: &str, text: &str) -> String {
    let text = text.strip_prefix("Quit:").unwrap_or(text).trim();
    let is_empty = matches!(text, "" | "Quit" | "Client Quit" | "Client quit") || text == nick;
    if is_empty { String::new() } else { format!(" ({text})") }
}
