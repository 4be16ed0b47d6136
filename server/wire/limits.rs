//! Every limit of the system, with its unit and its reason; PROTOCOL.md cites these names.
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
/// A real name; longer ones are shortened.
pub const REALNAME: usize = 128;
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

// --- How many -----------------------------------------------------------------------------------

/// Targets of one PRIVMSG, NOTICE or TAGMSG: more would make one line a flood.
pub const TARGETS: usize = 16;
/// Rooms that one client may be in: bounds the number of rooms, since an empty room ends.
pub const ROOMS_PER_CLIENT: usize = 100;
/// Entries of one room's ban list: each is matched at every join.
pub const BANS: usize = 64;
/// Open invitations of one room; the oldest is forgotten first.
pub const INVITES: usize = 256;
/// Names that one key may have: somebody's few, and not everybody's.
pub const NAMES_PER_KEY: usize = 16;
/// Clients at once, unless `--max-clients` says otherwise: a thread each, so about as many as a small machine likes.
pub const MAX_CLIENTS: usize = 10_000;
/// Connections from one address, unless `--max-per-ip` says otherwise: a class behind one router fits.
pub const MAX_PER_IP: usize = 100;

// --- Queues -------------------------------------------------------------------------------------

/// Events in the global buffer: enough to batch under load, little enough to push back soon.
pub const GLOBAL_BUFFER: usize = 1024;
/// Bytes of replies in one event: the global buffer thereby holds at most 16 MiB of them.
pub const REPLY_CHUNK: usize = 16 * 1024;
/// Bytes waiting for one client before it is cut off: twice the longest answer.
pub const OUTBOX: usize = 2 * ANSWER;
/// Bytes of one answer, after which LIST, WHO, WHOIS and NAMES stop: an answer comes at the speed of
/// memory, and what its reader has not taken yet must fit the outbox.
pub const ANSWER: usize = 1024 * 1024;
/// Bytes that the broadcaster appends to all outboxes together before it writes them: a batch of
/// long lines to a large room would otherwise need gigabytes.
pub const BATCH: usize = 32 * 1024 * 1024;
/// Bytes of buffer that an outbox keeps between two batches; what is larger goes back at once.
pub const OUTBOX_KEEP: usize = 64 * 1024;
/// Lines of server log waiting for a terminal that does not take them; further ones are counted, not kept.
pub const LOG_LINES: usize = 4096;

// --- Private messages -----------------------------------------------------------------------------

/// Names that the server remembers. When there are so many, one without mail is forgotten for each new one.
pub const KNOWN_NAMES: usize = 100_000;
/// Letters in one mailbox, those not yet confirmed among them: a year of a busy friend. Further ones are refused.
pub const MAILBOX: usize = 10_000;
/// Letters in all mailboxes: at most about 8 GB of disk, two blocks for each of the longest. Who is here gets letters also when there are so many.
pub const MAIL: usize = 1_000_000;
/// Bytes of waiting mail that are handed over before the client has to confirm some: they must fit its outbox.
pub const MAIL_BATCH: usize = ANSWER;

// --- Files --------------------------------------------------------------------------------------

/// Bytes of one file, unless `--max-file` says otherwise: a film or a disk image.
pub const MAX_FILE: u64 = 8 * 1024 * 1024 * 1024;
/// Bytes of all files in the spool, unless `--spool-quota` says otherwise; an offer counts with all that it announces.
pub const SPOOL_QUOTA: u64 = 32 * 1024 * 1024 * 1024;
/// Days that a file is kept, unless `--file-days` says otherwise.
pub const FILE_DAYS: u32 = 7;
/// Files in the spool, and of them those of one sender: each has an entry in memory.
pub const FILES: usize = 10_000;
/// See [`FILES`].
pub const FILES_PER_SENDER: usize = 100;
/// The part of the spool that the files of one sender may take together, `1/SPOOL_SHARE`: nobody shall fill it
/// alone. A sender's only file may be larger.
pub const SPOOL_SHARE: u64 = 4;
/// People whom the files in the spool are for, together: each has an entry in memory.
pub const FILE_RECIPIENTS: usize = 1_000_000;
/// Files that are sent and fetched at once, by everybody together: a thread each. They do not count
/// as clients; of one address there are as many as it may have clients.
pub const TRANSFERS: usize = 1000;
/// Random bytes of the token that opens a data connection: beyond guessing.
pub const TOKEN: usize = 16;
/// How long a token is good for; a client connects at once.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// Bytes that a transfer reads and writes at a time: the cost of a system call is then nothing.
pub const COPY_BUFFER: usize = 128 * 1024;
/// A data connection on which no byte moves for so long is given up; its transfer can be resumed.
pub const DATA_STALL: Duration = Duration::from_secs(30);
/// Bytes that an upload moves in each [`DATA_MINUTE`] at least, about 1 KiB a second; a slower one is given up like one that stalls.
pub const DATA_SLOW: u64 = 64 * 1024;
/// See [`DATA_SLOW`].
pub const DATA_MINUTE: Duration = Duration::from_mins(1);
/// An upload that rests for so long gives its place in the spool up, when another one needs it.
pub const UPLOAD_REST: Duration = Duration::from_mins(10);

