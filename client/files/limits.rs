//! The limits of files on the client's side, each with its unit and its reason.
//!
//! Constants only, for every thread.

use std::time::Duration;

/// Transfers at once. A few fill any line already, and each is a thread and a connection to the server.
pub const AT_ONCE: usize = 4;
/// Files that may wait to be fetched by themselves; further ones are fetched after the next login.
pub const QUEUE: usize = 1000;

/// Bytes of one sender that come by themselves within [`DAY`]; /get fetches more. Enough for the photos of a trip.
pub const DAILY_EACH: u64 = 1 << 30;
/// The same of all senders together: a server can invent senders.
pub const DAILY: u64 = 8 << 30;
/// Bytes that a file counts at least: a disk can be full of tiny files, too.
pub const DAILY_LEAST: u64 = 64 * 1024;
/// Senders whose files come by themselves within [`DAY`], so that invented ones do not fill the memory.
pub const SENDERS: usize = 1000;
/// The time for which these count.
pub const DAY: Duration = Duration::from_hours(24);

/// How long the answer to an offer or a fetch may take before it is asked for again.
pub const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// Attempts in a row that may get nowhere although the server can be reached: about ten minutes.
pub const ATTEMPTS: usize = 24;
/// As good as for ever, in a form that any clock can count.
pub const EVER: Duration = Duration::from_hours(24 * 365);
/// How long a user who leaves waits for a lost connection: time for the server to start again.
pub const RECONNECT: Duration = Duration::from_mins(1);

/// The server writes up to [`wire::limits::MAX_FILE`] bytes to its disk before it says that it has them.
pub const VERDICT_TIMEOUT: Duration = Duration::from_mins(5);
/// Bytes that may lie in the buffers of the two systems, sent but not seen by the server.
pub const SHORT: u64 = 8 * 1024 * 1024;
/// How often a file of at most [`SHORT`] bytes is sent again although the server has refused it.
pub const REFUSALS: usize = 2;
/// After a write has failed, the server's reason is there already, or it does not come.
pub const REASON_TIMEOUT: Duration = Duration::from_secs(1);

/// Buffers of a download that may wait to be written to the disk.
pub const AHEAD: usize = 4;
/// How long a file's part waits for the server to hear that we have it all.
pub const GOT: Duration = Duration::from_secs(10);

/// The least time between two drawings of the progress line: smooth for the eye, nothing for the terminal.
pub const REDRAW: Duration = Duration::from_millis(200);
/// The least time between two plain lines about one file.
pub const PLAIN: Duration = Duration::from_secs(1);
/// The rate is measured over the last one or two of these: steady enough to read, and a stall shows.
pub const WINDOW: Duration = Duration::from_secs(2);
/// Columns of the progress line; one that wraps could not be redrawn, and 80 are common.
pub const COLUMNS: usize = 78;
/// Columns of a file's name in it.
pub const NAME_COLUMNS: usize = 24;
/// The same where several files share the line.
pub const SHORT_NAME_COLUMNS: usize = 14;
