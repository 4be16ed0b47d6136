//! Files: what is said about them with FILE, who is told of what, and what the server keeps.

mod damage;
mod file_rules;
mod shares;
mod sharing;
mod transfers;

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wire::crc32::crc32;

use crate::harness::{Client, Server};
use crate::lifecycle::cannot_start;
use crate::limits::limit;
use crate::mail::{confirm_all, has_been_here, silent, stored};

/// What a server has answered to an offer.
pub struct Offered {
    pub id: u64,
    pub token: String,
    pub offset: usize,
    pub crc: String,
}

#[track_caller]
pub fn offer(client: &mut Client, target: &str, size: usize, name: &str) -> Offered {
    client.send(&format!("FILE OFFER ref {target} {size} :{name}"));
    let line = client.skip_to(":groupchat FILE PUT ref *");
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!((words.len(), words[5].len()), (8, 2 * limit("TOKEN")), "{line}");
    Offered {
        id: words[4].parse().unwrap(),
        token: words[5].into(),
        offset: words[6].parse().unwrap(),
        crc: words[7].into(),
    }
}

/// Opens a data connection and sends what is left of a file.
#[track_caller]
pub fn put(server: &Server, offered: &Offered, bytes: &[u8]) -> Client {
    let mut data = server.connect();
    data.send(&format!("PUT {} {} {}", offered.id, offered.token, offered.offset));
    data.send_bytes(&bytes[offered.offset..]);
    data.send(&format!("{:08x}", crc32(bytes)));
    data
}

/// Sends a whole file.
#[track_caller]
pub fn upload(server: &Server, client: &mut Client, target: &str, name: &str, bytes: &[u8]) -> u64 {
    let offered = offer(client, target, bytes.len(), name);
    let mut data = put(server, &offered, bytes);
    data.expect(&format!("OK {}", offered.id));
    data.expect_end();
    offered.id
}

/// Asks for a file, and gets a token.
#[track_caller]
pub fn fetch(client: &mut Client, id: u64) -> String {
    client.send(&format!("FILE FETCH {id}"));
    let line = client.expect(&format!(":groupchat FILE GET {id} *"));
    line.split(' ').nth(4).unwrap().into()
}

/// Fetches a whole file.
#[track_caller]
pub fn download(server: &Server, client: &mut Client, id: u64) -> Vec<u8> {
    let token = fetch(client, id);
    let mut data = server.connect();
    data.send(&format!("GET {id} {token} 0"));
    let count = data.expect("OK *")[3..].parse().unwrap();
    let bytes = data.receive_bytes(count);
    data.expect_end();
    bytes
}

/// The names in the spool.
pub fn spooled(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("files")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "last").collect();
    names.sort();
    names
}

pub const FILES: &str = "groupchat.local/files";

#[test]
fn a_file_goes_from_one_person_to_another() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with("tesla", FILES);
    let mut albert = server.client_with("albert", "groupchat.local/files server-time message-tags");
    let offered = offer(&mut tesla, "Albert", 9, "../my photo.jpg");
    assert_eq!((offered.id, offered.offset, &offered.crc[..]), (1, 0, "00000000"));
    tesla.ask(
        "FILE LIST",
        &[":groupchat FILE ITEM 1 tesla albert 9 00000000 partial :my photo.jpg", ":groupchat FILE END"],
    );
    albert.ask("FILE FETCH 1", &[":groupchat FAIL FILE NO_SUCH_FILE 1 :*"]);
    let mut data = put(&server, &offered, b"123456789");
    data.expect("OK 1");
    data.expect_end();
    albert.expect_only(&["@time=*;msgid=* :tesla!tesla@127.0.0.1 FILE ANNOUNCE albert 1 9 cbf43926 :my photo.jpg"]);
    tesla.expect_nothing();
    let item = |state: &str| format!(":groupchat FILE ITEM 1 tesla albert 9 cbf43926 {state} :my photo.jpg");
    albert.ask("FILE LIST", &[&item("new"), ":groupchat FILE END"]);
    albert.send("FILE FETCH 1");
    let line = albert.expect(":groupchat FILE GET 1 * 9 cbf43926 :my photo.jpg");
    let mut data = server.connect();
    data.send(&format!("GET 1 {} 0", line.split(' ').nth(4).unwrap()));
    data.expect("OK 9");
    assert_eq!(data.receive_bytes(100), b"123456789");
    for _ in 0..2 {
        albert.ask("file got 1", &[]);
    }
    tesla.expect_only(&[":albert!albert@127.0.0.1 FILE GOT tesla 1 :my photo.jpg"]);
    albert.ask("FILE LIST", &[&item("had"), ":groupchat FILE END"]);
    tesla.ask("FILE LIST", &[&item("sent"), ":groupchat FILE END"]);
    assert_eq!(download(&server, &mut tesla, 1), b"123456789");
    server.program.expect_log("offers my photo.jpg (9 bytes) to albert  [ tesla ]");
    server.program.expect_log("has uploaded my photo.jpg (9 bytes) for albert (file 1)  [ tesla ]");
    server.program.expect_log("has downloaded my photo.jpg (file 1)  [ albert ]");
    assert!(!server.program.text().contains(&offered.token));
}

