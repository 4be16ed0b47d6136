//! The chat server: plugs the wings in, starts the threads, and ends them.
//!
//! The main thread starts `log`, `broadcaster` and one accept thread for each `--listen` address, which starts a thread
//! for each client, and at a terminal `console`. Then it waits for Ctrl-C, and ends them: first the accept threads, then
//! the clients, `log` last.

mod args;
#[cfg_attr(
    not(all(feature = "directory", feature = "files", feature = "irc", feature = "multiline", feature = "tls")),
    allow(dead_code, reason = "a part of it is for wings that are not built in")
)]
mod core;
#[cfg(feature = "disk")]
mod data;
#[cfg(feature = "directory")]
mod directory;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "irc")]
mod irc;
#[cfg(feature = "keys")]
mod keys;
#[cfg(feature = "mail")]
mod mail;
#[cfg(feature = "multiline")]
mod multiline;
#[cfg(feature = "tls")]
mod tls;

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use clap::Parser;

use crate::args::Args;
use crate::core::broadcaster::broadcaster_loop;
use crate::core::context::{Wing, Wings};
use crate::core::event::Event;
use crate::core::listener::{accept_loop, listen, reachable, wake};
use crate::core::log::Log;
use crate::core::server::Server;
use crate::core::{commands, console, limits};

fn main() -> ExitCode {
    wire::os::keep_ignored_signals(io::stdin().is_terminal());
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    #[cfg(feature = "keys")]
    if let Some(name) = &args.keys.release {
        println!("{}", keys::release(&args.data.folder_for(args.core.listen[0].port())?, name)?);
        return Ok(());
    }
    #[cfg(not(feature = "tls"))]
    args.check()?;
    let listeners = listen(&args.core.listen)?;
    let (stopper, stop) = mpsc::channel();
    stop_on_signal(stopper.clone())?;
    let (log, log_written) = Log::start(args.core.verbose)?;

    // The wings. Without the lines of one, and without its folder, the rest still builds.
    #[allow(unused_mut, reason = "the core alone has no wing")]
    let mut wings: Vec<Arc<dyn Wing>> = Vec::new();
    #[cfg(feature = "disk")]
    let data = data::DataFolder::open(&args.data, args.core.listen[0], listeners[0].local_addr()?)?;
    #[cfg(feature = "disk")]
    wings.push(data.clone());
    #[cfg(feature = "irc")]
    wings.push(irc::Irc::open(&args.irc)?);
    #[cfg(feature = "multiline")]
    wings.push(Arc::new(multiline::Multiline));
    #[cfg(feature = "tls")]
    let tls = tls::Tls::open(&args.tls, &args.core.name, &data.path)?;
    #[cfg(feature = "tls")]
    wings.push(tls.clone());
    #[cfg(feature = "tls")]
    let trust = format!("--pin {}", tls.fingerprint);
    #[cfg(not(feature = "tls"))]
    let trust = "--plain";
    #[cfg(feature = "keys")]
    wings.push(keys::Keys::open(&data.path, data.clock.clone(), &log)?);
    #[cfg(feature = "mail")]
    let mail = mail::Mail::open(&args.mail, &data.path, data.clock.clone(), &log)?;
    #[cfg(feature = "mail")]
    wings.push(mail.clone());
    #[cfg(feature = "files")]
    wings.push(files::Files::open(&args.files, &data.path, &log, data.clock.clone(), mail)?);
    #[cfg(feature = "directory")]
    wings.push(directory::Directory::open(&data.path, &log, cfg!(feature = "tls"))?);
    let wings = Arc::new(Wings::plug_in(wings, commands::table()));

    let (events, global_buffer) = mpsc::sync_channel(limits::GLOBAL_BUFFER);
    let wanted = args.core.max_clients;
    let server = Arc::new(Server::new(args.core, log, events));
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(move || broadcast(&global_buffer))?;
    for listener in &listeners {
        server.log.line(format_args!("Server has started listening on {}", listener.local_addr()?));
    }
    wings.list.iter().for_each(|wing| wing.started(&server));
    let room = server.descriptors.chats;
    if room < server.options.max_clients {
        let more = "for more, raise ulimit -n before the start";
        server.log.line(format_args!("There are file descriptors for {room} clients; {more}"));
    }
    let room = server.options.max_clients;
    if room < wanted {
        let more = "for more, raise vm.max_map_count (sysctl) before the start";
        server.log.line(format_args!("There are memory mappings for the threads of {room} clients; {more}"));
    }
    let password = if server.options.password.is_some() { " --password PASSWORD" } else { "" };
    for address in reachable(listeners.iter().filter_map(|listener| listener.local_addr().ok())) {
        let client = format_args!("./chat-client --server {address} {trust}{password}");
        server.log.line(format_args!("From another computer: {client}"));
    }
    // What has expired is gone before the first client is there.
    wings.list.iter().for_each(|wing| wing.housekeeping(&server));
    let (running, all_ended) = mpsc::channel::<Infallible>();
    let mut accepting = Vec::new();
    for listener in listeners {
        let address = listener.local_addr()?;
        let (server, wings, running) = (Arc::clone(&server), Arc::clone(&wings), running.clone());
        let builder = thread::Builder::new().name(format!("accept {address}"));
        accepting.push((address, builder.spawn(move || accept_loop(&listener, &server, &wings, &running))?));
    }
    drop(running);
    if io::stdin().is_terminal() {
        server.log.line("Type help for what you can do here");
        let commands = console::commands(&wings, stopper);
        let server = Arc::downgrade(&server);
        thread::Builder::new().name("console".into()).spawn(move || console::console_loop(&server, &commands))?;
    }

    // Until Ctrl-C, or `stop` at the console.
    while stop.recv_timeout(limits::HOUSEKEEPING) == Err(RecvTimeoutError::Timeout) {
        wings.list.iter().for_each(|wing| wing.housekeeping(&server));
    }
    server.log.line("Server is shutting down");
    shut_down(&server, accepting, &all_ended);
    let _ = broadcaster.join();
    // The log ends with the last thread that could write to it; nobody may be reading it.
    drop(server);
    let _ = log_written.recv_timeout(limits::SHUTDOWN_FLUSH);
    Ok(())
}

