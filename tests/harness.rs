//! What every test stands on: a server of its own, and clients whose talk with it reads like a transcript.
//!
//! Nothing here sleeps to be on time: the server takes a free port and says which, and whoever waits
//! for something reads until it comes or [`PATIENCE`] is over. When a test fails, all that was said
//! and the server's window are printed.

mod client;
mod fits;
mod program;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use client::{ABLE, Client, batch};
pub use fits::fits;
pub use program::{Output, Program, with_default_signals};

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Says why a test does less than it should, where everybody sees it: the output of a test that passes is not shown.
pub fn skip(why: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(io::stderr(), "skipped: {test}: {why}");
}
/// Lines of the transcript that are kept for a failure.
const TRANSCRIPT: usize = 400;
/// Whether this build has a wing that stores something, and with it the option for the folder.
const STORES: bool = cfg!(feature = "disk");

/// By this the server says that it has started.
const LISTENING: &str = "Server has started listening on ";

/// A running server, with a folder of its own; both end with it.
pub struct Server {
    pub addresses: Vec<SocketAddr>,
    pub program: Program,
    /// Where it keeps its data; another server can go on with it.
    pub folder: Arc<TempDir>,
    transcript: Arc<Transcript>,
}

/// The file by which a data folder remembers this time.
pub fn clock_at(time: u64) -> String {
    let times = format!("{time} {time}");
    format!("{times} {:08x}\n", wire::crc32::crc32(times.as_bytes()))
}

impl Server {
    /// Starts a server that listens on a free port, unless the options say otherwise.
    pub fn start(options: &[&str]) -> Server {
        Server::start_as(Command::new(env!("CARGO_BIN_EXE_chat-server")), options, Output::Read)
    }

    /// Starts another one, in the folder of one that has ended.
    pub fn start_in(folder: &Arc<TempDir>, options: &[&str]) -> Server {
        let command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        Server::start_in_as(folder, command, options, Output::Read)
    }

    /// Starts it from a shell that has run `setup` (`ulimit -n 40`) before.
    pub fn start_after(setup: &str, options: &[&str]) -> Server {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{setup}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_chat-server")]);
        Server::start_as(shell, options, Output::Read)
    }

    /// Starts it at a terminal of its own, by a shell that runs `command`: `$SERVER` is the server with its options.
    pub fn start_at_terminal(command: &str, options: &[&str]) -> Server {
        let folder = Arc::new(TempDir::new().unwrap());
        let mut server = format!(
            "{} --name groupchat --listen 127.0.0.1:0 {}",
            env!("CARGO_BIN_EXE_chat-server"),
            options.join(" ")
        );
        if STORES {
            server.extend([" --data-dir ", folder.path().to_str().unwrap()]);
        }
        let mut terminal = Command::new("script");
        terminal.args(["-qec", command, "/dev/null"]).env("SERVER", server).env("SHELL", "/bin/sh");
        Server::running(Program::start_with(terminal, Stdio::piped(), LISTENING, 1, Output::Read), &folder)
    }

    /// Starts it with somebody who does, or does not, read what it prints.
    pub fn start_as(command: Command, options: &[&str], output: Output) -> Server {
        Server::start_in_as(&Arc::new(TempDir::new().unwrap()), command, options, output)
    }

    fn start_in_as(folder: &Arc<TempDir>, mut command: Command, options: &[&str], output: Output) -> Server {
        let listens = options.iter().filter(|&&option| option == "--listen").count();
        if listens == 0 {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if STORES {
            command.arg("--data-dir").arg(folder.path());
        }
        // A short name, since the tests repeat it often.
        if !options.contains(&"--name") {
            command.args(["--name", "groupchat"]);
        }
        command.args(options);
        Server::running(Program::start(command, LISTENING, listens.max(1), output), folder)
    }

    fn running(program: Program, folder: &Arc<TempDir>) -> Server {
        let addresses: Vec<_> = program.ready().iter().map(|address| address.parse().unwrap()).collect();
        assert!(!addresses.is_empty(), "the server did not start: {}", program.text());
        Server { addresses, program, folder: Arc::clone(folder), transcript: Arc::default() }
    }

    /// A connection that has said nothing yet.
    pub fn connect(&self) -> Client {
        self.connect_to(self.addresses[0])
    }

    pub fn connect_to(&self, address: SocketAddr) -> Client {
        Client::connect(address, Arc::clone(&self.transcript))
    }

    /// A client that has registered under this name.
    pub fn client(&self, nick: &str) -> Client {
        let mut client = self.connect();
        client.register(nick);
        client
    }

    /// A client that has registered with these capabilities.
    pub fn client_with(&self, nick: &str, capabilities: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("CAP REQ :{capabilities}"));
        client.expect(&format!(":groupchat CAP * ACK :{capabilities}"));
        client.send("CAP END");
        client.register(nick);
        client
    }

    /// Clients who are all in one room; the first of them is its operator.
    pub fn room<const N: usize>(&self, room: &str, nicks: [&str; N]) -> [Client; N] {
        let mut clients = nicks.map(|nick| {
            let mut client = self.client(nick);
            client.join(room);
            client
        });
        clients.iter_mut().for_each(|client| drop(client.sync()));
        clients
    }

    /// Waits until something is so; `client` fills the time with talk.
    #[track_caller]
    pub fn wait_until(&self, client: &mut Client, what: &str, mut is_so: impl FnMut(&Server) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "never came: {what}");
            client.sync();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.program.stop();
        if thread::panicking() {
            self.transcript.print();
            eprintln!("--- the server's window ---\n{}", self.program.text());
        }
    }
}

/// What was said so far, by everybody.
#[derive(Default)]
struct Transcript(Mutex<VecDeque<String>>);

impl Transcript {
    fn add(&self, line: String) {
        let mut lines = self.0.lock().unwrap();
        if lines.len() == TRANSCRIPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn print(&self) {
        let lines = self.0.lock().unwrap();
        let mut text = format!("--- the last {} lines that were said ---\n", lines.len());
        lines.iter().for_each(|line| writeln!(text, "{line}").unwrap());
        eprint!("{text}");
    }
}
