//! Tests of what is remembered, in memory and on the disk.

use super::*;
use std::time::{Duration, UNIX_EPOCH};

fn read(folder: &Path) -> Dedup {
    Dedup::read(folder, "seen-me").unwrap()
}

fn show(dedup: &mut Dedup, id: &str) {
    assert_eq!(dedup.check(id, true), Novelty::New);
    dedup.write(id);
    dedup.write("\n");
}

#[test]
fn what_was_shown_is_known_after_a_kill_and_only_the_last_one_is_uncertain() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut dedup = read(folder);
    assert!(Dedup::read(folder, "seen-me").is_err(), "one client has it at a time");
    show(&mut dedup, "1");
    show(&mut dedup, "2");
    assert_eq!(dedup.check("2", true), Novelty::Duplicate);
    dedup.write("3");
    drop(dedup);
    // The client may be killed again before that message comes again.
    drop(read(folder));
    let mut dedup = read(folder);
    assert_eq!(["1", "2", "3", "3"].map(|id| dedup.check(id, true)), {
        use Novelty::{Duplicate, Uncertain};
        [Duplicate, Duplicate, Uncertain, Duplicate]
    });
    show(&mut dedup, "4");
    (0..2 * STORED - 10).for_each(|id| show(&mut dedup, &format!("x{id}")));
    let lines = || fs::read_to_string(folder.join("seen-me")).unwrap().lines().count();
    assert!(lines() >= 2 * STORED - 10);
    (2 * STORED - 10..=2 * STORED).for_each(|id| show(&mut dedup, &format!("x{id}")));
    assert!(lines() < STORED + 100, "it is written anew, since a server may send for ever");
    // What has come and was not shown yet is not in it.
    dedup.check("held", true);
    (0..2 * STORED).for_each(|id| show(&mut dedup, &format!("y{id}")));
    (0..=2 * STORED).for_each(|id| show(&mut dedup, &format!("x{id}")));
    assert!(!fs::read_to_string(folder.join("seen-me")).unwrap().contains("held"));
    drop(dedup);
    drop(read(folder));
    let mut dedup = read(folder);
    // Those, and the one that is still uncertain.
    assert!((STORED..STORED + 100).contains(&lines()));
    assert_eq!(dedup.check("4", true), Novelty::New, "so old that it cannot come again");
    assert_eq!(dedup.check(&format!("x{}", 2 * STORED), true), Novelty::Duplicate);
}

#[test]
fn names_that_were_not_used_for_long_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let running = Dedup::read(folder, "seen-running").unwrap();
    for number in 0..3 * NAMES {
        let name = format!("seen-n{number}");
        let mut dedup = Dedup::read(folder, &name).unwrap();
        show(&mut dedup, "1");
        // So that they differ in age, whatever the disk can tell.
        let age = UNIX_EPOCH + Duration::from_secs(1_000_000_000 + number as u64);
        File::options().append(true).open(folder.join(name)).unwrap().set_modified(age).unwrap();
    }
    fs::write(folder.join("known_servers"), "").unwrap();
    let mut dedup = Dedup::read(folder, "seen-me").unwrap();
    show(&mut dedup, "1");
    let count = fs::read_dir(folder).unwrap().count();
    assert!((NAMES..=NAMES + 2).contains(&count), "{count}");
    assert!(!folder.join("seen-n0").exists() && folder.join(format!("seen-n{}", 3 * NAMES - 1)).exists());
    assert!(folder.join("seen-running").exists());
    drop(running);
}

#[test]
fn the_sender_s_id_counts_more_than_the_server_s() {
    let id_of = |line| id(&Message::parse(line).unwrap());
    let own = id_of("@msgid=7;+groupchat.local/id=x :Tesla!t@h PRIVMSG Albert :b");
    assert!(own.as_ref().is_some_and(|id| id.starts_with("tesla/") && id.ends_with("/x")), "{own:?}");
    assert_eq!(own, id_of("@msgid=8;+groupchat.local/id=x :tesla!t@h PRIVMSG albert b"));
    assert_ne!(own, id_of("@msgid=8;+groupchat.local/id=x :tesla!t@h PRIVMSG albert :another text"));
    assert_ne!(own, id_of("@msgid=8;+groupchat.local/id=x :tesla!t@h PRIVMSG #room b"));
    assert_eq!(id_of("@msgid=?7;+groupchat.local/id= :tesla!t@h PRIVMSG a :b").as_deref(), Some("/?7"));
    assert_eq!(id_of(":tesla!t@h PRIVMSG a :b"), None);
    let long = format!("@msgid={} :t!t@h PRIVMSG a :b", "x".repeat(4000));
    assert_eq!(id_of(&long).map(|id| id.len()), Some(ID_BYTES));
}

#[test]
fn messages_in_rooms_are_remembered_for_a_while() {
    let mut dedup = Dedup::default();
    assert_eq!(dedup.check("a", false), Novelty::New);
    assert_eq!(dedup.check("a", false), Novelty::Duplicate);
    (0..OTHERS).for_each(|id| _ = dedup.check(&id.to_string(), false));
    assert_eq!(dedup.check("a", false), Novelty::New);
}
