//! /help, of a client with all wings.

use crate::harness::Server;

use super::person::Home;

#[test]
fn help_shows_every_command() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut tesla = home.person("tesla");
    tesla.type_line("/help");
    for usage in [
        "/quit [reason]*",
        "/name NEW*",
        "/msg NAME text*",
        "&room text*",
        "/to NAME|#room*",
        "/me text*",
        "/say text*",
        "/info*",
        "/who [#room]*",
        "/whois NAME*",
        "/join #room [key]*",
        "/part [#room]*",
        "/rooms*",
        "/topic [text]*",
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
        "/getdir*",
        "/makeroom NAME ADDRESS PORT*",
        "/deleteroom NAME*",
        "/chat ROOM*",
        "/help [command]*",
    ] {
        tesla.expect_line(usage);
    }
    tesla.expect_line("Everything else is sent to whoever you are talking to. /help COMMAND tells more:");
    tesla.expect_line(r"the other ways to write it, such as tata, @NAME text, !INFO or \sleep\30.");
    for hint in ["A line that begins with /, @ or &, *", "refused with a reason, *", "/say TEXT sends *"] {
        tesla.expect_line(hint);
    }
    for typed in ["/help join", "/help /join", "/help JOIN"] {
        tesla.ask(typed, &["/join #room [key]    Enter a room, or make one, and talk there"]);
    }
    let ways_out = ["    also: tata", "    also: exit", r"    also: \quit [reason]", "    also: !DISCONNECT"];
    tesla.ask("/help tata", &["/quit [reason]    Leave; the end of the input does the same"]);
    tesla.expect_lines(&ways_out);
    tesla.ask("/help foo", &["There is no command foo; /help lists all of them"]);
}
