//! One client's socket: its thread waits in `read`, and the broadcaster's `write` never waits.
//!
//! Whether a socket blocks is a property that both directions share, and std can change it only for both. So the writer
//! makes it non-blocking and leaves it so; the reader makes it blocking again when it is about to wait. A `read` that
//! already waits goes on waiting whatever is changed, so a client that only listens costs its writer nothing. (A send
//! time-out instead would cost two timer ticks, eight milliseconds on many kernels, for each client that does not read.)
//!
//! The lock `writing` is held for that change and for a `write`, which never waits. Under it only the lock of an encrypted
//! channel is taken, under which nobody waits either.
//!
//! On an encrypted connection the client's thread does the handshake. The broadcaster's bytes are then encrypted record
//! by record, and a record's text counts as written when all of it is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::fingerprint::Fingerprint;
use wire::stream::{SecureChannel, Stream};

#[derive(Debug)]
pub struct Socket {
    stream: Stream,
    writing: Mutex<Writing>,
    /// Counts the sockets that are open: each holds a clone.
    _open: Arc<()>,
}

/// What the writer has to know.
#[derive(Debug, Default)]
struct Writing {
    /// Whether the stream is non-blocking just now.
    nonblocking: bool,
    /// A handshake has begun and is not, or will never be, done: the peer could not read what is written.
    shaking_hands: bool,
    /// A record that the kernel had no room for.
    encrypted: Vec<u8>,
    /// So many bytes of it are written.
    sent: usize,
    /// So many bytes of text it stands for.
    text: usize,
}

impl Socket {
    /// Takes a stream as `accept` gives it, which is blocking.
    pub fn new(stream: TcpStream, open: &Arc<()>) -> Self {
        Socket { stream: Stream::new(stream), writing: Mutex::default(), _open: Arc::clone(open) }
    }

    /// Waits for the first byte, and leaves it there: it tells TLS from plain text. `None` at the end of the connection.
    pub fn peek(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        self.make_blocking()?;
        let count = self.stream.socket().peek(&mut first)?;
        Ok((count > 0).then_some(first[0]))
    }

    /// Encrypts the connection after a handshake, which the client's own thread does on the blocking socket. Meanwhile,
    /// and for ever if it fails, writes go nowhere.
    pub fn secure<C: SecureChannel + 'static>(
        &self,
        handshake: impl FnOnce(&TcpStream) -> io::Result<C>,
    ) -> io::Result<()> {
        self.lock().shaking_hands = true;
        // From here on the broadcaster leaves it blocking.
        self.make_blocking()?;
        let channel = handshake(self.stream.socket())?;
        self.stream.secure(Box::new(channel));
        self.lock().shaking_hands = false;
        Ok(())
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.stream.channel().is_some()
    }

    /// The fingerprint of the client's certificate, if it has shown one.
    pub fn peer(&self) -> Option<Fingerprint> {
        self.stream.channel().and_then(SecureChannel::peer)
    }

    /// Waits for bytes, at most for the read time-out. `WouldBlock` means that it has passed, or that a `write` came
    /// between the two lines; `Interrupted` that the bytes hold no complete text yet. The caller looks at the clock.
    pub fn read(&self, space: &mut [u8]) -> io::Result<usize> {
        let mut receive = |space: &mut [u8]| {
            self.make_blocking()?;
            self.stream.socket().read(space)
        };
        match self.stream.channel() {
            None => receive(space),
            Some(channel) => channel.read(space, &mut receive),
        }
    }

    /// Reads and throws away what comes, without decrypting it.
    pub fn discard(&self, scrap: &mut [u8]) -> io::Result<usize> {
        self.make_blocking()?;
        self.stream.socket().read(scrap)
    }

    fn make_blocking(&self) -> io::Result<()> {
        self.set_nonblocking(&mut self.lock(), false)
    }

    fn set_nonblocking(&self, writing: &mut Writing, on: bool) -> io::Result<()> {
        if std::mem::replace(&mut writing.nonblocking, on) != on {
            self.stream.socket().set_nonblocking(on)?;
        }
        Ok(())
    }

    /// Writes what the kernel has room for; `WouldBlock` when it has none. The next write has to begin where this one
    /// ended.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Held until the bytes are written, so that no reader makes the stream blocking meanwhile.
        let mut writing = self.lock();
        if writing.shaking_hands {
            return Ok(bytes.len());
        }
        self.set_nonblocking(&mut writing, true)?;
        match self.stream.channel() {
            None => self.stream.socket().write(bytes),
            Some(channel) => writing.write_encrypted(channel, self.stream.socket(), bytes),
        }
    }

    pub fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.socket().set_read_timeout(Some(timeout))
    }

    /// The stream itself, blocking in both directions: for a connection that is detached from the broadcaster.
    pub fn detached(&self) -> io::Result<&Stream> {
        self.make_blocking()?;
        Ok(&self.stream)
    }

    /// Tells the peer that nothing follows, without waiting for it.
    pub fn finish(&self) {
        if let Some(channel) = self.stream.channel() {
            let mut end = Vec::new();
            channel.encrypt_end(&mut end);
            // What cannot be written the end of the connection says as well.
            let mut writing = self.lock();
            let _ = self.set_nonblocking(&mut writing, true).and_then(|()| self.stream.socket().write(&end));
        }
        self.shutdown(Shutdown::Write);
    }

    /// Ends one direction or both; the peer may have done so already.
    pub fn shutdown(&self, how: Shutdown) {
        let _ = self.stream.socket().shutdown(how);
    }

    /// Whether the network has ended the connection, as far as it is known without reading.
    pub fn is_broken(&self) -> bool {
        !matches!(self.stream.socket().take_error(), Ok(None))
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    /// Encrypts and writes as much of the text as the kernel takes; how many bytes of it are written wholly.
    fn write_encrypted(
        &mut self,
        channel: &dyn SecureChannel,
        mut socket: &TcpStream,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let mut done = 0;
        loop {
            if self.encrypted.is_empty() {
                if done == bytes.len() {
                    return Ok(done);
                }
                self.text = channel.encrypt(&bytes[done..], &mut self.encrypted)?;
            }
            match socket.write(&self.encrypted[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && done > 0 => return Ok(done),
                Err(error) => return Err(error),
            }
            if self.sent == self.encrypted.len() {
                done += std::mem::take(&mut self.text);
                // An idle client keeps no memory for it.
                (self.encrypted, self.sent) = (Vec::new(), 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::TcpListener;

    /// Our end of a connection, and the peer's.
    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Socket::new(listener.accept().unwrap().0, &Arc::default()), peer)
    }

    #[test]
    fn a_write_to_a_full_socket_does_not_wait_and_a_read_after_it_does() {
        let (socket, mut peer) = pair();
        let full = loop {
            if let Err(error) = socket.write(&[b'x'; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let reader = std::thread::spawn(move || {
            let mut space = [0; 8];
            let count = socket.read(&mut space).unwrap();
            space[..count].to_vec()
        });
        peer.write_all(b"hello").unwrap();
        assert_eq!(reader.join().unwrap(), b"hello");
    }
}
