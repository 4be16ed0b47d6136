//! A connection, in plain text or encrypted: the same `read` and `write` for both.
//!
//! One thread reads it. Others may write; the lock `writing` lets one encrypted record out at a time, whole. It is
//! held while the socket blocks, and no reader needs it.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::fingerprint::Fingerprint;

/// Encryption between the text and the socket, TLS for example. It never touches the socket itself.
pub trait SecureChannel: Debug + Send + Sync {
    /// The fingerprint of the certificate of the other end, which has proved that it has the key. `None` without one.
    fn peer(&self) -> Option<Fingerprint>;

    /// Reads text. `receive` is called once at most, without a lock, and may block on the socket. `Interrupted` means
    /// that the bytes it got hold no complete text yet: call again. The end of the connection is 0 bytes.
    fn read(&self, space: &mut [u8], receive: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<usize>;

    /// Encrypts text, or the beginning of it, and appends the bytes to send; how many bytes of text they stand for.
    fn encrypt(&self, text: &[u8], encrypted: &mut Vec<u8>) -> io::Result<usize>;

    /// Appends the bytes that tell the other end that nothing follows.
    fn encrypt_end(&self, encrypted: &mut Vec<u8>);
}

/// A connection over TCP, encrypted once there has been a handshake.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    channel: OnceLock<Box<dyn SecureChannel>>,
    /// Holds a record while it is being written.
    writing: Mutex<Vec<u8>>,
}

impl Stream {
    /// In plain text.
    pub fn new(socket: TcpStream) -> Self {
        Stream { socket, channel: OnceLock::new(), writing: Mutex::default() }
    }

    /// Encrypts from here on, by a channel whose handshake was done on this socket.
    pub fn secure(&self, channel: Box<dyn SecureChannel>) {
        // A connection has one handshake.
        let _ = self.channel.set(channel);
    }

    /// The socket itself: for its addresses, its time-outs, its end.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The encryption; `None` in plain text.
    pub fn channel(&self) -> Option<&dyn SecureChannel> {
        self.channel.get().map(Box::as_ref)
    }
}

impl Read for &Stream {
    /// See [`SecureChannel::read`] about `Interrupted`; everything in std tries again then.
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self.channel() {
            None => (&self.socket).read(space),
            Some(channel) => channel.read(space, &mut |space| (&self.socket).read(space)),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        (&*self).read(space)
    }
}

impl Write for &Stream {
    /// When encrypted, an error may come after a part of a record: then nothing more can be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(channel) = self.channel() else { return (&self.socket).write(bytes) };
        let mut encrypted = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        encrypted.clear();
        let count = channel.encrypt(bytes, &mut encrypted)?;
        (&self.socket).write_all(&encrypted)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
