//! What uploads and downloads have in common: a question over the chat connection, a data connection, another attempt
//! after a pause.
//!
//! Run by the thread of each transfer, which blocks like the other two. It locks state and table for a moment at a
//! time, and waits for the receiver thread's signal where it needs an answer.

use super::event::FileEvent;
use super::limits::{ANSWER_TIMEOUT, ATTEMPTS, EVER};
use super::shared::{CAPABILITY, Files, LIST, NO_FILES};
use super::status;
use super::transfers::TransferError::{self, Cancelled, Lost, Permanent, Refused};
use super::transfers::{Answer, Transfer};
use crate::core::client::Client;
use crate::core::dialer::back_off;
use crate::core::state::State;
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::file_line::FileRequest;
use wire::limits;
use wire::stream::Stream;

/// How a transfer, or an attempt, has ended.
pub type Ended = Result<FileEvent, TransferError>;

/// One transfer that runs.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub client: &'a Client,
    pub files: &'a Files,
    /// Our number for it.
    pub number: u64,
}

impl Task<'_> {
    /// Looks at the transfer in the table, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Transfer) -> T) -> T {
        look(self.files.lock().get(self.number).expect("a transfer stays in the table as long as its thread runs"))
    }

    /// Makes attempts until one succeeds, none will, or they get nowhere.
    pub fn until_done(&self, mut attempt: impl FnMut() -> Ended) -> Ended {
        let (mut reached, mut failed) = (0, 0);
        loop {
            let ended = attempt();
            if ended.is_ok() {
                return ended;
            }
            self.check()?;
            let (offset, name) = self.with(|transfer| {
                transfer.stream = None;
                (transfer.progress.offset, transfer.name.clone())
            });
            let Err(Lost(why) | Refused(why)) = ended else { return ended };
            if offset > reached {
                (reached, failed) = (offset, 0);
            }
            match failed {
                0 => self.client.lock().emit(FileEvent::Interrupted { name, why }),
                ATTEMPTS => return Err(Lost(format!("{name} is given up for now: {why}"))),
                _ => {}
            }
            let pause = Duration::from_secs(back_off(failed));
            failed += 1;
            drop(self.client.wait_while(pause, |_| !self.is_cancelled()));
            self.check()?;
        }
    }

    /// Sends a request over the chat connection, and waits for the answer.
    pub fn ask(&self, request: &FileRequest<'_>) -> Result<Answer, TransferError> {
        self.connected()?;
        self.with(|transfer| transfer.answer = None);
        send(self.client, request);
        let is_open = || self.with(|transfer| transfer.answer.is_none() && transfer.cancel.is_none());
        drop(self.client.wait_while(ANSWER_TIMEOUT, |_| is_open()));
        self.check()?;
        self.with(|transfer| transfer.answer.take()).ok_or_else(|| Lost("the server does not answer".to_owned()))
    }

    /// Asks for the list of files, and waits until it has come.
    pub fn list(&self) -> Result<(), TransferError> {
        self.connected()?;
        let number = self.client.request(LIST, "", "FILE", &["LIST"]);
        let is_open = |state: &State| state.pending.is_open(number) && !self.is_cancelled();
        self.client.wait_while(ANSWER_TIMEOUT, is_open).pending.take(number);
        self.check()
    }

    /// Waits for the chat connection, which the receiver thread makes again when it is lost.
    fn connected(&self) -> Result<(), TransferError> {
        let state = self.client.wait_while(EVER, |state| !state.is_connected() && !self.is_cancelled());
        let can_files = state.model.has_cap(CAPABILITY);
        drop(state);
        self.check()?;
        if can_files { Ok(()) } else { Err(Permanent(NO_FILES.to_owned())) }
    }

    /// Opens a data connection to where the chat connection leads.
    pub fn connect(&self) -> Result<Arc<Stream>, TransferError> {
        let chat = self.client.lock().stream.clone();
        let chat = chat.ok_or_else(|| Lost("the connection is lost".to_owned()))?;
        let stream = Arc::new(self.client.dialer.dial_again(&chat)?);
        stream.socket().set_read_timeout(Some(limits::DATA_STALL))?;
        stream.socket().set_write_timeout(Some(limits::DATA_STALL))?;
        self.with(|transfer| transfer.stream = Some(Arc::clone(&stream)));
        self.check()?;
        Ok(stream)
    }

    /// An attempt begins at `offset`; said where there is no progress line, and where it is a new attempt.
    pub fn begin(&self, offset: u64, total: u64) {
        let mut state = self.client.lock();
        let (name, peer, is_upload, per_cent) = self.with(|transfer| {
            transfer.progress.begin(offset, total);
            (transfer.name.clone(), transfer.peer.clone(), transfer.is_upload(), transfer.progress.per_cent())
        });
        if offset > 0 {
            state.emit(FileEvent::Resumed { name, per_cent });
        } else if !state.view.is_interactive() {
            state.emit(FileEvent::Started { name, is_upload, peer, size: total });
        }
        status::show_now(&mut state, self.files);
    }

    /// More bytes were moved.
    pub fn advance(&self, bytes: usize) -> Result<(), TransferError> {
        self.with(|transfer| transfer.progress.advance(bytes as u64));
        status::show(&mut self.client.lock(), self.files);
        // The chat comes first.
        thread::yield_now();
        self.check()
    }

    /// An error when the transfer is to stop.
    fn check(&self) -> Result<(), TransferError> {
        self.with(|transfer| transfer.cancel.clone()).map_or(Ok(()), |cancel| Err(Cancelled(cancel)))
    }

    fn is_cancelled(&self) -> bool {
        self.check().is_err()
    }
}

