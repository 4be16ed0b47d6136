//! The directory of multicast rooms: what is in it, and what one puts there.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use crate::state::Client;

/// `/getdir`
pub fn getdir(client: &Client, _: &str) {
    client.send("GETDIR", &[]);
}

/// `/makeroom NAME ADDRESS PORT`
pub fn makeroom(client: &Client, arguments: &str) {
    // What is wrong with the words the server says.
    let mut words: Vec<&str> = arguments.split_whitespace().take(3).collect();
    words[0] = without_mark(words[0]);
    client.send("MAKEROOM", &words);
}

/// `/deleteroom NAME`
pub fn deleteroom(client: &Client, name: &str) {
    client.send("DELETEROOM", &[without_mark(name)]);
}

/// A name without the `#` that may come along from rooms of the server.
fn without_mark(name: &str) -> &str {
    name.strip_prefix('#').unwrap_or(name)
}
