//! A TLS 1.3 client without its socket: what comes is opened, what goes is sealed, and nothing waits.
//!
//! Thread: the generator's only one. No locks. Without the feature `tls` no session can be made. It is not the
//! project's own `wire::tls`, which waits for a handshake to be done.

#[cfg(not(feature = "tls"))]
#[path = "disabled.rs"]
mod implementation;
#[cfg(feature = "tls")]
#[path = "enabled.rs"]
mod implementation;

pub use implementation::Session;

/// The most text that one record holds (RFC 8446, section 5.1).
pub const RECORD: usize = 16 * 1024;
