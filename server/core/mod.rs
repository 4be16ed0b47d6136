//! The core: one thread per client, one registry, one broadcaster. It is a chat with names, rooms, and private messages
//! to clients that are connected. It knows no wing.
//!
//! ```text
//! accept loop ──spawns──> client thread (one per client): read a line, check it, act on the registry
//!                                │ Event
//!                                v
//!                  one bounded mpsc channel (the "global buffer")
//!                                │
//!                                v
//!                  broadcaster thread: drain all that is queued, append each line to its
//!                  recipients' outboxes, then flush every dirty outbox once
//! ```
//!
//! In the order of a line's way through it:
//!
//! - [`listener`]: the accept loop starts a thread for each client
//! - [`session`]: that thread: `read`, then one line after the other; [`timer`] and [`flood`] set its pace
//! - [`commands`]: the table of verbs, which calls the functions in [`registration`], [`rooms`], [`names`], [`messages`]
//! - [`context`]: what these work with, their [`replies`], and the hooks of the wings; [`items`] helps with lists
//! - [`registry`]: the clients ([`client`]), their rooms ([`room`]), how many there may be ([`admission`]), under one lock;
//!   [`party`]: who answers for what a client uses
//! - [`extensions`]: what wings keep with a client or a room
//! - [`event`]: the entries of the global buffer; [`msgid`]: the ids of messages in them; [`rows`]: messages of several rows
//! - [`broadcaster`]: the thread that empties it; [`outbox`]: what waits for each client
//! - [`socket`]: a `read` that waits and a `write` that never does
//! - [`console`]: the thread that reads what the operator types; [`operator`]: the form of its commands
//! - [`server`]: what all threads share; [`options`]: the command line; [`log`]: its output; [`limits`]: every number

pub mod admission;
pub mod broadcaster;
pub mod client;
pub mod commands;
pub mod console;
pub mod context;
pub mod event;
pub mod extensions;
pub mod flood;
pub mod items;
pub mod limits;
pub mod listener;
pub mod log;
pub mod messages;
pub mod msgid;
pub mod names;
pub mod operator;
pub mod options;
pub mod outbox;
pub mod party;
pub mod registration;
pub mod registry;
pub mod replies;
pub mod room;
pub mod rooms;
pub mod rows;
pub mod server;
pub mod session;
pub mod socket;
pub mod timer;
