//! How a connection begins: with TLS or in plain text, on the same port.
//!
//! Runs in the client's own thread, before its first line. The first byte tells; a peer that dribbles its handshake
//! keeps nobody waiting but itself. It takes the registry's lock for a moment at the end.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::Path;
use std::thread;
use std::time::Instant;

use wire::limits;
use wire::tls::{self, Acceptor, Identity};

use crate::args::{Args, Plain};
use crate::session::{End, Session};

impl Plain {
    /// Whether somebody from there may speak plain text.
    fn allows(self, address: IpAddr) -> bool {
        match self {
            Plain::Never => false,
            Plain::Loopback => address.is_loopback(),
            Plain::Always => true,
        }
    }
}

/// The server's certificate: the one that was given, or else its own, which is made at the first start. `None` in a
/// build without TLS. An error is one sentence that says what to do.
pub fn identity(args: &Args, data: &Path) -> Result<Option<Identity>, String> {
    if !tls::BUILT_IN {
        return without_tls(args).map_or(Ok(None), Err);
    }
    let identity = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Identity::load(cert, key)?,
        _ => Identity::load_or_make(&data.join("tls").join("server.pem"), &args.name)?,
    };
    Ok(Some(identity))
}

/// What cannot be done without TLS, and what to do about it.
fn without_tls(args: &Args) -> Option<String> {
    const BUILD: &str = "this server was built without TLS; build it with --features tls";
    let open = args.listen.iter().find(|address| !address.ip().to_canonical().is_loopback());
    match open {
        _ if args.cert.is_some() => Some(format!("{BUILD}, or leave --cert and --key out")),
        _ if args.plain == Plain::Never => Some(format!("{BUILD}, or nobody could connect")),
        Some(address) if args.plain == Plain::Loopback => {
            Some(format!("{BUILD}, or say --plain always if everybody on the way to {address} may read what is said"))
        }
        _ => None,
    }
}

/// Finds out what the client speaks, and shakes hands if that is TLS. An error is how the session ends.
pub fn begin(session: &Session, deadline: Instant) -> Result<(), End> {
    let server = &session.server;
    let is_tls = first_byte(session, deadline)? == tls::FIRST_BYTE;
    match &server.acceptor {
        Some(acceptor) if is_tls => shake_hands(session, acceptor, deadline),
        None if is_tls => Err(End::Ours("This server was built without TLS; connect in plain text (--plain)".into())),
        _ if server.plain.allows(session.address.ip()) => Ok(()),
        _ => Err(End::Ours("Plain text is not taken from your address; connect with TLS".into())),
    }
}

fn first_byte(session: &Session, deadline: Instant) -> Result<u8, End> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(End::Ours(session.took_too_long()));
        }
        let peeked = session.socket.set_read_timeout(left).and_then(|()| session.socket.peek());
        match peeked {
            Ok(Some(byte)) => return Ok(byte),
            Ok(None) => return Err(End::Theirs("Connection closed".into())),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The time is over, or the broadcaster wrote to this very socket just now (see `Socket::read`).
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(limits::READ_NAP),
            Err(_) => return Err(End::Theirs("Connection lost".into())),
        }
    }
}

fn shake_hands(session: &Session, acceptor: &Acceptor, deadline: Instant) -> Result<(), End> {
    let why = |error: io::Error| match error.kind() {
        ErrorKind::TimedOut => End::Ours(session.took_too_long()),
        // The alert that says why has to arrive before the connection ends.
        ErrorKind::InvalidData => End::Ours(format!("No TLS connection: {error}")),
        ErrorKind::UnexpectedEof => End::Theirs("Connection closed".into()),
        _ => End::Theirs("Connection lost".into()),
    };
    session.socket.shake_hands(acceptor, deadline).map_err(why)?;
    let key = session.socket.peer();
    if let Some(client) = session.server.registry().client_mut(session.id) {
        client.secure = true;
        client.key = key;
    }
    let with = key.map_or("no key".to_owned(), |key| format!("key {key}"));
    session.server.log.client(session.address, None, format_args!("speaks TLS with {with}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn plain_text_is_for_whom_it_was_meant() {
        let (here, there) = ("127.0.0.9".parse().unwrap(), "192.0.2.1".parse().unwrap());
        assert_eq!([here, there].map(|ip| Plain::Never.allows(ip)), [false, false]);
        assert_eq!([here, there].map(|ip| Plain::Loopback.allows(ip)), [true, false]);
        assert_eq!([here, there].map(|ip| Plain::Always.allows(ip)), [true, true]);
    }

    #[test]
    fn a_build_without_tls_says_where_it_matters() {
        let says = |options: &[&str]| without_tls(&Args::parse_from([&["chat-server"], options].concat()));
        assert_eq!(says(&[]), None);
        assert_eq!(says(&["--listen", "[::1]:6667"]), None);
        assert_eq!(says(&["--listen", "0.0.0.0:6667", "--plain", "always"]), None);
        assert!(says(&["--listen", "127.0.0.1:1", "--listen", "[::]:1"]).unwrap().contains("--plain always"));
        assert!(says(&["--plain", "never"]).unwrap().ends_with("nobody could connect"));
        assert!(says(&["--cert", "a", "--key", "b"]).unwrap().contains("leave --cert and --key out"));
    }
}
