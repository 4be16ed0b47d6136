//! The limits of names bound to keys, each with its unit and its reason.

/// Names that one key may have: somebody's few, and not everybody's.
pub const NAMES_PER_KEY: usize = 16;
/// Names that all keys may have together: each has an entry in memory, and a file.
pub const BOUND_NAMES: usize = 100_000;
