//! The chat client: its options, the names it takes, and what it says when there is nobody to talk to.
//!
//! - [`person`], [`scripted_server`]: what these tests stand on
//! - [`commands`], [`scripts`]: what can be typed, and input from a pipe
//! - [`entering`]: rooms and people to talk to, where they are and where they are not
//! - [`private`]: what must not reach a room
//! - [`quiet`]: sleep and blacklist
//! - [`idle`]: what a client does for which there is nothing to do
//! - [`leaving`]: the ways out
//! - [`servers`]: what other servers do
//! - [`terminal`]: what only a real terminal does
//!
//! Those that need wings, of the client or of the server:
//! - `rooms`, `screen`: groups with operators; what is printed, whoever wrote it
//! - `blacklist`, `letters`: under whichever name; what waited, and what comes twice
//! - `uploads`, `interrupted`, `downloads`: files, with a server that does what the test says
//! - `prompt`: the directory prompt
//! - `chat`: scripts in multicast rooms
//! - `help`: all of the commands

mod commands;
mod entering;
pub mod idle;
mod leaving;
pub mod person;
mod private;
mod quiet;
pub mod scripted_server;
mod scripts;
mod servers;
mod terminal;

#[cfg(feature = "irc")]
mod rooms;
#[cfg(feature = "irc")]
mod screen;

#[cfg(all(feature = "irc", feature = "mail"))]
mod blacklist;
#[cfg(feature = "mail")]
mod letters;

#[cfg(feature = "files")]
mod downloads;
#[cfg(feature = "files")]
mod interrupted;
#[cfg(feature = "files")]
pub mod uploads;

#[cfg(feature = "directory")]
mod prompt;

#[cfg(feature = "multicast")]
mod chat;

#[cfg(all(feature = "files", feature = "multicast", feature = "tls"))]
mod help;

use wire::numeric::ERR_PASSWDMISMATCH;

use crate::harness::{Client, Server};
use person::{Home, Person, WELCOME, address_of_its_own};

/// tesla at the chat client, and albert, whose bare connection shows exactly what others get. Both
/// are in the lobby, which albert runs.
#[track_caller]
fn tesla_and_albert(server: &Server, home: &Home) -> (Person, Client) {
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let tesla = home.person("tesla");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    (tesla, albert)
}

#[test]
fn a_name_is_asked_for_until_it_can_be_had() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("Albert");
    let mut tesla = home.start(&[]);
    tesla.expect_lines(&["CREATING NEW ID:", "Enter username: "]);
    tesla.ask("", &["Please type a name", "Enter username: "]);
    for bad in ["two words", "2x", "-x", "émile", "../x", "a123456789012345678901234567890bc"] {
        tesla.ask(bad, &[&format!("\"{bad}\" cannot be a name: *"), "Enter username: "]);
    }
    tesla.ask("albert", &["The name albert is taken", "Enter username: "]);
    tesla.ask("  tesla ", &[WELCOME]);
    tesla.ask("!INFO", &["1 person in #lobby: tesla"]);
}

#[test]
fn a_script_is_not_asked_for_another_name() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("albert");
    let mut taken = home.script(&["--nick", "Albert"], "hello\n");
    taken.expect_failure("The name Albert is taken; choose another with --nick");
    let mut bad = home.script(&["--nick", "2x"], "hello\n");
    bad.expect_failure("\"2x\" cannot be a name: *; choose another with --nick");
}

#[test]
fn without_a_name_there_is_no_conversation() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut nobody = home.script(&[], "2x\n");
    nobody.expect_lines(&["CREATING NEW ID:", "Enter username: ", "\"2x\" cannot be a name: *", "Enter username: "]);
    nobody.expect_failure("the input ended before a name was given; give one with --nick");
}

#[test]
fn a_server_that_is_not_there_is_one_sentence() {
    let address = format!("{}:1", address_of_its_own());
    let home = Home::calling(&address);
    let sentence = format!("nobody listens at {address}; start the server with make run-server, or check --server");
    home.script(&["--nick", "bot"], "hello\n").expect_failure(&sentence);
    // Nor is anybody asked for a name before.
    home.start(&[]).expect_failure(&sentence);
}

#[test]
fn an_unknown_host_is_one_sentence() {
    let home = Home::calling("no-such-host.invalid");
    let errors = home.script(&["--nick", "bot"], "hello\n").expect_exit(1);
    // Where no resolver can be reached, that is all that can be said.
    let is_offline = errors.contains("Temporary failure");
    let sentence = if is_offline {
        "the name in no-such-host.invalid:6667 cannot be looked up just now"
    } else {
        "there is no host of the name in no-such-host.invalid:6667"
    };
    assert!(errors.contains(sentence) && errors.lines().count() == 1, "{errors}");
}

#[test]
fn options_are_checked_before_anything_else() {
    for (server, options, hint) in [
        ("127.0.0.1", &["--room", "two words"][..], "a room has a #"),
        ("127.0.0.1", &["--password", ""], "at least one character"),
        ("127.0.0.1", &["--frobnicate"], "--help"),
        ("host:port", &[], "HOST:PORT"),
    ] {
        let errors = Home::calling(server).start(options).expect_exit(2);
        assert!(errors.contains(hint), "{errors}");
    }
    let home = Home::calling("127.0.0.1");
    let mut help = home.start(&["--help"]);
    let options = ["server <HOST:PORT>", "nick <NAME>", "room <#ROOM>", "password <PW>", "plain-terminal"];
    for option in options {
        help.skip_to(&format!("*--{option}*"));
    }
    help.skip_to("Once connected, /help lists the commands.");
    help.expect_exit(0);
}

#[test]
fn a_server_may_want_a_password() {
    let server = Server::start(&["--password", "open sesame"]);
    let home = Home::calling(server.addresses[0]);
    let sentence = format!("{}; give the right one with --password", ERR_PASSWDMISMATCH.text);
    let hint = format!("the server wants a password ({}); give it with --password", ERR_PASSWDMISMATCH.text);
    home.script(&["--nick", "bot"], "hello\n").expect_failure(&hint);
    home.script(&["--nick", "bot", "--password", "x"], "hello\n").expect_failure(&sentence);
    let mut tesla = home.start(&["--nick", "tesla", "--password", "open sesame"]);
    tesla.expect_line(WELCOME);
}

#[test]
fn the_first_room_can_be_chosen() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lab");
    // A shell takes the # for a comment, so it may be missing. Every build has a plain terminal.
    let mut tesla = home.start(&["--nick", "tesla", "--plain-terminal", "--room", "lab"]);
    tesla.expect_line(WELCOME);
    tesla.type_line("hello");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lab");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lab :hello");
}
