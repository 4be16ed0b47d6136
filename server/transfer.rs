//! Data connections: a connection whose first line is PUT or GET carries the bytes of one file.
//!
//! Runs in the thread of that connection, which alone reads and writes the socket: the broadcaster leaves
//! it alone. It takes the registry's lock for its token and at its end, never while bytes move.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use wire::limits;
use wire::lines::Line;
use wire::message::Message;
use wire::text::pluralize;

use crate::entry::{Entry, FileId, Grant};
use crate::event::Event;
use crate::session::Session;
use crate::upload::put;

/// The first line of a data connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// PUT, or else GET.
    puts: bool,
    /// Number, token and offset of the file; nothing when the line has something else.
    what: Option<(FileId, String, u64)>,
}

impl Request {
    /// The request that a line is, if it is one: of a person who chats no first line starts like this.
    pub fn parse(line: &Line<'_>) -> Option<Self> {
        let Line::Complete(line) = line else { return None };
        let line = String::from_utf8_lossy(line);
        let message = Message::parse(&line)?;
        let puts = message.verb.eq_ignore_ascii_case("PUT");
        if !puts && !message.verb.eq_ignore_ascii_case("GET") {
            return None;
        }
        let what = match message.params[..] {
            [id, token, offset] => number(id).zip(number(offset)).map(|(id, offset)| (id, token.into(), offset)),
            _ => None,
        };
        Some(Request { puts, what })
    }
}

/// A decimal number and nothing else.
pub fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

pub const NO_GOOD: &str = "This token is not, or no longer, good; ask for another one";
const HOW: &str = "Write PUT or GET, then the number of the file, the token and an offset";

/// Does what the first line asks; `rest` is what was read behind it. Returns why the connection ends.
pub fn serve(session: &Session, request: &Request, rest: Vec<u8>) -> String {
    session.server.send(Event::Raw { client: session.id });
    let Ok(mut stream) = session.socket.raw() else { return "Connection lost".into() };
    let stall = Some(limits::DATA_STALL);
    let socket = stream.socket();
    if socket.set_read_timeout(stall).and_then(|()| socket.set_write_timeout(stall)).is_err() {
        return "Connection lost".into();
    }
    let result = match &request.what {
        Some((id, token, offset)) if request.puts => put(session, (*id, token, *offset), rest),
        Some((id, token, offset)) => get(session, (*id, token, *offset)),
        None => Err(HOW.into()),
    };
    result.unwrap_or_else(|why| {
        // The peer may have gone; then nobody is there to be told.
        let _ = stream.write_all(format!("ERROR :{why}\r\n").as_bytes());
        why
    })
}

/// The place of a data connection in the table of files, given back when it is dropped.
pub struct Place<'a> {
    session: &'a Session,
    pub id: FileId,
}

impl<'a> Place<'a> {
    /// Redeems the token. A server that is busy leaves it good for another try.
    pub fn take(session: &'a Session, id: FileId, token: &str, puts: bool) -> Result<(Self, Grant), String> {
        let mut registry = session.server.registry();
        registry.has_room_for_a_transfer(session.address, session.server.max_per_ip)?;
        let redeemed = registry.files.get_mut(id).and_then(|entry| {
            let grant = entry.redeem(token, puts, session.socket.is_secure(), Instant::now())?;
            Some((grant, entry.connect(session.id, Arc::clone(&session.socket), puts)))
        });
        if redeemed.is_some() {
            registry.becomes_transfer(session.id);
        }
        drop(registry);
        let Some((grant, older)) = redeemed else {
            session.server.log.client(session.address, None, format_args!("is refused: no good token for file {id}"));
            return Err(NO_GOOD.into());
        };
        if let Some(older) = older {
            older.shutdown(Shutdown::Both);
        }
        Ok((Place { session, id }, grant))
    }

    /// Looks at the entry, unless it is gone.
    pub fn with<T>(&self, look: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.session.server.registry().files.get_mut(self.id).map(look)
    }

