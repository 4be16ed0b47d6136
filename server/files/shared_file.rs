//! One file in the table of files: its sender and recipients, how far its upload has come, and its data connections.
//!
//! Part of the table, so it is only touched by a thread that holds the table's lock.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use super::ids::{FileId, PersonId};
use super::tokens::{ResumePoint, Tokens};
use super::usage::{Account, Usage};
use crate::core::event::ClientId;
use crate::core::party::Party;
use crate::core::socket::Socket;
use crate::mail::store::Stored;

/// Somebody who gets a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    pub person: PersonId,
    /// Has downloaded the whole file.
    pub received: bool,
}

/// One file, from its offer on.
#[derive(Debug)]
pub struct SharedFile {
    pub id: FileId,
    /// Seconds since 1970, by the clock of the data folder.
    pub offered: u64,
    /// Who answers for it; unknown if an earlier version took the offer.
    pub party: Option<Party>,
    /// Set by the table.
    pub sender: PersonId,
    /// `nick!user@host` of the sender at the offer, for when it has left.
    pub source: String,
    /// A room, or a nick, as its owner spells it.
    pub target: String,
    pub size: u64,
    pub name: String,
    /// The CRC-32 of the whole file, once its upload is complete.
    pub crc: Option<u32>,
    /// By number. A person from the beginning, since people change their names; the members of a room once the upload is
    /// complete. Set by the table.
    pub recipients: Vec<Recipient>,
    pub announced: bool,
    /// The stored messages that announce it. Those not acknowledged are removed with it.
    pub announcements: Vec<Stored>,
    /// Bytes that have come and are kept.
    pub bytes: u64,
    /// Where an interrupted upload can resume. Unknown while one runs, and after a restart until it is read from the
    /// disk.
    pub resume_point: Option<ResumePoint>,
    /// When the last byte came; before the first one, when it was last offered.
    pub active_at: Instant,
    pub tokens: Tokens,
    /// The data connection that uploads it.
    upload: Option<(ClientId, Arc<Socket>)>,
    downloads: Vec<(ClientId, Arc<Socket>)>,
}

impl SharedFile {
    pub fn new(offered: u64, source: &str, target: &str, size: u64, name: &str, now: Instant) -> Self {
        SharedFile {
            id: 0,
            offered,
            party: None,
            sender: 0,
            source: source.into(),
            target: target.into(),
            size,
            name: name.into(),
            crc: None,
            recipients: Vec::new(),
            announced: false,
            announcements: Vec::new(),
            bytes: 0,
            resume_point: None,
            active_at: now,
            tokens: Tokens::default(),
            upload: None,
            downloads: Vec::new(),
        }
    }

    /// The nick of the sender at the offer.
    pub fn offered_by(&self) -> &str {
        self.source.split('!').next().unwrap_or_default()
    }

    pub fn is_for_a_room(&self) -> bool {
        self.target.starts_with('#')
    }

    /// Whether its days are over: it is removed soon, and nobody finds it any more.
    pub fn is_over(&self, now: u64, life: u64) -> bool {
        self.offered.saturating_add(life) <= now
    }

    pub fn recipient(&self, people: &[PersonId]) -> Option<Recipient> {
        let find = |person| self.recipients.binary_search_by_key(person, |recipient| recipient.person).ok();
        people.iter().find_map(find).map(|at| self.recipients[at])
    }

    /// Enters a data connection. The socket of an upload that it replaces is returned, to be shut down.
    pub fn connect(&mut self, client: ClientId, socket: Arc<Socket>, puts: bool) -> Option<Arc<Socket>> {
        if !puts {
            self.downloads.push((client, socket));
            return None;
        }
        let older = self.interrupt();
        self.upload = Some((client, socket));
        older
    }

    pub fn disconnect(&mut self, client: ClientId) {
        self.upload.take_if(|(uploader, _)| *uploader == client);
        self.downloads.retain(|(other, _)| *other != client);
    }

    /// Ends an upload if one is running; its socket is returned, to be shut down. Tokens for uploads end too.
    pub fn interrupt(&mut self) -> Option<Arc<Socket>> {
        self.tokens.end_uploads();
        self.upload.take().map(|(_, socket)| socket)
    }

    pub fn is_uploaded_by(&self, client: ClientId) -> bool {
        self.upload.as_ref().is_some_and(|(uploader, _)| *uploader == client)
    }

    /// Whether its upload is not complete, and no connection is at it.
    pub fn is_interrupted(&self) -> bool {
        self.crc.is_none() && self.upload.is_none()
    }

    /// What it counts for.
    pub fn account(&self) -> Account {
        let usage = Usage { files: 1, bytes: self.bytes, recipients: self.recipients.len() };
        Account { party: self.party, usage, idle_since: self.is_interrupted().then_some(self.active_at) }
    }

    /// Ends all data connections of a file that was removed. Not under a lock: these are socket calls.
    pub fn shut_down(&self) {
        self.upload.iter().chain(&self.downloads).for_each(|(_, socket)| socket.shutdown(Shutdown::Both));
    }
}
