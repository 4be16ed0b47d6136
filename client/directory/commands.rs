//! The commands about the directory of multicast rooms.
//!
//! Run by the main thread; no lock of their own.

use super::listing::{LISTING, without_mark};
use crate::core::client::{Client, Command};

/// The rows of the table of commands.
#[rustfmt::skip]
pub fn table() -> Vec<Command> {
    vec![
        Command::new("/getdir", "", &[],
            "List the multicast rooms: where their members meet, and who made them", getdir),
        Command::new("/makeroom", "NAME ADDRESS PORT", &[],
            "Put a multicast room into the directory: /makeroom lab 239.1.2.3 4000", makeroom),
        Command::new("/deleteroom", "NAME", &[],
            "Take a multicast room of yours out of the directory", deleteroom),
    ]
}

/// `/getdir`
fn getdir(client: &Client, _: &str) {
    client.request(LISTING, "", "GETDIR", &[]);
}

/// `/makeroom NAME ADDRESS PORT`
fn makeroom(client: &Client, arguments: &str) {
    // The server says what is wrong with the words.
    let mut words: Vec<&str> = arguments.split_whitespace().take(3).collect();
    words[0] = without_mark(words[0]);
    client.send("MAKEROOM", &words);
}

/// `/deleteroom NAME`
fn deleteroom(client: &Client, name: &str) {
    client.send("DELETEROOM", &[without_mark(name)]);
}
