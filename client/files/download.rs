//! One download: asks for a file, takes its bytes from a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use super::event::FileEvent;
use super::part::{self, Part};
use super::task::{self, Task};
use super::transfers::{Answer, Cancel, Transfer, TransferError};
use crate::core::state::State;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wire::file_line::FileRequest;
use wire::stream::Stream;
use wire::{files, limits};

/// Buffers that may wait to be written.
const AHEAD: usize = 4;
/// How long a file's part waits for the server to hear that we have it all.
const GOT: Duration = Duration::from_secs(10);

/// Fetches a file.
pub fn run(task: Task<'_>, id: u64) -> Result<FileEvent, TransferError> {
    let mut fetching = Fetching { task, id, part: None, is_second_try: false };
    let result = task.until_done(|| fetching.attempt());
    if let Err(TransferError::Cancelled(cancel)) = &result {
        if let Some((_, part)) = &fetching.part {
            part.remove();
        }
        if *cancel == Cancel::ByUser {
            task.send(&FileRequest::Cancel(id));
        }
    }
    result
}

/// One download under way.
struct Fetching<'a> {
    task: Task<'a>,
    id: u64,
    /// The part on the disk, and its path.
    part: Option<(PathBuf, Part)>,
    /// It came damaged once.
    is_second_try: bool,
}

/// The server's description of the file.
struct Offered {
    token: String,
    size: u64,
    crc: u32,
    name: String,
}

impl Fetching<'_> {
    fn attempt(&mut self) -> Result<FileEvent, TransferError> {
        let offered = self.fetch()?;
        let part = self.open_part(&offered)?;
        let is_whole = part.length == offered.size && part.sum.value() == offered.crc;
        if part.length > offered.size || part.is_published() && !is_whole {
            part.restart().map_err(|error| unwritable(&offered.name, &error))?;
        }
        let offset = part.length;
        self.task.begin(offset, offered.size);
        if offset < offered.size {
            let stream = self.task.connect()?;
            self.receive(&stream, &offered)?;
        }
        self.finish(&offered)
    }

    /// Asks for the file.
    fn fetch(&mut self) -> Result<Offered, TransferError> {
        match self.task.ask(&FileRequest::Fetch(self.id))? {
            Answer::Get { token, size, crc, name } => {
                let name = files::safe_name(&name);
                let mut transfers = self.task.files.lock();
                // A file that comes by itself was let in by its size.
                let announced = transfers.offers.get(&self.id).map(|offer| (offer.size, offer.crc));
                if announced.is_some_and(|announced| announced != (size, crc)) {
                    return Err(TransferError::Permanent(format!(
                        "{name} does not come: it is not the file that was announced"
                    )));
                }
                if let Some(transfer) = transfers.get(self.task.number) {
                    transfer.name.clone_from(&name);
                }
                Ok(Offered { token, size, crc, name })
            }
            Answer::Refused { why, .. } => {
                Err(TransferError::Permanent(format!("File {} does not come: {why}", self.id)))
            }
            Answer::Put { .. } => Err(TransferError::Lost("the server is confused".to_owned())),
        }
    }

    /// The part, which is opened once and stays so.
    fn open_part(&mut self, offered: &Offered) -> Result<&mut Part, TransferError> {
        let nick = self.task.client.lock().model.nick.clone();
        let path = part::path(&self.task.files.downloads, &nick, self.id, offered.crc);
        // A name that has changed meanwhile changes nothing for a part that is open.
        let part = if let Some(open) = self.part.take() {
            open
        } else {
            let part = Part::open(&path).map_err(|error| unwritable(&offered.name, &error))?;
            (path, part)
        };
        Ok(&mut self.part.insert(part).1)
    }

    /// Takes the rest of the file from the data connection.
    fn receive(&mut self, mut stream: &Stream, offered: &Offered) -> Result<(), TransferError> {
        let lost = |error: io::Error| task::lost(&error);
        let Some((_, part)) = &mut self.part else { return Ok(()) };
        let request = format!("GET {} {} {}\r\n", self.id, offered.token, part.length);
        stream.write_all(request.as_bytes()).map_err(lost)?;
        let mut reader = BufReader::new(stream);
        let count = task::verdict(&mut reader)?;
        if count != offered.size - part.length {
            return Err(TransferError::Lost(format!("the server wants to send {count} bytes, which do not fit")));
        }
        let task = self.task;
        save(&mut reader, part, offered, |count| task.advance(count))
    }

    /// Checks the whole file, names it, and tells the server.
    fn finish(&mut self, offered: &Offered) -> Result<FileEvent, TransferError> {
        let Some((_, part)) = &mut self.part else { return Err(TransferError::Lost("nothing came".to_owned())) };
        let Offered { size, crc, name, .. } = offered;
        if part.sum.value() != *crc {
            part.restart().map_err(|error| unwritable(name, &error))?;
            if self.is_second_try {
                part.remove();
                return Err(TransferError::Permanent(format!(
                    "{name} came damaged twice (its CRC-32 is wrong), and is removed"
                )));
            }
            self.is_second_try = true;
            return Err(TransferError::Lost("it came damaged".to_owned()));
        }
        let path = part.publish(name).map_err(|error| unwritable(name, &error))?;
        // The server need not keep the data connection while we wait for its word.
        let close = |transfer: &mut Transfer| (transfer.stream.take(), transfer.progress, transfer.peer.clone());
        let (_, progress, from) = self.task.with(close).unwrap_or_default();
        self.task.send(&FileRequest::Got(self.id));
        drop(self.task.client.wait_while(GOT, |state: &State| !state.unconfirmed.is_empty()));
        part.remove();
        Ok(FileEvent::Saved { name: name.clone(), from, path, size: *size, crc: *crc, how: progress.summary() })
    }
}

