//! Letters: what is for one person waits for that person, in order, and is removed when it is confirmed.

mod acknowledgement;
mod damage;
mod dates;
pub mod irssi;
mod kill;
mod mailboxes;
pub mod shares;

use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, iter, thread};

use wire::numeric::OFFLINE;

use crate::harness::{Client, Server, fits};
use crate::lifecycle::cannot_start;

/// Where a name's letters lie.
pub fn mailbox(server: &Server, name: &str) -> PathBuf {
    server.folder.path().join("mail").join(name).join("new")
}

/// How many letters wait in it.
pub fn letters(server: &Server, name: &str) -> usize {
    fs::read_dir(mailbox(server, name)).map_or(0, Iterator::count)
}

/// What a sender is told whose message to this name is stored.
pub fn stored(nick: &str) -> String {
    format!("301 {nick} :{OFFLINE}")
}

/// Lets the server take the confirmation that this client has sent with the first of these.
pub fn confirm(client: &mut Client) {
    for _ in 0..2 {
        client.expect_nothing();
    }
}

/// Waits until this client has confirmed all its letters, also those that have just come.
#[track_caller]
pub fn confirm_all(server: &Server, client: &mut Client) {
    let nick = client.nick.to_ascii_lowercase();
    server.wait_until(client, "an empty mailbox", |server| letters(server, &nick) == 0);
}

/// A name that was here once.
pub fn has_been_here(server: &Server, nick: &str) {
    let mut client = server.client(nick);
    client.send("QUIT");
    while client.receive().is_some() {}
}

/// A client that answers no `PING`, and what it is sent from its welcome on.
pub fn silent(server: &Server, nick: &str, capabilities: &str) -> Client {
    let mut client = server.connect();
    client.confirms = false;
    if !capabilities.is_empty() {
        client.send(&format!("CAP REQ :{capabilities}"));
        client.expect(":groupchat CAP * ACK *");
        client.send("CAP END");
    }
    client.register(nick);
    client
}

#[test]
fn who_was_here_once_gets_letters_later() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG bob :hello?", &["401 bob"]);
    has_been_here(&server, "Bob");
    alice.ask("PRIVMSG bob :one", &[&stored("bob")[..]]);
    alice.ask("NOTICE BOB :two", &[]);
    alice.ask("PRIVMSG bob,alice :three", &[&stored("bob")[..], ":alice!* PRIVMSG alice :three"]);
    server.program.expect_log("wrote to bob (offline, stored)  [ alice ]");
    let mut bob = server.client("bob");
    bob.expect(":groupchat NOTICE bob :3 messages while you were away");
    bob.expect(":groupchat NOTICE bob :20* UTC, from alice:");
    for line in ["PRIVMSG bob :one", "NOTICE bob :two", "PRIVMSG bob :three"] {
        bob.skip_to(&format!(":alice!alice@127.0.0.1 {line}"));
    }
    confirm(&mut bob);
    assert_eq!(letters(&server, "bob"), 0, "all are confirmed");
    bob.send("QUIT");
    while bob.receive().is_some() {}
    server.client("bob").expect_nothing();
}

#[test]
fn a_letter_that_waited_has_its_id_and_its_time() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client_with("alice", "echo-message message-tags server-time");
    alice.send("@+groupchat.local/id=x1;+typing=done;other=no PRIVMSG bob :psst");
    let echo = alice.expect("@time=*;msgid=*;+groupchat.local/id=x1;+typing=done :alice!* PRIVMSG bob :psst");
    alice.expect(&stored("bob")[..]);
    // What nobody gets is not echoed.
    alice.ask("@+typing=done TAGMSG bob", &["301 bob :offline"]);
    let mut bob = server.client_with("bob", "message-tags server-time");
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    let waited = bob.receive().unwrap();
    assert_eq!(waited.replace(";groupchat.local/waited", ""), echo);
    alice.send("PRIVMSG bob :you are here");
    bob.expect("@time=*;msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :you are here");
}

/// What a person with `nc` sees: nobody is cut off for confirming nothing, and nothing is lost.
#[test]
fn what_is_not_confirmed_comes_again() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = silent(&server, "bob", "message-tags");
    alice.ask("PRIVMSG bob :one", &[]);
    let first = bob.expect("@msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :one");
    bob.expect("PING :mail-1");
    alice.ask("PRIVMSG bob :two", &[]);
    let second = bob.expect("@msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :two");
    // Of one question at a time; wrong answers change nothing.
    bob.expect_nothing();
    for wrong in ["PONG", "PONG :mail-2", "PONG mail-", "PONG :mail-99999999999999999999", "PONG groupchat"] {
        bob.ask(wrong, &[]);
    }
    assert_eq!(letters(&server, "bob"), 2);
    bob.ask("PONG groupchat mail-1", &[]);
    assert_eq!(letters(&server, "bob"), 1);
    bob.expect("PING :mail-2");
    drop(bob);
    server.program.expect_log("is offline (Connection closed)  [ bob ]");
    for _ in 0..2 {
        let mut bob = silent(&server, "bob", "message-tags");
        bob.expect(":groupchat NOTICE bob :1 message while you were away");
        bob.expect(":groupchat NOTICE bob :* UTC, from alice:");
        let again = bob.expect("@msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :two");
        assert_eq!(again.replace(";groupchat.local/waited", ""), second);
        bob.expect("PING :mail-1");
        alice.ask("ISON bob", &["303 :bob"]);
        bob.send("QUIT");
        while bob.receive().is_some() {}
    }
    assert!(!first.contains("waited"));
}

