//! A file that the server told us about, and whether it comes by itself.
//!
//! Plain values: no thread, no lock.

use wire::file_line::FileState;

/// A file that the server told us about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: u64,
    pub sender: String,
    pub target: String,
    pub size: u64,
    pub crc: u32,
    pub state: FileState,
    pub name: String,
}

/// Whether a file comes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    ByItself,
    /// It is too large for that.
    WhenAskedFor,
    /// Too much has come today.
    NotToday,
}
