//! TLS, and the keys by which people and servers are known.
//!
//! - [`known_servers`]: the file of servers that the user has met
//! - [`handshake`]: TLS on a connection that the core has opened, and whether the server is the right one
//! - [`wing`]: the hooks: `/fingerprint`
//!
//! The thread that opens a connection runs the handshake.

mod handshake;
mod known_servers;
mod wing;

pub use wing::plug_in;