#[test]
fn what_waits_for_a_name_is_for_whoever_takes_it() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut carol = server.client("carol");
    alice.ask("NICK al", &["*NICK :al"]);
    carol.ask("PRIVMSG alice :?", &[&stored("alice")[..]]);
    carol.send("NICK alice");
    carol.expect(":carol!carol@127.0.0.1 NICK :alice");
    carol.nick = "alice".into();
    carol.expect(":groupchat NOTICE alice :1 message while you were away");
    carol.expect(":groupchat NOTICE alice :20* UTC, from carol:");
    carol.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG alice :?"]);
}

#[test]
fn a_new_name_gets_the_mail_of_that_name_and_confirms_the_old_one() {
    let server = Server::start(&[]);
    has_been_here(&server, "robert");
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG robert :for robert", &[&stored("robert")[..]]);
    let mut bob = silent(&server, "bob", "server-time");
    alice.ask("PRIVMSG bob :for bob", &[]);
    bob.expect("@time=* :alice!alice@127.0.0.1 PRIVMSG bob :for bob");
    bob.expect("PING :mail-1");
    bob.send("NICK robert");
    bob.expect("@time=* :bob!bob@127.0.0.1 NICK :robert");
    bob.expect(":groupchat NOTICE robert :1 message while you were away");
    bob.expect("@time=* :alice!alice@127.0.0.1 PRIVMSG robert :for robert");
    bob.ask("PONG mail-1", &["PING :mail-2"]);
    assert_eq!((letters(&server, "bob"), letters(&server, "robert")), (0, 1));
    bob.ask("PONG mail-2", &[]);
    assert_eq!(letters(&server, "robert"), 0);
}

#[test]
fn letters_and_names_survive_a_kill() {
    let server = Server::start(&[]);
    has_been_here(&server, "carol");
    has_been_here(&server, "bob");
    let mut alice = server.client("alice");
    for number in 0..5 {
        alice.ask(&format!("PRIVMSG bob :{number}"), &[&stored("bob")[..]]);
    }
    let folder = Arc::clone(&server.folder);
    drop((server, alice));
    let server = Server::start_in(&folder, &[]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG carol :known", &[&stored("carol")[..]]);
    alice.ask("PRIVMSG dave :unknown", &["401 dave"]);
    alice.ask("PRIVMSG bob :5", &[&stored("bob")[..]]);
    let mut bob = server.client_with("bob", "server-time");
    bob.expect(":groupchat NOTICE bob :6 messages while you were away");
    for number in 0..6 {
        bob.expect(&format!("@time=* :alice!alice@127.0.0.1 PRIVMSG bob :{number}"));
    }
    confirm(&mut bob);
    assert_eq!(letters(&server, "bob"), 0);
}

/// Letters that come while those from before are still being handed over queue up behind them.
#[test]
fn each_sender_s_letters_keep_their_order_while_the_recipient_comes_and_goes() {
    const SENDERS: [&str; 4] = ["s0", "s1", "s2", "s3"];
    const LETTERS: usize = 100;
    let server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let mut come: Vec<String> = Vec::new();
    thread::scope(|scope| {
        for mut sender in SENDERS.map(|nick| server.client(nick)) {
            scope.spawn(move || {
                (0..LETTERS).for_each(|number| sender.send(&format!("PRIVMSG bob :{number}")));
                sender.sync();
            });
        }
        while come.len() < SENDERS.len() * LETTERS {
            let mut bob = server.client_with("bob", "message-tags");
            // Some of it is confirmed before he leaves, and some is not.
            let mut lines = bob.sync();
            bob.send("QUIT");
            lines.extend(iter::from_fn(|| bob.receive()));
            for line in lines.iter().filter(|line| fits("*msgid=*PRIVMSG*", line)) {
                let letter = line.replace(";groupchat.local/waited", "");
                if !come.contains(&letter) {
                    come.push(letter);
                }
            }
        }
    });
    for nick in SENDERS {
        let of_nick = come.iter().filter(|line| line.contains(&format!(" :{nick}!")));
        let numbers = of_nick.map(|line| line.rsplit(':').next().unwrap().parse::<usize>().unwrap());
        assert!(numbers.eq(0..LETTERS), "{nick}: {come:#?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_one_sentence() {
    let error = "stderr: chat-server: cannot make the folder a file: File exists (os error 17)";
    let sentence = format!("{error}; choose another with --data-dir");
    assert_eq!(cannot_start(&["--data-dir", "a file"]), (Some(1), sentence));
}
