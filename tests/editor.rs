//! The client's terminal: what a user types and sees in a window.
//!
//! - [`window`]: a pseudo terminal with an emulator
//! - [`keys`]: what each key does
//! - [`leaving`]: each way out leaves the terminal as it was
//! - [`pastes`]: a paste is text
//! - `rows`: a text of several rows is one message

mod keys;
mod leaving;
mod pastes;
#[cfg(all(feature = "irc", feature = "mail", feature = "multiline"))]
mod rows;
pub mod window;

use crate::client::idle::expect_sleep;
use crate::client::person::Home;
#[cfg(feature = "files")]
use crate::client::{scripted_server::ScriptedServer, uploads::large};
use crate::harness::Server;
use window::Window;

/// mel in a window, and albert, whose bare connection shows exactly what others get. Both are in the lobby.
#[track_caller]
fn mel_and_albert(server: &Server, home: &Home) -> (Window, crate::harness::Client) {
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mel = Window::person(home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    (mel, albert)
}

#[test]
fn a_half_typed_line_survives_a_flood() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("漢字 half\x1b[D\x1b[D");
    mel.expect_prompt("#lobby> 漢字 ha|lf");
    for number in 0..300 {
        albert.send(&format!("PRIVMSG #lobby :{number} {}", "and so on ".repeat(number % 20)));
        if number == 100 {
            mel.type_text("xy\x7f");
        }
    }
    mel.expect("the last line", |screen| screen.contents().contains("albert: 299 and so on"));
    mel.expect_prompt("#lobby> 漢字 hax|lf");
    let lines = mel.lines();
    for number in 0..300 {
        let start = format!("albert: {number}");
        let count = lines.iter().filter(|line| **line == start || line.starts_with(&format!("{start} "))).count();
        assert_eq!(count, 1, "{start}");
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("#lobby>")).count(), 1, "nothing of the prompt is left");
    mel.type_text("\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :漢字 haxlf");
    mel.expect_row("mel: 漢字 haxlf");
}

#[cfg(feature = "files")]
#[test]
fn each_drawing_has_the_status_the_line_and_the_cursor_in_their_places() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    std::fs::write(home.path().join("film.mp4"), large()).unwrap();
    let mut tesla = Window::open(&home.client(&["--nick", "tesla", "--times", "off"]), 40, 16);
    let mut session = server.accept_with_files(&[]);
    tesla.expect_row("#lobby>");
    tesla.type_text("/file film.mp4 albert\r");
    session.expect("FILE OFFER u1 albert 12000000 film.mp4");
    session.answer_ping();
    session.send(":srv FILE PUT u1 7 one 0 00000000");
    // The server reads nothing, so the upload goes on and never ends.
    let mut data = server.accept();
    data.expect("PUT 7 one 0");
    tesla.expect_row("↑ film.mp4");
    let text = format!("{}e\u{301}👍 half", "漢字 word ".repeat(6));
    tesla.type_text(&format!("{text}\x1b[D\x1b[D\x1b[D"));
    tesla.expect("the line", |screen| screen.contents().contains("👍 half"));
    tesla.watch();
    let is_status = |row: &str| row.starts_with("↑ film.mp4");
    for number in 0..600 {
        let long = ["", "and so on ", "漢字 和 ", "👍 "][number % 4].repeat(number % 30);
        session.send(&format!(":albert!a@host PRIVMSG #lobby :<{number}> {long}"));
        // Half of them one by one, and half at full speed.
        if number < 300 {
            tesla.expect_row(&format!("albert: <{number}>"));
        }
    }
    tesla.expect_row("albert: <599>");
    let drawings = tesla.drawings();
    let below: Vec<_> = drawings.into_iter().map(|drawing| drawing.below(is_status).expect("a status")).collect();
    let mut expected = below.last().unwrap().clone();
    assert_eq!(expected.rows[1..].concat(), format!("#lobby> {text}"));
    assert!(below.len() > 300);
    for drawing in below {
        // Its figures change.
        expected.rows[0].clone_from(&drawing.rows[0]);
        assert_eq!(drawing, expected);
    }
}

