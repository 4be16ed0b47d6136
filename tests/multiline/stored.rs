//! A private message of several rows is one stored message.

use std::fs;
use std::sync::Arc;

use crate::harness::{ABLE, Server, batch};
use crate::limits::limit;
use crate::mail::{confirm, confirm_all, has_been_here, letters, mailbox, silent, stored};
use crate::multiline::expect_batch;

#[test]
fn it_waits_as_one_message() {
    let server = Server::start(&[]);
    ["bob", "carol"].iter().for_each(|nick| has_been_here(&server, nick));
    let mut alice = server.client_with("alice", ABLE);
    for nick in ["bob", "carol"] {
        let lines = batch("PRIVMSG", nick, &["one ", "+and a half", "", "two"]);
        alice.send_bytes(format!("@+groupchat.local/id=x {lines}").as_bytes());
        alice.expect_only(&[&stored(nick)]);
        assert_eq!(letters(&server, nick), 1);
    }
    let mut bob = server.client_with("Bob", &format!("{ABLE} groupchat.local/waited"));
    bob.expect(":groupchat NOTICE Bob :1 message while you were away");
    let (rows, tags) = expect_batch(&mut bob, "Bob");
    assert_eq!(rows, ["PRIVMSG Bob :one ", "+PRIVMSG Bob :and a half", "PRIVMSG Bob :", "PRIVMSG Bob :two"]);
    assert!(tags.ends_with(";+groupchat.local/id=x;groupchat.local/waited"), "{tags}");
    let mut carol = server.client_with("carol", "server-time");
    carol.expect(":groupchat NOTICE carol :1 message while you were away");
    for row in ["one ", "and a half", "two"] {
        carol.expect(&format!("@time=* :alice!alice@127.0.0.1 PRIVMSG carol :{row}"));
    }
    for client in [&mut bob, &mut carol] {
        confirm(client);
        assert_eq!(letters(&server, &client.nick.to_ascii_lowercase()), 0);
    }
}

#[test]
fn it_is_acknowledged_as_one_message_and_comes_again_until_then() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", ABLE);
    let mut bob = silent(&server, "bob", ABLE);
    alice.send_bytes(batch("NOTICE", "bob", &["one", "two"]).as_bytes());
    alice.expect_nothing();
    let first = expect_batch(&mut bob, "bob");
    bob.expect("PING :mail-1");
    bob.send("QUIT");
    while bob.receive().is_some() {}
    let mut bob = server.client_with("bob", &format!("{ABLE} groupchat.local/waited"));
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    let (rows, tags) = expect_batch(&mut bob, "bob");
    assert_eq!((rows, tags.replace(";groupchat.local/waited", "")), first);
    confirm_all(&server, &mut bob);
    bob.send("QUIT");
    while bob.receive().is_some() {}
    server.client_with("bob", ABLE).expect_nothing();
}

/// At whatever moment the server is killed, all rows are there or none; and all, if the sender got an answer behind them.
#[test]
fn it_survives_a_kill_as_a_whole_or_never_was() {
    let mut server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let rows: Vec<_> = (0..50).map(|row| format!("row {row}")).collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let mut acknowledged = 0;
    for round in 0..8 {
        let mut alice = server.client_with("alice", ABLE);
        alice.send_bytes(batch("PRIVMSG", "bob", &rows).as_bytes());
        if round % 2 == 0 {
            alice.expect_only(&[&stored("bob")]);
            acknowledged += 1;
        } else {
            // Cut in the middle: all but the end of it.
            let whole = batch("PRIVMSG", "bob", &rows);
            alice.send_bytes(&whole.as_bytes()[..whole.len() - round]);
        }
        let folder = Arc::clone(&server.folder);
        drop((server, alice));
        server = Server::start_in(&folder, &["--flood", "0"]);
    }
    let waiting = letters(&server, "bob");
    assert!((acknowledged..=8).contains(&waiting), "{waiting}");
    let mut bob = server.client_with("bob", &format!("{ABLE} groupchat.local/waited"));
    bob.expect(&format!(":groupchat NOTICE bob :{waiting} messages while you were away"));
    for _ in 0..waiting {
        let expected: Vec<_> = rows.iter().map(|row| format!("PRIVMSG bob :{row}")).collect();
        assert_eq!(expect_batch(&mut bob, "bob").0, expected);
    }
    confirm_all(&server, &mut bob);
    bob.expect_nothing();
}

/// Otherwise somebody with a slow connection would be disconnected each time, by what others have written.
#[test]
fn a_full_mailbox_comes_in_parts_that_fit_the_outbox() {
    const MESSAGES: usize = 200;
    let server = Server::start(&["--flood", "0"]);
    has_been_here(&server, "bob");
    let mut alice = server.client_with("alice", ABLE);
    let row = "x".repeat(limit("MULTILINE_BYTES") / limit("MULTILINE_ROWS") - 1);
    let rows = vec![&*row; limit("MULTILINE_ROWS")];
    for _ in 0..MESSAGES {
        alice.send_bytes(batch("PRIVMSG", "bob", &rows).as_bytes());
        alice.expect(&format!(":groupchat 301 alice {}", &stored("bob")["301 ".len()..]));
    }
    let mut bob = silent(&server, "bob", ABLE);
    let mut messages = 0;
    while messages < MESSAGES {
        let mut bytes = 0;
        loop {
            let line = bob.receive().unwrap();
            if line == format!("PING :mail-{messages}") {
                break;
            }
            bytes += line.len() + "\r\n".len();
            messages += usize::from(line.starts_with("BATCH -"));
        }
        // As much as is asked for at least, and the message that it was reached with.
        assert!(bytes < limit("ANSWER") + 5 * limit("MULTILINE_BYTES"), "{bytes} bytes at once");
        bob.send(&format!("PONG :mail-{messages}"));
    }
}

#[test]
fn half_of_a_file_is_set_aside_and_never_delivered() {
    let server = Server::start(&[]);
    has_been_here(&server, "bob");
    let mut alice = server.client_with("alice", ABLE);
    alice.send_bytes(batch("PRIVMSG", "bob", &["one", "two"]).as_bytes());
    alice.expect_only(&[&stored("bob")]);
    let file = fs::read_dir(mailbox(&server, "bob")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("@time=") && text.contains(":one\r\n") && text.ends_with("\r\n"), "{text}");
    let cut = text.rfind("BATCH -").unwrap();
    fs::write(&file, &text[..cut]).unwrap();
    let mut bob = server.client_with("bob", ABLE);
    bob.expect(":groupchat NOTICE bob :1 message while you were away");
    bob.expect_nothing();
    server.program.expect_log("is damaged");
}
