//! A lost connection: the client says so, comes back by itself, and loses nothing that was typed.

use crate::client::person::{Home, WELCOME, address_of_its_own};
use crate::client::scripted_server::{ScriptedServer, Session};
use crate::harness::Server;

const LOST: &str = "Connection lost (*). Trying again in 1 s ...";

#[test]
fn a_killed_server_comes_back_and_so_does_everybody() {
    let listen = format!("{}:0", address_of_its_own());
    let server = Server::start(&["--listen", &listen]);
    let address = server.addresses[0].to_string();
    let home = Home::calling(&address);
    let (mut tesla, mut albert) = (home.person("tesla"), home.person("albert"));
    tesla.expect_line("albert joined the conversation");
    // It ends as `kill -9` ends it.
    drop(server);
    tesla.expect_line(LOST);
    albert.expect_line(LOST);
    tesla.type_line("typed in the dark");
    let server = Server::start(&["--listen", &address, "--verbose"]);
    tesla.skip_to("Connected again.");
    albert.skip_to("Connected again.");
    server.program.expect_log("wrote to #lobby: typed in the dark  [ tesla ]");
    // An answer to a question comes after the room was entered.
    albert.type_line("/info");
    albert.skip_to("* in #lobby: *");
    tesla.type_line("hello again");
    albert.skip_to("tesla: hello again");
    albert.type_line("hello");
    tesla.skip_to("albert: hello");
    tesla.type_line("tata");
    tesla.skip_to("DISCONNECTED!!");
    assert_eq!(tesla.expect_exit(0), "");
    albert.skip_to("tesla left the conversation");
}

#[test]
fn a_server_that_ends_says_why() {
    let server = Server::start(&["--listen", &format!("{}:0", address_of_its_own())]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    server.program.signal("INT");
    tesla.expect_line("Connection lost (Server is shutting down). Trying again in 1 s ...");
    // Who does not want to wait leaves.
    tesla.signal("INT");
    tesla.expect_goodbye();
}

#[test]
fn rooms_keys_and_unconfirmed_lines_come_along() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    for (typed, sent, room) in [
        ("/join #vip secret", "JOIN #vip secret", "#vip"),
        ("/join #left", "JOIN #left", "#left"),
        ("/join #lab", "JOIN #lab", "#lab"),
    ] {
        tesla.type_line(typed);
        session.expect(sent);
        session.send(&format!(":tesla!tesla@host JOIN {room}"));
        session.answer_ping();
        tesla.expect_line(&format!("You are now talking to {room}"));
    }
    tesla.type_line("/part #left");
    session.expect("PART #left");
    session.send(":tesla!tesla@host PART #left");
    session.answer_ping();
    tesla.expect_line("You left #left");
    tesla.type_line("confirmed");
    session.expect("PRIVMSG #lab confirmed");
    session.answer_ping();
    session.send("PING :all read?");
    // Nothing else was sent before.
    session.expect("PONG :all read?");
    tesla.type_line("on its way");
    session.expect("PRIVMSG #lab :on its way");
    drop(session);
    tesla.expect_line(LOST);
    tesla.type_line("typed in the dark");
    tesla.type_line("@albert are you there?");
    tesla.expect_line("(to albert) are you there?");

    let mut session = server.accept();
    session.welcome("tesla");
    tesla.expect_line("Connected again.");
    expect_the_unconfirmed(&mut session);
    for room in ["#lobby", "#vip", "#lab"] {
        session.send(&format!(":tesla!tesla@host JOIN {room}"));
    }
    session.answer_ping();
    // In a script, what goes to somebody else waits until all before it is answered.
    session.expect("PRIVMSG albert :are you there?");
    session.answer_ping();
    tesla.type_line("tata");
    session.expect("QUIT");
    drop(session);
    tesla.expect_goodbye();
}

/// A server that has started again has empty rooms: who is back first talks to nobody.
#[test]
fn what_nobody_can_have_read_is_told_of() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    for (others, is_told) in [("", true), (" albert", false)] {
        drop(session);
        tesla.expect_line("Connection lost (*). Trying again in *");
        tesla.type_line("typed in the dark");
        session = server.accept();
        session.welcome("tesla");
        tesla.expect_line("Connected again.");
        session.expect("JOIN #lobby");
        session.expect("PRIVMSG #lobby :typed in the dark");
        session.send(":tesla!tesla@host JOIN #lobby");
        session.send(&format!(":srv 353 tesla = #lobby :tesla{others}"));
        session.send(":srv 366 tesla #lobby :End of /NAMES list");
        session.answer_ping();
        if is_told {
            tesla.expect_line(
                "Nobody else is in #lobby yet, so what you said there may have reached nobody; say it again",
            );
        }
    }
    tesla.type_line("tata");
    session.expect("QUIT");
    drop(session);
    tesla.expect_goodbye();
}

