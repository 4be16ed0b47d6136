//! What travels through the global buffer: the events that client threads hand to the broadcaster.
//!
//! Built by client threads, while they hold the registry's lock wherever order matters; consumed by the
//! broadcaster alone.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use wire::time::iso8601;

use crate::socket::Socket;

/// Names a connection. The slot is a number that no other connection has, kept small so that the
/// broadcaster finds an outbox by index; the serial keeps a new owner of a slot apart from an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    /// First, so that lists of people are in the order in which they came.
    pub serial: u32,
    pub slot: u32,
}

/// The capabilities that a client has asked for (`IRCv3` capability negotiation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps(u8);

impl Caps {
    pub const SERVER_TIME: Caps = Caps(1);
    pub const ECHO_MESSAGE: Caps = Caps(2);
    pub const MESSAGE_TAGS: Caps = Caps(4);
    pub const MULTI_PREFIX: Caps = Caps(8);
    pub const USERHOST_IN_NAMES: Caps = Caps(16);
    pub const CAP_NOTIFY: Caps = Caps(32);
    pub const FILES: Caps = Caps(64);

    /// Every capability with its name on the wire.
    pub const ALL: [(&'static str, Caps); 7] = [
        ("cap-notify", Caps::CAP_NOTIFY),
        ("echo-message", Caps::ECHO_MESSAGE),
        ("groupchat/files", Caps::FILES),
        ("message-tags", Caps::MESSAGE_TAGS),
        ("multi-prefix", Caps::MULTI_PREFIX),
        ("server-time", Caps::SERVER_TIME),
        ("userhost-in-names", Caps::USERHOST_IN_NAMES),
    ];

    pub fn has(self, other: Caps) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn set(&mut self, other: Caps, on: bool) {
        self.0 = if on { self.0 | other.0 } else { self.0 & !other.0 };
    }
}

/// One line from a person, ready for recipients with any capabilities.
#[derive(Debug)]
pub struct Line {
    /// `:source VERB parameters`, with its end.
    text: String,
    /// The `server-time` stamp.
    time: String,
    /// `msgid=…` and the sender's own tags, for messages that have them.
    tags: Option<String>,
    /// TAGMSG: it goes only to those who understand tags.
    tags_only: bool,
}

impl Line {
    /// A line that changes what the others know: JOIN, NICK, TOPIC and so on.
    pub fn new(text: fmt::Arguments<'_>) -> Self {
        let time = iso8601(SystemTime::now());
        Line { text: format!("{text}\r\n"), time, tags: None, tags_only: false }
    }

    /// A PRIVMSG, NOTICE or TAGMSG, which carries an id and the sender's tags.
    pub fn message(text: fmt::Arguments<'_>, tags: String, tags_only: bool) -> Self {
        Line { tags: Some(tags), tags_only, ..Line::new(text) }
    }

    /// A line that was stored, with the time and the tags that it had then.
    pub fn stored(text: &str, time: &str, tags: &str) -> Self {
        Line { text: format!("{text}\r\n"), time: time.into(), tags: Some(tags.into()), tags_only: false }
    }

    /// The line without its tags and its end.
    pub fn text(&self) -> &str {
        self.text.strip_suffix("\r\n").unwrap_or(&self.text)
    }

    /// Another text with the same time and tags.
    pub fn with_text(self, text: &str) -> Self {
        Line { text: format!("{text}\r\n"), ..self }
    }

    /// Who the line is from: a nick.
    pub fn from(&self) -> &str {
        let source = self.text.strip_prefix(':').unwrap_or_default();
        source.split(['!', ' ']).next().unwrap_or_default()
    }

    /// The day and minute of its time: `2026-11-25 09:30`.
    pub fn minute(&self) -> String {
        self.time.chars().take("2026-11-25T09:30".len()).collect::<String>().replace('T', " ")
    }

    /// Marks a letter that has waited in a mailbox.
    pub fn has_waited(&mut self) {
        if let Some(tags) = &mut self.tags {
            tags.push_str(";groupchat/waited");
        }
    }

    /// Bytes on the wire, without tags.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Bytes on the wire at most, with all tags.
    pub fn len_with_tags(&self) -> usize {
        "@time=; ".len() + self.time.len() + self.tags.as_ref().map_or(0, String::len) + self.text.len()
    }

    /// Appends the line to `bytes` in the form for a recipient with these capabilities.
    pub fn append(&self, bytes: &mut Vec<u8>, caps: Caps) {
        let time = caps.has(Caps::SERVER_TIME).then_some(self.time.as_str());
        let tags = self.tags.as_deref().filter(|_| caps.has(Caps::MESSAGE_TAGS));
        if self.tags_only && !caps.has(Caps::MESSAGE_TAGS) {
            return;
        }
        for (prefix, text) in [("@time=", time), (if time.is_some() { ";" } else { "@" }, tags)] {
            if let Some(text) = text {
                bytes.extend_from_slice(prefix.as_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        if time.or(tags).is_some() {
            bytes.push(b' ');
        }
        bytes.extend_from_slice(self.text.as_bytes());
    }
}

/// Who gets a line: a list shared with the room it came from, so that a message copies no names.
#[derive(Debug, Clone)]
pub struct Recipients {
    pub clients: Arc<[ClientId]>,
    /// The one in `clients` who does not get it.
    pub except: Option<ClientId>,
}

/// Why a client was cut off: set once by the broadcaster, read by the client's thread when its read ends.
pub type CutReason = Arc<OnceLock<&'static str>>;

/// An entry of the global buffer.
#[derive(Debug)]
pub enum Event {
    /// A client is there: from now on it has an outbox.
    Connected { client: ClientId, socket: Arc<Socket>, cut: CutReason },
    /// A client has other capabilities from here on.
    Capabilities { client: ClientId, caps: Caps },
    /// Whole lines for one client.
    Reply { client: ClientId, lines: Vec<u8> },
    /// One line for several.
    Line { to: Recipients, line: Line },
    /// A client has turned out to be a data connection: its own thread writes it, and nobody else.
    Raw { client: ClientId },
    /// A client has left: what waits for it is written, then its connection ends.
    Disconnected { client: ClientId },
    /// The server ends: this last line goes to everyone.
    Shutdown { farewell: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(line: &Line, caps: &[Caps]) -> String {
        let mut all = Caps::default();
        caps.iter().for_each(|&cap| all.set(cap, true));
        let mut bytes = Vec::new();
        line.append(&mut bytes, all);
        String::from_utf8(bytes).unwrap().replace(&line.time, "T")
    }

    #[test]
    fn a_recipient_gets_the_tags_it_asked_for() {
        let line = Line::message(format_args!(":a PRIVMSG b :c"), "msgid=1;+x=y".into(), false);
        assert_eq!(rendered(&line, &[]), ":a PRIVMSG b :c\r\n");
        assert_eq!(rendered(&line, &[Caps::SERVER_TIME]), "@time=T :a PRIVMSG b :c\r\n");
        assert_eq!(rendered(&line, &[Caps::MESSAGE_TAGS]), "@msgid=1;+x=y :a PRIVMSG b :c\r\n");
        let both = [Caps::MESSAGE_TAGS, Caps::SERVER_TIME];
        assert_eq!(rendered(&line, &both), "@time=T;msgid=1;+x=y :a PRIVMSG b :c\r\n");
        let only_tags = Line::message(format_args!(":a TAGMSG b"), "msgid=1".into(), true);
        assert_eq!(rendered(&only_tags, &[Caps::SERVER_TIME]), "");
    }
}
