//! A server without wings: what it does not have is simply not there, and what it says about it is of use.

use crate::harness::{ABLE, Server, batch};

#[test]
fn verbs_of_wings_are_unknown() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#a");
    for line in [
        "TOPIC #a :tea",
        "KICK #a alice",
        "MODE #a +i",
        "INVITE bob #a",
        "LIST",
        "WHO #a",
        "WHOIS alice",
        "USERHOST alice",
        "ISON alice",
        "LUSERS",
        "MOTD",
        "VERSION",
        "TIME",
        "FILE LIST",
        "GETDIR",
        "MAKEROOM lab 239.1.2.3 4000",
        "DELETEROOM lab",
    ] {
        alice.ask(line, &[&format!("421 {}", line.split(' ').next().unwrap())]);
    }
}

#[test]
fn the_welcome_is_short() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice");
    alice.nick = "alice".into();
    alice.expect_only(&["001 *", "002 *", "003 *"]);
}

#[test]
fn a_room_has_no_operator_and_no_key() {
    let server = Server::start(&[]);
    let [_alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.ask("NAMES", &["353 = #a :alice bob", "366 *"]);
    server.client("carol").ask("JOIN #a key", &["*JOIN #a", "353 = #a :alice bob carol", "366 #a"]);
}

#[test]
fn only_its_own_capabilities_are_offered() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask("CAP LS", &[":groupchat CAP alice LS :cap-notify echo-message message-tags server-time"]);
    alice.ask("CAP REQ groupchat.local/files", &[":groupchat CAP alice NAK :groupchat.local/files"]);
}

#[test]
fn the_rows_of_a_batch_are_messages_of_their_own() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask(&format!("CAP REQ :{ABLE}"), &[&format!(":groupchat CAP alice NAK :{ABLE}")]);
    alice.send_bytes(batch("PRIVMSG", "#a", &["one", "two"]).as_bytes());
    alice.expect_only(&["421 BATCH"; 2]);
    bob.expect_only(&[":alice!* PRIVMSG #a :one", ":alice!* PRIVMSG #a :two"]);
}

#[test]
fn a_data_connection_is_a_client_that_has_not_registered() {
    let server = Server::start(&[]);
    let mut data = server.connect();
    data.send("PUT 1 00112233445566778899aabbccddeeff 0");
    data.expect("451");
}

#[test]
fn a_tls_client_is_refused_in_a_way_that_programs_understand() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send_bytes(&[22, 3, 1, 0, 0]);
    client.expect("ERROR :Closing connection: *TLS*");
    client.expect_end();
}

#[test]
fn nothing_is_stored_for_who_was_here_once() {
    let server = Server::start(&[]);
    let mut bob = server.client("bob");
    bob.send("QUIT");
    bob.skip_to("ERROR *");
    bob.expect_end();
    server.client("alice").ask("PRIVMSG bob :are you there?", &["401 bob"]);
    assert_eq!(std::fs::read_dir(server.folder.path()).unwrap().count(), 0);
}
