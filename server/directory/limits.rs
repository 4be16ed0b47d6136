//! The limits of the directory, each with its unit and its reason.

/// Multicast rooms in the directory: each has an entry in memory, and all are listed in one answer.
pub const DIRECTORY_ROOMS: usize = 1000;
/// The lowest port of a multicast room: those below need a privilege on most systems.
pub const DIRECTORY_PORT: u16 = 1024;