#[test]
fn another_size_of_the_window_leaves_the_line_as_it_is() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text(&"word ".repeat(20));
    for (number, (columns, rows)) in [(40, 20), (100, 30), (23, 12), (200, 50), (80, 24)].into_iter().enumerate() {
        albert.send(&format!("PRIVMSG #lobby :before {number}"));
        mel.resize(columns, rows);
        albert.send(&format!("PRIVMSG #lobby :after {number}"));
        let text = format!("#lobby> {}", "word ".repeat(20));
        let chars: Vec<char> = text.chars().collect();
        let expected: Vec<String> = chars.chunks(columns.into()).map(|row| row.iter().collect()).collect();
        mel.expect(&format!("the line in {columns} columns"), |screen| {
            let shown: Vec<_> = screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
            let first = shown.iter().position(|row| row.starts_with("#lobby>")).unwrap_or(shown.len());
            let is_there = shown.iter().any(|row| *row == format!("albert: after {number}"));
            let below = shown[first..].iter().map(|row| row.trim_end()).filter(|row| !row.is_empty());
            is_there && below.eq(expected.iter().map(|row| row.trim_end()).filter(|row| !row.is_empty()))
        });
    }
}

#[test]
fn other_rooms_are_counted_and_shown_when_the_user_turns_to_them() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    albert.join("#lab");
    mel.type_text("/join #lab\r");
    mel.expect_prompt("#lab> |");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lab");
    albert.send("PRIVMSG #lobby :one");
    albert.send("PRIVMSG #lobby :two");
    mel.expect_prompt("(1:#lobby 2) #lab> |");
    mel.type_text("half");
    assert!(!mel.rows().iter().any(|row| row.contains("albert: one")));
    albert.send("PRIVMSG mel :psst");
    albert.send("PRIVMSG #lobby :mel, are you there?");
    mel.expect_row("[#lobby] albert: mel, are you there?");
    mel.expect_row("albert (to you): psst");
    mel.expect_prompt("(1:#lobby 3) #lab> half|");
    mel.type_text("\x1b1");
    // What was begun in #lab stays there.
    mel.expect_prompt("#lobby> |");
    let rows = mel.rows();
    let at = rows.iter().position(|row| row == "──── new ────").unwrap();
    assert_eq!(rows[at - 1..at + 3], ["You are now talking to #lobby", "──── new ────", "albert: one", "albert: two"]);
    assert_eq!(rows[at + 3], "albert: mel, are you there?", "in its place, too");
    mel.type_text("\x0e");
    mel.expect_prompt("#lab> half|");
    mel.type_text("\x10\x10");
    mel.expect_prompt("@albert> |");
    mel.type_text("psst\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG albert :psst");
}

#[test]
fn what_was_held_back_in_a_sleep_is_shown_wherever_the_user_is_then() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    albert.join("#lab");
    mel.type_text("/join #lab\r/to #lobby\r/sleep 1h\r");
    mel.expect_row("Good night");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lab");
    albert.send("PRIVMSG #lobby :held in the lobby");
    albert.send("PRIVMSG #lab :held in the lab");
    albert.send("PRIVMSG mel :held for mel");
    albert.send("PING :all");
    albert.expect("*PONG*all");
    mel.type_text("/whois albert\r");
    mel.expect_row("albert");
    mel.type_text("/join #dev\r");
    mel.expect_prompt("#dev> |");
    mel.type_text("/sleep 0\r");
    mel.expect_row("[#lobby] albert: held in the lobby");
    mel.expect_row("albert (to you): held for mel");
    mel.expect_prompt("(2:#lab 1) #dev> |");
    mel.type_text("\x1b2");
    mel.expect_row("albert: held in the lab");
    mel.expect_prompt("#lab> |");
}

#[test]
fn numbers_lead_to_conversations_until_these_are_closed() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let mut anna = server.client("anna");
    anna.send("PRIVMSG mel :hello");
    mel.expect_row("anna (to you): hello");
    mel.type_text("/join #lab\r");
    mel.expect_prompt("#lab> |");
    albert.send("PRIVMSG mel :psst");
    mel.expect_row("albert (to you): psst");
    mel.type_text("\x1b2");
    mel.expect_prompt("@anna> |");
    mel.type_text("/part #lab\r/window 4\r");
    mel.expect_prompt("@albert> |");
    mel.type_text("\x1b9");
    mel.expect_row("There is no conversation 9; there are 1 #lobby, 2 anna, 4 albert");
    mel.type_text("/close\r");
    mel.expect_row("The conversation with albert is closed");
    mel.expect_prompt("> |");
    mel.type_text("/q anna\r");
    mel.expect_prompt("@anna> |");
    mel.type_text("/close #lobby\r");
    mel.expect_row("#lobby is a room; /part #lobby leaves it");
    mel.expect_prompt("@anna> |");
    mel.type_text("/clear\r");
    mel.expect("a clear window", |screen| screen.contents().trim_end() == "@anna>");
    mel.type_text("/keys\r");
    mel.expect_row("Alt-1 to Alt-9");
}