#[test]
fn in_a_room_it_is_for_those_inside_when_it_is_whole() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with("tesla", FILES);
    tesla.join("#Lab");
    let [mut bob, mut gone] = server.room("#lab", ["bob", "gone"]);
    tesla.sync();
    let offered = offer(&mut tesla, "#LAB", 3, "a.txt");
    gone.send("PART #lab");
    let mut carol = server.client_with("carol", "groupchat.local/files message-tags");
    carol.join("#lab");
    gone.sync();
    tesla.sync();
    bob.sync();
    put(&server, &offered, b"abc").expect("OK 1");
    let announce = ":tesla!tesla@127.0.0.1 FILE ANNOUNCE #Lab 1 3 352441c2 :a.txt";
    tesla.expect_only(&[announce]);
    carol.expect_only(&[&format!("@msgid=* {announce}")]);
    bob.expect_only(&[
        ":tesla!tesla@127.0.0.1 NOTICE #Lab :shared a file: a.txt (3 bytes); with the groupchat client /get 1 fetches it",
    ]);
    gone.expect_nothing();
    let mut late = server.client("late");
    late.join("#lab");
    for client in [&mut late, &mut gone] {
        client.ask("FILE FETCH 1", &[":groupchat FAIL FILE NO_SUCH_FILE 1 :*"]);
    }
    // Who leaves the room afterwards may have it still.
    bob.send("PART #lab");
    bob.sync();
    assert_eq!(download(&server, &mut bob, 1), b"abc");
    bob.ask("FILE GOT 1", &[]);
}

#[test]
fn nobody_is_left_in_the_room() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let (first, second) = (offer(&mut alice, "#a", 3, "a.txt"), offer(&mut alice, "#a", 3, "b.txt"));
    bob.send("PART #a");
    bob.sync();
    alice.sync();
    alice.ask("FILE OFFER r #a 1 :x", &[":groupchat FAIL FILE NO_SUCH_TARGET r :Nobody else is in #a"]);
    put(&server, &first, b"abc").expect("ERROR :nobody gets the file: nobody else is in #a any more");
    alice.send("PART #a");
    bob.join("#a");
    alice.sync();
    alice.ask("FILE OFFER r #a 1 :x", &[":groupchat FAIL FILE NO_SUCH_TARGET r :There is no such room*"]);
    put(&server, &second, b"abc")
        .expect("ERROR :nobody gets the file: #a is gone, or you may not write there any more");
    assert_eq!(spooled(&server.folder), [""; 0]);
}

