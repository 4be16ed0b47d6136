//! The rules for files: whose one is, what one may take of the spool, and what the server makes up for later.

use std::fs;

use wire::crc32::crc32;

use crate::files::{FILES, download, offer, upload};
use crate::harness::{Client, Server};
use crate::transfers::begin;

/// Changes a client's name.
#[track_caller]
fn rename(client: &mut Client, nick: &str) {
    client.send(&format!("NICK {nick}"));
    client.skip_to(&format!(":* NICK {nick}"));
    client.nick = nick.into();
}

#[test]
fn who_takes_a_name_that_was_given_up_gets_no_files_with_it() {
    let server = Server::start(&[]);
    let mut tesla = server.client_with("tesla", FILES);
    let mut bob = server.client("bob");
    let mut eve = server.client("eve");
    let id = upload(&server, &mut tesla, "bob", "a.txt", b"abc");
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
    fs::write(server.folder.0.join("files/1.data"), "xxxxx").unwrap();
    let second = offer(&mut alice, "alice", 9, "a.txt");
    assert_eq!((second.offset, second.crc), (5, format!("{:08x}", crc32(b"12345"))));
    older.expect_end();
}
