//! Handshakes on a blocking socket, with a deadline.
//!
//! Called by the thread that owns the connection, which holds no lock.

use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use rustls::Connection;

use crate::limits;

/// The first byte of a connection that begins with TLS: a handshake record (RFC 8446, section 5.1). No line of text
/// starts with it.
pub const FIRST_BYTE: u8 = 22;

/// A blocking socket on which no call lasts beyond the deadline. The socket has other time-outs afterwards.
pub struct Until<'a> {
    pub socket: &'a TcpStream,
    pub deadline: Instant,
}

impl Until<'_> {
    /// Makes a call, again if a signal interrupts it.
    fn call<T>(&self, mut call: impl FnMut(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(Some(left))?;
            self.socket.set_write_timeout(Some(left))?;
            match call(self.socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
                result => return result,
            }
        }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.call(|mut socket| socket.read(space))
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|mut socket| socket.write(bytes))
    }

    /// The records of one flight are sent together.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.call(|mut socket| socket.write_vectored(pieces))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends the client's first message, and looks at the answer: the text that a server of plain text sends instead.
pub fn say_hello(connection: &mut Connection, socket: &mut Until<'_>) -> io::Result<Option<String>> {
    while connection.wants_write() {
        connection.write_tls(socket)?;
    }
    let mut first = [0];
    socket.call(|socket| socket.peek(&mut first))?;
    // An alert is the other thing that may come.
    if matches!(first, [0 | 21 | FIRST_BYTE]) {
        return Ok(None);
    }
    let mut text = Vec::new();
    // The line may come in pieces. A connection that is lost before its end has brought the pieces until then.
    let _ = BufReader::new(socket.take(limits::LINE as u64)).read_until(b'\n', &mut text);
    Ok(Some(String::from_utf8_lossy(&text).trim_end().to_owned()))
}
