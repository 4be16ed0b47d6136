//! Case 2, stalled readers: do members that never read slow down those that do?
//!
//! Thread: the generator's only one. No locks.

use std::io;
use std::time::{Duration, Instant};

use crate::conversation::{Conversation, Plan, ROOM};
use crate::crowd::Crowd;
use crate::fanout::SET_UP;
use crate::member::Deaf;
use crate::options::Options;
use crate::proc;
use crate::server::{Candidate, Server};
use crate::stream::Transport;
use crate::table::Better::{Less, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: &[Column] = &[
    Column("p99 ms alone", 2, Neither),
    Column("with stalled", 2, Less),
    Column("p99 slowdown", 2, Neither),
    Column("max ms", 1, Neither),
    Column("CPU µs/dlv", 2, Neither),
    Column("KiB sent each", 0, Neither),
    Column("of it in kernel", 0, Neither),
    Column("cut off", 0, Neither),
];

pub const HEALTHY: usize = 200;
/// Large, so that the stalled members' kernel buffers fill soon.
pub const PAYLOAD: usize = 400;
/// Lines in flight while the kernel's buffers are being filled.
const FILLING: usize = 32;
/// The kernel takes no more once this much of what was sent is not in its buffers.
const REFUSED_KIB: f64 = 16.0;
/// Filling is given up, and the case goes on, after this long.
const FILL: Duration = Duration::from_secs(10);
const BURST: Duration = Duration::from_millis(50);

/// One server: the same room, first without and then with members that never read.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let server = candidate.start(Transport::Plain)?;
    let mut crowd = Crowd::new(Transport::Plain)?;
    let deadline = Instant::now() + SET_UP;
    crowd.connect(&server, 'b', HEALTHY, deadline)?;
    crowd.join(0..HEALTHY, |_| ROOM.to_owned(), deadline)?;
    let plan = |run, in_flight| Plan {
        run,
        members: HEALTHY,
        speakers: options.speakers,
        in_flight,
        payload: PAYLOAD.max(options.payload),
    };
    let mut rows = Vec::new();
    for (run, in_flight) in (0..).step_by(3).zip(&options.stalled_in_flight) {
        let alone = Conversation::measure(plan(run, *in_flight), &mut crowd, &server, options.times())?;
        let stalled = Stalled::join(&mut crowd, &server, options.stalled)?;
        stalled.fill(plan(run + 1, FILLING), &mut crowd)?;
        let times = options.times();
        let with = Conversation::measure(plan(run + 2, *in_flight), &mut crowd, &server, times)?;
        let kib_sent = stalled.kib_sent(&crowd);
        rows.push(vec![
            alone.p99_ms,
            with.p99_ms,
            with.p99_ms / alone.p99_ms,
            with.max_ms,
            with.cpu_micros_per_delivery,
            kib_sent,
            stalled.kib_in_kernel()?,
            stalled.cut_off()? as f64,
        ]);
        crowd.truncate(HEALTHY);
        crowd.barrier(0..HEALTHY, &mut Deaf, Instant::now() + SET_UP)?;
    }
    Ok(rows)
}

/// The members behind the first `HEALTHY`, which have joined and will never read again.
struct Stalled {
    ports: Vec<u16>,
    server_port: u16,
    /// What the witness had received when they stopped reading.
    start: u64,
}

/// A healthy member that does not speak, so it is sent exactly what a stalled one is sent.
const WITNESS: usize = 1;

impl Stalled {
    fn join(crowd: &mut Crowd, server: &Server, count: usize) -> io::Result<Self> {
        let deadline = Instant::now() + SET_UP;
        let who = HEALTHY..HEALTHY + count;
        crowd.connect(server, 'z', count, deadline)?;
        crowd.join(who.clone(), |_| ROOM.to_owned(), deadline)?;
        crowd.barrier(0..who.end, &mut Deaf, deadline)?;
        crowd.stall(who.clone())?;
        let port = |index| crowd.member(index).stream.socket.local_addr().map(|address| address.port());
        let ports = who.map(port).collect::<io::Result<_>>()?;
        Ok(Self { ports, server_port: server.address.port(), start: crowd.member(WITNESS).received })
    }

    /// Speaks until the kernel holds all that it will for a stalled member, so that from now on
    /// the server itself must keep the rest, or drop the member.
    fn fill(&self, plan: Plan, crowd: &mut Crowd) -> io::Result<()> {
        let deadline = Instant::now() + FILL;
        while Instant::now() < deadline && self.kib_sent(crowd) - self.kib_in_kernel()? < REFUSED_KIB {
            // Looks only when nothing is under way: a line may reach the witness earlier.
            let mut burst = Conversation::new(plan);
            burst.begin(crowd)?;
            burst.go_on(crowd, Instant::now() + BURST)?;
            burst.finish(crowd)?;
        }
        Ok(())
    }

    fn kib_sent(&self, crowd: &Crowd) -> f64 {
        (crowd.member(WITNESS).received - self.start) as f64 / 1024.0
    }

    /// The mean over the stalled members.
    fn kib_in_kernel(&self) -> io::Result<f64> {
        let total = proc::connections(&self.ports, self.server_port)?.queued;
        Ok(total as f64 / 1024.0 / self.ports.len() as f64)
    }

    fn cut_off(&self) -> io::Result<usize> {
        Ok(self.ports.len() - proc::connections(&self.ports, self.server_port)?.open)
    }
}
