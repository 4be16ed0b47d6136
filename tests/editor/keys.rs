//! What each key does to the line.

use super::mel_and_albert;
use super::window::Window;
use crate::client::person::Home;
use crate::harness::Server;

#[test]
fn keys_edit_the_line() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, _albert) = mel_and_albert(&server, &home);
    for (typed, line) in [
        ("one two", "one two|"),
        ("\x1b[D\x1b[D", "one t|wo"),
        ("\x1bOC", "one tw|o"),
        ("\x1b[H", "|one two"),
        ("\x1b[1;5C", "one| two"),
        ("\x1b[F", "one two|"),
        ("\x1bb", "one |two"),
        ("\x1b[3~", "one |wo"),
        ("\x01\x04", "|ne wo"),
        ("\x05\x08", "ne w|"),
        ("\x17", "ne |"),
        ("\x19", "ne w|"),
        ("\x1b\x7f\x0b", "ne |"),
        ("\x1f", "ne w|"),
        ("\x15", "|"),
        ("\x19\x02\x02\x0b", "ne|"),
        ("\x15e\u{301}👍漢", "e\u{301}👍漢|"),
        ("\x1b[D\x1b[D\x1b[D", "|e\u{301}👍漢"),
        ("\x1b[C\x1b[3~", "e\u{301}|漢"),
        // Neither of these is text.
        ("\x1b[15~\x1b[5~\x1b[<0;1;1M\x1b[M !!\x00", "e\u{301}|漢"),
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1bP1$r0m\x1b\\", "e\u{301}|漢"),
        ("\x03", "|"),
    ] {
        mel.type_text(typed);
        mel.expect_prompt(&format!("#lobby> {line}"));
    }
}

#[test]
fn ctrl_l_clears_the_window_and_keeps_the_line() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, _albert) = mel_and_albert(&server, &home);
    mel.type_text("half\x0c");
    mel.expect("only the line", |screen| screen.contents() == "#lobby> half");
    mel.expect_prompt("#lobby> half|");
}

#[test]
fn the_history_is_there_in_the_next_run() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("first\r second\rthird\r");
    for line in ["first", " second", "third"] {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
    mel.type_text("tata\r");
    mel.expect_end();
    let file = home.path().join("config/groupchat/history");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "first\nthird\ntata\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut mel = Window::person(&home, "mel");
    mel.type_text("\x1b[A\x1b[A");
    mel.expect_prompt("#lobby> third|");
    mel.type_text("\x03f\x1b[A");
    mel.expect_prompt("#lobby> first|");
    mel.type_text("\x1b[B");
    mel.expect_prompt("#lobby> f|");
}

#[test]
fn two_clients_write_one_history() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let mut anna = Window::person(&home, "anna");
    albert.expect(":anna!anna@127.0.0.1 JOIN #lobby");
    for number in 0..3 {
        for (nick, window) in [("mel", &mut mel), ("anna", &mut anna)] {
            window.type_text(&format!("{number} of {nick}\r"));
            albert.expect(&format!(":{nick}!{nick}@127.0.0.1 PRIVMSG #lobby :{number} of {nick}"));
        }
    }
    let file = home.path().join("config/groupchat/history");
    let lines = "0 of mel\n0 of anna\n1 of mel\n1 of anna\n2 of mel\n2 of anna\n";
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);
}

#[test]
fn a_search_goes_on_while_lines_arrive() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("hello there\r\x12hel");
    mel.expect_prompt("(search: hel) #lobby> |hello there");
    albert.send("PRIVMSG #lobby :hi");
    mel.expect_row("albert: hi");
    mel.expect_prompt("(search: hel) #lobby> |hello there");
    mel.type_text("\x05");
    mel.expect_prompt("#lobby> hello there|");
}

#[test]
fn tab_completes_names_of_those_who_spoke_last() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let mut anna = server.client("anna");
    anna.join("#lobby");
    albert.send("PRIVMSG #lobby :hi");
    mel.expect_row("albert: hi");
    mel.type_text("a\t");
    mel.expect_prompt("#lobby> albert: |");
    mel.type_text("\t");
    mel.expect_prompt("#lobby> anna: |");
    mel.type_text("\x15/wh\t");
    mel.expect_prompt("#lobby> /who |");
    mel.type_text("#\t");
    mel.expect_prompt("#lobby> /who #lobby |");
    mel.type_text("\x15/black anna\r");
    mel.expect_row("You will see nothing more from anna");
    mel.type_text("an\t");
    mel.expect_prompt("#lobby> an|");
    albert.send("PRIVMSG mel :psst");
    mel.expect_row("albert (to you): psst");
    mel.type_text("\x15/msg \t");
    mel.expect_prompt("#lobby> /msg albert |");
}

#[test]
fn many_keys_at_once_are_all_read() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let lines: Vec<_> = (0..40).map(|number| format!("{number} {}", "x".repeat(80))).collect();
    mel.type_text(&(lines.join("\r") + "\r"));
    for line in lines {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
}
