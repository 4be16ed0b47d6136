//! The spool: the files on the disk, in the folder `files` of the data folder.
//!
//! Client threads call it, never while they hold a lock. Each file has two parts: `<id>.data`, its bytes, and
//! `<id>.info`, its journal, which is only ever appended to (see [`super::journal`]) and is read when the server
//! starts. The length of the data tells how far an upload has come. Damaged files are set aside, and stay until
//! somebody removes them: they count in no quota.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wire::crc32::Crc32;
use wire::disk::{make_private, write_atomically};
use wire::os::{private_file, sync_folder};

use super::journal;
use super::shared_file::{FileId, ResumePoint, SharedFile};
use super::table::FileTable;
use crate::core::log::Log;

#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// The highest number that was given, so that no other file ever gets it; it is in the file [`LAST`] too. Its lock
    /// is held while that is written, and never taken together with another one.
    last: Mutex<FileId>,
}

const LAST: &str = "last";

impl Spool {
    /// Opens the spool and reads its files. Damaged ones are set aside, and a line of log says so.
    pub fn open(data: &Path, log: &Log) -> Result<(Spool, FileTable), String> {
        let mut spool = Spool { folder: data.join("files"), last: Mutex::default() };
        let found = make_private(&spool.folder).and_then(|()| sync_folder(data)).and_then(|()| spool.ids());
        let ids = found.map_err(|error| {
            format!("cannot use the folder {}: {error}; choose another with --data-dir", spool.folder.display())
        })?;
        let last = fs::read_to_string(spool.folder.join(LAST)).ok().and_then(|text| text.trim().parse().ok());
        let highest = ids.last().copied().max(last).unwrap_or_default();
        let mut entries = BTreeMap::new();
        for id in ids {
            match spool.restore(id) {
                Ok(file) => entries.extend(file.map(|file| (id, file))),
                Err(error) => spool.set_aside(id, &error, log),
            }
        }
        spool.last = Mutex::new(highest);
        Ok((spool, FileTable { entries, last_id: highest, ..FileTable::default() }))
    }

    /// The numbers with which names begin.
    fn ids(&self) -> io::Result<BTreeSet<FileId>> {
        let id = |name: &str| name.split('.').next()?.parse().ok();
        let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name()));
        names.filter_map(|name: io::Result<_>| name.map(|name| id(name.to_str()?)).transpose()).collect()
    }

    /// Makes a place for a file that is offered. A power cut may destroy it: nothing was sent yet.
    pub fn create(&self, id: FileId, offer: &str) -> io::Result<()> {
        self.note_last(id)?;
        let mut options = OpenOptions::new();
        private_file(options.write(true).create_new(true));
        let mut info = options.open(self.path(id, "info"))?;
        info.write_all(format!("{offer}\n").as_bytes())?;
        options.open(self.path(id, "data")).map(drop)
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
        let before = info.metadata()?.len();
        // Half a line would spoil the next one.
        let written = info.write_all(format!("{line}\n").as_bytes());
        written.inspect_err(|_| drop(info.set_len(before)))?;
        Ok(info)
    }

    /// Removes a file. The data goes first: a journal without data is known to be the rest of a removal.
    pub fn remove(&self, id: FileId) -> io::Result<()> {
        for ending in ["data", "info"] {
            fs::remove_file(self.path(id, ending)).or_else(unless_missing)?;
        }
        Ok(())
    }

    fn path(&self, id: FileId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// The file of that number; nothing if it was removed or set aside. An error says what is wrong.
    fn restore(&self, id: FileId) -> io::Result<Option<SharedFile>> {
        let (info, data) = (self.path(id, "info"), self.path(id, "data"));
        if !data.try_exists()? {
            return self.remove(id).map(|()| None);
        }
        if !info.try_exists()? {
            return Err(io::Error::other("its info is missing"));
        }
        let (length, journal) = (data.metadata()?.len(), fs::read_to_string(&info)?);
        // A line that was not written to its end never happened; the next one must not become a part of it.
        let whole = journal.rfind('\n').map_or(0, |end| end + 1);
        let file = journal::read(id, &journal[..whole]).map_err(io::Error::other)?;
        if whole < journal.len() {
            OpenOptions::new().write(true).open(info)?.set_len(whole as u64)?;
        }
        if length > file.size || file.crc.is_some() && length < file.size {
            return Err(io::Error::other(format!("there are {length} bytes of {}", file.size)));
        }
        Ok(Some(file))
    }

    fn set_aside(&self, id: FileId, error: &io::Error, log: &Log) {
        let folder = self.folder.display();
        log.line(format_args!("File {id} in {folder} is damaged ({error}); it is set aside as {id}.*.damaged"));
        for path in ["info", "data"].map(|ending| self.path(id, ending)) {
            let moved = fs::rename(&path, path.with_added_extension("damaged"));
            if let Err(error) = moved.or_else(unless_missing) {
                log.line(format_args!("Cannot rename {}: {error}", path.display()));
            }
        }
    }
}

