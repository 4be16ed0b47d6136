//! Stored private messages: the server keeps a message on its disk until we acknowledge it.
//!
//! - [`limits`]: the limits
//! - [`dedup`]: which messages were shown already, in memory and on the disk
//! - [`wing`]: the hooks: it asks `dedup` about each message, and acknowledges late while messages are held back
//!
//! Any thread that shows a message runs the receipts, the receiver thread nearly all the rest, with the state locked; the
//! wing's own locks come after that.

mod dedup;
mod limits;
mod wing;

pub use wing::Mail;