#[test]
fn joins_are_counted_in_one_line() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mel, _albert) = mel_and_albert(&server, &home);
    let nicks = ["anna", "ben", "carl", "dora"];
    let clients = nicks.map(|nick| {
        let mut client = server.client(nick);
        client.join("#lobby");
        client
    });
    mel.expect_row("anna, ben and 2 others joined");
    assert_eq!(mel.rows().iter().filter(|row| row.contains("joined")).count(), 1);
    drop(clients);
    mel.expect_row("anna, ben and 2 others joined and left again");
    assert_eq!(mel.rows().iter().filter(|row| row.contains("joined")).count(), 1);
}

#[test]
fn a_storm_in_a_narrow_window_is_one_line_and_eats_no_other() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut mel = Window::open(&home.client(&["--nick", "mel"]), 40, 14);
    mel.expect_prompt("#lobby> |");
    mel.type_text("half a line that is longer than one row");
    albert.send("PRIVMSG #lobby :before the storm");
    mel.expect("it", |screen| screen.contents().contains("before the storm"));
    let join = |number| {
        let mut client = server.client(&format!("somebody-with-a-long-name-{number}"));
        client.join("#lobby");
        client
    };
    let clients: Vec<_> = (0..40).map(join).collect();
    let in_one_row = |screen: &vt100::Screen| screen.contents().split_whitespace().collect::<Vec<_>>().join(" ");
    mel.expect("all of them", |screen| in_one_row(screen).contains("38 others joined"));
    drop(clients);
    mel.expect("none of them", |screen| in_one_row(screen).contains("38 others joined and left again"));
    let lines = mel.lines().join("\n");
    assert_eq!(lines.matches("before the storm").count(), 1, "{lines}");
    assert_eq!(lines.matches("somebody-with-a-long-name").count(), 2, "{lines}");
    assert_eq!(lines.matches("Welcome to chat room").count(), 1, "{lines}");
}

#[test]
fn the_time_stands_before_what_people_say() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mel = Window::open(&home.client(&["--nick", "mel"]), 80, 24);
    mel.expect_prompt("#lobby> |");
    albert.send("PRIVMSG #lobby :hi");
    mel.expect("a time", |screen| {
        screen
            .contents()
            .lines()
            .any(|row| matches!(row.split_once(' '), Some((time, "albert: hi")) if time.len() == 5))
    });
}

#[test]
fn a_line_that_is_longer_than_a_terminal_takes_is_sent_as_a_whole() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text(&("x".repeat(5000) + "\r"));
    let mut count = 0;
    while count < 5000 {
        count += albert.receive().unwrap().rsplit(':').next().unwrap().len();
    }
    assert_eq!(count, 5000);
}

#[test]
fn a_name_is_asked_for_in_the_prompt() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("albert");
    let mut mel = Window::open(&home.client(&[]), 80, 24);
    mel.expect_prompt("Enter username: |");
    mel.type_text("albertx\x7f\r");
    mel.expect_row("The name albert is taken");
    mel.expect_prompt("Enter username: |");
    mel.type_text("mel\r");
    mel.expect_prompt("#lobby> |");
    mel.expect_row("Enter username: mel");
}

#[test]
fn an_idle_window_never_wakes_up() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("half");
    mel.expect_prompt("#lobby> half|");
    expect_sleep(mel.pid());
    // After the Escape key, too, which is known by what does not follow.
    mel.type_text("\x1b");
    albert.send("PRIVMSG #lobby :hi");
    mel.expect_row("albert: hi");
    expect_sleep(mel.pid());
    let mut mel = Window::open(&home.client(&["--directory", "--nick", "mel2"]), 80, 24);
    mel.expect_prompt("Directory: |");
    mel.type_text("connect\r");
    mel.expect_row("You are connected to");
    expect_sleep(mel.pid());
}

#[test]
fn the_directory_prompt_is_edited_the_same_way() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut mel = Window::open(&home.client(&["--directory", "--nick", "mel"]), 80, 24);
    mel.expect_prompt("Directory: |");
    mel.type_text("gexdir\x1b[D\x1b[D\x1b[D\x7ft\r");
    mel.expect_row("There is no multicast room in the directory");
    mel.expect_row("Directory: getdir");
    mel.type_text("tata\r");
    assert!(mel.expect_end().success());
}

#[test]
fn without_a_terminal_that_can_do_it_lines_are_plain() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut plain = home.client(&["--nick", "mel", "--plain-terminal"]);
    let mut dumb = home.client(&["--nick", "tesla"]);
    for command in [plain.env("TERM", "xterm"), dumb.env("TERM", "dumb")] {
        let window = Window::open(command, 80, 24);
        let before = window.modes();
        window.expect_prompt("You (#lobby): |");
        assert_eq!(window.modes(), before);
    }
}
