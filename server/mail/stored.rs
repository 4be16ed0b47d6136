//! The form in which a message to one person is stored: its line as it goes over the wire, with all its tags, so that a
//! person can read it and a test can write it.
//!
//! Pure functions, called by client threads.

use wire::limits::LINE;
use wire::message::Message;

use crate::core::event::{Caps, Line};
use crate::core::msgid::Msgid;

/// Gives a line back what its stored text does not say, for a verb that a wing stores.
pub type Restore = fn(Line, &Message<'_>) -> Line;

/// Why a stored message cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is damaged: how.
    Damaged(&'static str),
    /// Its verb belongs to a wing that is not built in.
    UnknownVerb,
}

/// The bytes of a message's file.
pub fn to_file(line: &Line) -> Vec<u8> {
    let mut bytes = Vec::new();
    line.append(&mut bytes, Caps::ALL);
    bytes
}

/// The message in a file's bytes. `others` are the verbs that wings store, besides PRIVMSG and NOTICE.
pub fn from_file(bytes: &[u8], id: Msgid, others: &[(&'static str, Restore)]) -> Result<Line, Unreadable> {
    let (time, tags, text) = split(bytes, id).map_err(Unreadable::Damaged)?;
    let message = Message::parse(text).filter(|message| message.source.is_some_and(|source| source.contains('!')));
    let message = message.filter(|_| text.len() + "\r\n".len() <= LINE);
    let message = message.ok_or(Unreadable::Damaged("it is no message"))?;
    let line = Line::stored(text, time, tags);
    match message.verb {
        "PRIVMSG" | "NOTICE" => Ok(line),
        verb => {
            let restore = others.iter().find(|(known, _)| *known == verb).map(|(_, restore)| restore);
            restore.map(|restore| restore(line, &message)).ok_or(Unreadable::UnknownVerb)
        }
    }
}

/// The time, the other tags and the text, or how the file is damaged.
fn split(bytes: &[u8], id: Msgid) -> Result<(&str, &str, &str), &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let line = text.strip_suffix("\r\n").ok_or("its end is missing")?;
    if line.contains(['\r', '\n', '\0']) {
        return Err("it is not one line");
    }
    let (tags, text) = line.strip_prefix('@').and_then(|line| line.split_once(' ')).ok_or("it has no tags")?;
    let (time, tags) = tags.split_once(';').ok_or("it has no id")?;
    let time = time.strip_prefix("time=").ok_or("it has no time")?;
    if tags.split(';').next() != Some(&format!("msgid={id}")) {
        return Err("it has another id");
    }
    Ok((time, tags, text))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const ID: Msgid = Msgid { run: 0x65c_1234, number: 10 };

    #[test]
    fn a_message_comes_back_as_it_was() {
        let tags = format!("msgid={ID};+groupchat/id=x");
        let line = Line::message(SystemTime::now(), format_args!(":tesla!t@h PRIVMSG albert ::) na\u{ef}ve"), tags);
        let bytes = to_file(&line);
        assert_eq!(to_file(&from_file(&bytes, ID, &[]).unwrap()), bytes);
    }

    #[test]
    fn a_verb_of_a_wing_needs_that_wing() {
        let file = format!("@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h FILE ANNOUNCE albert 7\r\n");
        assert_eq!(from_file(file.as_bytes(), ID, &[]).unwrap_err(), Unreadable::UnknownVerb);
        let restore: Restore = |mut line, message| {
            line.add_tag(message.params[2]);
            line
        };
        let restored = from_file(file.as_bytes(), ID, &[("FILE", restore)]).unwrap();
        assert!(String::from_utf8(to_file(&restored)).unwrap().contains(";7 :tesla!t@h FILE"));
    }

    #[test]
    fn damage_is_found() {
        let read = |bytes: &[u8]| from_file(bytes, ID, &[]);
        let whole = format!("@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h PRIVMSG albert :psst\r\n");
        assert!(read(whole.as_bytes()).is_ok());
        for cut in 0..whole.len() {
            assert!(read(&whole.as_bytes()[..cut]).is_err(), "{cut} bytes of it");
        }
        for (from, to) in [
            ("psst", "ps\0t"),
            ("psst", "p\nst"),
            ("PRIVMSG", "QUIT"),
            (":tesla!", ":tesla"),
            ("time=", "tame="),
            ("msgid=", "id="),
        ] {
            let damaged = whole.replace(from, to);
            assert!(read(damaged.as_bytes()).is_err(), "{damaged}");
        }
        assert!(from_file(whole.as_bytes(), Msgid { number: 11, ..ID }, &[]).is_err());
        assert!(read(&[0; 100]).is_err() && read(b"\xff\r\n").is_err());
        assert!(read(whole.replace("psst", &"x".repeat(LINE)).as_bytes()).is_err());
    }
}
