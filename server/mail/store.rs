//! The stored messages: the index in memory, and the mailboxes on the disk.
//!
//! The index has a lock of its own, which a thread holds for one look at a time. It may be taken under the registry's
//! lock, never the other way round.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use wire::names::casefold;

use super::index::MailIndex;
use super::maildir::{Maildir, Missing};
use super::stored::OtherVerb;
use crate::core::context::CommandContext;
use crate::core::event::Line;
use crate::core::log::Log;
use crate::core::msgid::Msgid;
use crate::core::server::Server;

/// A stored message: the mailbox in which it lies, and its id.
pub type Stored = (String, Msgid);

pub struct Mail {
    /// The number of this run.
    pub run: u64,
    pub maildir: Maildir,
    index: Mutex<MailIndex>,
    /// Set when the server starts, by the wing that has such a verb.
    pub other_verb: OnceLock<OtherVerb>,
}

impl Mail {
    /// Recovers the messages of earlier runs. An error is one sentence.
    pub fn open(data: &Path, log: &Log) -> Result<Arc<Self>, String> {
        let (maildir, recovery) = Maildir::open(data)?;
        recovery.warnings.iter().for_each(|warning| log.line(warning));
        let mut index = MailIndex::default();
        index.enter(recovery.names, recovery.messages);
        let (index, other_verb) = (Mutex::new(index), OnceLock::new());
        Ok(Arc::new(Mail { run: recovery.run, maildir, index, other_verb }))
    }

    pub fn index(&self) -> MutexGuard<'_, MailIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn read(&self, name: &str, id: Msgid) -> Result<Line, Missing> {
        self.maildir.read(name, id, self.other_verb.get())
    }

    /// Whether a message to this name would be taken; if not, why.
    pub fn has_room(&self, ctx: &CommandContext<'_>, name: &str) -> Result<(), String> {
        let is_connected = ctx.registry.by_nick(name).is_some();
        self.index().has_room(&casefold(name), is_connected).map_err(str::to_owned)
    }

    /// Stores a message at the start of the server, when no client is connected that could get it at once. The name is
    /// folded.
    pub fn enqueue(&self, name: &str, id: Msgid, line: &Line) -> Result<(), String> {
        self.index().has_room(name, false)?;
        self.maildir.store(name, id, line).map_err(|error| error.to_string())?;
        self.index().add(name, id);
        Ok(())
    }

    /// Removes messages that are no longer true, as far as they are not acknowledged. Not to be called under the
    /// registry's lock.
    pub fn revoke(&self, server: &Server, messages: &[Stored]) {
        for (name, id) in messages {
            let was_there = self.index().remove(name, *id);
            if was_there && let Err(error) = self.maildir.remove(name, *id) {
                let log = &server.log;
                log.line(format_args!("The message {id} to {name} may arrive, since it cannot be removed: {error}"));
            }
        }
    }
}
