//! The seal on a datagram: whoever has not the room's key can neither read nor write one.
//!
//! With the feature `tls` it is ring's ChaCha20-Poly1305 (RFC 8439); the key comes from the directory over TLS. Pure.

#[cfg(not(feature = "tls"))]
#[path = "disabled.rs"]
mod implementation;
#[cfg(feature = "tls")]
#[path = "enabled.rs"]
mod implementation;

pub use implementation::Seal;
