//! A chat from the first line to the last, by raw sockets: what the core promises in each feature set.

use crate::harness::Server;

#[test]
fn two_people_meet_in_a_room_and_part() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice Example");
    alice.nick = "alice".into();
    alice.expect("001 :Welcome to the chat, alice!alice@127.0.0.1");
    alice.expect(concat!("002 :Your host is groupchat, running groupchat-", env!("CARGO_PKG_VERSION")));
    alice.expect("003 :This server was started at 20*-*-*T*:*:*Z");
    alice.sync();
    alice.ask("JOIN #lobby", &[":alice!alice@127.0.0.1 JOIN #lobby", "353 = #lobby :*alice", "366 #lobby"]);
    let mut bob = server.client("bob");
    bob.ask("JOIN #lobby", &[":bob!bob@127.0.0.1 JOIN #lobby", "353 = #lobby :*alice bob", "366 #lobby"]);
    alice.expect_only(&[":bob!bob@127.0.0.1 JOIN #lobby"]);
    alice.ask("PRIVMSG #lobby :hello, bob", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #lobby :hello, bob"]);
    bob.ask("PRIVMSG alice :just between us", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG alice :just between us"]);
    alice.ask("NICK al", &[":alice!alice@127.0.0.1 NICK :al"]);
    alice.nick = "al".into();
    bob.expect_only(&[":alice!alice@127.0.0.1 NICK :al"]);
    bob.ask("PART #lobby :dinner", &[":bob!bob@127.0.0.1 PART #lobby :dinner"]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PART #lobby :dinner"]);
    bob.ask("PRIVMSG al :and good night", &[]);
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG al :and good night"]);
    bob.send("QUIT :bye");
    bob.expect("ERROR :Closing connection: Quit: bye");
    bob.expect_end();
    alice.expect_nothing();
}

#[test]
fn outsiders_do_not_hear_a_room_and_are_not_heard_in_it() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    alice.ask("PRIVMSG #a :a secret", &[]);
    alice.ask("PART #a", &["*PART #a"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #a :a secret", ":alice!alice@127.0.0.1 PART #a"]);
    bob.ask("PRIVMSG #a :she has left", &[]);
    alice.ask("PRIVMSG #a :let me in again", &["404 #a *"]);
    carol.ask("PRIVMSG #a :let me in", &["404 #a *"]);
    bob.expect_nothing();
}
