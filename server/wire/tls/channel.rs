//! TLS by rustls: the two ends that begin a connection, and the open connection.
//!
//! A handshake runs in the thread that owns the connection. Afterwards one thread reads and others write, under the
//! lock of the connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, Connection, Error, RootCertStore, ServerConfig, ServerConnection};

use super::handshake::{Until, say_hello};
use super::identity::{Identity, authorities, fingerprint_of};
use super::verify::{AnyKey, Proof, Refused, ServerVerifier, Trust, provider};
use crate::fingerprint::Fingerprint;
use crate::stream::SecureChannel;

/// Bytes that are received at a time, those of one record: rustls holds about as much that is decrypted.
const RECEIVE: usize = 16 * 1024;

/// What a server needs to take TLS connections: its certificate, and the wish to see the client's.
#[derive(Debug)]
pub struct Acceptor(Arc<ServerConfig>);

impl Acceptor {
    /// An error is one sentence.
    pub fn new(identity: Identity) -> Result<Self, String> {
        let unusable = |error: Error| match error {
            Error::InconsistentKeys(_) => {
                "the key does not belong to the certificate; check --cert and --key".to_owned()
            }
            error => format!("the certificate and its key cannot be used: {error}"),
        };
        let Identity { chain, key } = identity;
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(unusable)?.with_client_cert_verifier(Arc::new(AnyKey));
        let mut config = builder.with_single_cert(chain, key.clone_key()).map_err(unusable)?;
        // A connection lasts for hours. Tickets to resume it would cost each more than they save some.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Acceptor(Arc::new(config)))
    }

    /// Does the handshake of a server on a blocking socket, until the deadline.
    pub fn accept(&self, socket: &TcpStream, deadline: Instant) -> io::Result<Tls> {
        let mut connection = Connection::from(ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?);
        connection.complete_io(&mut Until { socket, deadline })?;
        Ok(Tls::new(connection))
    }
}

/// What a client needs to begin TLS connections.
#[derive(Debug)]
pub struct Connector {
    identity: Identity,
    /// The authorities that may sign for servers, from a file; `None`: those of this system.
    authorities: Option<Arc<RootCertStore>>,
}

impl Connector {
    /// With authorities from a file in PEM, or else those of this system. An error is one sentence.
    pub fn new(identity: Identity, file: Option<&Path>) -> Result<Self, String> {
        let authorities = file.map(authorities).transpose()?.map(Arc::new);
        Ok(Connector { identity, authorities })
    }

    /// Does the handshake of a client on a blocking socket, until the deadline. A server that is not the right one
    /// learns nothing of the client's key.
    pub fn connect(
        &self,
        socket: &TcpStream,
        host: &str,
        trust: Trust,
        deadline: Instant,
    ) -> Result<(Tls, Proof), Refused> {
        let failed = |error: Error| Refused::Failed(error.to_string());
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Refused::Failed(format!("{host} is neither a name nor an address in full; check --server")))?;
        let verifier = Arc::new(ServerVerifier::new(trust, self.authorities.clone()));
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(failed)?.dangerous().with_custom_certificate_verifier(verifier.clone());
        let Identity { chain, key } = &self.identity;
        let mut config = builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(failed)?;
        config.resumption = Resumption::disabled();
        let mut connection = Connection::from(ClientConnection::new(Arc::new(config), name).map_err(failed)?);
        let mut socket = Until { socket, deadline };
        if let Some(text) = say_hello(&mut connection, &mut socket).map_err(Refused::Lost)? {
            return Err(Refused::PlainText(text));
        }
        match (connection.complete_io(&mut socket), verifier.verdict()) {
            (_, Some(Err(refused))) => Err(refused),
            (Ok(_), Some(Ok(proof))) => Ok((Tls::new(connection), proof)),
            (Ok(_), None) => Err(Refused::Failed("the server has shown no certificate".to_owned())),
            (Err(error), _) => Err(error.downcast().map_or_else(Refused::Lost, failed)),
        }
    }
}

/// An open TLS connection, without its socket.
#[derive(Debug)]
pub struct Tls(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    /// Bytes that are not decrypted yet.
    received: Vec<u8>,
}

impl Tls {
    fn new(connection: Connection) -> Self {
        Tls(Mutex::new(Inner { connection, received: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecureChannel for Tls {
    fn peer(&self) -> Option<Fingerprint> {
        self.lock().connection.peer_certificates().and_then(|chain| chain.first()).map(fingerprint_of)
    }

    fn read(&self, space: &mut [u8], receive: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        if let Some(count) = self.lock().take(space)? {
            return Ok(count);
        }
        let most = space.len().min(RECEIVE);
        let count = receive(&mut space[..most])?;
        if count == 0 {
            return Ok(0);
        }
        let mut inner = self.lock();
        inner.received.extend_from_slice(&space[..count]);
        inner.take(space)?.ok_or(ErrorKind::Interrupted.into())
    }

    fn encrypt(&self, text: &[u8], encrypted: &mut Vec<u8>) -> io::Result<usize> {
        let mut inner = self.lock();
        // After an alert no text can be encrypted any more, but the alert is still to be sent; the text goes nowhere.
        let count = inner.connection.writer().write(text).unwrap_or(text.len());
        inner.flush_to(encrypted)?;
        Ok(count)
    }

    fn encrypt_end(&self, encrypted: &mut Vec<u8>) {
        let mut inner = self.lock();
        inner.connection.send_close_notify();
        // A `Vec` takes all.
        let _ = inner.flush_to(encrypted);
    }
}

impl Inner {
    fn flush_to(&mut self, encrypted: &mut Vec<u8>) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(encrypted)?;
        }
        Ok(())
    }

    /// The next text; 0 bytes at the end, `None` when no whole record has been received. Decrypts more only when all
    /// earlier text is taken, so rustls holds little of it.
    fn take(&mut self, space: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.connection.reader().read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.received.is_empty() => return Ok(None),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result.map(Some),
            }
            let received = std::mem::take(&mut self.received);
            let used = self.connection.read_tls(&mut &received[..])?;
            self.received = received[used..].to_vec();
            self.connection.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }
}
