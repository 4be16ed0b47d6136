//! Limits of multicast rooms, each with its unit and reason. PROTOCOL.md cites those that a peer can notice.
//!
//! Constants only: no thread, no lock. Sizes of datagrams stand beside the format, in [`wire::datagram`].

use std::time::Duration;

// --- Memory -------------------------------------------------------------------------------------

/// Members of a room: each costs every other one an entry and a report in turn.
pub const MCAST_MEMBERS: usize = 256;
/// Peers that a member remembers, present or not, so that a replayed status does not pass for a new member. When there
/// are more, the one that was heard least recently is forgotten, but no present one.
pub const MCAST_REMEMBERED: usize = 16 * MCAST_MEMBERS;
/// Messages kept for retransmission, of our own and of all others: at most 5 MB each.
pub const MCAST_HISTORY: u32 = 4096;
/// Messages of all senders together that are buffered out of order: at most 5 MB.
pub const MCAST_OUT_OF_ORDER: usize = 4096;
/// Receive window: how far a message may be ahead of the next one of its sender.
pub const MCAST_WINDOW: u32 = 1024;
/// Peers known from third-party reports alone of which a member asks for messages: a liar can invent any number.
pub const MCAST_UNVERIFIED: usize = 16;

// --- Presence -----------------------------------------------------------------------------------

/// How many JOINs a new member sends, and how many LEAVEs one that cannot wait for acknowledgements: at a loss of 30 %
/// fewer than one time in a hundred all are lost.
pub const MCAST_JOINS: u32 = 4;
/// Interval of JOIN and LEAVE, and of the first heartbeat after a message. Each further interval is four times as long,
/// up to [`MCAST_HEARTBEAT`] for each [`MCAST_CROWD`] members.
pub const MCAST_HEARTBEAT_FIRST: Duration = Duration::from_millis(100);
/// See [`MCAST_HEARTBEAT_FIRST`].
pub const MCAST_HEARTBEAT: Duration = Duration::from_secs(2);
/// The heartbeat interval grows with each multiple of this many members, so that the traffic of a crowd stays bounded.
pub const MCAST_CROWD: u32 = 16;
/// Least gap between two statuses of a member, whatever the reason: bounds what a flood of strangers can provoke.
pub const MCAST_HEARTBEAT_GAP: Duration = Duration::from_millis(50);
/// After this many received messages a member sends a status early, so that flow control lets the senders go on.
pub const MCAST_REPORT_EVERY: u32 = 64;
/// A new member sends no message before this time: the others have to meet it first.
pub const MCAST_INTRODUCTION: Duration = Duration::from_millis(250);
/// A member that is silent for this many heartbeat intervals is unreachable: nobody waits for it.
pub const MCAST_UNREACHABLE: u32 = 3;
/// A silent member expires after this time, but not before [`MCAST_EXPIRY_HEARTBEATS`] intervals, which are long in a
/// crowd.
pub const MCAST_EXPIRY: Duration = Duration::from_mins(1);
/// Heartbeat intervals before a silent member expires: at a loss of 30 % that all are lost is rare.
pub const MCAST_EXPIRY_HEARTBEATS: u32 = 10;
/// A leaving member repeats its LEAVE for another one that leaves, too, until that was silent for this time: a few of
/// its LEAVEs, one each [`MCAST_HEARTBEAT_FIRST`], would have come.
pub const MCAST_FAREWELL: Duration = Duration::from_millis(400);
/// A leaving member stays at most this long to retransmit its messages.
pub const MCAST_LINGER: Duration = Duration::from_secs(10);

// --- Flow control -------------------------------------------------------------------------------

/// Interval between two messages of a member, new or retransmitted, after a burst: 1,000 a second.
pub const MCAST_PACE: Duration = Duration::from_millis(1);
/// Messages that may go at once before each waits for [`MCAST_PACE`].
pub const MCAST_BURST: u32 = 32;
/// Send window: how far a sender goes ahead of the slowest reachable member; half of the receive window leaves room for
/// reports that are late. Active senders share [`MCAST_OUT_OF_ORDER`]; their windows may be smaller.
pub const MCAST_SEND_WINDOW: u32 = MCAST_WINDOW / 2;
/// Interval between two messages beyond the send window: a slow or lying receiver slows a sender, but cannot stop it.
pub const MCAST_SLOW_PACE: Duration = Duration::from_millis(100);

// --- Repair -------------------------------------------------------------------------------------

/// Longest random pause before the first NACK: the first one suppresses the others.
pub const MCAST_NACK_DELAY: Duration = Duration::from_millis(20);
/// Pause before the NACK is repeated; it doubles, up to [`MCAST_NACK_RETRY_MAX`].
pub const MCAST_NACK_RETRY: Duration = Duration::from_millis(150);
/// See [`MCAST_NACK_RETRY`].
pub const MCAST_NACK_RETRY_MAX: Duration = Duration::from_secs(1);
/// NACKs for a message before it counts as lost: about half a minute. Those while a member is unreachable do not count.
pub const MCAST_NACK_TRIES: u32 = 30;
/// Messages that a member retransmits at most for one NACK: bounds what one datagram can provoke.
pub const MCAST_REPAIRS: usize = 256;
/// Longest random pause before the author of a message retransmits it.
pub const MCAST_REPAIR_DELAY_OWN: Duration = Duration::from_millis(5);
/// Longest random pause before any other member does: the author, if it is still there, is usually faster.
pub const MCAST_REPAIR_DELAY: Duration = Duration::from_millis(120);
/// A message is not retransmitted within this time after it was on the wire: it may still arrive.
pub const MCAST_REPAIR_HOLD_OFF: Duration = Duration::from_millis(50);

// --- The room's thread and socket ---------------------------------------------------------------

/// The longest wait of the room's thread before it runs the engine, while a message may wait to be sent.
pub const MCAST_NAP: Duration = Duration::from_millis(20);
/// How long that is, after the user has said something: by then every member that can be reached has it. Later the next
/// message goes at once, and wakes the room's thread, since the network gives it back to us.
pub const MCAST_ACTIVE: Duration = Duration::from_secs(10);
/// Messages of our own that may wait to be sent. A user who says more waits, in the end for the slowest member.
pub const MCAST_WAITING: usize = 256;
/// The longest wait of that user.
pub const MCAST_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that may wait in the kernel: a second of a busy room.
pub const MCAST_SOCKET_BUFFER: usize = 1024 * 1024;
