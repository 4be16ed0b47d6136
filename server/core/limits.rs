//! The core's limits, each with its unit and its reason. Those of names and lines, which both ends need, are in
//! `wire::limits`; PROTOCOL.md lists the limits that a client can notice.
//!
//! Constants only: no thread, no lock.

use std::time::Duration;

use wire::limits::{CLIENT_TAGS, LINE};

// --- How many -----------------------------------------------------------------------------------

/// Targets of one PRIVMSG, NOTICE or TAGMSG, names in one NAMES: more would make one line a flood.
pub const TARGETS: usize = 16;
/// Rooms that one client may be in: bounds the number of rooms, since an empty room ends.
pub const ROOMS_PER_CLIENT: usize = 100;
/// Clients at once, unless `--max-clients` says otherwise: a thread each, so about as many as a small machine likes.
pub const MAX_CLIENTS: usize = 10_000;
/// Connections from one address, unless `--max-per-ip` says otherwise: a class behind one router fits.
pub const MAX_PER_IP: usize = 100;
/// Descriptors that are kept for files at least: the few messages that are written to the disk at the same moment.
pub const LEAST_RESERVE: usize = 12;
/// Descriptors that are kept for files at most: a quarter of them for the files of a thousand transfers.
pub const MOST_RESERVE: usize = 4000;

// --- Queues -------------------------------------------------------------------------------------

/// Events in the global buffer: enough to batch under load, few enough to push back soon.
pub const GLOBAL_BUFFER: usize = 1024;
/// Bytes of replies in one event: the global buffer thereby holds at most 16 MiB of them. An answer costs its client a token
/// for each.
pub const REPLY_CHUNK: usize = 16 * 1024;
/// Bytes of one answer, after which NAMES and the lists of wings stop: an answer comes at the speed of memory, and the
/// part of it that its reader has not taken yet must fit the outbox.
pub const ANSWER: usize = 1024 * 1024;
/// Bytes waiting for one client before it is disconnected: twice the longest answer.
pub const OUTBOX: usize = 2 * ANSWER;
/// Bytes that the broadcaster appends to all outboxes together before it flushes them: a batch of long lines to a large
/// room would otherwise need gigabytes.
pub const BATCH: usize = 32 * 1024 * 1024;
/// Bytes of memory that an outbox keeps between two batches; a larger buffer is freed at once.
pub const OUTBOX_KEEP: usize = 64 * 1024;
/// Lines of log waiting for a terminal that does not take them; further ones are counted, not kept.
pub const LOG_LINES: usize = 4096;

/// Lines about messages, and about what else clients do, that the console shows in a minute; further ones are counted. A
/// class of 30 in a lively talk needs half as many, and a flood of both that never ends fills 72 MB in an hour.
pub const LINES_A_MINUTE: usize = 6000;
/// Keys of which the console remembers that it has shown them whole: 256 KiB.
pub const KEYS_MENTIONED: usize = 4096;
/// Bytes of a line that the operator types: more than a terminal gives out at once (4,095 on Linux).
pub const CONSOLE_LINE: u64 = 8192;
/// Rows of a list on the console: what a window scrolls back; the others are counted.
pub const CONSOLE_ROWS: usize = 100;
/// Rooms that a row of such a list names: what fits a line of a terminal.
pub const ROOMS_SHOWN: usize = 3;

// --- Times --------------------------------------------------------------------------------------

