//! The ways out: every word for it, the end of the input, Ctrl-C, and a screen that nobody looks at.

use crate::harness::{Output, Server};

use super::person::{Home, Person};
use super::scripted_server::ScriptedServer;
use super::tesla_and_albert;

const GONE: &str = ":tesla!tesla@127.0.0.1 QUIT :Quit: ";

#[test]
fn every_word_for_leaving_leaves() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    for word in ["tata", "exit", "/quit", r"\quit", "!DISCONNECT", "/QUIT", "tata "] {
        let mut tesla = home.person("tesla");
        tesla.type_line(word);
        tesla.expect_goodbye();
        albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
        albert.expect(GONE);
    }
    let mut tesla = home.person("tesla");
    tesla.end_input();
    tesla.expect_goodbye();
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    albert.expect(GONE);
}

#[test]
fn those_words_inside_a_sentence_are_text() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    for (typed, sent) in [
        ("exit the room", "exit the room"),
        ("tata everybody", "tata everybody"),
        ("/say exit", "exit"),
        ("/say tata", "tata"),
        ("Exit, please", "Exit, please"),
    ] {
        tesla.type_line(typed);
        albert.expect(&format!(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :{sent}"));
    }
}

#[test]
fn a_reason_is_given_to_the_others() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = (home.person("tesla"), home.person("albert"));
    tesla.expect_line("albert joined the conversation");
    albert.type_line("/quit dinner is ready");
    albert.expect_goodbye();
    tesla.expect_line("albert left the conversation (dinner is ready)");
}

#[test]
fn who_leaves_while_asleep_sees_what_was_said() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/sleep 1h", &["Good night. What others say is shown in 3600 s, or after /sleep 0"]);
    albert.send("PRIVMSG #lobby :sweet dreams");
    albert.sync();
    // The answer to a question comes after what was sent before it.
    tesla.ask("/info", &["2 people in #lobby: albert, tesla"]);
    tesla.type_line("tata");
    tesla.expect_lines(&["1 message while you were asleep:", "albert: sweet dreams"]);
    tesla.expect_goodbye();
}

#[test]
fn ctrl_c_leaves() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    for signal in ["INT", "TERM"] {
        let mut tesla = home.person("tesla");
        tesla.signal(signal);
        tesla.expect_goodbye();
        albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
        albert.expect(GONE);
    }
    let mut nobody = home.start(&[]);
    nobody.expect_lines(&["CREATING NEW ID:", "Enter username: "]);
    nobody.signal("INT");
    nobody.expect_goodbye();
}

#[test]
fn a_script_goes_on_when_nobody_reads_its_output() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut tesla = Person::start(home.client(&["--nick", "tesla"]), Output::Closed);
    tesla.passes_over_presence = false;
    tesla.expect_line("2 here: albert, tesla");
    assert_eq!(tesla.read(), None);
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    for _ in 0..10 {
        albert.send("PRIVMSG #lobby :is anybody there?");
    }
    albert.sync();
    tesla.type_line("I am");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :I am");
    tesla.end_input();
    albert.expect(GONE);
    assert_eq!(tesla.expect_exit(0), "");
}

#[test]
fn a_screen_that_takes_nothing_does_not_stop_ctrl_c() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut tesla = Person::start(home.client(&["--nick", "tesla"]), Output::Unread);
    tesla.passes_over_presence = false;
    tesla.expect_line("2 here: albert, tesla");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    // More than a pipe holds.
    for _ in 0..400 {
        albert.send(&format!("PRIVMSG #lobby :{}", "x".repeat(400)));
    }
    albert.sync();
    tesla.signal("INT");
    assert_eq!(tesla.expect_exit(0), "");
    albert.expect(":tesla!tesla@127.0.0.1 QUIT :*");
}

#[test]
fn who_does_not_want_to_wait_for_the_server_need_not() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("hello");
    tesla.type_line("tata");
    session.expect("PRIVMSG #lobby hello");
    tesla.expect_line("Waiting for the server to confirm what you sent; Ctrl-C leaves at once");
    tesla.signal("INT");
    tesla.expect_goodbye();
    session.expect("PING :gc-2");
    session.expect("QUIT");
    session.expect_end();
}
