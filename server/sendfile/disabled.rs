//! Without the feature: read and write.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::net::TcpStream;

use wire::limits;

/// Sends `count` bytes of the file from `offset` on, or as many as there are; how many is returned. It waits for the
/// socket, at most for its write time-out without a byte.
pub fn send(mut file: &File, offset: u64, count: u64, mut socket: &TcpStream) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    io::copy(&mut BufReader::with_capacity(limits::COPY_BUFFER, file.take(count)), &mut socket)
}
