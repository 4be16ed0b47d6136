//! The state of this wing: the table of files, the spool, and the mail by which files are announced.
//!
//! The table has a lock of its own, which is taken only after the registry's, and held for one look at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::options::FileOptions;
use super::shared_file::SharedFile;
use super::spool::Spool;
use super::table::FileTable;
use crate::core::context::CommandContext;
use crate::core::server::Server;
use crate::mail::Mail;

pub struct FileStore {
    pub options: FileOptions,
    pub spool: Spool,
    pub mail: Arc<Mail>,
    table: Mutex<FileTable>,
}

impl FileStore {
    pub fn new(options: FileOptions, spool: Spool, table: FileTable, mail: Arc<Mail>) -> Self {
        FileStore { options, spool, mail, table: Mutex::new(table) }
    }

    pub fn table(&self) -> MutexGuard<'_, FileTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transfers of files that were taken out of the table, and removes the files from the disk, with the stored
    /// messages that still wait to announce them. Not to be called under the registry's lock.
    pub fn discard(&self, server: &Server, removed: impl IntoIterator<Item = SharedFile>) {
        for file in removed {
            file.shut_down();
            self.mail.revoke(server, &file.announcements);
            if let Err(error) = self.spool.remove(file.id) {
                server.log.line(format_args!("Cannot remove file {} from the disk: {error}", file.id));
            }
        }
    }

    /// Takes the expired files out. `now` is in seconds since 1970.
    pub fn expire(&self, ctx: &mut CommandContext<'_>, now: u64) {
        let expired = self.table().expire(now, self.options.file_life());
        if !expired.is_empty() {
            ctx.without_lock(|server| self.discard(server, expired));
        }
    }
}