/// A file that is not there is no fault.
fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::msgid::Msgid;
    use crate::files::person::Person;

    /// A data folder.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("files")).unwrap();
            Folder(folder)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join("files").join(name)
        }

        /// The spool, what is in it, and the next number.
        fn open(&self) -> (Spool, Vec<SharedFile>, FileId) {
            let (spool, mut files) = Spool::open(self.0.path(), &Log::start(false).unwrap().0).unwrap();
            (spool, files.expire(u64::MAX, Duration::ZERO), files.next_id())
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            fs::write(self.path(name), bytes).unwrap();
        }

        fn has(&self, name: &str) -> bool {
            self.path(name).exists()
        }
    }

    #[test]
    fn a_file_survives_with_its_journal() {
        let messages =
            [("bob".to_owned(), Msgid { run: 7, number: 8 }), ("eve".to_owned(), Msgid { run: 7, number: 9 })];
        let folder = Folder::new();
        let (spool, ..) = folder.open();
        spool.create(3, &journal::offer(&SharedFile::new(3, 1000, "tesla!t@h", "#a:b", 5, "my photo :).jpg"))).unwrap();
        spool.data(3, true).unwrap().write_all(b"12345").unwrap();
        spool.note_done(3, 0xcbf5_3a1c, &["albert".into(), "bob".into(), "eve".into()]).unwrap();
        spool.note(3, &journal::announced(&messages)).unwrap();
        spool.note(3, &journal::received("bob")).unwrap();
        spool.note(3, &journal::declined("eve")).unwrap();
        let (spool, entries, _) = folder.open();
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((entry.id, entry.offered, entry.size, entry.crc), (3, 1000, 5, Some(0xcbf5_3a1c)));
        assert!(entry.announced && entry.announcements == messages);
        let texts = [&entry.source, &entry.sender.name, &entry.target, &entry.name];
        assert_eq!(texts, ["tesla!t@h", "tesla", "#a:b", "my photo :).jpg"]);
        let mut bob = Person::new("bob");
        bob.received = true;
        assert_eq!(entry.recipients, [Person::new("albert"), bob]);
        assert_eq!(spool.resume_point(3, || None).unwrap().sum.value(), 0xcbf5_3a1c);
        spool.remove(3).unwrap();
        let (_, entries, next) = folder.open();
        assert_eq!((entries.len(), next), (0, 4), "the number is not given again");
    }

    #[test]
    fn the_highest_number_never_goes_down() {
        let folder = Folder::new();
        folder.write("last", b"7\n");
        folder.write("last.new", b"");
        let (spool, _, next) = folder.open();
        assert_eq!(next, 8);
        for id in [9, 8] {
            spool.create(id, "offer 1 1 t!t@h a :x").unwrap();
            spool.remove(id).unwrap();
        }
        assert_eq!(folder.open().2, 10);
    }

    #[test]
    fn a_torn_line_never_happened() {
        let folder = Folder::new();
        folder.write("1.info", b"offer 1 2 t!t@h a :x\ndone 0000");
        folder.write("1.data", b"ab");
        folder.write("2.info", b"offer 1 2 t!t@h a :removed\n");
        let (spool, entries, _) = folder.open();
        assert_eq!(entries.iter().map(|entry| (entry.id, entry.crc)).collect::<Vec<_>>(), [(1, None)]);
        spool.note_done(1, 7, &["a".into()]).unwrap();
        assert_eq!(folder.open().1[0].crc, Some(7));
        assert!(!folder.has("2.info"), "the rest of a removal");
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let folder = Folder::new();
        let infos: [&[u8]; 6] = [
            b"",
            b"\xff\n",
            b"offer 1 2 t!t@h :x\n",
            b"offer 1 2 t!t@h a :x\nwhat\n",
            b"offer 1 2 t!t@h a :x\ndone 0 a\n",
            b"offer 1 0 t!t@h a :x\n",
        ];
        for (number, info) in infos.iter().enumerate() {
            folder.write(&format!("{number}.info"), info);
            folder.write(&format!("{number}.data"), b"1");
        }
        folder.write("17.data", b"no info");
        folder.write("notes.txt", b"not ours");
        let (_, entries, next) = folder.open();
        assert_eq!((entries.len(), next), (0, 18));
        for number in 0..infos.len() {
            assert!(folder.has(&format!("{number}.info.damaged")) && folder.has(&format!("{number}.data.damaged")));
        }
        assert!(folder.has("17.data.damaged") && folder.has("notes.txt"));
        assert_eq!(folder.open().2, 18);
    }
}
