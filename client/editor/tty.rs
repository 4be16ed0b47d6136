//! The terminal itself: raw mode, keys, the size of its window. This is the version for Unix.
//!
//! The main thread reads keys here, in one call that blocks until there is something (poll(2)). Any thread may end the raw
//! mode; from then on the main thread reads no more. Small locks of its own, under which nothing waits. A port to another
//! system gives these functions a second body.
//!
//! crossterm has all of this for Windows, too, but (0.29) it leaves keys unread when more than 1024 bytes come at once, and
//! uses all of a processor once the terminal has gone.

use super::key::{Key, PASTE_END, Parser};
use super::limits::{LONGEST_END, PAUSE, SIZE, TYPING};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr,
};
use signal_hook::consts::{SIGCONT, SIGQUIT, SIGWINCH};
use signal_hook::low_level::pipe;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Stdin, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A special character that no key stands for (`_POSIX_VDISABLE`).
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// The modes of the terminal (termios(3)): those that it had, and those that the editor needs.
pub struct Modes {
    original: Mutex<Termios>,
    /// The program ends. The terminal stays raw until the user has stopped typing.
    is_ending: AtomicBool,
    /// There is no raw mode any more.
    has_ended: AtomicBool,
    typing: Mutex<Typing>,
}

/// What the user is doing, for the end of the program.
#[derive(Default)]
struct Typing {
    /// When something was typed last.
    last: Option<Instant>,
    /// More is expected: there is half a line.
    is_expected: bool,
    is_pasting: bool,
    /// The last bytes that came, which may be the start of the mark behind a paste.
    tail: Vec<u8>,
    /// The user has asked for the end.
    wants_end: bool,
}

/// Something that the main thread waits for.
#[derive(Debug)]
pub enum Happening {
    Key(Key),
    /// The window may have another size.
    Window,
    /// The program goes on after it was stopped.
    Continued,
    /// The program is asked to end (SIGQUIT), which would end it in raw mode.
    Quit,
    /// There is no terminal any more.
    Closed,
}

/// The source of keys.
pub struct Keys {
    input: Stdin,
    modes: Arc<Modes>,
    /// Each gets a byte with each signal of its kind: SIGWINCH, SIGCONT, SIGQUIT.
    signals: [UnixStream; 3],
    parser: Parser,
    ready: VecDeque<Key>,
}

impl Modes {
    pub fn of_terminal() -> io::Result<Modes> {
        let original = Mutex::new(tcgetattr(stdin())?);
        let (is_ending, has_ended) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Modes { original, is_ending, has_ended, typing: Mutex::default() })
    }

    fn typing(&self) -> MutexGuard<'_, Typing> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn original(&self) -> MutexGuard<'_, Termios> {
        self.original.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each key is read as it is pressed, and nothing is echoed. While nobody reads keys, Ctrl-C and Ctrl-Z are signals.
    pub fn raw(&self, with_signals: bool) {
        if self.is_ending() || self.has_ended.load(Ordering::SeqCst) {
            return;
        }
        let mut original = self.original();
        // While the program was stopped the user may have chosen others.
        if let Ok(modes) = tcgetattr(stdin())
            && modes.local_modes.contains(LocalModes::ICANON)
        {
            *original = modes;
        }
        drop(original);
        self.set_raw(with_signals, 1);
        if self.has_ended.load(Ordering::SeqCst) {
            self.restore();
        }
    }

    /// A read waits for this many bytes.
    fn set_raw(&self, with_signals: bool, bytes: u8) {
        let mut raw = self.original().clone();
        let output_modes = raw.output_modes;
        raw.make_raw();
        // Lines of other programs, and of a panic, still begin at the left edge.
        raw.output_modes = output_modes;
        raw.local_modes.set(LocalModes::ISIG, with_signals);
        // Ctrl-\ would end the program in raw mode.
        raw.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        raw.special_codes[SpecialCodeIndex::VMIN] = bytes;
        // Without it the terminal stays as it is, which the user sees.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &raw);
    }

    /// The modes from before, for a shell. A program in the background would be stopped for touching them.
    pub fn restore(&self) {
        if is_foreground() {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.original());
        }
    }

    /// Nothing that comes from now on is carried out.
    pub fn begin_end(&self) {
        if !self.is_ending.swap(true, Ordering::SeqCst) && !self.has_ended.load(Ordering::SeqCst) && is_foreground() {
            // The main thread may sit in a read, too.
            self.set_raw(false, 0);
        }
    }

    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    /// There is half a line, to which its author may be adding more.
    pub fn expect_typing(&self) {
        self.typing().is_expected = true;
    }

    /// Something was typed that nobody has read yet.
    pub fn has_unread(&self) -> bool {
        !self.is_ending() && has_input(Duration::ZERO)
    }

    /// The user has asked for the end, and so types nothing more for this program.
    pub fn want_end(&self) {
        self.typing().wants_end = true;
    }

    /// Ends the raw mode, once the user has stopped typing: what is typed for this program must not go to the shell.
    pub fn settle(&self, by_user: bool) {
        self.begin_end();
        if !by_user && !self.has_ended.load(Ordering::SeqCst) && is_foreground() && self.is_typing() {
            self.drop_typing();
        }
        self.end();
    }

    fn is_typing(&self) -> bool {
        let typing = self.typing();
        let is_recent = typing.last.is_some_and(|last| last.elapsed() < TYPING);
        !typing.wants_end && (is_recent || typing.is_expected || typing.is_pasting || has_input(Duration::ZERO))
    }

    /// Drops what comes until nothing has come for a while, not for ever.
    fn drop_typing(&self) {
        let start = Instant::now();
        let mut last = start;
        loop {
            let left = LONGEST_END.saturating_sub(start.elapsed());
            let quiet = PAUSE.saturating_sub(last.elapsed());
            let is_pasting = self.typing().is_pasting;
            if left.is_zero() || quiet.is_zero() && !is_pasting {
                return;
            }
            if !has_input(if is_pasting { left } else { left.min(quiet) }) {
                continue;
            }
            let mut bytes = [0; 4096];
            match read(stdin().as_fd(), &mut bytes) {
                Ok(count @ 1..) => {
                    self.typing().came(&bytes[..count], None);
                    last = Instant::now();
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                // The terminal has gone, unless the main thread was faster.
                Ok(0) if is_foreground() => thread::yield_now(),
                _ => return,
            }
        }
    }

    /// The same for good. What was typed and not read is not left for the shell.
    pub fn end(&self) {
        if !self.has_ended.swap(true, Ordering::SeqCst) && is_foreground() {
            let _ = tcflush(stdin(), QueueSelector::IFlush);
        }
        self.restore();
    }
}

