//! Stored private messages: the server keeps a message on its disk until we acknowledge it.
//!
//! - [`dedup`]: which messages were shown already, in memory and on the disk
//! - [`wing`]: the hooks: it asks `dedup` about each message, and acknowledges late while messages are held back
//!
//! The receiver thread runs all of it, with the state locked; the wing's own locks come after that.

mod dedup;
mod wing;

pub use wing::Mail;
