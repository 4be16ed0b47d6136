//! How the server asks whether a message has come: seldom, and never in front of an answer.

use std::fs;

use wire::limits::LINE;

use crate::harness::{Client, Server};
use crate::mail::shares::folder_with;
use crate::mail::{letters, silent};

/// Reads on to the message with this text; the tokens of the `PING`s before it, which are answered.
fn answer_until(client: &mut Client, last: &str) -> Vec<String> {
    let mut asked = Vec::new();
    loop {
        let line = client.receive().unwrap();
        if let Some(token) = line.strip_prefix("PING :") {
            client.send(&format!("PONG :{token}"));
            asked.push(token.to_owned());
        } else if line.ends_with(last) {
            return asked;
        }
    }
}

#[test]
fn an_answer_comes_right_behind_its_command_and_the_question_later() {
    let server = Server::start(&[]);
    let mut bob = silent(&server, "bob", "");
    bob.send_bytes(b"PRIVMSG bob :note to myself\r\nPING answer\r\nMODE bob\r\n");
    bob.expect(":bob!bob@127.0.0.1 PRIVMSG bob :note to myself");
    bob.expect(":groupchat PONG groupchat :answer");
    bob.skip_to(if cfg!(feature = "irc") { "221 *" } else { "421 MODE" });
    bob.expect("PING :mail-1");
    bob.ask("PONG :mail-1", &[]);
    assert_eq!(letters(&server, "bob"), 0);
}

#[test]
fn one_question_is_for_all_messages_before_it() {
    let server = Server::start(&[]);
    let [mut alice, mut carol] = ["alice", "carol"].map(|nick| server.client(nick));
    let mut bob = silent(&server, "bob", "");
    alice.ask("PRIVMSG bob :one", &[]);
    bob.expect("*PRIVMSG bob :one");
    bob.expect("PING :mail-1");
    alice.ask("PRIVMSG bob :two", &[]);
    carol.ask("PRIVMSG bob :three", &[]);
    alice.ask("NOTICE bob :four", &[]);
    // He is being asked already.
    bob.expect_only(&["*PRIVMSG bob :two", "*PRIVMSG bob :three", "*NOTICE bob :four"]);
    bob.ask("PONG :mail-1", &[]);
    bob.expect("PING :mail-4");
    assert_eq!(letters(&server, "bob"), 3);
    bob.ask("PONG :mail-4", &[]);
    assert_eq!(letters(&server, "bob"), 0);
}

#[test]
fn a_backlog_is_asked_for_at_once_and_all_together() {
    let server = Server::start_in(&folder_with(&[("bob", 2000, "S=99")]), &[]);
    let mut bob = silent(&server, "bob", "server-time groupchat.local/waited");
    bob.expect(":groupchat NOTICE bob :2000 messages while you were away");
    let lines = bob.sync();
    let questions: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.starts_with("PING ")).collect();
    assert_eq!(questions, [(2000, &"PING :mail-2000".to_owned())], "of {} lines", lines.len());
    bob.ask("PONG :mail-2000", &[]);
    assert_eq!(letters(&server, "bob"), 0);
}

#[test]
fn thousands_of_messages_need_a_handful_of_questions() {
    const MESSAGES: usize = 2000;
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    let mut bob = silent(&server, "bob", "");
    let text: String = (0..MESSAGES).map(|number| format!("PRIVMSG bob :{number}.\r\n")).collect();
    assert!(text.len() < MESSAGES * LINE);
    alice.send_bytes(text.as_bytes());
    let mut asked = answer_until(&mut bob, &format!(":{}.", MESSAGES - 1));
    let last = format!("mail-{MESSAGES}");
    while asked.last() != Some(&last) {
        let line = bob.receive().unwrap();
        let token = line.strip_prefix("PING :").unwrap();
        bob.send(&format!("PONG :{token}"));
        asked.push(token.into());
    }
    assert!(asked.len() < MESSAGES / 10, "{} questions", asked.len());
    server.wait_until(&mut alice, "an empty mailbox", |server| letters(server, "bob") == 0);
    bob.expect_nothing();
}

