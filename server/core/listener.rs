//! The accept loop: takes connections and starts a thread for each.
//!
//! Runs in one thread per `--listen` address. It takes the registry's lock to add a client.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::thread;

use wire::limits::LINE;
use wire::os;

use super::context::{CommandContext, Connection, RANDOM, Wings};
use super::event::{CutReason, Event};
use super::limits;
use super::registry;
use super::server::Server;
use super::session::session_loop;
use super::socket::Socket;

/// Opens a listening socket for each address. An error is one sentence that says what to do.
pub fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, String> {
    let open = |(at, address): (usize, &SocketAddr)| {
        TcpListener::bind(address).map_err(|error| why_not(*address, &addresses[..at], &error))
    };
    addresses.iter().enumerate().map(open).collect()
}

/// Why nobody can listen on an address, after these `others` of ours.
fn why_not(address: SocketAddr, others: &[SocketAddr], error: &io::Error) -> String {
    let (ip, port) = (address.ip(), address.port());
    let overlaps = |other: &&SocketAddr| {
        other.port() == port && (other.ip() == ip || other.ip().is_unspecified() || ip.is_unspecified())
    };
    match (error.kind(), others.iter().find(overlaps)) {
        (ErrorKind::AddrInUse, Some(other)) => {
            format!("--listen {other} and --listen {address} overlap ([::] takes IPv4, too); leave one of them out")
        }
        (ErrorKind::AddrInUse, None) => format!(
            "{address} is in use, perhaps by a server that runs already; stop it, or choose another port with --listen"
        ),
        (ErrorKind::AddrNotAvailable, _) => {
            format!("{ip} is no address of this machine; --listen 0.0.0.0:{port} takes all that it has")
        }
        (ErrorKind::PermissionDenied, _) if port < 1024 => {
            format!("port {port} is the system's, like all below 1024; choose a higher one with --listen")
        }
        _ => format!("cannot listen on {address}: {error}; choose another with --listen"),
    }
}

/// The addresses at which other computers may reach listeners that are bound to these.
pub fn reachable(bound: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let expand = |at: SocketAddr| {
        let fits = move |ip: &IpAddr| at.is_ipv6() || ip.is_ipv4();
        let every = if at.ip().is_unspecified() { os::addresses() } else { vec![at.ip()] };
        every.into_iter().filter(fits).map(move |ip| SocketAddr::new(ip, at.port()))
    };
    bound.into_iter().flat_map(expand).filter(|at| !at.ip().to_canonical().is_loopback()).collect()
}

/// Ends the `accept` of a listener, which std cannot interrupt, by a connection. False when that does not work.
pub fn wake(mut address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(any) if any.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(any) if any.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    TcpStream::connect_timeout(&address, limits::SHUTDOWN_FLUSH).is_ok()
}

/// Accepts until the server stops. Each client thread holds a clone of `running` until it ends, so the owner of the other
/// end can wait for all of them.
pub fn accept_loop(listener: &TcpListener, server: &Arc<Server>, wings: &Arc<Wings>, running: &Sender<Infallible>) {
    let mut in_trouble = false;
    loop {
        let accepted = listener.accept();
        if server.stopping.load(Ordering::SeqCst) {
            return;
        }
        let result = accepted.and_then(|(stream, address)| admit(server, wings, stream, address, running));
        match result {
            Ok(()) => in_trouble = false,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
            Err(error) => {
                // Out of descriptors or threads: one line, and the next try after a pause. Newcomers wait in the kernel's
                // queue.
                if !std::mem::replace(&mut in_trouble, true) {
                    server.log.line(format_args!("Cannot take more clients for now: {error}"));
                }
                thread::sleep(limits::ACCEPT_PAUSE);
            }
        }
    }
}

/// Adds a client and starts its thread. An error means that the system has no thread left.
fn admit(
    server: &Arc<Server>,
    wings: &Arc<Wings>,
    stream: TcpStream,
    address: SocketAddr,
    running: &Sender<Infallible>,
) -> io::Result<()> {
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    let cut: CutReason = Arc::new(OnceLock::new());
    // Lines are small and wait in the outbox already: they shall not wait in the kernel too.
    // Should the connection be closed already, the session's first read will say so.
    let _ = stream.set_nodelay(true);
    let mut registry = server.registry();
    let most = server.options.max_clients;
    // A connection that turns out to be a chat may still be one too many, see the session.
    let admitted = if server.sockets() < server.descriptors.sockets() {
        registry.admit(address, most, server.options.max_per_ip)
    } else {
        Err(registry::full(server.descriptors.chats))
    };
    let id = match admitted {
        Ok(id) => id,
        Err(reason) => {
            drop(registry);
            server.log.client(address, None, format_args!("is refused: {reason}"));
            refuse(&stream, &reason);
            return Ok(());
        }
    };
    let socket = Arc::new(Socket::new(stream, &server.open_sockets));
    server.send(Event::Connected { client: id, socket: Arc::clone(&socket), cut: Arc::clone(&cut) });
    drop(registry);
    server.log.client(address, None, "connected");
    let (for_thread, its_wings) = (Arc::clone(server), Arc::clone(wings));
    let connection =
        Connection { id, address, socket, cut, server: for_thread, wings: its_wings, _running: running.clone() };
    let builder = thread::Builder::new().name(format!("client {}", address.port())).stack_size(limits::CLIENT_STACK);
    let spawned = builder.spawn(move || session_loop(&connection));
    spawned.map(drop).inspect_err(|_| {
        let ctx = CommandContext::enter(server, wings, id, [0; RANDOM]);
        ctx.end("The server has no thread left; try again later");
        server.log.client(address, None, "is offline (no thread left)");
    })
}

/// Says why, as well as it can be done without waiting for the peer.
fn refuse(mut stream: &TcpStream, reason: &str) {
    // Unread bytes would reset the connection when the socket closes, and the line with it.
    if stream.set_nonblocking(true).is_ok() {
        let _ = stream.read(&mut [0; LINE]);
        // In one piece: `write!` makes a call for each part.
        let _ = stream.write_all(format!("ERROR :{reason}\r\n").as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_can_listen_says_what_to_do() {
        let at = |address: &str| address.parse().unwrap();
        for (kind, address, others, why) in [
            (
                ErrorKind::AddrInUse,
                "[::]:6667",
                ["0.0.0.0:6667"],
                "--listen 0.0.0.0:6667 and --listen [::]:6667 overlap",
            ),
            (
                ErrorKind::AddrInUse,
                "127.0.0.1:1",
                ["127.0.0.1:1"],
                "--listen 127.0.0.1:1 and --listen 127.0.0.1:1 overlap",
            ),
            (ErrorKind::AddrInUse, "127.0.0.1:1", ["0.0.0.0:2"], "127.0.0.1:1 is in use, perhaps by a server"),
            (ErrorKind::AddrInUse, "127.0.0.1:1", ["127.0.0.2:1"], "127.0.0.1:1 is in use, perhaps by a server"),
            (ErrorKind::AddrNotAvailable, "192.0.2.1:1", ["0.0.0.0:2"], "192.0.2.1 is no address of this machine"),
            (ErrorKind::PermissionDenied, "0.0.0.0:194", ["0.0.0.0:2"], "port 194 is the system's"),
            (ErrorKind::PermissionDenied, "0.0.0.0:1940", ["0.0.0.0:2"], "cannot listen on 0.0.0.0:1940: "),
        ] {
            let said = why_not(at(address), &others.map(at), &kind.into());
            assert!(said.starts_with(why), "{said}");
        }
    }
}
