//! The server's console: a line for each client that comes, takes a name, joins, writes, leaves.
//!
//! Any thread hands lines over; the thread `log` writes them to standard output. A terminal that is
//! paused, or a pipe that nobody reads, therefore stops no client.

use std::collections::HashSet;
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
use wire::fingerprint::Fingerprint;
use wire::text::{pluralize, printable};

/// Digits of a key that was shown whole before.
const KEY_DIGITS: usize = 12;
/// Between two lines about the same kind of trouble.
const TROUBLE_PAUSE: Duration = Duration::from_mins(1);

/// Where every thread puts its log lines.
#[derive(Debug)]
pub struct Log {
    lines: SyncSender<Entry>,
    /// Lines that found the queue full.
    missed: Arc<AtomicUsize>,
    /// Whether the text of messages is shown, and the threads of clients.
    verbose: bool,
    /// Keys that were shown whole. The lock is held for a comparison.
    keys: Mutex<HashSet<Fingerprint>>,
}

#[derive(Debug)]
struct Entry {
    line: String,
    flood: Flood,
}

/// Of which flood a line may be a part. Each is bounded by itself, so that a flood of messages does not hide who left.
#[derive(Debug, Clone, Copy)]
enum Flood {
    None,
    Messages,
    /// What else clients do: they come, take names, join, leave.
    Clients,
}

impl Log {
    /// Starts the thread; it ends when the `Log` is dropped. Whoever waits on the receiver learns
    /// when that is done.
    pub fn start(verbose: bool) -> io::Result<(Log, Receiver<Infallible>)> {
        let (sender, receiver) = mpsc::sync_channel(limits::LOG_LINES);
        let missed = Arc::new(AtomicUsize::new(0));
        let log = Log { lines: sender, missed: Arc::clone(&missed), verbose, keys: Mutex::default() };
        let (done, all_written) = mpsc::channel();
        thread::Builder::new().name("log".into()).spawn(move || log_loop(&receiver, &missed, done))?;
        Ok((log, all_written))
    }

    /// A line about the server itself.
    pub fn line(&self, line: impl fmt::Display) {
        self.put(line, Flood::None);
    }

    fn put(&self, line: impl fmt::Display, flood: Flood) {
        // Shown to a person at a terminal, and partly written by strangers.
        let line = printable(&line.to_string()).into_owned();
        if self.lines.try_send(Entry { line, flood }).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A line about a client: where it is, what it did, what it is called.
    pub fn client(&self, address: SocketAddr, nick: Option<&str>, did: impl fmt::Display) {
        self.client_line(address, nick, did, Flood::Clients);
    }

    fn client_line(&self, address: SocketAddr, nick: Option<&str>, did: impl fmt::Display, flood: Flood) {
        let (ip, port) = (address.ip(), address.port());
        // A stranger's text cannot fill a row up, so that what follows looks like another line.
        let did = did.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        match nick {
            Some(nick) => self.put(format_args!("Client ({ip}, {port}) {did}  [ {nick} ]"), flood),
            None => self.put(format_args!("Client ({ip}, {port}) {did}"), flood),
        }
    }

    /// The thread of a client has started or ended; only when it was asked for.
    pub fn thread(&self, address: SocketAddr, did: &str) {
        if self.verbose {
            self.put(format_args!("Thread for Client ({}, {}) {did}", address.ip(), address.port()), Flood::Clients);
        }
    }

    /// A key as lines show it: whole when it is mentioned for the first time, then its first digits.
    pub fn key(&self, key: &Fingerprint) -> String {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= limits::KEYS_MENTIONED {
            keys.clear();
        }
        let whole = key.to_string();
        if keys.insert(*key) { whole } else { format!("{}...", &whole[..KEY_DIGITS]) }
    }

    /// Who wrote to whom; the text itself only when it was asked for.
    pub fn message(&self, address: SocketAddr, nick: &str, target: &str, text: &str) {
        let text = if self.verbose { format!(": {text}") } else { String::new() };
        self.client_line(address, Some(nick), format_args!("wrote to {target}{text}"), Flood::Messages);
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

/// Bounds the lines about clients, which somebody could fill a disk with.
#[derive(Debug)]
struct Minute {
    since: Instant,
    lines: usize,
    left_out: usize,
    /// A line has said that others are left out.
    is_told: bool,
}

impl Minute {
    fn new(now: Instant) -> Self {
        Minute { since: now, lines: 0, left_out: 0, is_told: false }
    }

    /// Whether a line may be shown now.
    fn takes(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_mins(1) {
            (self.since, self.lines, self.is_told) = (now, 0, false);
        }
        self.lines += 1;
        let takes = self.lines <= limits::LINES_A_MINUTE;
        self.left_out += usize::from(!takes);
        takes
    }
}

fn log_loop(lines: &Receiver<Entry>, missed: &AtomicUsize, _done: Sender<Infallible>) {
    let mut out = io::BufWriter::new(io::stdout());
    let [mut messages, mut clients] = [(); 2].map(|()| Minute::new(Instant::now()));
    while let Ok(first) = lines.recv() {
        // Nobody may be looking any more: the chat goes on without its console.
        for Entry { line, flood } in std::iter::once(first).chain(lines.try_iter()) {
            let minute = match flood {
                Flood::None => None,
                Flood::Messages => Some(&mut messages),
                Flood::Clients => Some(&mut clients),
            };
            if let Some(minute) = minute {
                if !minute.takes(Instant::now()) {
                    if !std::mem::replace(&mut minute.is_told, true) {
                        let _ = writeln!(out, "(clients do too much: such lines are left out until a minute is over)");
                    }
                    continue;
                }
                match std::mem::take(&mut minute.left_out) {
                    0 => {}
                    count => drop(writeln!(out, "({count} lines about clients were left out)")),
                }
            }
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
    fn a_key_is_whole_once() {
        let log = Log::start(false).unwrap().0;
        let (tesla, whole) = (Fingerprint([7; 32]), "07".repeat(32));
        assert_eq!([(); 3].map(|()| log.key(&tesla)), [whole.as_str(), "070707070707...", "070707070707..."]);
        assert_eq!(log.key(&Fingerprint([8; 32])), "08".repeat(32));
        // They are forgotten some time, never mixed up.
        (1..limits::KEYS_MENTIONED).for_each(|number| {
            let mut key = [9; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            log.key(&Fingerprint(key));
        });
        assert_eq!(log.key(&tesla), whole);
    }

    #[test]
    fn a_flood_fills_no_disk() {
        let now = Instant::now();
        let mut minute = Minute::new(now);
        let shown = |minute: &mut Minute, now| (0..10_000).filter(|_| minute.takes(now)).count();
        assert_eq!(shown(&mut minute, now + Duration::from_secs(59)), limits::LINES_A_MINUTE);
        assert_eq!(minute.left_out, 10_000 - limits::LINES_A_MINUTE);
        assert_eq!(shown(&mut minute, now + Duration::from_secs(60)), limits::LINES_A_MINUTE);
    }

    #[test]
    fn a_line_a_minute() {
        let (trouble, now) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.due(now), Some(0));
        assert_eq!([1, 59].map(|seconds| trouble.due(now + Duration::from_secs(seconds))), [None, None]);
        assert_eq!(trouble.due(now + TROUBLE_PAUSE), Some(2));
    }
}
