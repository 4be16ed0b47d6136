//! Tests of the recovery of files: journals, damage, removals.

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
        self.open().1.expire(0, u64::MAX, 0).iter().map(|file| file.id).collect()
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
    let messages = [("bob".to_owned(), Msgid { run: 7, number: 8 }), ("eve".to_owned(), Msgid { run: 7, number: 9 })];
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
