//! The events of the global buffer, which client threads hand to the broadcaster.
//!
//! Client threads build them, wherever the order matters under the registry's lock. The broadcaster alone consumes
//! them.

use std::convert::Infallible;
use std::fmt;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use wire::time::iso8601;

use super::socket::Socket;

/// Names a connection. The slot is unique among the connections of the moment and small, so that the broadcaster finds
/// an outbox by index. The serial tells a new owner of a slot from an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    /// First, so that lists of clients are in the order in which they connected.
    pub serial: u32,
    pub slot: u32,
}

/// The capabilities that a client has requested (`IRCv3` capability negotiation), one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps(u16);

impl Caps {
    pub const CAP_NOTIFY: Caps = Caps::bit(0);
    pub const ECHO_MESSAGE: Caps = Caps::bit(1);
    pub const MESSAGE_TAGS: Caps = Caps::bit(2);
    pub const SERVER_TIME: Caps = Caps::bit(3);
    /// JOIN with the real name. The core has the line, a wing offers the capability.
    pub const EXTENDED_JOIN: Caps = Caps::bit(4);
    /// Lines that belong together, and among them messages of several rows. A wing offers both.
    pub const BATCH: Caps = Caps::bit(5);
    pub const MULTILINE: Caps = Caps::bit(6);
    pub const ALL: Caps = Caps(u16::MAX);
    /// The first bit that wings may use.
    pub const FIRST_OF_WINGS: u32 = 8;

    /// The capabilities of the core, with their names on the wire.
    pub const OF_CORE: &[(&'static str, Caps)] = &[
        ("cap-notify", Caps::CAP_NOTIFY),
        ("echo-message", Caps::ECHO_MESSAGE),
        ("message-tags", Caps::MESSAGE_TAGS),
        ("server-time", Caps::SERVER_TIME),
    ];

    /// A capability of its own. The table of capabilities holds each bit once, which a test checks.
    pub const fn bit(bit: u32) -> Caps {
        Caps(1 << bit)
    }

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
    /// `:source VERB parameters`, with CR LF.
    text: String,
    /// The `server-time` stamp.
    time: String,
    /// `msgid=…` and the sender's own tags, for messages that have them.
    tags: Option<String>,
    kind: Kind,
}

/// Which recipients understand a line.
#[derive(Debug)]
enum Kind {
    Plain,
    /// Only those with these capabilities. The others get other lines, or nothing. The first line has the tags, the others
    /// the time alone.
    Needs(Caps, Vec<String>),
}

impl Line {
    /// A line that changes what the others know: JOIN, NICK, TOPIC and so on.
    pub fn new(now: SystemTime, text: fmt::Arguments<'_>) -> Self {
        Line { text: format!("{text}\r\n"), time: iso8601(now), tags: None, kind: Kind::Plain }
    }

    /// A message, which carries an id and the sender's tags.
    pub fn message(now: SystemTime, text: fmt::Arguments<'_>, tags: String) -> Self {
        Line { tags: Some(tags), ..Line::new(now, text) }
    }

    /// A line that was stored, with the time and the tags that it had then.
    pub fn stored(text: &str, time: &str, tags: &str) -> Self {
        Line { text: format!("{text}\r\n"), time: time.into(), tags: Some(tags.into()), kind: Kind::Plain }
    }

    /// Only for clients with a capability; the others get `otherwise`, if anything.
    pub fn only_for(mut self, caps: Caps, otherwise: Option<fmt::Arguments<'_>>) -> Self {
        self.kind = Kind::Needs(caps, otherwise.map(|text| format!("{text}\r\n")).into_iter().collect());
        self
    }

    /// It is a message of several rows, which are lines of their own for most clients.
    pub fn in_rows(mut self, plain_lines: Vec<String>) -> Self {
        self.kind = Kind::Needs(Caps(Caps::BATCH.0 | Caps::MULTILINE.0), plain_lines);
        self
    }

