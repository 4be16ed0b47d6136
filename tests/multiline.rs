//! Messages of several rows: one message for those who know such batches, lines for all others, and never half of it.
//!
//! - [`faults`]: what is refused, and that nothing of it is delivered
//! - [`client`]: messages of several rows at the chat client
//! - [`stored`]: private messages of several rows wait, and survive a kill, as a whole

mod client;
mod faults;
mod stored;

use std::thread;

use crate::costs::{TAKEN, has_to_wait};
use crate::harness::{ABLE, Client, Server, batch};
use crate::limits::limit;

/// The rows that a client gets next as one batch, each behind its verb and target; and the tags of the message.
#[track_caller]
pub fn expect_batch(client: &mut Client, opening: &str) -> (Vec<String>, String) {
    let first = client.expect(&format!("@* :*!*@* BATCH +* draft/multiline {opening}"));
    let (tags, _) = first.split_once(' ').unwrap();
    let reference = first.split(" BATCH +").nth(1).unwrap().split(' ').next().unwrap();
    let mut rows = Vec::new();
    loop {
        let line = client.receive().unwrap();
        if line == format!("BATCH -{reference}") {
            return (rows, tags.to_owned());
        }
        let line = line.strip_prefix(&format!("@batch={reference}")).unwrap_or_else(|| panic!("{line} is in no batch"));
        let (concat, line) = line.split_once(" :").unwrap();
        let concat = concat.strip_prefix(';').map_or("", |tag| if tag == "draft/multiline-concat" { "+" } else { tag });
        let (_, text) = line.split_once(' ').unwrap();
        rows.push(format!("{concat}{text}"));
    }
}

/// alice, who can send messages of several rows and gets her own back, bob, who gets them, and carol, who does not know them.
fn three(server: &Server) -> [Client; 3] {
    let capabilities = ["batch draft/multiline echo-message message-tags", ABLE, "message-tags server-time"];
    let mut clients = ["alice", "bob", "carol"].map(|nick| {
        let at = ["alice", "bob", "carol"].iter().position(|other| *other == nick).unwrap();
        let mut client = server.client_with(nick, capabilities[at]);
        client.join("#a");
        client
    });
    clients.iter_mut().for_each(|client| drop(client.sync()));
    clients
}

#[test]
fn the_limits_stand_behind_the_capability() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let listed = alice.ask("CAP LS", &[":groupchat CAP alice LS :*"]).remove(0);
    assert!(listed.split([' ', ':']).any(|name| name == "draft/multiline"), "{listed}");
    assert!(listed.split([' ', ':']).any(|name| name == "batch"), "{listed}");
    let listed = alice.ask("CAP LS 302", &[":groupchat CAP alice LS :*"]).remove(0);
    let value = format!("max-bytes={},max-lines={}", limit("MULTILINE_BYTES"), limit("MULTILINE_ROWS"));
    assert!(listed.contains(&format!(" draft/multiline={value} ")) && !listed.ends_with("userhost-in"), "{listed}");
    alice.ask("CAP REQ :draft/multiline", &[":groupchat CAP alice ACK :draft/multiline"]);
    alice.ask("CAP REQ :-draft/multiline batch", &[":groupchat CAP alice ACK :-draft/multiline batch"]);
    alice.ask(&format!("CAP REQ :draft/multiline={value}"), &[":groupchat CAP alice NAK :draft/multiline=*"]);
}

#[test]
fn a_room_gets_one_message_or_its_lines() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    let rows = ["hello", "how is ", "+everyone?", "", "::) bye"];
    alice.send_bytes(format!("@+x=y;label=z {}", batch("PRIVMSG", "#A", &rows)).as_bytes());
    let expected = rows.iter().map(|row| match row.strip_prefix('+') {
        Some(text) => format!("+PRIVMSG #a :{text}"),
        None => format!("PRIVMSG #a :{row}"),
    });
    let expected: Vec<_> = expected.collect();
    let (echo, tags) = expect_batch(&mut alice, "#a");
    assert_eq!(echo, expected);
    assert!(tags.starts_with("@msgid=") && tags.ends_with(";+x=y"), "{tags}");
    assert_eq!(expect_batch(&mut bob, "#a"), (expected, tags.clone()));
    // Empty lines are none. All have the time, the first one alone the id.
    let carols = carol.expect_only(&[
        "@time=*;msgid=*;+x=y :alice!alice@127.0.0.1 PRIVMSG #a :hello",
        "@time=* :alice!alice@127.0.0.1 PRIVMSG #a :how is ",
        "@time=* :alice!alice@127.0.0.1 PRIVMSG #a :everyone?",
        "@time=* :alice!alice@127.0.0.1 PRIVMSG #a :::) bye",
    ]);
    assert!(carols[0].contains(&tags[1..]), "{carols:?}");
    let time = |line: &String| line[1..].split([';', ' ']).next().unwrap().to_owned();
    assert!(carols.iter().all(|line| time(line) == time(&carols[0])), "{carols:?}");
    [&mut alice, &mut bob].into_iter().for_each(Client::expect_nothing);
    server.program.expect_log("wrote to #a");
}

