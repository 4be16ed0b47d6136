//! Tests of the recovery.

use super::*;
use wire::disk::make_private;

const NOW: u64 = 1_795_704_261;

/// Opens a mailbox with empty files of these names.
fn recover(data: &Path, files: &[&str]) -> Recovery {
    let new = data.join("mail/albert/new");
    make_private(&new).unwrap();
    files.iter().for_each(|file| fs::write(new.join(file), "").unwrap());
    Recovery::run(data, &data.join("mail"), NOW).unwrap()
}

fn ids(found: &Recovery) -> Vec<String> {
    found.messages.iter().flat_map(|(_, messages)| messages).map(|message| message.id.to_string()).collect()
}

#[test]
fn damage_does_not_keep_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mail = data.join("mail");
    make_private(&mail.join("albert/tmp/a folder")).unwrap();
    make_private(&mail.join("bob")).unwrap();
    make_private(&mail.join("No Name")).unwrap();
    let names = b"\ntesla\nCarl\n\xff\ncarl\n../x\ntes";
    fs::write(data.join("names"), names).unwrap();
    let found = recover(data, &["notes.txt", "ffffffffffffff-0000000007,T=x"]);
    let mut names_found = found.names;
    names_found[3..].sort();
    assert_eq!(names_found, ["tesla", "carl", "tes", "albert", "bob"]);
    assert_eq!(found.warnings.len(), 4, "{:?}", found.warnings);
    assert!(found.warnings[0].contains("names is damaged (2 lines without a name); it is kept as "));
    assert_eq!(fs::read_to_string(data.join("names")).unwrap(), "tesla\ncarl\ntes");
    assert_eq!(fs::read(data.join("names.damaged")).unwrap(), names);
}

#[test]
fn a_damaged_file_of_names_that_cannot_be_kept_aside_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    fs::write(data.join("names"), "tesla\n../x\ntesla\n").unwrap();
    // No name is free.
    let others = (2..1000).map(|number| format!("names.damaged-{number}"));
    others.chain(["names.damaged".into()]).for_each(|other| fs::write(data.join(other), "").unwrap());
    let found = recover(data, &[]);
    assert_eq!((&found.names[..], found.warnings.len()), (&["tesla".to_owned(), "albert".to_owned()][..], 1));
    assert!(found.warnings[0].contains("it is not written anew"), "{:?}", found.warnings);
    assert_eq!(fs::read_to_string(data.join("names")).unwrap(), "tesla\n../x\ntesla\n");
}

#[test]
fn messages_of_an_older_server_get_a_stamp_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let [old, new] = ["06612efa992b24-0000000001", "06612efa992b24-0000000000,T=5,S=113,P=192.0.2.1,C=75fb84a8"];
    let found = recover(data, &[old, new]);
    let names = |found: &Recovery| found.messages[0].1.iter().map(ToString::to_string).collect::<Vec<_>>();
    let stamped = format!("{old},T={NOW},S=0");
    assert_eq!((names(&found), found.warnings.len()), (vec![new.to_owned(), stamped.clone()], 0));
    let later = Recovery::run(data, &data.join("mail"), NOW + 1000).unwrap();
    assert_eq!(names(&later), [new.to_owned(), stamped]);
}

#[test]
fn a_run_has_a_number_that_no_message_has() {
    let now = Msgid::run_at(SystemTime::now());
    for (run, files, warnings) in [
        ("", vec![], 0),
        ("5", vec![], 0),
        ("18446744073709551615", vec![], 1),
        ("no number", vec!["06612efa992b24-0000000001"], 1),
        ("18446744073709551614", vec!["ffffffffffffffff-0000000000", "ffffffffffffff-0000000000"], 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run"), run).unwrap();
        let found = recover(folder.path(), &files);
        assert_eq!((ids(&found).len(), found.warnings.len()), (files.len(), warnings), "{run}: {:?}", found.warnings);
        assert!((now..now + 3_600_000_000).contains(&found.run), "{run}: {}", found.run);
        let again = recover(folder.path(), &[]);
        assert!(again.run > found.run && again.warnings.is_empty(), "{run}: {:?}", again.warnings);
    }
}

#[test]
fn the_last_run_that_can_be_is_not_numbered_twice() {
    let folder = tempfile::tempdir().unwrap();
    let last = Msgid::LAST_RUN;
    fs::write(folder.path().join("run"), (last - 1).to_string()).unwrap();
    let found = recover(folder.path(), &[]);
    assert_eq!(found.run, last);
    let id = Msgid { run: last, number: 0 };
    let again = recover(folder.path(), &[&id.to_string()]);
    assert!(again.run < last && again.warnings.len() == 1, "{again:?}");
    let third = recover(folder.path(), &[]);
    assert!(third.run > again.run && third.run < last);
}
