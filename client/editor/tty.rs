//! The terminal itself: raw mode, keys, the size of its window. This is the version for Unix.
//!
//! The main thread reads keys here, in one call that blocks until there is something (poll(2)). Any thread may end the raw
//! mode. No lock. A port to another system gives these functions a second body.
//!
//! crossterm has all of this for Windows, too, but (0.29) it leaves keys unread when more than 1024 bytes come at once, and
//! uses all of a processor once the terminal has gone.

use super::key::{Key, Parser};
use super::limits::SIZE;
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
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A special character that no key stands for (`_POSIX_VDISABLE`).
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// The modes of the terminal (termios(3)): those that it had, and those that the editor needs.
pub struct Modes {
    original: Mutex<Termios>,
    /// The program ends, so there is no raw mode any more.
    has_ended: AtomicBool,
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
    /// Each gets a byte with each signal of its kind: SIGWINCH, SIGCONT, SIGQUIT.
    signals: [UnixStream; 3],
    parser: Parser,
    ready: VecDeque<Key>,
}

impl Modes {
    pub fn of_terminal() -> io::Result<Modes> {
        Ok(Modes { original: Mutex::new(tcgetattr(stdin())?), has_ended: AtomicBool::new(false) })
    }

    fn original(&self) -> MutexGuard<'_, Termios> {
        self.original.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each key is read as it is pressed, and nothing is echoed. While nobody reads keys, Ctrl-C and Ctrl-Z are signals.
    pub fn raw(&self, with_signals: bool) {
        if self.has_ended.load(Ordering::SeqCst) {
            return;
        }
        let mut original = self.original();
        // While the program was stopped the user may have chosen others.
        if let Ok(modes) = tcgetattr(stdin())
            && modes.local_modes.contains(LocalModes::ICANON)
        {
            *original = modes;
        }
        let mut raw = original.clone();
        drop(original);
        let output_modes = raw.output_modes;
        raw.make_raw();
        // Lines of other programs, and of a panic, still begin at the left edge.
        raw.output_modes = output_modes;
        raw.local_modes.set(LocalModes::ISIG, with_signals);
        // Ctrl-\ would end the program in raw mode.
        raw.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        // Without it the terminal stays as it is, which the user sees.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &raw);
        if self.has_ended.load(Ordering::SeqCst) {
            self.restore();
        }
    }

    /// The modes from before, for a shell. A program in the background would be stopped for touching them.
    pub fn restore(&self) {
        if tcgetpgrp(stdin()).is_ok_and(|foreground| foreground == getpgrp()) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.original());
        }
    }

    /// The same for good. What was typed and not read is not left for the shell.
    pub fn end(&self) {
        if !self.has_ended.swap(true, Ordering::SeqCst) && tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) {
            let _ = tcflush(stdin(), QueueSelector::IFlush);
        }
        self.restore();
    }
}

impl Keys {
    pub fn new() -> io::Result<Keys> {
        let signals = [of_signal(SIGWINCH)?, of_signal(SIGCONT)?, of_signal(SIGQUIT)?];
        Ok(Keys { input: stdin(), signals, parser: Parser::default(), ready: VecDeque::new() })
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
            let first = wanted.iter().position(|descriptor| !descriptor.revents().is_empty());
            let Some(first) = first else {
                self.ready.extend(self.parser.give_up());
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
                Ok(0) => return Happening::Closed,
                Ok(count) => self.ready.extend(self.parser.feed(&bytes[..count])),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return Happening::Closed,
            }
        }
    }
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
