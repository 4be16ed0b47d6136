//! The limits of names bound to keys, each with its unit and its reason.

use std::time::Duration;

/// Names that one key may have: somebody's few, and not everybody's.
pub const NAMES_PER_KEY: usize = 16;
/// Names that all keys may have together: each has an entry in memory, and a file.
pub const BOUND_NAMES: usize = 100_000;
/// Names that are looked at, at most, to find one that can be forgotten: the others are in use.
pub const FORGETTABLE: usize = 64;
/// New names that the clients of one network may bind in an hour: a class of thirty behind one router gets in on its
/// first day, with three names each, and whoever makes keys by the thousand needs six weeks for all names.
pub const NAMES_PER_HOUR: usize = 100;

/// How long a client that has a name may take to answer when another one with the same key asks for it: a living one
/// needs a round trip, and the owner of a dead one waits at a prompt.
pub const STILL_THERE: Duration = Duration::from_secs(2);
/// A wait that is longer than this is explained to the client that waits.
pub const EXPLAIN: Duration = Duration::from_millis(300);
/// How often that client is asked while the server itself keeps its answer waiting, for the disk or the flood control.
pub const QUESTIONS: usize = 3;
/// How long the thread of a client whose connection was ended may take to notice: it may be waiting for the disk.
pub const GONE: Duration = Duration::from_secs(5);
/// How often a name may go from one client to the next in a [`TAKEOVER_PERIOD`]: people move, programs that fight over a
/// name would do it for ever.
pub const TAKEOVERS: u32 = 5;
/// Minutes after which a client can be replaced as if it were the first.
pub const TAKEOVER_PERIOD: Duration = Duration::from_mins(5);
