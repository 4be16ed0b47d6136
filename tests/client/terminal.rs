//! What a person meets at a real terminal, a pseudo-terminal of script(1): names that are offered, no line twice, breaks
//! between words.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::harness::{Server, with_default_signals};

use super::person::Home;

/// The client at a terminal of 40 columns, without colour.
struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    seen: String,
}

impl Terminal {
    /// `None` where script(1) is not installed; then this is not tested.
    fn start(home: &Home, options: &[&str]) -> Option<Terminal> {
        let client = home.client(options);
        let words: Vec<_> =
            [client.get_program()].into_iter().chain(client.get_args()).map(|word| word.to_str().unwrap()).collect();
        let mut command = Command::new("script");
        command.args(["-qec", &format!("stty cols 40; '{}'", words.join("' '")), "/dev/null"]);
        command.current_dir(home.path());
        client.get_envs().for_each(|(name, value)| match value {
            Some(value) => _ = command.env(name, value),
            None => _ = command.env_remove(name),
        });
        command.env("NO_COLOR", "1").env("USER", "tesla");
        let mut command = with_default_signals(&command);
        let Ok(mut script) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
            println!("script is not installed, so this is not tested");
            return None;
        };
        let (keyboard, screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        Some(Terminal { script, keyboard, screen, seen: String::new() })
    }

    fn type_line(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Reads until this is on the screen; what came before it.
    #[track_caller]
    fn wait_for(&mut self, text: &str) -> String {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            let count = self.screen.read(&mut bytes).unwrap();
            assert!(count > 0, "{text:?} never came: {:?}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let (before, after) = self.seen.split_once(text).unwrap();
        let (before, after) = (before.to_owned(), after.to_owned());
        self.seen = after;
        before
    }

    #[track_caller]
    fn leave(mut self) {
        self.type_line("tata");
        self.wait_for("DISCONNECTED!!");
        assert!(self.script.wait().unwrap().success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn the_last_name_is_offered_and_before_there_is_one_that_of_the_user() {
    let server = Server::start(&[]);
    let mut home = Home::calling(server.addresses[0]);
    let Some(mut terminal) = Terminal::start(&home, &[]) else { return };
    terminal.wait_for("Enter username [tesla]: ");
    terminal.type_line("");
    terminal.wait_for("You (#lobby): ");
    terminal.type_line("/name nikola");
    terminal.wait_for("You are now called nikola");
    terminal.leave();
    let _nikola = server.client("nikola");
    let mut terminal = Terminal::start(&home, &[]).unwrap();
    terminal.wait_for("Enter username [nikola]: ");
    terminal.type_line("");
    // What is refused is not offered again.
    terminal.wait_for("The name nikola is taken");
    terminal.wait_for("Enter username: ");
    terminal.type_line("nik");
    terminal.wait_for("You (#lobby): ");
    terminal.leave();
    // On another server another name.
    let other = Server::start(&[]);
    home.server = other.addresses[0].to_string();
    let mut terminal = Terminal::start(&home, &[]).unwrap();
    terminal.wait_for("Enter username [tesla]: ");
    terminal.type_line("anna");
    terminal.wait_for("You (#lobby): ");
    terminal.leave();
}

#[test]
fn a_private_line_stands_at_the_prompt_and_nowhere_else() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    let Some(mut terminal) = Terminal::start(&home, &["--nick", "tesla"]) else { return };
    terminal.wait_for("You (#lobby): ");
    terminal.type_line("@albert psst");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :psst");
    terminal.type_line("/info");
    let seen = terminal.wait_for("1 person in #lobby: tesla");
    assert!(!seen.contains("(to albert)"), "{seen:?}");
    terminal.leave();
}

#[test]
fn a_long_text_breaks_between_words() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let Some(mut terminal) = Terminal::start(&home, &["--nick", "tesla"]) else { return };
    terminal.wait_for("You (#lobby): ");
    albert.send("PRIVMSG #lobby :a line that is longer than this terminal is wide, and so it has to break");
    let rows = ["albert: a line that is longer than this", "terminal is wide, and so it has to break"];
    terminal.wait_for(&rows.join("\r\n"));
    terminal.leave();
}
