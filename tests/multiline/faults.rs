//! Batches that are refused: their sender is told once, and nobody gets any of their rows.

use crate::harness::{ABLE, Client, Server, batch};
use crate::limits::limit;
use crate::multiline::expect_batch;

const INVALID: &str = ":groupchat FAIL BATCH MULTILINE_INVALID :*";

/// alice, who can send, and bob, who gets what she says in #a.
fn two(server: &Server) -> [Client; 2] {
    let mut clients = ["alice", "bob"].map(|nick| {
        let mut client = server.client_with(nick, ABLE);
        client.join("#a");
        client
    });
    clients.iter_mut().for_each(|client| drop(client.sync()));
    clients
}

#[test]
fn whoever_breaks_the_rules_is_told_once_and_nothing_is_delivered() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = two(&server);
    let many = vec!["x"; limit("MULTILINE_ROWS") + 1];
    let (rows, bytes) = (limit("MULTILINE_ROWS").to_string(), limit("MULTILINE_BYTES").to_string());
    let long = "x".repeat(400);
    let much = vec![&*long; limit("MULTILINE_BYTES") / 400 + 1];
    let other = |from: &str, to: &str| batch("PRIVMSG", "#a", &["one", "two", "three"]).replacen(from, to, 1);
    let target = ":groupchat FAIL BATCH MULTILINE_INVALID_TARGET #a #b :*";
    for (lines, reply) in [
        (batch("PRIVMSG", "#a", &many), &*format!(":groupchat FAIL BATCH MULTILINE_MAX_LINES {rows} :*")),
        (batch("PRIVMSG", "#a", &much), &*format!(":groupchat FAIL BATCH MULTILINE_MAX_BYTES {bytes} :*")),
        (other("PRIVMSG #a :two", "PRIVMSG #b :two"), target),
        (other("PRIVMSG #a :two", "NOTICE #a :two"), INVALID),
        (other("PRIVMSG #a :two", "PRIVMSG #a"), INVALID),
        (other("@batch=1 PRIVMSG #a :two", "@batch=2 PRIVMSG #a :two"), INVALID),
        (other("draft/multiline #a", "draft/multiline"), INVALID),
        (other("draft/multiline #a", "draft/multiline #a,#b"), INVALID),
        (other("draft/multiline #a", "netsplit #a"), INVALID),
        (other("draft/multiline #a", ""), INVALID),
        (other("BATCH +1", "BATCH +"), INVALID),
        (batch("PRIVMSG", "#a", &["one", "+", "two"]), INVALID),
        (batch("PRIVMSG", "#a", &["", "", ""]), INVALID),
        (batch("PRIVMSG", "#a", &[]), INVALID),
        ("BATCH -1\r\n".into(), INVALID),
        ("BATCH 1\r\n".into(), INVALID),
        ("@batch=1 PRIVMSG #a :one\r\n".into(), INVALID),
        ("@batch PRIVMSG #a :one\r\n".into(), INVALID),
        (other("BATCH -1", "BATCH -2") + "BATCH -1\r\n", INVALID),
        ("BATCH\r\n".into(), "461 BATCH"),
    ] {
        alice.send_bytes(lines.as_bytes());
        alice.expect_only(&[reply]);
        bob.expect_nothing();
        // Nothing is left of it.
        alice.send_bytes(batch("PRIVMSG", "#a", &["whole", "again"]).as_bytes());
        alice.expect_nothing();
        assert_eq!(expect_batch(&mut bob, "#a").0, ["PRIVMSG #a :whole", "PRIVMSG #a :again"]);
    }
}

#[test]
fn what_just_fits_is_delivered() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = two(&server);
    let most = limit("MULTILINE_BYTES");
    // With a byte for each line break.
    let rows = 32;
    let mut texts = vec!["x".repeat(most / rows - 1); rows];
    texts[0].push('x');
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    alice.send_bytes(batch("PRIVMSG", "#a", &texts).as_bytes());
    assert_eq!(expect_batch(&mut bob, "#a").0.len(), rows);
    let many = vec!["x"; limit("MULTILINE_ROWS")];
    alice.send_bytes(batch("PRIVMSG", "#a", &many).as_bytes());
    assert_eq!(expect_batch(&mut bob, "#a").0.len(), many.len());
    alice.expect_nothing();
}

#[test]
fn a_second_batch_has_to_wait_for_the_end_of_the_first() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = two(&server);
    alice.send("BATCH +1 draft/multiline #a");
    alice.send("@batch=1 PRIVMSG #a :one");
    alice.ask("BATCH +2 draft/multiline #a", &[INVALID]);
    // What is no part of it goes its own way.
    alice.ask("PRIVMSG #a :meanwhile", &[]);
    bob.expect_only(&["@msgid=* :alice!* PRIVMSG #a :meanwhile"]);
    alice.send("@batch=1 PRIVMSG #a :two");
    alice.ask("BATCH -1", &[]);
    assert_eq!(expect_batch(&mut bob, "#a").0, ["PRIVMSG #a :one", "PRIVMSG #a :two"]);
}

