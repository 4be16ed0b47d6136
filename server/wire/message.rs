//! One message of the protocol: `@tags :source VERB param param :last param` (RFC 1459, section 2.3.1,
//! as clarified by the Modern IRC client protocol, with the tags of `IRCv3`).
//!
//! Pure functions on borrowed text; called by every thread that reads or writes a socket.

use std::borrow::Cow;
use std::fmt;

use crate::limits;
use crate::text::truncate;

/// A message, borrowed from the line that it was parsed from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message<'a> {
    /// The tag section without its `@`, as it came; see [`Message::tags`].
    pub raw_tags: &'a str,
    /// The sender: a server's name or `nick!user@host`. The server ignores a source that a client sends.
    pub source: Option<&'a str>,
    /// The command, or the three digits of a numeric, as it came.
    pub verb: &'a str,
    /// The parameters, without the `:` of the last one.
    pub params: Vec<&'a str>,
}

impl<'a> Message<'a> {
    /// Takes a line (without its end) apart; `None` when it has no verb.
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut message = Message::default();
        let mut rest = line.trim_start_matches(' ');
        if let Some(tagged) = rest.strip_prefix('@') {
            (message.raw_tags, rest) = word(tagged);
        }
        if let Some(sourced) = rest.strip_prefix(':') {
            let (source, after) = word(sourced);
            (message.source, rest) = (Some(source), after);
        }
        (message.verb, rest) = word(rest);
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                message.params.push(last);
                break;
            }
            let (param, after) = word(rest);
            message.params.push(param);
            rest = after;
        }
        (!message.verb.is_empty()).then_some(message)
    }

    /// The parameter at `index`, or `None` when it is missing or empty.
    pub fn param(&self, index: usize) -> Option<&'a str> {
        self.params.get(index).copied().filter(|param| !param.is_empty())
    }

    /// The tags: key and value, the value still escaped.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tags = self.raw_tags.split(';').filter(|tag| !tag.is_empty());
        tags.map(|tag| tag.split_once('=').unwrap_or((tag, "")))
    }

    /// The value of a tag, unescaped; the last one counts when a key comes twice.
    pub fn tag(&self, key: &str) -> Option<Cow<'a, str>> {
        let found = self.tags().filter(|&(name, _)| name == key).last();
        found.map(|(_, value)| unescape_tag(value))
    }

    /// The nick in a source of the form `nick!user@host`, or all of it when it is a server's name.
    pub fn source_nick(&self) -> &'a str {
        let source = self.source.unwrap_or_default();
        source.split_once('!').map_or(source, |(nick, _)| nick)
    }
}

/// Writes the message as one line, without its end.
///
/// The result parses to the same message, provided that no part but the last parameter is empty,
/// holds a space or starts with `:`, and that none holds CR, LF or NUL.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.raw_tags.is_empty() {
            write!(f, "@{} ", self.raw_tags)?;
        }
        if let Some(source) = self.source {
            write!(f, ":{source} ")?;
        }
        f.write_str(self.verb)?;
        let Some((last, middle)) = self.params.split_last() else { return Ok(()) };
        for param in middle {
            write!(f, " {param}")?;
        }
        let plain = !last.is_empty() && !last.starts_with(':') && !last.contains(' ');
        write!(f, " {}{last}", if plain { "" } else { ":" })
    }
}

/// A text as it can stand in the middle of a line: one word, of at most [`limits::REPEATED`] bytes. A reply repeats a
/// client's parameter so, which may have been a last one with spaces, or too long for the reply.
pub fn middle(param: &str) -> String {
    let short = truncate(param, limits::REPEATED);
    let word = short.strip_prefix(':').map_or(short.to_owned(), |rest| format!("_{rest}"));
    if word.is_empty() { "*".into() } else { word.replace(' ', "_") }
}

/// The first word of `text`, and what follows the spaces after it.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start_matches(' '))
}

/// Undoes the escapes of a tag value (`IRCv3` message-tags, "Escaping values").
fn unescape_tag(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut chars = value.chars();
    let plain = std::iter::from_fn(|| match chars.next()? {
        '\\' => Some(match chars.next()? {
            ':' => ';',
            's' => ' ',
            'r' => '\r',
            'n' => '\n',
            other => other,
        }),
        c => Some(c),
    });
    Cow::Owned(plain.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_every_part() {
        let message = Message::parse("@time=x;+a=b\\sc;flag :tesla!t@h PRIVMSG  #lobby   :hello there").unwrap();
        assert_eq!(message.raw_tags, "time=x;+a=b\\sc;flag");
        assert_eq!(message.tag("+a").as_deref(), Some("b c"));
        assert_eq!(message.tag("flag").as_deref(), Some(""));
        assert_eq!(message.tag("b"), None);
        assert_eq!(message.source_nick(), "tesla");
        assert_eq!(message.verb, "PRIVMSG");
        assert_eq!(message.params, ["#lobby", "hello there"]);
    }

    #[test]
    fn last_parameter_may_be_empty_or_hold_colons() {
        assert_eq!(Message::parse("TOPIC #a :").unwrap().params, ["#a", ""]);
        assert_eq!(Message::parse("TOPIC #a ::)").unwrap().params, ["#a", ":)"]);
        assert_eq!(Message::parse("A b:c :d").unwrap().params, ["b:c", "d"]);
        assert_eq!(Message::parse("LIST  ").unwrap().params, [""; 0]);
    }

    #[test]
    fn a_line_without_a_verb_is_no_message() {
        for line in ["", "   ", "@tag", "@tag ", ":source", ":source ", ":"] {
            assert_eq!(Message::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn tag_escapes() {
        assert_eq!(unescape_tag(r"a\:b\s\\\r\n\x\"), "a;b \\\r\nx");
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let line = String::from_utf8_lossy(&bytes);
            if let Some(message) = Message::parse(&line) {
                let _ = (message.to_string(), message.tags().count(), message.source_nick());
            }
        }

        #[test]
        fn round_trips(
            raw_tags in "([+a-z/.-]{1,8}(=[^ ;\r\n\0]{0,9})?(;[a-z]{1,4}){0,3})?",
            source in proptest::option::of("[^ \r\n\0]{1,20}"),
            verb in "[A-Za-z]{1,9}|[0-9]{3}",
            middle in proptest::collection::vec("[^ :\r\n\0][^ \r\n\0]{0,8}", 0..5),
            last in proptest::option::of("[^\r\n\0]{0,40}"),
        ) {
            let params = middle.iter().chain(&last).map(String::as_str).collect();
            let message = Message { raw_tags: &raw_tags, source: source.as_deref(), verb: &verb, params };
            let line = message.to_string();
            prop_assert_eq!(Message::parse(&line), Some(message.clone()));
        }
    }
}
