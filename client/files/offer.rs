//! A file that the server told us about, and whether it comes by itself.
//!
//! Plain values: no thread, no lock.

use wire::file_line::FileState;
use wire::names;

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

impl Offer {
    /// The conversation that it belongs to, where it was sent to us.
    pub fn conversation(&self) -> &str {
        if names::is_room(&self.target) { &self.target } else { &self.sender }
    }
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
