//! The bytes of a download, from the file to the socket.
//!
//! Called by the thread of a data connection; no lock. With the feature `sendfile` the kernel moves them and
//! they never enter this process; without it, and with TLS, they pass through a buffer. Std's own `io::copy` does the latter, too, from
//! a file to a socket: if the file were changed afterwards, bytes not yet sent would change with it. A
//! file in the spool is never changed once it can be fetched.

#[cfg(not(feature = "sendfile"))]
#[path = "disabled.rs"]
mod implementation;
#[cfg(feature = "sendfile")]
#[path = "enabled.rs"]
mod implementation;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use wire::limits;
use wire::stream::Stream;

/// Sends `count` bytes of the file from `offset` on, or as many as there are; how many is returned. It waits for the
/// socket, at most for its write time-out without a byte.
pub fn send(file: &File, offset: u64, count: u64, mut stream: &Stream) -> io::Result<u64> {
    match stream.tls() {
        None => implementation::send(file, offset, count, stream.socket()),
        // What is to be sealed has to pass through this process.
        Some(_) => copy(file, offset, count, &mut stream),
    }
}

/// The same through a buffer.
fn copy(mut file: &File, offset: u64, count: u64, output: &mut impl Write) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    io::copy(&mut BufReader::with_capacity(limits::COPY_BUFFER, file.take(count)), output)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    #[test]
    fn a_part_of_a_file_arrives() {
        let path = std::env::temp_dir().join(format!("groupchat-sendfile-{}", std::process::id()));
        let bytes: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = Stream::new(listener.accept().unwrap().0);
        let reader = thread::spawn(move || {
            let mut read = Vec::new();
            peer.read_to_end(&mut read).unwrap();
            read
        });
        assert_eq!(send(&file, 5, 3_000_000, &socket).unwrap(), 3_000_000);
        // No more than there is.
        assert_eq!(send(&file, 3_999_990, 100, &socket).unwrap(), 10);
        drop(socket);
        assert!(reader.join().unwrap() == [&bytes[5..3_000_005], &bytes[3_999_990..]].concat());
    }
}
