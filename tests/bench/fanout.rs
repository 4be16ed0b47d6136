//! Case 1, fan-out: one busy room, and how fast its lines reach everyone.
//!
//! Thread: the generator's only one. No locks.

use std::io;
use std::time::{Duration, Instant};

use crate::conversation::{Conversation, Plan, ROOM};
use crate::crowd::Crowd;
use crate::options::Options;
use crate::server::Candidate;
use crate::stream::Transport;
use crate::table::Better::{Less, More, Neither};
use crate::table::{Column, Row, Table};
use crate::{Bench, proc};

const COLUMNS: &[Column] = &[
    Column("deliveries/s", 0, More),
    Column("p50 ms", 2, Less),
    Column("p99 ms", 2, Less),
    Column("max ms", 1, Neither),
    Column("CPU µs/dlv", 2, Less),
    Column("RSS MiB", 1, Neither),
    Column("threads", 0, Neither),
    Column("generator %", 0, Neither),
];

/// Connecting 1000 clients and making them join one room may take this long.
pub const SET_UP: Duration = Duration::from_mins(1);

/// All servers, each size of room.
pub fn case(bench: &mut Bench, options: &Options, transport: Transport) {
    let how = match transport {
        Transport::Plain => "",
        Transport::Tls => " under TLS 1.3",
    };
    for clients in &options.clients {
        let title = |w| format!("fan-out{how}: {clients} clients, {} speakers, {w} in flight", options.speakers);
        let tables = options.in_flight.iter().map(|w| Table::new(title(w), COLUMNS)).collect();
        bench.case(options.rounds, tables, |candidate| unit(candidate, transport, options, *clients));
    }
}

/// One server, one size of room: a row for each number of lines in flight.
fn unit(candidate: &Candidate, transport: Transport, options: &Options, clients: usize) -> io::Result<Vec<Row>> {
    let server = candidate.start(transport)?;
    let mut crowd = Crowd::new(transport)?;
    let deadline = Instant::now() + SET_UP;
    crowd.connect(&server, 'b', clients, deadline)?;
    crowd.join(0..clients, |_| ROOM.to_owned(), deadline)?;
    let mut rows = Vec::new();
    for (run, in_flight) in (1..).zip(&options.in_flight) {
        let plan =
            Plan { run, members: clients, speakers: options.speakers, in_flight: *in_flight, payload: options.payload };
        let figures = Conversation::measure(plan, &mut crowd, &server, options.times())?;
        rows.push(vec![
            figures.deliveries_per_second,
            figures.p50_ms,
            figures.p99_ms,
            figures.max_ms,
            figures.cpu_micros_per_delivery,
            proc::resident_kib(server.pid())? / 1024.0,
            proc::threads(server.pid())?,
            figures.generator_percent,
        ]);
    }
    Ok(rows)
}
