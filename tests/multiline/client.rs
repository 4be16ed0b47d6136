//! Messages of several rows at the chat client: shown as one, sent as one, and never half of it twice.

use crate::client::person::{Home, Person};
use crate::client::scripted_server::{ScriptedServer, Session};
use crate::harness::{ABLE, Server, batch};
use crate::mail::{has_been_here, stored};
use crate::multiline::expect_batch;

#[test]
fn a_message_of_several_rows_is_shown_as_one() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    let mut alice = server.client_with("alice", ABLE);
    alice.join("#lobby");
    tesla.expect_line("alice joined the conversation");
    alice
        .send_bytes(batch("PRIVMSG", "#lobby", &["how is ", "+everyone?", "", "  fn f() {", "tesla: psst"]).as_bytes());
    tesla.expect_lines(&["alice: how is everyone?", "", "    fn f() {", "  tesla: psst"]);
    alice.send_bytes(batch("NOTICE", "tesla", &["one", "two"]).as_bytes());
    tesla.expect_lines(&["-alice- (to you) one", "  two"]);
    // One that is sent again, since its sender could not know that it had arrived.
    for target in ["#lobby", "tesla"] {
        for _ in 0..2 {
            let again = batch("PRIVMSG", target, &["again", "", "and again"]);
            alice.send_bytes(format!("@+groupchat.local/id={target} {again}").as_bytes());
        }
        let to_you = if target == "tesla" { " (to you)" } else { "" };
        tesla.expect_lines(&[&format!("alice{to_you}: again"), "", "  and again"]);
    }
    alice.send("PRIVMSG tesla :three");
    tesla.expect_line("alice (to you): three");
}

#[test]
fn a_long_line_is_one_message_for_those_who_know_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut able, mut plain] = [("able", ABLE), ("plain", "server-time")].map(|(nick, capabilities)| {
        let mut client = server.client_with(nick, capabilities);
        client.join("#lobby");
        client
    });
    able.skip_to("*plain!* JOIN #lobby");
    let text = "a long line with \u{e9} in it, ".repeat(40);
    let text = text.trim_end();
    home.script(&["--nick", "tesla"], &format!("{text}\n")).skip_to("DISCONNECTED!!");
    able.expect("*JOIN #lobby");
    let (rows, _) = expect_batch(&mut able, "#lobby");
    let texts = rows.iter().map(|row| row.split_once(" #lobby :").unwrap().1);
    assert_eq!(texts.collect::<String>(), text);
    assert!(rows.len() > 2 && rows[1..].iter().all(|row| row.starts_with('+')), "{rows:?}");
    plain.expect("*JOIN #lobby");
    for row in &rows {
        plain.expect(&format!("@time=* :tesla!tesla@127.0.0.1 {}", row.trim_start_matches('+')));
    }
}

/// tesla's connection to a server that takes messages of several rows.
#[track_caller]
fn welcome(session: &mut Session) {
    session.expect_registration("tesla");
    session.send(":srv CAP * LS * :batch message-tags");
    session.send(":srv CAP * LS :x draft/multiline=max-bytes=4096,max-lines=5 server-time");
    for capability in ["message-tags", "batch", "draft/multiline"] {
        session.send(&format!(":srv CAP * ACK :{capability}"));
    }
    session.send(":srv 001 tesla :Welcome");
}

fn long_line() -> String {
    "0123456789".repeat(60)
}

/// The lines of a batch, without the name and the text of its rows.
#[track_caller]
fn expect_sent(session: &mut Session) -> Vec<String> {
    let opening = session.expect("@+groupchat.local/id=* BATCH +m draft/multiline #lobby");
    let first = session.expect("@batch=m PRIVMSG #lobby 0123456789*");
    let second = session.expect("@batch=m;draft/multiline-concat PRIVMSG #lobby *");
    session.expect("BATCH -m");
    vec![opening, first, second]
}

#[test]
fn what_a_lost_connection_has_swallowed_is_sent_again_as_a_whole() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept();
    welcome(&mut session);
    session.let_in("tesla", "#lobby");
    tesla.skip_to("Welcome to chat room.*");
    tesla.type_line(&long_line());
    let sent = expect_sent(&mut session);
    session.expect("PING :gc-*");
    // Half of somebody's message: what was lost with the connection is no message.
    session.send(":al!a@h BATCH +1 draft/multiline #lobby");
    session.send("@batch=1 :al!a@h PRIVMSG #lobby :half");
    drop(session);
    tesla.expect_line("Connection lost *");
    let mut session = server.accept();
    welcome(&mut session);
    session.expect("JOIN #lobby");
    assert_eq!(expect_sent(&mut session), sent);
    session.answer_ping();
    drop(session);
    // One that takes none gets lines, each with an id of its own.
    tesla.skip_to("Connected again.");
    tesla.expect_line("Connection lost *");
    tesla.type_line(&long_line());
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv CAP * ACK :message-tags");
    session.send(":srv 001 tesla :Welcome");
    session.expect("JOIN #lobby");
    let [first, second] = [0, 1].map(|row| session.expect(&format!("@+groupchat.local/id=*-{row} PRIVMSG #lobby *")));
    assert_eq!(first.split('-').next(), second.split('-').next());
    session.answer_ping();
}

#[test]
fn a_batch_that_is_refused_fails_its_line() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.script(&["--nick", "tesla"], &format!("hello\n{}\n", long_line()));
    let mut session = server.accept();
    welcome(&mut session);
    session.let_in("tesla", "#lobby");
    session.expect("@+groupchat.local/id=* PRIVMSG #lobby hello");
    let ping = session.expect("PING :gc-*");
    expect_sent(&mut session);
    session.send(&format!(":srv PONG srv :{}", ping.trim_start_matches("PING :")));
    session.expect("PING :gc-*");
    session.send(":srv FAIL BATCH MULTILINE_MAX_BYTES 40 :Too long");
    tesla.skip_to("A message of several lines was not sent: Too long; send it again in smaller parts");
    session.send(":srv PONG srv :gc-3");
    session.expect("QUIT*");
    session.send("ERROR :bye");
    drop(session);
    tesla.skip_to("DISCONNECTED!!");
    tesla.expect_failure("line 2 (*): *");
}

/// The client is killed before it has confirmed: what it has shown is not shown again.
#[test]
fn a_stored_message_of_several_rows_is_shown_once() {
    let server = Server::start(&[]);
    has_been_here(&server, "tesla");
    let home = Home::calling(server.addresses[0]);
    let mut alice = server.client_with("alice", ABLE);
    alice.send_bytes(batch("PRIVMSG", "tesla", &["one", "two"]).as_bytes());
    alice.expect_only(&[&stored("tesla")]);
    let start = || home.start(&["--nick", "tesla"]);
    let see = |tesla: &mut Person| {
        tesla.skip_to("[20*UTC] alice (to you): one");
        tesla.expect_line("  two");
    };
    let mut tesla = start();
    see(&mut tesla);
    // What is printed later proves that she knows what she has shown before.
    tesla.skip_to("Welcome to chat room.*");
    tesla.signal("KILL");
    drop(tesla);
    server.wait_until(&mut alice, "tesla's end", |server| server.program.count_log("is offline (Connection") > 0);
    let mut tesla = start();
    tesla.skip_to("Welcome to chat room.*");
    alice.sync();
    alice.send_bytes(batch("PRIVMSG", "tesla", &["three", "four"]).as_bytes());
    tesla.skip_to("alice (to you): three");
    tesla.expect_line("  four");
    assert!(!tesla.has_seen("  two"));
}
