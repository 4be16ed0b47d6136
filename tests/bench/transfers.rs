//! Case 4, files: how fast they go up and down, beside a plain copy over the same loopback; and what
//! a conversation notices of two transfers.
//!
//! Threads: the generator's, and one for each transfer beside the conversation. No locks.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wire::crc32::crc32;

use crate::conversation::{Conversation, Plan, ROOM};
use crate::crowd::Crowd;
use crate::fanout::SET_UP;
use crate::options::Options;
use crate::server::{Candidate, Server, TempFolder, free_ports};
use crate::stream::Transport;
use crate::table::Better::{Less, More, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: [&[Column]; 2] = [
    &[
        Column("MiB/s up", 0, More),
        Column("MiB/s down", 0, More),
        Column("MiB/s socat", 0, Neither),
        Column("up / socat", 2, More),
        Column("down / socat", 2, More),
    ],
    &[
        Column("p99 ms quiet", 2, Less),
        Column("beside transfers", 2, Less),
        Column("p99 slowdown", 2, Less),
        Column("MiB/s up", 0, Neither),
        Column("MiB/s down", 0, Neither),
    ],
];

/// Members of the room that talks while files are transferred.
const MEMBERS: usize = 200;
/// Bytes of the files that are transferred again and again beside a conversation.
const SMALL: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;
/// A listening socat cannot be asked whether it listens: the question would be its one connection.
const SOCAT_STARTS: Duration = Duration::from_millis(300);

/// A row for each of the two tables.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    Ok(vec![throughput(candidate, options.file_mib * MIB)?, beside_chat(candidate, options)?])
}

fn throughput(candidate: &Candidate, size: usize) -> io::Result<Row> {
    let folder = TempFolder::new("files")?;
    let source = folder.0.join("source.bin");
    fs::write(&source, noise(size))?;
    let server = candidate.start(Transport::Plain)?;
    let mut up = Person::start(&server, "up", &folder.0)?;
    let mut down = Person::start(&server, "down", &folder.0)?;
    let mut times = [Duration::ZERO; 2];
    // Twice, and the second counts: memory that nobody has used before is slow, on a virtual machine above all.
    for _ in 0..2 {
        let start = Instant::now();
        up.types(&format!("/file {} down", source.display()))?;
        up.sees("Sent ")?;
        times[0] = start.elapsed();
        let announced = down.sees("/get ")?;
        let id = announced.split("/get ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        let start = Instant::now();
        down.types(&format!("/get {id}"))?;
        down.sees("Received ")?;
        times[1] = start.elapsed();
        fs::remove_dir_all(down.downloads())?;
        up.types(&format!("/cancel {id}"))?;
        down.sees(" took ")?;
    }
    drop((up, down, server));
    let copy = folder.0.join("copy.bin");
    let rate = |time: Duration| size as f64 / MIB as f64 / time.as_secs_f64();
    socat(&source, &copy)?;
    let socat_rate = socat(&source, &copy)?.map_or(f64::NAN, rate);
    let [up_rate, down_rate] = times.map(rate);
    Ok(vec![up_rate, down_rate, socat_rate, up_rate / socat_rate, down_rate / socat_rate])
}

/// Copies a file over loopback as plainly as can be; `None` without a socat.
fn socat(source: &Path, copy: &Path) -> io::Result<Option<Duration>> {
    let [port, _] = free_ports()?;
    let socat = |from: String, to: String| Command::new("socat").args(["-u", &from, &to]).stdin(Stdio::null()).spawn();
    let receiver = socat(format!("TCP-LISTEN:{port},bind=127.0.0.1"), format!("CREATE:{}", copy.display()));
    let mut receiver = match receiver {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    thread::sleep(SOCAT_STARTS);
    let start = Instant::now();
    let mut sender = socat(format!("FILE:{}", source.display()), format!("TCP:127.0.0.1:{port}"))?;
    let ends = [sender.wait()?, receiver.wait()?];
    let time = start.elapsed();
    let whole = fs::metadata(copy)?.len() == fs::metadata(source)?.len();
    fs::remove_file(copy)?;
    if ends.iter().all(ExitStatus::success) && whole {
        return Ok(Some(time));
    }
    Err(io::Error::other("socat did not copy the file"))
}

/// The same conversation, first alone, then while one client sends files and another fetches one.
fn beside_chat(candidate: &Candidate, options: &Options) -> io::Result<Row> {
    let folder = TempFolder::new("small")?;
    let small = Small { path: folder.0.join("small.bin"), sum: crc32(&noise(SMALL)) };
    fs::write(&small.path, noise(SMALL))?;
    let server = candidate.start(Transport::Plain)?;
    let mut crowd = Crowd::new(Transport::Plain)?;
    let deadline = Instant::now() + SET_UP;
    crowd.connect(&server, 'b', MEMBERS, deadline)?;
    crowd.join(0..MEMBERS, |_| ROOM.to_owned(), deadline)?;
    let plan = |run| Plan { run, members: MEMBERS, speakers: options.speakers, in_flight: 1, payload: options.payload };
    let quiet = Conversation::measure(plan(1), &mut crowd, &server, options.times())?;

    // Somebody who is never here, so that nothing but the bytes is sent on.
    drop(Peer::connect(server.address, "absent")?);
    let mut sender = Peer::connect(server.address, "sender")?;
    let mut receiver = Peer::connect(server.address, "receiver")?;
    let id = sender.upload(&small, "receiver")?;
    let over = AtomicBool::new(false);
    let start = Instant::now();
    thread::scope(|scope| {
        let up = scope.spawn(|| repeat(&over, || sender.upload(&small, "absent").and_then(|id| sender.cancel(&id))));
        let down = scope.spawn(|| repeat(&over, || receiver.download(&id)));
        let busy = Conversation::measure(plan(2), &mut crowd, &server, options.times());
        over.store(true, Ordering::SeqCst);
        let joined = |thread: thread::ScopedJoinHandle<'_, io::Result<usize>>| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a transfer panicked")))
        };
        let rate = |count: usize| (count * SMALL / MIB) as f64 / start.elapsed().as_secs_f64();
        let (up, down, busy) = (rate(joined(up)?), rate(joined(down)?), busy?);
        Ok(vec![quiet.p99_ms, busy.p99_ms, busy.p99_ms / quiet.p99_ms, up, down])
    })
}

/// Does something until it is over, and counts how often.
fn repeat(over: &AtomicBool, mut transfer: impl FnMut() -> io::Result<()>) -> io::Result<usize> {
    let mut count = 0;
    while !over.load(Ordering::SeqCst) {
        transfer()?;
        count += 1;
    }
    Ok(count)
}

/// Bytes that no layer can compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..size / 8).flat_map(|_| next()).collect()
}

