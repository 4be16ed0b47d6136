//! The directory of multicast rooms: what is in it, and what one puts there.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::ANSWER;
use crate::multicast::mode;
use crate::sender;
use crate::state::Client;
use wire::names::eq_ignore_case;

/// `/chat ROOM`; waits for the answer, since the lines that follow are meant for that room.
pub fn chat(client: &Client, name: &str) {
    let name = without_mark(name);
    // A listing that still comes is for the user.
    client.wait_for_answers(ANSWER).wants_to_enter = true;
    client.send("GETDIR", &[name]);
    let mut state = client.wait_for_answers(ANSWER);
    state.wants_to_enter = false;
    let place = std::mem::take(&mut state.directory).into_iter().find(|place| eq_ignore_case(&place.name, name));
    drop(state);
    let is_there = place.is_some_and(|place| mode::enter(client, place));
    if !is_there && sender::is_script() {
        // A script cannot see that it is not in the room, and would go on talking elsewhere.
        mode::leave(client);
        let mut state = client.lock();
        state.set_target(None);
        state.failure = Some(format!("the room {name} was not entered"));
    }
}

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
