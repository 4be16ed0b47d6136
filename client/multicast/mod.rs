//! Multicast rooms: an unreliable channel, made reliable by a protocol of our own.
//!
//! - [`mode`]: the hooks: `/chat`, and what the user types while in such a room; calls `member`
//! - [`member`]: our membership in one room: the socket, the thread that reads it, the engine behind its lock
//! - [`event`]: what happens in a room, in words
//! - [`socket`]: a socket in a multicast group
//! - [`impair`]: faults on purpose, between socket and engine
//! - [`engine`]: the protocol, pure, and the limits of the wing; knows nothing of the files above

mod engine;
mod event;
mod impair;
mod member;
mod mode;
mod socket;

#[cfg(test)]
mod simulation;

pub use member::MulticastOptions;
pub use mode::Multicast;