/// From connecting to the end of registration, unless `--register-within` says otherwise.
pub const REGISTRATION: Duration = Duration::from_secs(30);
/// Silence after which a client is asked with PING, unless `--ping-interval` says otherwise. The answer may take as long
/// again.
pub const PING_INTERVAL: Duration = Duration::from_secs(90);
/// A client whose full socket takes no byte for this time is disconnected.
pub const OUTBOX_STALL: Duration = Duration::from_secs(30);
/// How long bytes for a client that has left may take to be written, however it reads: it no longer counts as a client.
pub const OUTBOX_LEFT: Duration = Duration::from_secs(5);
/// How often the broadcaster tries again to write to full sockets.
pub const OUTBOX_RETRY: Duration = Duration::from_millis(20);
/// How long outboxes keep memory that they do not need: longer than the pauses of a lively chat.
pub const OUTBOX_RETAINED: Duration = Duration::from_millis(500);
/// The broadcaster pauses before a batch for this part of the time that the last one took. A line waits that much
/// longer, and takes that many fewer system calls.
pub const COALESCE_SHARE: u32 = 8;
/// Shortest such pause: less is shorter than the kernel's own timer slack, and not worth a sleep.
pub const COALESCE_LEAST: Duration = Duration::from_micros(30);
/// Longest such pause: nobody notices it.
pub const COALESCE_MOST: Duration = Duration::from_millis(1);
/// Pause of a reader whose socket is being written at this instant (see `Socket::read`).
pub const READ_NAP: Duration = Duration::from_micros(50);
/// How long a client that leaves may take to answer what it was asked before it is taken out.
pub const LAST_ANSWER: Duration = Duration::from_secs(1);
/// After the server has closed a connection it still reads for this time, so that a reset does not destroy its last line.
pub const LINGER: Duration = Duration::from_secs(1);
/// Pause of that after each read, so that a client that goes on sending does not keep the server busy.
pub const LINGER_NAP: Duration = Duration::from_millis(1);
/// Pause of the log after a write, so that many lines are one write.
pub const LOG_PAUSE: Duration = Duration::from_millis(10);
/// How often a server in the background looks whether its console may read the terminal again.
pub const CONSOLE_PAUSE: Duration = Duration::from_secs(1);
/// Between two rounds of housekeeping: what expires does so after days.
pub const HOUSEKEEPING: Duration = Duration::from_mins(5);
/// How long a shutdown may take to get the last line to everyone.
pub const SHUTDOWN_FLUSH: Duration = Duration::from_secs(2);
/// Between the last line to everyone and the end of the connections, so that the line arrives first.
pub const SHUTDOWN_PAUSE: Duration = Duration::from_millis(100);
/// Pause of the accept loop when the system has no descriptor or thread left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// --- Flood control ------------------------------------------------------------------------------

/// Lines per second that a client may go on sending, unless `--flood` says otherwise.
pub const FLOOD_RATE: u32 = 10;
/// Lines that a client may send at once: a pasted page of 100, twice.
pub const FLOOD_BURST: u32 = 200;

/// Bytes that a token pays for: the longest line with its tags. Empty lines and endless ones cost as much.
pub const BYTES_PER_TOKEN: usize = LINE + CLIENT_TAGS;
/// Bytes that a read counts as at least: a byte that comes alone costs the server a system call.
pub const LEAST_READ: usize = 64;
/// Bytes that the broadcaster copies for all recipients of a line for a token: about 40 microseconds of work.
pub const COPIED_PER_TOKEN: usize = 64 * 1024;
/// Bytes to copy that may be in the global buffer before senders wait for the broadcaster: two batches.
pub const QUEUED: usize = 2 * BATCH;
/// Entries of the registry that a long command may look at for a token: about half a millisecond of work.
pub const WORK_PER_TOKEN: usize = 1024;
/// Entries of the registry that a long command looks at before it lets go of the lock: some ten microseconds.
pub const PIECE: usize = 128;
/// What it counts as to enter a room, to leave it, or to remove somebody from it.
pub const ROOM_WORK: usize = 16;
/// Rooms for which a change of names costs a token more: their members are told, each once.
pub const ROOMS_PER_RENAME: usize = 16;
/// How often a throttled client's thread looks whether the client is still there.
pub const THROTTLE_LOOK: Duration = Duration::from_secs(1);

// --- Memory -------------------------------------------------------------------------------------

/// Stack of one client's thread, reserved, not used: only the pages touched count (about three).
pub const CLIENT_STACK: usize = 256 * 1024;
