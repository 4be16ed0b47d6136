//! Letters at the chat client: what waited is shown with its time, and nothing is shown twice or lost.

use std::fs;

use crate::harness::{Output, Server};

use super::person::{Home, Person, WELCOME};
use super::scripted_server::{ScriptedServer, Session};
use super::tesla_and_albert;

/// tesla, who comes in again.
#[track_caller]
fn welcome_back(server: &ScriptedServer) -> Session {
    let mut session = server.accept();
    session.welcome("tesla");
    session.let_in("tesla", "#lobby");
    session
}

/// Accepts the capabilities that tesla asks for, and lets her in.
#[track_caller]
fn tesla_with_tags(server: &ScriptedServer, home: &Home) -> (Person, Session) {
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv CAP * ACK :message-tags");
    session.send(":srv 001 tesla :Welcome");
    session.let_in("tesla", "#lobby");
    tesla.expect_line(WELCOME);
    (tesla, session)
}

#[test]
fn a_server_that_renames_us_all_day_leaves_no_file_for_each_name() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = tesla_with_tags(&server, &home);
    let mut old = "tesla".to_owned();
    for number in 0..100 {
        let new = format!("guest{number}");
        session.send(&format!(":{old}!t@h NICK {new}"));
        tesla.expect_line(&format!("You are now called {new}"));
        old = new;
    }
    // What comes meanwhile is remembered all the same.
    let letter = "@msgid=7 :albert!a@h PRIVMSG guest99 :psst";
    session.send(letter);
    session.send(letter);
    tesla.expect_line("albert (to you): psst");
    tesla.type_line("/name nik");
    session.expect("NICK nik");
    session.send(&format!(":{old}!t@h NICK nik"));
    session.answer_ping();
    tesla.expect_line("You are now called nik");
    let folder = fs::read_dir(home.path().join("config/groupchat")).unwrap();
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name.starts_with("seen-"));
    files.sort_unstable();
    assert_eq!(files, ["seen-nik", "seen-tesla"]);
}

#[test]
fn who_comes_back_reads_what_was_written_and_when() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.type_line("tata");
    tesla.expect_goodbye();
    let mut albert = home.person("albert");
    albert.ask("@tesla are you there?", &["(to tesla) are you there?", "tesla is offline and gets it later"]);
    albert.ask("@edison hello", &["(to edison) hello", "Nobody is called edison"]);
    albert.type_line("/to tesla");
    albert.type_line("/me waves");
    albert.expect_lines(&["You are now talking to tesla", "tesla is offline and gets it later"]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to("*** 2 messages while you were away");
    tesla.skip_to("[20* UTC] albert (to you): are you there?");
    tesla.skip_to("[20* UTC] * albert waves (to you)");
    tesla.type_line("/whois albert");
    tesla.skip_to("albert is *");
    tesla.signal("KILL");
    server.program.expect_log("is offline (Connection ");
    // Its answer to the last question was behind the confirmation, so nothing waits any more.
    let mut tesla = home.person("tesla");
    tesla.ask("!INFO", &["2 people in #lobby: albert, tesla"]);
}

#[test]
fn who_has_read_a_letter_and_leaves_at_once_is_not_told_of_it_again() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    let mut albert = server.client("albert");
    for text in ["one", "two"] {
        albert.send(&format!("PRIVMSG tesla :{text}"));
        tesla.skip_to(&format!("albert (to you): {text}"));
    }
    // The server has not asked yet whether the second one has come.
    tesla.type_line("tata");
    tesla.expect_goodbye();
    let mut tesla = home.person("tesla");
    tesla.ask("!INFO", &["1 person in #lobby: tesla"]);
}

#[test]
fn a_letter_that_comes_again_is_shown_once_even_after_a_kill() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    let letter = |id: &str, text: &str| format!("@time=x;msgid={id} :albert!a@h PRIVMSG tesla :{text}");
    session.send(&letter("1-1", "one"));
    session.send("PING :mail-1");
    tesla.expect_line("albert (to you): one");
    session.expect("PONG :mail-1");
    tesla.signal("KILL");
    session.expect_end();
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = welcome_back(&server);
    tesla.expect_line(WELCOME);
    session.send(&letter("1-1", "one"));
    session.send(&letter("1-2", "two"));
    session.send(&letter("1-2", "two"));
    session.send("PING :mail-2");
    session.expect("PONG :mail-2");
    tesla.expect_line("albert (to you): two");
    session.send(":albert!a@h PRIVMSG #lobby :that was all");
    tesla.expect_line("albert: that was all");
}

