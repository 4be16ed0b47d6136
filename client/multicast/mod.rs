//! Multicast rooms: an unreliable channel, made reliable by a protocol of our own.
//!
//! - [`mode`]: what the user types while in such a room; calls `member`
//! - [`member`]: our membership in one room: the socket, the thread that reads it, the engine behind its lock
//! - [`socket`]: a socket in a multicast group
//! - [`impair`]: faults on purpose, between socket and engine
//! - [`engine`]: the protocol, pure; knows nothing of the files above
//! - [`limits`]: its constants

pub mod engine;
pub mod impair;
mod limits;
pub mod member;
pub mod mode;
mod socket;

#[cfg(test)]
mod simulation;
