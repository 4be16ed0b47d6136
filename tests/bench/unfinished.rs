//! Part of case 5: do handshakes that nobody finishes slow down those who chat?
//!
//! Thread: the generator's only one. No locks.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::conversation::{Conversation, Plan, ROOM};
use crate::crowd::Crowd;
use crate::fanout::SET_UP;
use crate::options::Options;
use crate::proc;
use crate::server::{Candidate, Server};
use crate::session::Session;
use crate::stream::Transport;
use crate::table::Better::{Less, Neither};
use crate::table::{Column, Row, median};

pub const COLUMNS: &[Column] = &[
    Column("p99 ms alone", 2, Neither),
    Column("with unfinished", 2, Less),
    Column("p99 slowdown", 2, Less),
    Column("still open", 0, Neither),
    Column("threads", 0, Neither),
];

pub const MEMBERS: usize = 200;
/// Pairs of intervals, without and with; each of the two goes first in half of them, so that chance is in both.
const PAIRS: usize = 4;
/// How long a server may take to answer a `ClientHello`.
const ANSWER: Duration = Duration::from_secs(10);
/// Bytes after which the least of a `ClientHello` ends: the header of a record.
const BEGUN: usize = 5;

/// One server: the same room, in turn without and with handshakes that have begun and do not go on.
pub fn unit(candidate: &Candidate, options: &Options) -> io::Result<Vec<Row>> {
    let server = candidate.start(Transport::Tls)?;
    let mut crowd = Crowd::new(Transport::Plain)?;
    let deadline = Instant::now() + SET_UP;
    crowd.connect(&server, 'b', MEMBERS, deadline)?;
    crowd.join(0..MEMBERS, |_| ROOM.to_owned(), deadline)?;
    let (speakers, payload) = (options.speakers, options.payload);
    let mut p99_ms = |run| {
        let plan = Plan { run, members: MEMBERS, speakers, in_flight: 1, payload };
        Conversation::measure(plan, &mut crowd, &server, options.times()).map(|figures| figures.p99_ms)
    };
    let (mut alone, mut with, mut slowdowns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut open, mut threads) = (usize::MAX, 0.0);
    for run in (0..).step_by(2).take(PAIRS) {
        let before = if run % 4 == 0 { Some(p99_ms(run)?) } else { None };
        let unfinished = Unfinished::begin(&server, options.unfinished)?;
        let busy = p99_ms(run + 1)?;
        (open, threads) = (open.min(unfinished.open()?), proc::threads(server.pid())?);
        drop(unfinished);
        let quiet = before.map_or_else(|| p99_ms(run), Ok)?;
        alone.push(quiet);
        with.push(busy);
        slowdowns.push(busy / quiet);
    }
    Ok(vec![vec![median(&mut alone), median(&mut with), median(&mut slowdowns), open as f64, threads]])
}

/// Connections that never send more than they have.
struct Unfinished {
    sockets: Vec<TcpStream>,
    server_port: u16,
}

impl Unfinished {
    /// A third sends the least that tells TLS from plain text, a third half of a `ClientHello`, and a third all of it,
    /// and ignores the answer.
    fn begin(server: &Server, count: usize) -> io::Result<Self> {
        let mut hello = Vec::new();
        Session::begin()?.send(&mut hello)?;
        let address = server.address_for(Transport::Tls);
        let mut sockets = Vec::with_capacity(count);
        for index in 0..count {
            let mut socket = TcpStream::connect(address)?;
            socket.set_read_timeout(Some(ANSWER))?;
            let part = [BEGUN, hello.len() / 2, hello.len()][index % 3];
            socket.write_all(&hello[..part])?;
            if part == hello.len() {
                // So all before it have been accepted too, and no backlog overflows.
                socket.read_exact(&mut [0])?;
            }
            sockets.push(socket);
        }
        Ok(Self { sockets, server_port: address.port() })
    }

    /// How many of them the server has not closed.
    fn open(&self) -> io::Result<usize> {
        let port = |socket: &TcpStream| socket.local_addr().map(|address| address.port());
        let ports = self.sockets.iter().map(port).collect::<io::Result<Vec<_>>>()?;
        Ok(proc::connections(&ports, self.server_port)?.open)
    }
}
