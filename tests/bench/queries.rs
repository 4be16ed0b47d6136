//! Case 6, queries: the same conversation, alone and beside clients that ask for the costliest answers without pause.
//!
//! Threads: the generator's, and one for all that ask. No locks.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::conversation::{Conversation, Plan, ROOM};
use crate::crowd::Crowd;
use crate::fanout::SET_UP;
use crate::member::Deaf;
use crate::options::Options;
use crate::server::{Candidate, Server};
use crate::stream::Transport;
use crate::table::Better::{Less, Neither};
use crate::table::{Column, Row, median};

pub const COLUMNS: &[Column] = &[
    Column("p99 ms alone", 2, Neither),
    Column("beside queries", 2, Less),
    Column("p99 slowdown", 2, Less),
    Column("queries/s", 0, Neither),
];

pub const MEMBERS: usize = 200;
/// Rooms of each client that asks, as far as a server lets it: LIST and NAMES are about them.
const ROOMS: usize = 100;
/// Pairs of intervals, without and with; each of the two goes first in half of them, so that chance is in both.
const PAIRS: usize = 4;
/// How long a round of queries may take.
const ANSWER: Duration = Duration::from_mins(1);
/// Queries in one round of a client.
const QUERIES: usize = 6;

/// One server: the same room, in turn without and with queries.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let server = candidate.start(Transport::Plain)?;
    let mut crowd = Crowd::new(Transport::Plain)?;
    let deadline = Instant::now() + SET_UP;
    crowd.connect(&server, 'b', MEMBERS, deadline)?;
    crowd.join(0..MEMBERS, |_| ROOM.to_owned(), deadline)?;
    let mut askers = askers(&server, options.askers)?;
    let (speakers, payload) = (options.speakers, options.payload);
    let mut p99_ms = |run| {
        let plan = Plan { run, members: MEMBERS, speakers, in_flight: 1, payload };
        Conversation::measure(plan, &mut crowd, &server, options.times()).map(|figures| figures.p99_ms)
    };
    let (mut alone, mut beside, mut slowdowns, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in (0..).step_by(2).take(PAIRS) {
        let before = if run % 4 == 0 { Some(p99_ms(run)?) } else { None };
        let (busy, rate) = while_asking(&mut askers, || p99_ms(run + 1))?;
        let quiet = before.map_or_else(|| p99_ms(run), Ok)?;
        alone.push(quiet);
        beside.push(busy);
        slowdowns.push(busy / quiet);
        rates.push(rate);
    }
    Ok(vec![vec![median(&mut alone), median(&mut beside), median(&mut slowdowns), median(&mut rates)]])
}

/// Clients with many rooms.
fn askers(server: &Server, count: usize) -> io::Result<Crowd> {
    let mut askers = Crowd::new(Transport::Plain)?;
    let deadline = Instant::now() + SET_UP;
    askers.connect(server, 'q', count, deadline)?;
    for room in 0..ROOMS {
        askers.join(0..count, |asker| format!("#{asker}-{room}-{}", "x".repeat(32)), deadline)?;
    }
    Ok(askers)
}

/// Measures while the askers ask, each anew when all are answered; how many answers a second there were, too.
fn while_asking<T>(askers: &mut Crowd, measure: impl FnOnce() -> io::Result<T>) -> io::Result<(T, f64)> {
    let masks: Vec<String> = (0..4).map(|mask| format!("*{}{mask}", "x".repeat(31))).collect();
    let (masks, nicks) = (masks.join(","), "q0,q1,q2");
    let lines = format!("LIST {masks}\r\nLIST\r\nWHO *{0}b\r\nWHO *\r\nWHOIS {nicks}\r\nNAMES\r\n", "a".repeat(60));
    let (done, answered, start) = (AtomicBool::new(false), AtomicUsize::new(0), Instant::now());
    let ask = || -> io::Result<()> {
        let all = 0..askers.len();
        while !done.load(Ordering::Relaxed) {
            all.clone().for_each(|asker| askers.queue(asker, lines.as_bytes()));
            askers.barrier(all.clone(), &mut Deaf, Instant::now() + ANSWER)?;
            answered.fetch_add(all.len() * QUERIES, Ordering::Relaxed);
        }
        Ok(())
    };
    let measured = thread::scope(|scope| {
        let asking = scope.spawn(ask);
        let measured = measure();
        let rate = answered.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        asking.join().map_err(|_| io::Error::other("the thread that asks has panicked"))??;
        measured.map(|measured| (measured, rate))
    })?;
    Ok(measured)
}