/// Saves the rest of the file. This thread reads it, and a second thread sums it up and writes it: each takes about
/// as long as the other.
fn save(
    reader: &mut impl Read,
    part: &mut Part,
    offered: &Offered,
    advance: impl Fn(usize) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut left = offered.size - part.length;
    let (full, to_write) = mpsc::sync_channel::<(Vec<u8>, usize)>(AHEAD);
    let (empty, to_fill) = mpsc::channel::<Vec<u8>>();
    thread::scope(|scope| {
        let writing = scope.spawn(move || {
            to_write.into_iter().try_for_each(|(buffer, count)| {
                part.write(&buffer[..count])?;
                // At the end nobody wants it back.
                let _ = empty.send(buffer);
                Ok(())
            })
        });
        let mut read = || {
            while left > 0 {
                let mut buffer = to_fill.try_recv().unwrap_or_else(|_| vec![0; limits::COPY_BUFFER]);
                let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                let count = match reader.read(&mut buffer[..most]) {
                    Ok(0) => return Err(TransferError::Lost("the server closed the connection".to_owned())),
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(task::lost(&error)),
                };
                left -= count as u64;
                // If it cannot be written any more, the other thread knows why.
                if full.send((buffer, count)).is_err() {
                    break;
                }
                advance(count)?;
            }
            Ok(())
        };
        let read = read();
        drop(full);
        let written = writing.join().unwrap_or_else(|_| Err(io::Error::other("internal error")));
        written.map_err(|error| unwritable(&offered.name, &error)).and(read)
    })
}

/// Why a file cannot be saved, and what to do.
fn unwritable(name: &str, error: &io::Error) -> TransferError {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; make room, then /get goes on with it",
        ErrorKind::PermissionDenied => "you may not write there; choose another folder with --downloads",
        _ => return TransferError::Permanent(format!("{name} cannot be saved: {error}")),
    };
    TransferError::Permanent(format!("{name} cannot be saved: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_when_a_file_cannot_be_saved() {
        let says = |kind: ErrorKind| match unwritable("a.txt", &kind.into()) {
            TransferError::Permanent(why) => why,
            _ => String::new(),
        };
        let full = "a.txt cannot be saved: the disk is full; make room, then /get goes on with it";
        assert_eq!(says(ErrorKind::StorageFull), full);
        assert!(says(ErrorKind::PermissionDenied).ends_with("choose another folder with --downloads"));
        assert!(says(ErrorKind::NotADirectory).starts_with("a.txt cannot be saved: "));
    }
}
