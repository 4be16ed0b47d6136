//! The integration tests: each starts a server of its own and talks to it over sockets.
//!
//! - [`harness`]: starts and stops servers, clients that read like a transcript, one time-out
//!
//! What people want from a chat:
//! - [`registration`]: PASS, NICK, USER, the welcome, changing names, PING, leaving
//! - [`capabilities`]: CAP, and what each capability changes
//! - [`rooms`]: JOIN, PART, NAMES, LIST, TOPIC, KICK
//! - [`modes`]: MODE, bans, INVITE
//! - [`messages`]: PRIVMSG, NOTICE, AWAY, who gets what in which order
//! - [`directory`]: GETDIR, MAKEROOM, DELETEROOM
//! - [`files`]: FILE, who is told of what, what a server keeps
//! - [`file_rules`]: whose a file is, what one may take of the spool, what is made up for later
//! - [`mail`]: letters: who is not here gets them later, and nothing loses them
//! - [`mailboxes`]: their bounds, and disks that fail
//! - `multicast`: rooms over an unreliable channel, on hosts of their own
//! - `secure`: TLS, and names that belong to keys
//! - `without_tls`: what a build without TLS says about it
//! - [`queries`]: WHO, WHOIS, USERHOST, ISON, LUSERS, MOTD, VERSION, TIME
//! - [`numerics`]: every numeric of the table is provoked
//!
//! What happens to a server:
//! - [`bad_input`]: whatever else bytes can be
//! - [`transfers`]: data connections, those that break off and those that are wrong
//! - [`endurance`]: races, storms, those who do not read and those who do not stop
//! - [`kill`]: `kill -9` at any moment loses no letter
//! - [`lifecycle`]: options, the log, time-outs, the end
//! - [`shortage`]: no descriptor, no thread, no place left

#![allow(clippy::unwrap_used, clippy::format_collect, reason = "a test fails by panicking, and need not be fast")]

mod bad_input;
mod capabilities;
mod directory;
mod endurance;
mod file_rules;
mod files;
mod harness;
mod kill;
mod lifecycle;
mod mail;
mod mailboxes;
mod messages;
mod modes;
#[cfg(feature = "multicast")]
mod multicast;
mod numerics;
mod queries;
mod registration;
mod rooms;
#[cfg(feature = "tls")]
mod secure;
mod shortage;
mod transfers;
#[cfg(not(feature = "tls"))]
mod without_tls;

// The chat client at work: commands, scripts, options, errors.
mod client;
// What two or three people at chat clients see of each other.
mod conversation;
// A stock client.
mod irssi;
// Lost connections.
mod reconnect;
// Files, through all three programs.
mod sharing;
