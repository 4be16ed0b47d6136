//! Case 8, wake-ups: how often a client that waits for its user and its server at once is woken, and for what.
//!
//! Thread: the generator's only one. No locks. Each client is a process of its own, in one room with a speaker.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::keys::{ROOM, Window, enter};
use crate::options::Options;
use crate::proc;
use crate::server::{Candidate, Server, TempFolder};
use crate::stream::Transport;
use crate::table::Better::{Less, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: &[Column] = &[
    Column("idle wake-ups/s", 2, Neither),
    Column("wake-ups/line", 2, Neither),
    Column("wake-ups/typed line", 2, Neither),
    Column("system calls/line", 2, Neither),
    Column("CPU µs/line", 1, Less),
];

/// Lines that arrive one by one.
const LINES: usize = 200;
/// Lines that are typed.
const TYPED: usize = 50;
/// What a client does after it has shown a line ends within this, and it waits again.
const PAUSE: Duration = Duration::from_millis(5);
/// The same after its start.
const SETTLE: Duration = Duration::from_millis(500);

/// How a client waits.
#[derive(Clone, Copy, PartialEq)]
pub enum Waiting {
    /// Our client between two pipes: two threads, and what a chat does with each line.
    OurClient,
    /// Our client at a terminal, where the main thread waits for a key, a signal or a redraw.
    OurEditor,
    /// The others are `minimal`.
    Threads,
    Poll,
    Epoll,
    TimeOut,
}

impl Waiting {
    pub const ALL: [Self; 6] =
        [Self::OurClient, Self::OurEditor, Self::Threads, Self::Poll, Self::Epoll, Self::TimeOut];

    pub fn name(self) -> &'static str {
        match self {
            Self::OurClient => "our client",
            Self::OurEditor => "our client with its editor",
            Self::Threads => "minimal client with two threads",
            Self::Poll => "minimal client with poll",
            Self::Epoll => "minimal client with epoll",
            Self::TimeOut => "minimal client with poll and a time-out of 50 ms",
        }
    }

    /// What `minimal` calls it.
    fn way(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Poll => "poll",
            Self::Epoll => "epoll",
            _ => "time-out",
        }
    }

    /// What a user types to say this in the room.
    fn typed(self, text: &str) -> String {
        match self {
            Self::OurClient | Self::OurEditor => text.to_owned(),
            _ => format!("PRIVMSG {ROOM} :{text}"),
        }
    }
}

/// A row for each client.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let server = candidate.start(Transport::Plain)?;
    let folder = TempFolder::new("wake-ups")?;
    let mut speaker = Speaker::enter(&server)?;
    let mut clients = Vec::new();
    for (number, way) in Waiting::ALL.into_iter().enumerate() {
        clients.push(Client::start(way, &server, &folder, &format!("w{number}"), None)?);
    }
    speaker.say("ready", &mut clients)?;
    thread::sleep(SETTLE);
    let count = |clients: &[Client]| clients.iter().map(Client::sleeps).collect::<io::Result<Vec<f64>>>();
    let start = count(&clients)?;
    thread::sleep(Duration::from_secs_f64(options.idle_seconds));
    let idle = count(&clients)?;
    let cpu = |clients: &[Client]| clients.iter().map(|c| proc::exact_cpu(c.pid())).collect::<io::Result<Vec<_>>>();
    let before = cpu(&clients)?;
    for number in 0..LINES {
        speaker.say(&format!("line {number}"), &mut clients)?;
        thread::sleep(PAUSE);
    }
    let (heard, after) = (count(&clients)?, cpu(&clients)?);
    let mut rows = Vec::new();
    for index in 0..clients.len() {
        let calls = calls(clients[index].way, &server, &folder, &mut speaker)?;
        let (typing, mut said) = (clients[index].sleeps()?, 0);
        while said < TYPED {
            clients[index].types(&format!("typed {index} {said}"))?;
            speaker.hears(&format!("typed {index} {said}"))?;
            thread::sleep(PAUSE);
            said += 1;
        }
        let micros = after[index].saturating_sub(before[index]).as_secs_f64() * 1e6;
        rows.push(vec![
            (idle[index] - start[index]) / options.idle_seconds,
            (heard[index] - idle[index]) / LINES as f64,
            (clients[index].sleeps()? - typing) / TYPED as f64,
            calls,
            micros / LINES as f64,
        ]);
    }
    Ok(rows)
}

