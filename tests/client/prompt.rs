//! The directory prompt: `chat-client --directory`.

use std::time::Instant;

use super::person::{Home, Person};
use super::scripted_server::{ScriptedServer, Session};
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
    mel.ask("name Melanie", &["You are now called Melanie"]);
    mel.ask("hello everybody", &["Unknown command hello, try help"]);
    mel.ask("bye", &[&format!("You are no longer connected to {address}")]);
    await_end(&mut albert, "Melanie");
    // What needs the server connects by itself, under the last name.
    mel.ask("getdir", &[&format!("You are connected to {address} as Melanie"), rows[0], rows[1]]);
    mel.type_line("tata");
    mel.expect_refused("line 2 (name 7up): \"7up\" cannot be a name: *; also refused: lines 7, 9, 11, 14");
    await_end(&mut albert, "Melanie");
    assert_eq!(albert.sync(), Vec::<String>::new(), "nobody came into a room");
}

#[test]
fn help_shows_the_words() {
    let home = Home::calling("127.0.0.1:9");
    let mut mel = prompt(&home, &[]);
    mel.type_line("help");
    for word in ["connect", "bye", "quit", "getdir", "makeroom", "deleteroom"] {
        mel.expect_line(&format!("{word} *"));
    }
    mel.skip_to("name *");
    mel.expect_line("There is no chat here, so @NAME text and other lines of the chat are refused");
    mel.ask("exit", &["DISCONNECTED!!"]);
    mel.expect_exit(0);
}

#[test]
fn lines_of_the_chat_are_refused() {
    let home = Home::calling("127.0.0.1:9");
    let mut mel = prompt(&home, &[]);
    for (typed, command) in [
        ("@Melanie psst", "/msg"),
        ("@ Melanie psst", "/msg"),
        ("/msg Melanie psst", "/msg"),
        ("&room psst", "&"),
        ("!INFO", "/info"),
        (r"\sleep\5", "/sleep"),
        ("/say psst", "/say"),
    ] {
        mel.ask(typed, &[&format!("{command} is for the chat, which is not here: nothing was sent; try help")]);
    }
    mel.ask("!getdir", &["Usage: getdir; nothing was sent"]);
    mel.ask("!foo", &["Unknown command !foo, try help"]);
    mel.ask("name @Mel", &["You will be called Mel"]);
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
    mel.expect_line("DISCONNECTED!!");
    mel.expect_failure("nobody listens at 127.*; start the server with make run-server, or check --server");
    let server = Server::start(&[]);
    let _albert = server.client("albert");
    let mut script = Home::calling(server.addresses[0]).script(&["--directory"], "name albert\ngetdir\nhello\n");
    script.expect_lines(&[BEGIN, "You will be called albert", "DISCONNECTED!!"]);
    script.expect_failure("The name albert is taken; choose another with name NEW");
}

/// Lets the client say who it is.
#[track_caller]
fn registers(session: &mut Session) {
    while session.receive().expect("a registration") != "CAP END" {}
}

#[track_caller]
fn welcome(session: &mut Session) {
    registers(session);
    session.send(":srv 001 mel :Welcome");
}

/// Somebody at the prompt who has connected, and what the server has of that.
#[track_caller]
fn connected(server: &ScriptedServer, home: &Home) -> (Person, Session) {
    let mut mel = prompt(home, &["--nick", "mel"]);
    mel.type_line("connect");
    let mut session = server.accept();
    welcome(&mut session);
    mel.expect_line("You are connected to * as mel");
    (mel, session)
}

#[test]
fn a_lost_connection_can_be_ended() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut mel, session) = connected(&server, &home);
    drop((session, server));
    mel.expect_line("Connection lost (*");
    mel.type_line("bye");
    mel.skip_to("You are no longer connected to *");
    mel.type_line("exit");
    mel.expect_goodbye();
}

#[test]
fn a_connection_that_is_being_made_again_can_be_ended() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut mel, session) = connected(&server, &home);
    drop(session);
    mel.expect_line("Connection lost (*");
    let mut again = server.accept();
    registers(&mut again);
    mel.ask("bye", &["Waiting until an attempt to connect again has ended; Ctrl-C leaves at once"]);
    again.send(":srv 001 mel :Welcome");
    mel.expect_line("You are no longer connected to *");
    again.expect_end();
    mel.ask("bye", &["You are not connected; connect does that"]);
}

#[test]
fn bye_waits_until_the_server_has_confirmed_everything() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut mel, mut session) = connected(&server, &home);
    mel.type_line("makeroom lab 239.1.2.3 4000");
    session.expect("MAKEROOM lab 239.1.2.3 4000");
    mel.ask("bye", &["Waiting for the server to confirm what you sent; Ctrl-C leaves at once"]);
    session.send(":srv MAKEROOM lab 239.1.2.3 4000");
    session.answer_ping();
    session.expect("QUIT");
    mel.expect_line("The room lab is in the directory, at *");
    // The server does not close the connection, but it is closed.
    session.expect_end();
    mel.expect_line("You are no longer connected to *");
    mel.type_line("connect");
    let mut session = server.accept();
    welcome(&mut session);
    mel.expect_line("You are connected to * as mel");
    drop(session);
    mel.expect_line("Connection lost (*");
}

#[test]
fn a_refusal_ends_the_connection_and_not_the_prompt() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut mel, mut session) = connected(&server, &home);
    mel.type_line("makeroom lab 239.1.2.3 4000");
    session.expect("MAKEROOM lab 239.1.2.3 4000");
    drop(session);
    mel.expect_line("Connection lost (*");
    let mut again = server.accept();
    registers(&mut again);
    again.send(":srv 465 mel :You are banned");
    mel.expect_line("You are no longer connected to *: You are banned");
    mel.expect_line("1 line was not delivered: the server did not confirm in time");
    mel.ask("bye", &["You are not connected; connect does that"]);
    mel.type_line("deleteroom lab");
    let mut anew = server.accept();
    welcome(&mut anew);
    // What was not delivered does not come late.
    anew.expect("DELETEROOM lab");
    anew.answer_ping();
    // That something was lost before is told in the end, and no reason to stop.
    mel.type_line("deleteroom attic");
    anew.expect("DELETEROOM attic");
    anew.answer_ping();
    mel.end_input();
    anew.expect("QUIT");
    drop(anew);
    mel.expect_lines(&["You are connected to * as mel", "DISCONNECTED!!"]);
    mel.expect_failure("1 line was not delivered: the server did not confirm in time");
}
