//! Mailboxes: their bounds, and what becomes of letters when the disk fails or is damaged.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wire::limits;

use crate::harness::{Server, fits};
use crate::limits::limit;
use crate::mail::{confirm, has_been_here, letters, mailbox, silent, stored};

#[test]
fn who_confirms_nothing_does_not_get_the_same_letters_for_ever() {
    let server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    for number in 0..100 {
        alice.send(&format!("PRIVMSG bob :{number}"));
    }
    alice.sync();
    let mut bob = silent(&server, "bob", "server-time");
    let rounds = limits::MAILBOX / 100;
    let mut come = 0;
    for _ in 0..rounds + 5 {
        come += bob.sync().iter().filter(|line| fits("*PRIVMSG bob :*", line)).count();
        for nick in ["away", "bob"] {
            bob.send(&format!("NICK {nick}"));
        }
    }
    assert_eq!(come, limits::MAILBOX);
}

#[test]
fn what_cannot_be_read_comes_next_time() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    for text in ["one", "two", "three"] {
        alice.ask(&format!("PRIVMSG bob :{text}"), &[&stored("bob")[..]]);
    }
    let mut files: Vec<_> = fs::read_dir(mailbox(&server, "bob")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let elsewhere = server.folder.path().join("elsewhere");
    fs::rename(&files[1], &elsewhere).unwrap();
    fs::create_dir(&files[1]).unwrap();
    let mut bob = silent(&server, "bob", "server-time");
    bob.expect(":groupchat NOTICE bob :3 messages while you were away");
    bob.expect("@time=* PRIVMSG bob :one");
    bob.expect("@time=* PRIVMSG bob :three");
    bob.expect("PING :mail-2");
    bob.ask("PONG mail-2", &[]);
    server.program.expect_log("Messages to bob cannot be read (Is a directory (os error 21)); they are tried again");
    fs::remove_dir(&files[1]).unwrap();
    fs::rename(&elsewhere, &files[1]).unwrap();
    bob.send("QUIT");
    while bob.receive().is_some() {}
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    bob.expect_only(&["@time=* PRIVMSG bob :two"]);
}

#[test]
fn the_largest_letters_come_in_parts_too() {
    let server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    let tag = "x".repeat(limits::CLIENT_TAGS - "@+a= ".len());
    for number in 0..600 {
        alice.send(&format!("@+a={tag} PRIVMSG bob :{number}"));
    }
    alice.sync();
    let mut bob = silent(&server, "bob", "message-tags server-time");
    bob.expect(":groupchat NOTICE bob :600 messages while you were away");
    let first = bob.sync().iter().filter(|line| fits("*PRIVMSG bob :*", line)).count();
    assert!((limit("MAIL_BATCH") / 5000..600).contains(&first), "{first} at once");
    bob.ask("PONG mail-0", &[]);
    bob.confirms = true;
    bob.send(&format!("PONG mail-{first}"));
    bob.skip_to("*PRIVMSG bob :599");
}

#[test]
fn a_damaged_letter_is_set_aside_and_the_others_come() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    for text in ["one", "two", "three"] {
        alice.ask(&format!("PRIVMSG bob :{text}"), &[&stored("bob")[..]]);
    }
    let folder = mailbox(&server, "bob");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    // What a power cut can leave behind.
    let length = fs::metadata(&files[1]).unwrap().len();
    fs::write(&files[1], vec![0; usize::try_from(length).unwrap()]).unwrap();
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :3 messages while you were away");
    bob.expect("@time=* :alice!alice@127.0.0.1 PRIVMSG bob :one");
    bob.expect_only(&["@time=* :alice!alice@127.0.0.1 PRIVMSG bob :three"]);
    server
        .program
        .expect_log(" to bob is damaged (its end is missing); it is in the folder damaged of the mailbox now");
    let aside = folder.with_file_name("damaged").join(files[1].file_name().unwrap());
    assert_eq!(fs::metadata(aside).unwrap().len(), length);
    confirm(&mut bob);
    assert_eq!(letters(&server, "bob"), 0);
}

#[test]
fn when_the_disk_fails_the_sender_hears_it_and_nobody_else_notices() {
    let server = Server::start(&[]);
    has_been_here(&server, "carol");
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    fs::create_dir_all(mailbox(&server, "bob").with_file_name("tmp")).unwrap();
    fs::write(mailbox(&server, "bob"), "").unwrap();
    let refused = ["400 PRIVMSG bob :Not sent to bob: the server cannot store it now; try again later"];
    alice.ask("PRIVMSG bob :lost?", &refused);
    alice.ask("NOTICE bob :lost?", &[&refused[0].replace("PRIVMSG", "NOTICE")]);
    server.program.expect_log("A message to bob cannot be stored: Not a directory (os error 20)");
    bob.expect_nothing();
    alice.ask("PRIVMSG carol :hello", &[&stored("carol")[..]]);
    alice.ask("PRIVMSG #a :hello", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #a :hello"]);
    // It is mended, and goes on.
    fs::remove_file(mailbox(&server, "bob")).unwrap();
    fs::remove_dir_all(mailbox(&server, "bob").parent().unwrap()).unwrap();
    alice.ask("PRIVMSG bob :hello", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :hello"]);
}

#[test]
fn a_full_mailbox_takes_no_more_and_empties_in_parts() {
    let folder = Arc::new(TempDir::new().unwrap());
    let new = folder.path().join("mail/bob/new");
    fs::create_dir_all(&new).unwrap();
    fs::create_dir_all(new.with_file_name("tmp")).unwrap();
    // Long enough that not all of them are handed over at once.
    let text = "x".repeat(300);
    for number in 0..limits::MAILBOX {
        let id = format!("{:014x}-{number:010x}", 1);
        let line = format!("@time=2026-11-25T09:30:00.000Z;msgid={id} :alice!a@h PRIVMSG bob :{number} {text}\r\n");
        fs::write(new.join(id), line).unwrap();
    }
    let server = Server::start_in(&folder, &[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :one more", &["400 PRIVMSG bob :Not sent to bob: the mailbox is full"]);
    let mut bob = server.client_with("bob", "server-time groupchat.local/waited");
    bob.expect(&format!(":groupchat NOTICE bob :{} messages while you were away", limits::MAILBOX));
    for number in 0..limits::MAILBOX {
        bob.expect(&format!("@time=2026-11-25T09:30:00.000Z :alice!a@h PRIVMSG bob :{number} {text}"));
    }
    server.wait_until(&mut bob, "an empty mailbox", |server| letters(server, "bob") == 0);
    alice.ask("PRIVMSG bob :one more", &[]);
    bob.expect_only(&["@time=* :alice!alice@127.0.0.1 PRIVMSG bob :one more"]);
}
