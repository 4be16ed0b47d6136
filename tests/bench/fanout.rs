//! Case 1, fan-out: one busy room, and how fast its lines reach everyone.
//!
//! Thread: the generator's only one. No locks.

use std::io;
use std::iter;
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
    Column("lines/segment", 2, Neither),
    Column("generator %", 0, Neither),
];

/// The distribution of the latencies: the milliseconds that so many per cent of the deliveries did not exceed.
const LATENCIES: &[Column] = &[
    Column("1 %", 3, Neither),
    Column("5 %", 3, Neither),
    Column("10 %", 3, Neither),
    Column("20 %", 3, Neither),
    Column("30 %", 3, Neither),
    Column("40 %", 3, Neither),
    Column("50 %", 3, Neither),
    Column("60 %", 3, Neither),
    Column("70 %", 3, Neither),
    Column("80 %", 3, Neither),
    Column("90 %", 3, Neither),
    Column("95 %", 3, Neither),
    Column("98 %", 3, Neither),
    Column("99 %", 3, Neither),
    Column("99.9 %", 3, Neither),
    Column("100 %", 3, Neither),
];

/// Connecting 1000 clients and making them join one room may take this long.
pub const SET_UP: Duration = Duration::from_mins(1);

/// All servers, each size of room.
pub fn case(bench: &mut Bench, options: &Options, transport: Transport) {
    let (how, speakers) = (transport.suffix(), options.speakers);
    for clients in &options.clients {
        let room = |in_flight| format!("{clients} clients, {speakers} speakers, {in_flight} in flight");
        let tables = options.in_flight.iter().flat_map(|in_flight| {
            let figures = Table::new(format!("fan-out{how}: {}", room(in_flight)), COLUMNS);
            let latencies = || Table::new(format!("latency{how}: {}", room(in_flight)), LATENCIES).for_csv_only();
            iter::once(figures).chain(has_latencies(*in_flight).then(latencies))
        });
        bench.case(options.rounds, tables.collect(), |candidate| unit(candidate, transport, options, *clients));
    }
}

/// With more, a line waits for those of the same speaker before it, and how long says little about the server.
fn has_latencies(in_flight: usize) -> bool {
    in_flight == 1
}

/// One server, one size of room: one or two rows for each number of lines in flight.
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
            figures.lines_per_segment,
            figures.generator_percent,
        ]);
        if !has_latencies(*in_flight) {
            continue;
        }
        let share = |title: &str| title.trim_end_matches(" %").parse::<f64>().unwrap_or(f64::NAN) / 100.0;
        rows.push(LATENCIES.iter().map(|Column(title, ..)| figures.latencies.quantile_ms(share(title))).collect());
    }
    Ok(rows)
}
