//! E. One user cannot use up what belongs to all: shares of mailboxes, expiry, and names.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;
use wire::limits;
use wire::time::DAY;

use crate::harness::{Server, clock_at, fits};
use crate::limits::limit;
use crate::mail::{confirm, has_been_here, letters, mailbox, silent, stored};

pub fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Writes the file of a message that waits for somebody since `time`, with the end of its name.
fn write_letter(data: &Path, name: &str, number: usize, time: u64, rest: &str) {
    let new = data.join("mail").join(name).join("new");
    fs::create_dir_all(&new).unwrap();
    fs::create_dir_all(new.with_file_name("tmp")).unwrap();
    let id = format!("{:014x}-{number:010x}", 1);
    let line = format!("@time=2026-11-25T09:30:00.000Z;msgid={id} :eve!e@h PRIVMSG {name} :{number}\r\n");
    fs::write(new.join(format!("{id},T={time},{rest}")), line).unwrap();
}

/// A folder in which these parties have as many messages in mailboxes.
pub fn folder_with(mailboxes: &[(&str, usize, &str)]) -> Arc<TempDir> {
    let folder = Arc::new(TempDir::new().unwrap());
    for &(name, count, rest) in mailboxes {
        (0..count).for_each(|number| write_letter(folder.path(), name, number, now(), rest));
    }
    folder
}

pub const SHARE: &str = "your address's share of the mailbox is used up; wait until some of its messages are read";
const SHARE_OF_ALL: &str = "your address's share of all mailboxes is used up; wait until some of its messages are read";

pub fn refused(nick: &str, why: &str) -> String {
    format!("400 PRIVMSG {nick} :Not sent to {nick}: {why}")
}

#[test]
fn a_flood_of_a_mailbox_refuses_the_flooder_and_nobody_else() {
    let half = limits::MAILBOX / 2;
    let folder = folder_with(&[("bob", half - 20, "S=99,P=127.0.0.1"), ("carol", half, "S=99,P=192.0.2.1")]);
    let server = Server::start_in(&folder, &["--flood", "0"]);
    // From many connections at once, to somebody who is connected and acknowledges nothing.
    let _bob = silent(&server, "bob", "");
    let refusals: usize = thread::scope(|scope| {
        let flood = |number| {
            let mut client = server.client(&format!("eve{number}"));
            (0..10).for_each(|number| client.send(&format!("PRIVMSG bob :{number}")));
            client.sync().iter().filter(|line| client.is(&refused("bob", SHARE), line)).count()
        };
        let floods: Vec<_> = (0..10).map(|number| scope.spawn(move || flood(number))).collect();
        floods.into_iter().map(|flood| flood.join().unwrap()).sum()
    });
    assert_eq!((refusals, letters(&server, "bob")), (80, half));
    let refusal = "A message of 127.0.0.1 to bob is refused: your address's share";
    server.program.expect_log(refusal);
    assert_eq!(server.program.count_log(refusal), 1, "not a line for each");
    // Somebody else has flooded carol's, so from here there is room.
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG carol :hello", &[&stored("carol")]);
    assert_eq!(letters(&server, "carol"), half + 1);
}

