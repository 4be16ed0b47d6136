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
        const DAY: u64 = 24 * 60 * 60;
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
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;
    use crate::core::msgid::Msgid;
    use crate::core::party::Party;

    /// 2026-11-26.
    const NOW: u64 = 1_795_651_200;

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
        fn open(&self) -> (Spool, FileTable, FileId) {
            let log = Log::start(false).unwrap().0;
            let (spool, mut files) = Spool::open(self.0.path(), &log, NOW, Instant::now()).unwrap();
            let next = files.next_id();
            (spool, files, next)
        }

        /// The numbers in the table.
        fn files(&self) -> Vec<FileId> {
            self.open().1.expire(u64::MAX, 0).iter().map(|file| file.id).collect()
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            fs::write(self.path(name), bytes).unwrap();
        }

        fn has(&self, name: &str) -> bool {
            self.path(name).exists()
        }
    }

    fn offer(offered: u64, rest: &str) -> Vec<u8> {
        format!("offer {offered} {rest}").into_bytes()
    }

    #[test]
    fn a_file_survives_with_its_journal() {
        let messages =
            [("bob".to_owned(), Msgid { run: 7, number: 8 }), ("eve".to_owned(), Msgid { run: 7, number: 9 })];
        let folder = Folder::new();
        for (id, party) in [(3, None), (4, Some("::1")), (5, Some("192.0.2.1"))] {
            let (spool, ..) = folder.open();
            let party = party.map(|party| party.parse::<Party>().unwrap());
            let mut file = SharedFile::new(NOW, "tesla!t@h", "#a:b", 5, "my photo :).jpg", Instant::now());
            file.party = party;
            spool.create(id, &journal::offer(&file)).unwrap();
            spool.data(id, true).unwrap().write_all(b"12345").unwrap();
            spool.note_done(id, 0xcbf5_3a1c, &["albert".into(), "bob".into(), "eve".into()]).unwrap();
            spool.note(id, &journal::announced(&messages)).unwrap();
            spool.note(id, &journal::received("bob")).unwrap();
            spool.note(id, &journal::declined("eve")).unwrap();
            let (spool, table, _) = folder.open();
            let file = table.get(id).unwrap();
            assert_eq!((file.offered, file.size, file.bytes, file.crc), (NOW, 5, 5, Some(0xcbf5_3a1c)));
            assert!(file.announced && file.announcements == messages && file.party == party);
            let texts = [&file.source, table.sender_of(file), table.target_of(file), &file.name];
            assert_eq!(texts, ["tesla!t@h", "tesla", "#a:b", "my photo :).jpg"]);
            let received = |nick| table.recipient(file, nick).map(|recipient| recipient.received);
            assert_eq!(["albert", "BOB", "eve"].map(received), [Some(false), Some(true), None]);
            assert_eq!(table.accounts.usage(party).0.bytes, if party.is_some() { 5 } else { 0 });
            assert_eq!(spool.resume_point(id, || None).unwrap().sum.value(), 0xcbf5_3a1c);
            spool.remove(id).unwrap();
            assert_eq!((folder.files(), folder.open().2), (vec![], id + 1), "the number is not given again");
        }
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
    fn no_number_is_the_last_one_and_no_file_is_overwritten() {
        let folder = Folder::new();
        for (ending, text) in [("info", "offer 1795651200 2 t!t@h a :x\ndone 0 a\n"), ("data", "ab")] {
            folder.write(&format!("{}.{ending}", u64::MAX), text.as_bytes());
            folder.write(&format!("7.{ending}"), text.as_bytes());
        }
        folder.write("7.data.damaged", b"an earlier one");
        folder.write("8.data", b"not known to the server");
        for last in [u64::MAX.to_string(), "\u{fffd}".into(), "1 2".into()] {
            folder.write("last", last.as_bytes());
            assert_eq!((folder.files(), folder.open().2), (vec![7], 9));
        }
        assert!(folder.has(&format!("{}.data.damaged", u64::MAX)));
        let (spool, ..) = folder.open();
        folder.write("9.data", b"it is there by a miracle");
        assert!(spool.create(9, "offer").is_err());
        assert_eq!(fs::read(folder.path("9.data")).unwrap(), b"it is there by a miracle");
        folder.write("7.data", b"a");
        folder.open();
        assert_eq!(fs::read(folder.path("7.data.damaged")).unwrap(), b"an earlier one");
        assert_eq!(fs::read(folder.path("7.data.damaged-2")).unwrap(), b"a");
    }

    #[test]
    fn a_torn_line_never_happened() {
        let folder = Folder::new();
        folder.write("1.info", &offer(NOW, "2 t!t@h a :x\ndone 0000"));
        folder.write("1.data", b"ab");
        let (spool, table, _) = folder.open();
        assert_eq!(table.get(1).unwrap().crc, None);
        spool.note_done(1, 7, &["a".into()]).unwrap();
        assert_eq!(folder.open().1.get(1).unwrap().crc, Some(7));
    }

    #[test]
    fn a_removal_that_was_interrupted_is_no_damage() {
        let folder = Folder::new();
        folder.write("1.removed", &offer(NOW, "2 t!t@h a :x\n"));
        folder.write("1.data", b"ab");
        folder.write("2.removed", b"");
        folder.write("3.data", b"");
        assert_eq!(folder.files(), []);
        assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 0, "an offer, too, that was interrupted");
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
        folder.write("16.info", &offer(NOW, "2 t!t@h a :x\ndone 0 a\n"));
        folder.write("17.data", b"no info");
        folder.write("notes.txt", b"not ours");
        assert_eq!((folder.files(), folder.open().2), (vec![], 18));
        for number in 0..infos.len() {
            assert!(folder.has(&format!("{number}.info.damaged")) && folder.has(&format!("{number}.data.damaged")));
        }
        assert!(folder.has("16.info.damaged"), "its bytes are missing");
        assert!(folder.has("17.data.damaged") && folder.has("notes.txt"));
        assert_eq!(folder.open().2, 18);
    }

    #[test]
    fn an_impossible_date_counts_from_now_on() {
        let folder = Folder::new();
        for (id, offered) in [(1, 0), (2, NOW - 1000), (3, 9_999_999_999), (4, NOW + 1000)] {
            folder.write(&format!("{id}.info"), &offer(offered, "2 t!t@h a party=127.0.0.1 :x\n"));
            folder.write(&format!("{id}.data"), b"ab");
        }
        for _ in 0..2 {
            let offered = |id| folder.open().1.get(id).unwrap().offered;
            assert_eq!([1, 2, 3, 4].map(offered), [NOW, NOW - 1000, NOW, NOW + 1000]);
        }
        let journal = fs::read_to_string(folder.path("1.info")).unwrap();
        assert_eq!(journal.lines().nth(1), Some(&*journal::since(NOW)), "{journal}");
    }
}
