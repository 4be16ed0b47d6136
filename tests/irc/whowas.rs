//! WHOWAS: who has had a nick.

use crate::harness::{Client, Server};
use crate::limits::limit;

fn leave(mut client: Client) {
    client.send("QUIT");
    while client.receive().is_some() {}
}

#[test]
fn who_has_left_or_has_another_name_is_known_for_a_while() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask("WHOWAS bob", &["406 bob", "369 bob"]);
    let mut bob = server.connect();
    bob.send("NICK Bob");
    bob.send("USER robert 0 * :Bob B.");
    bob.nick = "Bob".into();
    bob.skip_welcome();
    // He is still there.
    alice.ask("WHOWAS bob", &["406 bob", "369 bob"]);
    bob.ask("MODE Bob +i", &["*"]);
    bob.ask("NICK BOB", &["*NICK*"]);
    alice.ask("WHOWAS bob", &["406 bob", "369 bob"]);
    leave(bob);
    let bob = ["314 BOB robert 127.0.0.1 * :Bob B.", "312 BOB groupchat :20*Z"];
    alice.ask("WHOWAS bob", &[bob[0], bob[1], "369 bob"]);
    alice.ask("WHOIS bob", &["401 bob", "318 bob"]);
    let mut other = server.client("bob");
    other.ask("NICK carol", &["*NICK*"]);
    let other = ["314 bob bob 127.0.0.1 * :bob", "312 bob groupchat :20*Z"];
    let both = [other[0], other[1], bob[0], bob[1], "369 Bob"];
    alice.ask("WHOWAS Bob", &both);
    for all in ["0", "-1", "x", "2", "2 groupchat"] {
        alice.ask(&format!("WHOWAS Bob {all}"), &both);
    }
    alice.ask("WHOWAS Bob 1", &[other[0], other[1], "369 Bob"]);
    alice.ask("WHOWAS dave,bob 1", &["406 dave", other[0], other[1], "369 dave,bob"]);
    alice.ask("WHOWAS Bob 1 elsewhere", &["402 elsewhere"]);
    alice.ask("WHOWAS", &["431"]);
    alice.ask("WHOWAS b*", &["406 b*", "369 b*"]);
    let names = (0..=limit("TARGETS")).map(|number| format!("n{number}")).collect::<Vec<_>>().join(",");
    alice.ask(&format!("WHOWAS {names}"), &["416 WHOWAS", "369 *"]);
}

#[test]
fn who_never_registered_was_never_there() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.connect();
    bob.send("NICK bob");
    bob.send("NICK robert");
    bob.sync();
    leave(bob);
    for nick in ["bob", "robert"] {
        alice.ask(&format!("WHOWAS {nick}"), &[&format!("406 {nick}"), &format!("369 {nick}")]);
    }
}
