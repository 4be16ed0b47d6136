//! TLS 1.3 (RFC 8446) on a socket whose two directions belong to two threads, and the keys for it.
//!
//! With the feature `tls` rustls does it, with the cryptography of ring and certificates by rcgen; nothing of
//! that is written here. Without the feature there are the same names, and nothing can be made of them.
//!
//! A connection has one lock, and nobody waits for the network while holding it: bytes are read before it is
//! taken, and written after it is let go. Otherwise a reader that waits for its silent peer
//! would keep everybody from writing to it.

#[cfg(not(feature = "tls"))]
#[path = "disabled.rs"]
mod implementation;
#[cfg(feature = "tls")]
#[path = "enabled/mod.rs"]
mod implementation;

use std::io;

use crate::fingerprint::Fingerprint;

pub use implementation::{Acceptor, BUILT_IN, Connector, Identity, Tls};

/// The first byte of a connection that begins with TLS: a handshake record (RFC 8446, section 5.1). No line
/// of text starts with it.
pub const FIRST_BYTE: u8 = 22;

/// How a client makes sure whom it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It is the server that has this certificate.
    Pin(Fingerprint),
    /// An authority has signed for the host's name.
    Authority,
    /// Nothing is known yet: an authority if possible, else whoever it is.
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
