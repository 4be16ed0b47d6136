//! The limits of the page's server, each with its unit and its reason.
//!
//! Constants only: no thread, no lock.

use std::time::Duration;

// --- Connections --------------------------------------------------------------------------------

/// Connections with the token at once, each with a thread. A browser opens six to one host, so this is for several browsers.
pub const CONNECTIONS: usize = 32;
/// Connections without it: what all windows of a browser may open at once.
pub const STRANGERS: usize = 32;
/// Pages that follow the events at once, so that one of a browser's six connections is left for what they ask.
pub const STREAMS: usize = 5;
/// How long a connection may be silent between two requests.
pub const IDLE: Duration = Duration::from_secs(60);
/// How long the head of a request may take from its first byte on, and then a short body.
pub const REQUEST: Duration = Duration::from_secs(10);
/// How long a file that is being sent may stand still.
pub const STALL: Duration = Duration::from_secs(30);
/// How long a page may take no byte of an answer; then it is cut off, and comes again.
pub const WRITE: Duration = Duration::from_secs(10);
/// After this silence a stream says that it is still there, so that a page that went away is noticed.
pub const BEAT: Duration = Duration::from_secs(20);
/// How long the end of the client waits until the pages know why.
pub const FLUSH: Duration = Duration::from_secs(2);
/// How long what a refused client still sends is read and dropped, so that it can read why.
pub const LINGER: Duration = Duration::from_secs(1);
/// Bytes of that.
pub const LINGER_BYTES: usize = 1024 * 1024;

/// Ports that are tried where any will do.
pub const PORTS: usize = 10;

// --- Requests -----------------------------------------------------------------------------------

/// Bytes of a request without its body: browsers send less than a tenth.
pub const HEAD: usize = 16 * 1024;
/// Header fields of a request: browsers send about 15.
pub const FIELDS: usize = 64;
/// Bytes of a request that is no file: a text of 16 KiB as JSON, in which each byte may take six.
pub const BODY: usize = 100 * 1024;
/// Bytes of one text: about 40 messages, fewer than may be unconfirmed at once.
pub const TEXT: usize = 16 * 1024;
/// Bytes of a file: as the largest that a server takes unless it is told otherwise.
pub const FILE: u64 = 1024 * 1024 * 1024;
/// Bytes of an answer to a question: no name is longer, and what is wrong with one can be said.
pub const QUESTION_ANSWER: usize = 512;
/// How long a line of a page waits for one that is being carried out: longer than a server that is there needs.
pub const TURN: Duration = Duration::from_secs(5);

// --- What is kept -------------------------------------------------------------------------------

/// Numbered events that a page can still get after it has lost its connection. Beyond, it gets a new snapshot.
pub const EVENTS: usize = 2000;
/// The same in bytes.
pub const EVENT_BYTES: usize = 4 * 1024 * 1024;
/// Events of no conversation, such as answers to commands, that a new page is shown.
pub const NOTES: usize = 100;
/// Files that have come, and can be had through the page.
pub const RECEIVED: usize = 1000;