/// Somebody at the chat client.
struct Person {
    home: PathBuf,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Person {
    fn start(server: &Server, nick: &str, folder: &Path) -> io::Result<Self> {
        let home = folder.join(nick);
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-client"));
        command.args([
            "--server",
            &server.address.to_string(),
            "--nick",
            nick,
            "--auto-accept",
            "0",
            "--plain",
            "--downloads",
        ]);
        command.arg(home.join("downloads")).env("HOME", &home).env("XDG_CONFIG_HOME", home.join("config"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let piped = || io::Error::other("the client has no pipes");
        let stdin = child.stdin.take().ok_or_else(piped)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(piped)?);
        let mut person = Person { home, child, stdin, stdout };
        person.sees("Welcome")?;
        Ok(person)
    }

    fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }

    fn types(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.stdin, "{line}")
    }

    /// Reads on until a line has this text.
    fn sees(&mut self, text: &str) -> io::Result<String> {
        let mut lines = self.stdout.by_ref().lines().map_while(Result::ok);
        lines
            .find(|line| line.contains(text))
            .ok_or_else(|| io::Error::other(format!("the client never said {text:?}")))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // Either fails only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies as the chat client does, which lets others go first between two pieces.
fn polite_copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            count => to.write_all(&buffer[..count])?,
        }
        thread::yield_now();
    }
}

/// The file that is sent again and again.
struct Small {
    path: PathBuf,
    sum: u32,
}

/// The least client that can send and fetch files, so that the load is the server's.
struct Peer {
    address: SocketAddr,
    chat: BufReader<TcpStream>,
}

impl Peer {
    fn connect(address: SocketAddr, nick: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut peer = Peer { address, chat: BufReader::new(stream) };
        peer.say(&format!("CAP REQ :groupchat.local/files\r\nNICK {nick}\r\nUSER {nick} 0 * :x\r\nCAP END"))?;
        peer.hear(" 001 ")?;
        Ok(peer)
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.chat.get_mut().write_all(format!("{line}\r\n").as_bytes())
    }

    /// The words of the next line that has this text.
    fn hear(&mut self, text: &str) -> io::Result<Vec<String>> {
        loop {
            let mut line = String::new();
            if self.chat.read_line(&mut line)? == 0 || line.contains(" FAIL ") {
                return Err(io::Error::other(format!("the server said {line:?} and not {text:?}")));
            }
            if let Some(token) = line.strip_prefix("PING ") {
                self.say(&format!("PONG {}", token.trim_end()))?;
            }
            if line.contains(text) {
                return Ok(line.split_whitespace().map(str::to_owned).collect());
            }
        }
    }

    /// Sends a file, and returns its id.
    fn upload(&mut self, small: &Small, target: &str) -> io::Result<String> {
        self.say(&format!("FILE OFFER 1 {target} {SMALL} :small.bin"))?;
        let words = self.hear(" FILE PUT ")?;
        let (id, token) = (&words[4], &words[5]);
        let mut data = TcpStream::connect(self.address)?;
        write!(data, "PUT {id} {token} 0\r\n")?;
        polite_copy(&mut File::open(&small.path)?, &mut data)?;
        write!(data, "{:08x}\r\n", small.sum)?;
        let mut answer = String::new();
        data.read_to_string(&mut answer)?;
        if answer.starts_with("OK ") { Ok(id.clone()) } else { Err(io::Error::other(answer)) }
    }

    fn cancel(&mut self, id: &str) -> io::Result<()> {
        self.say(&format!("FILE CANCEL {id}"))
    }

    fn download(&mut self, id: &str) -> io::Result<()> {
        self.say(&format!("FILE FETCH {id}"))?;
        let words = self.hear(" FILE GET ")?;
        let mut data = BufReader::with_capacity(256 * 1024, TcpStream::connect(self.address)?);
        write!(data.get_mut(), "GET {id} {} 0\r\n", words[4])?;
        let mut answer = String::new();
        data.read_line(&mut answer)?;
        if !answer.starts_with("OK ") {
            return Err(io::Error::other(answer));
        }
        polite_copy(&mut data, &mut io::sink())
    }
}
