//! The state of this wing: the table of files, the spool, and the mail by which files are announced.
//!
//! The table has a lock of its own, which is taken only after the registry's, and held for one look at a time.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use wire::text::pluralize;
use wire::time::DAY;

use super::ids::FileId;
use super::options::FileOptions;
use super::people::Role;
use super::shared_file::{Recipient, SharedFile};
use super::spool::Spool;
use super::table::FileTable;
use crate::core::limits::PIECE;
use crate::core::log::{Log, Trouble};
use crate::core::server::Server;
use crate::data::clock::Clock;
use crate::mail::Mail;

pub struct Files {
    pub options: FileOptions,
    pub spool: Spool,
    pub mail: Arc<Mail>,
    pub clock: Arc<Clock>,
    table: Mutex<FileTable>,
    /// A client's requests could fill the console with these.
    pub spool_fails: Trouble,
    not_removed: Trouble,
}

impl Files {
    /// An error is one sentence.
    pub fn open(
        options: &FileOptions,
        data: &Path,
        log: &Log,
        clock: Arc<Clock>,
        mail: Arc<Mail>,
    ) -> Result<Arc<Self>, String> {
        let (spool, table) = Spool::open(data, log, clock.now(), Instant::now())?;
        let (options, table) = (options.clone(), Mutex::new(table));
        let (spool_fails, not_removed) = (Trouble::default(), Trouble::default());
        Ok(Arc::new(Files { options, spool, mail, clock, table, spool_fails, not_removed }))
    }

    pub fn table(&self) -> MutexGuard<'_, FileTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transfers of files that were taken out of the table, and removes the files from the disk, with the
    /// stored messages that still wait to announce them. Not to be called under the registry's lock.
    pub fn discard(&self, server: &Server, removed: impl IntoIterator<Item = SharedFile>) {
        for file in removed {
            file.shut_down();
            self.mail.revoke(server, &file.announcements);
            if let Err(error) = self.spool.remove(file.id) {
                let line = format_args!("Cannot remove file {} from the disk: {error}", file.id);
                self.not_removed.report(&server.log, Instant::now(), line);
            }
            // Until now other threads could still ask for the names of its people.
            self.table().people.remove(file.sender, Role::Sender, file.id);
            self.forget(file.id, &file.recipients);
        }
    }

    /// These people have nothing more to do with a file. In pieces: a room may be large.
    pub fn forget(&self, id: FileId, recipients: &[Recipient]) {
        for some in recipients.chunks(PIECE) {
            let people = &mut self.table().people;
            some.iter().for_each(|recipient| people.remove(recipient.person, Role::Recipient, id));
        }
    }

    /// Whether a file is not to be found any more, because its days are over.
    pub fn is_over(&self, file: &SharedFile) -> bool {
        file.is_over(self.clock.now(), self.life())
    }

    /// Seconds for which a file is kept.
    fn life(&self) -> u64 {
        DAY * u64::from(self.options.file_days)
    }

    /// Removes the files whose days are over. Not to be called under the registry's lock.
    pub fn expire(&self, server: &Server) {
        let (now, mut last) = (self.clock.now(), 0);
        loop {
            let expired = self.table().expire(last, now, self.life());
            for file in &expired {
                let SharedFile { id, name, target, offered, .. } = file;
                let (age, sender) = (pluralize(now.saturating_sub(*offered) / DAY, "day"), file.offered_by());
                server.log.line(format_args!("File {id} ({name}, from {sender} to {target}) expires after {age}"));
            }
            let Some(file) = expired.last() else { return };
            last = file.id;
            self.discard(server, expired);
        }
    }
}
