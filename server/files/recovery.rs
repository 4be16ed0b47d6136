//! What the server finds in its spool when it starts.
//!
//! Runs in the main thread before any other starts. Whatever is damaged is renamed, and a line of log says so: nothing
//! disappears silently, and nothing takes the place of something else. Damaged files stay until somebody removes them:
//! they count in no quota.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use wire::disk::{free_name, make_private, read_text};
use wire::os::sync_folder;
use wire::time::DAY;

use super::ids::FileId;
use super::journal;
use super::limits;
use super::shared_file::SharedFile;
use super::spool::{LAST, Spool, unless_missing};
use super::table::FileTable;
use crate::core::log::Log;

/// Why a file is not in the table.
enum Fault {
    /// Its bytes or its journal are not as they were written.
    Damaged(String),
    /// It may be whole, but the disk, or the system, does not let the server see it now.
    Unreadable(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidData => Fault::Damaged(error.to_string()),
            _ => Fault::Unreadable(error),
        }
    }
}

/// A file, with the names of its recipients, and whether they have received it.
type Restored = (SharedFile, Vec<(String, bool)>);

impl Spool {
    /// Opens the spool and reads its files. `time` is in seconds since 1970. An error is one sentence.
    pub fn open(data: &Path, log: &Log, time: u64, now: Instant) -> Result<(Spool, FileTable), String> {
        let mut spool = Spool { folder: data.join("files"), last: Mutex::default() };
        let found = make_private(&spool.folder).and_then(|()| sync_folder(data)).and_then(|()| spool.ids());
        let mut ids = found.map_err(|error| {
            format!("cannot use the folder {}: {error}; choose another with --data-dir", spool.folder.display())
        })?;
        let impossible = ids.split_off(&(limits::HIGHEST_ID + 1));
        let highest = ids.last().copied().max(spool.last(log)).unwrap_or_default();
        let mut table = FileTable::numbered_from(highest);
        for id in impossible {
            spool.set_aside(id, "no server gives such a number", log);
        }
        for id in ids {
            match spool.restore(id, now) {
                Ok(None) => {}
                Ok(Some((mut file, recipients))) => {
                    spool.correct_time(id, &mut file, time, log);
                    table.insert(id, file, &recipients);
                }
                Err(Fault::Damaged(why)) => spool.set_aside(id, &why, log),
                Err(Fault::Unreadable(error)) => {
                    let folder = spool.folder.display();
                    log.line(format_args!("File {id} in {folder} cannot be read ({error}); it is left as it is"));
                }
            }
        }
        spool.last = Mutex::new(highest);
        Ok((spool, table))
    }

    /// The numbers with which names begin.
    fn ids(&self) -> io::Result<BTreeSet<FileId>> {
        let id = |name: &str| name.split('.').next()?.parse().ok();
        let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name()));
        names.filter_map(|name: io::Result<_>| name.map(|name| id(name.to_str()?)).transpose()).collect()
    }

    /// The highest number that was given, as far as it is known.
    fn last(&self, log: &Log) -> Option<FileId> {
        let path = self.folder.join(LAST);
        let text = read_text(&path).unwrap_or_else(|error| error.to_string());
        let last = text.trim().parse().ok().filter(|last| *last <= limits::HIGHEST_ID);
        if last.is_none() && !text.is_empty() {
            let path = path.display();
            log.line(format_args!("{path} holds no number; files are numbered from the highest one that is there"));
        }
        last
    }

    /// An offer that an earlier version noted by a clock that was wrong would expire at once, or never.
    fn correct_time(&self, id: FileId, file: &mut SharedFile, time: u64, log: &Log) {
        if (limits::EARLIEST_OFFER..=time.saturating_add(DAY)).contains(&file.offered) {
            return;
        }
        file.offered = time;
        // If not, it is corrected again at the next start.
        let noted = self.note(id, &journal::since(time));
        let error = noted.err().map(|error| format!(" ({error})")).unwrap_or_default();
        log.line(format_args!("File {id} has an impossible date; its days count from now on{error}"));
    }

    /// The file of that number; nothing if it was removed or set aside.
    fn restore(&self, id: FileId, now: Instant) -> Result<Option<Restored>, Fault> {
        let [info, data, removed] = ["info", "data", "removed"].map(|ending| self.path(id, ending));
        let length = match data.metadata() {
            Ok(found) => Some(found.len()),
            Err(error) => unless_missing(error).map(|()| None)?,
        };
        if !info.try_exists()? {
            return match length {
                // The rest of a removal, or of an offer of which no byte has come.
                _ if removed.try_exists()? => Ok(self.remove(id).map(|()| None)?),
                Some(0) => Ok(self.remove(id).map(|()| None)?),
                Some(_) => Err(Fault::Damaged("its info is missing".into())),
                None => Ok(None),
            };
        }
        let journal = fs::read_to_string(&info)?;
        // A line that was not written to its end never happened; the next one must not become a part of it.
        let whole = journal.rfind('\n').map_or(0, |end| end + 1);
        let (mut file, recipients) = journal::read(&journal[..whole], now).map_err(Fault::Damaged)?;
        let SharedFile { name, target, size, .. } = &file;
        let what = format!("{name}, from {} to {target}", file.offered_by());
        let Some(length) = length else { return Err(Fault::Damaged(format!("{what}: its bytes are missing"))) };
        if length > *size || file.crc.is_some() && length < *size {
            return Err(Fault::Damaged(format!("{what}: there are {length} bytes of {size}")));
        }
        if whole < journal.len() {
            OpenOptions::new().write(true).open(info)?.set_len(whole as u64)?;
        }
        file.bytes = length;
        Ok(Some((file, recipients)))
    }

    fn set_aside(&self, id: FileId, why: &str, log: &Log) {
        let folder = self.folder.display();
        log.line(format_args!("File {id} in {folder} is damaged ({why}); it is set aside as {id}.*.damaged"));
        for path in ["info", "data"].map(|ending| self.path(id, ending)) {
            let moved = free_name(&path.with_added_extension("damaged")).and_then(|aside| fs::rename(&path, aside));
            if let Err(error) = moved.or_else(unless_missing) {
                log.line(format_args!("Cannot rename {}: {error}", path.display()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
