//! The table of transfers under its lock, and what was chosen on the command line.
//!
//! All threads use it. The lock is taken after the state's, never before it; it is held for a moment. A change for which
//! a thread waits is made with the state locked, since the thread waits for the state's signal.

use super::options::FileOptions;
use super::transfers::Transfers;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The capability to send and receive files.
pub const CAPABILITY: &str = "groupchat/files";
/// The kind of request that lists files.
pub const LIST: &str = "file list";
/// What such a request is about when the user sees the list.
pub const FOR_THE_USER: &str = "for the user";
/// The answer to a command where the server does not know FILE.
pub const NO_FILES: &str = "This server takes no files";

/// The wing.
pub struct Files {
    transfers: Mutex<Transfers>,
    /// `HOST:PORT`, as the user gave it.
    pub server: String,
    /// The folder for received files.
    pub downloads: PathBuf,
    /// Itself, for the threads that it starts.
    shared: Weak<Files>,
}

impl Files {
    pub fn new(options: &FileOptions, server: &str) -> Arc<Self> {
        let transfers = Mutex::new(Transfers::new(options.auto_accept));
        let (server, downloads) = (server.to_owned(), options.downloads.clone());
        Arc::new_cyclic(|shared| Files { transfers, server, downloads, shared: Weak::clone(shared) })
    }

    pub fn lock(&self) -> MutexGuard<'_, Transfers> {
        self.transfers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A share of the ownership, for a new thread; `None` when nobody owns it any more.
    pub fn share(&self) -> Option<Arc<Self>> {
        self.shared.upgrade()
    }
}
