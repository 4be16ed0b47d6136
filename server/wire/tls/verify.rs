//! Who the other end may be: the server takes any key, the client judges by a pin or by authorities.
//!
//! Called by rustls during the handshake, in the thread that does it. That the other end really has the key of the
//! certificate that it shows is checked by rustls' own functions in every case.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, RootCertStore, SignatureScheme,
};

use super::identity::{authorities_of_this_system, fingerprint_of};
use crate::fingerprint::Fingerprint;

/// How a client makes sure whom it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It is the server that has this certificate.
    Pin(Fingerprint),
    /// An authority has signed for the host's name.
    Authority,
    /// Nothing is known yet: by an authority if possible, or else not at all.
    TrustOnFirstUse,
}

/// What the client knows of the server after a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Of the certificate that it has shown.
    pub fingerprint: Fingerprint,
    /// An authority has signed for the host's name.
    pub by_authority: bool,
}

/// Why there is no TLS connection.
#[derive(Debug)]
pub enum Refused {
    /// The server has another certificate than the pinned one: this.
    Changed(Fingerprint),
    /// No authority has signed for the server: why not.
    Unverified(String),
    /// The other end does not speak TLS; this is what it says instead.
    PlainText(String),
    /// The handshake went wrong: how.
    Failed(String),
    /// The connection was lost before it was done.
    Lost(io::Error),
}

/// The cryptography of ring.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

type Proved = Result<HandshakeSignatureValid, Error>;

/// The functions by which a key is proved, the same for both ends.
macro_rules! proof_of_the_key {
    () => {
        fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Proved {
            // Neither end offers it.
            Err(PeerIncompatible::Tls12NotOffered.into())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Proved {
            verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

/// The server's way: a client may show any certificate, or none. The server only wants to know it again.
#[derive(Debug)]
pub struct AnyKey;

impl ClientCertVerifier for AnyKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    proof_of_the_key!();
}

/// The client's way: judges a server's certificate, and remembers how.
#[derive(Debug)]
pub struct ServerVerifier {
    trust: Trust,
    /// The authorities that may sign for the server; `None`: those of this system.
    roots: Option<Arc<RootCertStore>>,
    verdict: Mutex<Option<Result<Proof, Refused>>>,
}

impl ServerVerifier {
    pub fn new(trust: Trust, roots: Option<Arc<RootCertStore>>) -> Self {
        ServerVerifier { trust, roots, verdict: Mutex::new(None) }
    }

    /// The judgement; `None` when the server has shown no certificate.
    pub fn verdict(&self) -> Option<Result<Proof, Refused>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fingerprint = fingerprint_of(certificate);
        // Whether an authority has signed for the name; if not, why.
        let signed = || {
            let roots = self.roots.clone().unwrap_or_else(|| Arc::new(authorities_of_this_system()));
            if roots.is_empty() {
                return Err("this system knows no authorities; name some with --ca".to_owned());
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
            let verifier = verifier.map_err(|error| error.to_string())?;
            let signed = verifier.verify_server_cert(certificate, others, name, &[], now);
            signed.map(|_| true).map_err(|error| error.to_string())
        };
        let verdict = match self.trust {
            Trust::Pin(pin) if pin == fingerprint => Ok(false),
            Trust::Pin(_) => Err(Refused::Changed(fingerprint)),
            Trust::TrustOnFirstUse => Ok(signed().is_ok()),
            Trust::Authority => signed().map_err(Refused::Unverified),
        };
        let refused = verdict.is_err();
        let verdict = verdict.map(|by_authority| Proof { fingerprint, by_authority });
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        if refused {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    proof_of_the_key!();
}
