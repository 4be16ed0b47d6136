//! What clients are told of others if they ask for it: who is away, who comes in, who is invited.

use crate::costs::{has_to_wait, names};
use crate::harness::Server;
use crate::limits::limit;

#[test]
fn they_are_offered() {
    let server = Server::start(&[]);
    server.client_with("alice", "away-notify extended-join invite-notify");
}

#[test]
fn a_change_of_away_is_told_once_to_each_who_shares_a_room_and_wants_to_know() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client_with("bob", "away-notify");
    let mut carol = server.client_with("carol", "away-notify server-time");
    let mut dave = server.client("dave");
    let mut stranger = server.client_with("stranger", "away-notify");
    stranger.join("#elsewhere");
    for client in [&mut alice, &mut bob, &mut carol, &mut dave] {
        client.join("#a");
        client.join("#b");
    }
    [&mut alice, &mut bob, &mut carol, &mut dave].into_iter().for_each(|client| drop(client.sync()));
    alice.ask("AWAY :tea", &["306"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 AWAY :tea"]);
    carol.expect_only(&["@time=* :alice!alice@127.0.0.1 AWAY :tea"]);
    alice.ask("AWAY :tea", &["306"]);
    bob.expect_nothing();
    alice.ask("AWAY :more tea", &["306"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 AWAY :more tea"]);
    alice.ask("AWAY", &["305"]);
    alice.ask("AWAY :", &["305"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 AWAY"]);
    carol.sync();
    // Who goes away knows it.
    bob.ask("AWAY :too", &["306"]);
    carol.expect_only(&["@time=* :bob!bob@127.0.0.1 AWAY :too"]);
    let long = "x".repeat(2 * wire::limits::AWAY);
    dave.ask(&format!("AWAY :{long}"), &["306"]);
    bob.expect_only(&[&format!(":dave!dave@127.0.0.1 AWAY :{}", &long[..wire::limits::AWAY])]);
    [dave, stranger].iter_mut().for_each(|client| client.expect_nothing());
}

#[test]
fn who_comes_in_and_is_away_is_told_to_be_away() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "away-notify");
    let mut bob = server.client("bob");
    [&mut alice, &mut bob].into_iter().for_each(|client| client.join("#a"));
    alice.sync();
    let mut carol = server.client_with("carol", "away-notify");
    carol.ask("AWAY :tea", &["306"]);
    carol.join("#a");
    carol.expect_nothing();
    alice.expect_only(&[":carol!carol@127.0.0.1 JOIN #a", ":carol!carol@127.0.0.1 AWAY :tea"]);
    bob.expect_only(&[":carol!carol@127.0.0.1 JOIN #a"]);
}

#[test]
fn who_may_not_speak_does_not_do_so_by_being_away() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "away-notify");
    let mut bob = server.client("bob");
    [&mut alice, &mut bob].into_iter().for_each(|client| client.join("#a"));
    alice.ask("MODE #a +m", &["*JOIN #a", "*MODE #a +m"]);
    bob.expect("*MODE #a +m");
    bob.ask("AWAY :buy this", &["306"]);
    alice.expect_only(&[":bob!bob@127.0.0.1 AWAY :away"]);
    bob.ask("AWAY :buy that", &["306"]);
    bob.ask("PART #a", &["*PART #a"]);
    bob.join("#a");
    alice.expect_only(&[
        ":bob!bob@127.0.0.1 AWAY :away",
        ":bob!bob@127.0.0.1 PART #a",
        ":bob!bob@127.0.0.1 JOIN #a",
        ":bob!bob@127.0.0.1 AWAY :away",
    ]);
    bob.ask("AWAY", &["305"]);
    alice.expect_only(&[":bob!bob@127.0.0.1 AWAY"]);
}

#[test]
fn a_join_has_the_real_name_for_those_who_want_it() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "extended-join server-time");
    alice.send("JOIN #a");
    alice.expect("@time=* :alice!alice@127.0.0.1 JOIN #a * :alice");
    alice.sync();
    let mut bob = server.client("bob");
    bob.join("#a");
    alice.sync();
    let mut carol = server.connect();
    carol.send("NICK carol");
    carol.send("USER carol 0 * ::) Carol C.");
    carol.nick = "carol".into();
    carol.skip_welcome();
    carol.send("JOIN #A");
    carol.expect(":carol!carol@127.0.0.1 JOIN #a");
    alice.expect("@time=* :carol!carol@127.0.0.1 JOIN #a * ::) Carol C.");
    bob.expect(":carol!carol@127.0.0.1 JOIN #a");
}

#[test]
fn an_invitation_is_told_to_those_who_may_invite() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "invite-notify");
    let mut bob = server.client_with("bob", "invite-notify");
    let mut carol = server.client("carol");
    let mut guest = server.client_with("guest", "invite-notify");
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|client| client.join("#a"));
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|client| drop(client.sync()));
    carol.ask("INVITE GUEST #A", &["341 guest #a"]);
    for client in [&mut alice, &mut bob, &mut guest] {
        client.expect_only(&[":carol!carol@127.0.0.1 INVITE guest #a"]);
    }
    alice.ask("INVITE guest #a", &["341 guest #a"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 INVITE guest #a"]);
    alice.ask("MODE #a +io carol", &["*MODE #a +io carol"]);
    [&mut bob, &mut carol, &mut guest].into_iter().for_each(|client| drop(client.sync()));
    carol.ask("INVITE guest #a", &["341 guest #a"]);
    alice.expect_only(&[":carol!carol@127.0.0.1 INVITE guest #a"]);
    guest.expect_only(&[":carol!carol@127.0.0.1 INVITE guest #a"]);
    bob.ask("INVITE guest #a", &["482 #a"]);
    // He may not invite, and a refusal is nobody else's business.
    [alice, bob, carol, guest].iter_mut().for_each(|client| client.expect_nothing());
}

#[test]
fn a_change_of_away_costs_by_the_rooms_in_which_it_is_told() {
    let server = Server::start(&["--flood", "100"]);
    let rooms = limit("ROOMS_PER_CLIENT");
    let each = 1 + rooms / limit("ROOMS_PER_RENAME");
    let mut alice = server.client("alice");
    has_to_wait(&mut alice, "AWAY", |alice| {
        alice.send(&format!("JOIN {}", names("#", rooms)));
        for number in 0..(300 - rooms).div_ceil(each) {
            alice.send(&format!("AWAY :{number}"));
        }
    });
}