    /// The nick in its source.
    pub fn from(&self) -> &str {
        let source = self.text.strip_prefix(':').unwrap_or_default();
        source.split(['!', ' ']).next().unwrap_or_default()
    }

    /// The stamp, as `2026-11-25T09:30:00.000Z`.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// Adds a tag to those of a message.
    pub fn add_tag(&mut self, tag: &str) {
        if let Some(tags) = &mut self.tags {
            tags.extend([";", tag]);
        }
    }

    /// Bytes on the wire at most, with all tags.
    pub fn len_with_tags(&self) -> usize {
        let time = "@time=; ".len() + self.time.len();
        let others = match &self.kind {
            Kind::Plain => 0,
            Kind::Needs(_, lines) => lines.iter().map(|line| line.len() + time).sum::<usize>(),
        };
        self.tags.as_ref().map_or(0, String::len) + others.max(time + self.text.len())
    }

    /// Whether it is of no use later, so that a recipient that is behind can do without it.
    pub fn is_dispensable(&self) -> bool {
        matches!(&self.kind, Kind::Needs(Caps::MESSAGE_TAGS, lines) if lines.is_empty())
    }

    /// The same without the tags that its sender has added, for a recipient that is behind.
    pub fn append_short(&self, bytes: &mut Vec<u8>, caps: Caps) {
        let tags = self.tags.as_deref().map(|tags| tags.split(';').next().unwrap_or_default());
        self.append_with(bytes, caps, tags);
    }

    /// Appends the line to `bytes` in the form for a recipient with these capabilities: [`Caps::ALL`] for all there is.
    pub fn append(&self, bytes: &mut Vec<u8>, caps: Caps) {
        self.append_with(bytes, caps, self.tags.as_deref());
    }

    #[inline]
    fn append_with(&self, bytes: &mut Vec<u8>, caps: Caps, tags: Option<&str>) {
        match &self.kind {
            Kind::Needs(needed, lines) if !caps.has(*needed) => {
                let tags = iter::once(tags).chain(iter::repeat(None));
                lines.iter().zip(tags).for_each(|(line, tags)| self.append_line(bytes, caps, tags, line));
            }
            _ => self.append_line(bytes, caps, tags, &self.text),
        }
    }

