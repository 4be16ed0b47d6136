//! One client's session: read a line, check it, act on the registry.
//!
//! Runs in the client's own thread, named after its port: `ps` shows 15 characters of a name, too few for an address. It
//! reads the socket and does not write it (but for a wing's handshake or data connection): its replies go through the global
//! buffer to the broadcaster. It takes the registry's lock for each line.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use wire::limits::CLIENT_TAGS;
use wire::lines::{Line, LineBuffer};
use wire::message::Message;

use super::client::Busy;
use super::commands;
use super::context::{Connection, End, Wing};
use super::flood::TokenBucket;
use super::limits;
use super::registry;
use super::socket::Socket;
use super::timer::Timer;

/// The first byte of a connection that begins with TLS: a handshake record (RFC 8446, section 5.1). No line of text
/// begins with it.
const TLS_HANDSHAKE: u8 = 22;

/// Serves one client until it leaves. Whatever ends the session, a panic included, the client is taken out here.
pub fn session_loop(connection: &Connection) {
    let log = &connection.server.log;
    log.thread(connection.address, "started");
    let end = catch_unwind(AssertUnwindSafe(|| serve(connection)));
    let end = end.unwrap_or_else(|_| End::ByServer("Internal error".into()));
    let (mut reason, by_server) = match end {
        End::ByPeer(reason) => (reason, false),
        End::ByServer(reason) => (reason, true),
    };
    if let Some(cut) = connection.cut.get() {
        reason = (*cut).into();
    }
    let nick = {
        let ctx = connection.context();
        let nick = ctx.me().nick.clone();
        ctx.end(&reason);
        nick
    };
    // A QUIT without a reason leaves nothing behind the colon.
    let shown = reason.trim_end_matches(": ");
    log.client(connection.address, nick.as_deref(), format_args!("is offline ({shown})"));
    // Where descriptors are scarce, the place of somebody else is worth more than the last line of this one.
    if by_server && connection.server.sockets() <= connection.server.descriptors.chats {
        linger(connection);
    }
    log.thread(connection.address, "ended");
}

/// Encryption first, then the first line, by which a wing may take over the connection, then all other lines.
fn serve(connection: &Connection) -> End {
    let options = &connection.server.options;
    let (bucket, timer) = (TokenBucket::new(options.flood, Instant::now()), Timer::new(options));
    let Err(end) = Session { connection, bucket, unpaid: 0, timer }.run();
    end
}

struct Session<'a> {
    connection: &'a Connection,
    bucket: TokenBucket,
    /// Bytes that were read and not paid for yet. The token of a line pays for the line's bytes, so these are empty lines,
    /// lines without an end, and bytes that came one by one.
    unpaid: usize,
    timer: Timer,
}

