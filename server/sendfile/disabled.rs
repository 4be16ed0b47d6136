//! Without the feature: read and write.

use std::fs::File;
use std::io;
use std::net::TcpStream;

use super::copy;

/// See [`super::send`].
pub fn send(file: &File, offset: u64, count: u64, mut socket: &TcpStream) -> io::Result<u64> {
    copy(file, offset, count, &mut socket)
}
