//! Rooms over multicast: an unreliable channel, made reliable by a protocol of our own.
//!
//! - [`impair`]: a channel that is worse than it has to be, on purpose
//! - [`engine`]: what to send, show and wait for; pure
//! - [`peer`]: the messages of one other member, put in order
//! - [`peers`]: the table of the others
//! - [`heard`]: whom to tell that they were heard
//! - [`outgoing`]: messages that wait to be sent, for the first time or again
//! - [`history`]: datagrams that can be repeated for those who miss them
//! - [`seal`]: datagrams that nobody outside can read or write
//! - [`socket`]: a socket in a multicast group
//! - [`event`]: what happens in a room, in words
//! - [`member`]: one membership: the socket, the thread that reads it, the engine behind its lock
//! - [`mode`]: `/chat`, and what is typed while the user talks in such a room; the hooks

mod engine;
mod event;
mod heard;
mod history;
mod impair;
mod member;
mod mode;
mod outgoing;
mod peer;
mod peers;
mod random;
mod seal;
mod socket;

#[cfg(test)]
mod simulation;

pub use mode::{Multicast, MulticastOptions};
