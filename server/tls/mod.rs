//! The wing tls: connections that begin with TLS, on the same port as plain text.
//!
//! Its hook runs in the client's own thread, before the first line, so a peer that dribbles its handshake keeps nobody
//! waiting but itself. It takes the registry's lock for a moment at the end.
//!
//! - [`sasl`]: the verb AUTHENTICATE, for clients that want to hear that their certificate counts
//!
//! Hooks: a verb and its capability; encryption, by the first byte of a connection; the start.

mod sasl;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use wire::fingerprint::Fingerprint;
use wire::tls::{self, Acceptor, Identity};

use crate::core::context::{Command, Connection, End, Wing};
use crate::core::event::Caps;
use crate::core::server::Server;

#[derive(Debug, Args)]
pub struct TlsOptions {
    /// A certificate in PEM, with those that vouch for it, instead of the one that the server makes for itself
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

pub struct Tls {
    /// Of the server's certificate.
    pub fingerprint: Fingerprint,
    acceptor: Acceptor,
}

impl Tls {
    /// With the certificate that is given, or else the server's own, which is made at the first start. An error is one
    /// sentence that says what to do.
    pub fn open(options: &TlsOptions, server_name: &str, data: &Path) -> Result<Arc<Self>, String> {
        let identity = match (&options.cert, &options.key) {
            (Some(cert), Some(key)) => Identity::load(cert, key)?,
            _ => Identity::load_or_make(&data.join("tls").join("server.pem"), server_name)?,
        };
        Ok(Arc::new(Tls { fingerprint: identity.fingerprint(), acceptor: Acceptor::new(identity)? }))
    }

    fn shake_hands(&self, connection: &Connection, deadline: Instant) -> Result<(), End> {
        let why = |error: io::Error| match error.kind() {
            ErrorKind::TimedOut => connection.took_too_long(),
            // The alert that says why has to arrive before the connection ends.
            ErrorKind::InvalidData => End::ByServer(format!("No TLS connection: {error}")),
            ErrorKind::UnexpectedEof => End::ByPeer("Connection closed".into()),
            _ => End::ByPeer("Connection lost".into()),
        };
        connection.socket.secure(|socket| self.acceptor.accept(socket, deadline)).map_err(why)?;
        let key = connection.socket.peer();
        if let Some(client) = connection.server.registry().client_mut(connection.id) {
            (client.secure, client.key) = (true, key);
        }
        let with = key.map_or("no key".to_owned(), |key| format!("key {}", connection.server.log.key(&key)));
        connection.server.log.client(connection.address, None, format_args!("speaks TLS with {with}"));
        Ok(())
    }
}

impl Wing for Tls {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        vec![Command::new("AUTHENTICATE", 1, sasl::authenticate).before_registration()]
    }

    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        &[sasl::CAPABILITY]
    }

    fn started(&self, server: &Server) {
        server.log.line(format_args!("Its key has the fingerprint {}", self.fingerprint));
    }

    fn secure(&self, connection: &Connection, first: u8, deadline: Instant) -> Option<Result<(), End>> {
        (first == tls::FIRST_BYTE).then(|| self.shake_hands(connection, deadline))
    }
}
