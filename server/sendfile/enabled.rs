//! With the feature: sendfile(2), by the crate that wraps the system's socket calls.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::thread;

use socket2::SockRef;
use wire::limits;

/// See [`super::send`].
pub fn send(file: &File, offset: u64, count: u64, socket: &TcpStream) -> io::Result<u64> {
    let socket = SockRef::from(socket);
    let mut sent = 0;
    while sent < count {
        // A piece at a time, so that a peer which takes a byte now and then does not look like one that takes none.
        let piece = (count - sent).min(limits::SENDFILE_PIECE as u64);
        let piece = usize::try_from(piece).ok().and_then(NonZeroUsize::new);
        let from = usize::try_from(offset + sent).map_err(|_| io::Error::from(ErrorKind::FileTooLarge))?;
        match socket.sendfile(file, from, piece) {
            Ok(0) => break,
            Ok(count) => {
                sent += count as u64;
                // The chat comes first: a transfer always has more to do, and would wait for the clock to interrupt it.
                thread::yield_now();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
