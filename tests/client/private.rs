//! What is meant for one person, or for the program, never reaches a room: slips of the hand, lines that end too early,
//! lines that are too long, places that cannot be entered.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::harness::{Server, skip};

use super::person::{Home, WELCOME};
use super::tesla_and_albert;

const NOTHING: &str = "nothing was sent (/say TEXT sends it as it is)";

#[test]
fn a_slip_of_the_hand_is_refused_with_the_usage() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    for (typed, usage) in [
        ("@ albert psst", "@NAME text"),
        ("@albert\tpsst", "@NAME text"),
        ("@albert\u{a0}psst", "@NAME text"),
        ("  @albert psst", "@NAME text"),
        ("＠albert psst", "@NAME text"),
        ("\u{feff}@albert psst", "@NAME text"),
        ("/ msg albert psst", "/msg NAME text"),
        (" /msg albert psst", "/msg NAME text"),
        ("/msg\talbert psst", "/msg NAME text"),
        ("& lab psst", "&room text"),
        ("! INFO", "!INFO"),
        ("!INFO please", "!INFO"),
        ("!DISCONNECT now", "!DISCONNECT"),
        ("!who", "/who [#room|NAME]"),
        (r"\ sleep 5", r"\sleep\TIME"),
        (r"\who", "/who [#room|NAME]"),
        (" tata", "tata"),
    ] {
        tesla.ask(typed, &[&format!("Usage: {usage}; {NOTHING}")]);
    }
    tesla.type_line("marker");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
}

#[test]
fn capitals_and_small_letters_are_the_same() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, _albert) = tesla_and_albert(&server, &home);
    for typed in ["!INFO", "!Info", "!info", "/INFO"] {
        tesla.ask(typed, &["2 people in #lobby: albert, tesla"]);
    }
    tesla.type_line("Tata");
    tesla.expect_goodbye();
}

#[test]
fn a_name_may_have_the_marks_that_people_write_around_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    for typed in ["@albert: psst", "@albert, psst", "@@albert psst", "/msg @albert psst", "/msg albert: psst"] {
        tesla.ask(typed, &["(to albert) psst"]);
        albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :psst");
    }
    tesla.ask("@albert,bob psst", &["\"albert,bob\" cannot be a name: *"]);
    for typed in ["/to @albert", "/to albert:"] {
        tesla.ask(typed, &["You are now talking to albert"]);
    }
    tesla.ask("/black @albert", &["You will see nothing more from albert; *"]);
    tesla.ask("/unblock albert:", &["You see albert again"]);
    tesla.ask("/name @nik", &["You are now called nik"]);
    albert.expect(":tesla!tesla@127.0.0.1 NICK :nik");
}

#[test]
fn who_cannot_go_where_they_wanted_to_talk_talks_to_nobody() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let nobody = "Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME";
    for (typed, refusal) in [
        ("/join #a,b", "Cannot enter #a,b: *"),
        ("/to al.bert", "\"al.bert\" cannot be a name: *"),
        ("/to", "Usage: /to NAME|#room"),
        (" /to albert", "Usage: /to NAME|#room; *"),
        ("/ join #lab", "Usage: /join #room [key]; *"),
    ] {
        tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
        tesla.ask(typed, &[refusal]);
        tesla.ask("a secret", &[nobody]);
    }
    tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
    tesla.type_line("marker");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
}

#[test]
fn a_line_that_is_too_long_is_refused_as_a_whole() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let script = format!("@albert {}\nmarker\n", "secret ".repeat(20_000));
    let mut bot = home.script(&["--nick", "bot"], &script);
    let refusal = "That line is longer than 64 KiB: nothing of it was sent";
    bot.expect_lines(&[WELCOME, refusal]);
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :marker");
    bot.expect_refused(&format!("line 1 (@albert secret *...): {refusal}"));
}

#[test]
fn ctrl_d_discards_a_half_typed_line_at_a_terminal() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    // A terminal of its own, as irssi gets one in other tests. It has no echo, so that each line is one of the client.
    let client = home.client(&["--nick", "tesla"]);
    let words: Vec<_> =
        [client.get_program()].into_iter().chain(client.get_args()).map(|word| word.to_str().unwrap()).collect();
    let mut command = Command::new("script");
    command.args(["-qec", &format!("stty -echo; '{}'", words.join("' '")), "/dev/null"]).current_dir(home.path());
    client.get_envs().for_each(|(name, value)| match value {
        Some(value) => _ = command.env(name, value),
        None => _ = command.env_remove(name),
    });
    // Where the system edits the line, and not the client.
    command.env("TERM", "dumb");
    let Ok(mut script) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        return skip("script is not installed");
    };
    let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let mut seen = String::new();
    let mut wait_for = |text: &str| {
        let mut bytes = [0; 4096];
        while !seen.contains(text) {
            let count = screen.read(&mut bytes).unwrap();
            assert!(count > 0, "{text:?} never came: {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        seen.clear();
    };
    wait_for("You (#lobby): ");
    // Once, twice, and with more at once behind it, as some programs split a long line.
    for typed in [&b"a half-typed secr\x04"[..], b"a half-typed secr\x04\x04", b"@albert a long secr\x04et\n"] {
        keyboard.write_all(typed).unwrap();
        wait_for("Ctrl-D within a line: the line is discarded, and nothing was sent");
        // Whoever has read that goes on after a while.
        thread::sleep(Duration::from_millis(300));
    }
    keyboard.write_all(b"marker\n").unwrap();
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
    keyboard.write_all(b"\x04").unwrap();
    wait_for("DISCONNECTED!!");
    albert.expect(":tesla!tesla@127.0.0.1 QUIT :Quit: ");
    assert!(script.wait().unwrap().success());
}
