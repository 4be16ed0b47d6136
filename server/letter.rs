//! A letter: a message to one person, with the id under which it lies in a mailbox, and its form there.
//!
//! Pure functions, called by client threads. A letter's file holds its line as it goes over the wire, with
//! all its tags, so that a person can read it and a test can write one.

use std::fmt;

use wire::limits;
use wire::message::Message;

use crate::announce::notice;
use crate::event::{Caps, Line};

/// The id of a message, which no other one has, of this run of the server or of another. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Msgid {
    /// Which run of the server: microseconds since 1970, mostly.
    pub run: u64,
    /// Which message of that run.
    pub number: u64,
}

/// So many digits, all of them always, so that file names sort as the ids do.
impl fmt::Display for Msgid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}-{:010x}", self.run, self.number)
    }
}

impl Msgid {
    /// The id that is written so, and not in any other form.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.split_once('-')?;
        let parse = |digits| u64::from_str_radix(digits, 16).ok();
        let id = Msgid { run: parse(run)?, number: parse(number)? };
        (id.to_string() == text).then_some(id)
    }
}

/// The bytes of a letter's file.
pub fn to_file(letter: &Line) -> Vec<u8> {
    let mut all = Caps::SERVER_TIME;
    all.set(Caps::MESSAGE_TAGS, true);
    let mut bytes = Vec::new();
    letter.append(&mut bytes, all);
    bytes
}

/// The letter in a file's bytes, or what is wrong with them.
pub fn from_file(bytes: &[u8], id: Msgid) -> Result<Line, &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let line = text.strip_suffix("\r\n").ok_or("its end is missing")?;
    if line.contains(['\r', '\n', '\0']) {
        return Err("it is not one line");
    }
    let (tags, message) = line.strip_prefix('@').and_then(|line| line.split_once(' ')).ok_or("it has no tags")?;
    let (time, tags) = tags.split_once(';').ok_or("it has no id")?;
    let time = time.strip_prefix("time=").ok_or("it has no time")?;
    if tags.split(';').next() != Some(&format!("msgid={id}")) {
        return Err("it has another id");
    }
    let parsed = Message::parse(message).filter(|message| message.source.is_some_and(|source| source.contains('!')));
    let is_letter = parsed.is_some_and(|message| matches!(message.verb, "PRIVMSG" | "NOTICE" | "FILE"));
    if !is_letter || message.len() + "\r\n".len() > limits::LINE {
        return Err("it is no message");
    }
    Ok(Line::stored(message, time, tags))
}

/// The letter as it goes to a client with these capabilities: one that knows no files gets a NOTICE of one.
pub fn fit_for(letter: Line, caps: Caps) -> Line {
    let notice = Message::parse(letter.text()).filter(|_| !caps.has(Caps::FILES)).and_then(|message| {
        let [_, target, id, size, _, name] = message.params[..] else { return None };
        let (id, size) = (id.parse().ok()?, size.parse().ok()?);
        let source = message.source.filter(|_| message.verb == "FILE")?;
        Some(format!(":{source} NOTICE {target} :{}", notice(id, size, name)))
    });
    match notice {
        Some(notice) => letter.with_text(&notice),
        None => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Msgid = Msgid { run: 0x65c_1234, number: 10 };

    #[test]
    fn ids_sort_as_they_are_written() {
        let ids = [(1, 9), (1, 10), (1, 0xffff), (0x10, 0)].map(|(run, number)| Msgid { run, number });
        assert!(ids.is_sorted());
        assert!(ids.map(|id| id.to_string()).is_sorted());
        assert!(ids.iter().all(|id| Msgid::parse(&id.to_string()) == Some(*id)));
        for wrong in ["", "-", "1-2", "../x", "0000000000065c-00000000zz", "+0000000000065-0000000001"] {
            assert_eq!(Msgid::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_letter_comes_back_as_it_was() {
        let tags = format!("msgid={ID};+groupchat/id=x");
        let letter = Line::message(format_args!(":tesla!t@h PRIVMSG albert ::) na\u{ef}ve"), tags, false);
        let bytes = to_file(&letter);
        assert_eq!(to_file(&from_file(&bytes, ID).unwrap()), bytes);
    }

    #[test]
    fn who_knows_no_files_gets_a_notice() {
        let tags = || format!("msgid={ID}");
        let file =
            || Line::message(format_args!(":t!t@h FILE ANNOUNCE bob 7 2048 1a2b3c4d :my :) file"), tags(), false);
        assert_eq!(fit_for(file(), Caps::FILES).text(), file().text());
        let notice =
            ":t!t@h NOTICE bob :shared a file: my :) file (2.0 KiB); with the groupchat client /get 7 fetches it";
        assert_eq!(fit_for(file(), Caps::default()).text(), notice);
        let text = || Line::message(format_args!(":t!t@h PRIVMSG bob :1 2 3 4 5 6"), tags(), false);
        assert_eq!(fit_for(text(), Caps::default()).text(), text().text());
    }

    #[test]
    fn damage_is_found() {
        let whole = format!("@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h PRIVMSG albert :psst\r\n");
        assert!(from_file(whole.as_bytes(), ID).is_ok());
        for cut in 0..whole.len() {
            assert!(from_file(&whole.as_bytes()[..cut], ID).is_err(), "{cut} bytes of it");
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
            assert!(from_file(damaged.as_bytes(), ID).is_err(), "{damaged}");
        }
        assert!(from_file(whole.as_bytes(), Msgid { number: 11, ..ID }).is_err());
        assert!(from_file(&[0; 100], ID).is_err() && from_file(b"\xff\r\n", ID).is_err());
        let long = whole.replace("psst", &"x".repeat(limits::LINE));
        assert!(from_file(long.as_bytes(), ID).is_err());
    }
}