#[test]
fn every_reason_to_fail() {
    let addresses = ["--listen", "127.0.0.1:0", "--listen", "[::1]:0"];
    let server = Server::start(&[&addresses[..], &["--max-file", "1K", "--spool-quota", "1K"]].concat());
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    bob.join("#in");
    bob.send("MODE #in +s");
    bob.sync();
    let fail = |code: &str, word: &str| format!(":groupchat FAIL FILE {code} {word} :*");
    for line in ["FILE", "FILE OFFER", "FILE OFFER r bob 1", "FILE GOT"] {
        alice.ask(line, &["461 FILE"]);
    }
    for (line, code, word) in [
        ("FILE SING r", "INVALID_PARAMS", "r"),
        ("FILE OFFER r bob +1 :x", "INVALID_PARAMS", "r"),
        ("FILE OFFER r bob 99999999999999999999 :x", "INVALID_PARAMS", "r"),
        ("FILE FETCH x", "INVALID_PARAMS", "x"),
        ("FILE GOT :a b", "INVALID_PARAMS", "a_b"),
        ("FILE OFFER r nobody 1 :x", "NO_SUCH_TARGET", "r"),
        ("FILE OFFER r #none 1 :x", "NO_SUCH_TARGET", "r"),
        ("FILE OFFER r #in 1 :x", "NO_SUCH_TARGET", "r"),
        ("FILE OFFER r bob 1025 :x", "TOO_LARGE", "r"),
        ("FILE FETCH 1", "NO_SUCH_FILE", "1"),
        ("FILE GOT 1", "NO_SUCH_FILE", "1"),
        ("FILE CANCEL 1", "NO_SUCH_FILE", "1"),
    ] {
        alice.ask(line, &[&fail(code, word)]);
    }
    assert_eq!(upload(&server, &mut alice, "bob", "1", &[7; 1024]), 1);
    bob.sync();
    alice.sync();
    alice.ask("FILE OFFER r bob 1 :x", &[&fail("TOO_MANY", "r")]);
    let mut carol = server.connect_to(server.addresses[1]);
    carol.register("carol");
    carol.ask("FILE OFFER r alice 1 :x", &[&fail("SPOOL_FULL", "r")]);
    bob.ask("FILE CANCEL 1", &[]);
    bob.ask("FILE CANCEL 1", &[&fail("NO_SUCH_FILE", "1")]);
    // Nobody wants it any more, so it is gone.
    alice.ask("FILE CANCEL 1", &[&fail("NO_SUCH_FILE", "1")]);
    for number in 0..limit("FILES_PER_SENDER") {
        upload(&server, &mut alice, "bob", &format!("empty {number}"), b"");
        alice.sync();
    }
    bob.sync();
    alice.ask("FILE OFFER r bob 1 :x", &[&fail("TOO_MANY", "r")]);
    for id in [2, 3] {
        alice.ask(&format!("FILE CANCEL {id}"), &[]);
    }
    bob.sync();
    offer(&mut bob, "alice", 1, "x");
    let spool = server.folder.path().join("files");
    fs::remove_dir_all(&spool).unwrap();
    fs::write(spool, "").unwrap();
    bob.ask("FILE OFFER r alice 1 :y", &[&fail("UNAVAILABLE", "r")]);
    server.program.expect_log("The spool fails: Not a directory");
    bob.send("FILE LIST");
    bob.skip_to(":groupchat FILE ITEM * partial :x");
    bob.expect(":groupchat FILE END");
}

#[test]
fn a_file_can_be_taken_back_and_refused() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", FILES);
    let mut bob = server.client_with("bob", FILES);
    let mut carol = server.client("carol");
    for client in [&mut alice, &mut bob, &mut carol] {
        client.join("#a");
    }
    alice.sync();
    let id = upload(&server, &mut alice, "#a", "a.txt", b"abc");
    let private = upload(&server, &mut alice, "bob", "b.txt", b"abc");
    let unsent = offer(&mut bob, "alice", 3, "c.txt").id;
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|client| drop(client.sync()));
    carol.ask("FILE CANCEL 1", &[]);
    carol.ask("FILE FETCH 1", &[":groupchat FAIL FILE NO_SUCH_FILE 1 :*"]);
    bob.ask(&format!("FILE CANCEL {unsent}"), &[]);
    for (id, target, name) in [(id, "#a", "a.txt"), (private, "bob", "b.txt")] {
        alice.ask(&format!("FILE CANCEL {id}"), &[]);
        bob.expect_only(&[&format!(":alice!alice@127.0.0.1 FILE CANCEL {target} {id} :{name}")]);
    }
    carol.expect_nothing();
    alice.expect_nothing();
    assert_eq!(spooled(&server.folder), [""; 0]);
    server.program.expect_log("does not want a.txt (file 1)  [ carol ]");
    server.program.expect_log("has cancelled b.txt (file 2)  [ alice ]");
    let id = upload(&server, &mut alice, "carol", "d.txt", b"abc");
    alice.ask(&format!("FILE CANCEL {id}"), &[]);
    carol.expect_only(&[
        ":alice!alice@127.0.0.1 NOTICE carol :shared a file: d.txt *",
        ":alice!alice@127.0.0.1 NOTICE carol :took a file back: d.txt",
    ]);
}

