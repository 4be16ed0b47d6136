//! The chat server: starts the threads, and ends them.
//!
//! ```text
//! accept loop ──spawns──> client thread (one per client): read a line, check it, act on the registry
//!                                │ Event
//!                                v
//!                  one bounded mpsc channel (the "global buffer")
//!                                │
//!                                v
//!                  broadcaster thread: drain all that is queued, append each line to its
//!                  recipients' outboxes, then write every touched socket once
//! ```
//!
//! - [`args`]: the command line
//! - [`listener`]: the accept loop
//! - [`session`], [`timer`]: one client's thread, from `read` to the end
//! - [`secure`]: how a connection begins, with TLS or in plain text
//! - [`commands`]: the table of verbs, and what each does
//! - [`chat`]: what a command works with: the locked registry, and ways to answer
//! - [`replies`]: the answers to one command
//! - [`registry`], [`admission`], [`client`], [`room`]: who is there, under one lock
//! - [`keys`]: which names belong to which keys; part of the registry
//! - [`directory`]: where multicast rooms meet; part of the registry
//! - [`event`]: what goes through the global buffer
//! - [`broadcaster`], [`outbox`]: where every line goes out
//! - [`socket`]: where `read` waits and `write` does not
//! - [`flood`]: the token bucket
//! - [`mail`], [`letter`], [`post`], [`mailbox`], [`found`]: private messages, from the sender's thread to the disk and to the recipient
//! - [`data`]: the folder for what survives the server
//! - [`files`], [`entry`], [`person`]: which files there are, and for whom; part of the registry
//! - [`spool`], [`info`]: the files on the disk
//! - [`transfer`], [`upload`]: data connections, which carry the bytes of files
//! - [`announce`]: who is told of a file
//! - [`log`]: the server's window
//! - [`server`]: what all threads share

mod admission;
mod announce;
mod args;
mod broadcaster;
mod chat;
mod client;
mod commands;
mod data;
mod directory;
mod entry;
mod event;
mod files;
mod flood;
mod found;
mod info;
mod keys;
mod letter;
mod listener;
mod log;
mod mail;
mod mailbox;
mod outbox;
mod person;
mod post;
mod registry;
mod replies;
mod room;
mod secure;
mod server;
mod session;
mod socket;
mod spool;
mod timer;
mod transfer;
mod upload;

use std::convert::Infallible;
use std::error::Error;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::{fs, process};

use clap::Parser;
use wire::limits;

use crate::args::Args;
use crate::data::DataFolder;
use crate::event::Event;
use crate::keys::KeyFolder;
use crate::log::Log;
use crate::server::Server;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    if let Some(name) = &args.release {
        let data = args.data_dir.clone().map_or_else(|| DataFolder::place(args.listen[0]), Ok)?;
        println!("{}", KeyFolder::release(&data, name)?);
        return Ok(());
    }
    let motd = read_motd(&args)?;
    let listeners = args.listen.iter().map(|&address| listen(address)).collect::<Result<Vec<_>, _>>()?;
    let data = DataFolder::open(args.data_dir.as_deref(), args.listen[0], listeners[0].local_addr()?)?;
    let stop = stop_on_signal()?;

    let (log, log_written) = Log::start(args.verbose)?;
    let (events, global_buffer) = mpsc::sync_channel(limits::GLOBAL_BUFFER);
    let server = Arc::new(Server::open(args, motd, data, log, events)?);
    announce::expire(&server);
    announce::make_up_for_the_untold(&server);
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(move || broadcast(&global_buffer))?;
    let (running, all_ended) = mpsc::channel::<Infallible>();
    let mut accepting = Vec::new();
    for listener in listeners {
        let address = listener.local_addr()?;
        server.log.line(format_args!("Server has started listening on {address}"));
        let (server, running) = (Arc::clone(&server), running.clone());
        let builder = thread::Builder::new().name(format!("accept {address}"));
        accepting.push((address, builder.spawn(move || listener::accept_loop(&listener, &server, &running))?));
    }
    drop(running);
    server.log.line(format_args!("Messages and files are kept in {}", server.data.path.display()));
    if let Some(fingerprint) = server.fingerprint {
        server.log.line(format_args!("Its key has the fingerprint {fingerprint}"));
    }

    // Until Ctrl-C.
    let _ = stop.recv();
    server.log.line("Server is shutting down");
    shut_down(&server, accepting, &all_ended);
    let _ = broadcaster.join();
    // The log ends with the last thread that could write to it; nobody may be reading it.
    drop(server);
    let _ = log_written.recv_timeout(limits::SHUTDOWN_FLUSH);
    Ok(())
}

/// Ends the threads in the order in which they were started: no new clients, then the farewell to
/// all of them, then their threads.
fn shut_down(server: &Server, accepting: Vec<(SocketAddr, JoinHandle<()>)>, all_ended: &Receiver<Infallible>) {
    server.stopping.store(true, Ordering::SeqCst);
    for (address, thread) in accepting {
        // Std cannot interrupt an `accept`, but a connection ends it.
        if TcpStream::connect_timeout(&reachable(address), limits::SHUTDOWN_FLUSH).is_ok() {
            let _ = thread.join();
        }
    }
    server.send(Event::Shutdown { farewell: "ERROR :Server is shutting down\r\n".into() });
    // The broadcaster closes every socket, which wakes every client thread; nothing is ever sent here.
    let patience = limits::SHUTDOWN_FLUSH * 2;
    if all_ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        server.log.line("Some client threads did not end in time");
    }
}

/// The broadcaster's thread. Without it nothing is ever delivered, so if it should fail the server
/// ends visibly.
fn broadcast(global_buffer: &Receiver<Event>) {
    if catch_unwind(AssertUnwindSafe(|| broadcaster::broadcaster_loop(global_buffer))).is_err() {
        eprintln!("chat-server: the broadcaster has failed; please report the lines above");
        process::exit(1);
    }
}

fn read_motd(args: &Args) -> Result<Vec<String>, String> {
    let Some(path) = &args.motd else { return Ok(Vec::new()) };
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read the message of the day from {}: {error}", path.display()))?;
    Ok(text.lines().map(|line| wire::text::printable(line).into_owned()).collect())
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("{address} is in use; stop what listens there, or choose another with --listen")
        }
        _ => format!("cannot listen on {address}: {error}; choose another with --listen"),
    })
}

/// The first Ctrl-C (or SIGTERM, or SIGHUP when the terminal is closed) sends a word, the second ends the process at once.
fn stop_on_signal() -> Result<Receiver<()>, ctrlc::Error> {
    let (sender, stop) = mpsc::channel();
    let mut sender = Some(sender);
    ctrlc::set_handler(move || match sender.take() {
        Some(first) => drop(first.send(())),
        None => process::exit(130),
    })?;
    Ok(stop)
}

/// An address by which this machine reaches its own listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(any) if any.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(any) if any.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
