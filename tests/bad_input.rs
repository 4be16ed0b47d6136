//! Whatever else bytes can be: too long, not text, not IRC, in pieces, never ending. A bad line costs nothing but itself.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use wire::limits;

use crate::harness::{Client, PATIENCE, Server};

const TOO_LONG: &str = "417 :Line too long: 512 bytes at most; it was not carried out";

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_one_is_carried_out() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let longest = format!("PING ok :{}", "x".repeat(limits::LINE - "PING ok :\r\n".len()));
    alice.ask(&longest, &[":groupchat PONG groupchat :ok"]);
    alice.ask(&format!("{longest}x"), &[TOO_LONG]);
    alice.ask(&format!("PRIVMSG #a :{}", "x".repeat(5_000)), &[TOO_LONG]);
    alice.ask("PRIVMSG #a :short", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #a :short"]);
    server.connect().ask(&format!("{longest}x"), &[TOO_LONG]);
}

#[test]
fn a_mebibyte_without_an_end_is_refused_once() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#a", ["alice", "bob", "carol"]);
    for _ in 0..1024 {
        alice.write(&[b'x'; 1024]).unwrap();
    }
    alice.expect(TOO_LONG);
    // The line goes on, and others do not notice.
    bob.ask("PRIVMSG #a :hello", &[]);
    carol.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :hello"]);
    alice.send_bytes(b"the rest of it\r\n");
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :hello"]);
    alice.ask("PRIVMSG #a :I am back", &[]);
    carol.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #a :I am back"]);
}

#[test]
fn what_is_not_utf8_or_holds_nul_is_refused() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let not_utf8 = "INVALID_UTF8 :Your message was not UTF-8; it was not carried out";
    let nul = "INVALID_MESSAGE :Your message held a NUL byte; it was not carried out";
    let lines: [(&[u8], String); 7] = [
        (b"PRIVMSG #a :caf\xe9\r\n", format!(":groupchat FAIL PRIVMSG {not_utf8}")),
        (b"privmsg #a :\xf0\x9f\x99\r\n", format!(":groupchat FAIL PRIVMSG {not_utf8}")),
        (b"PRIVMSG #a :\xed\xa0\x80 \xc0\xaf\r\n", format!(":groupchat FAIL PRIVMSG {not_utf8}")),
        (b"\xff\xfe\r\n", format!(":groupchat FAIL * {not_utf8}")),
        (b"PRIVMSG #a :nul\0l\r\n", format!(":groupchat FAIL PRIVMSG {nul}")),
        // What must not come in must not go out again, so the verb cannot be repeated as it was.
        (b"NI\0CK alice\r\n", format!(":groupchat FAIL * {nul}")),
        (b"NICK al\0ice\r\n", format!(":groupchat FAIL NICK {nul}")),
    ];
    let mut new = server.connect();
    for (bytes, answer) in lines {
        for client in [&mut alice, &mut new] {
            client.send_bytes(bytes);
            client.expect_only(&[&answer]);
        }
    }
    bob.expect_nothing();
}

#[test]
fn lines_without_sense_are_answered_or_ignored() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    for line in ["", " ", ":", "@", "@a=b", ":alice", ":alice ", "  ", "\r", "@a :b "] {
        alice.ask(line, &[]);
    }
    alice.ask("HELLO", &["421 HELLO"]);
    alice.ask("001 alice :Welcome", &["421 001"]);
    alice.ask("PANIC", &["421 PANIC"]);
    alice.ask(&"V".repeat(300), &[&format!("421 {}", "V".repeat(limits::REPEATED))]);
    alice.ask(&format!("PING{}", " x".repeat(200)), &[":groupchat PONG groupchat :x"]);
    alice.ask("ERROR :you are closed", &["421 ERROR"]);
}

