//! Tests of the mailboxes on the disk.

use std::time::SystemTime;

use super::*;
use crate::core::msgid::Msgid;

const NOW: u64 = 1_795_704_261;

/// A message, and the bytes of its file.
fn message(id: Msgid) -> (StoredMessage, Vec<u8>) {
    let text = format_args!(":tesla!t@h PRIVMSG albert :psst");
    let bytes = stored::to_file(&Line::message(SystemTime::now(), text, format!("msgid={id}")));
    let (size, crc) = (bytes.len(), Some(crc32(&bytes)));
    (StoredMessage { id, time: NOW, size, party: None, crc, passing: false }, bytes)
}

fn store(maildir: &Maildir, id: Msgid) -> io::Result<StoredMessage> {
    let (message, bytes) = message(id);
    maildir.store("albert", &message, &bytes).map(|()| message)
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn messages_survive_the_server_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (maildir, found) = Maildir::open(data, NOW).unwrap();
    let ids = [3, 1, 2].map(|number| Msgid { run: found.run, number });
    let messages = ids.map(|id| store(&maildir, id).unwrap());
    maildir.register("Tesla").unwrap();
    // Killed while it wrote a fourth one.
    fs::write(data.join("mail/albert/tmp/x"), "@time").unwrap();
    let (maildir, again) = Maildir::open(data, NOW + 100).unwrap();
    assert!(again.run > found.run && again.warnings.is_empty(), "{again:?}");
    assert_eq!(again.names, ["tesla", "albert"]);
    let [third, first, second] = messages;
    assert_eq!(again.messages, [("albert".to_owned(), vec![first.clone(), second, third])]);
    assert_eq!(maildir.read("albert", &first, None).unwrap().from(), "tesla");
    maildir.remove("albert", &first).unwrap();
    assert!(matches!(maildir.read("albert", &first, None), Err(Missing::Unreadable(_))));
    assert_eq!(count(&data.join("mail/albert/tmp")), 0);
}

#[test]
fn a_damaged_message_is_set_aside_and_never_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (maildir, found) = Maildir::open(data, NOW).unwrap();
    let message = store(&maildir, Msgid { run: found.run, number: 1 }).unwrap();
    let file = data.join(format!("mail/albert/new/{message}"));
    let whole = fs::read_to_string(&file).unwrap();
    let aside = data.join(format!("mail/albert/damaged/{message}"));
    for (damaged, why) in
        [("@time=x".to_owned(), "its end is missing"), (whole.replace("psst", "pssd"), "its checksum")]
    {
        fs::write(&file, &damaged).unwrap();
        let Err(Missing::Damaged(because)) = maildir.read("albert", &message, None) else { panic!("it is damaged") };
        assert!(because.starts_with(why));
        assert_eq!(fs::read_to_string(&aside).unwrap(), damaged);
        // One that is there already stays.
        fs::write(&file, "").unwrap();
        assert!(matches!(maildir.read("albert", &message, None), Err(Missing::Damaged(_))));
        assert_eq!((count(aside.parent().unwrap()), fs::read_to_string(&aside).unwrap()), (2, damaged));
        fs::remove_dir_all(aside.parent().unwrap()).unwrap();
    }
    // An older server has written no checksum.
    fs::write(data.join(format!("mail/albert/new/{}", message.id)), whole.replace("psst", "pssd")).unwrap();
    fs::create_dir(data.join("mail/No Name")).unwrap();
    let (maildir, found) = Maildir::open(data, NOW).unwrap();
    assert_eq!(found.warnings.len(), 1);
    assert!(maildir.read("albert", &StoredMessage { crc: None, ..message }, None).is_ok());
}

#[test]
fn a_message_that_could_not_be_stored_does_not_arrive_later() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (maildir, found) = Maildir::open(data, NOW).unwrap();
    // A file where the folder should be, since a test that runs as root can write anywhere.
    make_private(&data.join("mail/albert/tmp")).unwrap();
    fs::write(data.join("mail/albert/new"), "").unwrap();
    store(&maildir, Msgid { run: found.run, number: 1 }).unwrap_err();
    assert_eq!(count(&data.join("mail/albert/tmp")), 0);
    assert_eq!(Maildir::open(data, NOW).unwrap().1.warnings.len(), 1);
}

#[test]
fn no_message_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (maildir, found) = Maildir::open(folder.path(), NOW).unwrap();
    let id = Msgid { run: found.run, number: 1 };
    let message = store(&maildir, id).unwrap();
    let file = folder.path().join(format!("mail/albert/new/{message}"));
    let whole = fs::read_to_string(&file).unwrap();
    let error = maildir.store("albert", &message, b"another").unwrap_err();
    assert_eq!((error.kind(), fs::read_to_string(&file).unwrap()), (ErrorKind::AlreadyExists, whole));
    assert_eq!(count(&folder.path().join("mail/albert/tmp")), 0);
}

#[test]
fn empty_folders_go_away_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (maildir, found) = Maildir::open(folder.path(), NOW).unwrap();
    let mailbox = folder.path().join("mail/albert");
    let message = store(&maildir, Msgid { run: found.run, number: 1 }).unwrap();
    maildir.forget("albert");
    assert_eq!(count(&mailbox.join("new")), 1);
    maildir.remove("albert", &message).unwrap();
    maildir.forget("albert");
    assert!(!mailbox.exists());
    store(&maildir, Msgid { run: found.run, number: 2 }).unwrap();
    // Half of it is there.
    fs::remove_dir(mailbox.join("tmp")).unwrap();
    store(&maildir, Msgid { run: found.run, number: 3 }).unwrap();
    assert_eq!(count(&mailbox.join("new")), 2);
}

#[test]
fn the_names_are_written_anew_and_more_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let (maildir, _) = Maildir::open(folder.path(), NOW).unwrap();
    maildir.register("old").unwrap();
    maildir.write_names(|| vec!["albert".into(), "tesla".into()]).unwrap();
    maildir.register("bob").unwrap();
    assert_eq!(Maildir::open(folder.path(), NOW).unwrap().1.names, ["albert", "tesla", "bob"]);
}
