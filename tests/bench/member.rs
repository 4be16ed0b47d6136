//! One client connection of the generator: bytes in, lines out, PINGs answered.
//!
//! Thread: the generator's only one. The socket never blocks; no locks.

use std::io::{self, BufRead, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

use crate::line::{Line, parse};
use crate::stream::{Stream, Transport};

/// Numerics from here on refuse something, except `NO_MOTD`.
const FIRST_REFUSAL: u16 = 400;
const NO_MOTD: u16 = 422;
const WELCOME: u16 = 1;

/// Who wants to know what the members of a crowd receive.
pub trait Listener {
    fn message(&mut self, member: usize, text: &[u8], now: Instant);
}

/// A listener for the phases in which nothing is counted.
pub struct Deaf;

impl Listener for Deaf {
    fn message(&mut self, _: usize, _: &[u8], _: Instant) {}
}

pub struct Member {
    pub stream: Stream,
    pub registered: bool,
    /// The newest barrier (see `Crowd::barrier`) whose PONG came back.
    pub barrier: u64,
    /// Bytes of text received since the connection was made.
    pub received: u64,
    /// The begin of a line whose end has not come yet.
    partial: Vec<u8>,
    /// What the socket has not taken yet.
    unsent: Vec<u8>,
    /// The server's own words when it refuses or hangs up, for the error message.
    complaint: Option<String>,
}

impl Member {
    pub fn connect(address: SocketAddr, transport: Transport, nick: &str) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::connect(address, transport)?,
            registered: false,
            barrier: 0,
            received: 0,
            partial: Vec::new(),
            unsent: format!("NICK {nick}\r\nUSER b 0 * :bench\r\n").into_bytes(),
            complaint: None,
        })
    }

    pub fn queue(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.stream.send(&mut self.unsent)
    }

    /// Reads all that has arrived and hands each whole line on. `buffer` is shared by all members.
    pub fn receive(
        &mut self,
        index: usize,
        buffer: &mut [u8],
        closing: bool,
        listener: &mut impl Listener,
    ) -> io::Result<()> {
        loop {
            let kept = self.partial.len();
            buffer[..kept].copy_from_slice(&self.partial);
            let got = match self.stream.read(&mut buffer[kept..]) {
                Ok(got) => got,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                    return Err(self.farewell());
                }
                Err(e) => return Err(e),
            };
            self.received += got.text as u64;
            self.take_lines(index, &buffer[..kept + got.text], listener);
            // A short read has emptied the socket, so the read that would only say "would block"
            // is saved; but an end of stream behind the data would not be signalled again.
            if !got.more && !closing {
                break;
            }
        }
        match &self.complaint {
            Some(_) => Err(self.farewell()),
            None => self.flush(),
        }
    }

    fn take_lines(&mut self, index: usize, mut bytes: &[u8], listener: &mut impl Listener) {
        let now = Instant::now();
        loop {
            let start = bytes;
            // std's own memchr, the fastest search that needs no dependency.
            let length = bytes.skip_until(b'\n').expect("reading from memory cannot fail");
            let Some(line) = start[..length].strip_suffix(b"\n") else {
                self.partial.clear();
                self.partial.extend_from_slice(&start[..length]);
                return;
            };
            self.take_line(index, line.strip_suffix(b"\r").unwrap_or(line), now, listener);
        }
    }

    fn take_line(&mut self, index: usize, line: &[u8], now: Instant, listener: &mut impl Listener) {
        match parse(line) {
            Line::Message(text) => listener.message(index, text, now),
            Line::Ping(token) => {
                self.queue(b"PONG :");
                self.queue(token);
                self.queue(b"\r\n");
            }
            Line::Pong(token) => {
                let number = str::from_utf8(token).ok().and_then(|token| token.parse().ok());
                self.barrier = number.unwrap_or(self.barrier);
            }
            Line::Numeric(WELCOME) => self.registered = true,
            Line::Numeric(number) if number >= FIRST_REFUSAL && number != NO_MOTD => {
                self.complaint = Some(String::from_utf8_lossy(line).into_owned());
            }
            Line::Error(text) => self.complaint = Some(String::from_utf8_lossy(text).into_owned()),
            Line::Numeric(_) | Line::Other => {}
        }
    }

    fn farewell(&self) -> io::Error {
        let words = self.complaint.as_deref().unwrap_or("no reason given");
        io::Error::other(format!("a client was cut off or refused: {words}"))
    }
}
