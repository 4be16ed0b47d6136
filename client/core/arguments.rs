//! The arguments of commands: words, names, rooms.
//!
//! Run by the main thread; the state is locked only to say what is wrong.

use super::client::Client;
use super::model;
use wire::names;

/// Splits off the first word.
pub fn first_word(arguments: &str) -> (&str, &str) {
    let (word, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    (word, rest.trim_start())
}

/// Somebody's name, as an argument; says what is wrong when it can be nobody's.
pub fn nick<'a>(client: &Client, given: &'a str) -> Option<&'a str> {
    let nick = bare_nick(given);
    if !names::is_nick(nick) {
        client.refuse(bad_nick(nick));
    }
    Some(nick).filter(|nick| names::is_nick(nick))
}

/// A name without what people write around it: `@albert`, `albert:`, `albert,`.
pub fn bare_nick(given: &str) -> &str {
    given.trim_start_matches('@').trim_end_matches([':', ','])
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

/// Whether an argument can only be a room, by its first character.
pub fn is_room(given: &str) -> bool {
    given.starts_with(['#', '&', '+', '!'])
}

/// A room's name with its `#`, which may be left out (a shell takes it for a comment). Other servers have rooms whose
/// names begin with `&`, `+` or `!`.
pub fn room(given: &str) -> Result<String, String> {
    let room = if is_room(given) { given.to_owned() } else { format!("#{given}") };
    let reason = "a room has a # and then at most 63 bytes without space or comma";
    if names::is_room(&format!("#{}", &room[1..])) { Ok(room) } else { Err(reason.to_owned()) }
}

/// The room of the given name, or the one that the user is talking in when none is given.
pub fn room_or_current(client: &Client, given: &str) -> Option<String> {
    let mut state = client.lock();
    let room = match state.model.here() {
        _ if !given.is_empty() => room(given),
        Ok(Some(room)) if model::is_room(room) => Ok(room.to_owned()),
        Ok(Some(nick)) => Err(format!("you are talking to {nick}, not to a room; go to one with /to #room")),
        Ok(None) if state.model.rooms().next().is_some() => {
            Err("you are talking to nobody; go on with /to #room".to_owned())
        }
        Ok(None) => Err("you are in no room; enter one with /join #room".to_owned()),
        Err(elsewhere) => Err(elsewhere),
    };
    room.map_err(|reason| state.refuse(format!("Nothing was sent: {reason}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_the_marks_that_people_write_around_them() {
        for given in ["tesla", "@tesla", "tesla:", "tesla,", "@tesla:"] {
            assert_eq!(bare_nick(given), "tesla");
        }
        assert_eq!([bare_nick("@"), bare_nick(":"), bare_nick("a:b")], ["", "", "a:b"]);
    }

    #[test]
    fn rooms() {
        assert_eq!(room("dev").as_deref(), Ok("#dev"));
        assert_eq!(room("#dev").as_deref(), Ok("#dev"));
        assert!(room("").is_err());
        assert!(room("two words").is_err());
    }
}
