//! One download: asks for a file, takes its bytes from a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use super::event::FileEvent;
use super::limits::{AHEAD, GOT};
use super::part::{self, Part};
use super::shared::Files;
use super::task::{self, Ended, Task};
use super::transfers::TransferError::{self, Cancelled, Lost, Permanent};
use super::transfers::{Answer, Cancel, Granted, Transfer};
use crate::core::client::Client;
use crate::core::state::State;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use wire::file_line::FileRequest;
use wire::limits;

/// Fetches a file.
pub fn run(task: Task<'_>, id: u64) -> Ended {
    let mut fetching = Fetching { task, id, part: None, is_second_try: false };
    let result = task.until_done(|| fetching.attempt());
    if let Err(Cancelled(cancel)) = &result {
        let path =
            fetching.part.as_ref().map(|part| part.path().to_owned()).or_else(|| part_of(task.client, task.files, id));
        end(task.client, id, path.as_deref(), cancel);
    }
    result
}

/// Where the part of a file that we know of is, or would be.
pub fn part_of(client: &Client, files: &Files, id: u64) -> Option<PathBuf> {
    let nick = client.lock().model.nick.clone();
    let crc = files.lock().offers.get(&id)?.crc;
    Some(part::path(&files.options.downloads, &nick, id, crc))
}

/// What becomes of a download that is cancelled.
pub fn end(client: &Client, id: u64, part: Option<&Path>, cancel: &Cancel) {
    match (cancel, part) {
        // If it cannot be noted, the next run of the client goes on with it.
        (Cancel::ByUser, Some(part)) => _ = part::stop(part),
        (Cancel::ByUser, None) => {}
        (Cancel::Declined | Cancel::BySender(_), part) => part.into_iter().for_each(part::remove),
    }
    if *cancel == Cancel::Declined {
        task::send(client, &FileRequest::Decline(id));
    }
}

/// One download under way.
struct Fetching<'a> {
    task: Task<'a>,
    id: u64,
    /// The part on the disk, which is opened once and stays so.
    part: Option<Part>,
    /// It came damaged once.
    is_second_try: bool,
}

impl Fetching<'_> {
    fn attempt(&mut self) -> Ended {
        let (task, granted) = (self.task, self.fetch()?);
        let unwritable = |error: io::Error| unwritable(&granted.name, &error);
        // A name that has changed meanwhile changes nothing for a part that is open.
        let part = match &mut self.part {
            Some(part) => part,
            closed => {
                let nick = task.client.lock().model.nick.clone();
                let path = part::path(&task.files.options.downloads, &nick, self.id, granted.crc);
                closed.insert(Part::open(&path).map_err(unwritable)?)
            }
        };
        let is_whole = part.length == granted.size && part.sum.value() == granted.crc;
        if part.length > granted.size || part.is_published() && !is_whole {
            part.restart().map_err(unwritable)?;
        }
        task.begin(part.length, granted.size);
        if part.length < granted.size {
            receive(task, self.id, part, &granted)?;
        }
        if part.sum.value() == granted.crc {
            return finish(task, self.id, part, granted);
        }
        part.restart().map_err(unwritable)?;
        if self.is_second_try {
            part.remove();
            let name = granted.name;
            return Err(Permanent(format!("{name} came damaged twice (its CRC-32 is wrong), and is removed")));
        }
        self.is_second_try = true;
        Err(Lost("it came damaged".to_owned()))
    }

    /// Asks for the file.
    fn fetch(&self) -> Result<Granted, TransferError> {
        let granted = match self.task.ask(&FileRequest::Fetch(self.id))? {
            Answer::Get(granted) => granted,
            Answer::Refused { why, .. } => return Err(Permanent(format!("File {} does not come: {why}", self.id))),
            Answer::Put { .. } => return Err(Lost("the server is confused".to_owned())),
        };
        let Granted { size, crc, name, .. } = &granted;
        // A file that comes by itself was let in by its size.
        let announced = self.task.files.lock().offers.get(&self.id).map(|offer| (offer.size, offer.crc));
        let is_wanted = self.task.with(|transfer| transfer.wanted.is_some());
        if announced.map_or(!is_wanted, |announced| announced != (*size, *crc)) {
            return Err(Permanent(format!("{name} does not come: it is not the file that was announced")));
        }
        self.task.with(|transfer| transfer.name.clone_from(name));
        Ok(granted)
    }
}

/// Takes the rest of the file from a data connection.
fn receive(task: Task<'_>, id: u64, part: &mut Part, granted: &Granted) -> Result<(), TransferError> {
    let stream = task.connect()?;
    (&*stream).write_all(format!("GET {id} {} {}\r\n", granted.token, part.length).as_bytes())?;
    let mut reader = BufReader::new(&*stream);
    let count = task::verdict(&mut reader)?;
    if count != granted.size - part.length {
        return Err(Lost(format!("the server wants to send {count} bytes, which do not fit")));
    }
    save(task, reader, part, granted)
}

/// Names the whole file, and tells the server.
fn finish(task: Task<'_>, id: u64, part: &Part, granted: Granted) -> Ended {
    let Granted { size, crc, name, .. } = granted;
    let path = part.publish(&name).map_err(|error| unwritable(&name, &error))?;
    // The server need not keep the data connection while we wait for its word.
    let close = |transfer: &mut Transfer| (transfer.stream.take(), transfer.progress, transfer.peer.clone());
    let (_, progress, from) = task.with(close);
    task::send(task.client, &FileRequest::Got(id));
    drop(task.client.wait_while(GOT, |state: &State| !state.unconfirmed.is_empty()));
    part.remove();
    Ok(FileEvent::Saved { id, name, from, path, size, crc, how: progress.summary() })
}

/// Saves the rest of the file. This thread reads it, and a second thread sums it up and writes it: each takes about
/// as long as the other.
fn save(task: Task<'_>, reader: impl Read, part: &mut Part, granted: &Granted) -> Result<(), TransferError> {
    let mut rest = reader.take(granted.size - part.length);
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
            while rest.limit() > 0 {
                let mut buffer = to_fill.try_recv().unwrap_or_else(|_| vec![0; limits::COPY_BUFFER]);
                let count = match rest.read(&mut buffer) {
                    Ok(0) => return Err(Lost("the server closed the connection".to_owned())),
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error.into()),
                };
                // If it cannot be written any more, the other thread knows why.
                if full.send((buffer, count)).is_err() {
                    break;
                }
                task.advance(count)?;
            }
            Ok(())
        };
        let read = read();
        drop(full);
        let written = writing.join().unwrap_or_else(|_| Err(io::Error::other("internal error")));
        written.map_err(|error| unwritable(&granted.name, &error)).and(read)
    })
}

/// Why a file cannot be saved, and what to do.
fn unwritable(name: &str, error: &io::Error) -> TransferError {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; make room, then /get goes on with it",
        ErrorKind::PermissionDenied => "you may not write there; choose another folder with --downloads",
        _ => return Permanent(format!("{name} cannot be saved: {error}")),
    };
    Permanent(format!("{name} cannot be saved: {hint}"))
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
