//! What is printed: nothing that a terminal would obey, whoever wrote it and wherever it stands.
//! That is checked for every line of every test; here are those who try.

use std::fs;

use crate::harness::Server;

use super::person::{Home, WELCOME};
use super::scripted_server::ScriptedServer;
use super::tesla_and_albert;

/// Clears the screen, sets the title, turns red (C1), rings, goes back, reverses, hides, breaks the line.
const HOSTILE: &str =
    "\x1b[2J\x1b]0;x\x07\u{9b}31mred\u{8}\u{202e}txt\u{2066}\u{200f}\u{2028}\u{85}\u{feff}\u{7f}\u{3}4,1end";
const CLEAN: &str = "[2J]0;x31mredtxtend";

#[test]
fn what_other_people_write_is_only_text() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let mut clara = server.client("clara");
    clara.join("#lobby");
    tesla.expect_line("clara joined the conversation");
    for (sent, shown) in [
        (format!("PRIVMSG #lobby :{HOSTILE}"), format!("albert: {CLEAN}")),
        (format!("PRIVMSG tesla :{HOSTILE}"), format!("albert (to you): {CLEAN}")),
        (format!("NOTICE tesla :{HOSTILE}"), format!("(to you) -albert- {CLEAN}")),
        (format!("PRIVMSG #lobby :\u{1}ACTION {HOSTILE}\u{1}"), format!("* albert {CLEAN}")),
        (format!("TOPIC #lobby :{HOSTILE}"), format!("albert set the topic: {CLEAN}")),
        (format!("KICK #lobby clara :{HOSTILE}"), format!("clara was removed by albert ({CLEAN})")),
    ] {
        albert.send(&sent);
        tesla.expect_line(&shown);
    }
    tesla.ask("/topic", &[&format!("Topic of #lobby: {CLEAN}")]);
    albert.send(&format!("AWAY :{HOSTILE}"));
    albert.sync();
    tesla.ask("@albert hi", &["(to albert) hi", &format!("albert is away: {CLEAN}")]);
    albert.send(&format!("PART #lobby :{HOSTILE}"));
    tesla.expect_line(&format!("albert left the conversation ({CLEAN})"));
    albert.join("#lobby");
    tesla.expect_line("albert joined the conversation");
    albert.send(&format!("QUIT :{HOSTILE}"));
    tesla.expect_line(&format!("albert left the conversation ({CLEAN})"));
    // Nor does she send what came into her own input, unseen.
    tesla.ask(&format!("@tesla {HOSTILE}"), &["That line has a control character in it, so nothing was sent; *"]);
}

#[test]
fn the_message_of_the_day_is_only_text() {
    let folder = Home::calling("nobody");
    let file = folder.path().join("motd");
    fs::write(&file, format!("Hello,\n{HOSTILE}\n\tworld\n")).unwrap();
    let server = Server::start(&["--motd", file.to_str().unwrap()]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.expect_lines(&["- Hello,", &format!("- {}", CLEAN.replace('\n', "")), "-  world", WELCOME]);
}

#[test]
fn what_a_server_says_is_only_text() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    let evil = HOSTILE.replace('!', "");
    for (sent, shown) in [
        (format!(":srv 372 tesla :{HOSTILE}"), CLEAN.to_owned()),
        (format!(":srv 599 tesla {HOSTILE} :{HOSTILE}"), format!("{CLEAN} {CLEAN}")),
        (format!(":srv NOTICE tesla :{HOSTILE}"), format!("*** {CLEAN}")),
        (format!(":{evil}!x@y PRIVMSG #lobby :hi"), format!("{CLEAN}: hi")),
        (format!(":{evil}!x@y JOIN #lobby"), format!("{CLEAN} joined the conversation")),
        (format!(":{evil}!x@y JOIN #{HOSTILE}"), format!("[#{CLEAN}] {CLEAN} joined the conversation")),
        (format!(":{evil}!x@y INVITE tesla #{HOSTILE}"), format!("{CLEAN} invites you to #{CLEAN}; /join #{CLEAN} *")),
        (format!(":{evil}!x@y MODE #lobby +k {HOSTILE}"), format!("{CLEAN} set mode +k {CLEAN}")),
        (format!(":{evil}!x@y NICK :{HOSTILE}"), format!("{CLEAN} is now called {CLEAN}")),
        (format!(":{evil}!x@y QUIT :x{HOSTILE}"), format!("{CLEAN} left the conversation (x{CLEAN})")),
        (format!(":srv 433 tesla {HOSTILE} :taken"), format!("The name {CLEAN} is taken")),
        (format!(":srv 404 tesla {HOSTILE} :{HOSTILE}"), format!("You cannot send to {CLEAN}: {CLEAN} *")),
    ] {
        session.send(&sent);
        tesla.expect_line(&shown);
    }
    tesla.type_line("!INFO");
    session.expect("NAMES #lobby");
    // To some, two of these characters are spaces.
    let name = HOSTILE.replace(['\u{2028}', '\u{85}'], "");
    session.send(&format!(":srv 353 tesla = #lobby :tesla @{name}"));
    session.send(":srv 366 tesla #lobby :End");
    session.answer_ping();
    tesla.expect_line(&format!("2 people in #lobby: {CLEAN}, tesla"));
    session.send(&format!("ERROR :{HOSTILE}"));
    drop(session);
    tesla.expect_line(&format!("Connection lost ({CLEAN}). Trying again in 1 s ..."));
}

#[test]
fn a_refusal_is_only_text() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(&format!("ERROR :{HOSTILE}"));
    tesla.expect_failure(CLEAN);
}
