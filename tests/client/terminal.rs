//! The client at a real terminal without the editor, which `script` (util-linux) makes. Where that is not installed, nothing is tested.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use crate::harness::{Client, PATIENCE, Server, skip};

use super::person::Home;
use super::scripts::listener;

/// The prompt of the shell.
const READY: &str = "READY> ";

/// A terminal in which a shell runs.
struct Terminal {
    script: Child,
    output: Receiver<Vec<u8>>,
    /// All that was shown.
    text: String,
    /// The part of it that was waited for already.
    seen: usize,
}

impl Terminal {
    fn start(home: &Home) -> Option<Terminal> {
        let mut shell = Command::new("script");
        shell.args(["-qec", "sh", "/dev/null"]).current_dir(home.path()).env_remove("ENV");
        shell.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path().join("config"));
        // The editor, which wants a better terminal, has tests of its own.
        shell.env("NO_COLOR", "1").env("USER", "tesla").env("TERM", "dumb");
        let Ok(mut script) = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
            skip("script is not installed");
            return None;
        };
        let mut pipe = script.stdout.take().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut bytes)
                && sender.send(bytes[..count].to_vec()).is_ok()
            {}
        });
        let mut terminal = Terminal { script, output, text: String::new(), seen: 0 };
        // Not in the form in which it is echoed.
        terminal.type_bytes(b"PS1='REA''DY> '\n");
        terminal.await_text(READY);
        Some(terminal)
    }

    /// Starts the client in it.
    fn run_client(&mut self, home: &Home, options: &[&str]) {
        let client = home.client(options);
        let words = std::iter::once(client.get_program()).chain(client.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        self.type_bytes(format!("{}\n", words.join(" ")).as_bytes());
        // The shell's echo of that line.
        self.await_text("\n");
    }

    /// A narrow terminal in which the client runs.
    fn with_client(home: &Home, options: &[&str]) -> Option<Terminal> {
        let mut terminal = Terminal::start(home)?;
        terminal.enter("stty cols 40");
        terminal.await_text(READY);
        terminal.run_client(home, options);
        Some(terminal)
    }

    fn enter(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    /// Ends the client.
    #[track_caller]
    fn leave(mut self) {
        self.enter("tata");
        self.await_text("DISCONNECTED!!");
    }

    fn type_bytes(&mut self, bytes: &[u8]) {
        self.script.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits until this is shown, behind what was waited for before, and returns what came between.
    #[track_caller]
    fn await_text(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text[self.seen..].find(text) {
                let between = self.text[self.seen..][..at].to_owned();
                self.seen += at + text.len();
                return between;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.output.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| panic!("{text:?} was not shown, but\n{}", self.text));
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The end of its input hangs the terminal up.
        self.script.stdin = None;
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn the_rest_of_a_paste_does_not_run_in_the_shell() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let Some(mut terminal) = Terminal::start(&home) else { return };
    for (options, sign, paste) in [
        (&["--nick", "tesla"][..], "Enter 'tata'", "exit\ntouch trap\ntouch trap\n"),
        (&["--nick", "tesla"], "Enter 'tata'", "hello\n/quit enough\ntouch trap\n\n\ntouch trap\n"),
        (&[], "Enter username [tesla]: ", "exit\ntouch trap\n"),
        (&["--directory"], "Directory: ", "tata\ntouch trap\n"),
    ] {
        if options == ["--directory"] && !cfg!(feature = "directory") {
            continue;
        }
        terminal.run_client(&home, options);
        terminal.await_text(sign);
        terminal.type_bytes(paste.as_bytes());
        terminal.await_text("DISCONNECTED!!");
        terminal.await_text("dropped");
        terminal.await_text(READY);
    }
    // The shell reads again, and that was all that it got.
    terminal.type_bytes(b"ls; echo shell is al''ive\n");
    terminal.await_text("shell is alive");
    assert!(!home.path().join("trap").exists(), "{}", terminal.text);
}

#[test]
fn nothing_typed_behind_the_end_is_no_news() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let Some(mut terminal) = Terminal::start(&home) else { return };
    terminal.run_client(&home, &["--nick", "tesla"]);
    terminal.await_text("Enter 'tata'");
    terminal.type_bytes(b"tata\n");
    terminal.await_text("DISCONNECTED!!");
    terminal.await_text(READY);
    assert!(!terminal.text.contains("dropped"), "{}", terminal.text);
}

/// A terminal keeps no more of a line than this, and loses what follows without a word (termios(3)).
#[test]
fn a_line_that_the_terminal_has_cut_off_is_not_sent() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let Some(mut terminal) = Terminal::start(&home) else { return };
    terminal.run_client(&home, &["--nick", "tesla"]);
    terminal.await_text("Enter 'tata'");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #lobby");
    let most = wire::os::TERMINAL_LINE - "\n".len();
    for long in [most, most + 1, 3 * most] {
        terminal.type_bytes(format!("{}\n", "x".repeat(long)).as_bytes());
        terminal.await_text("That line fills all that a terminal takes");
    }
    // "é" is cut in two.
    terminal.type_bytes(format!("x{}\n", "é".repeat(most)).as_bytes());
    terminal.await_text("That line fills all that a terminal takes");
    terminal.type_bytes(b"caf\xe9\n");
    terminal.await_text("That line is not text in UTF-8");
    let whole = "y".repeat(most - 1);
    terminal.type_bytes(format!("{whole}\n").as_bytes());
    let mut came = String::new();
    while came.len() < whole.len() {
        came.push_str(said(&mut albert).trim_start_matches(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :"));
    }
    assert!(came == whole, "{came}");
}

fn said(client: &mut Client) -> String {
    client.receive().expect("tesla says something")
}

#[test]
fn the_last_name_is_offered_and_before_there_is_one_that_of_the_user() {
    let server = Server::start(&[]);
    let mut home = Home::calling(server.addresses[0]);
    let Some(mut terminal) = Terminal::with_client(&home, &[]) else { return };
    terminal.await_text("Enter username [tesla]: ");
    terminal.enter("");
    terminal.await_text("You (#lobby): ");
    terminal.enter("/name nikola");
    terminal.await_text("You are now called nikola");
    terminal.leave();
    // A script is not the person.
    home.script(&["--nick", "bot"], "/name robot\n").skip_to("DISCONNECTED!!");
    let _nikola = server.client("nikola");
    let mut terminal = Terminal::with_client(&home, &[]).unwrap();
    terminal.await_text("Enter username [nikola]: ");
    terminal.enter("");
    // What is refused is not offered again.
    terminal.await_text("The name nikola is taken");
    terminal.await_text("Enter username: ");
    terminal.enter("nik");
    terminal.await_text("You (#lobby): ");
    terminal.leave();
    // On another server another name.
    let other = Server::start(&[]);
    home.server = other.addresses[0].to_string();
    let mut terminal = Terminal::with_client(&home, &[]).unwrap();
    terminal.await_text("Enter username [tesla]: ");
    terminal.enter("anna");
    terminal.await_text("You (#lobby): ");
    terminal.leave();
}

#[test]
fn a_private_line_stands_at_the_prompt_and_nowhere_else() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    let Some(mut terminal) = Terminal::with_client(&home, &["--nick", "tesla"]) else { return };
    terminal.await_text("You (#lobby): ");
    terminal.enter("@albert psst");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :psst");
    terminal.enter("/info");
    let seen = terminal.await_text("1 person in #lobby: tesla");
    assert!(!seen.contains("(to albert)"), "{seen:?}");
    terminal.leave();
}

#[test]
fn a_long_text_breaks_between_words() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let Some(mut terminal) = Terminal::with_client(&home, &["--nick", "tesla"]) else { return };
    terminal.await_text("You (#lobby): ");
    albert.send("PRIVMSG #lobby :a line that is longer than this terminal is wide, and so it has to break");
    // Without the marks, since the terminal may let half of such a character through.
    let rows = ["albert: a line that is longer than this\r\n", " terminal is wide, and so it has to\r\n", " break\r\n"];
    rows.iter().for_each(|row| _ = terminal.await_text(row));
    terminal.leave();
}
