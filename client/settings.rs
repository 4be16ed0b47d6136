//! The user's folder for settings, and how files are kept there: private, always whole, one client at a time.
//!
//! Disk only, under no lock of its own.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `groupchat` in the user's folder for settings (XDG Base Directory Specification).
pub fn folder() -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let no_home = || io::Error::new(ErrorKind::NotFound, "neither XDG_CONFIG_HOME nor HOME is set");
    config.map(|config| config.join(Path::new("groupchat"))).ok_or_else(no_home)
}

/// Makes a folder that only its owner can look into.
pub fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes a file beside the old one and renames it, so that there is always a whole one.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        make_private(folder)?;
    }
    let new = file.with_added_extension("new");
    let mut output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    output.write_all(bytes)?;
    output.sync_all()?;
    fs::rename(new, file)
}

/// Keeps other clients away from a file, or says `why` they keep this one away.
pub fn lock(file: &File, why: &'static str) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(ErrorKind::WouldBlock, why)),
        // Some file systems know no locks. Then it is up to the user.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
