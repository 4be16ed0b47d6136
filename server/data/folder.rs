//! The folder itself, and the lock in it: one server at a time has it.
//!
//! Opened by the main thread before any other starts.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Args;
use wire::{disk, os};

use super::clock::Clock;
use crate::core::context::Wing;
use crate::core::server::Server;

#[derive(Debug, Args)]
pub struct DataOptions {
    /// Folder for messages, files and keys, which survive a restart; unless given, one in ~/.local/share/groupchat for
    /// each address
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataOptions {
    /// The folder that was given, or else the one of a server that listens at this address.
    pub fn folder_for(&self, address: SocketAddr) -> Result<PathBuf, String> {
        if let Some(given) = &self.data_dir {
            return Ok(given.clone());
        }
        let folder = disk::user_folder("XDG_DATA_HOME", ".local/share").ok_or(NO_HOME)?;
        Ok(folder.join("groupchat").join(name_for(address)))
    }
}

/// The folder, and the lock that keeps other servers out of it.
#[derive(Debug)]
pub struct DataFolder {
    pub path: PathBuf,
    pub clock: Arc<Clock>,
    /// How the machine's clock disagrees with it.
    warning: Option<String>,
    /// It goes away with the server.
    temporary: bool,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder that was given, or the one of the address, and makes it if it does not exist.
    ///
    /// A server that listens on any free port has another address each time, so its folder is a temporary one. An error
    /// is one sentence that says what to do.
    pub fn open(options: &DataOptions, asked: SocketAddr, bound: SocketAddr) -> Result<Arc<Self>, String> {
        let temporary = options.data_dir.is_none() && asked.port() == 0;
        let path = if temporary {
            std::env::temp_dir().join(format!("groupchat-{}-{}", std::process::id(), name_for(bound)))
        } else {
            options.folder_for(bound)?
        };
        let cannot = |what: &str, error: io::Error| {
            format!("cannot {what} the folder {}: {error}; choose another with --data-dir", path.display())
        };
        // In the folder for temporary files, which everybody shares, it must be new, or it could be somebody else's.
        let made = if temporary { os::private_folder().create(&path) } else { disk::make_private(&path) };
        made.map_err(|error| cannot("make", error))?;
        let lock = File::create(path.join("lock")).map_err(|error| cannot("use", error))?;
        match lock.try_lock() {
            Ok(()) => {
                let (clock, warning) = Clock::open(&path, SystemTime::now());
                Ok(Arc::new(DataFolder { path, clock: clock.into(), warning, temporary, _lock: lock }))
            }
            Err(TryLockError::Error(error)) => Err(cannot("lock", error)),
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                Err(format!("another server keeps its data in {path}; give this one its own with --data-dir"))
            }
        }
    }
}

fn name_for(address: SocketAddr) -> String {
    format!("{}-{}", address.ip(), address.port())
}

impl Wing for DataFolder {
    fn started(&self, server: &Server) {
        server.log.line(format_args!("Messages and files are kept in {}", self.path.display()));
        self.warning.iter().for_each(|warning| server.log.line(warning));
    }

    fn housekeeping(&self, server: &Server) {
        if let Err(error) = self.clock.store() {
            server.log.line(format_args!("Cannot write the time to {}: {error}", self.path.display()));
        }
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if self.temporary {
            // A rest of it is in the system's folder for temporary files.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

const NO_HOME: &str = "neither XDG_DATA_HOME nor HOME is set; say with --data-dir where to keep messages and files";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let address = "127.0.0.1:1".parse().unwrap();
        let options = DataOptions { data_dir: Some(folder.path().join("data")) };
        let open = || DataFolder::open(&options, address, address);
        let first = open().unwrap();
        assert!(open().unwrap_err().starts_with("another server keeps its data in "));
        drop(first);
        drop(open().unwrap());
    }
}
