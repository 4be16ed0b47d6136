//! The limits that both ends need, each with its unit and its reason. Those of one part alone are in a file
//! `limits.rs` of that part; PROTOCOL.md lists the limits that a client can notice.
//!
//! Constants only: no thread, no lock.

use std::time::Duration;

// --- One line -----------------------------------------------------------------------------------

/// Bytes of one message without its tags, CR LF included (RFC 1459, section 2.3).
pub const LINE: usize = 512;
/// Bytes of the tags that a client may send, `@` and the space after them included (`IRCv3` message-tags).
pub const CLIENT_TAGS: usize = 4096;
/// Bytes of the tags that a server may send: its own and the sender's (`IRCv3` message-tags).
pub const SERVER_TAGS: usize = 8191;

// --- Names and texts, in bytes ------------------------------------------------------------------

/// A nick. RFC 1459 had 9; 32 holds most full names.
pub const NICK: usize = 32;
/// The user name between `!` and `@`; longer ones are shortened.
pub const USER: usize = 16;
/// The host shown to others: an address of the server's own machine, or a pseudonym, which is longer.
pub const HOST: usize = 23;
/// A room's name, its `#` included (RFC 2812, section 1.3 has 50).
pub const ROOM: usize = 64;
/// A room's key; longer ones are refused, since a shortened key would be another key.
pub const KEY: usize = 32;
/// A topic; longer ones are shortened. With the longest names it still fits one line.
pub const TOPIC: usize = 300;
/// An away text; longer ones are shortened.
pub const AWAY: usize = 200;
/// A reason for KICK, PART or QUIT; longer ones are shortened.
pub const REASON: usize = 200;
/// A real name; longer ones are shortened. As much as a mask is compared with (`mask.rs`).
pub const REALNAME: usize = 127;
/// A server's name (`--name`), as long as the label of a host name may be (RFC 1035, section 2.3.4).
pub const SERVER_NAME: usize = 63;
/// A parameter that a reply repeats from the request; longer ones are shortened, so that the reply fits one line.
pub const REPEATED: usize = 128;
/// The name of a file; longer ones are shortened, their ending stays. Most file systems take 255.
pub const FILE_NAME: usize = 200;
/// A ban mask: longest nick, user and host, with `!` and `@`.
pub const MASK: usize = NICK + 1 + USER + 1 + HOST;
/// The longest source that a relayed line can start with: `:nick!user@host` and a space.
pub const SOURCE: usize = 1 + MASK + 1;

// --- What both ends hold ------------------------------------------------------------------------

/// First size of a line buffer, one line; it doubles while reads fill it, up to the longest line with tags.
pub const READ_BUFFER: usize = LINE;
/// Stored messages in one mailbox, those in flight included: a year of a busy friend. Further ones are refused.
pub const MAILBOX: usize = 10_000;
/// Files in the spool: each has an entry in memory.
pub const FILES: usize = 10_000;
/// Bytes that a transfer reads and writes at a time: the cost of a system call is then nothing.
pub const COPY_BUFFER: usize = 128 * 1024;
/// A data connection on which no byte moves for this time is ended; its transfer can be resumed.
pub const DATA_STALL: Duration = Duration::from_secs(30);
