//! A TLS 1.3 client without its socket: what comes is opened, what goes is sealed, and nothing waits.
//!
//! Thread: the generator's only one. No locks. It is not the project's own `wire::tls`, which waits for a handshake to be
//! done; and it believes every server, so that the generator has less to do.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, SignatureScheme};

/// The same for all sessions: the suites and groups of rustls' ring as they are, and never a resumption.
static CONFIG: LazyLock<Result<Arc<ClientConfig>, Error>> = LazyLock::new(|| {
    let provider = ring::default_provider();
    let anyone = Arc::new(Anyone(provider.signature_verification_algorithms.supported_schemes()));
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[&TLS13])?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.max_fragment_size = Some(FRAGMENT);
    Ok(Arc::new(config))
});

/// The most text that one record holds (RFC 8446, section 5.1).
pub const RECORD: usize = 16 * 1024;
/// The most of what a client says in one record, its header included. `ngIRCd` reads at most 2 KiB of a record, and the
/// rest of it only when something follows, so that larger ones made its speakers wait for ever.
const FRAGMENT: usize = 5 + 2048;

pub struct Session(Box<ClientConnection>);

impl Session {
    pub fn begin() -> io::Result<Self> {
        let config = CONFIG.as_ref().map_err(io::Error::other)?;
        let name = ServerName::try_from("irc.local").map_err(io::Error::other)?;
        let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        // A client has no more under way than its window.
        connection.set_buffer_limit(None);
        Ok(Self(Box::new(connection)))
    }

    /// Opens what was received, and returns how much text came out. `text` needs room for as many bytes and one record
    /// more: that much may have waited for its end.
    pub fn open(&mut self, mut sealed: &[u8], text: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while !sealed.is_empty() {
            if self.0.read_tls(&mut sealed)? == 0 {
                // The server has said that nothing follows.
                return Ok(count);
            }
            self.0.process_new_packets().map_err(io::Error::other)?;
            count += self.take(&mut text[count..])?;
        }
        Ok(count)
    }

    fn take(&mut self, text: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        loop {
            match self.0.reader().read(&mut text[count..]) {
                Ok(0) => return Ok(count),
                Ok(more) => count += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(count),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes text to be sent. During the handshake it waits for the end of that.
    pub fn seal(&mut self, text: &[u8]) -> io::Result<()> {
        self.0.writer().write_all(text)
    }

    /// Sends what is sealed, and the client's part of the handshake.
    pub fn send(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.0.wants_write() {
            match self.0.write_tls(socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Suite and group, once a full handshake is done.
    pub fn agreed(&self) -> Option<String> {
        let suite = self.0.negotiated_cipher_suite()?.suite();
        let group = self.0.negotiated_key_exchange_group()?.name();
        match self.0.handshake_kind()? {
            HandshakeKind::Full => Some(format!("{suite:?}, {group:?}")),
            HandshakeKind::FullWithHelloRetryRequest => Some(format!("{suite:?}, {group:?} after a HelloRetryRequest")),
            HandshakeKind::Resumed => None,
        }
    }
}

/// Takes any server for the right one, with the schemes that a client offers.
#[derive(Debug)]
struct Anyone(Vec<SignatureScheme>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