#[test]
fn an_open_batch_ends_with_its_client_and_follows_its_name() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = two(&server);
    alice.send("BATCH +1 draft/multiline #a");
    alice.send("@batch=1 PRIVMSG #a :one");
    alice.ask("NICK al", &["*NICK :al"]);
    alice.send("@batch=1 PRIVMSG #a :two");
    alice.ask("BATCH -1", &[]);
    bob.expect("*NICK :al");
    assert_eq!(expect_batch(&mut bob, "#a").0.len(), 2);
    alice.send("BATCH +1 draft/multiline #a");
    alice.send("@batch=1 PRIVMSG #a :one");
    alice.send("QUIT");
    bob.expect(":al!alice@127.0.0.1 QUIT *");
    bob.expect_nothing();
}

#[test]
fn a_client_without_the_capability_cannot_send_batches() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = two(&server);
    alice.send("BATCH +1 draft/multiline #a");
    alice.send("@batch=1 PRIVMSG #a :one");
    alice.ask("CAP REQ :-draft/multiline", &[":groupchat CAP alice ACK :-draft/multiline"]);
    // The rest of it is no message either.
    alice.ask("@batch=1 PRIVMSG #a :two", &[]);
    alice.ask("BATCH -1", &[]);
    assert_eq!(expect_batch(&mut bob, "#a").0.len(), 2);
    for line in batch("PRIVMSG", "#a", &["one", "two"]).lines() {
        alice.ask(line, if line.starts_with("BATCH +") { &[INVALID] } else { &[] });
    }
    bob.expect_nothing();
    // To clients that never asked for it the tag means nothing.
    alice.ask("@batch=1 PRIVMSG #a :plain", &[]);
    bob.expect_only(&["@msgid=* :alice!* PRIVMSG #a :plain"]);
    let mut carol = server.connect();
    carol.ask("BATCH +1 draft/multiline #a", &["451"]);
}

#[test]
fn a_row_that_is_too_long_for_a_line_stops_them_all() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = two(&server);
    let fits = 512 - ":alice!alice@127.0.0.1 PRIVMSG #a :\r\n".len();
    let [longest, too_long] = [fits, fits + 3].map(|length| "x".repeat(length));
    alice.send_bytes(batch("PRIVMSG", "#a", &["one", &too_long]).as_bytes());
    alice.expect_only(&["417 :Text too long by 3 bytes; it was not sent to #a"]);
    alice.send_bytes(batch("NOTICE", "#a", &["one", &longest]).as_bytes());
    alice.expect_nothing();
    assert_eq!(expect_batch(&mut bob, "#a").0[1].len(), "NOTICE #a :".len() + fits);
}

/// It may have been a row: nobody can say of which batch.
#[test]
fn a_line_that_is_rejected_spoils_the_batch_around_it() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = two(&server);
    let long = format!("@batch=1 PRIVMSG #a :{}", "x".repeat(512));
    for (row, reply) in [
        (&b"@batch=1 PRIVMSG #a :caf\xe9"[..], ":groupchat FAIL PRIVMSG INVALID_UTF8 :*"),
        (b"@batch=1 PRIVMSG #a :nu\0ll", ":groupchat FAIL PRIVMSG INVALID_MESSAGE :*"),
        (long.as_bytes(), "417 :Line too long*"),
        (b"@batch=1 PRIVMS #a :two", "421 PRIVMS"),
    ] {
        alice.send("BATCH +1 draft/multiline #a");
        alice.send("@batch=1 PRIVMSG #a :one");
        alice.send_bytes(&[row, b"\r\n"].concat());
        alice.send("@batch=1 PRIVMSG #a :three");
        alice.ask("BATCH -1", &[reply, INVALID]);
        bob.expect_nothing();
    }
    alice.send_bytes(batch("PRIVMSG", "#a", &["one", "two"]).as_bytes());
    alice.expect_nothing();
    assert_eq!(expect_batch(&mut bob, "#a").0.len(), 2);
}

#[test]
fn the_errors_of_a_message_are_those_of_its_batch() {
    let server = Server::start(&[]);
    let [mut alice, _bob] = two(&server);
    for (target, reply) in [("nobody", "401 nobody"), ("#nowhere", "403 #nowhere")] {
        alice.send_bytes(batch("PRIVMSG", target, &["one", "two"]).as_bytes());
        alice.expect_only(&[reply]);
        alice.send_bytes(batch("NOTICE", target, &["one", "two"]).as_bytes());
        alice.expect_nothing();
    }
    let mut carol = server.client("carol");
    carol.join("#c");
    alice.send_bytes(batch("PRIVMSG", "#c", &["one", "two"]).as_bytes());
    alice.expect_only(&["404 #c *"]);
    carol.expect_nothing();
    carol.ask("MODE #c +m", &["*MODE #c +m*"]);
    alice.join("#c");
    carol.sync();
    alice.send_bytes(batch("PRIVMSG", "#c", &["one", "two"]).as_bytes());
    alice.expect_only(&["404 #c *"]);
    carol.expect_nothing();
}