/// A key that starts with a colon is written with two.
#[test]
fn any_key_opens_the_room_again() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("/join #vip :-)");
    session.expect("JOIN #vip ::-)");
    session.send(":tesla!tesla@host JOIN #vip");
    session.answer_ping();
    tesla.expect_line("You are now talking to #vip");
    drop(session);
    let mut session = server.accept();
    session.welcome("tesla");
    session.expect("JOIN #lobby*");
    session.expect("JOIN #vip ::-)");
}

#[track_caller]
fn expect_the_unconfirmed(session: &mut Session) {
    for line in ["JOIN #lobby", "JOIN #vip secret", "JOIN #lab"] {
        let got = session.receive();
        assert_eq!(got.as_deref().map(str::trim_end), Some(line));
    }
    session.expect("PRIVMSG #lab :on its way");
    session.expect("PRIVMSG #lab :typed in the dark");
}

#[test]
fn a_ghost_of_the_lost_connection_is_waited_for() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--password", "sesame"]);
    let mut session = server.accept();
    session.expect("PASS :sesame");
    session.welcome("tesla");
    session.let_in("tesla", "#lobby");
    tesla.expect_line(WELCOME);
    drop(session);
    tesla.expect_line("Connection lost (the server closed the connection). Trying again in 1 s ...");
    let mut session = server.accept();
    session.expect("PASS :sesame");
    session.expect_registration("tesla");
    session.send(":srv 433 * tesla :Nickname is already in use");
    tesla.expect_line("Connection lost (The name tesla is taken). Trying again in 2 s ...");
    session.expect_end();
    let mut session = server.accept();
    session.expect("PASS :sesame");
    session.welcome("tesla");
    tesla.expect_line("Connected again.");
    session.expect("JOIN #lobby*");
    session.send(":tesla!tesla@host JOIN #lobby");
    session.send(":albert!a@host PRIVMSG #lobby :there you are");
    tesla.expect_line("albert: there you are");
}

#[test]
fn a_server_that_does_not_want_us_back_is_the_end() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, session) = server.tesla(&home);
    drop(session);
    tesla.expect_line(LOST);
    tesla.type_line("typed in the dark");
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv 465 tesla :You are banned");
    tesla.expect_line("DISCONNECTED!!");
    let errors = tesla.expect_exit(1);
    let undelivered = "chat-client: 1 line was not delivered: the server did not confirm in time";
    assert_eq!(errors.lines().collect::<Vec<_>>(), ["chat-client: You are banned", undelivered]);
}

#[test]
fn a_script_outlives_a_lost_connection() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let lines: Vec<String> = (1..=200).map(|number| format!("line-{number}")).collect();
    let mut bot = home.script(&["--nick", "bot"], &lines.join("\n"));
    let mut session = server.accept();
    session.welcome("bot");
    session.let_in("bot", "#lobby");
    bot.expect_line(WELCOME);
    // The server reads some lines, confirms none, and is gone.
    session.expect("PRIVMSG #lobby line-1");
    session.expect("PING :gc-2");
    session.expect("PRIVMSG #lobby line-2");
    drop(session);
    bot.expect_line(LOST);
    let mut session = server.accept();
    session.welcome("bot");
    session.expect("JOIN #lobby*");
    session.send(":bot!bot@host JOIN #lobby");
    bot.expect_line("Connected again.");
    let mut come = Vec::new();
    while come.len() < lines.len() {
        let line = session.receive().expect("the rest of the script");
        if let Some(token) = line.strip_prefix("PING :") {
            session.send(&format!(":srv PONG srv :{token}"));
        } else {
            come.push(line.replace("PRIVMSG #lobby ", ""));
        }
    }
    assert_eq!(come, lines);
    session.answer_ping();
    session.expect("QUIT");
    drop(session);
    bot.expect_goodbye();
}
