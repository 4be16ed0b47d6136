//! The table of files under way, and what is known of those that were offered.
//!
//! Pure bookkeeping under the wing's lock. The receiver thread and the commands put transfers in, the scheduler gives
//! each a thread of its own.

use super::pending_uploads::{PendingUploads, Upload};
use super::progress::Progress;
use std::collections::{HashMap, HashSet};
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use wire::file_line::FileState;
use wire::stream::Stream;
use wire::{limits, names};

/// Transfers at once. A few fill any line already, and each is a thread and a connection to the server.
pub const AT_ONCE: usize = 4;
/// Files that may wait to be fetched by themselves; further ones are fetched after the next login.
const QUEUE: usize = 1000;

/// The task of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    Upload(Upload),
    /// The file of this id.
    Download(u64),
}

/// What the server said to an offer or a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Put {
        id: u64,
        token: String,
        offset: u64,
        crc: u32,
    },
    Get {
        token: String,
        size: u64,
        crc: u32,
        name: String,
    },
    /// The code for programs, and the reason for people.
    Refused {
        code: String,
        why: String,
    },
}

/// Why a transfer is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancel {
    ByUser,
    /// Its sender took the file back.
    BySender(String),
}

/// Why a transfer, or one attempt, did not succeed. The text is for the user.
///
/// | error | such as | another attempt | an upload is withdrawn |
/// | --- | --- | --- | --- |
/// | `Lost` | the network breaks, the server ends | yes, after a pause | no |
/// | `Refused` | the server says `ERROR`: it is full, the token is too old | yes, after a pause | no |
/// | `Permanent` | the server says `FAIL`, or `ERROR` to a whole upload; the disk is full | no | no: the server knows |
/// | `LocalFile` | our file has changed or cannot be read any more | no | yes |
/// | `Cancelled` | by the user, or by the sender | no | yes, if by the user |
pub enum TransferError {
    Lost(String),
    Refused(String),
    Permanent(String),
    LocalFile(String),
    Cancelled(Cancel),
}

/// A transfer that runs, or waits for its turn.
pub struct Transfer {
    /// Our own number for it.
    pub number: u64,
    pub job: Job,
    /// The user has just asked for it; a script fails with it.
    pub wanted: bool,
    pub is_running: bool,
    /// The server's number for the file, once known.
    pub id: Option<u64>,
    /// The file's name, as soon as it is known.
    pub name: String,
    /// Its sender, or its target, where known.
    pub peer: String,
    /// The answer that its thread waits for.
    pub answer: Option<Answer>,
    pub cancel: Option<Cancel>,
    /// Its data connection; closing it wakes its thread.
    pub stream: Option<Arc<Stream>>,
    /// The server's list says that it has the file.
    pub is_whole: bool,
    pub progress: Progress,
}

/// A file that the server told us about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: u64,
    pub sender: String,
    pub target: String,
    pub size: u64,
    pub crc: u32,
    pub state: FileState,
    pub name: String,
}

/// The table.
#[derive(Default)]
pub struct Transfers {
    list: Vec<Transfer>,
    last_number: u64,
    /// Files up to this size are fetched by themselves.
    pub auto_accept: u64,
    pub pending_uploads: PendingUploads,
    /// Files that we know of, by id.
    pub offers: HashMap<u64, Offer>,
    /// Files, by id and sum, that were announced in this run: an announcement may come twice.
    announced: HashSet<(u64, u32)>,
    /// Files, by id and sum, that came, or that do not come: not to be fetched again by themselves.
    done: HashSet<(u64, u32)>,
    /// The request for the list at login, whose line is not sent again after a lost connection.
    pub list_at_login: Option<u64>,
    /// A transfer that the user asked for has failed.
    pub failed: bool,
    /// When the progress was last shown.
    pub shown: Option<Instant>,
}

impl Transfers {
    pub fn new(auto_accept: u64) -> Self {
        Transfers { auto_accept, ..Transfers::default() }
    }

    /// Puts a transfer at the end of the queue.
    pub fn add(&mut self, job: Job, wanted: bool, name: &str, peer: &str) {
        self.last_number += 1;
        let id = if let Job::Download(id) = job { Some(id) } else { None };
        self.list.push(Transfer {
            number: self.last_number,
            job,
            wanted,
            is_running: false,
            id,
            name: name.to_owned(),
            peer: peer.to_owned(),
            answer: None,
            cancel: None,
            stream: None,
            is_whole: false,
            progress: Progress::default(),
        });
    }

    /// The next transfer that may start, which then counts as running.
    pub fn next(&mut self, is_in: impl Fn(&str) -> bool) -> Option<(u64, Job)> {
        if self.running().count() >= AT_ONCE {
            return None;
        }
        let may_start = |transfer: &&Transfer| {
            !transfer.is_running && transfer.is_due(&is_in) && !self.running().any(|running| running.is_like(transfer))
        };
        let number = self.list.iter().find(may_start)?.number;
        let next = self.get(number)?;
        next.is_running = true;
        Some((number, next.job.clone()))
    }

