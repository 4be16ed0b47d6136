//! What belongs to all: no key and no address takes more of the spool than its share, by whatever names.

use std::sync::Arc;

use super::transfers::begin;
use crate::files::{FILES, download, offer, put, spooled, upload};
use crate::harness::{Client, Server};

/// A server with a second address: to it, people at these addresses are two parties.
fn server(options: &[&str]) -> Server {
    let addresses = ["--listen", "127.0.0.1:0", "--listen", "[::1]:0"];
    Server::start(&[&addresses[..], options].concat())
}

/// Somebody at the other address.
fn elsewhere(server: &Server, nick: &str) -> Client {
    let mut client = server.connect_to(server.addresses[1]);
    client.register(nick);
    client
}

const GIB: usize = 1 << 30;

#[test]
fn offers_that_are_never_uploaded_take_nothing_from_others() {
    let server = server(&["--flood", "0"]);
    let mut mallory = server.client("mallory");
    let (mut alice, mut bob) = (server.client("alice"), elsewhere(&server, "bob"));
    for round in 0..40 {
        for number in 0..4 {
            offer(&mut mallory, "mallory", 8 * GIB, &format!("{round}-{number}"));
        }
    }
    // Also for somebody at mallory's address.
    for client in [&mut alice, &mut bob] {
        upload(&server, client, "mallory", "a.txt", b"abc");
        client.sync();
        assert_eq!(offer(client, "mallory", 4 * GIB, "film").offset, 0);
    }
    // Each new offer, also those of alice, took the place of the oldest.
    let files = crate::limits::limit("FILES_PER_SENDER") + 2;
    assert_eq!(spooled(&server.folder).len(), 2 * files, "each has bytes and a journal");
}

#[test]
fn an_offer_that_gave_way_is_made_again() {
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    let first = offer(&mut alice, "alice", 3, "a.txt");
    for number in 0..crate::limits::limit("FILES_PER_SENDER") {
        offer(&mut alice, "alice", 3, &format!("{number}"));
    }
    put(&server, &first, b"abc").expect("ERROR :This token is not, or no longer, good; ask for another one");
    let again = offer(&mut alice, "alice", 3, "a.txt");
    assert_ne!(again.id, first.id);
    put(&server, &again, b"abc").expect(&format!("OK {}", again.id));
}

#[test]
fn a_share_belongs_to_the_address_and_not_to_the_name() {
    let mut server = server(&["--spool-quota", "4000"]);
    let mut alice = server.client("alice");
    upload(&server, &mut alice, "alice", "a", &[1; 900]);
    alice.sync();
    let share = "With it your address has more than its share of the room for files; cancel one first (FILE LIST shows \
                 them)";
    let refused = [format!(":groupchat FAIL FILE TOO_MANY r :{share}")];
    let refused = [&refused[0][..]];
    alice.ask("FILE OFFER r alice 2201 :b", &refused);
    alice.send("NICK lis");
    alice.sync();
    alice.ask("FILE OFFER r lis 2201 :b", &refused);
    server.client("eve").ask("FILE OFFER r lis 2201 :b", &refused);
    let options = ["--spool-quota", "4000", "--listen", "127.0.0.1:0", "--listen", "[::1]:0"];
    server.program.stop();
    let server = Server::start_in(&Arc::clone(&server.folder), &options);
    server.client("eve").ask("FILE OFFER r alice 2201 :b", &refused);
    let mut bob = elsewhere(&server, "bob");
    upload(&server, &mut bob, "alice", "b", &[2; 1001]);
    let mut alice = server.client("alice");
    alice.sync();
    alice.ask("FILE CANCEL 1", &["*took a file back: a"]);
    upload(&server, &mut alice, "alice", "b", &[1; 101]);
}

#[test]
fn an_upload_that_finds_the_spool_full_is_resumed_later() {
    let server = server(&["--spool-quota", "4000"]);
    let bytes: Vec<u8> = (0..=249).cycle().take(3000).collect();
    let mut alice = server.client_with("alice", FILES);
    let offered = offer(&mut alice, "alice", bytes.len(), "a");
    let mut data = begin(&server, &mut alice, &offered, &bytes[..1000]);
    let mut bob = elsewhere(&server, "bob");
    let of_bob = upload(&server, &mut bob, "alice", "b", &[2; 2500]);
    data.send_bytes(&bytes[1000..2000]);
    data.expect(
        "ERROR :The server has no room for more now; try again later. It stopped after 1000 of 3000 bytes; offer the \
         file again to go on",
    );
    data.expect_end();
    bob.sync();
    bob.ask(&format!("FILE CANCEL {of_bob}"), &[]);
    alice.sync();
    let again = offer(&mut alice, "alice", bytes.len(), "a");
    assert_eq!((again.id, again.offset), (offered.id, 1000));
    put(&server, &again, &bytes).expect("OK 1");
    alice.sync();
    assert!(download(&server, &mut alice, 1) == bytes);
}

#[test]
fn an_upload_that_starts_again_counts_once() {
    let server = server(&["--spool-quota", "4000"]);
    let bytes = [7; 3000];
    let mut alice = server.client("alice");
    for _ in 0..3 {
        let offered = offer(&mut alice, "alice", bytes.len(), "a");
        let from_the_beginning = crate::files::Offered { offset: 0, ..offered };
        begin(&server, &mut alice, &from_the_beginning, &bytes[..2900]);
    }
    let offered = offer(&mut alice, "alice", bytes.len(), "a");
    put(&server, &offered, &bytes).expect("OK 1");
    alice.sync();
    alice.ask("FILE CANCEL 1", &["*took a file back: a"]);
    upload(&server, &mut alice, "alice", "b", &[7; 4000]);
}
