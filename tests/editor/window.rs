//! The chat client in a window: a pseudo terminal, and an emulator that shows what a user would see.
//!
//! The child is killed and waited for when the test is done with it. When the test fails, the window is printed.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use crate::client::person::Home;
use crate::harness::{PATIENCE, with_default_signals};

pub struct Window {
    child: Child,
    /// The side of the keyboard and the screen.
    keyboard: File,
    /// The side of the program, held open to look at its modes.
    terminal: Option<OwnedFd>,
    shown: Arc<Shown>,
    reader: Option<JoinHandle<()>>,
    /// The reader ends when this is closed.
    open: Option<UnixStream>,
}

struct Shown {
    emulator: Mutex<vt100::Parser>,
    changed: Condvar,
    /// What was to be seen after each drawing of the prompt, once that is of interest.
    drawings: Mutex<Option<Vec<Drawing>>>,
}

/// The rows that are not empty, and the place of the cursor: how many of these rows are above its own, and its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    pub rows: Vec<String>,
    pub cursor: (usize, u16),
}

/// The editor's drawing of the prompt ends with it (DECAWM).
const DRAWN: &[u8] = b"\x1b[?7h";

fn parser(columns: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap(), 2000)
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// What `stty -a` says, in short.
pub fn modes(terminal: impl AsFd) -> String {
    let modes = tcgetattr(terminal).unwrap();
    format!("{:?} {:?} {:?}", modes.input_modes, modes.output_modes, modes.local_modes)
}

impl Window {
    /// Somebody who is in the lobby under this name.
    #[track_caller]
    pub fn person(home: &Home, nick: &str) -> Window {
        let window = Window::open(&home.client(&["--nick", nick, "--times", "off"]), 80, 24);
        window.expect_row("#lobby>");
        window
    }

    /// Runs a command in a window of this size.
    pub fn open(command: &Command, columns: u16, rows: u16) -> Window {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        // Programs of other tests must not hold it open.
        let open = || rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let terminal = open();
        tcsetwinsize(&terminal, size(columns, rows)).unwrap();
        // A session of its own, of which this is the terminal.
        let inner = with_default_signals(command);
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        inner.get_current_dir().into_iter().for_each(|folder| _ = session.current_dir(folder));
        session.stdin(open()).stdout(open()).stderr(open());
        let child = session.spawn().unwrap();
        drop(session);
        let keyboard = File::from(keyboard);
        let shown = Arc::new(Shown {
            emulator: Mutex::new(parser(columns, rows)),
            changed: Condvar::new(),
            drawings: Mutex::default(),
        });
        let (screen, mut output) = (Arc::clone(&shown), keyboard.try_clone().unwrap());
        let (open, closed) = UnixStream::pair().unwrap();
        let reader = thread::spawn(move || {
            let (mut bytes, mut seen) = ([0; 4096], Vec::new());
            loop {
                let mut sources = [PollFd::new(&output, PollFlags::IN), PollFd::new(&closed, PollFlags::IN)];
                poll(&mut sources, None).unwrap();
                if !sources[1].revents().is_empty() {
                    return;
                }
                // The end, once the program has closed the terminal, is an error on Linux.
                let Ok(count @ 1..) = output.read(&mut bytes) else { return };
                screen.process(&bytes[..count], &mut seen);
                screen.changed.notify_all();
            }
        });
        Window { child, keyboard, terminal: Some(terminal), shown, reader: Some(reader), open: Some(open) }
    }

