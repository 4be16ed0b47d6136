//! Not to be disturbed: sleep, which loses nothing, and the blacklist, which shows nothing.

use std::fs;

use crate::harness::{Client, Output, Server};

use super::person::{Home, Person, WELCOME};
use super::tesla_and_albert;

#[test]
fn sleep_ends_by_itself_and_shows_what_was_missed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask(r"\sleep\1", &["Good night. What others say is shown in 1 s, or after /sleep 0"]);
    for line in ["PRIVMSG #lobby :one", "PRIVMSG tesla :two", "NICK bert"] {
        albert.send(line);
    }
    tesla.expect_lines(&["3 messages while you were asleep:", "albert: one", "albert (to you): two"]);
    tesla.expect_line("albert is now called bert");
    albert.send("PRIVMSG #lobby :good morning");
    tesla.expect_line("bert: good morning");
}

#[test]
fn nothing_is_lost_in_a_long_sleep() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/sleep 5m", &["Good night. What others say is shown in 300 s, or after /sleep 0"]);
    for number in 1..=1000 {
        albert.send(&format!("PRIVMSG #lobby :{number}"));
    }
    albert.sync();
    // The answer to a question comes at once, and after all that was sent before it.
    tesla.ask("!INFO", &["2 people in #lobby: albert, tesla"]);
    tesla.ask("/sleep 0", &["1000 messages while you were asleep:"]);
    for number in 1..=1000 {
        tesla.expect_line(&format!("albert: {number}"));
    }
}

#[test]
fn a_sleeper_can_talk_and_sleep_on() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/sleep 30", &["Good night. What others say is shown in 30 s, or after /sleep 0"]);
    tesla.type_line("zzz");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :zzz");
    albert.send("PRIVMSG #lobby :one");
    albert.sync();
    tesla.ask("/sleep 30s", &["Good night. *"]);
    tesla.ask("/sleep for a while", &["How long? Seconds as 30, minutes as 5m, hours as 1h; 0 ends the sleep"]);
    tesla.ask("/sleep", &["Usage: /sleep TIME"]);
    tesla.ask("/info", &["2 people in #lobby: albert, tesla"]);
    tesla.ask("/sleep 0", &["1 message while you were asleep:", "albert: one"]);
    tesla.ask("/sleep 30", &["Good night. *"]);
    tesla.ask(r"\sleep\0", &["You are awake again; nobody said anything."]);
}

/// What bert, once albert, does must not be seen; what clara says afterwards must.
#[track_caller]
fn expect_only_clara(tesla: &mut Person, marker: &str, clara: &mut Client) {
    clara.send(&format!("PRIVMSG #lobby :{marker}"));
    tesla.expect_line(&format!("clara: {marker}"));
}

#[test]
fn the_blacklist_follows_a_rename_and_survives_a_restart() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut albert, mut clara] = server.room("#lobby", ["albert", "clara"]);
    let mut tesla = home.person("tesla");
    tesla.ask(r"\black\Albert", &["You will see nothing more from Albert; /unblock Albert ends that"]);
    for line in ["PRIVMSG #lobby :hm", "PRIVMSG tesla :hm", "NOTICE tesla :hm", "TOPIC #lobby :hm", "NICK bert"] {
        albert.send(line);
    }
    for line in ["PRIVMSG #lobby :hm", "PRIVMSG tesla :\u{1}ACTION waves\u{1}", "PART #lobby", "JOIN #lobby"] {
        albert.send(line);
    }
    albert.sync();
    expect_only_clara(&mut tesla, "one", &mut clara);
    // Before that is answered, the server knows that the letters have come.
    tesla.ask("!INFO", &["3 people in #lobby: bert, clara, tesla"]);
    tesla.type_line("tata");
    tesla.expect_goodbye();

    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.expect_lines(&["Topic of #lobby: hm", WELCOME]);
    albert.send("PRIVMSG #lobby :hm");
    albert.send("NICK lamb");
    albert.send("PRIVMSG tesla :hm");
    albert.sync();
    expect_only_clara(&mut tesla, "two", &mut clara);
    tesla.ask("/blacklist", &["Albert, also called bert, also called lamb"]);
    tesla.ask(r"\unblock\lamb", &["You see lamb again"]);
    albert.send("PRIVMSG #lobby :sorry");
    tesla.expect_line("lamb: sorry");
    tesla.ask("/blacklist", &["Your blacklist is empty"]);
}

#[test]
fn the_blacklist_says_what_it_does() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.ask("/black Tesla", &["You cannot blacklist yourself"]);
    tesla.ask("/black ../../etc", &["\"../../etc\" cannot be a name: *"]);
    tesla.ask("/black", &["Usage: /black NAME"]);
    tesla.ask(r"\black\", &["Usage: /black NAME"]);
    tesla.ask("/unblock albert", &["albert is not on your blacklist"]);
    tesla.ask("/black albert", &["You will see nothing more from albert; /unblock albert ends that"]);
    tesla.ask("/black ALBERT", &["ALBERT is on your blacklist already"]);
    tesla.ask("/black bob", &["You will see nothing more from bob; /unblock bob ends that"]);
    tesla.ask("/blacklist", &["albert", "bob"]);
    // Another person at the same computer has a blacklist of their own.
    let mut clara = home.person("clara");
    clara.ask("/blacklist", &["Your blacklist is empty"]);
    tesla.expect_line("clara joined the conversation");
    tesla.ask("/unblock Albert", &["You see Albert again"]);
    tesla.ask("/blacklist", &["bob"]);
}

#[test]
fn a_blacklist_that_cannot_be_kept_works_until_the_end() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut command = home.client(&["--nick", "tesla"]);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    let mut tesla = Person::start(command, Output::Read);
    tesla.expect_line("The blacklist cannot be read (neither XDG_CONFIG_HOME nor HOME is set); *");
    tesla.expect_line("What you have read cannot be remembered (*); a message may be shown twice");
    tesla.expect_line(WELCOME);
    tesla.ask("/black albert", &["You will see nothing more from albert; *"]);
    albert.send("PRIVMSG #lobby :hm");
    albert.sync();
    tesla.ask("/info", &["2 people in #lobby: albert, tesla"]);
    drop(tesla);

    // A file where the folder should be.
    fs::write(home.path().join("config"), "").unwrap();
    let mut tesla = home.start(&["--nick", "clara"]);
    tesla.expect_line("The blacklist cannot be read (*); it will not be saved either");
    tesla.expect_line("What you have read cannot be remembered (*); a message may be shown twice");
    tesla.expect_line(WELCOME);
    tesla.ask("/black bob", &["You will see nothing more from bob; *"]);
}
