//! The core of the client: a chat by two threads over one connection. It knows no wing.
//!
//! From the bottom up; a file uses only files above it in this list.
//!
//! - [`limits`]: every limit, with its reason
//! - [`settings`]: the user's private folder; [`blacklist`]: people of whom the user wants to see nothing;
//!   [`last_name`]: the name to offer
//! - [`rows`]: texts of several rows, as messages and as lines; [`batches`]: such messages as they come in
//! - [`event`]: what happened; [`mention`]: where a text names somebody
//! - [`modes`]: changes of modes, and in words
//! - [`conversation`], [`presence`], [`model`]: who is where, or away, and what was said, our name, where the user talks
//! - [`numerics`], [`sentence`]: events as sentences; [`question`]: questions to the user
//! - [`view`], [`wrap`], [`terminal`]: showing them
//! - [`dialer`], [`connection`]: from an address to a connection on which we are registered
//! - [`script`]: the lines of the input, and why they were refused
//! - [`pending`], [`state`], [`client`]: what the threads share, under one lock, and the hooks for wings
//! - [`arguments`], [`people`], [`rooms`], [`talk`], [`command`]: the commands, and the table of them
//! - [`grammar`]: the meaning of a typed line
//! - [`options`]: the command line
//! - [`input`]: the main thread, from a typed line to a message; [`ask`]: what it asks the user
//! - [`shutdown`]: the ways out
//! - [`replies`], [`incoming`], [`receiver`]: the receiver thread, from a message to an event; it connects again
//! - [`login`]: the first connection, which starts the receiver thread

pub mod arguments;
pub mod ask;
mod batches;
mod blacklist;
pub mod client;
pub mod command;
mod connection;
pub mod conversation;
pub mod dialer;
pub mod event;
pub mod grammar;
mod incoming;
pub mod input;
mod last_name;
pub mod limits;
pub mod login;
pub mod mention;
pub mod model;
mod modes;
mod numerics;
pub mod options;
pub mod pending;
pub mod people;
pub mod presence;
pub mod question;
mod receiver;
mod replies;
pub mod rooms;
mod rows;
pub mod script;
pub mod sentence;
pub mod settings;
pub mod shutdown;
pub mod state;
pub mod talk;
pub mod terminal;
pub mod view;
pub mod wrap;
