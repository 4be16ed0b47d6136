//! Registering: gives our name to the server on an open connection, and waits for the welcome.
//!
//! Run by the main thread for the first connection and by the receiver thread for later ones, which own their
//! socket. No lock.

use super::dialer::Failure;
use super::limits::{NAME, REGISTER};
use super::numerics;
use super::rows::{BATCH, Limits, MULTILINE};
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::lines::{Line, LineBuffer};
use wire::message::Message;
use wire::stream::Stream;
use wire::{limits, names, numeric, text};

/// The capability by which our messages may have tags.
pub const TAGS: &str = "message-tags";
/// The tag of messages that have waited for us, and the capability of clients that show when those were written.
pub const WAITED: &str = "groupchat.local/waited";
/// The core asks the server for these (`IRCv3` capability negotiation), each alone, since some servers have only some.
const WANTED: [&str; 6] = [TAGS, "server-time", "multi-prefix", WAITED, BATCH, MULTILINE];

/// A connection on which we are registered.
pub struct Connection {
    /// The main thread writes to the same socket.
    pub stream: Arc<Stream>,
    /// Bytes that were read and are not handled yet.
    pub lines: LineBuffer,
    /// The name that we asked for, and the one that the server gave us.
    pub asked_nick: String,
    pub nick: String,
    /// The capabilities that the server granted.
    pub caps: Vec<String>,
    /// How long a message of several rows may be, where the server takes such messages.
    pub multiline: Option<Limits>,
}

/// A name that we ask for.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    pub nick: &'a str,
    /// Take it from another client with our key.
    pub regain: bool,
}

/// Registers under a name, asks for capabilities, those of the wings among them, and waits for the server's welcome.
/// `waiting` is called when the server asks another client with our key whether it is still there.
pub fn register(
    stream: Stream,
    password: Option<&str>,
    wings: &[&str],
    claim: Claim<'_>,
    waiting: impl Fn(),
) -> Result<Connection, Failure> {
    let pass = password.map(|password| format!("PASS :{password}\r\n")).unwrap_or_default();
    let wanted: Vec<_> = WANTED.iter().chain(wings).map(|cap| format!("CAP REQ :{cap}\r\n")).collect();
    let wanted = wanted.concat();
    // A server that knows no capabilities answers with an error to each line, and registers us all the same.
    let Claim { nick, regain } = claim;
    let verb = if regain { "REGAIN" } else { "NICK" };
    // Behind the names of some capabilities are values, which only a list of this version shows.
    let hello = format!("{pass}CAP LS 302\r\n{wanted}{verb} {nick}\r\nUSER {nick} 0 * :{nick}\r\nCAP END\r\n");
    // A server that refuses us at once may have closed already; its reason is still there to read.
    let _ = (&stream).write_all(hello.as_bytes());
    let (stream, lines) = (Arc::new(stream), LineBuffer::new(limits::SERVER_TAGS));
    let (nick, asked_nick) = (nick.to_owned(), nick.to_owned());
    let mut connection = Connection { stream, lines, asked_nick, nick, caps: Vec::new(), multiline: None };
    let deadline = Instant::now() + REGISTER;
    loop {
        while let Some(line) = connection.next_message() {
            let Some(message) = Message::parse(&line) else { continue };
            if message.verb == "NOTICE" && message.params.last() == Some(&numeric::ASKING) {
                waiting();
            }
            // Only those that were asked for, each once: a server may grant whatever it likes.
            let mut granted = granted(&message);
            granted.retain(|cap| WANTED.iter().chain(wings).any(|wanted| wanted == cap));
            connection
                .caps
                .extend(granted.into_iter().filter(|cap| !connection.caps.contains(cap)).collect::<Vec<_>>());
            connection.multiline = connection.multiline.or_else(|| offered(&message));
            if let Some(welcome) = answer(&connection.stream, &message, password.is_some()) {
                // Some servers shorten a name, or give another one.
                let has = |cap: &str| connection.caps.iter().any(|granted| granted == cap);
                let takes_rows = [TAGS, BATCH, MULTILINE].into_iter().all(has);
                connection.multiline = connection.multiline.filter(|_| takes_rows);
                connection.nick = welcome.map(|given| if can_be_ours(&given) { given } else { connection.nick })?;
                return Ok(connection);
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Lost("the server took too long to welcome us".to_owned()));
        }
        connection.read(left).map_err(Failure::Lost)?;
    }
}

/// Reads one message before the welcome: the name that the server gives us, or the reason of a refusal.
fn answer(mut stream: &Stream, message: &Message<'_>, has_password: bool) -> Option<Result<String, Failure>> {
    let last = message.params.last().copied().unwrap_or_default();
    if message.verb == "PING" {
        // A write error shows in the next read.
        let _ = stream.write_all(format!("PONG :{last}\r\n").as_bytes());
        return None;
    }
    let no_password = || Failure::Refused(format!("the server wants a password ({last}); give it with --password"));
    if message.verb == "ERROR" && !has_password && last.to_ascii_lowercase().contains("password") {
        return Some(Err(no_password()));
    }
    if message.verb == "ERROR" {
        return Some(Err(Failure::Lost(last.to_owned())));
    }
    let code = message.verb.parse::<u16>().ok()?;
    let params = numerics::in_plain(stream.channel().is_none(), code, message.params.get(1..).unwrap_or_default());
    let sentence = || numerics::sentence(code, &params).unwrap_or_default();
    if code == numeric::RPL_WELCOME.code {
        return message.param(0).map(|nick| Ok(nick.to_owned()));
    }
    // 436 and 437 are other servers' ways to say that a name cannot be had now; 463 and 465 that we cannot.
    match code {
        433 if last == numeric::HELD => {
            let nick = params.first().copied().unwrap_or_default();
            Some(Err(Failure::Held(format!("The name {nick} is in use by another client of yours"))))
        }
        431..=433 | 436 | 437 => Some(Err(Failure::Name(sentence()))),
        464 if !has_password => Some(Err(no_password())),
        464 => Some(Err(Failure::Refused(format!("{last}; give the right one with --password")))),
        463 | 465 => Some(Err(Failure::Refused(last.to_owned()))),
        _ => None,
    }
}

