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
/// That hour.
pub const HOUR: Duration = Duration::from_hours(1);
