//! Handshakes on a blocking socket, with a time by which they must be done.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::Connection;

use super::super::FIRST_BYTE;
use crate::limits;

/// A blocking socket on which each call gets no more time than is left.
struct Until<'a> {
    socket: &'a TcpStream,
    deadline: Instant,
}

impl Until<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(space)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    /// The records of one flight go out together.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends the client's first message, and looks at the answer: the text that a server of plain text sends instead.
pub fn say_hello(connection: &mut Connection, socket: &TcpStream, deadline: Instant) -> io::Result<Option<String>> {
    let mut until = Until { socket, deadline };
    while connection.wants_write() {
        retried(connection.write_tls(&mut until))?;
    }
    let mut first = [0];
    socket.set_read_timeout(until.left()?)?;
    while retried(socket.peek(&mut first))?.is_none() {}
    // An alert is the other thing that may come.
    if matches!(first, [0 | 21 | FIRST_BYTE]) {
        return Ok(None);
    }
    let mut text = [0; limits::LINE];
    let count = retried(until.read(&mut text))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text[..count]);
    Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
}

/// Carries the messages of a handshake to and fro. The socket has other time-outs afterwards.
pub fn shake_hands(connection: &mut Connection, socket: &TcpStream, deadline: Instant) -> io::Result<()> {
    let mut socket = Until { socket, deadline };
    loop {
        while connection.wants_write() {
            retried(connection.write_tls(&mut socket))?;
        }
        if !connection.is_handshaking() {
            return Ok(());
        }
        match retried(connection.read_tls(&mut socket))? {
            Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Some(_) => {}
            None => continue,
        }
        if let Err(error) = connection.process_new_packets() {
            // The other end gets an alert that says so, if it still reads.
            while connection.wants_write() && connection.write_tls(&mut socket).is_ok() {}
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
    }
}

/// `None` when a call was interrupted and is to be made again.
fn retried(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        other => other.map(Some),
    }
}
