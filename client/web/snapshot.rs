//! What a page is told when it begins: everything but the messages, which it asks for conversation by conversation.
//!
//! Run by the thread of a connection. The state is locked to take hold of what there is, a bounded number of names and
//! shared events; JSON is made of it without the lock.

use super::feed::{Feed, Summary};
use super::json::{self, clean, shown};
use super::limits::{FILE, TEXT};
use super::lines::is_for_page;
use crate::core::client::{Client, Command};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wire::names;

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

/// The members of a conversation and what was said there; the events up to this number are in it. One with a person begins
/// with this. Where only the members are of interest, the rest is left out.
pub fn conversation(client: &Client, feed: &Feed, name: &str, has_events: bool) -> Option<Value> {
    let mut state = client.lock();
    let name = json::real_name(&state.model, name);
    state.ask_who_is_away(&name);
    if state.model.conversation(&name).is_none() && names::is_nick(&name) {
        // It has an id from now on, so that nobody else is meant who takes the name.
        state.model.enter_person(&name, true);
        feed.lock().compare(&state.model);
        feed.signal();
    }
    let known = state.model.conversation(&name)?;
    let (id, name, topic) = (known.id, shown(&known.name), clean(&known.topic));
    let members: Vec<_> = known.members.values().cloned().collect();
    let ranks: HashMap<_, _> = known.ranks.clone().into_iter().collect();
    let away = |nick: &String| Some((shown(nick), clean(state.model.presence.away(nick)?)));
    let away: Vec<_> = members.iter().filter_map(away).collect();
    // What is held back while the user sleeps comes later.
    let held: HashSet<_> = state.held().iter().map(Arc::as_ptr).collect();
    let events = known.scrollback.iter().filter(|event| has_events && !held.contains(&Arc::as_ptr(event)));
    let events: Vec<_> = events.map(Arc::clone).collect();
    let lens = json::lens(&state.model, None);
    let number = feed.lock().last;
    drop(state);
    let members: Vec<_> = members.iter().map(|nick| shown(nick)).collect();
    let events: Vec<_> = events.iter().filter_map(|event| json::of(event, &lens)).collect();
    Some(json!({
        "id": id, "n": number, "name": name, "topic": topic, "members": members, "ranks": ranks, "away": away,
        "events": events,
    }))
}
