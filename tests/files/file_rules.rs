//! The rules for files: whose one is, what one may take of the spool, and what the server makes up for later.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wire::crc32::crc32;

use super::transfers::begin;
use crate::files::{FILES, download, offer, upload};
use crate::harness::{Client, Server};
use crate::mail::confirm_all;

/// Changes a client's name.
#[track_caller]
fn rename(client: &mut Client, nick: &str) {
    client.send(&format!("NICK {nick}"));
    client.skip_to(&format!(":* NICK :{nick}"));
    client.nick = nick.into();
}

#[test]
fn who_takes_a_name_that_was_given_up_gets_no_files_with_it() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with("tesla", FILES);
    let mut bob = server.client("bob");
    let mut eve = server.client("eve");
    let id = upload(&server, &mut tesla, "bob", "a.txt", b"abc");
    // He acknowledges the stored message that announces it.
    confirm_all(&server, &mut bob);
    rename(&mut bob, "robert");
    rename(&mut tesla, "nikola");
    let refused = [format!(":groupchat FAIL FILE NO_SUCH_FILE {id} :*")];
    let refused = [&refused[0][..]];
    for name in ["bob", "eve2", "tesla", "eve3"] {
        rename(&mut eve, name);
        eve.ask("FILE LIST", &[":groupchat FILE END"]);
        for verb in ["FETCH", "GOT", "CANCEL"] {
            eve.ask(&format!("FILE {verb} {id}"), &refused);
        }
    }
    let item = |state: &str| format!(":groupchat FILE ITEM {id} nikola robert 3 352441c2 {state} :a.txt");
    bob.sync();
    bob.ask("FILE LIST", &[&item("new"), ":groupchat FILE END"]);
    assert_eq!(download(&server, &mut bob, id), b"abc");
    bob.ask(&format!("FILE GOT {id}"), &[]);
    tesla.expect_only(&[":robert!bob@127.0.0.1 FILE GOT nikola 1 :a.txt"]);
    bob.ask("FILE LIST", &[&item("had"), ":groupchat FILE END"]);
    tesla.ask(&format!("FILE CANCEL {id}"), &[]);
    bob.expect_only(&[":nikola!tesla@127.0.0.1 NOTICE robert :took a file back: a.txt"]);
}

#[test]
fn an_upload_is_not_gone_on_with_for_somebody_else() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    let first = offer(&mut alice, "bob", 3, "a.txt").id;
    rename(&mut bob, "robert");
    let _new_bob = server.client("bob");
    assert_ne!(offer(&mut alice, "bob", 3, "a.txt").id, first);
    assert_eq!(offer(&mut alice, "robert", 3, "a.txt").id, first);
}

#[test]
fn an_offer_does_not_read_again_what_the_upload_knows() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let first = offer(&mut alice, "alice", 9, "a.txt");
    let mut older = begin(&server, &mut alice, &first, b"12345");
    // Whoever reads the disk finds something else there.
    fs::write(server.folder.path().join("files/1.data"), "xxxxx").unwrap();
    let second = offer(&mut alice, "alice", 9, "a.txt");
    assert_eq!((second.offset, second.crc), (5, format!("{:08x}", crc32(b"12345"))));
    older.expect_end();
}

#[test]
fn a_data_connection_is_no_client_once_its_token_was_good() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.client("alice");
    let offered = offer(&mut alice, "alice", 10, "b");
    let upload = begin(&server, &mut alice, &offered, b"12345");
    alice.send("LUSERS");
    alice.skip_to("253 0 :*");
    alice.sync();
    let mut bob = server.client("bob");
    server.connect().expect("ERROR :The server is full (2 clients); try again later");
    drop(upload);
    server.program.expect_log("is offline (The connection ended after 5 of 10");
    server.connect().expect("ERROR :The server is full (2 clients); try again later");
    bob.send("QUIT");
    bob.skip_to("ERROR *");
    server.program.expect_log("is offline (Quit)  [ bob ]");
    server.client("carol");
}

/// Letters that wait in a mailbox.
fn letters(server: &Server, name: &str) -> usize {
    fs::read_dir(server.folder.path().join("mail").join(name).join("new")).map_or(0, Iterator::count)
}

