//! F. Damage is found, said and kept aside, and nothing that was acknowledged is overwritten.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wire::limits::CLIENT_TAGS;

use crate::harness::{Server, fits};
use crate::mail::{confirm, has_been_here, letters, mailbox, stored};

#[test]
fn a_message_whose_bytes_changed_is_set_aside() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    for text in ["one", "meet me at 9", "three"] {
        alice.ask(&format!("PRIVMSG bob :{text}"), &[&stored("bob")]);
    }
    let files = fs::read_dir(mailbox(&server, "bob")).unwrap().map(|file| file.unwrap().path());
    let file = files.into_iter().find(|file| fs::read_to_string(file).unwrap().contains("at 9")).unwrap();
    let changed = fs::read_to_string(&file).unwrap().replace("at 9", "at 8");
    fs::write(&file, &changed).unwrap();
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :3 messages while you were away");
    bob.expect("@time=* :alice!alice@127.0.0.1 PRIVMSG bob :one");
    bob.expect_only(&["@time=* :alice!alice@127.0.0.1 PRIVMSG bob :three"]);
    server.program.expect_log(" to bob is damaged (its checksum is another one); it is in the folder damaged");
    confirm(&mut bob);
    assert_eq!(letters(&server, "bob"), 0);
    let aside = mailbox(&server, "bob").with_file_name("damaged").join(file.file_name().unwrap());
    assert_eq!(fs::read_to_string(aside).unwrap(), changed);
}

#[test]
fn a_damaged_file_of_names_is_kept_aside() {
    let folder = Arc::new(TempDir::new().unwrap());
    for (damage, kept) in [("\0\0\0\0", "names.damaged"), ("../x", "names.damaged-2"), ("../x", "names.damaged-2")] {
        let damaged = [b"bob\n\xff\xfe", damage.as_bytes(), b"\ncarol"].concat();
        fs::write(folder.path().join("names"), &damaged).unwrap();
        let server = Server::start_in(&folder, &[]);
        server.program.expect_log("names is damaged (1 line without a name); it is kept as ");
        assert_eq!(fs::read(folder.path().join(kept)).unwrap(), damaged);
        let mut alice = server.client("alice");
        alice.ask("PRIVMSG bob :hello", &[&stored("bob")]);
        alice.ask("PRIVMSG carol :hello", &[&stored("carol")]);
    }
    let server = Server::start_in(&folder, &[]);
    assert_eq!(server.program.count_log("names is damaged"), 0);
}

#[test]
fn a_run_whose_number_cannot_go_on_overwrites_nothing() {
    let folder = Arc::new(TempDir::new().unwrap());
    let new = folder.path().join("mail/bob/new");
    fs::create_dir_all(&new).unwrap();
    fs::create_dir_all(new.with_file_name("tmp")).unwrap();
    // What a server whose counter was at its maximum has stored.
    for number in 0..3 {
        let id = format!("ffffffffffffffff-{number:010x}");
        let line = format!("@time=2026-11-25T09:30:00.000Z;msgid={id} :eve!e@h PRIVMSG bob :old {number}\r\n");
        fs::write(new.join(id), line).unwrap();
    }
    for round in 1..=3 {
        fs::write(folder.path().join("run"), u64::MAX.to_string()).unwrap();
        let server = Server::start_in(&folder, &[]);
        server.program.expect_log("run cannot be right (\"18446744073709551615\"); the runs are counted on from ");
        let mut alice = server.client("alice");
        (0..3).for_each(|_| drop(alice.ask("PRIVMSG bob :new", &[&stored("bob")])));
        assert_eq!(letters(&server, "bob"), 3 + 3 * round);
    }
    let server = Server::start_in(&folder, &[]);
    let mut bob = server.client_with("bob", "message-tags");
    bob.expect(":groupchat NOTICE bob :12 messages while you were away");
    let came: Vec<_> = bob.sync().into_iter().filter(|line| line.contains(" PRIVMSG ")).collect();
    let count = |pattern| came.iter().filter(|line| fits(pattern, line)).count();
    assert_eq!((count("*:old *"), count("*:new"), came.len()), (3, 9, 12), "{came:#?}");
    // No two have the same id, and all but the old ones are as long as ever.
    let mut ids: Vec<_> = came.iter().map(|line| line.split(['=', ';', ' ']).nth(1).unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), ids.iter().filter(|id| id.len() == 25).count()), (12, 9));
}

/// What a full disk does, without filling one: no file may grow beyond a limit.
#[test]
fn a_message_that_only_half_fits_the_disk_is_refused_and_leaves_nothing() {
    let server = Server::start_after("trap '' XFSZ; ulimit -f 4", &[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    let tag = "x".repeat(CLIENT_TAGS - "@+a= ".len());
    for _ in 0..3 {
        let refused = "400 PRIVMSG bob :Not sent to bob: the server cannot store it now; try again later";
        alice.ask(&format!("@+a={tag} PRIVMSG bob :long"), &[refused]);
    }
    server.program.expect_log("A message to bob cannot be stored: File too large");
    assert_eq!(server.program.count_log("cannot be stored"), 1, "not a line for each");
    let part = mailbox(&server, "bob").with_file_name("tmp");
    assert_eq!((letters(&server, "bob"), fs::read_dir(part).unwrap().count()), (0, 0));
    alice.ask("PRIVMSG bob :short", &[&stored("bob")]);
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    bob.expect_only(&["@time=* PRIVMSG bob :short"]);
}