#[test]
fn a_file_can_be_declined_and_its_sender_learns_that() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", FILES);
    let mut bob = server.client_with("bob", FILES);
    let mut carol = server.client("carol");
    for client in [&mut alice, &mut bob, &mut carol] {
        client.join("#a");
    }
    let shared = upload(&server, &mut alice, "#a", "a.txt", b"abc");
    let private = upload(&server, &mut alice, "bob", "b.txt", b"abc");
    let to_carol = upload(&server, &mut bob, "carol", "c.txt", b"abc");
    let from_carol = upload(&server, &mut carol, "alice", "d.txt", b"abc");
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|client| drop(client.sync()));
    let fail = |code: &str, id: u64| format!(":groupchat FAIL FILE {code} {id} :*");
    for (id, code) in [(shared, "OWN_FILE"), (private, "OWN_FILE"), (to_carol, "NO_SUCH_FILE"), (99, "NO_SUCH_FILE")] {
        alice.ask(&format!("FILE DECLINE {id}"), &[&fail(code, id)]);
    }
    alice.ask("FILE DECLINE", &["461 FILE"]);
    alice.ask("FILE DECLINE x", &[":groupchat FAIL FILE INVALID_PARAMS x :*"]);
    bob.ask(&format!("FILE GOT {shared}"), &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 FILE GOT alice * :a.txt"]);
    bob.ask(&format!("FILE DECLINE {shared}"), &[&fail("ALREADY_RECEIVED", shared)]);
    for (id, name) in [(shared, "a.txt"), (to_carol, "c.txt")] {
        let sender = if id == shared { "alice" } else { "bob" };
        carol.ask(
            &format!("FILE DECLINE {id}"),
            &[&format!(":carol!carol@127.0.0.1 FILE DECLINE {sender} {id} :{name}")],
        );
        carol.ask(&format!("FILE DECLINE {id}"), &[&fail("NO_SUCH_FILE", id)]);
        carol.ask(&format!("FILE FETCH {id}"), &[&fail("NO_SUCH_FILE", id)]);
    }
    alice.expect_only(&[&format!(":carol!carol@127.0.0.1 FILE DECLINE alice {shared} :a.txt")]);
    bob.expect_only(&[&format!(":carol!carol@127.0.0.1 FILE DECLINE bob {to_carol} :c.txt")]);
    // Of the file in the room bob has a copy; nobody wants the other.
    bob.ask(&format!("FILE FETCH {to_carol}"), &[&fail("NO_SUCH_FILE", to_carol)]);
    assert_eq!(download(&server, &mut bob, shared), b"abc");
    // Carol knows no files, and alice is not even connected.
    alice.ask(
        &format!("FILE DECLINE {from_carol}"),
        &[&format!(":alice!alice@127.0.0.1 FILE DECLINE carol {from_carol} :d.txt")],
    );
    carol.expect_only(&[":alice!alice@127.0.0.1 NOTICE carol :does not want your file: d.txt"]);
    alice.send("QUIT");
    alice.skip_to("ERROR *");
    bob.expect(":alice!alice@127.0.0.1 QUIT :Quit: ");
    bob.ask(&format!("FILE DECLINE {private}"), &[&format!(":bob!bob@127.0.0.1 FILE DECLINE alice {private} :b.txt")]);
    let mut alice = server.client_with("alice", FILES);
    alice.skip_to(&format!(":bob!bob@127.0.0.1 FILE DECLINE alice {private} :b.txt"));
    alice.send("FILE LIST");
    alice.skip_to(&format!(":groupchat FILE ITEM {shared} *"));
    alice.expect(":groupchat FILE END");
    server.program.expect_log("does not want c.txt (file 3)  [ carol ]");
}

#[test]
fn a_server_keeps_its_files() {
    let mut server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    upload(&server, &mut alice, "bob", "a.txt", b"abc");
    upload(&server, &mut alice, "bob", "b.txt", b"abc");
    confirm_all(&server, &mut bob);
    for line in ["FILE GOT 1", "FILE CANCEL 2"] {
        bob.ask(line, &[]);
    }
    offer(&mut alice, "bob", 5, "c.txt");
    server.program.stop();
    let folder = Arc::clone(&server.folder);
    let without_data = b"offer 1795651200 3 tesla!t@h albert :film.mp4\ndone 352441c2 albert\n";
    for (name, bytes) in [("9.info", &b"nonsense\n"[..]), ("9.data", b"x"), ("8.info", without_data)] {
        fs::write(folder.path().join("files").join(name), bytes).unwrap();
    }
    let server = Server::start_in(&folder, &[]);
    let line = server.program.expect_log("File 8 in ");
    assert!(line.contains("(film.mp4, from tesla to albert: its bytes are missing)"), "{line}");
    server.program.expect_log("File 9 in ");
    let mut bob = server.client("bob");
    bob.ask("FILE LIST", &[":groupchat FILE ITEM 1 alice bob 3 352441c2 had :a.txt", ":groupchat FILE END"]);
    assert_eq!(download(&server, &mut bob, 1), b"abc");
    let mut alice = server.client("alice");
    assert_eq!(offer(&mut alice, "bob", 5, "c.txt").id, 3);
    assert_eq!(offer(&mut alice, "bob", 5, "d.txt").id, 10);
    assert!(spooled(&folder).ends_with(&["8.info", "9.data", "9.info"].map(|name| format!("{name}.damaged"))));
}

