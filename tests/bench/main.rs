//! `make bench`: loads our server, and whichever other IRC servers are installed, or another build of ours, in the same way.
//!
//! One thread and one epoll drive all clients, so that on a small machine the server has a core to
//! itself. From the top down:
//!
//! | file | what |
//! | --- | --- |
//! | `options` | the command line |
//! | `fanout`, `stalled`, `idle`, `queries`, `transfers` | the cases: a `unit` measures one server once |
//! | `keys` | the case of the client's terminal: how soon a key is seen |
//! | `wake_ups`, `minimal` | the case of the waiting client, beside minimal ones that wait in other ways |
//! | `multicast` | the case of multicast rooms, by simulation |
//! | `tls`: `handshakes`, `unfinished` | the case of TLS, which is the fan-out again and two parts of its own |
//! | `conversation` | speakers, and the check of every delivery |
//! | `crowd`, `member`, `line` | many clients, one client, one line |
//! | `stream`, `session` | one connection's bytes, and TLS for them |
//! | `server` | the servers under test as child processes |
//! | `proc`, `histogram`, `table`, `csv` | CPU and memory, latencies, output |

// Counts become f64 only to be shown, and the benchmark needs Linux's /proc on 64 bits anyway.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

mod conversation;
mod crowd;
mod csv;
mod fanout;
mod handshakes;
mod histogram;
mod idle;
mod keys;
mod line;
mod member;
mod minimal;
mod multicast;
mod options;
mod proc;
mod queries;
mod server;
mod session;
mod stalled;
mod stream;
mod table;
mod tls;
mod transfers;
mod unfinished;
mod wake_ups;

use csv::Csv;
use options::Options;
use server::{Candidate, Kind};
use stream::Transport;
use table::{Row, Table};

/// Files that a process has open besides its clients.
const OTHER_FILES: usize = 64;

const LEGEND: &str = "
delivery: one line received by one client, checked for loss, repetition and order. Latency runs from
  the speaker's write to the receiver's read; CPU is the server's, all threads. Figures are medians
  over the rounds; \"ours / best\" is ours divided by the best other server of the same round (\"ours / other\":
  by the other build of ours), above 1 is good for rates, below 1 for the rest. A generator near 100 % was itself the limit.
files: the chat client sends and fetches one, whole: read, sum, fsync; socat copies the same file over
  loopback and does neither. Beside the conversation one client sends files and another fetches one, without pause.
stalled: \"in kernel\" is what the kernel's buffers hold of the KiB that each stalled member was sent,
  so the server kept or dropped the rest; \"cut off\" is how many of them the server hung up on.
handshakes: full ones, without resumption or a client's certificate. One counts when the server has also answered a
  line on the new connection; then the client hangs up. CPU is for all of that; \"in plain text\" is the same without
  TLS. Above the table: what each server agrees on by its defaults. The generator does not check who the server is.
unfinished: of the handshakes a third each has sent the first 5 bytes of a ClientHello, half of it, and all of it, and
  sends nothing more. The same conversation without and with them in turn; \"still open\": not closed by the server.
queries: each of the clients that ask is in 100 rooms and sends LIST, WHO, WHOIS and NAMES for everything, and with masks that
  take long; again when all are answered. No server throttles them here; our own does unless told otherwise.
keys: the chat client at a pseudo terminal of 80x24, in a room where lines arrive; a key is pressed once the one before
  is on the emulated screen, after 5 to 45 ms. Latency runs from the write of the key to that screen.
wake-ups: how often a thread of the client went to sleep and woke again (voluntary context switches), in idle seconds and
  for each line that arrives; system calls for each such line are counted by strace, in a run of their own.
datagrams: members of a multicast room say a line each half second, by simulation; heartbeats and repairs are in it.
note: ngIRCd and InspIRCd do not set TCP_NODELAY, so latencies near 40 ms are Nagle's algorithm
  waiting for a delayed ACK, not work (compare CPU there); InspIRCd welcomes clients once a second.";

