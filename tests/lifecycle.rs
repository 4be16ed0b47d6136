//! The life of a server: its options, its window, clients that fall silent, and its end.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::endurance::talk_until_carol_is_cut_off;
use crate::harness::{Client, Output, PATIENCE, Program, Server, skip};

/// What a server may take to end.
const END: Duration = Duration::from_secs(5);

#[test]
fn the_window_shows_who_does_what() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    for line in
        ["JOIN #lobby", "PRIVMSG #LOBBY :secret words", "NOTICE bob :secret words", "PART #lobby", "NICK al", "JOIN #x"]
    {
        alice.send(line);
    }
    alice.sync();
    bob.join("#x");
    alice.send("QUIT :good night");
    alice.skip_to("ERROR *");
    bob.sync();
    drop(bob);
    for (address, did) in [
        (alice.address, "connected"),
        (alice.address, "has taken a name  [ alice ]"),
        (alice.address, "joined #lobby  [ alice ]"),
        (alice.address, "wrote to #lobby  [ alice ]"),
        (alice.address, "wrote to bob  [ alice ]"),
        (alice.address, "left #lobby  [ alice ]"),
        (alice.address, "was called alice before  [ al ]"),
        (alice.address, "is offline (Quit: good night)  [ al ]"),
    ] {
        let line = format!("Client ({}, {}) {did}", address.ip(), address.port());
        assert_eq!(server.program.expect_log(&line), line);
    }
    server.program.expect_log("is offline (Connection closed)  [ bob ]");
    let _bob = server.client("bob");
    server.connect().ask("NICK BOB\r\nNICK 7up", &["433 BOB :*", "432 7up :*"]);
    server.program.expect_log(") may not be called BOB: ");
    server.program.expect_log(") may not be called 7up: A nick has ");
    assert!(!server.program.text().contains("secret"), "what people write is their own business");
}

#[test]
fn the_window_shows_texts_when_asked_and_never_control_characters() {
    let server = Server::start(&["-v"]);
    let mut alice = server.client("alice");
    alice.send("PRIVMSG alice :colour \u{1b}[31mred\u{7}\u{202e} \u{3}4,5blue\u{9b}2J");
    alice.send("NOTICE alice :naïve 漢字");
    alice.send("QUIT :\u{1b}]0;title\u{7}");
    alice.skip_to("ERROR *");
    let head = format!("Client (127.0.0.1, {})", alice.address.port());
    assert_eq!(server.program.expect_log("colour"), format!("{head} wrote to alice: colour [31mred blue2J  [ alice ]"));
    assert_eq!(server.program.expect_log("naïve"), format!("{head} wrote to alice: naïve 漢字  [ alice ]"));
    server.program.expect_log("is offline (Quit: ]0;title)");
    let text = server.program.text();
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn the_window_shows_the_threads_of_clients_when_asked() {
    let server = Server::start(&["-v"]);
    let alice = server.client("alice");
    let thread = format!("Thread for Client (127.0.0.1, {})", alice.address.port());
    server.program.expect_log(&format!("{thread} started"));
    assert_eq!(server.program.count_log(&format!("{thread} ended")), 0);
    drop(alice);
    server.program.expect_log(&format!("{thread} ended"));
}

#[test]
fn the_chat_goes_on_when_nobody_looks_at_the_window() {
    for output in [Output::Unread, Output::Closed] {
        let mut server = Server::start_as(Command::new(env!("CARGO_BIN_EXE_chat-server")), &["--flood", "0"], output);
        let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
        // More than the pipe and the queue before it hold.
        for _ in 0..70 {
            (0..100).for_each(|number| alice.send(&format!("PRIVMSG #a :{number}")));
            for number in 0..100 {
                bob.expect(&format!(":alice!alice@127.0.0.1 PRIVMSG #a :{number}"));
            }
        }
        server.program.signal("INT");
        alice.expect("ERROR :Server is shutting down");
        assert_eq!(server.program.exit_code(END), Some(0));
    }
}

/// Answers PINGs until another line comes.
fn answer_pings(client: &mut Client) -> (usize, String) {
    let mut pings = 0;
    loop {
        match client.receive().expect("the client answers and may stay").as_str() {
            "PING :groupchat" => client.send("PONG groupchat"),
            line => return (pings, line.to_owned()),
        }
        pings += 1;
    }
}

#[test]
fn who_answers_no_ping_is_gone() {
    let server = Server::start(&["--ping-interval", "1"]);
    let [mut alice, mut mute] = server.room("#a", ["alice", "mute"]);
    let (pings, line) = answer_pings(&mut alice);
    assert_eq!(line, ":mute!mute@127.0.0.1 QUIT :Ping timeout (2 seconds)");
    assert!(pings >= 1, "alice was silent, too");
    mute.expect("PING :groupchat");
    mute.expect("ERROR :Closing connection: Ping timeout (2 seconds)");
    mute.expect_end();
    alice.send("PING me");
    alice.skip_to(":groupchat PONG groupchat :me");
}

#[test]
fn at_the_end_everyone_gets_a_last_line() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut server = Server::start(&[]);
        let mut clients = server.room("#a", ["alice", "bob", "carol"]).map(Some);
        let mut new = server.connect();
        new.sync();
        server.program.signal(signal);
        for client in clients.iter_mut().flatten().chain([&mut new]) {
            client.expect("ERROR :Server is shutting down");
            client.expect_end();
        }
        assert_eq!(server.program.exit_code(END), Some(0));
        assert_eq!(server.program.count_log("is offline (Server is shutting down)"), 4);
        assert_eq!(server.program.count_log("stderr"), 0);
    }
}

