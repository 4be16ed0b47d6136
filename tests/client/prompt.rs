//! The directory prompt: `chat-client --directory`.

use std::time::Instant;

use super::person::{Home, Person};
use super::scripted_server::ScriptedServer;
use crate::harness::{Client, PATIENCE, Server};

const BEGIN: &str = "The directory of multicast rooms: help lists the commands, tata leaves";

/// Somebody at the prompt, who has not connected yet.
fn prompt(home: &Home, options: &[&str]) -> Person {
    let mut person = home.start(&[&["--directory"], options].concat());
    person.expect_line(BEGIN);
    person
}

/// Waits until nobody of this name is there.
fn await_end(client: &mut Client, nick: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        client.send(&format!("ISON {nick}"));
        let answer = client.receive().unwrap();
        if !answer.contains(nick) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer}");
    }
}

#[test]
fn bare_words_do_what_they_say() {
    let server = Server::start(&["--flood", "0"]);
    let address = server.addresses[0];
    let home = Home::calling(address);
    let mut albert = server.client("albert");
    let mut mel = prompt(&home, &[]);
    mel.ask("bye", &["You are not connected; connect does that"]);
    mel.ask("name 7up", &["\"7up\" cannot be a name: *"]);
    mel.ask("name Mel", &["You will be called Mel"]);
    mel.ask("connect", &[&format!("You are connected to {address} as Mel")]);
    mel.ask("Connect", &[&format!("You are connected to {address}")]);
    albert.ask("ISON Mel", &["303 :Mel"]);
    mel.ask("getdir", &["There is no multicast room in the directory; /makeroom makes one"]);
    mel.ask("makeroom lab 239.1.2.3", &["Usage: makeroom NAME ADDRESS PORT"]);
    mel.ask("makeroom lab 239.1.2.3 4000", &["The room lab is in the directory, at 239.1.2.3:4000"]);
    mel.ask("makeroom attic 10.0.0.1 4000", &["Members meet at an address from 239.0.0.0 *"]);
    albert.ask("MAKEROOM attic 239.1.2.4 4000", &[":groupchat MAKEROOM attic 239.1.2.4 4000"]);
    let rows = ["ROOM   ADDRESS         OWNER", "attic  239.1.2.4:4000  albert", "lab    239.1.2.3:4000  Mel"];
    mel.ask("GETDIR", &rows);
    mel.ask("deleteroom attic", &["attic is a room of albert, who alone can delete it"]);
    mel.ask("/deleteroom lab", &["The room lab is in the directory no more"]);
    mel.ask("chat lab", &["There is no such room in the directory"]);
    mel.ask("name Melanie", &["You are now called Melanie"]);
    mel.ask("hello everybody", &["Unknown command hello, try help"]);
    mel.ask("bye", &[&format!("You are no longer connected to {address}")]);
    await_end(&mut albert, "Melanie");
    // What needs the server connects by itself, under the last name.
    mel.ask("getdir", &[&format!("You are connected to {address} as Melanie"), rows[0], rows[1]]);
    mel.type_line("tata");
    mel.expect_goodbye();
    await_end(&mut albert, "Melanie");
    assert_eq!(albert.sync(), Vec::<String>::new(), "nobody came into a room");
}

#[test]
fn help_shows_the_words() {
    let home = Home::calling("127.0.0.1:9");
    let mut mel = prompt(&home, &[]);
    mel.type_line("help");
    for word in ["connect", "bye", "tata", "getdir", "makeroom", "deleteroom", "chat", "name"] {
        mel.expect_line(&format!("{word} *"));
    }
    mel.ask("exit", &["DISCONNECTED!!"]);
    mel.expect_exit(0);
}

#[test]
fn a_name_is_asked_for_when_it_is_needed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("albert");
    let mut mel = prompt(&home, &[]);
    mel.ask("connect", &["CREATING NEW ID:", "Enter username: "]);
    mel.ask("albert", &["The name albert is taken", "Enter username: "]);
    mel.ask("mel", &["You are connected to * as mel"]);
    mel.end_input();
    mel.expect_goodbye();
}

#[test]
fn a_script_ends_when_there_is_no_server() {
    let home = Home::calling(&ScriptedServer::start().address);
    let mut mel = prompt(&home, &["--nick", "mel"]);
    mel.type_line("getdir\ngetdir");
    mel.expect_failure("nobody listens at 127.*; start the server with make run-server, or check --server");
    let server = Server::start(&[]);
    let _albert = server.client("albert");
    let mut script = Home::calling(server.addresses[0]).script(&["--directory"], "name albert\nchat lab\nhello\n");
    script.expect_lines(&[BEGIN, "You will be called albert"]);
    script.expect_failure("The name albert is taken; choose another with name NEW");
}

#[test]
fn a_lost_connection_can_be_ended() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut mel = prompt(&home, &["--nick", "mel"]);
    mel.type_line("connect");
    let mut session = server.accept();
    session.send(":srv 001 mel :Welcome");
    mel.expect_line("You are connected to * as mel");
    drop((session, server));
    mel.expect_line("Connection lost (*");
    mel.type_line("bye");
    mel.skip_to("You are no longer connected to *");
    mel.type_line("exit");
    mel.expect_goodbye();
}