fn main() -> ExitCode {
    if let Some(outcome) = minimal::run(std::env::args().skip(1)) {
        return outcome;
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            println!("\nFAILED");
            for fault in faults {
                println!("  {fault}");
            }
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut options: Options) -> io::Result<Vec<String>> {
    fit_open_files(&mut options)?;
    let csv = options.csv.as_deref().map(Csv::open).transpose()?;
    let mut bench = Bench { candidates: Vec::new(), faults: Vec::new(), csv };
    for kind in &options.servers {
        match Candidate::find(*kind, &options) {
            Ok(candidate) => bench.candidates.push(candidate),
            Err(why) => println!("{why}"),
        }
    }
    if options.wants("fanout") {
        fanout::case(&mut bench, &options, Transport::Plain);
    }
    if options.wants("stalled") {
        let title =
            |w| format!("stalled readers: {} beside {} healthy, {w} in flight", options.stalled, stalled::HEALTHY);
        let tables = options.stalled_in_flight.iter().map(|w| Table::new(title(w), stalled::COLUMNS)).collect();
        bench.case(options.rounds, tables, |candidate| stalled::unit(candidate, &options));
    }
    if options.wants("idle") {
        for transport in [Transport::Plain, Transport::Tls] {
            let title = format!("idle crowd{}: {} clients", transport.suffix(), options.idle);
            // One round: memory hardly varies, and 8000 connections take a while.
            bench.case(1, vec![Table::new(title, idle::COLUMNS)], |candidate| {
                idle::unit(candidate, &options, transport)
            });
        }
    }
    if options.wants("queries") {
        let title =
            format!("queries: a conversation of {} beside {} clients that ask", queries::MEMBERS, options.askers);
        let tables = vec![Table::new(title, queries::COLUMNS)];
        bench.case(options.rounds, tables, |candidate| queries::unit(candidate, &options));
    }
    if options.wants("tls") {
        tls::case(&mut bench, &options);
    }
    // The rest is about the chat client, which only our server knows.
    bench.candidates.retain(|candidate| candidate.kind == Kind::Ours);
    if options.wants("keys") {
        let tables = vec![Table::new(format!("keys: while {} lines a second arrive", keys::RATE), keys::COLUMNS)];
        bench.case(options.rounds, tables, |candidate| keys::unit(candidate, &options));
    }
    if options.wants("files") {
        let titles = [format!("files: one of {} MiB", options.file_mib), "files: a conversation of 200".to_owned()];
        let tables = titles.into_iter().zip(transfers::COLUMNS).map(|(title, columns)| Table::new(title, columns));
        bench.case(options.rounds, tables.collect(), |candidate| transfers::unit(candidate, &options));
    }
    if options.wants("wake-ups") {
        let tables =
            wake_ups::Waiting::ALL.map(|way| Table::new(format!("wake-ups: {}", way.name()), wake_ups::COLUMNS));
        bench.case(options.rounds, tables.into(), |candidate| wake_ups::unit(candidate, &options));
    }
    if options.wants("datagrams") {
        multicast::case(&mut bench, &options);
    }
    println!("{LEGEND}");
    Ok(bench.faults)
}

/// Uses fewer clients where the open-file limit does not allow as many as were asked for.
fn fit_open_files(options: &mut Options) -> io::Result<()> {
    let limit = proc::open_files_limit()?;
    let alone = options.clients.iter_mut().chain([&mut options.idle]).map(|count| (count, OTHER_FILES));
    let unfinished = (&mut options.unfinished, OTHER_FILES + unfinished::MEMBERS);
    for (count, others) in alone.chain([unfinished]) {
        let most = limit.saturating_sub(others);
        if *count > most {
            let enough = *count + others;
            println!(
                "a case of {count} clients gets only {most}: too few open files are allowed; try `ulimit -n {enough}`"
            );
            *count = most;
        }
    }
    Ok(())
}

struct Bench {
    candidates: Vec<Candidate>,
    /// What went wrong, with the server and the case.
    faults: Vec<String>,
    csv: Option<Csv>,
}

impl Bench {
    /// Measures each server once per round and prints one table per row of a unit.
    fn case(&mut self, rounds: usize, mut tables: Vec<Table>, unit: impl Fn(&Candidate) -> io::Result<Vec<Row>>) {
        let title = tables.first().map(Table::title).unwrap_or_default();
        for round in 0..rounds {
            // Each round begins with another one, so that none is always the first on a warm machine.
            let count = self.candidates.len();
            for candidate in self.candidates.iter().cycle().skip(round % count.max(1)).take(count) {
                let name = candidate.kind.name();
                progress(&format!("{title}, round {} of {rounds}: {name}", round + 1));
                match unit(candidate) {
                    Ok(rows) => {
                        tables.iter_mut().zip(rows).for_each(|(table, row)| table.add(round, candidate.kind, row));
                    }
                    Err(why) => self.faults.push(format!("{title}, round {}: {name}: {why}", round + 1)),
                }
            }
        }
        self.show(&tables);
    }

    fn show(&mut self, tables: &[Table]) {
        progress("");
        for table in tables {
            table.print();
            if let Some(Err(why)) = self.csv.as_mut().map(|csv| csv.write(table)) {
                self.faults.push(format!("{}: the CSV: {why}", table.title()));
            }
        }
    }
}

/// Shows what is being measured, on a line that is overwritten.
fn progress(text: &str) {
    if !io::stderr().is_terminal() {
        return;
    }
    eprint!("\r\x1b[K{text}");
    // Only the display would be late.
    let _ = io::stderr().flush();
}