    pub fn running(&self) -> impl Iterator<Item = &Transfer> {
        self.list.iter().filter(|transfer| transfer.is_running)
    }

    pub fn running_mut(&mut self) -> impl Iterator<Item = &mut Transfer> {
        self.list.iter_mut().filter(|transfer| transfer.is_running)
    }

    /// The number of transfers that run, or wait for nothing but their turn.
    pub fn due(&self, is_in: impl Fn(&str) -> bool) -> usize {
        self.list.iter().filter(|transfer| transfer.is_running || transfer.is_due(&is_in)).count()
    }

    pub fn get(&mut self, number: u64) -> Option<&mut Transfer> {
        self.list.iter_mut().find(|transfer| transfer.number == number)
    }

    /// The transfer of this id of the server.
    pub fn by_id(&mut self, id: u64) -> Option<&mut Transfer> {
        self.list.iter_mut().find(|transfer| transfer.id == Some(id))
    }

    /// The transfer of a file of this name, the oldest one.
    pub fn named(&self, name: &str) -> Option<u64> {
        self.list.iter().find(|transfer| transfer.name == name).map(|transfer| transfer.number)
    }

    /// The transfer that a reference or an id in an answer stands for.
    pub fn by_word(&mut self, word: &str) -> Option<&mut Transfer> {
        let is_meant = |transfer: &Transfer| match transfer.job {
            Job::Upload(_) => transfer.reference() == word,
            Job::Download(id) => id.to_string() == word,
        };
        self.list.iter_mut().find(|transfer| is_meant(transfer))
    }

    /// Whether the same file is being sent to the same target already.
    pub fn is_being_sent(&self, path: &Path, target: &str) -> bool {
        let is_same =
            |job: &Job| matches!(job, Job::Upload(up) if up.path == path && names::eq_ignore_case(&up.target, target));
        self.list.iter().any(|transfer| is_same(&transfer.job))
    }

    pub fn remove(&mut self, number: u64) -> Option<Transfer> {
        let index = self.list.iter().position(|transfer| transfer.number == number)?;
        Some(self.list.remove(index))
    }

    /// Remembers an offer; at most as many as a server can have files.
    pub fn learn(&mut self, offer: Offer) {
        if self.offers.len() >= limits::FILES {
            self.offers.clear();
        }
        self.offers.insert(offer.id, offer);
    }

    /// Whether a file of this size comes by itself.
    pub fn is_small(&self, size: u64) -> bool {
        size <= self.auto_accept && self.auto_accept > 0
    }

    /// Whether this is the first announcement of a file.
    pub fn is_news(&mut self, id: u64, crc: u32) -> bool {
        if self.announced.len() >= limits::FILES {
            self.announced.clear();
        }
        self.announced.insert((id, crc))
    }

    /// The file came, or it does not: it is not fetched by itself any more.
    pub fn mark_done(&mut self, id: u64) {
        if let Some(offer) = self.offers.get(&id) {
            self.done.insert((id, offer.crc));
        }
    }

    /// Stops the files that come by themselves from somebody; those that only wait are removed.
    pub fn stop_from(&mut self, nick: &str) {
        let is_theirs = |transfer: &Transfer| {
            matches!(transfer.job, Job::Download(_)) && !transfer.wanted && names::eq_ignore_case(&transfer.peer, nick)
        };
        self.list.retain(|transfer| transfer.is_running || !is_theirs(transfer));
        self.list.iter_mut().filter(|transfer| is_theirs(transfer)).for_each(|transfer| transfer.stop(Cancel::ByUser));
    }

    /// Queues a file that may come by itself.
    pub fn fetch(&mut self, offer: &Offer) {
        let is_done = self.done.contains(&(offer.id, offer.crc));
        if !is_done && self.by_id(offer.id).is_none() && self.list.len() < QUEUE {
            self.add(Job::Download(offer.id), false, &offer.name, &offer.sender);
        }
    }
}

/// The word by which we know the answer to an offer; unlike an id it starts with a letter.
pub fn reference(number: u64) -> String {
    format!("u{number}")
}

impl Transfer {
    pub fn reference(&self) -> String {
        reference(self.number)
    }

    /// Whether the server cannot tell two uploads apart: same name, same target.
    fn is_like(&self, other: &Transfer) -> bool {
        match (&self.job, &other.job) {
            (Job::Upload(one), Job::Upload(two)) => {
                self.name == other.name && names::eq_ignore_case(&one.target, &two.target)
            }
            _ => false,
        }
    }

    /// An upload of an earlier run may be for a room that we have not entered yet.
    fn is_due(&self, is_in: impl Fn(&str) -> bool) -> bool {
        match &self.job {
            Job::Upload(upload) => self.wanted || !names::is_room(&upload.target) || is_in(&upload.target),
            Job::Download(_) => true,
        }
    }

    /// Makes its thread stop as soon as it can.
    pub fn stop(&mut self, cancel: Cancel) {
        self.cancel = Some(cancel);
        if let Some(stream) = self.stream.take() {
            // It may be closed already.
            let _ = stream.socket().shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests;
