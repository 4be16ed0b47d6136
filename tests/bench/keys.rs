//! Case 7, keys: how soon a key is seen while lines arrive. The chat client runs at a pseudo terminal, and an emulator shows
//! what its user would see.
//!
//! Threads: the generator's, which types and looks, and one that speaks. No locks.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::crowd::check;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::server::{Candidate, Server, TempFolder};
use crate::stream::Transport;
use crate::table::Better::{Less, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: &[Column] = &[
    Column("p50 ms", 2, Less),
    Column("p99 ms", 2, Less),
    Column("max ms", 2, Less),
    Column("lines/s", 0, Neither),
    Column("client CPU %", 0, Neither),
];

/// Lines that arrive in a second.
pub const RATE: u32 = 1000;
pub const ROOM: &str = "#keys";
/// The shortest and the longest pause between two keys, in microseconds: between those of a fast typist, too.
const PAUSE: (u64, u64) = (5_000, 45_000);
/// Characters of the line before it is erased; it fits one row.
const LINE: usize = 40;
const SIZE: (u16, u16) = (80, 24);
/// How long anything may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let folder = TempFolder::new("keys")?;
    let server = candidate.start(Transport::Plain)?;
    let speaker = enter(server.address)?;
    let mut window = Window::open(&server, &folder)?;
    window.await_line("")?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let speaking = scope.spawn(|| speak(speaker, options.payload, &is_over));
        let (start, cpu) = (Instant::now(), crate::proc::exact_cpu(window.child.id())?);
        let measured = measure(&mut window, options.keys);
        let seconds = start.elapsed().as_secs_f64();
        is_over.store(true, Ordering::SeqCst);
        let count = speaking.join().unwrap_or_else(|_| Err(io::Error::other("the speaker panicked")))?;
        let latencies = measured?;
        let cpu = crate::proc::exact_cpu(window.child.id())?.saturating_sub(cpu).as_secs_f64();
        // All of them have arrived.
        window.await_row(&line(count - 1, options.payload))?;
        let [p50, p99] = [0.5, 0.99].map(|share| latencies.quantile_ms(share));
        Ok(vec![vec![p50, p99, latencies.max_ms(), count as f64 / seconds, cpu * 100.0 / seconds]])
    })
}

/// Types keys at random moments, each once the one before is seen.
fn measure(window: &mut Window, keys: usize) -> io::Result<Histogram> {
    let (mut latencies, mut typed, mut random) = (Histogram::new(), String::new(), 1u64);
    for key in ('a'..='z').cycle().take(keys) {
        // Numerical Recipes' generator: all that matters is that it keeps no step with anything else.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pause = PAUSE.0 + (random >> 33) % (PAUSE.1 - PAUSE.0);
        window.watch(Duration::from_micros(pause))?;
        if typed.len() == LINE {
            typed.clear();
            window.keyboard.write_all(b"\x15")?;
            window.await_line(&typed)?;
        }
        typed.push(key);
        let pressed = Instant::now();
        window.keyboard.write_all(&[key as u8])?;
        window.await_line(&typed)?;
        latencies.record(pressed.elapsed());
    }
    Ok(latencies)
}

/// A connection that is in the room.
pub fn enter(address: SocketAddr) -> io::Result<TcpStream> {
    let mut speaker = TcpStream::connect(address)?;
    speaker.set_nodelay(true)?;
    write!(speaker, "NICK speaker\r\nUSER speaker 0 * :x\r\nJOIN {ROOM}\r\n")?;
    for line in BufReader::new(speaker.try_clone()?).lines() {
        if line?.contains(" 366 ") {
            return Ok(speaker);
        }
    }
    Err(io::Error::other("the speaker did not come into the room"))
}

/// Says the lines that are due, until it is over; how many.
fn speak(mut speaker: TcpStream, payload: usize, is_over: &AtomicBool) -> io::Result<usize> {
    let (start, mut said) = (Instant::now(), 0);
    while !is_over.load(Ordering::SeqCst) || said == 0 {
        let due = (start.elapsed().as_secs_f64() * f64::from(RATE)) as usize;
        let lines: Vec<_> =
            (said..due).map(|number| format!("PRIVMSG {ROOM} :{}\r\n", line(number, payload))).collect();
        speaker.write_all(lines.concat().as_bytes())?;
        said = due;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(said)
}

fn line(number: usize, payload: usize) -> String {
    let number = format!("line {number} ");
    format!("{number}{}", "x".repeat(payload.saturating_sub(number.len())))
}

/// The chat client at its terminal.
pub struct Window {
    child: Child,
    /// The side of the keyboard and the screen.
    keyboard: File,
    emulator: vt100::Parser,
}

impl Window {
    pub fn open(server: &Server, home: &TempFolder) -> io::Result<Self> {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&keyboard)?;
        unlockpt(&keyboard)?;
        let name = ptsname(&keyboard, Vec::new())?;
        let open = || rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let (columns, rows) = SIZE;
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&keyboard, size)?;
        // A session of its own, of which this is the terminal.
        let mut command = Command::new("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_chat-client"), "--nick", "typist", "--plain", "--room", ROOM]);
        command.args(["--server", &server.address.to_string()]);
        command.env("TERM", "xterm-256color").env("HOME", &home.0).env("XDG_CONFIG_HOME", home.0.join("config"));
        let child = command.stdin(open()?).stdout(open()?).stderr(open()?).spawn()?;
        let [rows, columns] = [rows, columns].map(|count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN));
        Ok(Window { child, keyboard: File::from(keyboard), emulator: vt100::Parser::new(rows, columns, 0) })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn types(&mut self, text: &str) -> io::Result<()> {
        self.keyboard.write_all(text.as_bytes())
    }

    /// Shows what comes next, if it comes in this time.
    fn turn(&mut self, time: Duration) -> io::Result<()> {
        let time = Timespec::try_from(time).map_err(io::Error::other)?;
        if poll(&mut [PollFd::new(&self.keyboard, PollFlags::IN)], Some(&time))? > 0 {
            let mut bytes = [0; 4096];
            let count = self.keyboard.read(&mut bytes)?;
            self.emulator.process(&bytes[..count]);
        }
        Ok(())
    }

    /// Shows what comes in this time.
    fn watch(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.turn(left)?;
        }
    }

    /// Waits until this is what stands between the prompt and the cursor.
    pub fn await_line(&mut self, typed: &str) -> io::Result<()> {
        let expected = format!("{ROOM}> {typed}");
        self.wait(&expected, |screen| {
            let (row, column) = screen.cursor_position();
            // The blank at the end of an empty prompt may not count as text.
            screen.contents_between(row, 0, row, column).trim_end() == expected.trim_end()
        })
    }

    /// Waits until a row ends like this.
    pub fn await_row(&mut self, end: &str) -> io::Result<()> {
        self.wait(end, |screen| screen.rows(0, SIZE.0).any(|row| row.trim_end().ends_with(end.trim_end())))
    }

    fn wait(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self.emulator.screen()) {
            check(deadline, || format!("{:?}, and not {what:?}, is on the screen", self.emulator.screen().contents()))?;
            self.turn(PATIENCE)?;
        }
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Either fails only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