/// The broadcaster's thread. Without it nothing is ever delivered, so if it should fail the server ends visibly.
fn broadcast(global_buffer: &Receiver<Event>) {
    if catch_unwind(AssertUnwindSafe(|| broadcaster_loop(global_buffer))).is_err() {
        eprintln!("chat-server: the broadcaster has failed; please report the lines above");
        process::exit(1);
    }
}

/// The first Ctrl-C (or SIGTERM, or SIGHUP when the terminal is closed) sends a word, the second ends the process at once.
fn stop_on_signal(stopper: Sender<()>) -> Result<(), ctrlc::Error> {
    let mut stopper = Some(stopper);
    ctrlc::set_handler(move || match stopper.take() {
        Some(first) => drop(first.send(())),
        None => process::exit(130),
    })
}

/// Ends the threads of the clients: accepts no new ones, has the broadcaster send the last line to all, and waits for
/// their threads.
fn shut_down(server: &Server, accepting: Vec<(SocketAddr, JoinHandle<()>)>, all_ended: &Receiver<Infallible>) {
    server.stopping.store(true, Ordering::SeqCst);
    for (address, thread) in accepting {
        if wake(address) {
            let _ = thread.join();
        }
    }
    server.send(Event::Shutdown { farewell: "ERROR :Server is shutting down\r\n".into() });
    // The broadcaster shuts every socket down, which wakes every client thread; nothing is ever sent here.
    let patience = limits::SHUTDOWN_FLUSH * 2;
    if all_ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        server.log.line("Some client threads did not end in time");
    }
}
