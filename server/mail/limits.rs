//! The limits of stored private messages, each with its unit and its reason.

use std::time::Duration;

use crate::core::limits::ANSWER;

/// Bytes in which the disk is counted: most file systems give a file whole blocks of this size.
pub const BLOCK: usize = 4096;
/// Bytes of all mailboxes, in whole blocks: a small machine has them, and a quarter of a million messages fit.
pub const MAIL_BYTES: usize = 1024 * 1024 * 1024;
/// Bytes of messages beyond [`MAIL_BYTES`] for connected clients that acknowledge what they get: `PASSING_EACH` for
/// each of a thousand.
pub const PASSING_BYTES: usize = 64 * 1024 * 1024;
/// Blocks that such a client may have in its mailbox for that: what it acknowledges within a moment.
pub const PASSING_EACH: usize = 16;
/// Days that a message waits, unless `--mail-days` says otherwise: a long holiday, or a term.
pub const MAIL_DAYS: u32 = 90;
/// Expired messages that are removed in one round of housekeeping: about a second's work. The next round goes on.
pub const EXPIRED_AT_ONCE: usize = 10_000;
/// Lines about mailboxes in which messages have expired, in one round of housekeeping; the rest is one line.
pub const EXPIRED_LINES: usize = 20;
/// Names without mail that nobody uses and the server remembers. Beyond it, the one that was not used for the longest
/// time is forgotten.
pub const KNOWN_NAMES: usize = 100_000;
/// The file of the known names keeps the order in which they were last used. It is written anew only after this many
/// uses, and one for each four names, so that this costs little. After a crash the order of the last writing counts.
pub const NAME_CHANGES: usize = 100;
/// New names that one party brings in an hour: ten for each connection that one address may have.
/// Further ones are known only while they are used or have mail. To push out all others it takes four days.
pub const NEW_NAMES: usize = 1000;
/// Folders on the disk for names without mail, of three blocks each, that are left alone: they are mostly used again.
pub const EMPTY_FOLDERS: usize = 1000;
/// Mailboxes that are looked at, or messages that expire, while the index is locked: less than a millisecond.
pub const WALK: usize = 500;
/// Bytes of stored messages that are delivered before the client has to acknowledge some: they must fit its outbox.
pub const MAIL_BATCH: usize = ANSWER;
/// Stored messages that are read from the disk at once, between two looks at the registry.
pub const READ_AHEAD: usize = 64;
/// From a message to the `PING` behind it, so that one is for many and none comes between a command and its answer.
pub const ACK_PAUSE: Duration = Duration::from_millis(300);
/// Messages in flight for which that does not wait: well below half a mailbox, which is what one sender may fill.
pub const ACK_AT_ONCE: usize = 1000;
