//! The spool: the files on the disk, in the folder `files` of the data folder.
//!
//! Client threads call it, never while they hold a lock. Each file has two parts: `<id>.data`, its bytes, and
//! `<id>.info`, its journal, which is only ever appended to (see [`super::journal`]) and is read when the server
//! starts (see [`super::recovery`]). The length of the data tells how far an upload has come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use wire::crc32::Crc32;
use wire::disk::write_atomically;
use wire::os::{private_file, sync_folder};

use super::ids::FileId;
use super::journal;
use super::tokens::ResumePoint;

#[derive(Debug)]
pub struct Spool {
    pub folder: PathBuf,
    /// The highest number that was given, so that no other file ever gets it; it is in the file [`LAST`] too. Its lock
    /// is held while that is written, and never taken together with another one.
    pub last: Mutex<FileId>,
}

/// The file with the highest number.
pub const LAST: &str = "last";

impl Spool {
    /// Makes a place for a file that is offered. A power cut may destroy it: nothing was sent yet.
    ///
    /// The data comes first: a journal without data is known to be damage. Nothing is ever overwritten.
    pub fn create(&self, id: FileId, offer: &str) -> io::Result<()> {
        self.note_last(id)?;
        let mut options = OpenOptions::new();
        private_file(options.write(true).create_new(true));
        options.open(self.path(id, "data"))?;
        let mut info = options.open(self.path(id, "info"))?;
        info.write_all(format!("{offer}\n").as_bytes())
    }

    /// Stores the highest number, so that it survives whatever happens.
    fn note_last(&self, id: FileId) -> io::Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two simultaneous offers the one with the higher number may come first.
        if id <= *last {
            return Ok(());
        }
        write_atomically(&self.folder.join(LAST), format!("{id}\n").as_bytes())?;
        sync_folder(&self.folder)?;
        *last = id;
        Ok(())
    }

    /// Opens the bytes of a file, which must exist: a file that was removed is not made again.
    pub fn data(&self, id: FileId, write: bool) -> io::Result<File> {
        OpenOptions::new().read(true).write(write).open(self.path(id, "data"))
    }

    /// Where the upload of a file can resume. Waits for an upload that is still writing; then `known` may know, or else
    /// the bytes are read.
    pub fn resume_point(&self, id: FileId, known: impl FnOnce() -> Option<ResumePoint>) -> io::Result<ResumePoint> {
        let mut data = self.data(id, false)?;
        data.lock()?;
        if let Some(progress) = known() {
            return Ok(progress);
        }
        let (bytes, sum) = Crc32::of(&mut data)?;
        Ok(ResumePoint { bytes, sum })
    }

    /// Notes that a file is complete, and its recipients. When this returns, the file survives whatever happens,
    /// provided that its data was synced before.
    pub fn note_done(&self, id: FileId, crc: u32, names: &[String]) -> io::Result<()> {
        self.append(id, &journal::done(crc, names))?.sync_all()?;
        sync_folder(&self.folder)
    }

    /// Adds a line to the journal of a file; a power cut may lose it.
    pub fn note(&self, id: FileId, line: &str) -> io::Result<()> {
        self.append(id, line).map(drop)
    }

    fn append(&self, id: FileId, line: &str) -> io::Result<File> {
        let mut info = OpenOptions::new().append(true).open(self.path(id, "info"))?;
        // Two people may have received it at the same moment.
        info.lock()?;
        let before = info.metadata()?.len();
        // Half a line would spoil the next one.
        let written = info.write_all(format!("{line}\n").as_bytes());
        written.inspect_err(|_| drop(info.set_len(before)))?;
        Ok(info)
    }

    /// Removes a file. Its journal is marked first: a journal without this mark and without data is known to be damage.
    pub fn remove(&self, id: FileId) -> io::Result<()> {
        let mark = self.path(id, "removed");
        fs::rename(self.path(id, "info"), &mark).or_else(unless_missing)?;
        fs::remove_file(self.path(id, "data")).or_else(unless_missing)?;
        fs::remove_file(mark).or_else(unless_missing)
    }

    pub fn path(&self, id: FileId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }
}

/// A file that is not there is no fault.
pub fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
