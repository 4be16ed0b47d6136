//! Minimal chat clients, which differ only in how they wait for two things at once: a line from the user, and bytes from
//! the server. What the user types is sent as it is; what the server says is printed as it is.
//!
//! Each runs as a process of its own, `bench --be WAY ADDRESS NICK ROOM`. Only the first has a second thread.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{ExitCode, exit};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};

/// How long the fourth one waits before it looks whether there is something else to do.
const TIME_OUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
const BUFFER: usize = 4096;

/// Runs such a client if that is what the arguments ask for.
pub fn run(arguments: impl Iterator<Item = String>) -> Option<ExitCode> {
    let arguments: Vec<_> = arguments.collect();
    let [be, way, address, nick, room] = arguments.as_slice() else { return None };
    if be != "--be" {
        return None;
    }
    let client = || -> io::Result<()> {
        let mut server = TcpStream::connect(address)?;
        server.set_nodelay(true)?;
        server.write_all(format!("NICK {nick}\r\nUSER {nick} 0 * :x\r\nJOIN {room}\r\n").as_bytes())?;
        match way.as_str() {
            "threads" => with_threads(server),
            "poll" => with_poll(server, None),
            "epoll" => with_epoll(server),
            _ => with_poll(server, Some(&TIME_OUT)),
        }
    };
    Some(if client().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Two threads, each of which waits for one thing.
fn with_threads(server: TcpStream) -> io::Result<()> {
    let mut sending = server.try_clone()?;
    thread::spawn(move || {
        while copy(&mut io::stdin(), &mut sending).is_ok_and(|count| count > 0) {}
        exit(0);
    });
    let mut server = server;
    while copy(&mut server, &mut io::stdout())? > 0 {}
    Ok(())
}

/// One thread, which names both things in each call; without a time-out, or with one.
fn with_poll(mut server: TcpStream, time_out: Option<&Timespec>) -> io::Result<()> {
    loop {
        let stdin = io::stdin();
        let mut both = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&server, PollFlags::IN)];
        poll(&mut both, time_out)?;
        let [from_user, from_server] = both.map(|one| !one.revents().is_empty());
        if from_user && copy(&mut io::stdin(), &mut server)? == 0 {
            return Ok(());
        }
        if from_server && copy(&mut server, &mut io::stdout())? == 0 {
            return Ok(());
        }
    }
}

/// One thread, which has named both things to the kernel once.
fn with_epoll(mut server: TcpStream) -> io::Result<()> {
    const USER: u64 = 0;
    const SERVER: u64 = 1;
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&queue, io::stdin(), epoll::EventData::new_u64(USER), epoll::EventFlags::IN)?;
    epoll::add(&queue, &server, epoll::EventData::new_u64(SERVER), epoll::EventFlags::IN)?;
    let mut ready = Vec::with_capacity(2);
    loop {
        epoll::wait(&queue, rustix::buffer::spare_capacity(&mut ready), None)?;
        for event in ready.drain(..) {
            let count = match event.data.u64() {
                USER => copy(&mut io::stdin(), &mut server)?,
                _ => copy(&mut server, &mut io::stdout())?,
            };
            if count == 0 {
                return Ok(());
            }
        }
    }
}

/// Reads once, and writes all of it; how much.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<usize> {
    let mut buffer = [0; BUFFER];
    let count = from.read(&mut buffer)?;
    to.write_all(&buffer[..count])?;
    to.flush()?;
    Ok(count)
}
