//! An upload: the bytes of a file come in, are summed up and written, and then the file is announced.
//!
//! Runs in the thread of its data connection (see [`crate::transfer`]). It takes the registry's lock at
//! the beginning and at the end, never while bytes move, and locks the data file against an older upload.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Instant;

use wire::files::readable_size;
use wire::limits;
use wire::stream::Stream;
use wire::text::pluralize;

use crate::announce::{self, NotAnnounced};
use crate::chat::Chat;
use crate::entry::{FileId, Grant, Progress};
use crate::session::Session;
use crate::transfer::{NO_GOOD, Place};

/// Receives a file, from the offset on, and has it announced.
pub fn put(session: &Session, (id, token, offset): (FileId, &str, u64), rest: Vec<u8>) -> Result<String, String> {
    let server = &session.server;
    let (place, grant) = Place::take(session, id, token, true)?;
    let Grant::Put(promised) = grant else { return Err(NO_GOOD.into()) };
    let mut progress = match offset {
        0 => Progress::default(),
        offset if offset == promised.bytes => promised,
        _ if promised.bytes == 0 => return Err("The offset is 0".into()),
        _ => return Err(format!("The offset is {} or 0", promised.bytes)),
    };
    let cannot = |error: io::Error| {
        server.log.line(format_args!("Cannot write file {id}: {error}"));
        "The server cannot write the file; try again later".to_owned()
    };
    let mut data = server.spool.data(id, true).map_err(cannot)?;
    // An older upload of the file has it until it has seen that its connection is shut down.
    data.lock().map_err(cannot)?;
    let size = place.uploading(|entry| {
        entry.so_far = None;
        entry.size
    })?;
    data.set_len(offset).and_then(|()| data.seek(SeekFrom::Start(offset))).map_err(cannot)?;
    let stream = session.socket.raw().map_err(|error| error.to_string())?;
    let received = body(rest, stream).and_then(|mut input| {
        receive(&mut input, &mut data, &mut progress, size)?;
        sum(&mut input)
    });
    if !matches!(received, Err(BrokenOff::Disk(_))) {
        // Also for the offer that has interrupted it, and which waits for the lock on the data.
        place.with(|entry| entry.so_far = Some(progress));
    }
    let all = pluralize(size, "byte");
    let sum = match received {
        Ok(sum) => sum,
        Err(BrokenOff::Disk(error)) => return Err(place.disk_failed(&error)),
        Err(BrokenOff::Connection(why)) => {
            place.uploading(|_| ())?;
            return Err(format!("{why} after {} of {all}; offer the file again to go on", progress.bytes));
        }
    };
    if sum != Some(progress.sum.value()) {
        place.give_up();
        return Err(format!("Behind the {all} there was not their checksum; nothing was kept"));
    }
    place.uploading(|_| ())?;
    data.sync_all().map_err(|error| place.disk_failed(&error))?;
    finish(session, &place, progress.sum.value())
}

/// The file is whole and on the disk: it is announced, and its sender is told.
fn finish(session: &Session, place: &Place<'_>, crc: u32) -> Result<String, String> {
    let id = place.id;
    let completed = announce::complete(&mut Chat::enter(&session.server, session.id), id, crc);
    match completed {
        Ok(()) => {}
        Err(NotAnnounced::Disk(error)) => return Err(place.disk_failed(&error)),
        Err(NotAnnounced::ForNobody(why)) => {
            place.give_up();
            return Err(why);
        }
    }
    let told = place.with(|entry| {
        let what = format!("has uploaded {} ({}) for {}", entry.name, readable_size(entry.size), entry.target);
        (what, entry.sender.nick().to_owned())
    });
    if let Some((what, sender)) = told {
        session.server.log.client(session.address, Some(&sender), format_args!("{what} (file {id})"));
    }
    let mut stream = session.socket.raw().map_err(|error| error.to_string())?;
    // It is announced, whether or not its sender is still there to know.
    let _ = stream.write_all(format!("OK {id}\r\n").as_bytes());
    Ok(format!("Upload of file {id} done"))
}

/// Why an upload does not come to its end.
enum BrokenOff {
    Connection(String),
    Disk(io::Error),
}

impl From<io::Error> for BrokenOff {
    fn from(error: io::Error) -> Self {
        BrokenOff::Connection(match error.kind() {
            ErrorKind::UnexpectedEof => "The connection ended".into(),
            ErrorKind::WouldBlock => format!("Nothing came for {} seconds,", limits::DATA_STALL.as_secs()),
            _ => "The connection was lost".into(),
        })
    }
}

