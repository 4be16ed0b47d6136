//! Rooms of the core: JOIN, PART, NAMES. Where there are operators, the first of a room has a mark in NAMES.

use wire::limits;

use crate::harness::{Server, fits};
use crate::limits::limit;

const BAD_ROOM: &str = "A room is called # and 1 to 63 visible characters, no space or comma";

#[test]
fn whoever_comes_is_shown_to_all_and_sees_who_is_there() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask("JOIN #Lobby", &[":alice!alice@127.0.0.1 JOIN #Lobby", "353 = #Lobby :*alice", "366 #Lobby"]);
    let mut bob = server.client("bob");
    // The room is called as its creator spelt it.
    bob.ask("JOIN #LOBBY", &[":bob!bob@127.0.0.1 JOIN #Lobby", "353 = #Lobby :*alice bob", "366 #Lobby"]);
    alice.expect_only(&[":bob!bob@127.0.0.1 JOIN #Lobby"]);
    bob.ask("JOIN #lobby", &[]);
    alice.ask("PART #lobby :see you", &[":alice!alice@127.0.0.1 PART #Lobby :see you"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PART #Lobby :see you"]);
    bob.ask("PART #lobby", &[":bob!bob@127.0.0.1 PART #Lobby"]);
    // An empty room ends, and with it its spelling.
    bob.ask("JOIN #lobby", &[":bob!bob@127.0.0.1 JOIN #lobby", "353 = #lobby :*bob", "366 #lobby"]);
    alice.expect_nothing();
}

#[test]
fn several_rooms_fit_one_line() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask(
        "JOIN #a,#b,,#c",
        &[
            ":alice!alice@127.0.0.1 JOIN #a",
            "353 = #a :*alice",
            "366 #a",
            ":alice!alice@127.0.0.1 JOIN #b",
            "353 = #b :*alice",
            "366 #b",
            ":alice!alice@127.0.0.1 JOIN #c",
            "353 = #c :*alice",
            "366 #c",
        ],
    );
    let mut bob = server.client("bob");
    bob.ask(
        "JOIN #a,#b,#c",
        &[
            ":bob!bob@127.0.0.1 JOIN #a",
            "353 = #a :*alice bob",
            "366 #a",
            ":bob!bob@127.0.0.1 JOIN #b",
            "353 = #b :*alice bob",
            "366 #b",
            ":bob!bob@127.0.0.1 JOIN #c",
            "353 = #c :*alice bob",
            "366 #c",
        ],
    );
    bob.ask("PART #b,#a :two", &[":bob!bob@127.0.0.1 PART #b :two", ":bob!bob@127.0.0.1 PART #a :two"]);
    alice.sync();
    alice.ask(
        "JOIN 0",
        &[":alice!alice@127.0.0.1 PART #c", ":alice!alice@127.0.0.1 PART #b", ":alice!alice@127.0.0.1 PART #a"],
    );
    bob.expect_only(&[":alice!alice@127.0.0.1 PART #c"]);
    alice.ask("JOIN 0", &[]);
}

#[test]
fn a_room_has_a_proper_name() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let longest = format!("#{}", "r".repeat(limits::ROOM - 1));
    alice.join(&longest);
    for bad in [&format!("{longest}r"), "#", "lobby", "&local", "#bell\u{7}", "#turned\u{202e}around"] {
        alice.ask(&format!("JOIN {bad}"), &[&format!("403 {bad} :{BAD_ROOM}")]);
    }
    alice.ask("JOIN", &["461 JOIN"]);
    alice.ask("PART", &["461 PART"]);
    alice.ask("PART #nowhere", &["403 #nowhere"]);
    alice.ask("NAMES #nowhere", &["366 #nowhere"]);
    let mut bob = server.client("bob");
    bob.ask(&format!("PART {longest}"), &[&format!("442 {longest}")]);
    bob.ask("JOIN #f\u{f6}\u{f6},##", &["*JOIN #f\u{f6}\u{f6}", "353 *", "366 *", "*JOIN ##", "353 *", "366 *"]);
}

#[test]
fn one_client_is_in_so_many_rooms_at_most() {
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    for number in 0..limit("ROOMS_PER_CLIENT") {
        alice.join(&format!("#{number}"));
    }
    alice.ask("JOIN #more", &["405 #more"]);
    alice.ask("JOIN #7", &[]);
    alice.ask("PART #7", &[":alice!alice@127.0.0.1 PART #7"]);
    alice.ask("JOIN #more", &[":alice!alice@127.0.0.1 JOIN #more", "353 *", "366 *"]);
}

/// The harness asserts of each line that it has at most 512 bytes.
#[test]
fn the_names_of_a_full_room_take_several_lines() {
    let server = Server::start(&["--flood", "0"]);
    let room = format!("#{}", "r".repeat(limits::ROOM - 1));
    let nicks: Vec<String> = (0..100).map(|number| format!("n{number:0>0$}", limits::NICK - 1)).collect();
    let mut members: Vec<_> = nicks.iter().map(|nick| server.client(nick)).collect();
    members.iter_mut().for_each(|member| member.send(&format!("JOIN {room}")));
    members.iter_mut().for_each(|member| drop(member.sync()));
    let last = members.last_mut().unwrap();
    last.send(&format!("NAMES {room}"));
    let mut lines = last.sync();
    assert!(fits(&format!("* 366 * {room} :*"), &lines.pop().unwrap()));
    assert!(lines.len() > nicks.len() / 15);
    let names = lines.iter().flat_map(|line| line.split_once(&format!(" = {room} :")).unwrap().1.split(' '));
    let mut names: Vec<&str> = names.map(|name| name.trim_start_matches('@')).collect();
    names.sort_unstable();
    assert_eq!(names, nicks);
}

#[test]
fn names_without_a_room_are_of_the_rooms_that_one_is_in() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.join("#b");
    alice.ask("NAMES", &["353 = #a :*alice bob", "353 = #b :*alice", "366 *"]);
    bob.ask("NAMES #A", &["353 = #a :*alice bob", "366 #A"]);
    bob.ask("NAMES #nowhere", &["366 #nowhere"]);
}
