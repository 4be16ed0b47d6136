//! The stored messages: the index in memory, and the mailboxes on the disk.
//!
//! The index has a lock of its own, which a thread holds for one look at a time. It may be taken under the registry's
//! lock, never the other way round.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use wire::crc32::crc32;
use wire::names::casefold;

use super::index::MailIndex;
use super::maildir::{Maildir, Missing};
use super::message::StoredMessage;
use super::options::MailOptions;
use super::shares::Refusal;
use super::stored::{self, OtherVerb};
use crate::core::context::CommandContext;
use crate::core::event::Line;
use crate::core::log::{Log, Trouble};
use crate::core::msgid::Msgid;
use crate::core::party::{Full, Party};
use crate::core::server::Server;
use crate::data::clock::Clock;

/// A stored message: the mailbox in which it lies, and its id.
pub type Stored = (String, Msgid);

pub struct Mail {
    pub options: MailOptions,
    /// The number of this run.
    pub run: u64,
    pub clock: Arc<Clock>,
    pub maildir: Maildir,
    index: Mutex<MailIndex>,
    /// Set when the server starts, by the wing that has such a verb.
    pub other_verb: OnceLock<OtherVerb>,
    pub troubles: Troubles,
}

/// What a flood could fill the console with.
#[derive(Debug, Default)]
pub struct Troubles {
    /// Messages that the disk did not take.
    pub not_stored: Trouble,
    /// Other failures of the disk.
    pub disk: Trouble,
    /// Parties that have used up their share.
    pub shares: Trouble,
}

impl Mail {
    /// Recovers the messages of earlier runs. An error is one sentence.
    pub fn open(options: &MailOptions, data: &Path, clock: Arc<Clock>, log: &Log) -> Result<Arc<Self>, String> {
        let (maildir, recovery) = Maildir::open(data, clock.now())?;
        recovery.warnings.iter().for_each(|warning| log.line(warning));
        let mut index = MailIndex::default();
        index.enter(recovery.names, recovery.messages);
        let (options, index, run) = (options.clone(), Mutex::new(index), recovery.run);
        let (other_verb, troubles) = (OnceLock::new(), Troubles::default());
        Ok(Arc::new(Mail { options, run, clock, maildir, index, other_verb, troubles }))
    }

    pub fn index(&self) -> MutexGuard<'_, MailIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn read(&self, nick: &str, message: &StoredMessage) -> Result<Line, Missing> {
        self.maildir.read(nick, message, self.other_verb.get())
    }

    /// Whether a short message of the client to this name would be taken; if not, why.
    pub fn has_room(&self, ctx: &CommandContext<'_>, name: &str) -> Result<(), String> {
        let (is_connected, party) = (ctx.registry.by_nick(name).is_some(), ctx.me().party);
        let room = self.index().has_room(&casefold(name), is_connected, &party);
        room.map_err(|refusal| refusal.text(Some(&party)))
    }

    /// Takes the room for a message that is to be stored, or says why there is none. The name is folded.
    pub fn reserve(
        &self,
        ctx: &CommandContext<'_>,
        name: &str,
        id: Msgid,
        bytes: &[u8],
        party: Option<Party>,
    ) -> Result<StoredMessage, String> {
        let is_connected = ctx.registry.by_nick(name).is_some();
        let mut message = self.describe(id, bytes, party);
        // Not within `map_err`: the index is locked there.
        let room = self.index().reserve(name, is_connected, &mut message);
        room.map(|()| message).map_err(|refusal| {
            let text = refusal.text(party.as_ref());
            if let (Refusal::Mailbox(Full::Share) | Refusal::AllMailboxes(Full::Share), Some(party)) = (refusal, party)
            {
                let line = format_args!("A message of {party} to {name} is refused: {text}");
                self.troubles.shares.report(&ctx.server.log, ctx.inputs.instant, line);
            }
            text
        })
    }

    fn describe(&self, id: Msgid, bytes: &[u8], party: Option<Party>) -> StoredMessage {
        let (size, crc) = (bytes.len(), Some(crc32(bytes)));
        StoredMessage { id, time: self.clock.now(), size, party: party.map(Arc::new), crc, passing: false }
    }

    /// Stores a message at the start of the server, when no client is connected that could get it at once. The name is
    /// folded.
    pub fn enqueue(&self, name: &str, id: Msgid, line: &Line, party: Option<Party>) -> Result<(), String> {
        let bytes = stored::to_file(line);
        let mut message = self.describe(id, &bytes, party);
        let room = self.index().reserve(name, false, &mut message);
        room.map_err(|refusal| refusal.text(party.as_ref()))?;
        if let Err(error) = self.maildir.store(name, &message, &bytes) {
            self.index().release(name, &message);
            return Err(error.to_string());
        }
        self.index().add(name, message);
        Ok(())
    }

    /// Removes messages that are no longer true, as far as they are not acknowledged. Not to be called under the
    /// registry's lock.
    pub fn revoke(&self, server: &Server, messages: &[Stored]) {
        for (name, id) in messages {
            let removed = self.index().remove(name, *id);
            if let Some(Err(error)) = removed.map(|message| self.maildir.remove(name, &message)) {
                let line = format_args!("The message {id} to {name} may arrive, since it cannot be removed: {error}");
                self.troubles.disk.report(&server.log, Instant::now(), line);
            }
        }
    }
}