#[test]
fn a_person_gets_one_message_or_its_lines() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    for verb in ["PRIVMSG", "NOTICE"] {
        alice.send_bytes(batch(verb, "BOB", &["one", "two"]).as_bytes());
        let expected = ["one", "two"].map(|row| format!("{verb} bob :{row}"));
        assert_eq!(expect_batch(&mut alice, "bob").0, expected);
        assert_eq!(expect_batch(&mut bob, "bob").0, expected);
        alice.send_bytes(batch(verb, "carol", &["one", "", "+"].map(|row| row.trim_start_matches('+'))).as_bytes());
        assert_eq!(expect_batch(&mut alice, "carol").0.len(), 3);
        carol.expect_only(&[&format!("@*msgid=* :alice!* {verb} carol :one")]);
    }
    bob.send("AWAY :lunch");
    bob.sync();
    alice.send_bytes(batch("PRIVMSG", "bob", &["one", "two"]).as_bytes());
    expect_batch(&mut alice, "bob");
    alice.expect_only(&["301 bob :lunch"]);
}

#[test]
fn one_row_is_a_message_as_any() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    alice.send_bytes(batch("PRIVMSG", "#a", &["alone"]).as_bytes());
    for client in [&mut alice, &mut bob, &mut carol] {
        client.expect("@*msgid=* :alice!alice@127.0.0.1 PRIVMSG #a :alone");
        client.expect_nothing();
    }
}

#[test]
fn half_of_the_capabilities_is_not_enough_to_get_batches() {
    let server = Server::start(&[]);
    let [mut alice, ..] = three(&server);
    for (nick, capabilities) in [("dora", "batch message-tags"), ("eva", "draft/multiline message-tags")] {
        let mut client = server.client_with(nick, capabilities);
        alice.send_bytes(batch("PRIVMSG", nick, &["one", "two"]).as_bytes());
        client.expect("@msgid=* :alice!* PRIVMSG * :one");
        client.expect_only(&[&format!(":alice!* PRIVMSG {nick} :two")]);
    }
}

#[test]
fn no_line_of_another_comes_between_the_rows() {
    const MESSAGES: usize = 20;
    let server = Server::start(&["--flood", "0"]);
    let mut plain = server.client("plain");
    plain.join("#a");
    let mut able = server.client_with("able", ABLE);
    able.join("#a");
    plain.sync();
    let senders = ["s0", "s1", "s2"].into_iter().map(|nick| {
        let mut client = server.client_with(nick, ABLE);
        client.join("#a");
        client
    });
    let mut senders: Vec<_> = senders.collect();
    [&mut plain, &mut able].into_iter().for_each(|client| drop(client.sync()));
    thread::scope(|scope| {
        for (at, sender) in senders.iter_mut().enumerate() {
            scope.spawn(move || {
                for number in 0..MESSAGES {
                    let rows: Vec<_> = (0..10).map(|row| format!("{at} {number} {row}")).collect();
                    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
                    sender.send_bytes(batch("PRIVMSG", "#a", &rows).as_bytes());
                    sender.send("PRIVMSG #a :single");
                }
                sender.sync();
            });
        }
    });
    let text = |line: &String| line.rsplit(':').next().unwrap().to_owned();
    let rows: Vec<_> = plain.sync().iter().map(text).filter(|text| text != "single").collect();
    assert_eq!(rows.len(), senders.len() * MESSAGES * 10);
    for message in rows.chunks(10) {
        let (about, _) = message[0].rsplit_once(' ').unwrap();
        let expected: Vec<_> = (0..10).map(|row| format!("{about} {row}")).collect();
        assert_eq!(message, expected);
    }
    let lines = able.sync();
    let mut open = None;
    for line in &lines {
        match line.split(" BATCH +").nth(1) {
            Some(rest) => assert_eq!(open.replace(rest.split(' ').next().unwrap()), None, "{line}"),
            None if line.starts_with("BATCH -") => assert_eq!(open.take(), Some(&line[7..])),
            None => assert_eq!(line.strip_prefix("@batch=").map(|tag| tag.split(' ').next().unwrap()), open, "{line}"),
        }
    }
}

#[test]
fn each_row_costs_a_token() {
    let server = Server::start(&["--flood", "100"]);
    let mut alice = server.client_with("alice", ABLE);
    let rows = vec!["x"; limit("MULTILINE_ROWS")];
    has_to_wait(&mut alice, "a message of many rows", |alice| {
        (0..TAKEN / rows.len()).for_each(|_| alice.send_bytes(batch("PRIVMSG", "alice", &rows).as_bytes()));
        (0..TAKEN / rows.len()).for_each(|_| drop(expect_batch(alice, "alice")));
    });
}
