//! An upload: the bytes of a file are received, summed up and written, and then the file is announced.
//!
//! Runs in the thread of its data connection (see [`super::data_connection`]). It takes the table's lock for a moment at
//! a time, to count what has come, never while bytes move, and locks the data file against an older upload.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Instant;

use wire::files::readable_size;
use wire::limits::{COPY_BUFFER, DATA_STALL};
use wire::stream::Stream;
use wire::text::pluralize;

use super::guard::{ENDED, TransferGuard};
use super::limits;
use super::notify;
use super::room::Stopped;
use super::tokens::ResumePoint;
use super::usage::QuotaExceeded;

/// Receives a file, from the offset on, and has it announced.
pub fn put(guard: &TransferGuard<'_>, promised: ResumePoint, offset: u64, rest: &[u8]) -> Result<String, String> {
    let mut done = match offset {
        0 => ResumePoint::default(),
        offset if offset == promised.bytes => promised,
        _ if promised.bytes == 0 => return Err("The offset is 0".into()),
        _ => return Err(format!("The offset is {} or 0", promised.bytes)),
    };
    let cannot = |error: io::Error| guard.cannot("write", &error);
    let mut data = guard.files.spool.data(guard.id, true).map_err(cannot)?;
    // An older upload of the file holds the lock until it sees that its connection is shut down.
    data.lock().map_err(cannot)?;
    let size = guard.uploading(|file| {
        (file.resume_point, file.bytes) = (None, offset);
        file.size
    })?;
    data.set_len(offset).and_then(|()| data.seek(SeekFrom::Start(offset))).map_err(cannot)?;
    let received = body(rest.to_vec(), guard.stream).and_then(|mut input| {
        receive(guard, &mut input, &mut data, &mut done, size)?;
        sum(&mut input)
    });
    if !matches!(received, Err(Interrupted::Disk(_))) {
        // Also for an offer that has interrupted it, and waits for the lock on the data.
        guard.with(|file| file.resume_point = Some(done));
    }
    let all = pluralize(size, "byte");
    let sum = match received {
        Ok(sum) => sum,
        Err(Interrupted::Disk(error)) => return Err(guard.disk_failed(&error)),
        Err(Interrupted::Connection(why)) => {
            guard.uploading(|_| ())?;
            return Err(format!("{why} after {} of {all}; offer the file again to go on", done.bytes));
        }
    };
    if sum != Some(done.sum.value()) {
        guard.give_up();
        return Err(format!("Behind the {all} there was not their checksum; nothing was kept"));
    }
    guard.uploading(|_| ())?;
    data.sync_all().map_err(|error| guard.disk_failed(&error))?;
    finish(guard, done.sum.value())
}

/// The file is complete and on the disk: it is announced, and then the uploader gets its OK.
fn finish(guard: &TransferGuard<'_>, crc: u32) -> Result<String, String> {
    let (TransferGuard { files, connection, id, .. }, mut stream) = (guard, guard.stream);
    let completed = notify::complete(files, &mut connection.context(), *id, crc);
    // From here on the registry's lock is free.
    completed.inspect_err(|_| guard.give_up())?.map_err(|error| guard.disk_failed(&error))?;
    let table = files.table();
    if let Some(file) = table.get(*id) {
        let (size, target, name) = (readable_size(file.size), &file.target, &file.name);
        let did = format_args!("has uploaded {name} ({size}) for {target} (file {id})");
        connection.server.log.client(connection.address, Some(table.sender_of(file)), did);
    }
    drop(table);
    // It is announced, whether or not the uploader still reads.
    let _ = stream.write_all(format!("OK {id}\r\n").as_bytes());
    Ok(format!("Upload of file {id} done"))
}

/// Why a transfer is not complete.
pub enum Interrupted {
    Connection(String),
    Disk(io::Error),
}

impl From<io::Error> for Interrupted {
    fn from(error: io::Error) -> Self {
        Interrupted::Connection(match error.kind() {
            ErrorKind::UnexpectedEof => "The connection ended".into(),
            ErrorKind::Interrupted => "It was too slow".into(),
            ErrorKind::WouldBlock => format!("Nothing came for {} seconds,", DATA_STALL.as_secs()),
            _ => "The connection was lost".into(),
        })
    }
}

