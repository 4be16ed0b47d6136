//! The limits of the client's core, each with its unit and its reason. Those that both ends share are in
//! `wire::limits`.
//!
//! Constants only: no thread, no lock.

use std::time::Duration;

// --- Input and memory ---------------------------------------------------------------------------

/// Bytes of one line of input; a longer one is cut into several.
pub const INPUT_LINE: u64 = 64 * 1024;
/// Lines that may be unconfirmed at once; from then on the main thread waits (backpressure). This many fit into a
/// socket's send buffer, so that writing them never waits for the server.
pub const MOST_UNCONFIRMED: usize = 64;
/// Rows of one message of ours: what our server takes. Another one may take more, but a longer text is no message any more.
pub const MESSAGE_ROWS: usize = 100;
/// Bytes of such a message, with a byte for each line break: what our server takes. So [`MOST_UNCONFIRMED`] lines still fit
/// into a socket's send buffer.
pub const MESSAGE_BYTES: usize = 8192;
/// Bytes of a message whose rows are coming in; a longer one is shown in parts.
pub const BATCH_BYTES: usize = 64 * 1024;
/// Such messages at once. Servers send one after the other.
pub const OPEN_BATCHES: usize = 8;
/// Events held back during a sleep. When there are more, the sleep ends early.
pub const HELD: usize = 10_000;
/// The same in bytes: long messages are fewer.
pub const HELD_BYTES: usize = 8 * 1024 * 1024;
/// Events that a conversation keeps: a few screens to scroll back.
pub const SCROLLBACK: usize = 500;
/// Bytes that all conversations keep of that; the one that has most forgets first.
pub const SCROLLBACK_BYTES: usize = 16 * 1024 * 1024;
/// Conversations with people that are kept, so that strangers cannot fill the memory; the one who has been silent for
/// longest is forgotten first, but nobody to whom the user talks as long as there are others.
pub const PEOPLE: usize = 100;
/// Rooms that we can be in: more than any server lets us enter. A server may also put us into rooms unasked.
pub const ROOMS: usize = 250;
/// Members that are known of all rooms together: ten times those of the largest room on a server of ours, about 10 MB.
pub const MEMBERS: usize = 100_000;
/// Members of a room in which we ask who is away: the answer has a line for each. In a larger one we learn it of those who
/// go away from then on.
pub const MOST_ASKED: usize = 2000;
/// Bytes of a name that is remembered: twice as many as on our server, since others allow more.
pub const NAME: usize = 64;
/// Refused lines of a script that are named at its end; further ones are counted.
pub const REFUSED_LINES: usize = 20;
/// Bytes by which such a line is named: enough to find it, and no message to the console.
pub const SHOWN_LINE: usize = 60;
/// Rows of one answer that are kept: as many as our server ever sends.
pub const ROWS: usize = 10_000;
/// Bytes of these rows, with what it costs to keep them: twice those of the longest list of files.
pub const ROWS_BYTES: usize = 8 * 1024 * 1024;
/// Requests that a server has not answered; the oldest is forgotten first.
pub const REQUESTS: usize = 100;
/// Bytes of a tag that are kept: ids and times of servers are half as long.
pub const TAG: usize = 100;
/// Names kept of one person on the blacklist: somebody who changes name all day cannot fill the disk.
pub const NAMES_EACH: usize = 100;
/// Servers on which the last name is remembered; the oldest is forgotten first.
pub const LAST_NAMES: usize = 100;
/// Rooms, each with a person, in which somebody has not come back yet whose connection was replaced.
pub const RETURNING: usize = 100;
/// How long we do not say of such a person who comes back that somebody has joined: a client needs a moment.
pub const RETURN: Duration = Duration::from_mins(1);
/// People who are named when we enter their room; of more there is only a count.
pub const NAMED: usize = 10;
/// Columns that fit one row of every terminal: for so short a line nobody asks how wide it is.
pub const ALWAYS_FITS: usize = 30;
/// How long the width of the terminal counts as known: asking again takes a few milliseconds.
pub const WIDTH: Duration = Duration::from_secs(1);
/// Columns that fit one row of any usual terminal.
pub const NARROW: usize = 78;

// --- Connecting ---------------------------------------------------------------------------------

/// How long one address may take to accept a connection.
pub const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may take to welcome us.
pub const REGISTER: Duration = Duration::from_secs(30);
/// How long a user may think about a name on one connection; then there is a new one, since servers wait about 30 s.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds before each new attempt at something that has failed; the last one repeats.
pub const BACK_OFF: [u64; 6] = [1, 2, 4, 8, 16, 30];
/// After a connection that lasted this long, the pauses start from the beginning.
pub const STABLE: Duration = Duration::from_secs(30);
/// How often our name may be refused because the server still thinks that the lost connection is alive: with the
/// pauses about three minutes, which is more than a server takes to notice.
pub const GHOST: u32 = 10;
/// How often it may be refused because another client with our key has it: the server asks that one, which is perhaps a
/// lost connection of ours of which lines are still being carried out.
pub const RIVALS: u32 = 2;

// --- On a connection ----------------------------------------------------------------------------

/// How long the server may take no byte of what we write before the connection counts as lost.
pub const WRITE: Duration = Duration::from_secs(10);
/// Silence after which the server is asked whether it is still there.
pub const SILENCE: Duration = Duration::from_mins(3);
/// How long the server may take to answer that.
pub const GRACE: Duration = Duration::from_mins(1);

// --- Waiting ------------------------------------------------------------------------------------

/// A wait that is longer than this is explained to the user.
pub const NOTICEABLE: Duration = Duration::from_secs(1);
/// How long the next line of input waits for the answer to a command that changes what the line means: another room,
/// another name.
pub const REPLY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a user who leaves waits for lines that are not confirmed yet.
pub const UNCONFIRMED: Duration = Duration::from_secs(10);
/// The same at the end of a script, which nobody watches: time for the server to start again.
pub const UNCONFIRMED_SCRIPT: Duration = Duration::from_mins(1);
/// How long the server may take to close the connection after QUIT.
pub const CLOSING: Duration = Duration::from_secs(2);
/// How long Ctrl-C may take.
pub const AT_ONCE: Duration = Duration::from_secs(1);
/// What comes so soon behind a line, or behind a Ctrl-D within one, belongs to it: no person has typed it since. Some
/// programs split long lines for a terminal by Ctrl-D.
pub const TOGETHER: Duration = Duration::from_millis(100);
/// How long what is typed behind the end is read and dropped: a page is pasted in far less.
pub const DRAIN: Duration = Duration::from_secs(5);
