//! The data folder: everything that is to survive the server is in it. Each wing that stores something has its own part.
//!
//! The main thread opens it before any other thread starts.
//!
//! - [`folder`]: the folder, and the lock that keeps other servers out of it
//! - [`clock`]: the time by which things in it expire

pub mod clock;
mod folder;

pub use folder::{DataFolder, DataOptions};
