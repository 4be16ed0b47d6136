//! Speakers in one room, each with a fixed number of lines in flight; every delivery is checked.
//!
//! A line is complete when every other listening member has it, and only then does its speaker
//! say the next one, so the load adapts to the server. Thread: the generator's only one.

use std::io;
use std::time::{Duration, Instant};

use crate::crowd::{Crowd, check};
use crate::histogram::Histogram;
use crate::member::Listener;
use crate::proc;
use crate::server::Server;

pub const ROOM: &str = "#bench";
/// A payload begins with run, speaker and sequence, as 4, 4 and 8 hex digits.
pub const HEADER: usize = 16;
/// How long the lines still in flight may take when the speakers have stopped.
const REST: Duration = Duration::from_secs(10);
/// Reading /proc delays the generator a little; latencies count again after this long.
const SETTLE: Duration = Duration::from_millis(50);

/// What one conversation is like.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Tells this conversation's lines from those of others on the same connections.
    pub run: u16,
    /// The first `members` of the crowd listen and must receive everything.
    pub members: usize,
    pub speakers: usize,
    pub in_flight: usize,
    pub payload: usize,
}

struct Speaker {
    member: usize,
    said: u32,
    /// A ring: the line with sequence `n` is in slot `n % in_flight`.
    slots: Vec<Slot>,
}

struct Slot {
    sent: Instant,
    missing: usize,
}

/// What a server did wrong; each of these must stay zero.
#[derive(Default, Debug, PartialEq)]
struct Faults {
    lost: u64,
    repeated_or_reordered: u64,
    foreign_or_damaged: u64,
}

pub struct Conversation {
    plan: Plan,
    speakers: Vec<Speaker>,
    /// The next sequence that member `m` must get from speaker `s`, at `m * speakers + s`.
    expected: Vec<u32>,
    /// The speakers of the lines that have just become complete.
    complete: Vec<usize>,
    latencies: Histogram,
    delivered: u64,
    faults: Faults,
}

/// What a measured interval showed.
pub struct Figures {
    pub deliveries_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub cpu_micros_per_delivery: f64,
    pub generator_percent: f64,
    /// Lines in a segment of the server's. Each of our server's writes is one, up to 64 KiB; Nagle's algorithm may put
    /// several writes of another into one.
    pub lines_per_segment: f64,
    pub latencies: Histogram,
}

impl Listener for Conversation {
    fn message(&mut self, member: usize, text: &[u8], now: Instant) {
        let Some((speaker, sequence)) = self.decode(text) else {
            self.faults.foreign_or_damaged += 1;
            return;
        };
        if member >= self.plan.members || self.speakers[speaker].member == member {
            // Not a listener of this conversation, or a server that echoes.
            return;
        }
        let expected = &mut self.expected[member * self.speakers.len() + speaker];
        if sequence < *expected {
            self.faults.repeated_or_reordered += 1;
            return;
        }
        self.faults.lost += u64::from(sequence - *expected);
        *expected = sequence + 1;
        self.delivered += 1;
        let slot = &mut self.speakers[speaker].slots[sequence as usize % self.plan.in_flight];
        self.latencies.record(now - slot.sent);
        slot.missing = slot.missing.saturating_sub(1);
        if slot.missing == 0 {
            self.complete.push(speaker);
        }
    }
}

impl Conversation {
    /// Speakers are spread evenly over the members.
    pub fn new(plan: Plan) -> Self {
        let slots = || (0..plan.in_flight).map(|_| Slot { sent: Instant::now(), missing: 0 }).collect();
        let speaker = |s: usize| Speaker { member: s * plan.members / plan.speakers, said: 0, slots: slots() };
        Self {
            plan,
            speakers: (0..plan.speakers).map(speaker).collect(),
            expected: vec![0; plan.members * plan.speakers],
            complete: Vec::new(),
            latencies: Histogram::new(),
            delivered: 0,
            faults: Faults::default(),
        }
    }