    pub fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    pub fn paste(&mut self, text: &str) {
        self.type_text(&format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut emulator = self.shown.emulator.lock().unwrap();
        emulator.screen_mut().set_size(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        tcsetwinsize(self.terminal(), size(columns, rows)).unwrap();
    }

    fn terminal(&self) -> &OwnedFd {
        self.terminal.as_ref().expect("it is open until the end")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the window is as it should be.
    #[track_caller]
    pub fn expect(&self, what: &str, mut is_so: impl FnMut(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut emulator = self.shown.emulator.lock().unwrap();
        while !is_so(emulator.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let shown = emulator.screen().contents();
                drop(emulator);
                panic!("the window never had {what:?}:\n{shown}\n");
            }
            emulator = self.shown.changed.wait_timeout(emulator, left).unwrap().0;
        }
    }

    /// Waits for a row that begins like this.
    #[track_caller]
    pub fn expect_row(&self, start: &str) {
        self.expect(start, |screen| rows(screen).iter().any(|row| row.starts_with(start)));
    }

    /// Waits until the last row is this, with the cursor where the bar is.
    #[track_caller]
    pub fn expect_prompt(&self, prompt: &str) {
        let (before, after) = prompt.split_once('|').unwrap();
        self.expect(prompt, |screen| {
            let (row, column) = screen.cursor_position();
            let text = screen.rows(0, screen.size().1.get()).nth(row.into()).unwrap();
            // Blanks at the end of what was drawn cannot be told from what was never drawn.
            let shown = screen.contents_between(row, 0, row, column);
            shown.trim_end() == before.trim_end() && text.trim_end() == format!("{before}{after}").trim_end()
        });
    }

    /// Looks at each drawing from now on.
    pub fn watch(&self) {
        *self.shown.drawings.lock().unwrap() = Some(Vec::new());
    }

    /// What was to be seen after each of them.
    pub fn drawings(&self) -> Vec<Drawing> {
        self.shown.drawings.lock().unwrap().clone().unwrap_or_default()
    }

    /// The rows of the window that are not empty.
    pub fn rows(&self) -> Vec<String> {
        rows(self.shown.emulator.lock().unwrap().screen())
    }

    /// All lines that were ever shown, with those that have left the window at its top.
    pub fn lines(&self) -> Vec<String> {
        let mut emulator = self.shown.emulator.lock().unwrap();
        let screen = emulator.screen_mut();
        screen.set_scrollback(usize::MAX);
        let mut lines = Vec::new();
        loop {
            let above = screen.scrollback();
            let height = usize::from(screen.size().0.get());
            let page: Vec<_> = screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned()).collect();
            if above == 0 {
                lines.extend(page);
                return lines;
            }
            let step = above.min(height);
            lines.extend(page.into_iter().take(step));
            screen.set_scrollback(above - step);
        }
    }

    pub fn modes(&self) -> String {
        modes(self.terminal())
    }

    /// Closes the window under the program, and waits for its end.
    #[track_caller]
    pub fn close(mut self) -> ExitStatus {
        self.stop_reader();
        self.terminal = None;
        let nobody = OpenOptions::new().write(true).open("/dev/null").unwrap();
        drop(std::mem::replace(&mut self.keyboard, nobody));
        self.expect_end()
    }

    fn stop_reader(&mut self) {
        self.open = None;
        self.reader.take().map(JoinHandle::join);
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub fn expect_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the program never ended:\n{}", self.rows().join("\n"));
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Shown {
    /// Takes what the program writes. `seen` is the end of what came before.
    fn process(&self, bytes: &[u8], seen: &mut Vec<u8>) {
        let mut emulator = self.emulator.lock().unwrap();
        let mut drawings = self.drawings.lock().unwrap();
        let Some(drawings) = &mut *drawings else { return emulator.process(bytes) };
        for &byte in bytes {
            emulator.process(&[byte]);
            seen.push(byte);
            if seen.ends_with(DRAWN) {
                seen.clear();
                drawings.push(Drawing::of(emulator.screen()));
            }
        }
    }
}

impl Drawing {
    fn of(screen: &vt100::Screen) -> Drawing {
        let (row, column) = screen.cursor_position();
        let above = screen.rows(0, screen.size().1.get()).take(row.into()).filter(|row| !row.trim_end().is_empty());
        Drawing { cursor: (above.count(), column), rows: rows(screen) }
    }

    /// The same without the rows above this one.
    pub fn below(mut self, is_first: impl Fn(&str) -> bool) -> Option<Drawing> {
        let first = self.rows.iter().position(|row| is_first(row))?;
        self.cursor.0 -= first;
        self.rows.drain(..first);
        Some(self)
    }
}

fn rows(screen: &vt100::Screen) -> Vec<String> {
    let rows = screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned());
    rows.filter(|row| !row.is_empty()).collect()
}

impl Drop for Window {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the window ---\n{}", self.rows().join("\n"));
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stop_reader();
    }
}