// --- Multicast rooms ----------------------------------------------------------------------------

/// Multicast rooms in the directory: each has an entry in memory, and all are listed in one answer.
pub const PLACES: usize = 1000;
/// The lowest port of a multicast room: those below need a privilege on most systems.
pub const PLACE_PORT: u16 = 1024;

// --- Times --------------------------------------------------------------------------------------

/// From connecting to the end of registration, unless `--register-within` says otherwise.
pub const REGISTRATION: Duration = Duration::from_secs(30);
/// Silence after which a client is asked with PING, unless `--ping-interval` says otherwise; the
/// answer may take as long again.
pub const PING_INTERVAL: Duration = Duration::from_secs(90);
/// A client that takes no byte of a waiting outbox for so long is cut off.
pub const OUTBOX_STALL: Duration = Duration::from_secs(30);
/// What waits for a client that has left may take so long to be written, however it reads: it counts
/// as a client no more.
pub const OUTBOX_LEFT: Duration = Duration::from_secs(5);
/// How often the broadcaster tries again to write to clients whose socket was full.
pub const OUTBOX_RETRY: Duration = Duration::from_millis(20);
/// How often outboxes give the memory back that they do not need just then.
pub const OUTBOX_WARM: Duration = Duration::from_millis(500);
/// Part of the time that writing a batch took for which the broadcaster waits before the next one.
/// A line waits by so much longer, and is written by so many fewer system calls.
pub const GATHER_SHARE: u32 = 8;
/// Shortest such pause: less is shorter than the kernel's own timer slack, and not worth a sleep.
pub const GATHER_LEAST: Duration = Duration::from_micros(30);
/// Longest such pause.
pub const GATHER_MOST: Duration = Duration::from_millis(1);
/// Pause of a reader whose socket is being written at this instant (see `Socket::read`).
pub const READ_NAP: Duration = Duration::from_micros(50);
/// A connection that the server closes is read for so long, so that its last line is not lost in a reset.
pub const LINGER: Duration = Duration::from_secs(1);
/// Pause of the log after what it has written, so that many lines are one write.
pub const LOG_PAUSE: Duration = Duration::from_millis(10);
/// What shutting down may take to get the last line to everyone.
pub const SHUTDOWN_FLUSH: Duration = Duration::from_secs(2);
/// Between the last line to everyone and the end of the connections, so that the line arrives first.
pub const SHUTDOWN_PAUSE: Duration = Duration::from_millis(100);
/// Pause of the accept loop when the system has no descriptor or thread left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// --- Flood control ------------------------------------------------------------------------------

/// Lines a second that a client may go on sending, unless `--flood` says otherwise.
pub const FLOOD_RATE: u32 = 10;
/// Lines that a client may send at once: a pasted page of 100, twice.
pub const FLOOD_BURST: u32 = 200;

// --- Memory -------------------------------------------------------------------------------------

/// Stack of one client's thread, reserved, not used: only the pages touched count (about three).
pub const CLIENT_STACK: usize = 256 * 1024;
/// First size of a line buffer, one line; it doubles while reads fill it, up to the longest line with tags.
pub const READ_BUFFER: usize = LINE;

#[cfg(test)]
mod tests;
