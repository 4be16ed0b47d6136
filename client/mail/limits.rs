//! The limits of stored messages on the client's side, each with its unit and its reason.
//!
//! Constants only; the receiver thread reads them.

use wire::limits;

/// Stored messages that are remembered: more than a mailbox can hold, and only those can come again.
pub const STORED: usize = 2 * limits::MAILBOX;
/// Names of our own whose messages are remembered on the disk, a file each, of at most 4 MB; the one that was used least
/// recently is forgotten first. A key has 16 names at most on a server.
pub const NAMES: usize = 32;
/// Messages in rooms that are remembered: those that somebody's client may send again are the last ones.
pub const OTHERS: usize = 1000;
/// Uncertain messages that are remembered: one for each kill at such a moment, mostly acknowledged long ago.
pub const UNCERTAIN: usize = 100;
/// Bytes of an id that are looked at; those of our servers and clients are half as long.
pub const ID_BYTES: usize = 100;
