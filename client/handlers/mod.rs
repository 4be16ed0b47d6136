//! What the commands do, one function for each.
//!
//! Run by the main thread. A handler locks the state for a moment at a time and never while it waits.

pub mod directory;
pub mod files;
pub mod people;
pub mod rooms;
pub mod talk;

use crate::state::Client;
use std::time::Duration;
use wire::names;

/// How long the next line of input waits for the answer to a command that changes what it means:
/// another room, another name.
const ANSWER: Duration = Duration::from_mins(1);

/// Splits off the first word.
pub fn first_word(arguments: &str) -> (&str, &str) {
    let (word, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    (word, rest.trim_start())
}

/// Whether `nick` can be somebody's name; says so when not.
pub fn is_nick(client: &Client, nick: &str) -> bool {
    if !names::is_nick(nick) {
        client.lock().screen.tell(&bad_nick(nick));
    }
    names::is_nick(nick)
}

/// Why `nick` is refused before any server sees it.
pub fn bad_nick(nick: &str) -> String {
    if nick.is_empty() {
        return "Please type a name".to_owned();
    }
    let most = wire::limits::NICK;
    format!(
        "\"{nick}\" cannot be a name: use up to {most} of A-Z a-z 0-9 - [ ] \\ ` _ ^ {{ | }}, and no digit or - at the start"
    )
}

/// The room of the given name, or the one that the user is talking in when none is given.
fn room_or_current(client: &Client, given: &str) -> Option<String> {
    let mut state = client.lock();
    let room = match state.target() {
        _ if !given.is_empty() => crate::args::room(given),
        Some(room) if names::is_room(room) => Ok(room.to_owned()),
        Some(nick) => Err(format!("you are talking to {nick}, not to a room; go to one with /to #room")),
        None => Err("you are in no room; enter one with /join #room".to_owned()),
    };
    room.map_err(|reason| state.screen.tell(&format!("Nothing was sent: {reason}"))).ok()
}
