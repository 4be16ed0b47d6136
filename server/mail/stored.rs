//! The form in which a message to one person is stored: its line as it goes over the wire, with all its tags, so that a
//! person can read it and a test can write it. A message of several rows is one message, too: the lines of a batch.
//!
//! Pure functions, called by client threads.

use wire::limits::LINE;
use wire::message::Message;
use wire::names::eq_ignore_case;

use crate::core::event::{Caps, Line};
use crate::core::msgid::Msgid;
use crate::core::rows::Batch;

/// A verb that another wing stores, and the function that gives its line back what the stored text does not say.
pub type OtherVerb = (&'static str, fn(Line, &Message<'_>) -> Line);

/// The bytes of a message's file.
pub fn to_file(line: &Line) -> Vec<u8> {
    let mut bytes = Vec::new();
    line.append(&mut bytes, Caps::ALL);
    bytes
}

/// The message in a file's bytes, for the client of that nick; `None` if its verb belongs to a wing that is not built in.
/// An error says how it is damaged.
pub fn from_file(bytes: &[u8], id: Msgid, nick: &str, other: Option<&OtherVerb>) -> Result<Option<Line>, &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let line = text.strip_suffix("\r\n").ok_or("its end is missing")?;
    let (tags, text) = line.strip_prefix('@').and_then(|line| line.split_once(' ')).ok_or("it has no tags")?;
    let (time, tags) = tags.split_once(';').ok_or("it has no id")?;
    let time = time.strip_prefix("time=").ok_or("it has no time")?;
    if tags.split(';').next() != Some(&format!("msgid={id}")) {
        return Err("it has another id");
    }
    if Message::parse(text).is_some_and(|message| message.verb == "BATCH") {
        let batch = Batch::parse(text).ok_or("it is not one message")?;
        let target = if eq_ignore_case(batch.target, nick) { nick } else { batch.target };
        let batch = Batch { target, ..batch };
        return Ok(Some(Line::stored(&batch.lines(), time, tags).in_rows(batch.plain_lines())));
    }
    if line.contains(['\r', '\n', '\0']) {
        return Err("it is not one line");
    }
    let message = Message::parse(text).filter(|message| message.source.is_some_and(|source| source.contains('!')));
    let message = message.filter(|_| text.len() + "\r\n".len() <= LINE).ok_or("it is no message")?;
    if matches!(message.verb, "PRIVMSG" | "NOTICE") {
        return Ok(Some(Line::stored(&addressed(text, 2, nick), time, tags)));
    }
    let restored = other.filter(|(known, _)| *known == message.verb).and_then(|(_, restore)| {
        // A subcommand comes first.
        let text = addressed(text, 3, nick);
        Some(restore(Line::stored(&text, time, tags), &Message::parse(&text)?))
    });
    Ok(restored)
}

/// The text of a line with the recipient, in this place among its words, spelt as the recipient does it. The sender could
/// not know that.
fn addressed(text: &str, place: usize, nick: &str) -> String {
    let start = text.match_indices(' ').nth(place - 1).map_or(text.len(), |(space, _)| space + 1);
    match text.split_at_checked(start + nick.len()) {
        Some((before, rest)) if rest.starts_with(' ') && eq_ignore_case(&before[start..], nick) => {
            [&text[..start], nick, rest].concat()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const ID: Msgid = Msgid { run: 0x65c_1234, number: 10 };

    #[test]
    fn a_message_comes_back_as_it_was() {
        let tags = format!("msgid={ID};+groupchat.local/id=x");
        let line = Line::message(SystemTime::now(), format_args!(":tesla!t@h PRIVMSG albert ::) na\u{ef}ve"), tags);
        let bytes = to_file(&line);
        assert_eq!(to_file(&from_file(&bytes, ID, "albert", None).unwrap().unwrap()), bytes);
    }

    #[test]
    fn a_message_of_several_rows_comes_back_whole_or_not_at_all() {
        let whole = format!(
            "@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h BATCH +a draft/multiline albert\r\n\
             @batch=a :tesla!t@h PRIVMSG albert :one\r\n@batch=a :tesla!t@h PRIVMSG albert :\r\nBATCH -a\r\n",
        );
        let read = |bytes: &[u8], nick| from_file(bytes, ID, nick, None);
        assert_eq!(to_file(&read(whole.as_bytes(), "albert").unwrap().unwrap()), whole.as_bytes());
        let spelt = whole.replace("albert", "ALBERT");
        assert_eq!(to_file(&read(whole.as_bytes(), "ALBERT").unwrap().unwrap()), spelt.as_bytes());
        assert!((0..whole.len()).all(|cut| read(&whole.as_bytes()[..cut], "albert").is_err()));
        for (from, to) in [("one", "o\0e"), ("one", "o\ne"), ("PRIVMSG albert :\r", "PRIVMSG carl :\r"), ("+a", "+b")] {
            assert!(read(whole.replace(from, to).as_bytes(), "albert").is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_verb_of_a_wing_needs_that_wing() {
        let file = format!("@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h FILE ANNOUNCE albert 7\r\n");
        assert!(from_file(file.as_bytes(), ID, "albert", None).unwrap().is_none());
        let verb: OtherVerb = ("FILE", |mut line, message| {
            line.add_tag(message.params[2]);
            line
        });
        let restored = from_file(file.as_bytes(), ID, "albert", Some(&verb)).unwrap().unwrap();
        assert!(String::from_utf8(to_file(&restored)).unwrap().contains(";7 :tesla!t@h FILE"));
    }

    #[test]
    fn the_recipient_is_spelt_as_its_owner_does_it() {
        let to_albert = |text, place| addressed(text, place, "Albert");
        assert_eq!(to_albert(":t!t@h PRIVMSG aLBERT :albert albert", 2), ":t!t@h PRIVMSG Albert :albert albert");
        assert_eq!(to_albert(":t!t@h FILE ANNOUNCE albert 7 :albert", 3), ":t!t@h FILE ANNOUNCE Albert 7 :albert");
        for (text, place) in [
            (":t!t@h FILE ANNOUNCE #lobby 7 :albert", 3),
            (":t!t@h PRIVMSG alberta :albert", 2),
            (":t!t@h PRIVMSG alb", 2),
            (":t!t@h PRIVMSG albert", 2),
            (":t!t@h PRIVMSG \u{e4}\u{e4}\u{e4}\u{e4} :x", 2),
            (":t!t@h PRIVMSG", 2),
        ] {
            assert_eq!(to_albert(text, place), text);
        }
    }

    #[test]
    fn damage_is_found() {
        let reads = |bytes: &[u8]| matches!(from_file(bytes, ID, "albert", None), Ok(Some(_)));
        let whole = format!("@time=2026-11-25T09:30:00.000Z;msgid={ID} :tesla!t@h PRIVMSG albert :psst\r\n");
        assert!(reads(whole.as_bytes()));
        for cut in 0..whole.len() {
            assert!(!reads(&whole.as_bytes()[..cut]), "{cut} bytes of it");
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
            assert!(!reads(damaged.as_bytes()), "{damaged}");
        }
        assert!(from_file(whole.as_bytes(), Msgid { number: 11, ..ID }, "albert", None).is_err());
        assert!(!reads(&[0; 100]) && !reads(b"\xff\r\n"));
        assert!(!reads(whole.replace("psst", &"x".repeat(LINE)).as_bytes()));
    }
}
