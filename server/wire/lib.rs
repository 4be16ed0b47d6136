//! What both ends of the wire must agree on (message grammar, numerics, names, limits), and what both need besides.
//!
//! No thread of its own: whichever thread has the bytes calls these functions. Std only, but for the feature `tls`.
//! `server/PROTOCOL.md` says the same in prose.
//!
//! - [`address`]: addresses as people type them
//! - [`crc32`]: the checksum of files
//! - [`datagram`]: the datagrams of a multicast room
//! - [`directory_line`]: the lines about the directory of multicast rooms
//! - [`disk`]: where both keep things for their user
//! - [`fail`]: a refusal for which there is no numeric
//! - [`file_line`]: the lines of the verb FILE
//! - [`files`]: names and sizes of files
//! - [`fingerprint`]: by which a key is known again
//! - [`limits`]: every number, with its unit and its reason
//! - [`lines`]: bytes from a socket, cut into lines of bounded length
//! - [`mask`]: masks with `*` and `?`
//! - [`message`]: one line, taken apart and put together
//! - [`names`]: which nicks and rooms are valid, when two are the same
//! - [`numeric`]: the table of numeric replies
//! - [`os`]: what differs between operating systems
//! - [`room_cipher`]: the encryption of multicast datagrams, with the feature `tls`
//! - [`stream`]: a socket, in plain text or with TLS
//! - [`text`]: text made fit for a terminal, and for a line
//! - [`time`]: the `server-time` stamp
//! - [`tls`]: TLS, and keys for it, with the feature `tls`
//! - [`ack_queue`]: what was sent and not acknowledged yet

pub mod ack_queue;
pub mod address;
pub mod crc32;
pub mod datagram;
pub mod directory_line;
pub mod disk;
pub mod fail;
pub mod file_line;
pub mod files;
pub mod fingerprint;
pub mod limits;
pub mod lines;
pub mod mask;
pub mod message;
pub mod names;
pub mod numeric;
pub mod os;
#[cfg(feature = "tls")]
pub mod room_cipher;
pub mod stream;
pub mod text;
pub mod time;
#[cfg(feature = "tls")]
pub mod tls;
