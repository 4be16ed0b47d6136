//! What both ends of the wire must agree on: the message grammar, the numerics, the names, the limits; and what both need besides.
//!
//! Std only, no thread and no lock of its own: every function here is called by whichever thread
//! has the bytes. `server/PROTOCOL.md` says the same in prose.
//!
//! - [`crc32`]: the checksum of files
//! - [`disk`]: where both keep things for their user
//! - [`files`]: names and sizes of files
//! - [`limits`]: every number, with its unit and its reason
//! - [`lines`]: bytes from a socket, cut into lines of bounded length
//! - [`message`]: one line, taken apart and put together
//! - [`names`]: which nicks and rooms are valid, when two are the same, masks
//! - [`numeric`]: the table of numeric replies
//! - [`text`]: text made fit for a terminal, and for a line
//! - [`time`]: the `server-time` stamp
//! - [`unconfirmed`]: what was sent and not confirmed yet

pub mod crc32;
pub mod disk;
pub mod files;
pub mod limits;
pub mod lines;
pub mod message;
pub mod names;
pub mod numeric;
pub mod text;
pub mod time;
pub mod unconfirmed;
