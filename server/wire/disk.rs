//! Where both programs keep things for their user: in folders and files that are private and always whole.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::os::{self, sync_folder};

/// A folder of the user: the one that a variable names, or else one below the home (XDG Base Directory
/// Specification). `None` when neither is set to an absolute path.
pub fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)))
}

/// Makes a folder, and those above it, that only its owner can look into. Succeeds when it is there already.
pub fn make_private(folder: &Path) -> io::Result<()> {
    os::private_folder().recursive(true).create(folder)
}

/// The text of a file; empty if there is no file. Bytes that are not UTF-8 are replaced.
pub fn read_text(file: &Path) -> io::Result<String> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => Ok(String::from_utf8_lossy(&other?).into_owned()),
    }
}

/// Writes a file that only its owner can read; its bytes are on the disk when this returns.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = os::private_file(OpenOptions::new().write(true).create(true).truncate(true)).open(file)?;
    output.write_all(bytes)?;
    output.sync_all()
}

/// Writes a file, which only its owner can read, beside the old one and moves it there: there is always a whole one.
///
/// The bytes are on the disk when this returns. Only a sync of the folder makes the name survive a power cut.
pub fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = file.with_added_extension("new");
    write_private(&new, bytes)?;
    fs::rename(new, file)
}

/// Writes a file unless there is one already, whoever has made it. It is whole and on the disk before it has its name.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    static PARTS: AtomicUsize = AtomicUsize::new(0);
    let number = PARTS.fetch_add(1, Ordering::Relaxed);
    let part = file.with_added_extension(format!("{}-{number}.new", std::process::id()));
    // A link, unlike a new name, never takes the place of another file.
    let made = write_private(&part, bytes).and_then(|()| match fs::hard_link(&part, file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links; nothing was there a moment ago.
        Err(_) => fs::rename(&part, file),
        Ok(()) => Ok(()),
    });
    // It has its name, or is of no use.
    let _ = fs::remove_file(part);
    made.and_then(|()| file.parent().map_or(Ok(()), sync_folder))
}