#[test]
fn a_file_that_is_taken_back_is_not_announced_any_more() {
    let mut server = Server::start(&[]);
    let mut alice = server.client("alice");
    server.client("bob").send("QUIT");
    server.program.expect_log("is offline (Quit)  [ bob ]");
    let (first, second) =
        (upload(&server, &mut alice, "bob", "a.txt", b"abc"), upload(&server, &mut alice, "bob", "b.txt", b"abc"));
    alice.sync();
    assert_eq!(letters(&server, "bob"), 2);
    alice.ask(&format!("FILE CANCEL {first}"), &[]);
    assert_eq!(letters(&server, "bob"), 1);
    // It is known again after a restart.
    server.program.stop();
    let server = Server::start_in(&server.folder, &[]);
    let mut alice = server.client("alice");
    alice.ask(&format!("FILE CANCEL {second}"), &[]);
    assert_eq!(letters(&server, "bob"), 0);
    server.client("bob").expect_nothing();
}

#[test]
fn a_file_of_which_nobody_was_told_is_announced_at_the_next_start() {
    let folder = Arc::new(TempDir::new().unwrap());
    let spool = folder.path().join("files");
    fs::create_dir_all(&spool).unwrap();
    for (id, rest) in [(1, "bob :1.txt\ndone 352441c2 bob"), (2, "#lab :2.txt\ndone 352441c2 bob carol\ngot carol")] {
        fs::write(spool.join(format!("{id}.info")), format!("offer 9999999999 3 alice!a@h {rest}\n")).unwrap();
        fs::write(spool.join(format!("{id}.data")), b"abc").unwrap();
    }
    let mut server = Server::start_in(&folder, &[]);
    let mut bob = server.client_with("bob", FILES);
    bob.expect_only(&[
        ":groupchat NOTICE bob :2 messages while you were away",
        ":groupchat NOTICE bob :*, from alice:",
        ":alice!a@h FILE ANNOUNCE bob 1 3 352441c2 :1.txt",
        ":alice!a@h FILE ANNOUNCE #lab 2 3 352441c2 :2.txt",
    ]);
    bob.sync();
    server.client("carol").expect_nothing();
    server.program.stop();
    let server = Server::start_in(&folder, &[]);
    server.client("bob").expect_nothing();
}

#[test]
fn a_long_list_comes_whole_and_in_order() {
    let folder = Arc::new(TempDir::new().unwrap());
    let spool = folder.path().join("files");
    fs::create_dir_all(&spool).unwrap();
    for id in 1..=600 {
        let (from, to) = if id % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
        let info = format!("offer 9999999999 3 {from}!a@h {to} :{id}.txt\ndone 352441c2 {to}\ntold\n");
        fs::write(spool.join(format!("{id}.info")), info).unwrap();
        fs::write(spool.join(format!("{id}.data")), b"abc").unwrap();
    }
    let server = Server::start_in(&folder, &["--flood", "0"]);
    let mut bob = server.client("bob");
    bob.send("FILE LIST");
    for id in 1..=600 {
        bob.expect(&format!(":groupchat FILE ITEM {id} *"));
    }
    bob.expect(":groupchat FILE END");
}

#[test]
fn a_large_room_gets_a_file() {
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client_with("alice", FILES);
    alice.join("#a");
    let mut members: Vec<Client> = (0..300).map(|number| server.client_with(&format!("m{number}"), FILES)).collect();
    for member in &mut members {
        member.join("#a");
    }
    // All have come, and said so.
    alice.sync();
    members.iter_mut().for_each(|member| drop(member.sync()));
    let id = upload(&server, &mut alice, "#a", "a.txt", b"abc");
    let announcement = format!(":alice!alice@127.0.0.1 FILE ANNOUNCE #a {id} 3 352441c2 :a.txt");
    members.iter_mut().for_each(|member| drop(member.expect(&announcement)));
    alice.expect(&announcement);
    let journal = fs::read_to_string(server.folder.path().join(format!("files/{id}.info"))).unwrap();
    let done = journal.lines().find(|line| line.starts_with("done ")).unwrap();
    assert_eq!(done.split(' ').count(), 2 + members.len());
    rename(&mut members[299], "late");
    assert_eq!(download(&server, &mut members[299], id), b"abc");
    alice.send(&format!("FILE CANCEL {id}"));
    members[0].skip_to(&format!(":alice!alice@127.0.0.1 FILE CANCEL #a {id} :a.txt"));
}