/// System calls for each line that arrives; none without strace, which slows what it watches, so the client is another.
fn calls(way: Waiting, server: &Server, folder: &TempFolder, speaker: &mut Speaker) -> io::Result<f64> {
    if way == Waiting::OurEditor || Command::new("strace").arg("-V").output().is_err() {
        return Ok(f64::NAN);
    }
    let trace = folder.0.join(way.name()).with_extension("trace");
    let mut client = [Client::start(way, server, folder, "traced", Some(&trace))?];
    speaker.say("ready", &mut client)?;
    thread::sleep(SETTLE);
    // A call that waits is written twice: when it begins, and when it is resumed.
    let count = || -> io::Result<usize> {
        let text = fs::read_to_string(&trace)?;
        Ok(text.lines().filter(|line| line.contains('(') && !line.contains(" resumed>")).count())
    };
    let before = count()?;
    for number in 0..TYPED {
        speaker.say(&format!("traced {number}"), &mut client)?;
        thread::sleep(PAUSE);
    }
    Ok((count()? - before) as f64 / TYPED as f64)
}

/// A connection that speaks, and hears what clients say.
struct Speaker(BufReader<std::net::TcpStream>);

impl Speaker {
    fn enter(server: &Server) -> io::Result<Self> {
        Ok(Self(BufReader::new(enter(server.address)?)))
    }

    /// Says something, and waits until all these have shown it.
    fn say(&mut self, text: &str, clients: &mut [Client]) -> io::Result<()> {
        self.0.get_mut().write_all(format!("PRIVMSG {ROOM} :{text}\r\n").as_bytes())?;
        clients.iter_mut().try_for_each(|client| client.shows(text))
    }

    fn hears(&mut self, text: &str) -> io::Result<()> {
        find(&mut self.0, text)
    }
}

/// Reads on until a line ends like this.
fn find(from: &mut impl BufRead, end: &str) -> io::Result<()> {
    let mut lines = from.lines().map_while(Result::ok);
    let found = lines.any(|line| line.trim_end().ends_with(end));
    if found { Ok(()) } else { Err(io::Error::other(format!("never came: {end:?}"))) }
}

struct Client {
    way: Waiting,
    place: Place,
}

/// Where it runs.
enum Place {
    Pipes { child: Child, stdin: Option<ChildStdin>, stdout: BufReader<ChildStdout> },
    Window(Box<Window>),
}

impl Client {
    /// Starts it, under strace if there is a file for what that sees, and waits until it is in the room.
    fn start(way: Waiting, server: &Server, folder: &TempFolder, nick: &str, trace: Option<&Path>) -> io::Result<Self> {
        if way == Waiting::OurEditor {
            let mut window = Window::open(server, folder)?;
            window.await_line("")?;
            return Ok(Self { way, place: Place::Window(Box::new(window)) });
        }
        let address = server.address.to_string();
        let (ours, minimal) = (Path::new(env!("CARGO_BIN_EXE_chat-client")), std::env::current_exe()?);
        let (program, arguments) = match way {
            Waiting::OurClient => (ours, vec!["--server", &address, "--nick", nick, "--room", ROOM, "--plain"]),
            _ => (minimal.as_path(), vec!["--be", way.way(), &address, nick, ROOM]),
        };
        let mut command = match trace {
            Some(trace) => {
                let mut command = Command::new("strace");
                command.args(["-f", "-e", "signal=none", "-o"]).arg(trace).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(arguments).env("HOME", &folder.0).env("XDG_CONFIG_HOME", folder.0.join(nick));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let piped = || io::Error::other("the client has no pipes");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().ok_or_else(piped)?);
        let entered = if way == Waiting::OurClient { "Welcome to chat room" } else { "End of NAMES list" };
        let mut lines = stdout.by_ref().lines().map_while(Result::ok);
        if !lines.any(|line| line.contains(entered)) {
            return Err(io::Error::other(format!("{} did not come into the room", way.name())));
        }
        Ok(Self { way, place: Place::Pipes { child, stdin, stdout } })
    }

    fn pid(&self) -> u32 {
        match &self.place {
            Place::Pipes { child, .. } => child.id(),
            Place::Window(window) => window.pid(),
        }
    }

    /// How often its threads have gone to sleep until now.
    fn sleeps(&self) -> io::Result<f64> {
        proc::sleeps(self.pid())
    }

    fn shows(&mut self, text: &str) -> io::Result<()> {
        match &mut self.place {
            Place::Pipes { stdout, .. } => find(stdout, text),
            Place::Window(window) => window.await_row(text),
        }
    }

    fn types(&mut self, text: &str) -> io::Result<()> {
        // One write, as from a terminal: each wakes the client.
        let line = format!("{}\n", self.way.typed(text));
        match &mut self.place {
            Place::Pipes { stdin, .. } => stdin.iter_mut().try_for_each(|stdin| stdin.write_all(line.as_bytes())),
            Place::Window(window) => window.types(&line.replace('\n', "\r")),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Place::Pipes { child, stdin, .. } = &mut self.place {
            // Under strace it is not our child, and ends with its input; so does each other one.
            drop(stdin.take());
            let _ = child.wait();
        }
    }
}
