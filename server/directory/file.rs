//! The directory on the disk.
//!
//! Read by the main thread at the start. Client threads write it one at a time, while they do not hold the registry's
//! lock.
//!
//! ```text
//! <data folder>/directory     a line each: name, address, port, owner, the owner's key, id, the room's key
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wire::disk::{keep_damaged, read_text, write_atomically};
use wire::os::sync_folder;

use super::table::{MulticastRoom, RoomTable};

/// The file. Its lock is held while it is written; the table's lock may be taken under it, never the other way round.
#[derive(Debug)]
pub struct DirectoryFile(Mutex<OnDisk>);

#[derive(Debug)]
struct OnDisk {
    path: PathBuf,
    /// It is damaged, and there is no copy of it yet: it is not overwritten.
    is_damaged: bool,
}

impl DirectoryFile {
    /// Reads the directory of an earlier run; with it come sentences about damage. An error is one sentence.
    pub fn open(data: &Path) -> Result<(Self, RoomTable, Vec<String>), String> {
        let path = data.join("directory");
        let text = read_text(&path).map_err(|error| {
            format!(
                "cannot read {}: {error}; make it readable, or choose another folder with --data-dir",
                path.display()
            )
        })?;
        let (mut table, mut warnings) = (RoomTable::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            if MulticastRoom::parse(line).is_none_or(|room| table.add(room).is_err()) {
                warnings.push(format!("Line {number} of {} is no room and is left out", path.display()));
            }
        }
        // Only whole lines are written.
        if !text.is_empty() && !text.ends_with('\n') {
            warnings.push(format!("The end of {} is missing", path.display()));
        }
        let mut on_disk = OnDisk { path, is_damaged: !warnings.is_empty() };
        if on_disk.is_damaged {
            // The next room that is made writes the file anew.
            warnings.push(match on_disk.keep_damaged() {
                Ok(aside) => format!("The directory as it was is in {}", aside.display()),
                Err(error) => format!("The damaged directory cannot be copied, so no room can be made: {error}"),
            });
        }
        Ok((DirectoryFile(Mutex::new(on_disk)), table, warnings))
    }

    /// Writes the table as it is now.
    pub fn write(&self, table: &Mutex<RoomTable>) -> io::Result<()> {
        let mut on_disk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if on_disk.is_damaged {
            on_disk.keep_damaged()?;
        }
        // Read under this lock, so that a later write holds no less than an earlier one.
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: String = table.all().map(|room| room.line() + "\n").collect();
        drop(table);
        write_atomically(&on_disk.path, lines.as_bytes())?;
        on_disk.path.parent().map_or(Ok(()), sync_folder)
    }
}

impl OnDisk {
    /// Copies a damaged file, before it is written anew.
    fn keep_damaged(&mut self) -> io::Result<PathBuf> {
        let aside = keep_damaged(&self.path)?;
        self.is_damaged = false;
        Ok(aside)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_damaged_directory_is_not_overwritten_before_there_is_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text = "lab 239.0.0.1 4000 tesla - 0000000000000001 -\nnonsense\n";
        fs::write(path("directory"), text).unwrap();
        fs::write(path("directory.damaged"), "an earlier one").unwrap();
        for _ in 0..2 {
            let (_, table, warnings) = DirectoryFile::open(folder.path()).unwrap();
            assert_eq!((table.all().count(), warnings.len()), (1, 2), "{warnings:?}");
        }
        let copy = path("directory.damaged-2");
        assert_eq!(fs::read_to_string(&copy).unwrap(), text);
        assert!(!path("directory.damaged-3").exists(), "one copy is enough");
        let (file, table, _) = DirectoryFile::open(folder.path()).unwrap();
        file.0.lock().unwrap().is_damaged = true;
        fs::remove_file(&copy).unwrap();
        file.write(&Mutex::new(table)).unwrap();
        assert_eq!(fs::read_to_string(&copy).unwrap(), text);
        assert_eq!(fs::read_to_string(path("directory")).unwrap().lines().count(), 1);
        assert_eq!(fs::read_to_string(path("directory.damaged")).unwrap(), "an earlier one");
    }

    #[test]
    fn a_directory_that_was_cut_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        for (text, warnings) in [("", 0), ("lab 239.0.0.1 4000 tesla - 0000000000000001 -", 2), ("\u{0}\u{0}", 3)] {
            fs::write(folder.path().join("directory"), text).unwrap();
            assert_eq!(DirectoryFile::open(folder.path()).unwrap().2.len(), warnings, "{text}");
        }
    }
}
