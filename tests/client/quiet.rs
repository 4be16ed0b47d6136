//! Not to be disturbed: sleep, which loses nothing, and the blacklist, which shows nothing.

use crate::harness::Server;

use super::person::Home;
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
fn a_sleep_ends_although_nobody_says_anything() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.ask("/sleep 5m", &["Good night. *"]);
    // Sooner than was said before.
    tesla.ask("/sleep 1", &["Good night. *", "You are awake again; nobody said anything."]);
    // Longer than any clock counts in small units.
    tesla.ask("/sleep 9000000000000000000", &["Good night. *"]);
    tesla.ask("/sleep 1", &["Good night. *", "You are awake again; nobody said anything."]);
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
    tesla.expect_line("Nobody is called albert just now");
    tesla.ask("/black ALBERT", &["ALBERT is on your blacklist already"]);
    tesla.ask("/black bob", &["You will see nothing more from bob; /unblock bob ends that"]);
    tesla.expect_line("Nobody is called bob just now");
    tesla.ask("/blacklist", &["albert", "bob"]);
    // Another person at the same computer has a blacklist of their own.
    let mut clara = home.person("clara");
    clara.ask("/blacklist", &["Your blacklist is empty"]);
    tesla.expect_line("clara joined the conversation");
    tesla.ask("/unblock Albert", &["You see Albert again"]);
    tesla.ask("/blacklist", &["bob"]);
}
