//! The integration tests: each starts a server of its own and talks to it over sockets.
//!
//! - [`harness`]: starts and stops servers, clients that read like a transcript, one time-out
//!
//! The core, in each feature set:
//! - [`core`]: a chat from the first line to the last, by raw sockets
//! - `core_alone`: what a server without wings says about what it does not have
//! - [`registration`]: PASS, NICK, USER, changing names, PING, leaving
//! - [`capabilities`]: CAP, and what each capability changes
//! - [`rooms`]: JOIN, PART, NAMES
//! - [`messages`]: PRIVMSG, NOTICE, AWAY, who gets what in which order
//! - [`bad_input`]: whatever else bytes can be
//! - [`costs`]: no line costs more than it pays
//! - [`endurance`]: races, storms, slow readers and flooders
//! - [`console`]: what the operator types where the server runs
//! - [`lifecycle`]: options, the log, time-outs, the end
//! - [`shortage`]: no descriptor, no thread, no place left
//! - [`client`]: the chat client at work: commands, scripts, options, errors
//! - [`conversation`]: what two or three people at chat clients see of each other
//! - [`reconnect`]: lost connections
//!
//! The wings, each gated in one place, below:
//! - `irc`: what only stock IRC clients ask for
//! - `multiline`: messages of several rows
//! - `mail`: stored messages, and that `kill -9` at any moment loses none
//! - `files`: FILE, data connections, and files through all three programs
//! - `directory`: GETDIR, MAKEROOM, DELETEROOM
//! - `editor`: the client in a window, with an emulator of a terminal
//! - `gui`: the page that the client serves, in a real browser, too
//! - `multicast_window`: such a window in a multicast room
//! - `multicast`: rooms over an unreliable channel, on hosts of their own
//! - `secure`, `without_tls`: TLS, names that belong to keys, and a build without
//! - `old_folders`: what an older build has written is read
//!
//! The project itself:
//! - [`structure`]: arrows point down, and the core knows no wing
//! - [`source`]: reads Rust without comments, strings and tests
//! - [`book`]: the report's figures, tables and numbers are what was measured
//! - [`limits`], [`protocol`]: PROTOCOL.md says what the code says
//! - [`report`]: its links, commands, figures and the table of socket calls are right
//! - `quick_start`: the commands of README.md, from a fresh clone
//! - `scenes`: what README.md and the report show is what the programs show

#![allow(clippy::unwrap_used, clippy::format_collect, reason = "a test fails by panicking, and need not be fast")]
#![cfg_attr(not(feature = "full"), allow(dead_code, reason = "some helpers are for the tests of wings"))]

mod bad_input;
mod book;
mod capabilities;
mod client;
mod console;
mod conversation;
mod core;
#[cfg(not(any(feature = "irc", feature = "disk")))]
mod core_alone;
mod costs;
mod endurance;
mod harness;
mod lifecycle;
mod limits;
mod messages;
mod protocol;
mod reconnect;
mod registration;
mod report;
mod rooms;
mod shortage;
mod source;
mod structure;

#[cfg(feature = "irc")]
mod irc;

#[cfg(all(feature = "irc", feature = "mail", feature = "multiline"))]
mod multiline;

#[cfg(all(feature = "irc", feature = "mail"))]
mod mail;

#[cfg(all(feature = "irc", feature = "files"))]
mod files;

#[cfg(all(feature = "irc", feature = "directory"))]
mod directory;

#[cfg(all(feature = "editor", feature = "irc", feature = "files", feature = "directory"))]
mod editor;

#[cfg(all(feature = "gui", feature = "irc", feature = "files", feature = "directory"))]
mod gui;

#[cfg(feature = "multicast")]
mod multicast;
#[cfg(all(feature = "editor", feature = "irc", feature = "files", feature = "multicast"))]
mod multicast_window;

#[cfg(all(feature = "tls", feature = "irc", feature = "files", feature = "directory"))]
mod secure;

#[cfg(all(feature = "tls", feature = "irc", feature = "files", feature = "directory"))]
mod old_folders;

#[cfg(all(not(feature = "tls"), feature = "keys"))]
mod without_tls;

#[cfg(feature = "full")]
mod quick_start;
#[cfg(feature = "full")]
mod scenes;
