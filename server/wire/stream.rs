//! A connection, in plain text or with TLS: the same `read` and `write` for both.
//!
//! Read by one thread and written by others, of which one at a time writes: with TLS a record goes out whole and
//! in its turn. That lock is held while the socket is waited for, and no reader needs it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::tls::Tls;

/// A connection over TCP, and TLS on it once there has been a handshake.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    tls: OnceLock<Tls>,
    /// What is sealed and not written yet is in here only while somebody writes it.
    writing: Mutex<Vec<u8>>,
}

impl Stream {
    /// In plain text.
    pub fn new(socket: TcpStream) -> Self {
        Stream { socket, tls: OnceLock::new(), writing: Mutex::default() }
    }

    /// With TLS from here on, whose handshake was done on this socket.
    pub fn secure(&self, tls: Tls) {
        // A second handshake would need a second first byte.
        let _ = self.tls.set(tls);
    }

    /// The socket itself: for its addresses, its time-outs, its end.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The TLS on it; `None` in plain text.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.get()
    }
}

impl Read for &Stream {
    /// See [`Tls::read`] about `Interrupted`; everything in std tries again then.
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self.tls() {
            None => (&self.socket).read(space),
            Some(tls) => tls.read(space, |space| (&self.socket).read(space)),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        (&*self).read(space)
    }
}

impl Write for &Stream {
    /// With TLS, an error may come after a part of a record: then nothing more can be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = self.tls() else { return (&self.socket).write(bytes) };
        let mut sealed = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.clear();
        let count = tls.seal(bytes, &mut sealed)?;
        (&self.socket).write_all(&sealed)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