/// Sends a request over the chat connection.
pub fn send(client: &Client, request: &FileRequest<'_>) {
    let params = request.params();
    client.send("FILE", &params.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The server's line on a data connection: what follows `OK`, or why it refuses.
pub fn verdict(reader: &mut impl BufRead) -> Result<u64, TransferError> {
    let mut line = Vec::new();
    reader.by_ref().take(limits::LINE as u64).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix('\n').ok_or_else(|| Lost("the server closed the connection".to_owned()))?;
    let line = line.trim_end_matches('\r');
    if let Some(number) = line.strip_prefix("OK ").and_then(|number| number.parse().ok()) {
        return Ok(number);
    }
    let why = line.strip_prefix("ERROR ").unwrap_or(line);
    Err(Refused(why.strip_prefix(':').unwrap_or(why).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::transfers::{Cancel, Job};
    use super::*;
    use crate::core::terminal::tests::{Paper, client};
    use crate::files::FileOptions;

    #[test]
    fn the_last_word_on_a_data_connection() {
        let said = |line: &str| match verdict(&mut line.as_bytes()) {
            Ok(number) => number.to_string(),
            Err(TransferError::Refused(why)) => format!("refused: {why}"),
            Err(TransferError::Lost(why)) => format!("lost: {why}"),
            Err(_) => "something else".to_owned(),
        };
        assert_eq!(said("OK 17\r\nbytes"), "17");
        assert_eq!(said("OK 17\n"), "17");
        assert_eq!(said("ERROR :No room left\r\n"), "refused: No room left");
        assert_eq!(said("421 * GET :Unknown\r\n"), "refused: 421 * GET :Unknown");
        assert_eq!(said("OK 1"), "lost: the server closed the connection");
        assert_eq!(said(&"x".repeat(1000)), "lost: the server closed the connection");
    }

    #[test]
    fn refusals_end_it_and_a_cancel_ends_it_at_once() {
        let client = client(&Paper::default(), Vec::new());
        let files = Files::new(&FileOptions { auto_accept: 0, downloads: "x".into() }, "");
        files.lock().add(Job::Download(7), None);
        files.lock().next(|_| true);
        let task = Task { client: &client, files: &files, number: 1 };
        let mut attempts = 0;
        let ended = task.until_done(|| {
            attempts += 1;
            task.with(|transfer| transfer.cancel = Some(Cancel::ByUser));
            Err(TransferError::Lost("broken".into()))
        });
        assert!(matches!(ended, Err(TransferError::Cancelled(Cancel::ByUser))));
        assert_eq!(attempts, 1);
        task.with(|transfer| transfer.cancel = None);
        let ended = task.until_done(|| Err(TransferError::Permanent("no".into())));
        assert!(matches!(ended, Err(TransferError::Permanent(why)) if why == "no"));
    }
}
