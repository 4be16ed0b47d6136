//! What a page is told when it begins: everything but the messages, which it asks for conversation by conversation.
//!
//! Run by the thread of a connection. The state is locked to take hold of what there is, a bounded number of names and
//! shared events; JSON is made of it without the lock.

use super::feed::{Feed, Summary};
use super::json::{self, clean, shown};
use super::limits::{FILE, TEXT};
use super::lines::is_for_page;
use crate::core::client::{Client, Command};
use crate::core::model::{is_aside_name, is_room};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The first line of a stream, and its number.
pub fn snapshot(client: &Client, feed: &Feed) -> (String, u64) {
    let state = client.lock();
    let (nick, is_connected) = (state.model.nick.clone(), state.is_connected());
    let (is_starting, target) = (!state.is_receiving, state.model.target().map(shown));
    let question = state.questions.open.as_ref().map(json::of_question);
    let lines = feed.lock();
    let (number, notes) = (lines.last, lines.notes.clone());
    let (conversations, transfers) = (lines.conversations.clone(), lines.transfers.clone());
    let blacklist: Vec<_> = lines.blacklist.iter().map(|name| shown(name)).collect();
    drop((lines, state));
    let notes: Vec<Value> = notes.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let command = |command: &Command| json!({ "usage": command.usage(), "help": command.help });
    let snapshot = json!({
        "type": "snapshot",
        "n": number,
        "nick": shown(&nick),
        "server": client.dialer.server,
        "is_connected": is_connected,
        "is_starting": is_starting,
        "question": question,
        "target": target,
        "conversations": conversations.iter().map(Summary::json).collect::<Vec<_>>(),
        "notes": notes,
        "blacklist": blacklist,
        "transfers": if transfers.is_array() { transfers } else { json!([]) },
        "commands": client.commands.iter().filter(|command| is_for_page(command)).map(command).collect::<Vec<_>>(),
        "longest_text": TEXT,
        "largest_file": FILE,
    });
    (format!("{snapshot}\n"), number)
}

/// The members of a conversation and what was said there; the events up to this number are in it. With a person, there
/// may be nothing yet.
pub fn conversation(client: &Client, feed: &Feed, name: &str) -> Option<Value> {
    let mut state = client.lock();
    let real_name = json::real_name(&state.model, name);
    state.ask_who_is_away(&real_name);
    let known = state.model.conversation(&real_name);
    if known.is_none() && (is_room(name) || is_aside_name(name)) {
        return None;
    }
    let (name, topic) =
        known.map_or((name.to_owned(), String::new()), |known| (known.name.clone(), known.topic.clone()));
    let members: Vec<_> = known.into_iter().flat_map(|known| known.members.values().cloned()).collect();
    let ranks: HashMap<_, _> = known.into_iter().flat_map(|known| known.ranks.clone()).collect();
    let away = |nick: &String| Some((shown(nick), clean(state.model.presence.away(nick)?)));
    let away: Vec<_> = members.iter().filter_map(away).collect();
    // What is held back while the user sleeps comes later.
    let held: HashSet<_> = state.held().iter().map(Arc::as_ptr).collect();
    let events = known.into_iter().flat_map(|known| &known.scrollback);
    let events: Vec<_> = events.filter(|event| !held.contains(&Arc::as_ptr(event))).map(Arc::clone).collect();
    let lens = json::lens(&state.model, None);
    let number = feed.lock().last;
    drop(state);
    let members: Vec<_> = members.iter().map(|nick| shown(nick)).collect();
    let events: Vec<_> = events.iter().filter_map(|event| json::of(event, &lens)).collect();
    let topic = clean(&topic);
    Some(json!({
        "n": number, "name": shown(&name), "topic": topic, "members": members, "ranks": ranks, "away": away, "events": events,
    }))
}