impl Keys {
    pub fn new(modes: &Arc<Modes>) -> io::Result<Keys> {
        let signals = [of_signal(SIGWINCH)?, of_signal(SIGCONT)?, of_signal(SIGQUIT)?];
        let modes = Arc::clone(modes);
        Ok(Keys { input: stdin(), modes, signals, parser: Parser::default(), ready: VecDeque::new() })
    }

    /// The program was stopped, and whoever stopped it knows.
    pub fn forget_stop(&self) {
        drain(&self.signals[1]);
    }

    /// Whether the next key is there already.
    pub fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Drops what was typed and not handled yet.
    pub fn drop_pending(&mut self) {
        self.ready.clear();
        self.parser = Parser::default();
        let _ = tcflush(stdin(), QueueSelector::IFlush);
    }

    /// Waits for the next thing that happens.
    pub fn next(&mut self) -> Happening {
        loop {
            while self.modes.is_ending() {
                // Another thread ends the program.
                thread::park();
            }
            if let Some(key) = self.ready.pop_front() {
                return Happening::Key(key);
            }
            let patience = self.parser.patience().and_then(|patience| Timespec::try_from(patience).ok());
            let [window, continued, quit] = &self.signals;
            let wait_for = |signal| PollFd::new(signal, PollFlags::IN);
            let [window, continued, quit] = [window, continued, quit].map(wait_for);
            let mut wanted = [window, continued, quit, PollFd::new(&self.input, PollFlags::IN)];
            match poll(&mut wanted, patience.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return Happening::Closed,
            }
            if self.modes.is_ending() {
                continue;
            }
            let first = wanted.iter().position(|descriptor| !descriptor.revents().is_empty());
            let Some(first) = first else {
                self.ready.extend(self.parser.give_up());
                self.modes.typing().is_pasting = self.parser.is_pasting();
                continue;
            };
            if let Some(signal) = self.signals.get(first) {
                drain(signal);
                return match first {
                    0 => Happening::Window,
                    1 => Happening::Continued,
                    _ => Happening::Quit,
                };
            }
            let mut bytes = [0; 4096];
            match read(self.input.as_fd(), &mut bytes) {
                Ok(0) if self.modes.is_ending() => {}
                Ok(0) => return Happening::Closed,
                Ok(count) => {
                    self.ready.extend(self.parser.feed(&bytes[..count]));
                    self.modes.typing().came(&bytes[..count], Some(self.parser.is_pasting()));
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return Happening::Closed,
            }
        }
    }
}

impl Typing {
    /// Something was typed or pasted. Whether a paste goes on is seen here when nobody says so.
    fn came(&mut self, bytes: &[u8], is_pasting: Option<bool>) {
        self.last = Some(Instant::now());
        self.tail.extend_from_slice(bytes);
        let has_ended = self.tail.windows(PASTE_END.len()).any(|part| part == PASTE_END);
        self.is_pasting = is_pasting.unwrap_or(self.is_pasting && !has_ended);
        self.tail.drain(..self.tail.len().saturating_sub(PASTE_END.len() - 1));
    }
}

/// Whether this program may use the terminal; one in the background would be stopped for it.
fn is_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|foreground| foreground == getpgrp())
}

/// Whether something comes within this time.
fn has_input(time: Duration) -> bool {
    let (input, time) = (stdin(), Timespec::try_from(time).ok());
    poll(&mut [PollFd::new(&input, PollFlags::IN)], time.as_ref()).is_ok_and(|count| count > 0)
}

/// Gets a byte with each signal of this kind.
fn of_signal(signal: i32) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    write.set_nonblocking(true)?;
    pipe::register(signal, write)?;
    Ok(read)
}

fn drain(signal: &UnixStream) {
    let mut bytes = [0; 64];
    while read(signal, &mut bytes).is_ok_and(|count| count > 0) {}
}

/// The standard output without a buffer, so that each drawing is one write.
pub fn output() -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(File::from(stdout().as_fd().try_clone_to_owned()?)))
}

/// Columns and rows of the window.
pub fn size() -> (usize, usize) {
    let size = tcgetwinsize(stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or(SIZE, |size| (size.ws_col.into(), size.ws_row.into()))
}

/// Stops the program, as Ctrl-Z does where it is a signal, until the shell lets it go on.
pub fn stop() {
    // In a group that no shell watches over nothing happens.
    let _ = kill_current_process_group(Signal::TSTP);
}

/// What Ctrl-C does where it is a signal.
pub fn interrupt() {
    let _ = kill_process(getpid(), Signal::INT);
}
