//! Recovery at the start: known names, stored messages, the number of this run.
//!
//! Run once by the main thread, before any other starts. Damage is warned of and kept aside; it does not keep the
//! server from starting.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use wire::disk::{keep_damaged, read_text, write_atomically};
use wire::names::{casefold, is_nick};
use wire::os::sync_folder;

use super::limits;
use super::message::StoredMessage;
use crate::core::msgid::Msgid;

#[derive(Debug, Default)]
pub struct Recovery {
    /// The number of this run, higher than those of all runs before.
    pub run: u64,
    /// Known names, folded, the newest last.
    pub names: Vec<String>,
    /// The messages in each mailbox that has a folder, oldest first.
    pub messages: Vec<(String, Vec<StoredMessage>)>,
    /// What could not be read or written, each a sentence.
    pub warnings: Vec<String>,
}

impl Recovery {
    /// Reads the data folder. `now` is in seconds since 1970.
    pub fn run(data: &Path, mail: &Path, now: u64) -> io::Result<Recovery> {
        let mut found = Recovery::default();
        found.known_names(&data.join("names"))?;
        for mailbox in fs::read_dir(mail)? {
            let mailbox = mailbox?.path();
            if let Err(error) = found.open_mailbox(&mailbox, now) {
                found.warnings.push(format!("The mailbox {} is left out: {error}", mailbox.display()));
            }
        }
        let run = data.join("run");
        found.run = found.next_run(&run)?;
        let written = write_atomically(&run, format!("{}\n", found.run).as_bytes());
        if let Err(error) = written.and_then(|()| sync_folder(data)) {
            // The clock is good enough, unless it is turned back.
            found.warnings.push(format!("Cannot write {}: {error}", run.display()));
        }
        Ok(found)
    }

    /// The newest of the known names, each once. Their file is written anew, so that names which are forgotten and
    /// registered again do not fill the disk.
    fn known_names(&mut self, file: &Path) -> io::Result<()> {
        let bytes = match fs::read(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let text = String::from_utf8_lossy(&bytes);
        let damaged = text.lines().filter(|line| !line.is_empty() && !is_nick(line)).count();
        let mut may_write = true;
        if damaged > 0 {
            let kept = keep_damaged(file);
            let outcome = match &kept {
                Ok(kept) => format!("it is kept as {}", kept.display()),
                Err(error) => format!("no copy of it can be kept, so it is not written anew: {error}"),
            };
            let lines = wire::text::pluralize(damaged, "line");
            self.warnings.push(format!("{} is damaged ({lines} without a name); {outcome}", file.display()));
            may_write = kept.is_ok();
        }
        let mut seen = HashSet::new();
        let newest =
            text.lines().rev().filter(|line| is_nick(line)).map(casefold).filter(|name| seen.insert(name.clone()));
        self.names = newest.take(limits::KNOWN_NAMES).collect();
        self.names.reverse();
        if may_write && let Err(error) = write_atomically(file, self.names.join("\n").as_bytes()) {
            self.warnings.push(format!("Cannot write {}: {error}", file.display()));
        }
        Ok(())
    }

    fn open_mailbox(&mut self, mailbox: &Path, now: u64) -> io::Result<()> {
        let name = mailbox.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !is_nick(name) || casefold(name) != name {
            return Err(io::Error::other("that is nobody's name"));
        }
        for part in fs::read_dir(mailbox.join("tmp")).into_iter().flatten() {
            // Messages that were being written when the server was killed were never acknowledged. One that cannot be
            // removed does no harm.
            let _ = fs::remove_file(part?.path());
        }
        let new = match fs::read_dir(mailbox.join("new")) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            other => Some(other?),
        };
        // All at once: a file that gets a new name could be listed again.
        let files = new.into_iter().flatten().collect::<io::Result<Vec<_>>>()?;
        let mut messages = Vec::new();
        for file in files {
            match stored_message(&file, now) {
                Ok(message) => messages.push(message),
                Err(why) => self.warnings.push(format!("{} {why} and is left alone", file.path().display())),
            }
        }
        messages.sort_by_key(|message| message.id);
        self.names.push(name.to_owned());
        self.messages.push((name.to_owned(), messages));
        Ok(())
    }

    /// The number of this run: the time, unless the clock was turned back. No stored message has it.
    fn next_run(&mut self, file: &Path) -> io::Result<u64> {
        let text = read_text(file)?;
        let runs: HashSet<u64> =
            self.messages.iter().flat_map(|(_, messages)| messages).map(|message| message.id.run).collect();
        let last = match text.trim() {
            "" => Some(0),
            number => number.parse().ok().filter(|last| *last < Msgid::LAST_RUN),
        };
        // A number that cannot be right says nothing about the next one.
        let newest = runs.iter().copied().filter(|run| *run < Msgid::LAST_RUN).max();
        let now = Msgid::run_at(SystemTime::now());
        let run = now.clamp(last.max(newest).unwrap_or_default() + 1, Msgid::LAST_RUN);
        let free = (run..=Msgid::LAST_RUN).chain(now..=Msgid::LAST_RUN).find(|run| !runs.contains(run)).unwrap_or(now);
        if last.is_none() {
            let (file, number) = (file.display(), text.trim());
            self.warnings.push(format!("{file} cannot be right ({number:?}); the runs are counted on from {free}"));
        }
        Ok(free)
    }
}

/// What is known of a message. The file of an older server, whose name is the id alone, is given its new name; it
/// counts as stored now.
fn stored_message(file: &DirEntry, now: u64) -> Result<StoredMessage, String> {
    const NO_MESSAGE: &str = "is no message";
    let name = file.file_name();
    let name = name.to_str().ok_or(NO_MESSAGE)?;
    if let Some(message) = StoredMessage::parse(name) {
        return Ok(message);
    }
    let id = Msgid::parse(name).ok_or(NO_MESSAGE)?;
    let size = file.metadata().map(|metadata| usize::try_from(metadata.len()).unwrap_or(usize::MAX));
    let renamed = size.and_then(|size| {
        let message = StoredMessage { id, time: now, size, party: None, crc: None, passing: false };
        let path = file.path().with_file_name(message.to_string());
        // No other thread is there yet.
        let is_taken = path.symlink_metadata().is_ok();
        if is_taken { Err(ErrorKind::AlreadyExists.into()) } else { fs::rename(file.path(), path).map(|()| message) }
    });
    renamed.map_err(|error| format!("cannot get a new name: {error}"))
}

#[cfg(test)]
mod tests;
