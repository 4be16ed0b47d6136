//! /help, of a client with all wings.

use crate::harness::Server;

use super::person::Home;

#[test]
fn help_shows_every_command() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.type_line("/help all");
    for usage in [
        "/quit [reason]*",
        "/name NEW*",
        "/msg NAME text*",
        "&room text*",
        "/to NAME|#room*",
        "/close [NAME]*",
        "/me text*",
        "/say text*",
        "/info [#room]*",
        "/who [#room|NAME]*",
        "/whois NAME*",
        "/join #room [key]*",
        "/part [#room]*",
        "/rooms*",
        "/topic [text|-delete]*",
        "/mode [#room] [changes]*",
        "/invite NAME [#room]*",
        "/kick NAME [reason]*",
        "/sleep TIME*",
        "/away [text]*",
        "/black NAME*",
        "/unblock NAME*",
        "/blacklist*",
        "/fingerprint [NAME]*",
        "/release NAME*",
        "/file PATH [TARGET]*",
        "/files*",
        "/get ID*",
        "/cancel ID*",
        "/decline ID*",
        "/getdir*",
        "/makeroom NAME ADDRESS PORT*",
        "/deleteroom NAME*",
        "/chat ROOM*",
        "/help [all|COMMAND]*",
    ] {
        tesla.expect_line(usage);
    }
    tesla.expect_line("Everything else is sent to whoever you are talking to. /help COMMAND tells more:");
    tesla.expect_line(r"the other ways to write it, such as tata, @NAME text, !INFO or \sleep\30.");
    let hints = ["A line that begins with /, @ or &, *", "it is carried out, *", "and small *", "/say TEXT sends *"];
    tesla.expect_lines(&hints);
    for typed in ["/help join", "/help /join", "/help JOIN"] {
        tesla.ask(typed, &["/join #room [key]    Enter a room, or make one, and talk there"]);
    }
    let ways_out = ["    also: tata", "    also: exit", r"    also: \quit [reason]", "    also: !DISCONNECT"];
    tesla.ask("/help tata", &["/quit [reason]    Leave; the end of the input does the same"]);
    tesla.expect_lines(&ways_out);
    tesla.ask("/help foo", &["There is no command foo; /help all lists all of them"]);
}

#[test]
fn help_alone_fits_a_small_screen() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.type_line("/help");
    let mut rows = 0;
    let mut last = String::new();
    while !last.starts_with("commands, /help COMMAND tells more") {
        last = tesla.read().unwrap();
        rows += last.len().div_ceil(80);
    }
    // The prompt takes the last of 24 rows, and what was typed may still be seen in the first.
    assert!((12..=22).contains(&rows), "{rows} rows");
    for shown in ["/msg NAME text *Send text to one person alone", "/join #room [key]*", "/file PATH [TARGET]*"] {
        assert!(tesla.has_seen_like(shown), "{shown}");
    }
    assert!(!tesla.has_seen_like("/kick*"));
}
