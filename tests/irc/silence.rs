//! A member that may not speak in a room says nothing by other ways: reasons, topics, names.

use crate::harness::Server;

#[test]
fn the_silenced_leave_without_a_reason() {
    let server = Server::start(&[]);
    for (mode, silences) in [("+m", true), ("+b bob", true), ("+b-n dave", false), ("+mv bob", false)] {
        let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
        let carol = server.client("carol");
        alice.ask(&format!("MODE #a {mode}"), &["*MODE #a *"]);
        bob.sync();
        bob.ask("PART #a :buy now", &[if silences { "*PART #a" } else { "*PART #a :buy now" }]);
        alice.expect_only(&[if silences { ":bob!bob@127.0.0.1 PART #a" } else { "*PART #a :buy now" }]);
        for mut client in [alice, bob, carol] {
            client.send("QUIT");
            client.skip_to("ERROR *");
            client.expect_end();
        }
    }
}

#[test]
fn the_silenced_quit_without_a_reason() {
    let server = Server::start(&[]);
    for (mode, reason) in [("+m", ""), ("+b bob", ""), ("+b-n dave", "buy now"), ("+mo bob", "buy now")] {
        let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
        bob.join("#b");
        let mut carol = server.client("carol");
        carol.join("#b");
        alice.ask(&format!("MODE #a {mode}"), &["*MODE #a *"]);
        bob.sync();
        bob.send("QUIT :buy now");
        bob.expect(&format!("ERROR :Closing connection: Quit: {reason}"));
        bob.expect_end();
        // One line is for all rooms.
        for other in [&mut alice, &mut carol] {
            other.expect(&format!(":bob!bob@127.0.0.1 QUIT :Quit: {reason}"));
        }
        for mut client in [alice, carol] {
            client.send("QUIT");
            client.skip_to("ERROR *");
            client.expect_end();
        }
    }
}

#[test]
fn the_banned_cannot_change_their_names_inside() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#a", ["alice", "bob", "carol"]);
    let refused =
        |nick: &str| format!("447 {nick} :You cannot change your nick while you, or that nick, are banned in #a");
    alice.ask("MODE #a +bb BOB spam*", &["*MODE #a +bb *"]);
    bob.sync();
    for nick in ["bobby", "Bob", "spammer"] {
        bob.ask(&format!("NICK {nick}"), &[&refused(nick)]);
    }
    carol.ask("NICK spammer", &["*MODE*", &refused("spammer")]);
    carol.ask("NICK caro", &["*NICK :caro"]);
    alice.expect_only(&[":carol!carol@127.0.0.1 NICK :caro"]);
    // Whoever may speak is free, and so is everybody outside.
    alice.ask("MODE #a +v bob", &["*MODE #a +v bob"]);
    bob.ask("NICK bobby", &["*NICK :caro", "*MODE *", "*NICK :bobby"]);
    bob.nick = "bobby".into();
    bob.ask("NICK spammer", &["*NICK :spammer"]);
    bob.nick = "spammer".into();
    alice.ask("MODE #a -v spammer", &["*", "*", "*MODE *"]);
    bob.ask("NICK bob", &["*MODE *", &refused("bob")]);
    bob.ask("PART #a", &["*PART #a"]);
    bob.ask("NICK bob", &["*NICK :bob"]);
}

#[test]
fn a_moderated_room_lets_its_listeners_change_their_names() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("MODE #a +m", &["*MODE #a +m"]);
    bob.ask("NICK bobby", &["*MODE #a +m", "*NICK :bobby"]);
}

#[test]
fn the_silenced_set_no_topic() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("MODE #a -t+b bob", &["*MODE #a -t+b bob!*@*"]);
    bob.sync();
    bob.ask("TOPIC #a :buy now", &["404 #a :Cannot send (+b): you are banned from the room"]);
    alice.ask("MODE #a -b+m bob", &["*MODE #a -b+m bob!*@*"]);
    bob.sync();
    bob.ask("TOPIC #a :buy now", &["404 #a :Cannot send (+m): only operators and those with voice may speak"]);
    bob.ask("TOPIC #a", &["331 #a"]);
    alice.ask("MODE #a +v bob", &["*MODE #a +v bob"]);
    bob.ask("TOPIC #a :tea", &["*MODE #a +v bob", "*TOPIC #a :tea"]);
}
