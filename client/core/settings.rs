//! The user's folder for settings, and how files are kept there: private, always whole, one client at a time.
//!
//! Disk only, under no lock of its own.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use wire::disk;

/// `groupchat` in the user's folder for settings.
pub fn folder() -> io::Result<PathBuf> {
    let no_home = || io::Error::new(ErrorKind::NotFound, "neither XDG_CONFIG_HOME nor HOME is set");
    disk::user_folder("XDG_CONFIG_HOME", ".config").map(|config| config.join("groupchat")).ok_or_else(no_home)
}

/// Writes a file anew, in a folder that is made where needed.
pub fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        disk::make_private(folder)?;
    }
    disk::write_atomically(file, bytes)
}

/// Keeps other clients away from a file, or says `why` they keep this one away.
pub fn lock(file: &File, why: &'static str) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(ErrorKind::WouldBlock, why)),
        // Some file systems know no locks. Then it is up to the user.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// A process that is being started has a copy of each open file for a moment, and with it the file's lock. So the tests that
/// start one take turns with those that give up such a lock and take it again.
#[cfg(test)]
pub fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
