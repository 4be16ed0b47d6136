//! Part of case 5: connections that shake hands, have one line answered, and hang up.
//!
//! Thread: the generator's only one. No locks.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::crowd::{TURN, check};
use crate::line::{Line, parse};
use crate::options::Options;
use crate::proc;
use crate::server::{Candidate, Server};
use crate::stream::{Stream, Transport};
use crate::table::Better::{Less, More, Neither};
use crate::table::{Column, Row};

pub const COLUMNS: &[Column] = &[
    Column("handshakes/s", 0, More),
    Column("CPU ms each", 3, Less),
    Column("ms in plain text", 3, Neither),
    Column("generator %", 0, Neither),
];

/// Connections at once, where the server's backlog allows it (see `Kind::connects_in_flight`): while one waits for a
/// delayed ACK, others keep the server busy.
pub const AT_ONCE: usize = 32;
/// Nobody who is not registered may ask this, so that every server answers with its numeric for that, or with PONG.
const QUESTION: &[u8] = b"PING :bench\r\n";
/// Room for what a server says until its answer; a certificate makes most of it.
const BUFFER: usize = 64 * 1024;
/// The first connection must be through by then.
const FIRST: Duration = Duration::from_secs(10);

/// One server: the same connections under TLS and in plain text, so that the difference is what TLS costs.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let server = candidate.start(Transport::Tls)?;
    let tls = Callers::measure(&server, Transport::Tls, options.times())?;
    let plain = Callers::measure(&server, Transport::Plain, options.times())?;
    Ok(vec![vec![tls.rate, tls.cpu_ms, plain.cpu_ms, tls.generator_percent]])
}

/// What a server agrees on with the generator.
pub fn agreed(candidate: &Candidate) -> io::Result<String> {
    let server = candidate.start(Transport::Tls)?;
    let mut callers = Callers::new(&server, Transport::Tls)?;
    let deadline = Instant::now() + FIRST;
    while callers.agreed.is_none() {
        callers.turn()?;
        check(deadline, || "an unfinished handshake".to_owned())?;
    }
    Ok(callers.agreed.unwrap_or_default())
}

/// Clients that call, ask, and call again; as many at once as there are.
struct Callers {
    address: SocketAddr,
    transport: Transport,
    poll: Poll,
    events: Events,
    all: Vec<Caller>,
    buffer: Vec<u8>,
    answered: u64,
    agreed: Option<String>,
}

struct Caller {
    stream: Stream,
    unsent: Vec<u8>,
    heard: Vec<u8>,
}

struct Figures {
    rate: f64,
    cpu_ms: f64,
    generator_percent: f64,
}

impl Callers {
    fn new(server: &Server, transport: Transport) -> io::Result<Self> {
        let mut this = Self {
            address: server.address_for(transport),
            transport,
            poll: Poll::new()?,
            events: Events::with_capacity(AT_ONCE),
            all: Vec::new(),
            buffer: vec![0; BUFFER],
            answered: 0,
            agreed: None,
        };
        for index in 0..server.kind.connects_in_flight().min(AT_ONCE) {
            let caller = this.call(index)?;
            this.all.push(caller);
        }
        Ok(this)
    }

    fn measure(server: &Server, transport: Transport, times: [Duration; 2]) -> io::Result<Figures> {
        let [warm_up, measured] = times;
        let mut this = Self::new(server, transport)?;
        this.go_on(Instant::now() + warm_up)?;
        let snapshot = |this: &Self| -> io::Result<_> {
            Ok((Instant::now(), this.answered, proc::cpu(server.pid())?, proc::cpu(std::process::id())?))
        };
        let (start, answered, cpu, generator) = snapshot(&this)?;
        this.go_on(start + measured)?;
        let after = snapshot(&this)?;
        let (seconds, count) = ((after.0 - start).as_secs_f64(), (after.1 - answered) as f64);
        Ok(Figures {
            rate: count / seconds,
            cpu_ms: after.2.saturating_sub(cpu).as_secs_f64() * 1e3 / count.max(1.0),
            generator_percent: after.3.saturating_sub(generator).as_secs_f64() * 100.0 / seconds,
        })
    }

    fn go_on(&mut self, end: Instant) -> io::Result<()> {
        while Instant::now() < end {
            self.turn()?;
        }
        Ok(())
    }

    fn call(&mut self, index: usize) -> io::Result<Caller> {
        let mut stream = Stream::connect(self.address, self.transport)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream.socket, Token(index), interest)?;
        Ok(Caller { stream, unsent: QUESTION.to_vec(), heard: Vec::new() })
    }

    fn turn(&mut self) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(TURN)) {
            Err(e) if e.kind() != ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        let ready: Vec<_> = self.events.iter().map(|event| (event.token().0, event.is_readable())).collect();
        for (index, readable) in ready {
            let caller = &mut self.all[index];
            if readable && caller.hears_answer(&mut self.buffer)? {
                self.answered += 1;
                if self.transport == Transport::Tls {
                    let resumed = || io::Error::other("a handshake was not a full one");
                    self.agreed = Some(caller.stream.agreed().ok_or_else(resumed)?);
                }
                // The old one hangs up.
                self.all[index] = self.call(index)?;
            } else {
                caller.stream.send(&mut caller.unsent)?;
            }
        }
        Ok(())
    }
}

impl Caller {
    /// Reads all that is there, and tells whether the answer is among it.
    fn hears_answer(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.stream.read(buffer) {
                Ok(got) => self.heard.extend_from_slice(&buffer[..got.text]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        let mut lines = self.heard.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\r\n"));
        Ok(lines.any(|line| matches!(parse(line), Line::Numeric(_) | Line::Pong(_))))
    }
}
