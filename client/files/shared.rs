//! The options on the command line, and the table of transfers under its lock.
//!
//! All threads use it. The table's lock is taken after the state's, never before it; it is held for a moment, never
//! while the disk or the network is waited for. A change for which a thread waits is made with the state locked, since
//! the thread waits for the state's signal. The lock of the pending uploads is for their file, and thus for the disk:
//! after start-up it is taken without any other lock.

use super::pending_uploads::PendingUploads;
use super::transfers::{Transfers, UnderWay};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use wire::files;

/// The capability to send and receive files.
pub const CAPABILITY: &str = "groupchat.local/files";
/// The kind of request that lists files.
pub const LIST: &str = "file list";
/// The subject of such a request when the user wants to see the list.
pub const FOR_THE_USER: &str = "for the user";
/// The answer to a command where the server does not know FILE.
pub const NO_FILES: &str = "This server takes no files";

/// The options about files on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct FileOptions {
    /// Files up to this size are fetched by themselves, larger ones by /get; 0 for none
    #[arg(long, value_name = "SIZE", default_value = "100M", value_parser = files::parse_size)]
    pub auto_accept: u64,
    /// The folder for received files; made when the first one comes
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    pub downloads: PathBuf,
}

/// The wing.
pub struct Files {
    transfers: Mutex<Transfers>,
    pending_uploads: Mutex<PendingUploads>,
    pub options: FileOptions,
    /// Itself, for the threads that it starts.
    shared: Weak<Files>,
}

impl Files {
    pub fn new(options: &FileOptions, server: &str) -> Arc<Self> {
        Arc::new_cyclic(|shared| Files {
            transfers: Mutex::default(),
            pending_uploads: Mutex::new(PendingUploads::new(server)),
            options: options.clone(),
            shared: Weak::clone(shared),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, Transfers> {
        self.transfers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of uploads, for the time of one change.
    pub fn pending_uploads(&self) -> MutexGuard<'_, PendingUploads> {
        self.pending_uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transfers that run, or wait.
    pub fn under_way(&self) -> Vec<UnderWay> {
        self.lock().under_way()
    }

    /// Whether a file of this size comes by itself.
    pub fn is_small(&self, size: u64) -> bool {
        size <= self.options.auto_accept && self.options.auto_accept > 0
    }

    /// A share of the ownership, for a new thread; `None` when nobody owns it any more.
    pub fn share(&self) -> Option<Arc<Self>> {
        self.shared.upgrade()
    }
}
