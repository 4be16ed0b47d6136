//! Case 3, idle crowd: what a client costs that is merely there.
//!
//! Thread: the generator's only one. No locks.

use std::io;
use std::time::{Duration, Instant};

use crate::crowd::Crowd;
use crate::member::Deaf;
use crate::options::Options;
use crate::proc;
use crate::server::Candidate;
use crate::stream::Transport;
use crate::table::Better::{Less, More, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: &[Column] = &[
    Column("registrations/s", 0, More),
    Column("KiB/client", 2, Less),
    Column("idle CPU %", 2, Neither),
    Column("threads", 0, Neither),
];

/// Time in which all clients must have been welcomed.
const CONNECT: Duration = Duration::from_mins(2);
/// The server may finish what the connecting caused before it is called idle.
const SETTLE: Duration = Duration::from_secs(1);
const HOLD: Duration = Duration::from_secs(5);

pub fn unit(candidate: &Candidate, options: &Options, transport: Transport) -> io::Result<Vec<Row>> {
    let server = candidate.start(transport)?;
    let pid = server.pid();
    let before = proc::resident_kib(pid)?;
    let mut crowd = Crowd::new(transport)?;
    let clients = options.idle;
    let start = Instant::now();
    crowd.connect(&server, 'i', clients, start + CONNECT)?;
    let rate = clients as f64 / start.elapsed().as_secs_f64();
    if options.idle_rooms > 0 {
        let room = |index| format!("#idle{}", index % options.idle_rooms);
        crowd.join(0..clients, room, Instant::now() + CONNECT)?;
    }
    hold(&mut crowd, SETTLE)?;
    let cpu = proc::exact_cpu(pid)?;
    let start = Instant::now();
    hold(&mut crowd, HOLD)?;
    let seconds = start.elapsed().as_secs_f64();
    let busy = proc::exact_cpu(pid)?.saturating_sub(cpu).as_secs_f64();
    let kib = (proc::resident_kib(pid)? - before) / clients as f64;
    Ok(vec![vec![rate, kib, busy * 100.0 / seconds, proc::threads(pid)?]])
}

/// Says nothing, but answers PINGs.
fn hold(crowd: &mut Crowd, time: Duration) -> io::Result<()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        crowd.turn(&mut Deaf)?;
    }
    Ok(())
}
