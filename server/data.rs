//! The folder for all that is to survive the server: names, letters, files.
//!
//! Opened by the main thread before any other starts; one server at a time has it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wire::disk;

/// The folder, and the lock that keeps other servers out of it.
#[derive(Debug)]
pub struct DataFolder {
    pub path: PathBuf,
    /// It goes away with the server.
    temporary: bool,
    _lock: File,
}

impl DataFolder {
    /// Where the folder of a server is that listens there, unless another one was given.
    pub fn place(address: SocketAddr) -> Result<PathBuf, String> {
        let folder = disk::user_folder("XDG_DATA_HOME", ".local/share").ok_or(NO_HOME)?;
        Ok(folder.join("groupchat").join(name_for(address)))
    }

    /// Opens the folder that was given, or that which belongs to the address, and makes it when it is not there.
    ///
    /// A server that listens on whichever port is free cannot be found again, so what it keeps is
    /// kept in a temporary folder. An error is one sentence that says what to do.
    pub fn open(given: Option<&Path>, asked: SocketAddr, bound: SocketAddr) -> Result<Self, String> {
        let temporary = given.is_none() && asked.port() == 0;
        let path = match given {
            Some(path) => path.to_owned(),
            None if temporary => {
                std::env::temp_dir().join(format!("groupchat-{}-{}", std::process::id(), name_for(bound)))
            }
            None => Self::place(bound)?,
        };
        let cannot = |what: &str, error: io::Error| {
            format!("cannot {what} the folder {}: {error}; choose another with --data-dir", path.display())
        };
        // In the folder that everybody shares it must be new, or it could be somebody else's.
        let made = if temporary { DirBuilder::new().mode(0o700).create(&path) } else { disk::make_private(&path) };
        made.map_err(|error| cannot("make", error))?;
        let lock = File::create(path.join("lock")).map_err(|error| cannot("use", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder { path, temporary, _lock: lock }),
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

impl Drop for DataFolder {
    fn drop(&mut self) {
        if self.temporary {
            // What stays lies in the system's folder for such things.
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
        let path = std::env::temp_dir().join(format!("groupchat-data-{}", std::process::id()));
        let address = "127.0.0.1:1".parse().unwrap();
        let open = || DataFolder::open(Some(&path), address, address);
        let first = open().unwrap();
        assert!(open().unwrap_err().starts_with("another server keeps its data in "));
        drop(first);
        drop(open().unwrap());
        fs::remove_dir_all(path).unwrap();
    }
}