#[test]
fn a_file_goes_when_its_days_are_over() {
    let folder = Arc::new(TempDir::new().unwrap());
    let spool = folder.path().join("files");
    fs::create_dir_all(&spool).unwrap();
    let now = wire::time::unix_seconds(std::time::SystemTime::now());
    let day = 24 * 60 * 60;
    for (id, offered) in [(1, now - 3 * day), (2, now - day)] {
        let info = format!("offer {offered} 3 alice!a@h bob :{id}.txt\ndone 352441c2 bob\ntold\n");
        fs::write(spool.join(format!("{id}.info")), info).unwrap();
        fs::write(spool.join(format!("{id}.data")), b"abc").unwrap();
    }
    let server = Server::start_in(&folder, &["--file-days", "2"]);
    let mut bob = server.client("bob");
    bob.ask("FILE LIST", &[":groupchat FILE ITEM 2 alice bob 3 352441c2 new :2.txt", ":groupchat FILE END"]);
    assert_eq!(spooled(&folder), ["2.data", "2.info"]);
    server.program.expect_log("File 1 (1.txt, from alice to bob) expires after 3 days");
}

#[test]
fn what_was_received_is_not_announced_again() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", FILES);
    let mut bob = silent(&server, "bob", FILES);
    let id = upload(&server, &mut alice, "bob", "a.txt", b"abc");
    bob.expect(&format!(":alice!alice@127.0.0.1 FILE ANNOUNCE bob {id} *"));
    bob.send(&format!("FILE GOT {id}"));
    alice.skip_to(":bob!bob@127.0.0.1 FILE GOT alice *");
    drop(bob);
    server.program.expect_log(" is offline (Connection closed)  [ bob ]");
    server.client_with("bob", FILES).expect_nothing();
}

#[test]
fn options_of_files_are_checked() {
    for options in [["--file-days", "0"], ["--max-file", "2x"], ["--spool-quota", "-1"]] {
        assert_eq!(cannot_start(&options).0, Some(2), "{options:?}");
    }
}

#[test]
fn a_file_waits_for_who_is_away() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    alice.ask(
        "FILE OFFER 1 carol 3 :a.txt",
        &[":groupchat FAIL FILE NO_SUCH_TARGET 1 :Nobody of that name was ever here"],
    );
    for (id, name) in [(1, "a.txt"), (2, "b.txt")] {
        assert_eq!(upload(&server, &mut alice, "BOB", name, b"abc"), id);
        alice.expect_only(&[&stored("BOB")[..]]);
    }
    let folder = Arc::clone(&server.folder);
    drop((server, alice));
    let server = Server::start_in(&folder, &[]);
    // An IRC client shows what it is; and as it cannot fetch it, it is not lost.
    let mut bob = silent(&server, "bob", "server-time");
    bob.expect(":groupchat NOTICE bob :2 messages while you were away");
    for (id, name) in [(1, "a.txt"), (2, "b.txt")] {
        let text = format!("shared a file: {name} (3 bytes); with the groupchat client /get {id} fetches it");
        bob.expect(&format!("@time=* :alice!alice@127.0.0.1 NOTICE bob :{text}"));
    }
    bob.send("QUIT");
    while bob.receive().is_some() {}
    let mut bob = server.client_with("bob", "server-time groupchat.local/files");
    bob.expect(":groupchat NOTICE bob :2 messages while you were away");
    bob.expect("@time=* :alice!alice@127.0.0.1 FILE ANNOUNCE bob 1 3 352441c2 :a.txt");
    bob.expect("@time=* :alice!alice@127.0.0.1 FILE ANNOUNCE bob 2 3 352441c2 :b.txt");
    assert_eq!(download(&server, &mut bob, 2), b"abc");
}
