//! The server's console: a line for each client that comes, takes a name, joins, writes, leaves.
//!
//! Any thread hands lines over; the thread `log` writes them to standard output. A terminal that is
//! paused, or a pipe that nobody reads, therefore stops no client.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::limits;
use wire::text::{pluralize, printable};

/// Between two lines about the same kind of trouble.
const TROUBLE_PAUSE: Duration = Duration::from_mins(1);

/// Where every thread puts its log lines.
#[derive(Debug)]
pub struct Log {
    lines: SyncSender<String>,
    /// Lines that found the queue full.
    missed: Arc<AtomicUsize>,
    /// Whether the text of messages is shown.
    verbose: bool,
}

impl Log {
    /// Starts the thread; it ends when the `Log` is dropped. Whoever waits on the receiver learns
    /// when that is done.
    pub fn start(verbose: bool) -> io::Result<(Log, Receiver<Infallible>)> {
        let (sender, receiver) = mpsc::sync_channel(limits::LOG_LINES);
        let missed = Arc::new(AtomicUsize::new(0));
        let log = Log { lines: sender, missed: Arc::clone(&missed), verbose };
        let (done, all_written) = mpsc::channel();
        thread::Builder::new().name("log".into()).spawn(move || log_loop(&receiver, &missed, done))?;
        Ok((log, all_written))
    }

    /// A line about the server itself.
    pub fn line(&self, line: impl fmt::Display) {
        // Shown to a person at a terminal, and partly written by strangers.
        if self.lines.try_send(printable(&line.to_string()).into_owned()).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A line about a client: where it is, what it did, what it is called.
    pub fn client(&self, address: SocketAddr, nick: Option<&str>, did: impl fmt::Display) {
        let (ip, port) = (address.ip(), address.port());
        match nick {
            Some(nick) => self.line(format_args!("Client ({ip}, {port}) {did}  [ {nick} ]")),
            None => self.line(format_args!("Client ({ip}, {port}) {did}")),
        }
    }

    /// Who wrote to whom; the text itself only when it was asked for.
    pub fn message(&self, address: SocketAddr, nick: &str, target: &str, text: &str) {
        if self.verbose {
            self.client(address, Some(nick), format_args!("wrote to {target}: {text}"));
        } else {
            self.client(address, Some(nick), format_args!("wrote to {target}"));
        }
    }
}

/// One kind of trouble, which each request of a flood could report: the console gets a line a minute about it, with the
/// number of those that were left out. The lock is held for a comparison.
#[derive(Debug, Default)]
pub struct Trouble(Mutex<Reported>);

#[derive(Debug, Default)]
struct Reported {
    last: Option<Instant>,
    left_out: usize,
}

impl Trouble {
    pub fn report(&self, log: &Log, now: Instant, line: fmt::Arguments<'_>) {
        match self.due(now) {
            None => {}
            Some(0) => log.line(line),
            Some(count) => log.line(format_args!("{line} ({} before it)", pluralize(count, "more line"))),
        }
    }

    /// How many lines were left out, if another one is due.
    fn due(&self, now: Instant) -> Option<usize> {
        let mut reported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.last.is_some_and(|last| now.saturating_duration_since(last) < TROUBLE_PAUSE) {
            reported.left_out += 1;
            return None;
        }
        reported.last = Some(now);
        Some(std::mem::take(&mut reported.left_out))
    }
}

fn log_loop(lines: &Receiver<String>, missed: &AtomicUsize, _done: Sender<Infallible>) {
    let mut out = io::BufWriter::new(io::stdout());
    while let Ok(first) = lines.recv() {
        // Nobody may be looking any more: the chat goes on without its console.
        for line in std::iter::once(first).chain(lines.try_iter()) {
            let _ = writeln!(out, "{line}");
        }
        match missed.swap(0, Ordering::Relaxed) {
            0 => {}
            count => drop(writeln!(out, "({count} lines are not shown: this console was too slow)")),
        }
        let _ = out.flush();
        thread::sleep(limits::LOG_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_minute() {
        let (trouble, now) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.due(now), Some(0));
        assert_eq!([1, 59].map(|seconds| trouble.due(now + Duration::from_secs(seconds))), [None, None]);
        assert_eq!(trouble.due(now + TROUBLE_PAUSE), Some(2));
    }
}