#[test]
fn a_request_of_http_cannot_speak_through_its_body() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let body =
        "Host: 127.0.0.1\r\nContent-Type: text/plain\r\n\r\nNICK eve\r\nUSER eve 0 * :E\r\nPRIVMSG alice :hi\r\n";
    let long = "x".repeat(1000);
    for first in
        ["POST / HTTP/1.1", "GET /1 HTTP/1.0", "\r\nPUT /1 HTTP/1.1", "CONNECT h:1 HTTP/2", &format!("POST /{long}")]
    {
        let mut browser = server.connect();
        browser.send_bytes(format!("{first}\r\n{body}").as_bytes());
        browser.skip_to("ERROR :Closing connection: This is a chat server; it does not speak HTTP");
        browser.expect_end();
    }
    alice.expect_nothing();
}

#[test]
fn lines_that_come_byte_by_byte_are_lines() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    for byte in b"NICK alice\r\nUSER alice 0 * :Alice\r\nJOIN #a\r\nPRIVMSG alice :\xc3\xa9\r\n" {
        alice.send_bytes(&[*byte]);
    }
    alice.nick = "alice".into();
    alice.skip_to("366 #a *");
    alice.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG alice :\u{e9}"]);
}

/// Keeps sending until the server ends the connection; says what was its last line.
fn last_line_while_sending(mut client: Client, bytes: &[u8]) -> String {
    let (mut received, deadline) = (Vec::new(), Instant::now() + PATIENCE);
    // The time-out of the read sets the pace.
    client.socket().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    loop {
        assert!(Instant::now() < deadline, "still connected after {PATIENCE:?}");
        let sent = client.write(bytes);
        let mut buffer = [0; 4096];
        match client.socket().read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock && sent.is_ok() => {}
            Err(_) => break,
        }
    }
    String::from_utf8(received).unwrap().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn whoever_never_ends_registering_is_sent_away() {
    let server = Server::start(&["--register-within", "1", "--flood", "0"]);
    let timed_out = "ERROR :Closing connection: Registration timed out (1 seconds)";
    let mut silent = server.connect();
    let mut half = server.connect();
    half.send("NICK alice");
    half.send("CAP LS");
    thread::scope(|scope| {
        for bytes in [&b"x"[..], b"PING 1\r\n", b"\r\n"] {
            let client = server.connect();
            scope.spawn(move || assert_eq!(last_line_while_sending(client, bytes), timed_out));
        }
    });
    silent.expect(timed_out);
    silent.expect_end();
    half.skip_to(timed_out);
    half.expect_end();
    // The name is free again.
    server.client("alice");
}

/// Bytes that keep coming never let the server's read time out.
#[test]
fn whoever_streams_instead_of_registering_is_sent_away() {
    let server = Server::start(&["--register-within", "1"]);
    let mut new = server.connect();
    let (mut socket, start) = (new.socket().try_clone().unwrap(), Instant::now());
    let stream =
        thread::spawn(move || while start.elapsed() < PATIENCE && socket.write_all(&[b'x'; 16_384]).is_ok() {});
    new.expect(TOO_LONG);
    new.expect("ERROR :Closing connection: Registration timed out (1 seconds)");
    stream.join().unwrap();
}

#[test]
fn garbage_harms_nobody() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[3]
    };
    for number in 0..100 {
        let mut client = if number % 2 == 0 { server.connect() } else { server.client(&format!("n{number}")) };
        let mut garbage: Vec<u8> = (0..4096).map(|_| random()).collect();
        if number % 4 < 2 {
            // Half of it looks like lines.
            garbage.iter_mut().step_by(17).for_each(|byte| *byte = b'\n');
            garbage.iter_mut().step_by(23).for_each(|byte| *byte = b' ');
        }
        client.send_bytes(&garbage);
        client.send_bytes(b"\r\nPING end\r\n");
        client.skip_to(":groupchat PONG groupchat :end");
    }
    bob.ask("PRIVMSG #a :still here", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :still here"]);
    assert_eq!(server.program.count_log("is offline"), server.program.count_log("is offline (Connection closed)"));
}
