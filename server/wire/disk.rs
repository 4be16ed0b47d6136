//! Where both programs keep things for their user: in folders and files that are private and always whole.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
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
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
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

/// Moves a file to a name that no other file has. A link, unlike a rename, never takes the place of another file.
pub fn move_new(file: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(file, name) {
        Ok(()) => {
            // With two names it is as safe as with one.
            let _ = fs::remove_file(file);
            Ok(())
        }
        // A file system without links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists && !name.exists() => fs::rename(file, name),
        Err(error) => Err(error),
    }
}

/// Writes a file unless there is one already, whoever has made it. It is whole and on the disk before it has its name.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    static PARTS: AtomicUsize = AtomicUsize::new(0);
    let number = PARTS.fetch_add(1, Ordering::Relaxed);
    let part = file.with_added_extension(format!("{}-{number}.new", std::process::id()));
    let made = write_private(&part, bytes).and_then(|()| match move_new(&part, file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    // It has its name, or is of no use.
    let _ = fs::remove_file(part);
    made.and_then(|()| file.parent().map_or(Ok(()), sync_folder))
}

/// This name, or one with a number behind it, under which there is nothing yet: what is set aside never takes the place
/// of something else.
pub fn free_name(path: &Path) -> io::Result<PathBuf> {
    for name in numbered(path) {
        match name.symlink_metadata() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name),
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Keeps a copy of a damaged file beside it, and returns its name. There is one copy of the same bytes.
pub fn keep_damaged(file: &Path) -> io::Result<PathBuf> {
    let bytes = fs::read(file)?;
    for name in numbered(&file.with_added_extension("damaged")) {
        if fs::read(&name).is_ok_and(|other| other == bytes) {
            return Ok(name);
        }
        if !name.try_exists()? {
            create(&name, &bytes)?;
            return Ok(name);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A path, and the same with numbers behind it.
fn numbered(path: &Path) -> impl Iterator<Item = PathBuf> {
    (1..1000).map(|number| {
        let mut name = path.as_os_str().to_owned();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_takes_the_place_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (text, name) in [("one", "x.damaged"), ("two", "x.damaged-2"), ("one", "x.damaged")] {
            fs::write(at("x"), text).unwrap();
            assert_eq!(keep_damaged(&at("x")).unwrap(), at(name));
            assert_eq!(fs::read_to_string(at(name)).unwrap(), text);
        }
        assert_eq!(free_name(&at("x.damaged")).unwrap(), at("x.damaged-3"));
        assert_eq!(free_name(&at("y")).unwrap(), at("y"));
    }

    #[test]
    fn no_file_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, free] = ["one", "two", "free"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        assert_eq!(move_new(&one, &two).unwrap_err().kind(), ErrorKind::AlreadyExists);
        move_new(&one, &free).unwrap();
        assert_eq!((fs::read_to_string(&two).unwrap(), fs::read_to_string(&free).unwrap()), ("2".into(), "1".into()));
        assert!(!one.exists() && move_new(&one, &folder.path().join("x")).is_err());
        create(&two, b"3").unwrap();
        assert_eq!(fs::read_to_string(&two).unwrap(), "2");
    }
}
