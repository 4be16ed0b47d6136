//! The folder itself, and the lock in it: one server at a time has it.
//!
//! Opened by the main thread before any other starts.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
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
    /// each port
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataOptions {
    /// The folder that was given, or else the one of a server that listens at this port. An error is one sentence.
    pub fn folder_for(&self, port: u16) -> Result<PathBuf, String> {
        let place = self.place(port)?;
        Ok(place.older.into_iter().next().unwrap_or(place.path))
    }

    fn place(&self, port: u16) -> Result<Place, String> {
        if let Some(given) = &self.data_dir {
            return Ok(Place { path: given.clone(), older: Vec::new(), unused: Vec::new() });
        }
        let folder = disk::user_folder("XDG_DATA_HOME", ".local/share").ok_or(NO_HOME)?;
        Place::find(&folder.join("groupchat"), port)
    }
}

/// Where the data of a port is. One server has one key and one set of names, whatever address it listens on; earlier
/// versions had a folder for each address.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    /// The folder of an earlier version, which is to be moved there.
    older: Vec<PathBuf>,
    /// Further ones, which stay where they are.
    unused: Vec<PathBuf>,
}

impl Place {
    fn find(all: &Path, port: u16) -> Result<Self, String> {
        let path = all.join(port.to_string());
        let is_of_port = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let parts = name.rsplit_once('-').and_then(|(ip, port)| Some((ip.parse::<IpAddr>().ok()?, port)));
            parts.is_some_and(|(_, its_port)| its_port == port.to_string()) && path.is_dir()
        };
        // Without the folder there is nothing in it.
        let entries = fs::read_dir(all).into_iter().flatten().flatten();
        let mut older: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_of_port).collect();
        older.sort();
        if path.exists() {
            return Ok(Place { path, older: Vec::new(), unused: older });
        }
        if older.len() > 1 {
            let (path, all) = (path.display(), names(&older));
            return Err(format!(
                "there are several data folders for port {port}: {all}; rename the one to go on with to {path}, \
                 or choose one with --data-dir"
            ));
        }
        Ok(Place { path, older, unused: Vec::new() })
    }
}

fn names(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ")
}

/// The folder, and the lock that keeps other servers out of it.
#[derive(Debug)]
pub struct DataFolder {
    pub path: PathBuf,
    pub clock: Arc<Clock>,
    /// What the operator should know of it.
    news: Vec<String>,
    /// It goes away with the server.
    temporary: bool,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder that was given, or the one of the port, and makes it if it does not exist.
    ///
    /// A server that listens on any free port has another port each time, so its folder is a temporary one. An error is
    /// one sentence that says what to do.
    pub fn open(options: &DataOptions, asked: SocketAddr, bound: SocketAddr) -> Result<Arc<Self>, String> {
        let temporary = options.data_dir.is_none() && asked.port() == 0;
        let place = if temporary {
            let name = format!("groupchat-{}-{}", std::process::id(), bound.port());
            Place { path: std::env::temp_dir().join(name), older: Vec::new(), unused: Vec::new() }
        } else {
            options.place(bound.port())?
        };
        let (path, mut news) = (place.path, Vec::new());
        let cannot = |what: &str, error: io::Error| {
            format!("cannot {what} the folder {}: {error}; choose another with --data-dir", path.display())
        };
        // Each start of a server makes this file anew.
        let lock_file = place.older.first().unwrap_or(&path).join("lock");
        let started = fs::metadata(lock_file).and_then(|lock| lock.modified()).ok();
        let lock = if let [older] = &place.older[..] {
            // An earlier version may have it at this moment.
            let lock = lock(older)?;
            fs::rename(older, &path).map_err(|error| cannot("make", error))?;
            news.push(format!("They were in {} until now; that folder was moved", older.display()));
            lock
        } else {
            // In the folder for temporary files, which everybody shares, it must be new, or it could be somebody else's.
            let made = if temporary { os::private_folder().create(&path) } else { disk::make_private(&path) };
            made.map_err(|error| cannot("make", error))?;
            lock(&path)?
        };
        news.extend(
            (!place.unused.is_empty())
                .then(|| format!("Data of earlier versions stays unused in {}", names(&place.unused))),
        );
        let (clock, warning) = Clock::open(&path, SystemTime::now(), started);
        news.extend(warning);
        Ok(Arc::new(DataFolder { path, clock: clock.into(), news, temporary, _lock: lock }))
    }
}

/// Keeps other servers out of a folder.
fn lock(folder: &Path) -> Result<File, String> {
    let path = folder.display();
    let cannot = |what, error| format!("cannot {what} the folder {path}: {error}; choose another with --data-dir");
    let lock = File::create(folder.join("lock")).map_err(|error| cannot("use", error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::Error(error)) => Err(cannot("lock", error)),
        Err(TryLockError::WouldBlock) => {
            Err(format!("another server keeps its data in {path}; give this one its own with --data-dir"))
        }
    }
}

impl Wing for DataFolder {
    fn started(&self, server: &Server) {
        server.log.line(format_args!("Messages and files are kept in {}", self.path.display()));
        self.news.iter().for_each(|news| server.log.line(news));
    }

    fn housekeeping(&self, server: &Server) {
        if let Err(error) = self.clock.store(SystemTime::now()) {
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

    #[test]
    fn a_port_has_one_folder_whatever_the_address() {
        let all = tempfile::tempdir().unwrap();
        let all = all.path();
        let at = |name: &str| all.join(name);
        let find = || Place::find(all, 6667);
        let place = |older: &[&str], unused: &[&str]| {
            let paths = |names: &[&str]| names.iter().map(|name| at(name)).collect();
            Ok(Place { path: at("6667"), older: paths(older), unused: paths(unused) })
        };
        assert_eq!(find(), place(&[], &[]));
        for other in ["127.0.0.1-16667", "x-6667", "66670", "127.0.0.1-6668"] {
            fs::create_dir(at(other)).unwrap();
        }
        fs::write(at("0.0.0.0-6667"), "a file").unwrap();
        fs::create_dir(at("127.0.0.1-6667")).unwrap();
        assert_eq!(find(), place(&["127.0.0.1-6667"], &[]));
        fs::create_dir(at("::-6667")).unwrap();
        let sentence = find().unwrap_err();
        assert!(["127.0.0.1-6667 and ", "::-6667;", "to ", "6667, or"].iter().all(|part| sentence.contains(part)));
        fs::create_dir(at("6667")).unwrap();
        assert_eq!(find(), place(&[], &["127.0.0.1-6667", "::-6667"]));
    }
}
