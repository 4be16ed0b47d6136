//! Data connections: a connection whose first line is PUT or GET carries the bytes of one file.
//!
//! Runs in the thread of that connection, which alone reads and writes the socket: the broadcaster leaves it alone. It
//! takes the table's lock for its token and at its end, never while bytes move.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Instant;

use wire::file_line::decimal;
use wire::limits::{COPY_BUFFER, DATA_STALL};
use wire::message::Message;
use wire::text::pluralize;

use super::guard::{BAD_TOKEN, TransferGuard};
use super::ids::FileId;
use super::store::Files;
use super::tokens::TokenScope;
use super::upload::{MinimumRate, put};
use crate::core::context::{Connection, End};
use crate::core::event::Event;

/// The first line of a data connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// PUT, or else GET.
    puts: bool,
    /// Number, token and offset of the file; `None` when the line has something else.
    what: Option<(FileId, String, u64)>,
}

impl Request {
    /// The request in a line, if it is one: no chat begins with such a line.
    pub fn parse(line: &str) -> Option<Self> {
        let message = Message::parse(line)?;
        let puts = message.verb.eq_ignore_ascii_case("PUT");
        if !puts && !message.verb.eq_ignore_ascii_case("GET") {
            return None;
        }
        let what = match message.params[..] {
            [id, token, offset] => decimal(id).zip(decimal(offset)).map(|(id, offset)| (id, token.into(), offset)),
            _ => None,
        };
        Some(Request { puts, what })
    }
}

const USAGE: &str = "Write PUT or GET, then the number of the file, the token and an offset";

/// Serves the request; `rest` are the bytes that were read behind its line. Returns why the connection ends.
pub fn serve(files: &Files, connection: &Connection, request: &Request, rest: &[u8]) -> End {
    connection.server.send(Event::Detached { client: connection.id });
    let lost = || End::ByServer("Connection lost".into());
    let Ok(mut stream) = connection.socket.detached() else { return lost() };
    let socket = stream.socket();
    if socket.set_read_timeout(Some(DATA_STALL)).and_then(|()| socket.set_write_timeout(Some(DATA_STALL))).is_err() {
        return lost();
    }
    let transfer = || {
        let (id, token, offset) = request.what.as_ref().ok_or(USAGE)?;
        let mut guard = TransferGuard::enter(files, connection, stream, *id)?;
        match guard.redeem(token, request.puts)? {
            TokenScope::Put(promised) => put(&guard, promised, *offset, rest),
            TokenScope::Get(nick) => get(&guard, &nick, *offset),
        }
    };
    End::ByServer(transfer().unwrap_or_else(|why| {
        // A peer that has left does not read it.
        let _ = stream.write_all(format!("ERROR :{why}\r\n").as_bytes());
        why
    }))
}

/// Sends a file, from the offset on. Returns how it came to an end.
fn get(guard: &TransferGuard<'_>, nick: &str, offset: u64) -> Result<String, String> {
    let (TransferGuard { files, connection, id, .. }, mut stream) = (guard, guard.stream);
    let (size, name) = guard.with(|file| (file.size, file.name.clone())).ok_or(BAD_TOKEN)?;
    let count =
        size.checked_sub(offset).ok_or_else(|| format!("The file has no more than {}", pluralize(size, "byte")))?;
    let opened = files.spool.data(*id, false).and_then(|data| Ok((data.metadata()?.len(), data)));
    let data = match opened {
        Ok((length, data)) if length == size => data,
        // It was cancelled at this moment.
        _ if guard.with(|_| ()).is_none() => return Err(BAD_TOKEN.into()),
        Ok((length, _)) => return Err(lost(guard, &format!("there are {length} bytes of {size} in the spool"))),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(lost(guard, "its bytes are missing")),
        Err(error) => return Err(guard.cannot("read", &error)),
    };
    // After the count only bytes of the file may follow, whatever happens.
    let begun = stream.write_all(format!("OK {count}\r\n").as_bytes());
    match begun.and_then(|()| copy(&data, offset, count, &mut stream)) {
        Ok(copied) if copied == count => {}
        Ok(copied) => return Ok(format!("Download of file {id} ended after {}", pluralize(copied, "byte"))),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(format!("Download of file {id} stalled")),
        Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(format!("Download of file {id} was too slow")),
        Err(_) => return Ok(format!("Download of file {id} broken off")),
    }
    let did = format_args!("has downloaded {name} (file {id})");
    connection.server.log.client(connection.address, Some(nick), did);
    Ok(format!("Download of file {id} done"))
}

/// A complete file is not as it was: the console says so. Returns the sentence for the client.
fn lost(guard: &TransferGuard<'_>, how: &str) -> String {
    guard.connection.server.log.line(format_args!("File {} is damaged: {how}", guard.id));
    "The server has lost the file; its sender has to send it again".into()
}

/// Copies `count` bytes of the file from `offset` on, or as many as there are; how many is returned.
fn copy(mut file: &File, offset: u64, count: u64, output: &mut impl Write) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    let mut input = file.take(count);
    let mut buffer = vec![0; COPY_BUFFER];
    let (mut copied, mut rate) = (0, MinimumRate::new(Instant::now()));
    loop {
        let length = match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let count = match output.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                written => written?,
            };
            rest = &rest[count..];
            rate.moved(count, Instant::now()).map_err(|_| ErrorKind::TimedOut)?;
        }
        copied += length as u64;
        // The chat comes first: a transfer always has more to do.
        thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let parse = Request::parse;
        assert_eq!(parse("PUT 7 abc 12"), Some(Request { puts: true, what: Some((7, "abc".into(), 12)) }));
        assert_eq!(parse("get 7 abc 0"), Some(Request { puts: false, what: Some((7, "abc".into(), 0)) }));
        for wrong in ["GET", "PUT x", "PUT 1 2", "PUT 1 2 3 4", "PUT +1 a 0", "PUT 1 a -1", "GET / HTTP/1.1"] {
            assert!(parse(wrong).is_some_and(|request| request.what.is_none()), "{wrong}");
        }
        for other in ["NICK a", "PUTS 1 a 0", "", " "] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(decimal("18446744073709551616"), None);
    }

    #[test]
    fn a_part_of_a_file_is_copied() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
        file.write_all(&bytes).unwrap();
        let mut copied = Vec::new();
        assert_eq!(copy(&file, 5, 1_000_000, &mut copied).unwrap(), 1_000_000);
        assert_eq!(copy(&file, 1_199_990, 100, &mut copied).unwrap(), 10, "no more than there is");
        assert!(copied == [&bytes[5..1_000_005], &bytes[1_199_990..]].concat());
    }
}
