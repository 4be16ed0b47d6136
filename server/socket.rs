//! One client's socket: its thread waits in `read`, and the broadcaster's `write` never waits.
//!
//! Whether a socket waits is a property that both directions share, and std can change it only for
//! both. So the writer makes it non-blocking and leaves it so; the reader makes it blocking again
//! when it is about to wait. A `read` that already waits goes on waiting whatever is changed, so a
//! client that only listens costs its writer nothing. (A send time-out instead would cost two timer
//! ticks, eight milliseconds on many kernels, for each client that does not read.)
//!
//! The lock here is held for the change itself and for a `write`, which never waits; no other lock
//! is ever taken under it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    /// Whether the stream is non-blocking just now.
    nonblocking: Mutex<bool>,
}

impl Socket {
    /// Takes a stream as `accept` gives it, which is blocking.
    pub fn new(stream: TcpStream) -> Self {
        Socket { stream, nonblocking: Mutex::new(false) }
    }

    /// Waits for bytes, at most for the read time-out. `WouldBlock` means that it has passed, or
    /// that a `write` came between the two lines: whoever calls looks at the clock.
    pub fn read(&self, space: &mut [u8]) -> io::Result<usize> {
        self.make_blocking()?;
        (&self.stream).read(space)
    }

    fn make_blocking(&self) -> io::Result<()> {
        let mut nonblocking = self.lock();
        if *nonblocking {
            self.stream.set_nonblocking(false)?;
            *nonblocking = false;
        }
        Ok(())
    }

    /// Writes what the kernel has room for; `WouldBlock` when it has none.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Held until the bytes are written, so that no reader makes the stream blocking meanwhile.
        let mut nonblocking = self.lock();
        if !*nonblocking {
            self.stream.set_nonblocking(true)?;
            *nonblocking = true;
        }
        (&self.stream).write(bytes)
    }

    pub fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(timeout))
    }

    /// The stream of a data connection, made to wait in both directions: the broadcaster leaves it alone.
    pub fn raw(&self) -> io::Result<&TcpStream> {
        self.make_blocking()?;
        Ok(&self.stream)
    }

    /// Ends one direction or both; the peer may have done so already.
    pub fn shutdown(&self, how: Shutdown) {
        let _ = self.stream.shutdown(how);
    }

    /// Whether the network has ended the connection, as far as it is known without reading.
    pub fn is_broken(&self) -> bool {
        !matches!(self.stream.take_error(), Ok(None))
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.nonblocking.lock().unwrap_or_else(PoisonError::into_inner)
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
        (Socket::new(listener.accept().unwrap().0), peer)
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
