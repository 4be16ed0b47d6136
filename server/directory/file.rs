//! The directory on the disk.
//!
//! Read by the main thread at the start. Client threads write it one at a time, while they do not hold the registry's
//! lock.
//!
//! ```text
//! <data folder>/directory     a line each: name, address, port, owner, the owner's key, id, the room's key
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wire::disk::{read_text, write_atomically};
use wire::os::sync_folder;

use super::table::{MulticastRoom, RoomTable};

/// The file. Its lock is held while it is written; the table's lock may be taken under it, never the other way round.
#[derive(Debug)]
pub struct DirectoryFile(Mutex<PathBuf>);

impl DirectoryFile {
    /// Reads the directory of an earlier run; with it come sentences about damage. An error is one sentence.
    pub fn open(data: &Path) -> Result<(Self, RoomTable, Vec<String>), String> {
        let path = data.join("directory");
        let text = read_text(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let (mut table, mut warnings) = (RoomTable::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            if MulticastRoom::parse(line).is_none_or(|room| table.add(room).is_err()) {
                warnings.push(format!("Line {number} of {} is no room and is left out", path.display()));
            }
        }
        if !warnings.is_empty() {
            let aside = data.join("directory.damaged");
            // The next room that is made writes the file anew.
            match fs::copy(&path, &aside) {
                Ok(_) => warnings.push(format!("The directory as it was is in {}", aside.display())),
                Err(error) => warnings.push(format!("Cannot write {}: {error}", aside.display())),
            }
        }
        Ok((DirectoryFile(Mutex::new(path)), table, warnings))
    }

    /// Writes the table as it is now.
    pub fn write(&self, table: &Mutex<RoomTable>) -> io::Result<()> {
        let path = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under this lock, so that a later write holds no less than an earlier one.
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: String = table.all().map(|room| room.line() + "\n").collect();
        drop(table);
        write_atomically(&path, lines.as_bytes())?;
        path.parent().map_or(Ok(()), sync_folder)
    }
}
