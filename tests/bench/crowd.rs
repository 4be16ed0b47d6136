//! Many clients on one epoll: connect, register, join, and wait until all is quiet.
//!
//! Thread: the generator's only one, so that it leaves the other core to the server. No locks.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::member::{Deaf, Listener, Member};
use crate::server::Server;
use crate::stream::Transport;

/// Joins that may be under way at the same time: each causes a line to every member.
const JOINS_IN_FLIGHT: usize = 32;
/// One read takes at most this much; it is also more than a line may be long.
const BUFFER: usize = 64 * 1024;
/// How long one turn waits for an event before its caller looks at the clock again.
pub const TURN: Duration = Duration::from_millis(20);

pub struct Crowd {
    /// How all members speak.
    transport: Transport,
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    buffer: Vec<u8>,
    /// The members that `queue` gave something to send.
    queued: Vec<usize>,
    barriers: u64,
    /// How often a member has sent what was queued: a segment each time.
    pub writes: u64,
}

impl Crowd {
    pub fn new(transport: Transport) -> io::Result<Self> {
        Ok(Self {
            transport,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            members: Vec::new(),
            buffer: vec![0; BUFFER],
            queued: Vec::new(),
            barriers: 0,
            writes: 0,
        })
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn member(&self, index: usize) -> &Member {
        &self.members[index]
    }

    /// Adds `count` registered clients, whose nicks are `letter` and a number.
    pub fn connect(&mut self, server: &Server, letter: char, count: usize, deadline: Instant) -> io::Result<()> {
        let first = self.len();
        let mut welcomed = first;
        while welcomed < first + count {
            while self.len() < (first + count).min(welcomed + server.kind.connects_in_flight()) {
                let index = self.len();
                let address = server.address_for(self.transport);
                let mut member = Member::connect(address, self.transport, &format!("{letter}{index}"))?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut member.stream.socket, Token(index), interest)?;
                self.members.push(member);
            }
            self.turn(&mut Deaf)?;
            // Welcomes come nearly in order, so this counts each member about once.
            welcomed += self.members[welcomed..].iter().take_while(|member| member.registered).count();
            check(deadline, || format!("{} of {count} clients were welcomed", welcomed - first))?;
        }
        Ok(())
    }

    /// Makes each of `who` join the room that `room` names for it.
    pub fn join(&mut self, who: Range<usize>, room: impl Fn(usize) -> String, deadline: Instant) -> io::Result<()> {
        let mut next = who.start;
        while next < who.end {
            let batch = next..(next + JOINS_IN_FLIGHT).min(who.end);
            for index in batch.clone() {
                self.queue(index, format!("JOIN {}\r\n", room(index)).as_bytes());
            }
            next = batch.end;
            self.barrier(batch, &mut Deaf, deadline)?;
        }
        self.barrier(who, &mut Deaf, deadline)
    }

    /// Waits until each of `who` has received all that the server had for it: a PING is answered
    /// in its turn.
    pub fn barrier(&mut self, who: Range<usize>, listener: &mut impl Listener, deadline: Instant) -> io::Result<()> {
        self.barriers += 1;
        let number = self.barriers;
        for index in who.clone() {
            self.queue(index, format!("PING :{number}\r\n").as_bytes());
        }
        self.flush()?;
        let total = who.len();
        loop {
            let answered = self.members[who.clone()].iter().filter(|member| member.barrier == number).count();
            if answered == total {
                return Ok(());
            }
            self.turn(listener)?;
            check(deadline, || format!("{answered} of {total} clients had their PING answered"))?;
        }
    }

    /// These never read again: their sockets stay open and fill.
    pub fn stall(&mut self, who: Range<usize>) -> io::Result<()> {
        for member in &mut self.members[who] {
            self.poll.registry().deregister(&mut member.stream.socket)?;
        }
        Ok(())
    }

    /// Hangs up on all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.members.truncate(count);
    }

    /// What is queued goes out with the next `flush`, many lines in one write.
    pub fn queue(&mut self, index: usize, bytes: &[u8]) {
        self.members[index].queue(bytes);
        if self.queued.last() != Some(&index) {
            self.queued.push(index);
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.writes += self.queued.len() as u64;
        for index in self.queued.drain(..) {
            self.members[index].flush()?;
        }
        Ok(())
    }

    /// Serves whatever has happened, or waits a moment for it.
    pub fn turn(&mut self, listener: &mut impl Listener) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(TURN)) {
            Err(e) if e.kind() != ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        for event in &self.events {
            let index = event.token().0;
            let member = &mut self.members[index];
            if event.is_writable() {
                member.flush()?;
            }
            if event.is_readable() {
                member.receive(index, &mut self.buffer, event.is_read_closed(), listener)?;
            }
        }
        Ok(())
    }
}

/// Fails with `progress` when the time is up, so that no server can hang the benchmark.
pub fn check(deadline: Instant, progress: impl Fn() -> String) -> io::Result<()> {
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::TimedOut, format!("timed out: only {}", progress())))
}
