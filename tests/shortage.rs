//! When there is not enough: no descriptor, no thread, no place left.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::harness::{Client, Server};

#[test]
fn a_full_server_says_so_and_takes_others_later() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.client("alice");
    let mut bob = server.connect();
    bob.sync();
    for _ in 0..3 {
        let mut carol = server.connect();
        // It may be talking already.
        let _ = carol.write(b"NICK carol\r\nUSER carol 0 * :C\r\n");
        carol.expect("ERROR :The server is full (2 clients); try again later");
        let line = "is refused: The server is full (2 clients); try again later";
        server.program.expect_log(&format!("Client (127.0.0.1, {}) {line}", carol.address.port()));
    }
    alice.expect_nothing();
    bob.send("QUIT");
    bob.expect("ERROR *");
    bob.expect_end();
    server.client("carol");
}

#[test]
fn this_machine_itself_may_connect_as_often_as_it_likes() {
    let server = Server::start(&["--max-per-ip", "1"]);
    let [mut alice, mut bob, _carol] = server.room("#a", ["alice", "bob", "carol"]);
    bob.ask("PRIVMSG #a :hello", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :hello"]);
}

#[test]
fn the_last_descriptors_are_kept_for_messages_and_files() {
    let server = Server::start_after("ulimit -n 64", &["--flood", "0"]);
    let line = server.program.expect_log("There are file descriptors for ");
    let room: usize = line.split(' ').nth(5).unwrap().parse().unwrap();
    assert!((30..50).contains(&room), "{line}");
    let mut alice = server.client("alice");
    let mut others: Vec<_> = (1..room).map(|number| server.client(&format!("n{number}"))).collect();
    for _ in 0..20 {
        let mut refused = server.connect();
        // It may be told so at once, or after its first line, since that could have been about a file.
        let _ = refused.write(b"NICK refused\r\n");
        refused.expect(&format!("ERROR :*The server is full ({room} clients); try again later"));
        refused.expect_end();
    }
    // Each of these is on the disk before it arrives.
    others.iter_mut().for_each(|client| client.send("PRIVMSG alice :hello"));
    let mut arrived: Vec<_> = others.iter().map(|_| alice.receive().unwrap()).collect();
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived.len(), others.len());
}

/// Leaves a server no descriptor beyond those that it has and some more, and connects clients until it has none; then
/// some who wait. Returns both.
fn use_up_descriptors(server: &Server, more: usize) -> [Vec<Client>; 2] {
    let limit = server.program.descriptors() + more;
    let pid = server.program.pid().to_string();
    let lowered = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={limit}:{limit}")]).status();
    assert!(lowered.unwrap().success());
    let mut admitted = Vec::new();
    while server.program.descriptors() < limit {
        admitted.push(server.connect());
        // Its thread has all that it needs, so that from here on no descriptor is free even for a moment.
        admitted.last_mut().unwrap().sync();
    }
    let waiting = (0..20).map(|_| server.connect()).collect();
    server.program.expect_log("Cannot take more clients for now: Too many open files (os error 24)");
    [admitted, waiting]
}

#[test]
fn without_descriptors_the_server_waits_without_spinning() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let [admitted, mut waiting] = use_up_descriptors(&server, 20);
    let before = server.program.ticks();
    // Not to be on time, but to see what a second costs.
    thread::sleep(Duration::from_secs(1));
    let used = server.program.ticks() - before;
    assert!(used < 20, "{used} ticks of 10 ms in a second of waiting");
    assert_eq!(server.program.count_log("Cannot take more clients"), 1);
    bob.ask("PRIVMSG #a :hello", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :hello"]);
    // Those who were admitted leave, and those who waited come in.
    drop(admitted);
    for (number, client) in waiting.iter_mut().enumerate() {
        client.register(&format!("n{number}"));
    }
    alice.expect_nothing();
}

#[test]
fn without_descriptors_the_server_can_end() {
    let mut server = Server::start(&[]);
    let _clients = use_up_descriptors(&server, 10);
    server.program.signal("INT");
    assert_eq!(server.program.exit_code(Duration::from_secs(5)), Some(0));
}

/// One memory pool for all threads, and enough in it, so that the next thread's stack is what does not fit.
const ONE_POOL: &str = "export MALLOC_ARENA_MAX=1 MALLOC_TOP_PAD_=8388608";

/// The address space that a server needs for itself and `clients` clients, and for half another one.
fn address_space_for(clients: usize) -> usize {
    let server = Server::start_after(ONE_POOL, &[]);
    let mut connections = Vec::new();
    let mut with_one_more = || {
        connections.push(server.connect());
        connections.last_mut().unwrap().sync();
        server.program.address_space()
    };
    let with_one = with_one_more();
    let each = with_one_more() - with_one;
    with_one + (clients - 1) * each + each / 2
}

#[test]
fn without_threads_the_server_sends_newcomers_away_and_goes_on() {
    let limit = address_space_for(10);
    let server = Server::start_after(&format!("{ONE_POOL}; ulimit -v {limit}"), &["--flood", "0"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let no_thread = "ERROR :Closing connection: The server has no thread left; try again later";
    let mut admitted = Vec::new();
    loop {
        let mut client = server.connect();
        client.send("PING 1");
        if client.receive().unwrap() == no_thread {
            break;
        }
        admitted.push(client);
        assert!(admitted.len() < 20, "the limit of {limit} KiB is none");
    }
    assert!(admitted.len() > 4, "the limit of {limit} KiB is too narrow");
    for _ in 0..3 {
        server.connect().expect(no_thread);
    }
    server.program.expect_log("is offline (no thread left)");
    let error = "Cannot take more clients for now: Resource temporarily unavailable (os error 11)";
    server.program.expect_log(error);
    assert_eq!(server.program.count_log("Cannot take more clients"), 1);
    bob.ask("PRIVMSG #a :hello", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :hello"]);
    let threads = server.program.threads();
    for mut client in admitted {
        client.send("QUIT");
        client.expect("ERROR :Closing connection: Quit: ");
        client.expect_end();
    }
    server.wait_until(&mut alice, "a thread that has ended", |server| server.program.threads() < threads);
    server.client("carol");
}

#[test]
fn a_server_takes_no_more_clients_than_it_has_memory_mappings_for_their_threads() {
    let server = Server::start(&["--max-clients", "1000000000"]);
    if cfg!(target_os = "linux") {
        server.program.expect_log("There are memory mappings for the threads of ");
    }
}
