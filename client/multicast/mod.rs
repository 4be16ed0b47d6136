//! Rooms over multicast: an unreliable channel, made reliable by a protocol of our own.
//!
//! - [`mode`]: what is typed while one talks in such a room
//! - [`member`]: one membership: the socket, the thread that reads it, the engine behind its lock
//! - [`socket`]: a socket in a multicast group
//! - [`impair`]: a channel that is worse than it has to be, on purpose
//! - [`engine`]: what to send, show and wait for; pure
//! - [`peer`]: the messages of one other member, put in order
//! - [`peers`]: the table of the others
//! - [`heard`]: whom to tell that they were heard
//! - [`outgoing`]: messages that wait to be sent, for the first time or again
//! - [`history`]: datagrams that can be repeated for those who miss them

pub mod engine;
mod heard;
mod history;
pub mod impair;
pub mod member;
pub mod mode;
mod outgoing;
mod peer;
mod peers;
mod random;
mod socket;

#[cfg(test)]
mod simulation;