/// The bytes behind the first line: first those that were read with it, from the byte on that ended the line.
fn body(mut rest: Vec<u8>, mut stream: &Stream) -> Result<impl Read, Interrupted> {
    if rest == b"\r" {
        // The second half of the line's end may be on its way.
        rest.push(byte(&mut stream, Instant::now() + limits::DATA_PERIOD)?);
    }
    let line_end = if rest.starts_with(b"\r\n") { 2 } else { 1 };
    let body = rest.split_off(line_end.min(rest.len()));
    Ok(Cursor::new(body).chain(stream))
}

/// The minimum rate of a data connection: one that dribbles would hold its place for days.
pub struct MinimumRate {
    period_ends: Instant,
    /// Bytes that have to move before that.
    missing: u64,
}

impl MinimumRate {
    pub fn new(now: Instant) -> Self {
        MinimumRate { period_ends: now + limits::DATA_PERIOD, missing: limits::DATA_SLOW }
    }

    /// Counts the bytes that moved; an error says that they were too few.
    pub fn moved(&mut self, count: usize, now: Instant) -> Result<(), Interrupted> {
        self.missing = self.missing.saturating_sub(count as u64);
        if now < self.period_ends {
            return Ok(());
        }
        if self.missing > 0 {
            let (least, seconds) = (readable_size(limits::DATA_SLOW), limits::DATA_PERIOD.as_secs());
            let why = format!("It was too slow (less than {least} in {seconds} seconds)");
            return Err(Interrupted::Connection(why));
        }
        *self = MinimumRate::new(now);
        Ok(())
    }
}

/// Writes the bytes that come to the file until it is complete.
fn receive(
    guard: &TransferGuard<'_>,
    input: &mut impl Read,
    data: &mut File,
    done: &mut ResumePoint,
    size: u64,
) -> Result<(), Interrupted> {
    let mut buffer = vec![0; COPY_BUFFER];
    let mut rate = MinimumRate::new(Instant::now());
    while done.bytes < size {
        let most = usize::try_from(size - done.bytes).unwrap_or(usize::MAX).min(buffer.len());
        let count = match input.read(&mut buffer[..most]) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            // A part of a TLS record came, which counts as nothing.
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            read => read?,
        };
        let now = Instant::now();
        count_in(guard, count as u64, now)?;
        data.write_all(&buffer[..count]).map_err(Interrupted::Disk)?;
        done.sum.update(&buffer[..count]);
        done.bytes += count as u64;
        rate.moved(count, now)?;
        // The chat comes first: a transfer always has more to do, and would wait for the clock to interrupt it.
        thread::yield_now();
    }
    Ok(())
}

/// Counts bytes that came, before they are written. Idle uploads may have to make room for them.
fn count_in(guard: &TransferGuard<'_>, count: u64, now: Instant) -> Result<(), Interrupted> {
    let TransferGuard { files, connection, id, .. } = guard;
    let quota = files.options.spool_quota;
    let counted = files.table().receive((*id, connection.id), count, quota, now);
    let removed = counted.map_err(|why| {
        Interrupted::Connection(match why {
            Stopped::Ended => ENDED.to_owned(),
            Stopped::NoRoom(QuotaExceeded::Share) => {
                "With it you have more than your share of the room for files; cancel one. It stopped".to_owned()
            }
            Stopped::NoRoom(_) => "The server has no room for more now; try again later. It stopped".to_owned(),
        })
    })?;
    files.discard(&connection.server, removed);
    Ok(())
}

/// Reads one byte, until the deadline: of a TLS record only parts may come, and no byte of text.
fn byte(input: &mut impl Read, deadline: Instant) -> Result<u8, Interrupted> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(_) => return Ok(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted && Instant::now() < deadline => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads the sum behind the file: eight hexadecimal digits and a line end, or nothing that is one.
fn sum(input: &mut impl Read) -> Result<Option<u32>, Interrupted> {
    let mut digits = [0; 8];
    let deadline = Instant::now() + limits::DATA_PERIOD;
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
        let (mut slow, mut dribbles) = (MinimumRate::new(start), MinimumRate::new(start));
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
        assert!(matches!(late, Err(Interrupted::Connection(why)) if why == "It was too slow"));
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
