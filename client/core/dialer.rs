//! Dialling the server: a TCP connection, encrypted where a wing can do that.
//!
//! Run by each thread that needs a connection: the main thread for the first one, the receiver for later ones, and the
//! threads of transfers. No lock.

use super::limits::{BACK_OFF, CONNECT};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use wire::stream::{SecureChannel, Stream};

/// The pause in seconds before a new attempt, after this number of failures.
pub fn back_off(failed: usize) -> u64 {
    BACK_OFF[failed.min(BACK_OFF.len() - 1)]
}

/// Why there is no connection on which we are registered.
pub enum Failure {
    /// The name is taken or not allowed; another name may be accepted.
    Name(String),
    /// Another client with our key has the name.
    Held(String),
    /// The server does not want us: trying again is no use.
    Refused(String),
    /// The connection ended: trying again may help.
    Lost(String),
}

impl Failure {
    pub fn why(self) -> String {
        let (Failure::Name(why) | Failure::Held(why) | Failure::Refused(why) | Failure::Lost(why)) = self;
        why
    }
}

/// Encrypts a connection that has just been opened.
pub trait Handshake: Send + Sync {
    /// On a connection for the chat; sentences for the user are added to `news`.
    fn first(
        &self,
        server: &str,
        socket: &TcpStream,
        news: &mut Vec<String>,
    ) -> Result<Box<dyn SecureChannel>, Failure>;

    /// On a second connection, which has to lead to the very same server as the first.
    fn again(&self, server: &str, socket: &TcpStream, first: &Stream) -> io::Result<Box<dyn SecureChannel>>;
}

/// Opens connections to one server.
#[derive(Default)]
pub struct Dialer {
    /// `HOST:PORT`, as the user gave it.
    pub server: String,
    /// The server's password, where it wants one.
    pub password: Option<String>,
    /// `None` for plain text.
    pub handshake: Option<Arc<dyn Handshake>>,
    /// Whether to take the name from another client with our key that has it.
    pub take_over: bool,
    /// A warning to show when a connection in plain text leaves this machine.
    pub warning: Option<&'static str>,
}

impl Dialer {
    /// Connects. Sentences for the user come with the connection; a failure says what to do.
    pub fn dial(&self) -> Result<(Stream, Vec<String>), Failure> {
        let socket = self.connect().map_err(Failure::Lost)?;
        let mut news = Vec::new();
        let handshake = self.handshake.as_ref();
        let channel = handshake.map(|handshake| handshake.first(&self.server, &socket, &mut news)).transpose()?;
        let is_loopback = socket.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
        news.extend(self.warning.filter(|_| !is_loopback).map(str::to_owned));
        let stream = Stream::new(socket);
        channel.into_iter().for_each(|channel| stream.secure(channel));
        Ok((stream, news))
    }

    /// Opens a second connection to where the first one leads.
    pub fn dial_again(&self, first: &Stream) -> io::Result<Stream> {
        let socket = connect(&first.socket().peer_addr()?)?;
        let handshake = self.handshake.as_ref();
        let channel = handshake.map(|handshake| handshake.again(&self.server, &socket, first)).transpose()?;
        let stream = Stream::new(socket);
        channel.into_iter().for_each(|channel| stream.secure(channel));
        Ok(stream)
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let server = &self.server;
        let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
        let port = port.parse::<u16>().map_err(|_| format!("{server} has no port; check --server"))?;
        // Without its brackets an IPv6 address may have a zone, which the system looks up.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut failure = format!("{server} has no address; check --server");
        for address in (host, port).to_socket_addrs().map_err(|error| not_found(server, &error))? {
            failure = match connect(&address).map_err(|error| (error.kind(), error)) {
                Ok(socket) => return Ok(socket),
                Err((ErrorKind::ConnectionRefused, _)) => {
                    format!("nobody listens at {server}; start the server with make run-server, or check --server")
                }
                Err((ErrorKind::TimedOut, _)) => format!("{server} does not answer; check --server and the network"),
                Err((_, error)) => format!("cannot reach {server} ({error}); check --server and the network"),
            };
        }
        Err(failure)
    }
}

/// Why the name of a host led to no address. std tells a resolver that cannot be reached (`EAI_AGAIN`) from one that
/// knows no such name by the text alone: that of glibc and macOS, and that of musl.
fn not_found(server: &str, error: &io::Error) -> String {
    let text = error.to_string().to_ascii_lowercase();
    if text.contains("temporary failure") || text.contains("try again") {
        format!("the name in {server} cannot be looked up just now ({error}); check the network, and try again")
    } else {
        format!("there is no host of the name in {server} ({error}); check --server")
    }
}

fn connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(address, CONNECT)?;
    // Without Nagle's algorithm a write does not wait for the acknowledgement of the one before.
    socket.set_nodelay(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_cannot_be_reached_is_no_missing_host() {
        let said = |text| not_found("irc.example:6667", &io::Error::other(format!("failed to lookup address: {text}")));
        for text in ["Temporary failure in name resolution", "Try again"] {
            assert!(said(text).starts_with("the name in irc.example:6667 cannot be looked up just now"), "{text}");
        }
        for text in
            ["Name or service not known", "nodename nor servname provided, or not known", "Name does not resolve"]
        {
            assert!(said(text).starts_with("there is no host of the name in irc.example:6667"), "{text}");
        }
    }
}