/// What comes behind the first line: first what was read with it, from the byte on that ended the line.
fn body(mut rest: Vec<u8>, mut stream: &Stream) -> Result<impl Read, BrokenOff> {
    if rest == b"\r" {
        // The second half of the line's end may be on its way.
        rest.push(byte(&mut stream, Instant::now() + limits::DATA_MINUTE)?);
    }
    let line_end = if rest.starts_with(b"\r\n") { 2 } else { 1 };
    let body = rest.split_off(line_end.min(rest.len()));
    Ok(Cursor::new(body).chain(stream))
}

/// Sees to it that an upload moves: one that dribbles would hold its place for days.
struct Pace {
    /// Until then so many bytes are still to come.
    minute_ends: Instant,
    still: u64,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Pace { minute_ends: now + limits::DATA_MINUTE, still: limits::DATA_SLOW }
    }

    /// Counts what has come; an error says that it was too little.
    fn moved(&mut self, count: usize, now: Instant) -> Result<(), BrokenOff> {
        self.still = self.still.saturating_sub(count as u64);
        if now >= self.minute_ends {
            if self.still > 0 {
                let (least, minute) = (readable_size(limits::DATA_SLOW), limits::DATA_MINUTE.as_secs());
                return Err(BrokenOff::Connection(format!("It was too slow (less than {least} in {minute} seconds)")));
            }
            *self = Pace::new(now);
        }
        Ok(())
    }
}

/// Writes what comes to the file until it is whole.
fn receive(input: &mut impl Read, data: &mut File, progress: &mut Progress, size: u64) -> Result<(), BrokenOff> {
    let mut buffer = vec![0; limits::COPY_BUFFER];
    let mut pace = Pace::new(Instant::now());
    while progress.bytes < size {
        let most = usize::try_from(size - progress.bytes).unwrap_or(usize::MAX).min(buffer.len());
        let count = match input.read(&mut buffer[..most]) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                // Of a TLS record not enough has come yet, which counts as nothing.
                pace.moved(0, Instant::now())?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        data.write_all(&buffer[..count]).map_err(BrokenOff::Disk)?;
        progress.sum.update(&buffer[..count]);
        progress.bytes += count as u64;
        pace.moved(count, Instant::now())?;
        // The chat comes first: a transfer always has more to do, and would wait for the clock to interrupt it.
        thread::yield_now();
    }
    Ok(())
}

/// Reads one byte. Of a TLS record only parts may come, and no byte of text: that is not waited for without end.
fn byte(input: &mut impl Read, deadline: Instant) -> Result<u8, BrokenOff> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(_) => return Ok(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted && Instant::now() < deadline => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                return Err(BrokenOff::Connection("It was too slow".into()));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads the sum behind the file: eight hexadecimal digits and a line end, or nothing that is one.
fn sum(input: &mut impl Read) -> Result<Option<u32>, BrokenOff> {
    let mut digits = [0; 8];
    let deadline = Instant::now() + limits::DATA_MINUTE;
    for digit in &mut digits {
        *digit = byte(input, deadline)?;
        if !digit.is_ascii_hexdigit() {
            return Ok(None);
        }
    }
    let end = byte(input, deadline)?;
    let digits = str::from_utf8(&digits).ok().filter(|_| matches!(end, b'\r' | b'\n'));
    Ok(digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_upload_that_dribbles_is_ended_and_a_slow_one_is_not() {
        let start = Instant::now();
        let second = |number| start + Duration::from_secs(number);
        let (mut slow, mut dribbles) = (Pace::new(start), Pace::new(start));
        assert!((1..=600).all(|number| slow.moved(1200, second(number)).is_ok()));
        // What came fast at first does not count for ever.
        assert!(dribbles.moved(1_000_000, second(1)).is_ok());
        let ended = (1..=10).find(|number| dribbles.moved(1, second(29 * number)).is_err());
        assert_eq!(ended, Some(6), "with the first byte after the second minute");
    }

    /// A TLS connection of which only parts of a record come.
    struct Dribbles;

    impl Read for Dribbles {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::Interrupted.into())
        }
    }

    #[test]
    fn a_byte_is_not_waited_for_without_end() {
        let late = byte(&mut Dribbles, Instant::now() + Duration::from_millis(10));
        assert!(matches!(late, Err(BrokenOff::Connection(why)) if why == "It was too slow"));
        assert!(matches!(byte(&mut &b"x"[..], Instant::now()), Ok(b'x')));
    }

    #[test]
    fn a_sum_is_eight_digits_and_a_line_end() {
        let read = |mut bytes: &[u8]| sum(&mut bytes).ok();
        assert_eq!(read(b"00c0FFEE\r\n"), Some(Some(0x00c0_ffee)));
        assert_eq!(read(b"00c0ffee\n"), Some(Some(0x00c0_ffee)));
        for wrong in [&b"+0c0ffee\n"[..], b"c0ffee\n", b"00c0ffee7\n"] {
            assert_eq!(read(wrong), Some(None));
        }
        assert_eq!(read(b"00c0ffee"), None, "it is still to come");
    }
}
