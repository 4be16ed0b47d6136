//! The limits of stored private messages, each with its unit and its reason.

use crate::core::limits::ANSWER;

/// Names that the server remembers. Beyond it, a name without mail is forgotten for each new one.
pub const KNOWN_NAMES: usize = 100_000;
/// Stored messages in all mailboxes: at most about 8 GB of disk, two blocks for each of the longest. A client that is
/// connected gets messages beyond it.
pub const MAIL: usize = 1_000_000;
/// Bytes of stored messages that are delivered before the client has to acknowledge some: they must fit its outbox.
pub const MAIL_BATCH: usize = ANSWER;
/// Stored messages that are read from the disk at once, between two looks at the registry.
pub const READ_AHEAD: usize = 64;