impl Session<'_> {
    /// Runs until the session ends, for which any step may give the reason: hence an error, and no other result.
    fn run(mut self) -> Result<Infallible, End> {
        let connection = self.connection;
        self.begin()?;
        let mut lines = LineBuffer::new(CLIENT_TAGS);
        let first = loop {
            match lines.next_line() {
                Some(Line::Complete(line)) => break line.to_vec(),
                Some(Line::TooLong(part)) => self.carry_out(&Line::TooLong(part))?,
                None => self.receive(&mut lines)?,
            }
        };
        let text = String::from_utf8_lossy(&first);
        if is_http(&text) {
            return Err(End::ByServer("This is a chat server; it does not speak HTTP".into()));
        }
        let take_over = |wing: &Arc<dyn Wing>| wing.take_over(connection, &text, lines.rest());
        connection.wings.list.iter().find_map(take_over).map_or(Ok(()), Err)?;
        let most = connection.server.descriptors.chats;
        if connection.server.registry().chats() > most {
            return Err(End::ByServer(registry::full(most)));
        }
        self.carry_out(&Line::Complete(&first))?;
        loop {
            while let Some(line) = lines.next_line() {
                let result = self.carry_out(&line);
                if let Err(End::ByServer(_)) = result {
                    self.take_last_answer(&mut lines);
                }
                result?;
            }
            self.receive(&mut lines)?;
        }
    }

    /// Waits a moment for the `PONG` that a client which leaves has yet to send. Nothing else of it is carried out.
    fn take_last_answer(&mut self, lines: &mut LineBuffer) {
        let (connection, deadline) = (self.connection, Instant::now() + limits::LAST_ANSWER);
        let has_to_answer = || {
            let mut ctx = connection.context();
            connection.wings.list.iter().any(|wing| wing.has_to_answer(&mut ctx))
        };
        let mut waits = has_to_answer() && connection.socket.set_read_timeout(limits::LAST_ANSWER).is_ok();
        while waits && Instant::now() < deadline {
            match lines.next_line() {
                Some(line) if is_pong(&line) => waits = self.carry_out(&line).is_ok() && has_to_answer(),
                Some(_) => {}
                None => match connection.socket.read(lines.space()) {
                    Ok(0) => return,
                    Ok(count) => {
                        lines.filled(count);
                        // What is not carried out has no other bound.
                        thread::sleep(limits::LINGER_NAP);
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(limits::READ_NAP),
                    Err(_) => return,
                },
            }
        }
    }

    /// Encrypts the connection, or sees to it that plain text is taken from there. The first byte tells which of the two
    /// the client speaks.
    fn begin(&mut self) -> Result<(), End> {
        let connection = self.connection;
        let first = loop {
            match self.wait(Socket::peek) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let first = match first {
            Ok(Some(byte)) => byte,
            Ok(None) => return Err(End::ByPeer("Connection closed".into())),
            Err(error) if is_our_time_out(&error) => return Err(connection.took_too_long()),
            Err(_) => return Err(End::ByPeer("Connection lost".into())),
        };
        let deadline = self.timer.deadline;
        if let Some(secured) = connection.wings.list.iter().find_map(|wing| wing.secure(connection, first, deadline)) {
            // The handshake has left another time-out behind.
            self.timer.disarm();
            return secured;
        }
        let refuse = |why: &str| Err(End::ByServer(why.into()));
        if first == TLS_HANDSHAKE {
            refuse("This server was built without TLS; connect in plain text (--plain)")
        } else if !connection.server.options.plain.allows(connection.address.ip()) {
            refuse("Plain text is not taken from your address; connect with TLS")
        } else {
            Ok(())
        }
    }

    /// Carries out one line, after a pause if it comes too soon.
    fn carry_out(&mut self, line: &Line<'_>) -> Result<(), End> {
        let pause = self.bucket.take(Instant::now());
        if !pause.is_zero() {
            self.throttle(pause)?;
        }
        let outcome = commands::run(self.connection, line);
        self.timer.set_registered(outcome.registered);
        self.unpaid = self.unpaid.saturating_sub(limits::BYTES_PER_TOKEN);
        if outcome.flood_exempt {
            self.bucket.refund();
        } else {
            self.bucket.charge(outcome.cost, outcome.lines, Instant::now());
        }
        outcome.leaving.map_or(Ok(()), |reason| Err(End::ByServer(reason)))
    }

    /// Makes a flooder wait. Its lines are read already, so the end of its connection, or of its time to register, would
    /// otherwise be seen only after the last of them.
    fn throttle(&self, pause: Duration) -> Result<(), End> {
        let end = Instant::now() + pause;
        if let Some(client) = self.connection.server.registry().client_mut(self.connection.id) {
            client.busy = Busy::Until(end);
        }
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            thread::sleep(left.min(limits::THROTTLE_LOOK));
            if self.connection.cut.get().is_some() || self.connection.socket.is_broken() {
                return Err(End::ByPeer("Connection lost".into()));
            }
            if !self.timer.registered && self.timer.expired() {
                return Err(self.connection.took_too_long());
            }
        }
        Ok(())
    }

    /// Takes tokens for bytes that belong to no line so far.
    fn pay_for_bytes(&mut self) -> Result<(), End> {
        let tokens = u32::try_from(self.unpaid / limits::BYTES_PER_TOKEN).unwrap_or(u32::MAX);
        if tokens == 0 {
            return Ok(());
        }
        self.unpaid %= limits::BYTES_PER_TOKEN;
        self.bucket.charge(tokens, 1, Instant::now());
        self.throttle(self.bucket.debt(Instant::now()))
    }

    /// Waits for bytes; a client that is silent for too long is asked whether it is still there, or disconnected.
    fn receive(&mut self, lines: &mut LineBuffer) -> Result<(), End> {
        self.pay_for_bytes()?;
        match self.wait(|socket| socket.read(lines.space())) {
            Ok(0) => return Err(End::ByPeer("Connection closed".into())),
            Ok(count) => {
                lines.filled(count);
                self.unpaid += count.max(limits::LEAST_READ);
                self.timer.activity();
            }
            Err(error) if is_our_time_out(&error) => {}
            // Bytes that hold no complete text yet: of TLS.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.unpaid += limits::LEAST_READ,
            // The alert that says so has to arrive before the connection ends.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(End::ByServer(format!("Bad TLS: {error}")));
            }
            Err(_) => return Err(End::ByPeer("Connection lost".into())),
        }
        if self.timer.expired() { self.ask_or_end() } else { Ok(()) }
    }

    /// Has the socket wait for bytes, up to the timer's deadline; then the error is `TimedOut`.
    fn wait<T>(&mut self, mut wait: impl FnMut(&Socket) -> io::Result<T>) -> io::Result<T> {
        let socket = &self.connection.socket;
        loop {
            if let Some(timeout) = self.timer.arm() {
                socket.set_read_timeout(timeout)?;
            }
            match wait(socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.timer.expired() {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    // The broadcaster wrote to this very socket just now (see `Socket::read`).
                    thread::sleep(limits::READ_NAP);
                }
                other => return other,
            }
        }
    }

    fn ask_or_end(&mut self) -> Result<(), End> {
        let connection = self.connection;
        if !self.timer.registered {
            return Err(connection.took_too_long());
        }
        if self.timer.asked {
            let seconds = 2 * connection.server.options.ping_interval;
            return Err(End::ByServer(format!("Ping timeout ({seconds} seconds)")));
        }
        self.timer.ask();
        connection.context().replies.line(format_args!("PING :{}", connection.server.name()));
        Ok(())
    }
}

