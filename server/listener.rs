//! The accept loop: takes connections and starts a thread for each.
//!
//! Runs in one thread per `--listen` address. It takes the registry's lock to enter a client.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::thread;

use wire::limits;

use crate::chat::Chat;
use crate::event::{CutReason, Event};
use crate::server::Server;
use crate::session::{Session, session_loop};
use crate::socket::Socket;

/// Accepts until the server stops. Each client thread holds a clone of `running` until it ends, so
/// whoever has the other end can wait for all of them.
pub fn accept_loop(listener: &TcpListener, server: &Arc<Server>, running: &Sender<Infallible>) {
    let mut in_trouble = false;
    loop {
        let accepted = listener.accept();
        if server.stopping.load(Ordering::SeqCst) {
            return;
        }
        let result = accepted.and_then(|(socket, address)| admit(server, socket, address, running));
        match result {
            Ok(()) => in_trouble = false,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
            Err(error) => {
                // Out of descriptors or threads: one line, and the next try after a pause. Who is
                // waiting to be accepted goes on waiting in the kernel's queue.
                if !std::mem::replace(&mut in_trouble, true) {
                    server.log.line(format_args!("Cannot take more clients for now: {error}"));
                }
                thread::sleep(limits::ACCEPT_PAUSE);
            }
        }
    }
}

/// Enters a client and starts its thread. An error means that the system has no thread left.
fn admit(server: &Arc<Server>, stream: TcpStream, address: SocketAddr, running: &Sender<Infallible>) -> io::Result<()> {
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    let cut: CutReason = Arc::new(OnceLock::new());
    // Lines are small and wait in the outbox already: they shall not wait in the kernel too.
    // Should the peer be gone already, the session's first read will say so.
    let _ = stream.set_nodelay(true);
    let (id, socket) = {
        let mut registry = server.registry();
        match registry.admit(address, server.max_clients, server.max_per_ip) {
            Ok(id) => {
                let socket = Arc::new(Socket::new(stream));
                server.send(Event::Connected { client: id, socket: Arc::clone(&socket), cut: Arc::clone(&cut) });
                (id, socket)
            }
            Err(reason) => {
                drop(registry);
                server.log.client(address, None, format_args!("is refused: {reason}"));
                refuse(&stream, &reason);
                return Ok(());
            }
        }
    };
    server.log.client(address, None, "connected");
    let session = Session { id, address, socket, cut, server: Arc::clone(server), _running: running.clone() };
    let builder = thread::Builder::new().name(format!("client {address}")).stack_size(limits::CLIENT_STACK);
    let spawned = builder.spawn(move || session_loop(&session));
    spawned.map(drop).inspect_err(|_| {
        Chat::enter(server, id).end("The server has no thread left; try again later");
        server.log.client(address, None, "is offline (no thread left)");
    })
}

/// Says why, as well as it can be done without waiting for the peer.
fn refuse(mut stream: &TcpStream, reason: &str) {
    // What is unread when the socket closes would reset the connection, and the line with it.
    if stream.set_nonblocking(true).is_ok() {
        let _ = stream.read(&mut [0; limits::LINE]);
        let _ = write!(stream, "ERROR :{reason}\r\n");
        let _ = stream.shutdown(Shutdown::Write);
    }
}
