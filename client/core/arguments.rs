//! The arguments of commands: words, names, rooms.
//!
//! Run by the main thread; the state is locked only to say what is wrong.

use super::client::Client;
use std::time::Duration;
use wire::names;

/// How long the next line of input waits for the answer to a command that changes what it means:
/// another room, another name.
pub const ANSWER: Duration = Duration::from_mins(1);

/// Splits off the first word.
pub fn first_word(arguments: &str) -> (&str, &str) {
    let (word, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    (word, rest.trim_start())
}

/// Whether `nick` can be somebody's name; says so when not.
pub fn is_nick(client: &Client, nick: &str) -> bool {
    if !names::is_nick(nick) {
        client.note(bad_nick(nick));
    }
    names::is_nick(nick)
}

/// Why `nick` is refused before any server sees it.
pub fn bad_nick(nick: &str) -> String {
    if nick.is_empty() {
        return "Please type a name".to_owned();
    }
    let most = wire::limits::NICK;
    let rule = "and no digit or - at the start";
    format!("\"{nick}\" cannot be a name: use up to {most} of A-Z a-z 0-9 - [ ] \\ ` _ ^ {{ | }}, {rule}")
}

/// A room's name with its `#`, which may be left out (a shell takes it for a comment).
pub fn room(given: &str) -> Result<String, String> {
    let room = if given.starts_with('#') { given.to_owned() } else { format!("#{given}") };
    let reason = "a room has a # and then at most 63 bytes without space or comma";
    if names::is_room(&room) { Ok(room) } else { Err(reason.to_owned()) }
}

/// The room of the given name, or the one that the user is talking in when none is given.
pub fn room_or_current(client: &Client, given: &str) -> Option<String> {
    let mut state = client.lock();
    let room = match state.model.target() {
        _ if !given.is_empty() => room(given),
        Some(room) if names::is_room(room) => Ok(room.to_owned()),
        Some(nick) => Err(format!("you are talking to {nick}, not to a room; go to one with /to #room")),
        None => Err("you are in no room; enter one with /join #room".to_owned()),
    };
    room.map_err(|reason| state.note(format!("Nothing was sent: {reason}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms() {
        assert_eq!(room("dev").as_deref(), Ok("#dev"));
        assert_eq!(room("#dev").as_deref(), Ok("#dev"));
        assert!(room("").is_err());
        assert!(room("two words").is_err());
    }
}
