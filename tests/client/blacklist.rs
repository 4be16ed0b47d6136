//! The blacklist: under whichever name, after a restart, and where it cannot be saved.

use std::fs;

use crate::harness::{Client, Output, Server};

use super::person::{Home, Person, WELCOME};

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