/// Whether the timer's deadline is over. When TCP itself gives up, since nothing was acknowledged, the system says so.
fn is_our_time_out(error: &io::Error) -> bool {
    error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none()
}

fn is_pong(line: &Line<'_>) -> bool {
    let Line::Complete(bytes) = line else { return false };
    Message::parse(&String::from_utf8_lossy(bytes)).is_some_and(|message| message.verb.eq_ignore_ascii_case("PONG"))
}

/// Whether a line is the first one of a request of HTTP, or a header, since the first one may have been too long
/// (RFC 9112, sections 3 and 5). A web page can have a browser send one, with lines of chat in its body.
fn is_http(line: &str) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    let is_header = words[0].ends_with(':') && words[0].starts_with(|c: char| c.is_ascii_alphabetic());
    is_header || matches!(words[..], [_, _, version] if version.starts_with("HTTP/"))
}

/// Reads what the client is still sending, for a moment: to close a socket with unread bytes would reset the connection,
/// and the last line might never be seen.
fn linger(connection: &Connection) {
    let deadline = Instant::now() + limits::LINGER;
    // Not on the stack, of which each thread would keep the page.
    let mut scrap = vec![0; 4096];
    // Without the time-out the read could last for ever.
    while connection.socket.set_read_timeout(limits::LINGER).is_ok() && Instant::now() < deadline {
        match connection.socket.discard(&mut scrap) {
            Ok(0) => return,
            Ok(_) => thread::sleep(limits::LINGER_NAP),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(limits::READ_NAP),
            Err(_) => return,
        }
    }
}
