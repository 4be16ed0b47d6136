//! Keys and certificates: made where there are none, kept in files that only their owner can read.
//!
//! Disk only; called by the main thread before any other starts.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fingerprint::Fingerprint;
use crate::{disk, os};

/// A certificate, those that vouch for it, and its private key.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Arc<PrivateKeyDer<'static>>,
}

impl Identity {
    /// Reads key and certificate from one file. When it is not there, it is made, for this name, signed by nobody but
    /// itself, and good for as long as the file. An error is one sentence.
    pub fn load_or_make(file: &Path, name: &str) -> Result<Self, String> {
        let shown = file.display();
        let cannot = |what: &str, error: io::Error| format!("cannot {what} the key in {shown}: {error}");
        // What is there is not made, also if it is a link to nowhere.
        if matches!(fs::symlink_metadata(file), Err(error) if error.kind() == ErrorKind::NotFound) {
            let pem = made(name).map_err(|error| format!("cannot make a key: {error}"))?;
            if let Some(folder) = file.parent() {
                disk::make_private(folder).map_err(|error| cannot("write", error))?;
            }
            // Another program that was started at the same time may have been faster: then its key counts.
            disk::create(file, pem.as_bytes()).map_err(|error| cannot("write", error))?;
        }
        let metadata = fs::metadata(file).map_err(|error| cannot("read", error))?;
        if metadata.is_file() && !os::is_private(&metadata) {
            return Err(format!("others may read the key in {shown}; if none has, say chmod 600 {shown}"));
        }
        let pem = fs::read(file).map_err(|error| cannot("read", error))?;
        Self::from_pem(&pem, &pem)
            .map_err(|why| format!("{shown} holds no usable key ({why}); move it away, and a new one is made"))
    }

    /// Reads a certificate, with those that vouch for it, and its key, in PEM. An error is one sentence.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, String> {
        let read = |path: &Path| fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
        Self::from_pem(&read(certificate)?, &read(key)?)
            .map_err(|why| format!("{} and {} cannot be used: {why}", certificate.display(), key.display()))
    }

    fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| "the certificate is damaged".to_owned())?;
        if chain.is_empty() {
            return Err("there is no certificate".to_owned());
        }
        let is_encrypted = String::from_utf8_lossy(key).contains("ENCRYPTED");
        let unusable = if is_encrypted {
            "the private key has a password; openssl pkey -in OLD -out NEW takes it off"
        } else {
            "there is no private key, or it is damaged"
        };
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| unusable.to_owned())?;
        Ok(Identity { chain, key: Arc::new(key) })
    }

    /// By which others know it again.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.chain[0])
    }
}

/// SHA-256 of the certificate.
pub fn fingerprint_of(certificate: &CertificateDer<'_>) -> Fingerprint {
    Fingerprint(digest(&SHA256, certificate).as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

/// A new key (ECDSA on P-256, which every TLS library knows) and its certificate, in PEM.
fn made(name: &str) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// The authorities in a file, or one sentence.
pub fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: String| format!("cannot take authorities from {}: {why}", file.display());
    let pem = fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

/// The authorities that this system believes; none when it has no list of them.
pub fn authorities_of_this_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // Some lists hold certificates that nobody can use any more; the others count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