    #[inline]
    fn append_line(&self, bytes: &mut Vec<u8>, caps: Caps, tags: Option<&str>, line: &str) {
        let time = caps.has(Caps::SERVER_TIME).then_some(self.time.as_str());
        let tags = tags.filter(|_| caps.has(Caps::MESSAGE_TAGS));
        for (prefix, text) in [("@time=", time), (if time.is_some() { ";" } else { "@" }, tags)] {
            if let Some(text) = text {
                bytes.extend_from_slice(prefix.as_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        if time.or(tags).is_some() {
            bytes.push(b' ');
        }
        bytes.extend_from_slice(line.as_bytes());
    }
}

/// The recipients of a line: a list shared with the room that it came from, so that a message copies no names.
#[derive(Debug, Clone)]
pub struct Recipients {
    pub clients: Arc<[ClientId]>,
    /// One of `clients` that is left out, mostly the sender.
    pub except: Option<ClientId>,
}

impl Recipients {
    pub fn of(clients: impl IntoIterator<Item = ClientId>) -> Self {
        Recipients { clients: clients.into_iter().collect(), except: None }
    }
}

/// Why the broadcaster disconnected a client: set once, and read by the client's thread when its read ends.
pub type CutReason = Arc<OnceLock<&'static str>>;

/// Bytes of a line for all its recipients, counted while the line is in the global buffer.
#[derive(Debug)]
pub struct Queued {
    pub all: Arc<AtomicUsize>,
    pub bytes: usize,
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// An entry of the global buffer.
#[derive(Debug)]
pub enum Event {
    /// A client has connected: from now on it has an outbox.
    Connected { client: ClientId, socket: Arc<Socket>, cut: CutReason },
    /// A client has other capabilities from here on.
    Capabilities { client: ClientId, caps: Caps },
    /// Whole lines for one client.
    Reply { client: ClientId, lines: Vec<u8> },
    /// Whole lines for one client that wait until this time, in the place of those that wait already.
    ReplyLater { client: ClientId, lines: Vec<u8>, at: Instant },
    /// One line for several clients.
    Line { to: Recipients, line: Line, _queued: Queued },
    /// Ends the connection of a client for this reason, after the lines that wait for it. Its own thread then finds the
    /// reason, and takes the client out.
    Disconnect { client: ClientId, reason: &'static str },
    /// A client's thread waits until the broadcaster has come here, and drops this.
    Reached { _waiting: Sender<Infallible> },
    /// The connection's own thread writes the socket from here on, and nobody else.
    Detached { client: ClientId },
    /// A client has left: the broadcaster writes what waits for it, then ends its connection.
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
        let now = SystemTime::UNIX_EPOCH;
        let line = Line::message(now, format_args!(":a PRIVMSG b :c"), "msgid=1;+x=y".into());
        assert_eq!(rendered(&line, &[]), ":a PRIVMSG b :c\r\n");
        assert_eq!(rendered(&line, &[Caps::SERVER_TIME]), "@time=T :a PRIVMSG b :c\r\n");
        assert_eq!(rendered(&line, &[Caps::MESSAGE_TAGS]), "@msgid=1;+x=y :a PRIVMSG b :c\r\n");
        let both = [Caps::MESSAGE_TAGS, Caps::SERVER_TIME];
        assert_eq!(rendered(&line, &both), "@time=T;msgid=1;+x=y :a PRIVMSG b :c\r\n");
        let only_tags = Line::message(now, format_args!(":a TAGMSG b"), "msgid=1".into());
        let only_tags = only_tags.only_for(Caps::MESSAGE_TAGS, None);
        assert_eq!(rendered(&only_tags, &[Caps::SERVER_TIME]), "");
        assert_eq!(rendered(&only_tags, &[Caps::MESSAGE_TAGS]), "@msgid=1 :a TAGMSG b\r\n");
    }

    #[test]
    fn a_recipient_without_the_capability_gets_the_other_text() {
        let cap = Caps::bit(Caps::FIRST_OF_WINGS);
        let line = Line::message(SystemTime::UNIX_EPOCH, format_args!(":a FILE x"), "msgid=1".into());
        let line = line.only_for(cap, Some(format_args!(":a NOTICE b :a file")));
        assert_eq!(rendered(&line, &[cap]), ":a FILE x\r\n");
        assert_eq!(rendered(&line, &[Caps::MESSAGE_TAGS]), "@msgid=1 :a NOTICE b :a file\r\n");
    }

    #[test]
    fn rows_are_lines_of_their_own_for_those_who_do_not_know_them() {
        let line = Line::message(SystemTime::UNIX_EPOCH, format_args!(":a BATCH +1 x"), "msgid=1".into());
        let line = line.in_rows(vec![":a PRIVMSG b :one\r\n".into(), ":a PRIVMSG b :two\r\n".into()]);
        assert_eq!(rendered(&line, &[Caps::BATCH, Caps::MULTILINE, Caps::SERVER_TIME]), "@time=T :a BATCH +1 x\r\n");
        let tagged = "@time=T;msgid=1 :a PRIVMSG b :one\r\n@time=T :a PRIVMSG b :two\r\n";
        for cap in [Caps::BATCH, Caps::MULTILINE] {
            assert_eq!(rendered(&line, &[cap, Caps::MESSAGE_TAGS, Caps::SERVER_TIME]), tagged);
        }
        assert_eq!(rendered(&line, &[Caps::MESSAGE_TAGS]), "@msgid=1 :a PRIVMSG b :one\r\n:a PRIVMSG b :two\r\n");
        assert!(line.len_with_tags() >= tagged.len());
    }
}
