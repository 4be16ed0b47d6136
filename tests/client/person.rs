//! A person at the chat client: what they type goes into its standard input, and what they see is
//! what it prints. Started by a test, killed and waited for when the test is done with it.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use crate::harness::{Output, PATIENCE, fits, with_default_signals};

/// What everybody sees first who has come into the lobby.
pub const WELCOME: &str = "Welcome to chat room. Enter 'tata' anytime to exit";

/// An address of this machine that nobody else uses, so that a port on it is free again as soon as
/// its server has ended.
pub fn address_of_its_own() -> Ipv4Addr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, COUNT.fetch_add(1, Ordering::Relaxed), high, low)
}

/// Where people sit: a folder for their settings, and the server that they call.
pub struct Home {
    folder: TempDir,
    pub server: String,
    /// They speak TLS.
    secure: bool,
}

impl Home {
    pub fn calling(server: impl Display) -> Home {
        Home { folder: TempDir::new().unwrap(), server: server.to_string(), secure: false }
    }

    /// The same as the client does it when it is told nothing: with TLS where it is built in.
    pub fn calling_by_default(server: impl Display) -> Home {
        Home { secure: true, ..Home::calling(server) }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The chat client with these options, in this home and in no other.
    pub fn client(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-client"));
        command.args(["--server", &self.server]).args(options).current_dir(self.folder.path());
        if cfg!(feature = "tls") && !self.secure {
            command.arg("--plain");
        }
        // A terminal that knows colour is no reason to send any into a pipe.
        // The emulator of the tests cuts lines off in a narrower window, as xterm does.
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color").env("XTERM_VERSION", "XTerm").env_remove("TMUX");
        command.env("HOME", self.folder.path()).env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command
    }

    /// Somebody who starts the client.
    pub fn start(&self, options: &[&str]) -> Person {
        Person::start(self.client(options), Output::Read)
    }

    /// Somebody who is in the lobby under this name.
    #[track_caller]
    pub fn person(&self, nick: &str) -> Person {
        let mut person = self.start(&["--nick", nick]);
        if self.secure {
            // Before it stands what there is to say about keys.
            person.skip_to(WELCOME);
        } else {
            person.expect_line(WELCOME);
        }
        person
    }

    /// `printf INPUT | chat-client OPTIONS`
    pub fn script(&self, options: &[&str], input: &str) -> Person {
        let mut person = self.start(options);
        // A client that has no use for it may have ended already.
        let _ = person.try_typing(input.as_bytes());
        person.end_input();
        person
    }
}

/// A running client.
pub struct Person {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    /// Everything on the standard error output, in one piece when it has ended.
    stderr: Receiver<String>,
    transcript: Vec<String>,
    /// Who is in a room that they enter is passed over.
    pub passes_over_presence: bool,
    /// That a busy machine takes long to connect is passed over.
    pub passes_over_delay: bool,
    /// Holds the standard output open where nobody is to read it.
    _reader: JoinHandle<Option<BufReader<ChildStdout>>>,
}

impl Person {
    /// Starts the client with somebody who reads its output, or does so only for the first line.
    #[expect(clippy::needless_pass_by_value, reason = "nobody needs it afterwards")]
    pub fn start(command: Command, output: Output) -> Person {
        let mut command = with_default_signals(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let ((line, lines), (text, texts)) = (mpsc::channel(), mpsc::channel());
        let reader = thread::spawn(move || read_lines(BufReader::new(stdout), output, &line));
        thread::spawn(move || read_text(stderr, &text));
        let transcript = vec![format!("--- what was typed and seen ({command:?}) ---")];
        let stdin = child.stdin.take();
        Person {
            child,
            stdin,
            stdout: lines,
            stderr: texts,
            transcript,
            passes_over_presence: true,
            passes_over_delay: true,
            _reader: reader,
        }
    }

    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    pub fn type_bytes(&mut self, bytes: &[u8]) {
        self.try_typing(bytes).unwrap();
    }

    fn try_typing(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.transcript.push(format!("-> {:?}", wire::text::truncate(&String::from_utf8_lossy(bytes), 200)));
        let stdin = self.stdin.as_mut().expect("the input has not ended");
        stdin.write_all(bytes)
    }

    /// What Ctrl-D does on a terminal.
    pub fn end_input(&mut self) {
        self.transcript.push("-> (end)".into());
        self.stdin = None;
    }

    /// The next line on the screen; `None` at the end.
    #[track_caller]
    pub fn read(&mut self) -> Option<String> {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(bytes) => {
                let line = checked(bytes);
                self.transcript.push(format!("<- {line}"));
                let is_delay = line.starts_with("Connecting to ");
                let is_over = self.passes_over_delay && is_delay || self.passes_over_presence && is_presence(&line);
                if is_over { self.read() } else { Some(line) }
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more was printed"),
        }
    }

    /// Sees exactly this line next; `*` stands for any characters.
    #[track_caller]
    pub fn expect_line(&mut self, pattern: &str) -> String {
        let got = self.read().unwrap_or_else(|| panic!("the output ended before {pattern:?}"));
        assert!(fits(pattern, &got), "got {got:?}, not {pattern:?}");
        got
    }

    #[track_caller]
    pub fn expect_lines(&mut self, patterns: &[&str]) {
        for pattern in patterns {
            self.expect_line(pattern);
        }
    }

    /// Reads on until this line comes.
    #[track_caller]
    pub fn skip_to(&mut self, pattern: &str) -> String {
        loop {
            let got = self.read().unwrap_or_else(|| panic!("the output ended before {pattern:?}"));
            if fits(pattern, &got) {
                return got;
            }
        }
    }

    /// Reads on until all of these lines have come, in any order.
    #[track_caller]
    pub fn skip_to_all(&mut self, patterns: &[&str]) {
        let mut missing = patterns.to_vec();
        while !missing.is_empty() {
            let got = self.read().unwrap_or_else(|| panic!("the output ended before {missing:?}"));
            missing.retain(|pattern| !fits(pattern, &got));
        }
    }

    /// Whether one of the lines read so far was this.
    pub fn has_seen(&self, line: &str) -> bool {
        self.transcript.iter().any(|other| other.strip_prefix("<- ") == Some(line))
    }

    /// The same for a pattern.
    pub fn has_seen_like(&self, pattern: &str) -> bool {
        self.transcript.iter().any(|other| other.strip_prefix("<- ").is_some_and(|line| fits(pattern, line)))
    }

    /// Types a line, and sees exactly these.
    #[track_caller]
    pub fn ask(&mut self, line: &str, answers: &[&str]) {
        self.type_line(line);
        self.expect_lines(answers);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&mut self, name: &str) {
        self.transcript.push(format!("-> SIG{name}"));
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Nothing more is printed, and the client ends with this code; what it said on the standard error output.
    #[track_caller]
    pub fn expect_exit(&mut self, code: i32) -> String {
        let more = self.read();
        assert_eq!(more, None, "and then the end was due");
        let errors = self.stderr.recv_timeout(PATIENCE).expect("the client ends");
        self.transcript.push(format!("<- (end) {errors}"));
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{errors}");
        errors
    }

    /// Says goodbye and ends well. On a machine that is very busy it says before that it waits.
    #[track_caller]
    pub fn expect_goodbye(&mut self) {
        self.expect_disconnected();
        let errors = self.expect_exit(0);
        assert_eq!(errors, "");
    }

    /// Says goodbye, and fails with this sentence about its refused lines.
    #[track_caller]
    pub fn expect_refused(&mut self, sentence: &str) {
        self.expect_disconnected();
        self.expect_failure(sentence);
    }

    #[track_caller]
    fn expect_disconnected(&mut self) {
        let waits = "Waiting for the server to confirm what you sent; Ctrl-C leaves at once";
        let mut line = self.read();
        while line.as_deref() == Some(waits) {
            line = self.read();
        }
        assert_eq!(line.as_deref(), Some("DISCONNECTED!!"));
    }

    /// Ends with this one sentence for the user, and exit code 1.
    #[track_caller]
    pub fn expect_failure(&mut self, sentence: &str) {
        let errors = self.expect_exit(1);
        assert!(fits(&format!("chat-client: {sentence}\n"), &errors), "got {errors:?}, not {sentence:?}");
        assert_eq!(errors.lines().count(), 1, "{errors:?}");
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.transcript.extend(self.stderr.try_recv());
            eprintln!("{}", self.transcript.join("\n"));
        }
    }
}

/// What holds for every line that is printed into a pipe: whole, UTF-8, and nothing in it that a
/// terminal would obey.
#[track_caller]
fn checked(bytes: Vec<u8>) -> String {
    let mut line = String::from_utf8(bytes).expect("the output is UTF-8");
    assert_eq!(line.pop(), Some('\n'), "{line:?} is cut short");
    let bidirectional = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
    let overrides = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let bad = line.find(|c: char| c.is_control() || bidirectional.contains(&c) || overrides(c));
    assert_eq!(bad, None, "{line:?} is not for a terminal");
    line
}

/// Whether a line says who is in a room that was just entered.
fn is_presence(line: &str) -> bool {
    let count = line.split_once(" here").map(|(count, _)| count);
    line.ends_with("obody else is here") || count.is_some_and(|count| count.parse::<u32>().is_ok())
}

fn read_lines(
    mut pipe: BufReader<ChildStdout>,
    output: Output,
    lines: &Sender<Vec<u8>>,
) -> Option<BufReader<ChildStdout>> {
    loop {
        let mut line = Vec::new();
        // Once the test is over nobody wants the line.
        if pipe.read_until(b'\n', &mut line).unwrap_or(0) == 0 || lines.send(line).is_err() {
            return None;
        }
        if output != Output::Read {
            return (output == Output::Unread).then_some(pipe);
        }
    }
}

fn read_text(mut pipe: impl Read, text: &Sender<String>) {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    let _ = text.send(String::from_utf8_lossy(&bytes).into_owned());
}
