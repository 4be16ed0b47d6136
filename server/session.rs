//! One client's session: read a line, check it, act on the registry.
//!
//! Runs in the client's own thread, named after its address. It reads the socket and never writes
//! it: what it has to say goes through the global buffer to the broadcaster. It takes the registry's
//! lock for each line. A data connection is none of this: see [`crate::transfer`].

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use wire::limits;
use wire::lines::LineBuffer;

use crate::chat::Chat;
use crate::commands;
use crate::event::{ClientId, CutReason};
use crate::flood::TokenBucket;
use crate::secure;
use crate::server::Server;
use crate::socket::Socket;
use crate::timer::Timer;
use crate::transfer::{self, Request};

/// What a client thread works on.
pub struct Session {
    pub id: ClientId,
    pub address: SocketAddr,
    pub socket: Arc<Socket>,
    /// Set by the broadcaster when it cuts the client off.
    pub cut: CutReason,
    pub server: Arc<Server>,
    /// Dropped last of all: when no clone is left, all client threads have ended.
    pub _running: Sender<Infallible>,
}

/// Why a session ends.
pub enum End {
    /// The client closed the connection, or the network did.
    Theirs(String),
    /// The server closes it: the client may still be sending.
    Ours(String),
}

/// Serves one client until it leaves. However that comes about, a panic included, it is cleaned up here.
pub fn session_loop(session: &Session) {
    let end = catch_unwind(AssertUnwindSafe(|| session.serve()));
    let end = end.unwrap_or_else(|_| End::Ours("Internal error".into()));
    let (mut reason, ours) = match end {
        End::Theirs(reason) => (reason, false),
        End::Ours(reason) => (reason, true),
    };
    if let Some(cut) = session.cut.get() {
        reason = (*cut).into();
    }
    let nick = {
        let chat = Chat::enter(&session.server, session.id);
        let nick = chat.me().nick.clone();
        chat.end(&reason);
        nick
    };
    session.server.log.client(session.address, nick.as_deref(), format_args!("is offline ({reason})"));
    if ours {
        session.linger();
    }
}

