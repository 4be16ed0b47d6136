//! The table of files under way, and what is known of those that were offered.
//!
//! Pure bookkeeping under the wing's lock. The receiver thread and the commands put transfers in, the scheduler gives
//! each a thread of its own.

use super::allowance::Allowance;
use super::limits::{AT_ONCE, QUEUE};
use super::offer::{Comes, Offer};
use super::pending_uploads::Upload;
use super::progress::Progress;
use crate::core::script::Typed;
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use wire::file_line::FileState;
use wire::stream::Stream;
use wire::{limits, names};

/// The task of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    Upload(Upload),
    /// The file of this id.
    Download(u64),
}

/// What the server said to an offer or a fetch.
pub enum Answer {
    /// To an offer: the bytes from this offset on may be sent; the sum is that of the bytes before it.
    Put { id: u64, token: String, offset: u64, crc: u32 },
    /// To a fetch: the file may be fetched.
    Get(Granted),
    /// To either: the code for programs, and the reason for people.
    Refused { code: String, why: String },
}

/// A file that we may fetch, as the server describes it.
pub struct Granted {
    pub token: String,
    pub size: u64,
    pub crc: u32,
    /// It is safe to use on our disk.
    pub name: String,
}

/// Why a transfer is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancel {
    ByUser,
    /// The user does not want the file.
    Declined,
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

/// A data connection has failed, which is worth another attempt.
impl From<io::Error> for TransferError {
    fn from(error: io::Error) -> Self {
        TransferError::Lost(match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "the server closed the connection".to_owned(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut => "the server does not answer".to_owned(),
            ErrorKind::ConnectionRefused => "the server is not there".to_owned(),
            _ => error.to_string(),
        })
    }
}

