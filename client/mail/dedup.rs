//! Remembers which messages were shown, so that a message that comes twice is shown once.
//!
//! A stored message comes again when the server or this client was killed before it was acknowledged. Any message comes
//! again when its sender's connection broke before the server confirmed it. Under the wing's lock; the receiver thread
//! asks, and the thread that shows a message writes.
//!
//! Stored messages are written down in a file per own name, a line each. The id goes there before the message is shown,
//! the end of the line afterwards. So only an id without an end is uncertain: the client was killed at that moment. The
//! next start writes it down with a `?`; if that message comes again it is shown, and marked.

use super::limits::{ID_BYTES, NAMES, OTHERS, STORED, UNCERTAIN};
use crate::core::settings::{self, lock};
use crate::core::state::{EARLIER_SENDER_ID, SENDER_ID};
use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use wire::crc32::crc32;
use wire::disk::{self, make_private};
use wire::message::Message;
use wire::os::private_file;
use wire::{names, text};

/// What was shown.
#[derive(Debug, Default)]
pub struct Dedup {
    stored: Recent<STORED>,
    others: Recent<OTHERS>,
    /// Stored messages that were being shown when the client was killed.
    uncertain: Recent<UNCERTAIN>,
    /// Where stored messages are written down; nowhere when there is no home, or the disk fails.
    log: Option<Log>,
}

/// The file of one name.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    /// How many lines it has.
    lines: usize,
}

/// The id of a message: the sender's own, which stays when the message is sent again, or else the server's.
///
/// The sender's id counts together with target and text: otherwise somebody who takes the sender's name for a
/// moment could use up ids of the future, and the messages with these ids would not be shown.
pub fn id(message: &Message<'_>) -> Option<String> {
    let tag = |key| message.tags().find(|&(name, value)| name == key && !value.is_empty()).map(|(_, value)| value);
    let own = |id: &str| {
        let target = message.params.first().map(|target| names::casefold(target)).unwrap_or_default();
        let text = message.params.last().copied().unwrap_or_default();
        let sum = crc32(format!("{target} {text}").as_bytes());
        format!("{}/{sum:08x}/{id}", names::casefold(message.source_nick()))
    };
    let id = tag(SENDER_ID)
        .or_else(|| tag(EARLIER_SENDER_ID))
        .map(own)
        .or_else(|| tag("msgid").map(|id| format!("/{id}")))?;
    Some(text::truncate(&id, ID_BYTES).to_owned())
}

/// Whether a message has come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    Duplicate,
    /// It may have been shown by an earlier run of the client, which ended at that moment.
    Uncertain,
}

impl Dedup {
    /// Reads what was shown to the user who chats as `own_nick`.
    pub fn load(own_nick: &str) -> io::Result<Self> {
        Self::read(&settings::folder()?, &format!("seen-{}", names::casefold(own_nick)))
    }

    fn read(folder: &Path, name: &str) -> io::Result<Self> {
        make_private(folder)?;
        let path = folder.join(name);
        let mut file = open(&path)?;
        forget_the_oldest(folder, &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut dedup = Dedup::replay(&text);
        let lines = text.lines().count();
        if lines > 2 * STORED {
            dedup.log = Some(shorten(path)?);
            return Ok(dedup);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            let last = text.lines().last().unwrap_or_default();
            file.write_all(format!("\n?{last}\n").as_bytes())?;
        }
        dedup.log = Some(Log { path, file, lines });
        Ok(dedup)
    }

    /// What was shown according to the lines of a file.
    fn replay(text: &str) -> Self {
        let mut dedup = Dedup::default();
        text.split_inclusive('\n').for_each(|line| dedup.read_line(line));
        dedup
    }

    /// A later line about a message counts more than an earlier one.
    fn read_line(&mut self, line: &str) {
        let (id, is_sure) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_prefix('?').unwrap_or(line), !line.starts_with('?')),
            None => (line, false),
        };
        let id = text::truncate(id, ID_BYTES);
        if is_sure {
            self.uncertain.remove(id);
            self.stored.add(id);
        } else {
            self.stored.remove(id);
            self.uncertain.add(id);
        }
    }

    /// The user has another name, under which stored messages are remembered from now on.
    pub fn renamed(&mut self, new: &str) {
        let before = std::mem::replace(self, Self::load(new).unwrap_or_default());
        before.stored.order.iter().for_each(|id| _ = self.stored.add(id));
        self.others = before.others;
    }

    /// Takes note of a message that has come, and says whether it did before.
    pub fn check(&mut self, id: &str, is_private: bool) -> Novelty {
        let is_new = if is_private { self.stored.add(id) } else { self.others.add(id) };
        if !is_new {
            Novelty::Duplicate
        } else if is_private && self.uncertain.remove(id) {
            Novelty::Uncertain
        } else {
            Novelty::New
        }
    }

    /// Writes down the id of a stored message that is about to be shown, or the end of its line once it was shown.
    pub fn write(&mut self, text: &str) {
        let Some(mut log) = self.log.take() else { return };
        log.lines += usize::from(text == "\n");
        let is_long = log.lines > 2 * STORED && text == "\n";
        let written = log.file.write_all(text.as_bytes());
        // A full disk is no reason not to show a message; it may be shown twice.
        self.log = written.and_then(|()| if is_long { shorten(log.path) } else { Ok(log) }).ok();
    }
}

/// Writes a file anew, with the lines that count, so that it does not grow for ever. Only the file knows what was shown:
/// other messages that have come may wait until the user wakes.
fn shorten(path: PathBuf) -> io::Result<Log> {
    let Dedup { stored, uncertain, .. } = Dedup::replay(&disk::read_text(&path)?);
    let new = path.with_added_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = open(&new)?;
    let uncertain_lines = uncertain.order.iter().flat_map(|id| ["?", id, "\n"]);
    let lines: String = uncertain_lines.chain(stored.order.iter().flat_map(|id| [id, "\n"])).collect();
    file.write_all(lines.as_bytes())?;
    fs::rename(new, &path)?;
    Ok(Log { path, file, lines: uncertain.order.len() + stored.order.len() })
}

/// Opens a file of ids, which one client at a time has.
fn open(path: &Path) -> io::Result<File> {
    let file = private_file(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
    lock(&file, NAME_IN_USE)?;
    Ok(file)
}

/// Forgets the names that were used least recently, apart from ours and those of other clients that are running.
fn forget_the_oldest(folder: &Path, own: &Path) -> io::Result<()> {
    let is_ids = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seen-"));
    let paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let others = paths.filter(|path| path != own && is_ids(path));
    let mut used: Vec<_> = others.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).collect();
    used.sort_unstable();
    used.reverse();
    for (_, path) in used.into_iter().skip(NAMES - 1) {
        // One that cannot be removed is tried again next time.
        if open(&path).is_ok() {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

/// Other clients of the same name would spoil each other's notes.
const NAME_IN_USE: &str = "another client with your name is running";

/// The most recent different ids, at most this many.
#[derive(Debug, Default)]
struct Recent<const MOST: usize> {
    set: HashSet<String>,
    order: VecDeque<String>,
}

impl<const MOST: usize> Recent<MOST> {
    /// Adds an id; false when it was there already.
    fn add(&mut self, id: &str) -> bool {
        let is_new = self.set.insert(id.to_owned());
        if is_new {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        is_new
    }

    fn remove(&mut self, id: &str) -> bool {
        let was_there = self.set.remove(id);
        if was_there {
            self.order.retain(|other| other != id);
        }
        was_there
    }
}

#[cfg(test)]
mod tests;
