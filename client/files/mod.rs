//! Files: sending and fetching them, each over a connection of its own, so that the chat never waits.
//!
//! From the bottom up; a file uses only files above it in this list.
//!
//! - [`limits`]: the limits
//! - [`part`]: a file that is coming, on the disk
//! - [`pending_uploads`]: uploads with which the next run of the client goes on
//! - [`offer`], [`allowance`]: files that we know of, and how many bytes come by themselves
//! - [`progress`], [`transfers`]: the table of transfers, how far each is, and how one can fail
//! - [`event`]: what happens to files, in words
//! - [`source`]: a file that is being sent, on the disk
//! - [`shared`]: the command line, and the table under its lock, which comes after the state's
//! - [`status`]: the line that shows how far everything is
//! - [`task`], [`upload`], [`download`]: one transfer, in a short-lived thread of its own
//! - [`scheduler`]: starts these threads, and says how each transfer ended
//! - [`notifications`]: the server's lines about files, on the receiver thread
//! - [`words`]: the arguments of `/file`
//! - [`commands`]: `/file`, `/files`, `/get`, `/cancel`, `/decline`, on the main thread
//! - [`wing`]: the hooks

mod allowance;
mod commands;
mod download;
mod event;
mod limits;
mod notifications;
mod offer;
mod part;
mod pending_uploads;
mod progress;
mod scheduler;
mod shared;
mod source;
mod status;
mod task;
mod transfers;
mod upload;
mod wing;
mod words;

pub use event::FileEvent;
pub use offer::{Comes, Offer};
pub use shared::{FileOptions, Files};
pub use transfers::UnderWay;