/// A transfer that runs, or waits for its turn.
pub struct Transfer {
    /// Our own number for it.
    pub number: u64,
    pub job: Job,
    /// The line by which the user has just asked for it; a script fails with it.
    pub wanted: Option<Typed>,
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

/// A transfer as a view draws it.
pub struct UnderWay {
    pub id: Option<u64>,
    pub name: String,
    pub peer: String,
    pub is_upload: bool,
    pub is_running: bool,
    pub done: u64,
    pub total: u64,
    pub figures: String,
}

/// The table.
#[derive(Default)]
pub struct Transfers {
    list: Vec<Transfer>,
    last_number: u64,
    /// Files that we know of, by id.
    pub offers: HashMap<u64, Offer>,
    /// Files, by id and sum, that were announced in this run: an announcement may come twice.
    announced: HashSet<(u64, u32)>,
    /// Files, by id and sum, that came, or that do not come: not to be fetched again by themselves.
    done: HashSet<(u64, u32)>,
    allowance: Allowance,
    /// The number of the request for the list at login. Its line is not sent again after a lost connection.
    pub list_at_login: Option<u64>,
    /// When the progress was last shown.
    pub shown: Option<Instant>,
}

impl Transfers {
    /// Puts a transfer at the end of the queue.
    pub fn add(&mut self, job: Job, wanted: Option<Typed>) {
        self.last_number += 1;
        let (id, name, peer) = match &job {
            Job::Upload(upload) => (None, upload.name(), upload.target.clone()),
            Job::Download(id) => {
                let known = self.offers.get(id).map(|offer| (offer.name.clone(), offer.sender.clone()));
                let (name, sender) = known.unwrap_or_default();
                (Some(*id), name, sender)
            }
        };
        self.list.push(Transfer {
            number: self.last_number,
            job,
            wanted,
            is_running: false,
            id,
            name,
            peer,
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
        let may_start = |transfer: &Transfer| {
            !transfer.is_running && transfer.is_due(&is_in) && !self.running().any(|running| running.is_like(transfer))
        };
        let at = self.list.iter().position(may_start)?;
        let next = &mut self.list[at];
        next.is_running = true;
        Some((next.number, next.job.clone()))
    }

    pub fn running(&self) -> impl Iterator<Item = &Transfer> {
        self.list.iter().filter(|transfer| transfer.is_running)
    }

    pub fn running_mut(&mut self) -> impl Iterator<Item = &mut Transfer> {
        self.list.iter_mut().filter(|transfer| transfer.is_running)
    }

    /// All of them, as a view draws them.
    pub fn under_way(&self) -> Vec<UnderWay> {
        let drawn = |transfer: &Transfer| UnderWay {
            id: transfer.id,
            name: transfer.name.clone(),
            peer: transfer.peer.clone(),
            is_upload: transfer.is_upload(),
            is_running: transfer.is_running,
            done: transfer.progress.done,
            total: transfer.progress.total,
            figures: transfer.progress.short_figures(),
        };
        self.list.iter().map(drawn).collect()
    }

    /// Whether this file is being sent, or about to be.
    pub fn is_sending(&self, path: &Path) -> bool {
        self.list.iter().any(|transfer| matches!(&transfer.job, Job::Upload(upload) if upload.path == path))
    }

    /// The number of transfers that run, or wait for nothing but their turn.
    pub fn due(&self, is_in: impl Fn(&str) -> bool) -> usize {
        self.list.iter().filter(|transfer| transfer.is_running || transfer.is_due(&is_in)).count()
    }

    pub fn get(&mut self, number: u64) -> Option<&mut Transfer> {
        self.list.iter_mut().find(|transfer| transfer.number == number)
    }

    /// The transfer of this id of the server; the newer one, while an older one comes to its end.
    pub fn by_id(&mut self, id: u64) -> Option<&mut Transfer> {
        self.list.iter_mut().rfind(|transfer| transfer.id == Some(id))
    }

    /// The transfer that the user means: by the server's number, else the oldest one of a file of this name.
    pub fn meant(&mut self, which: &str) -> Option<&mut Transfer> {
        let id = which.parse().ok();
        let by_id = self.list.iter().rposition(|transfer| id.is_some() && transfer.id == id);
        let at = by_id.or_else(|| self.list.iter().position(|transfer| transfer.name == which))?;
        self.list.get_mut(at)
    }

    /// The transfer that a reference or an id in an answer stands for.
    pub fn by_word(&mut self, word: &str) -> Option<&mut Transfer> {
        self.list.iter_mut().find(|transfer| match transfer.job {
            Job::Upload(_) => reference(transfer.number) == word,
            Job::Download(id) => id.to_string() == word,
        })
    }

    /// Whether the same file is being sent to the same target already.
    pub fn is_being_sent(&self, upload: &Upload) -> bool {
        self.list.iter().any(|transfer| matches!(&transfer.job, Job::Upload(other) if other.is_same(upload)))
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

    /// Whether this is the first announcement of a file.
    pub fn is_news(&mut self, id: u64, crc: u32) -> bool {
        if self.announced.len() >= limits::FILES {
            self.announced.clear();
        }
        self.announced.insert((id, crc))
    }

    /// The whole file has come.
    pub fn mark_received(&mut self, id: u64) {
        self.offers.get_mut(&id).into_iter().for_each(|offer| offer.state = FileState::Received);
    }

    /// The file came, or it does not: it is not fetched by itself any more.
    pub fn mark_done(&mut self, id: u64) {
        if self.done.len() >= limits::FILES {
            self.done.clear();
        }
        if let Some(offer) = self.offers.get(&id) {
            self.done.insert((id, offer.crc));
        }
    }

    /// Stops the files that come by themselves from somebody; those that only wait are removed.
    pub fn stop_from(&mut self, nick: &str) {
        self.list.retain_mut(|transfer| {
            let is_theirs = !transfer.is_upload() && names::eq_ignore_case(&transfer.peer, nick);
            let is_to_stop = is_theirs && transfer.wanted.is_none();
            if is_to_stop {
                transfer.stop(Cancel::ByUser);
            }
            transfer.is_running || !is_to_stop
        });
    }

    /// Queues an offer that we know of, and that may come by itself, unless these bytes are too many for today.
    pub fn fetch(&mut self, offer: &Offer, bytes: Option<u64>, now: Instant) -> Comes {
        let is_done = self.done.contains(&(offer.id, offer.crc));
        if is_done || self.by_id(offer.id).is_some() || self.list.len() >= QUEUE {
            return Comes::ByItself;
        }
        if !bytes.is_none_or(|bytes| self.allowance.take(&offer.sender, bytes, now)) {
            return Comes::NotToday;
        }
        self.add(Job::Download(offer.id), None);
        Comes::ByItself
    }
}

/// The word by which we know the answer to an offer; unlike an id it starts with a letter.
pub fn reference(number: u64) -> String {
    format!("u{number}")
}

impl Transfer {
    /// Whether a download was asked for of which nothing is known yet, not even that there is such a file.
    pub fn is_unanswered(&self) -> bool {
        !self.is_upload() && self.is_running && self.name.is_empty() && self.cancel.is_none()
    }

    pub fn is_upload(&self) -> bool {
        matches!(self.job, Job::Upload(_))
    }

    /// Whether two cannot run at once: the same download, or uploads that the server cannot tell apart (same name, same
    /// target).
    fn is_like(&self, other: &Transfer) -> bool {
        match (&self.job, &other.job) {
            (Job::Download(one), Job::Download(two)) => one == two,
            (Job::Upload(_), Job::Upload(_)) => {
                self.name == other.name && names::eq_ignore_case(&self.peer, &other.peer)
            }
            _ => false,
        }
    }

    /// An upload of an earlier run may be for a room that we have not entered yet.
    fn is_due(&self, is_in: impl Fn(&str) -> bool) -> bool {
        match &self.job {
            Job::Upload(upload) => self.wanted.is_some() || !names::is_room(&upload.target) || is_in(&upload.target),
            Job::Download(_) => true,
        }
    }

    /// Makes its thread stop as soon as it can. The thread may act on the first reason already.
    pub fn stop(&mut self, cancel: Cancel) {
        self.cancel.get_or_insert(cancel);
        if let Some(stream) = self.stream.take() {
            // It may be closed already.
            let _ = stream.socket().shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests;
