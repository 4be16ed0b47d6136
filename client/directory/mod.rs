//! The directory of multicast rooms: the server knows where their members meet, and no more.
//!
//! From the bottom up; a file uses only files above it in this list.
//!
//! - [`listing`]: a room of the directory, and what happens there, in words
//! - [`wing`]: the hooks: the server's lines, on the receiver thread; `/getdir`, `/makeroom`, `/deleteroom`
//! - [`prompt`]: the prompt that `--directory` opens, on the main thread

pub mod listing;
pub mod prompt;
mod wing;

pub use wing::Directory;
