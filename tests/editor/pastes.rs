//! A paste is text, whatever is in it.

use super::mel_and_albert;
use crate::client::person::Home;
use crate::harness::Server;

const ASKED: &str = "60 lines pasted (looks private): s sends them to #lobby, f a file, c cancels: |";

/// 60 lines, some of which would be commands if they were typed.
fn traps() -> Vec<String> {
    let traps =
        ["exit", "tata", "/quit", "/x", "@albert psst", "//", "//x", "&lab x", "!INFO", r"\sleep\5", " exit", "/say x"];
    (0..60)
        .map(|number| {
            traps
                .get(number / 5)
                .filter(|_| number % 5 == 0)
                .map_or(format!("line {number}"), |trap| (*trap).to_owned())
        })
        .collect()
}

#[test]
fn a_paste_of_60_lines_is_sent_as_it_is() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("half");
    mel.paste(&(traps().join("\n") + "\n"));
    mel.expect_prompt(ASKED);
    albert.send("PRIVMSG #lobby :hi");
    mel.expect_row("albert: hi");
    mel.expect_prompt(ASKED);
    mel.type_text("s\r");
    for (number, line) in traps().iter().enumerate() {
        let half = if number == 0 { "half" } else { "" };
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{half}{line}"));
    }
    mel.expect_prompt("#lobby> |");
}

#[test]
fn a_paste_can_be_cancelled_and_sends_nothing() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.paste(&traps().join("\n"));
    mel.expect_prompt(ASKED);
    mel.type_text("c\r");
    mel.expect_prompt("#lobby> |");
    mel.type_text("after\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :after");
}

#[test]
fn a_mark_of_the_end_in_a_paste_lets_nothing_be_typed() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    // The author of the page knows how pastes are marked, and that long ones are asked about.
    mel.type_text("\x1b[200~1\r2\r3\r4\x1b[201~\rs\r/quit\r\x1b[200~5\x1b[201~\rs\r\x1b[201~");
    mel.expect("the question", |screen| screen.contents().contains("lines pasted: s sends them to #lobby"));
    mel.type_text("c\r");
    mel.expect_prompt("#lobby> |");
    mel.type_text("after\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :after");
}

#[test]
fn a_paste_can_be_sent_as_a_file() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, _albert) = mel_and_albert(&server, &home);
    mel.paste(&traps().join("\n"));
    mel.type_text("f\r");
    mel.expect("the file", |screen| screen.contents().contains("paste.txt"));
    mel.expect_prompt("#lobby> |");
    let file = home.path().join("config/groupchat/pastes/paste.txt");
    assert_eq!(std::fs::read_to_string(file).unwrap(), traps().join("\n") + "\n");
}

#[test]
fn a_short_paste_waits_in_the_line_and_is_text() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.paste("exit\n/quit\nsee @albert\n");
    mel.expect_prompt("see @albert|");
    mel.expect_row("#lobby> /say exit");
    mel.type_text("\r");
    for line in ["exit", "/quit", "see @albert"] {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
    mel.paste("@albert psst");
    mel.expect_prompt("1 line pasted (looks private): s sends it to #lobby, f a file, c cancels: |");
    mel.type_text("s\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :@albert psst");
}

#[test]
fn what_is_pasted_behind_a_name_goes_to_that_person() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("@albert ");
    mel.paste("psst");
    mel.type_text("\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG albert :psst");
    mel.type_text("@albert ");
    mel.paste("one\nexit");
    mel.expect_prompt("/say exit|");
    mel.type_text("\r");
    mel.expect_prompt("#lobby> |");
    mel.type_text("/msg albert ");
    mel.paste("1\n/2\n3\n4\n");
    mel.expect_prompt("4 lines pasted: s sends them to @albert, f a file, c cancels: |");
    mel.type_text("s\r");
    for line in ["one", "exit", "1", "/2", "3", "4"] {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG albert :{line}"));
    }
    mel.type_text("/topic ");
    mel.paste("one\ntwo");
    mel.expect_row("Not pasted (2 lines): a command has one line");
    mel.expect_prompt("#lobby> /topic |");
    mel.type_text("\x03one\x1b\r@albert psst\r");
    mel.expect_row("Nothing was sent: row 2 begins like a command");
    mel.expect_prompt("@albert psst|");
    mel.type_text("\x03after\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :after");
}

#[test]
fn alt_enter_begins_another_line_of_the_message() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("one\x1b\r/say exit\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :one");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :exit");
    mel.expect("both rows", |screen| screen.contents().contains("mel: one") && screen.contents().contains("exit"));
}
