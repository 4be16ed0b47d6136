//! No line costs more than it pays: what asks for many things takes as many tokens, and so do bytes that are no lines.
//!
//! A throttled client is told nothing, so these tests look at how long it waits at least.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, Server};
use crate::limits::limit;

/// Tokens that a client gets back in a second.
const RATE: usize = 100;
/// Tokens that are taken, all that a client can have and as many as it has to wait for.
pub const TAKEN: usize = 300;

fn server() -> Server {
    Server::start(&["--flood", &RATE.to_string()])
}

/// After `say` has cost at least [`TAKEN`] tokens, the answer to a PING has to wait for those that were not there.
#[track_caller]
pub fn has_to_wait(client: &mut Client, what: &str, say: impl FnOnce(&mut Client)) {
    let start = Instant::now();
    say(client);
    client.sync();
    let least = Duration::from_millis(1000 * (TAKEN - limit("FLOOD_BURST")) as u64 / RATE as u64);
    assert!(start.elapsed() >= least, "{what} took only {:?}", start.elapsed());
}

/// Each of the lines costs so many tokens.
pub fn has_to_pay(lines: &[(String, usize)]) {
    let server = server();
    thread::scope(|scope| {
        for (number, (line, tokens)) in lines.iter().enumerate() {
            let mut client = server.client(&format!("n{number}"));
            client.join(&format!("#r{number}"));
            scope.spawn(move || {
                let lines = format!("{line}\r\n").repeat(TAKEN.div_ceil(*tokens));
                has_to_wait(&mut client, line, |client| client.send_bytes(lines.as_bytes()));
            });
        }
    });
}

/// `count` names, from `0` on.
pub fn names(mark: &str, count: usize) -> String {
    (0..count).map(|number| format!("{mark}{number}")).collect::<Vec<_>>().join(",")
}

#[test]
fn each_thing_that_a_line_asks_for_costs_a_token() {
    let targets = limit("TARGETS");
    has_to_pay(&[
        (format!("PRIVMSG {} :x", names("n", targets)), targets),
        (format!("NOTICE {} :x", names("#", targets)), targets),
        (format!("JOIN {}", names("#", 80)), 80),
        (format!("PART {}", names("#", 100)), 100),
    ]);
}

#[test]
fn a_line_to_leave_all_rooms_costs_a_token_for_each() {
    let server = server();
    let rooms = names("#", limit("ROOMS_PER_CLIENT"));
    has_to_wait(&mut server.client("alice"), "JOIN 0", |alice| {
        alice.send(&format!("JOIN {rooms}"));
        alice.send("JOIN 0");
        alice.send(&format!("JOIN {rooms}"));
    });
}

#[test]
fn bytes_that_are_no_lines_cost_tokens() {
    let server = server();
    // One token is for the line that follows.
    let count = (TAKEN + 1) * limit("BYTES_PER_TOKEN");
    thread::scope(|scope| {
        for (what, bytes) in [("empty lines", "\r\n"), ("an endless line", "xx"), ("endless tags", "@x")] {
            let (mut client, mut new) = (server.client(&what.replace(' ', "-")), server.connect());
            let bytes = bytes.repeat(count / 2) + "\r\n";
            scope.spawn(move || {
                has_to_wait(&mut client, what, |client| client.send_bytes(bytes.as_bytes()));
                has_to_wait(&mut new, what, |new| new.send_bytes(bytes.as_bytes()));
            });
        }
    });
}

#[test]
fn lines_with_long_tags_cost_no_more_than_others() {
    let server = Server::start(&["--flood", "1"]);
    let mut alice = server.client("alice");
    let tags = format!("@+x={}", "y".repeat(limit("CLIENT_TAGS") - "@+x= ".len()));
    // At one token a second more than one for each would take minutes.
    (0..100).for_each(|number| alice.send(&format!("{tags} PING {number}")));
    alice.skip_to(":groupchat PONG groupchat :99");
}

/// The names of a large room come in pieces, between which members may leave.
#[test]
fn nobody_who_has_left_is_named_afterwards() {
    const ROUNDS: usize = 100;
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    alice.join("#a");
    let mut members: Vec<Client> = (0..2 * limit("PIECE")).map(|number| server.client(&format!("n{number}"))).collect();
    for member in &mut members {
        member.send("JOIN #a");
        member.sync();
    }
    let mut last = members.pop().unwrap();
    alice.sync();
    thread::scope(|scope| {
        let leaving = scope.spawn(|| {
            for _ in 0..ROUNDS {
                last.send_bytes(b"PART #a\r\nJOIN #a\r\n");
                last.sync();
            }
            last.send("PART #a");
            last.sync();
        });
        let (mut here, mut named) = (true, 0);
        while !leaving.is_finished() || here {
            alice.send("NAMES #a");
            for line in alice.sync() {
                here = (here && !line.contains(" PART ")) || line.contains(" JOIN ");
                let shown = line.split_once(" 353 ").and_then(|(_, rest)| rest.split_once(':')).map(|(_, names)| names);
                let is_named = shown.is_some_and(|names| names.split(' ').any(|name| name == last_nick()));
                assert!(here || !is_named, "{line}");
                named += usize::from(shown.is_some());
            }
        }
        assert!(named > 0);
    });
}

fn last_nick() -> &'static str {
    static NICK: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!("n{}", 2 * limit("PIECE") - 1));
    &NICK
}