    /// Fills each speaker's window.
    pub fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for speaker in 0..self.speakers.len() {
            for _ in 0..self.plan.in_flight {
                self.say(speaker, crowd);
            }
        }
        crowd.flush()
    }

    /// Takes deliveries, and says a new line for each complete one, until `end`.
    pub fn go_on(&mut self, crowd: &mut Crowd, end: Instant) -> io::Result<()> {
        while Instant::now() < end {
            crowd.turn(self)?;
            // The turn has taken all that was there, so the lines for one speaker share a write.
            self.complete.sort_unstable();
            while let Some(speaker) = self.complete.pop() {
                self.say(speaker, crowd);
            }
            crowd.flush()?;
        }
        Ok(())
    }

    /// Lets the lines in flight arrive and checks that nothing was lost, repeated or reordered.
    pub fn finish(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let deadline = Instant::now() + REST;
        let wanted =
            |said: &Self| said.speakers.iter().map(|s| u64::from(s.said)).sum::<u64>() * (said.plan.members - 1) as u64;
        while self.delivered + self.faults.lost < wanted(self) {
            crowd.turn(self)?;
            let (delivered, wanted) = (self.delivered, wanted(self));
            check(deadline, || format!("{delivered} of {wanted} deliveries arrived; {:?}", self.faults))?;
        }
        // What a server sends twice may still be on its way.
        crowd.barrier(0..self.plan.members, self, deadline)?;
        if self.faults == Faults::default() {
            return Ok(());
        }
        Err(io::Error::other(format!("wrong deliveries: {:?}", self.faults)))
    }

    /// Warms up, measures, and lets everything arrive.
    pub fn measure(plan: Plan, crowd: &mut Crowd, server: &Server, times: [Duration; 2]) -> io::Result<Figures> {
        let [warm_up, measured] = times;
        let mut this = Self::new(plan);
        this.begin(crowd)?;
        this.go_on(crowd, Instant::now() + warm_up)?;
        let before = this.snapshot(server, crowd)?;
        this.go_on(crowd, before.at + SETTLE)?;
        this.latencies.clear();
        this.go_on(crowd, before.at + measured)?;
        let after = this.snapshot(server, crowd)?;
        this.finish(crowd)?;
        let seconds = (after.at - before.at).as_secs_f64();
        let delivered = (after.delivered - before.delivered) as f64;
        Ok(Figures {
            deliveries_per_second: delivered / seconds,
            p50_ms: this.latencies.quantile_ms(0.50),
            p99_ms: this.latencies.quantile_ms(0.99),
            max_ms: this.latencies.max_ms(),
            cpu_micros_per_delivery: after.server.saturating_sub(before.server).as_secs_f64() * 1e6
                / delivered.max(1.0),
            generator_percent: after.generator.saturating_sub(before.generator).as_secs_f64() * 100.0 / seconds,
            lines_per_segment: delivered / (after.segments - before.segments).max(1.0),
            latencies: this.latencies,
        })
    }

    fn snapshot(&self, server: &Server, crowd: &Crowd) -> io::Result<Snapshot> {
        let segments = proc::data_segments()? - crowd.writes as f64;
        let server = proc::cpu(server.pid())?;
        let generator = proc::cpu(std::process::id())?;
        Ok(Snapshot { server, generator, segments, delivered: self.delivered, at: Instant::now() })
    }

    fn say(&mut self, speaker: usize, crowd: &mut Crowd) {
        let Plan { run, members, in_flight, payload, .. } = self.plan;
        let this = &mut self.speakers[speaker];
        let mut line = format!("PRIVMSG {ROOM} :{run:04x}{speaker:04x}{:08x}", this.said).into_bytes();
        line.resize(line.len() - HEADER + payload, b'.');
        line.extend_from_slice(b"\r\n");
        this.slots[this.said as usize % in_flight] = Slot { sent: Instant::now(), missing: members - 1 };
        this.said += 1;
        crowd.queue(this.member, &line);
    }

    /// Speaker and sequence of a line that this conversation really said.
    fn decode(&self, text: &[u8]) -> Option<(usize, u32)> {
        let header = str::from_utf8(text.get(..HEADER)?).ok()?;
        let run = u16::from_str_radix(&header[..4], 16).ok()?;
        let speaker = usize::from_str_radix(&header[4..8], 16).ok()?;
        let sequence = u32::from_str_radix(&header[8..], 16).ok()?;
        let known = run == self.plan.run && sequence < self.speakers.get(speaker)?.said;
        (known && text.len() == self.plan.payload).then_some((speaker, sequence))
    }
}

struct Snapshot {
    server: Duration,
    generator: Duration,
    /// Segments with data that are not the generator's.
    segments: f64,
    delivered: u64,
    at: Instant,
}