#[test]
fn a_share_is_free_again_when_its_messages_are_read() {
    let folder = folder_with(&[("bob", limits::MAILBOX / 2, "S=99,P=127.0.0.1")]);
    let server = Server::start_in(&folder, &[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :one more", &[&refused("bob", SHARE)]);
    let mut bob = server.client("bob");
    server.wait_until(&mut bob, "an empty mailbox", |server| letters(server, "bob") == 0);
    alice.ask("PRIVMSG bob :one more", &[]);
    bob.expect_only(&[":alice!* PRIVMSG bob :one more"]);
}

/// Messages that are as large as half of all that mailboxes may hold together.
fn half_of_all() -> usize {
    limit("MAIL_BYTES") / 2
}

#[test]
fn a_flood_of_all_mailboxes_refuses_the_flooder_and_nobody_else() {
    for (party, answer) in [("127.0.0.1", refused("bob", SHARE_OF_ALL)), ("192.0.2.1", stored("bob"))] {
        let server = Server::start_in(&folder_with(&[("tesla", 1, &format!("S={},P={party}", half_of_all()))]), &[]);
        has_been_here(&server, "bob");
        let mut alice = server.client("alice");
        alice.ask("PRIVMSG bob :hello?", &[&answer]);
        let mut carol = server.client("carol");
        alice.ask("PRIVMSG carol :you are here", &[]);
        carol.expect_only(&[":alice!* PRIVMSG carol :you are here"]);
    }
}

#[test]
fn when_all_mailboxes_are_full_those_who_are_connected_still_get_messages() {
    let server = Server::start_in(&folder_with(&[("tesla", 2, &format!("S={}", half_of_all()))]), &[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :hello?", &[&refused("bob", "all mailboxes together are full")]);
    let mut carol = silent(&server, "carol", "");
    for number in 0..limit("PASSING_EACH") {
        alice.ask(&format!("PRIVMSG carol :{number}"), &[]);
    }
    // She acknowledges nothing.
    alice.ask("PRIVMSG carol :one more", &[&refused("carol", "all mailboxes together are full")]);
    carol.sync();
    carol.ask("PONG mail-1", &["PING :mail-16"]);
    alice.ask("PRIVMSG carol :and now", &[]);
    carol.expect_only(&[":alice!* PRIVMSG carol :and now"]);
}

#[test]
fn messages_that_nobody_reads_expire() {
    let folder = Arc::new(TempDir::new().unwrap());
    for (number, days) in [91, 95, 89].into_iter().enumerate() {
        write_letter(folder.path(), "bob", number, now() - days * DAY, "S=99,P=192.0.2.1");
    }
    write_letter(folder.path(), "carol", 0, now() - 2 * DAY, "S=99");
    (0..1200).for_each(|number| write_letter(folder.path(), "dave", number, now() - 100 * DAY, "S=99"));
    let server = Server::start_in(&folder, &[]);
    server.program.expect_log("Expired after 90 days: 2 messages to bob, the oldest of 95 days");
    server.program.expect_log("Expired after 90 days: 1200 messages to dave, the oldest of 100 days");
    assert_eq!(letters(&server, "dave"), 0);
    let mut bob = server.client_with("bob", "server-time groupchat.local/waited");
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    bob.expect_only(&["@time=* :eve!e@h PRIVMSG bob :2"]);
    confirm(&mut bob);
    drop((server, bob));
    let server = Server::start_in(&folder, &["--mail-days", "1"]);
    server.program.expect_log("Expired after 1 day: 1 message to carol, the oldest of 2 days");
    server.client("carol").expect_nothing();
}

#[test]
fn messages_expire_by_time_that_really_passed() {
    let folder = Arc::new(TempDir::new().unwrap());
    // The data folder knows better than the machine, whose clock is a month late.
    let time = now() + 30 * DAY;
    fs::write(folder.path().join("clock"), clock_at(time)).unwrap();
    write_letter(folder.path(), "bob", 0, time - 89 * DAY, "S=99");
    write_letter(folder.path(), "carol", 0, time - 91 * DAY, "S=99");
    let server = Server::start_in(&folder, &[]);
    server.program.expect_log("Expired after 90 days: 1 message to carol, the oldest of 91 days");
    server.client("bob").expect(":groupchat NOTICE bob :1 message while you were away");
    assert_eq!(server.program.count_log("Expired"), 1);
}

#[test]
fn the_name_of_a_file_says_who_answers_for_it() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :psst", &[&stored("bob")]);
    let file = fs::read_dir(mailbox(&server, "bob")).unwrap().next().unwrap().unwrap();
    let bytes = fs::read(file.path()).unwrap();
    let rest = format!(",S={},P=127.0.0.1,C={:08x}", bytes.len(), wire::crc32::crc32(&bytes));
    assert!(fits(&format!("*-*,T=*{rest}"), file.file_name().to_str().unwrap()), "{file:?}");
}

/// D. A new name costs no walk over the others: the one that was not used for the longest time is forgotten.
#[test]
fn the_name_that_was_not_used_for_the_longest_time_is_forgotten_first() {
    let folder = folder_with(&[("n0", 1, "S=99")]);
    let names: Vec<_> = (0..limit("KNOWN_NAMES")).map(|number| format!("n{number}")).collect();
    fs::write(folder.path().join("names"), names.join("\n")).unwrap();
    let server = Server::start_in(&folder, &[]);
    has_been_here(&server, "n1");
    has_been_here(&server, "carol");
    has_been_here(&server, "dave");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG n0 :it has mail", &[&stored("n0")]);
    alice.ask("PRIVMSG n1 :it was used just now", &[&stored("n1")]);
    alice.ask("PRIVMSG n2 :the oldest", &["401 n2"]);
    alice.ask("PRIVMSG n4 :a newer one", &[&stored("n4")]);
    alice.ask("PRIVMSG carol :new", &[&stored("carol")]);
}

#[test]
fn names_by_the_thousand_do_not_push_out_those_of_others() {
    let server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let mut eve = server.client("eve");
    let names = limit("NEW_NAMES");
    (0..names + 10).for_each(|number| eve.send(&format!("NICK e{number}")));
    eve.sync();
    eve.nick = format!("e{}", names + 9);
    eve.ask("PRIVMSG bob :known", &[&stored("bob")]);
    eve.ask("PRIVMSG e5 :known", &[&stored("e5")]);
    eve.ask(&format!("PRIVMSG e{names} :one too many"), &[&format!("401 e{names}")]);
    // The chat, and mail for those who are here, go on.
    let mut carol = server.client("carol");
    eve.ask("PRIVMSG carol :hello", &[]);
    carol.expect_only(&[&format!(":e{}!* PRIVMSG carol :hello", names + 9)]);
    let lines = fs::read_to_string(server.folder.path().join("names")).unwrap().lines().count();
    assert!(lines <= names + 1, "{lines} lines");
}