/// Killed between the letter's id and the end of its line: it may or may not have been printed.
#[test]
fn a_letter_of_which_that_is_not_sure_is_shown_and_marked() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    fs::create_dir_all(home.path().join("config/groupchat")).unwrap();
    fs::write(home.path().join("config/groupchat/seen-tesla"), "/1-1\n/1-2").unwrap();
    let (mut tesla, mut session) = server.tesla(&home);
    for (id, text) in [("1-1", "one"), ("1-2", "two"), ("1-2", "two"), ("1-3", "three")] {
        session.send(&format!("@msgid={id} :albert!a@h PRIVMSG tesla :{text}"));
    }
    tesla.expect_lines(&["(perhaps shown before) albert (to you): two", "albert (to you): three"]);
}

#[test]
fn who_sleeps_confirms_no_letter_until_it_is_shown() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.ask("/sleep 1h", &["Good night. *"]);
    session.expect("PING :gc-alive");
    session.send("@msgid=1 :albert!a@h PRIVMSG tesla :psst");
    session.send("PING :mail-1");
    session.send("PING :srv");
    session.expect("PONG :srv");
    tesla.ask("/sleep 0", &["1 message while you were asleep:", "albert (to you): psst"]);
    session.expect("PONG :mail-1");
    // A goodbye wakes too. What was asked on a lost connection is not answered on the next.
    tesla.ask("/sleep 1h", &["Good night. *"]);
    session.send("@msgid=2 :albert!a@h PRIVMSG tesla :hey");
    session.send("PING :mail-2");
    drop(session);
    tesla.expect_line("Connection lost (*). Trying again in 1 s ...");
    let mut session = server.accept();
    session.welcome("tesla");
    session.expect("JOIN #lobby*");
    tesla.expect_line("Connected again.");
    session.send("@msgid=2 :albert!a@h PRIVMSG tesla :hey");
    session.send("PING :mail-1");
    session.send("PING :srv");
    session.expect("PONG :srv");
    tesla.type_line("tata");
    session.expect("PONG :mail-1");
    session.expect("QUIT");
    drop(session);
    tesla.expect_lines(&["1 message while you were asleep:", "albert (to you): hey"]);
    tesla.expect_goodbye();
}

/// A line whose confirmation was lost with the connection is sent again, with the same id.
#[test]
fn a_line_that_is_sent_again_is_shown_once() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = tesla_with_tags(&server, &home);
    tesla.type_line("@albert psst");
    let line = session.expect("@+groupchat.local/id=* PRIVMSG albert psst");
    session.expect("PING :gc-*");
    drop(session);
    tesla.expect_line("(to albert) psst");
    tesla.expect_line("Connection lost (*). Trying again in 1 s ...");
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv CAP * ACK :message-tags");
    session.send(":srv 001 tesla :Welcome");
    session.expect("JOIN #lobby*");
    assert_eq!(session.receive().as_deref(), Some(line.as_str()));
    session.answer_ping();
    // Another server may know no tags.
    tesla.type_line("@albert hello");
    session.expect("@+groupchat.local/id=* PRIVMSG albert hello");
    session.expect("PING :gc-*");
    drop(session);
    let mut session = server.accept();
    session.welcome("tesla");
    session.expect("JOIN #lobby*");
    session.expect("PRIVMSG albert hello");
}

#[test]
fn letters_that_nobody_could_read_are_not_confirmed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.type_line("tata");
    tesla.expect_goodbye();
    albert.expect(":tesla!tesla@127.0.0.1 QUIT :Quit: ");
    // `chat-client | head -1`
    let mut deaf = Person::start(home.client(&["--nick", "tesla"]), Output::Closed);
    deaf.passes_over_presence = false;
    deaf.expect_line("2 here: albert, tesla");
    albert.skip_to("*JOIN #lobby");
    albert.ask("PRIVMSG tesla :one", &[]);
    albert.ask("PRIVMSG tesla :two", &[]);
    deaf.signal("KILL");
    albert.expect("*QUIT :Connection *");
    server.program.expect_log("is offline (Connection ");
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to("* messages while you were away");
    tesla.skip_to("*albert (to you): two");
}