/// Whether we can have this name. Other servers have names that ours does not allow, and we must know ourselves by them;
/// but the name becomes part of the names of our files.
pub fn can_be_ours(nick: &str) -> bool {
    let may_stand = |c: char| text::is_visible(c) && !c.is_whitespace() && !"/\\:*?\"<>|!@,#&".contains(c);
    names::is_nick(nick) || (1..=NAME).contains(&nick.len()) && !nick.starts_with('.') && nick.chars().all(may_stand)
}

/// The capabilities that a `CAP * ACK :name` grants.
fn granted(message: &Message<'_>) -> Vec<String> {
    match message.params[..] {
        [_, "ACK", ref caps @ ..] if message.verb == "CAP" => {
            caps.iter().flat_map(|caps| caps.split_whitespace()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The limits in a line of the server's list of capabilities, `CAP * LS * :name name=value`.
fn offered(message: &Message<'_>) -> Option<Limits> {
    let [_, "LS", .., caps] = message.params[..] else { return None };
    let mut values = caps.split_whitespace().filter_map(|cap| cap.strip_prefix(MULTILINE)?.strip_prefix('='));
    values.find_map(Limits::parse).filter(|_| message.verb == "CAP")
}

impl Connection {
    /// The next message that has come, `None` when there is none yet.
    pub fn next_message(&mut self) -> Option<String> {
        loop {
            if let Line::Complete(bytes) = self.lines.next_line()? {
                return Some(String::from_utf8_lossy(bytes).into_owned());
            }
        }
    }

    /// Reads from the socket, for which it waits this long at most; false when nothing came, an error at the end of the
    /// connection.
    pub fn read(&mut self, patience: Duration) -> Result<bool, String> {
        // No time at all would be none to the system: it would wait for ever.
        let patience = patience.max(Duration::from_millis(1));
        self.stream.socket().set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
        match (&*self.stream).read(self.lines.space()) {
            Ok(0) => Err("the server closed the connection".to_owned()),
            Ok(count) => {
                self.lines.filled(count);
                Ok(true)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(false),
                _ => Err(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// Registers with a server that says `answers` to whatever comes.
    fn register_with(answers: &'static str) -> Result<String, String> {
        register_by(Some("x"), answers)
    }

    fn register_by(password: Option<&str>, answers: &'static str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = Stream::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        listener.accept().unwrap().0.write_all(answers.as_bytes()).unwrap();
        let claim = Claim { nick: "albert", regain: false };
        register(stream, password, &[], claim, || {}).map(|connection| connection.nick).map_err(|failure| match failure
        {
            Failure::Name(why) => format!("name: {why}"),
            Failure::Held(why) => format!("held: {why}"),
            Failure::Refused(why) => format!("refused: {why}"),
            Failure::Lost(why) => format!("lost: {why}"),
        })
    }

    #[test]
    fn the_welcome_gives_the_name_unless_it_is_none() {
        let welcome = "NOTICE * :hi\r\nPING :x\r\n:srv 001 alb :Welcome\r\n:srv 002 alb :more\r\n";
        assert_eq!(register_with(welcome).as_deref(), Ok("alb"));
        for other in ["1guest", "albért", "a.b", "[2]-x"] {
            let welcome: &str = format!(":srv 001 {other} :Welcome\r\n").leak();
            assert_eq!(register_with(welcome).as_deref(), Ok(other));
        }
        for none in ["../x", "a/b", ".", "..", ".a\\b", "a\u{202e}b", "C:x", "#a"] {
            let welcome: &str = format!(":srv 001 {none} :Welcome\r\n").leak();
            assert_eq!(register_with(welcome).as_deref(), Ok("albert"), "{none}");
        }
    }

    #[test]
    fn capabilities_are_those_that_were_granted() {
        let lines =
            [":srv CAP * NAK :message-tags", ":srv CAP tesla ACK :groupchat.local/files ", ":srv 421 * CAP :?", ""];
        assert_eq!(
            lines.map(|line| Message::parse(line).map_or_else(Vec::new, |message| granted(&message))).concat(),
            ["groupchat.local/files"]
        );
    }

    #[test]
    fn refusals_say_what_to_do() {
        let fails = |answers, expected: &str| assert_eq!(register_with(answers), Err(expected.to_owned()));
        fails(":srv 433 * albert :in use\r\n", "name: The name albert is taken");
        fails(":srv 433\r\n", "name: The name  is taken");
        let held: &str = concat!(
            ":srv NOTICE * :one moment\r\n:srv 433 * albert :Nick is in use by another connection with your key; ",
            "REGAIN <nick> takes it from there\r\n",
        );
        fails(held, "held: The name albert is in use by another client of yours");
        fails(":srv 464 * :Wrong password\r\n", "refused: Wrong password; give the right one with --password");
        fails("ERROR :Bad password\r\n", "lost: Bad password");
        for (answer, said) in [(":srv 464 * :No\r\n", "No"), ("ERROR :Bad Password\r\n", "Bad Password")] {
            let hint = format!("refused: the server wants a password ({said}); give it with --password");
            assert_eq!(register_by(None, answer), Err(hint));
        }
        fails("ERROR :Full\r\n", "lost: Full");
        fails("", "lost: the server closed the connection");
    }
}
