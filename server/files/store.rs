//! The state of this wing: the table of files, the spool, and the mail by which files are announced.
//!
//! The table has a lock of its own, which is taken only after the registry's, and held for one look at a time.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::options::FileOptions;
use super::shared_file::SharedFile;
use super::spool::Spool;
use super::table::FileTable;
use crate::core::log::Log;
use crate::core::server::Server;
use crate::mail::Mail;

pub struct Files {
    pub options: FileOptions,
    pub spool: Spool,
    pub mail: Arc<Mail>,
    table: Mutex<FileTable>,
}

impl Files {
    /// An error is one sentence.
    pub fn open(options: &FileOptions, data: &Path, log: &Log, mail: Arc<Mail>) -> Result<Arc<Self>, String> {
        let (spool, table) = Spool::open(data, log)?;
        Ok(Arc::new(Files { options: options.clone(), spool, mail, table: Mutex::new(table) }))
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
                server.log.line(format_args!("Cannot remove file {} from the disk: {error}", file.id));
            }
        }
    }

    /// Removes the expired files. `now` is in seconds since 1970. Not to be called under the registry's lock.
    pub fn expire(&self, server: &Server, now: u64) {
        let expired = self.table().expire(now, Duration::from_hours(24) * self.options.file_days);
        self.discard(server, expired);
    }
}
