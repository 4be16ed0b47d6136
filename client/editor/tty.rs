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
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
};
use signal_hook::consts::{SIGCONT, SIGWINCH};
use signal_hook::low_level::pipe;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Stdin, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// The modes of the terminal (termios(3)): those that it had, and those that the editor needs.
pub struct Modes {
    original: Termios,
    /// The program ends, so there is no raw mode any more.
    has_ended: AtomicBool,
}

/// Something that the main thread waits for.
#[derive(Debug)]
pub enum Happening {
    Key(Key),
    /// The window has another size, or the program goes on after it was stopped.
    Window,
    /// There is no terminal any more.
    Closed,
}

/// The source of keys.
pub struct Keys {
    input: Stdin,
    /// Gets a byte with each signal.
    signals: UnixStream,
    parser: Parser,
    ready: VecDeque<Key>,
}

impl Modes {
    pub fn of_terminal() -> io::Result<Modes> {
        Ok(Modes { original: tcgetattr(stdin())?, has_ended: AtomicBool::new(false) })
    }

    /// Each key is read as it is pressed, and nothing is echoed. While nobody reads keys, Ctrl-C and Ctrl-Z are signals.
    pub fn raw(&self, with_signals: bool) {
        if self.has_ended.load(Ordering::SeqCst) {
            return;
        }
        let mut raw = self.original.clone();
        raw.make_raw();
        // Lines of other programs, and of a panic, still begin at the left edge.
        raw.output_modes = self.original.output_modes;
        raw.local_modes.set(LocalModes::ISIG, with_signals);
        // Without it the terminal stays as it is, which the user sees.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &raw);
        if self.has_ended.load(Ordering::SeqCst) {
            self.restore();
        }
    }

    /// The modes from before, for a shell. A program in the background would be stopped for touching them.
    pub fn restore(&self) {
        if tcgetpgrp(stdin()).is_ok_and(|foreground| foreground == getpgrp()) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.original);
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
        let (signals, write) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        pipe::register(SIGWINCH, write.try_clone()?)?;
        pipe::register(SIGCONT, write)?;
        Ok(Keys { input: stdin(), signals, parser: Parser::default(), ready: VecDeque::new() })
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
            let mut wanted = [PollFd::new(&self.input, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
            let count = match poll(&mut wanted, patience.as_ref()) {
                Ok(count) => count,
                Err(Errno::INTR) => continue,
                Err(_) => return Happening::Closed,
            };
            let [has_keys, has_signals] = wanted.map(|descriptor| !descriptor.revents().is_empty());
            if count == 0 {
                self.ready.extend(self.parser.give_up());
            } else if has_signals {
                let mut bytes = [0; 64];
                while read(&self.signals, &mut bytes).is_ok_and(|count| count > 0) {}
                return Happening::Window;
            } else if has_keys {
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
}

/// The standard output without a buffer, so that each drawing is one write.
pub fn output() -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(File::from(stdout().as_fd().try_clone_to_owned()?)))
}

/// Whether the terminal is still in raw mode, or a shell has taken it back while the program was stopped.
pub fn is_raw() -> bool {
    tcgetattr(stdin()).is_ok_and(|modes| !modes.local_modes.contains(LocalModes::ICANON))
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
