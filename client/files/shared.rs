//! The options on the command line, and the table of transfers under its lock.
//!
//! All threads use it. The lock is taken after the state's, never before it; it is held for a moment. A change for
//! which a thread waits is made with the state locked, since the thread waits for the state's signal.

use super::transfers::Transfers;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use wire::files;

/// The capability to send and receive files.
pub const CAPABILITY: &str = "groupchat/files";
/// The kind of request that lists files.
pub const LIST: &str = "file list";
/// What such a request is about when the user sees the list.
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
