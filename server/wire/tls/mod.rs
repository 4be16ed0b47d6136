//! TLS 1.3 (RFC 8446) on a socket whose two directions belong to two threads, and the keys for it. Compiled with the
//! feature `tls` only.
//!
//! rustls does it, with the cryptography of ring and certificates by rcgen; nothing of that is written here.
//!
//! - [`channel`]: the two ends that begin a connection, and the open connection, which encrypts and decrypts
//! - [`handshake`]: handshakes on a blocking socket, with a deadline
//! - [`verify`]: whether the other end is the right one
//! - [`identity`]: keys and certificates on the disk
//!
//! A connection has one lock, and no thread waits for the network while it holds that: bytes are received before it is
//! taken, and sent after it is released. Otherwise a reader that waits for its silent peer would keep all others from
//! writing to it.

mod channel;
mod handshake;
mod identity;
mod verify;

pub use channel::{Acceptor, Connector, Tls};
pub use handshake::FIRST_BYTE;
pub use identity::Identity;
pub use verify::{Proof, Refused, Trust};

#[cfg(test)]
mod tests;
