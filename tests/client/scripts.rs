//! Input from a pipe: everything is delivered, or it is said what was not, and then the client ends.

use crate::harness::{Client, Server};

use super::person::{Home, WELCOME};

/// A room with somebody in it who sees exactly what arrives.
pub fn listener(server: &Server, room: &str) -> Client {
    let mut albert = server.client("albert");
    albert.join(room);
    albert
}

#[test]
fn one_line_is_delivered() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    for (script, said) in [
        ("hello\n", "hello"),
        ("no end of line", "no end of line"),
        ("from Windows\r\n", "from Windows"),
        ("a tab\tinside\n", "a tab\tinside"),
    ] {
        let mut bot = home.script(&["--nick", "bot"], script);
        bot.expect_line(WELCOME);
        bot.expect_goodbye();
        albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
        albert.expect(&format!(":bot!bot@127.0.0.1 PRIVMSG #lobby :{said}"));
        albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    }
}

#[test]
fn the_name_can_be_the_first_line() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut bot = home.script(&[], "bot\nhello\n");
    bot.expect_lines(&["CREATING NEW ID:", "Enter username: ", WELCOME]);
    bot.expect_goodbye();
    albert.skip_to(":bot!bot@127.0.0.1 PRIVMSG #lobby :hello");
}

#[test]
fn bytes_that_are_no_text_do_not_stop_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut bot = home.start(&["--nick", "bot"]);
    bot.type_bytes(b"caf\xe9 \0zero\n\nPRIVMSG #lobby :no\rJOIN #trap\nend\n");
    bot.end_input();
    bot.expect_line(WELCOME);
    bot.expect_goodbye();
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :caf\u{fffd} zero");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :PRIVMSG #lobby :noJOIN #trap");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :end");
}

#[track_caller]
fn expect_all_in_order(server: &Server, count: usize) {
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(server, "#lobby");
    let lines: Vec<_> = (1..=count).map(|number| format!("line {number}")).collect();
    let mut bot = home.script(&["--nick", "bot"], &lines.join("\n"));
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    for line in lines {
        albert.expect(&format!(":bot!bot@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    bot.skip_to(WELCOME);
    bot.expect_goodbye();
}

#[test]
fn a_pasted_page_passes_at_once() {
    expect_all_in_order(&Server::start(&[]), 100);
}

#[test]
fn a_flood_is_slowed_down_and_arrives_in_order() {
    expect_all_in_order(&Server::start(&["--flood", "1000"]), 500);
}

#[test]
fn a_long_line_arrives_in_pieces_that_fit() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let dense = "é漢🙂x".repeat(300);
    let spaced = "größer 漢字🙂 ".repeat(150);
    assert_eq!((dense.len(), spaced.len()), (3000, 3000));
    let script = format!("{dense}\n{spaced}\n@albert {dense}\n/me {dense}\nend\n");
    let mut bot = home.script(&["--nick", "bot"], &script);
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    let source = ":bot!bot@127.0.0.1 PRIVMSG ";
    expect_pieces(&mut albert, &format!("{source}#lobby :"), &dense, "");
    expect_pieces(&mut albert, &format!("{source}#lobby :"), &spaced, "");
    expect_pieces(&mut albert, &format!("{source}albert :"), &dense, "");
    expect_pieces(&mut albert, &format!("{source}#lobby :\u{1}ACTION "), &dense, "\u{1}");
    albert.expect(&format!("{source}#lobby :end"));
    bot.expect_line(WELCOME);
    bot.expect_line(&format!("(to albert) {dense}"));
    bot.expect_goodbye();
}

#[test]
fn a_long_line_right_after_a_longer_name_is_split_for_it() {
    let server = Server::start(&["--flood", "200"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let (name, text) = ("n".repeat(32), "é漢🙂x".repeat(300));
    // After so many lines the server is behind: the client goes on before it can have seen its new name.
    let script = format!("{}/name {name}\n{text}\n", "hello\n".repeat(260));
    let mut bot = home.script(&["--nick", "bot"], &script);
    albert.skip_to(&format!(":bot!bot@127.0.0.1 NICK :{name}"));
    expect_pieces(&mut albert, &format!(":{name}!bot@127.0.0.1 PRIVMSG #lobby :"), &text, "");
    bot.skip_to(&format!("You are now called {name}"));
    bot.expect_goodbye();
}

/// The text comes whole, in several lines; that each of them fits is what every line is checked for.
#[track_caller]
fn expect_pieces(albert: &mut Client, before: &str, text: &str, after: &str) {
    let mut whole = String::new();
    while whole.len() < text.len() {
        let line = albert.receive().expect("the rest of the text");
        let piece = line.strip_prefix(before).and_then(|line| line.strip_suffix(after));
        whole.push_str(piece.unwrap_or_else(|| panic!("{line:?} is no piece of {before:?}")));
    }
    assert_eq!(whole, text);
}
