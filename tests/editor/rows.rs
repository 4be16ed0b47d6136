//! A text of several rows is one message, from one window to another.

use super::mel_and_albert;
use super::window::Window;
use crate::client::person::Home;
use crate::harness::{ABLE, Server};
use crate::multiline::expect_batch;

#[test]
fn a_text_of_several_rows_is_one_message() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let mut able = server.client_with("able", ABLE);
    able.join("#lobby");
    albert.expect("*JOIN #lobby");
    let anna = Window::person(&home, "anna");
    able.skip_to("*JOIN #lobby");
    albert.expect("*JOIN #lobby");
    mel.type_text("fn main() {\x1b\r\x1b\r    loop {}\x1b\r}\r");
    let rows = ["fn main() {", "", "    loop {}", "}"];
    let expected = rows.map(|row| format!("PRIVMSG #lobby :{row}"));
    assert_eq!(expect_batch(&mut able, "#lobby").0, expected);
    for row in expected.iter().filter(|row| !row.ends_with(':')) {
        albert.expect(&format!(":mel!mel@127.0.0.1 {row}"));
    }
    for window in [&mel, &anna] {
        window.expect("the message as one", |screen| {
            let shown = screen.contents();
            let rows: Vec<_> = shown.lines().map(str::trim_end).collect();
            rows.windows(4).any(|rows| *rows == ["mel: fn main() {", "", "      loop {}", "  }"])
        });
    }
    // To one person, too.
    mel.type_text("@able psst\x1b\rand\x1b\rso on\r");
    assert_eq!(expect_batch(&mut able, "able").0, ["psst", "and", "so on"].map(|row| format!("PRIVMSG able :{row}")));
    mel.expect("what was said elsewhere", |screen| {
        let shown = screen.contents();
        let rows: Vec<_> = shown.lines().map(str::trim_end).collect();
        rows.windows(3).any(|rows| *rows == ["(to able) psst", "  and", "  so on"])
    });
    albert.expect_nothing();
}

#[test]
fn a_paste_of_many_lines_is_as_few_messages_as_fit() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, mut albert) = mel_and_albert(&server, &home);
    let mut able = server.client_with("able", ABLE);
    able.join("#lobby");
    albert.expect("*JOIN #lobby");
    let lines: Vec<_> = (0..250).map(|number| format!("line {number}")).collect();
    mel.paste(&lines.join("\n"));
    mel.expect_prompt("250 lines pasted: s sends them to #lobby, f as a file, c cancels: |");
    mel.type_text("s\r");
    let mut rows = Vec::new();
    for count in [100, 100, 50] {
        let (more, _) = expect_batch(&mut able, "#lobby");
        assert_eq!(more.len(), count);
        rows.extend(more);
    }
    assert_eq!(rows, lines.iter().map(|line| format!("PRIVMSG #lobby :{line}")).collect::<Vec<_>>());
    for line in &lines {
        albert.expect(&format!(":mel!mel@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
}