#[test]
fn the_end_does_not_wait_for_who_does_not_read() {
    let mut server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob, _carol] = server.room("#a", ["alice", "bob", "carol"]);
    let mut dave = None;
    // Dave comes a mebibyte later than carol, so when she is cut off, much waits for him.
    talk_until_carol_is_cut_off(&mut alice, &mut bob, |bob, said| {
        if said == 2500 {
            dave.insert(server.client("dave")).send("JOIN #a");
            bob.expect(":dave!dave@127.0.0.1 JOIN #a");
        }
    });
    server.program.signal("INT");
    bob.expect("ERROR :Server is shutting down");
    bob.expect_end();
    assert_eq!(server.program.exit_code(END), Some(0));
}

#[test]
fn the_end_does_not_wait_for_a_flooder() {
    let mut server = Server::start(&["--flood", "1"]);
    let mut flooder = server.client("flooder");
    let mut alice = server.client("alice");
    flooder.send_bytes("PRIVMSG alice :x\r\n".repeat(400).as_bytes());
    alice.skip_to(":flooder!flooder@127.0.0.1 PRIVMSG alice :x");
    server.program.signal("INT");
    alice.skip_to("ERROR :Server is shutting down");
    assert_eq!(server.program.exit_code(END), Some(0));
}

#[test]
fn a_second_signal_does_no_harm() {
    let mut server = Server::start(&[]);
    let _alice = server.client("alice");
    server.program.signal("INT");
    server.program.signal("INT");
    let code = server.program.exit_code(END);
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
}

#[test]
fn a_signal_that_is_ignored_at_the_start_stays_ignored() {
    for (ignored, signal) in [("HUP", "HUP"), ("INT HUP", "INT"), ("TERM", "TERM")] {
        let mut server = Server::start_after(&format!("trap '' {ignored}"), &[]);
        let mut alice = server.client("alice");
        server.program.signal(signal);
        alice.ask("PING x", &[":groupchat PONG groupchat :x"]);
        server.program.signal(if signal == "TERM" { "HUP" } else { "TERM" });
        alice.expect("ERROR :Server is shutting down");
        assert_eq!(server.program.exit_code(END), Some(0));
    }
}

#[test]
fn several_addresses_are_one_chat() {
    let server = Server::start(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
    let mut alice = server.client("alice");
    let mut bob = server.connect_to(server.addresses[1]);
    bob.register("bob");
    bob.ask("PRIVMSG alice :hello", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG alice :hello"]);
}

#[test]
fn ipv6_is_spoken_where_there_is_any() {
    if TcpListener::bind("[::1]:0").is_err() {
        return skip("there is no IPv6 here");
    }
    let server = Server::start(&["--listen", "[::1]:0"]);
    let mut alice = server.client("alice");
    // The address must not look like the beginning of a last parameter.
    alice.ask("PRIVMSG alice :x", &[":alice!alice@0::1 PRIVMSG alice :x"]);
}

/// A server that cannot start: its exit code, and what it says about it. In its folder there is "a file", which is no
/// text.
pub fn cannot_start(options: &[&str]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a file"), b"\xff").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.current_dir(folder.path()).args(["--listen", "127.0.0.1:0"]).args(options);
    let mut program = Program::start(command, "listening", 0, Output::Read);
    (program.exit_code(PATIENCE), program.text())
}

#[test]
fn a_server_that_cannot_start_says_why_in_one_sentence() {
    let server = Server::start(&[]);
    let taken = server.addresses[0].to_string();
    let what_to_do = "perhaps by a server that runs already; stop it, or choose another port with --listen";
    let in_use = format!("stderr: chat-server: {taken} is in use, {what_to_do}");
    assert_eq!(cannot_start(&["--listen", &taken]), (Some(1), in_use));
    let too_long = "n".repeat(64);
    for name in ["two words", "", "colon:", "n@h", "\u{e9}", &too_long] {
        let (code, text) = cannot_start(&["--name", name]);
        assert_eq!(code, Some(2));
        assert!(text.contains("use 1 to 63 letters, digits, dots and hyphens"), "{text}");
    }
    for options in [["--ping-interval", "0"], ["--register-within", "0"], ["--listen", "nowhere"], ["--flood", "-1"]] {
        assert_eq!(cannot_start(&options).0, Some(2), "{options:?}");
    }
}
