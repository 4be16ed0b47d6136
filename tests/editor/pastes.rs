//! A paste is text, whatever is in it.

use super::mel_and_albert;
use crate::client::person::Home;
use crate::harness::Server;

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
    mel.expect_prompt("60 lines pasted: (s)end, send as a (f)ile, (c)ancel? |");
    albert.send("PRIVMSG #lobby :hi");
    mel.expect_row("albert: hi");
    mel.expect_prompt("60 lines pasted: (s)end, send as a (f)ile, (c)ancel? |");
    mel.type_text("s");
    for line in traps() {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{}", line.trim_start()));
    }
    mel.expect_prompt("#lobby> half|");
}

#[test]
fn a_paste_can_be_cancelled_and_sends_nothing() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.paste(&traps().join("\n"));
    mel.expect_prompt("60 lines pasted: (s)end, send as a (f)ile, (c)ancel? |");
    mel.type_text("c");
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
    mel.type_text("f");
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
    mel.paste("exit\n/quit\n@albert psst\n");
    mel.expect_row("This was pasted, so it is sent as text");
    mel.expect_row("@albert psst");
    mel.type_text("\r");
    for line in ["exit", "/quit", "@albert psst"] {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
    // Behind something that was typed it is a part of that.
    mel.type_text("@albert ");
    mel.paste("psst");
    mel.type_text("\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG albert :psst");
    mel.type_text("@albert ");
    mel.paste("one\ntwo");
    mel.type_text("\r");
    mel.expect_row("Nothing was sent: a command has one line only");
    mel.type_text("\x03after\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :after");
}

#[test]
fn alt_enter_begins_another_line_of_the_message() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    mel.type_text("one\x1b\rexit\r");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :one");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :exit");
    mel.expect_row("mel: exit");
}