    /// Looks at the entry while this is the connection that uploads it.
    pub fn uploading<T>(&self, look: impl FnOnce(&mut Entry) -> T) -> Result<T, String> {
        let client = self.session.id;
        let looked = self.with(|entry| entry.is_uploaded_by(client).then(|| look(entry)));
        looked.flatten().ok_or_else(|| "The upload was ended: cancelled, or begun again".into())
    }

    /// Removes the file: what came is of no use. The connection itself goes on, to say why.
    pub fn give_up(&self) {
        let (server, client) = (&self.session.server, self.session.id);
        let mut registry = server.registry();
        let entry = registry.files.get_mut(self.id).filter(|entry| entry.is_uploaded_by(client));
        let is_ours = entry.map(|entry| entry.disconnect(client));
        let gone = is_ours.and_then(|()| registry.files.remove(self.id));
        drop(registry);
        server.discard(gone);
    }

    /// The disk fails: the window says so, and the file goes, so that others have room.
    pub fn disk_failed(&self, error: &io::Error) -> String {
        self.session.server.log.line(format_args!("Cannot keep file {}: {error}; its upload is given up", self.id));
        self.give_up();
        format!("The server cannot keep the file ({error}); nothing was kept")
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.with(|entry| entry.disconnect(self.session.id));
    }
}

/// Copies `count` bytes of the file from `offset` on, or as many as there are; how many is returned.
fn copy(mut file: &File, offset: u64, count: u64, output: &mut impl Write) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    let mut input = file.take(count);
    let mut buffer = vec![0; limits::COPY_BUFFER];
    let mut copied = 0;
    loop {
        let length = match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        output.write_all(&buffer[..length])?;
        copied += length as u64;
        // The chat comes first: a transfer always has more to do.
        thread::yield_now();
    }
}

/// Sends a file, from the offset on.
fn get(session: &Session, (id, token, offset): (FileId, &str, u64)) -> Result<String, String> {
    let (place, grant) = Place::take(session, id, token, false)?;
    let (size, name) = place.with(|entry| (entry.size, entry.name.clone())).ok_or(NO_GOOD)?;
    let count =
        size.checked_sub(offset).ok_or_else(|| format!("The file has no more than {}", pluralize(size, "byte")))?;
    let data = session.server.spool.data(id, false).map_err(|error| {
        session.server.log.line(format_args!("Cannot read file {id}: {error}"));
        "The server cannot read the file; try again later".to_owned()
    })?;
    let mut stream = session.socket.raw().map_err(|error| error.to_string())?;
    // After the count only bytes of the file may follow, whatever happens.
    let announced = stream.write_all(format!("OK {count}\r\n").as_bytes());
    match announced.and_then(|()| copy(&data, offset, count, &mut stream)) {
        Ok(copied) if copied == count => {}
        Ok(copied) => return Ok(format!("Download of file {id} ended after {}", pluralize(copied, "byte"))),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(format!("Download of file {id} stalled")),
        Err(_) => return Ok(format!("Download of file {id} broken off")),
    }
    if let Grant::Get(nick) = grant {
        session.server.log.client(session.address, Some(&nick), format_args!("has downloaded {name} (file {id})"));
    }
    Ok(format!("Download of file {id} done"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Request> {
        Request::parse(&Line::Complete(line.as_bytes()))
    }

    #[test]
    fn first_lines() {
        assert_eq!(parse("PUT 7 abc 12"), Some(Request { puts: true, what: Some((7, "abc".into(), 12)) }));
        assert_eq!(parse("get 7 abc 0"), Some(Request { puts: false, what: Some((7, "abc".into(), 0)) }));
        for wrong in ["GET", "PUT x", "PUT 1 2", "PUT 1 2 3 4", "PUT +1 a 0", "PUT 1 a -1", "GET / HTTP/1.1"] {
            assert!(parse(wrong).is_some_and(|request| request.what.is_none()), "{wrong}");
        }
        for other in ["NICK a", "PUTS 1 a 0", "", " "] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(Request::parse(&Line::TooLong), None);
        assert_eq!(number("18446744073709551616"), None);
    }
}