/// bob gets a message and leaves in this way, before he is asked; the message.
fn leaves(server: &Server, alice: &mut Client, leave: impl FnOnce(Client)) -> String {
    let mut bob = silent(server, "bob", "message-tags");
    alice.ask("PRIVMSG bob :psst", &[]);
    let first = bob.expect("@msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :psst");
    leave(bob);
    first
}

#[test]
fn who_quits_is_asked_before_the_end() {
    let server = Server::start(&[]);
    let [mut alice, mut carol] = server.room("#a", ["alice", "carol"]);
    leaves(&server, &mut alice, |mut bob| {
        bob.join("#a");
        bob.send_bytes(b"QUIT :bye\r\nPRIVMSG #a :one more thing\r\nNICK robert\r\n");
        bob.expect("PING :mail-1");
        bob.send("PONG :mail-1");
        bob.expect("ERROR :Closing connection: Quit: bye");
        bob.expect_end();
    });
    assert_eq!(letters(&server, "bob"), 0);
    carol.expect_only(&[":bob!bob@127.0.0.1 JOIN #a", ":bob!bob@127.0.0.1 QUIT :Quit: bye"]);
    server.client("bob").expect_nothing();
}

/// Nobody can know whether a client that leaves has read the last message, so that one comes again.
#[test]
fn who_leaves_without_an_answer_gets_the_message_again() {
    let ways: [fn(Client); 3] = [
        |mut bob| {
            bob.send("QUIT");
            bob.expect("PING :mail-1");
            // He does not answer, and is not waited for for long.
            bob.expect("ERROR *");
            bob.expect_end();
        },
        |mut bob| bob.send("QUIT"),
        drop,
    ];
    for leave in ways {
        let server = Server::start(&[]);
        let mut alice = server.client("alice");
        let first = leaves(&server, &mut alice, leave);
        server.program.expect_log(" is offline (");
        let mut bob = silent(&server, "bob", "message-tags");
        bob.expect(":groupchat NOTICE bob :1 message while you were away");
        let again = bob.skip_to("@msgid=* PRIVMSG bob :psst");
        assert_eq!(again.replace(";groupchat.local/waited", ""), first);
        bob.expect("PING :mail-1");
        bob.ask("PONG :mail-1", &[]);
        assert_eq!(letters(&server, "bob"), 0);
    }
}

#[test]
fn who_leaves_gets_no_further_part_of_a_backlog() {
    const MESSAGES: usize = 4000;
    let folder = folder_with(&[("bob", 1, "S=99")]);
    let text = "x".repeat(400);
    for number in 1..MESSAGES {
        let id = format!("{:014x}-{number:010x}", 1);
        let line = format!("@time=2026-11-25T09:30:00.000Z;msgid={id} :eve!e@h PRIVMSG bob :{text}\r\n");
        fs::write(folder.path().join("mail/bob/new").join(id), line).unwrap();
    }
    let server = Server::start_in(&folder, &[]);
    let mut bob = silent(&server, "bob", "message-tags groupchat.local/waited");
    bob.send("QUIT");
    let asked = answer_until(&mut bob, "ERROR :Closing connection: Quit: ");
    assert_eq!(asked.len(), 1);
    bob.expect_end();
    let left = letters(&server, "bob");
    assert!((1..MESSAGES - 1000).contains(&left), "{left} are left");
}

#[test]
fn a_question_for_somebody_who_has_left_does_not_reach_the_next_one() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    for number in 0..20 {
        // Each takes the place of the one before, also in the server's tables.
        let (nick, text) = (format!("bob{number}"), format!("PRIVMSG bob{number} :psst"));
        let mut bob = silent(&server, &nick, "");
        alice.ask(&text, &[]);
        bob.expect(&format!("*{text}"));
        drop(bob);
    }
    let mut carol = silent(&server, "carol", "");
    carol.expect_nothing();
    alice.ask("PRIVMSG carol :one", &[]);
    carol.expect("*PRIVMSG carol :one");
    carol.expect("PING :mail-1");
    carol.ask("PONG :mail-1", &[]);
    alice.ask("PRIVMSG carol :two", &[]);
    carol.expect("*PRIVMSG carol :two");
    carol.expect("PING :mail-2");
}