impl Session {
    /// Reads lines and has them carried out, until something ends the session.
    fn serve(&self) -> End {
        let mut lines = LineBuffer::new(limits::CLIENT_TAGS);
        let mut bucket = TokenBucket::new(self.server.flood, Instant::now());
        let mut timer = Timer::new(&self.server);
        if let Err(end) = secure::begin(self, timer.deadline) {
            return end;
        }
        let mut is_first = true;
        loop {
            while let Some(line) = lines.next_line() {
                if std::mem::take(&mut is_first)
                    && let Some(request) = Request::parse(&line)
                {
                    return End::Ours(transfer::serve(self, &request, lines.into_rest()));
                }
                let pause = bucket.take(Instant::now());
                if !pause.is_zero()
                    && let Some(end) = self.slow_down(pause, &timer)
                {
                    return end;
                }
                let outcome = commands::run(&self.server, self.id, &line);
                timer.now_registered(outcome.registered);
                if outcome.is_free {
                    bucket.give_back();
                }
                if let Some(reason) = outcome.leaving {
                    return End::Ours(reason);
                }
            }
            match self.read(lines.space(), &mut timer) {
                Ok(0) => return End::Theirs("Connection closed".into()),
                Ok(count) => {
                    lines.filled(count);
                    timer.heard();
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                // The alert that says so has to arrive before the connection ends.
                Err(error) if error.kind() == ErrorKind::InvalidData => return End::Ours(format!("Bad TLS: {error}")),
                Err(_) => return End::Theirs("Connection lost".into()),
            }
            if timer.is_over()
                && let Some(reason) = self.ask_or_end(&mut timer)
            {
                return End::Ours(reason);
            }
        }
    }

    /// Makes a flooder wait. Its lines are read already, so that its connection has ended, or its
    /// time to register, would otherwise be seen only after the last of them.
    fn slow_down(&self, pause: Duration, timer: &Timer) -> Option<End> {
        thread::sleep(pause);
        if self.cut.get().is_some() || self.socket.is_broken() {
            return Some(End::Theirs("Connection lost".into()));
        }
        (!timer.registered && timer.is_over()).then(|| End::Ours(self.took_too_long()))
    }

    /// Waits for bytes, up to the timer's deadline; then the error is `TimedOut`.
    fn read(&self, space: &mut [u8], timer: &mut Timer) -> io::Result<usize> {
        loop {
            if let Some(timeout) = timer.arm() {
                self.socket.set_read_timeout(timeout)?;
            }
            match self.socket.read(space) {
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                    if timer.is_over() {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    if error.kind() == ErrorKind::WouldBlock {
                        // The broadcaster wrote to this very socket just now (see `Socket::read`).
                        thread::sleep(limits::READ_NAP);
                    }
                }
                other => return other,
            }
        }
    }

    /// The client was silent for too long: asks it whether it is there, or gives the reason to end.
    fn ask_or_end(&self, timer: &mut Timer) -> Option<String> {
        if !timer.registered {
            return Some(self.took_too_long());
        }
        if timer.asked {
            return Some(format!("Ping timeout ({} seconds)", 2 * self.server.ping_interval.as_secs()));
        }
        timer.ask();
        let mut chat = Chat::enter(&self.server, self.id);
        chat.replies.line(format_args!("PING :{}", self.server.name));
        None
    }

    pub fn took_too_long(&self) -> String {
        format!("Registration timed out ({} seconds)", self.server.register_within.as_secs())
    }

    /// Reads what the client is still sending, for a moment: to close a socket with unread bytes
    /// would reset the connection, and the last line might never be seen.
    fn linger(&self) {
        let deadline = Instant::now() + limits::LINGER;
        let mut scrap = [0; 512];
        // Without the time-out the read could last for ever.
        while self.socket.set_read_timeout(limits::LINGER).is_ok() && Instant::now() < deadline {
            match self.socket.discard(&mut scrap) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(limits::READ_NAP),
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::path::PathBuf;
    use std::sync::mpsc;

    use clap::Parser;

    use super::*;
    use crate::args::Args;
    use crate::broadcaster::broadcaster_loop;
    use crate::data::DataFolder;
    use crate::listener::accept_loop;
    use crate::log::Log;

    /// A server, and the folder in which it keeps its data.
    fn start() -> (SocketAddr, PathBuf) {
        let (log, _) = Log::start(false).unwrap();
        let (events, global_buffer) = mpsc::sync_channel(limits::GLOBAL_BUFFER);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let data = DataFolder::open(None, "127.0.0.1:0".parse().unwrap(), address).unwrap();
        let (folder, args) = (data.path.clone(), Args::parse_from(["chat-server"]));
        let server = Arc::new(Server::open(args, Vec::new(), data, log, events).unwrap());
        thread::spawn(move || broadcaster_loop(&global_buffer));
        thread::spawn(move || accept_loop(&listener, &server, &mpsc::channel().0));
        (address, folder)
    }

    /// Registers, joins #a, and returns what comes after that.
    fn join(address: SocketAddr, nick: &str) -> impl Iterator<Item = String> + use<> {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(socket, "NICK {nick}\r\nUSER {nick} 0 * :x\r\nJOIN #a\r\n").unwrap();
        if nick == "bob" {
            write!(socket, "PANIC\r\n").unwrap();
        }
        let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
        lines.find(|line| line.contains(" 366 "));
        lines
    }

    #[test]
    fn a_panic_ends_that_session_only_and_is_cleaned_up() {
        let (address, folder) = start();
        let mut alice = join(address, "alice");
        let mut bob = join(address, "bob");
        assert_eq!(bob.next().as_deref(), Some("ERROR :Closing connection: Internal error"));
        assert_eq!(bob.next(), None);
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 JOIN #a"));
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 QUIT :Internal error"));
        // The thread that panicked held the lock: the chat, and the name, are to be had all the same.
        let mut bob = join(address, "bob");
        assert_eq!(bob.next().as_deref(), Some("ERROR :Closing connection: Internal error"));
        assert_eq!(alice.next().as_deref(), Some(":bob!bob@127.0.0.1 JOIN #a"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
