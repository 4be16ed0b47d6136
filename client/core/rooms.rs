//! Commands about rooms: entering and leaving them, their members, their topics.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::arguments::{self, ANSWER, first_word, is_nick, room_or_current};
use super::client::Client;
use wire::{limits, names, text};

/// `/join #room [key]`
pub fn join(client: &Client, arguments: &str) {
    let (room, key) = first_word(arguments);
    let mut state = client.lock();
    match arguments::room(room) {
        Err(reason) => state.note(format!("Cannot enter {room}: {reason}")),
        Ok(room) if state.model.is_in(&room) => state.talk_to(&room),
        Ok(room) => {
            drop(state);
            enter(client, &room, key);
        }
    }
}

/// Enters a room and waits for the answer, since the lines that follow are meant for that room.
pub fn enter(client: &Client, room: &str, key: &str) {
    if !key.is_empty() {
        client.lock().model.keys.insert(names::casefold(room), key.to_owned());
    }
    client.request("JOIN", room, "JOIN", &[room, key][..if key.is_empty() { 1 } else { 2 }]);
    let mut state = client.wait_for_answers(ANSWER);
    if !state.model.is_target(room) && !state.view.is_interactive() {
        // A script cannot see that it is still in the old room, and would go on talking there.
        state.set_target(None);
    }
}

/// `/part [#room]`; waits for the answer, since the lines that follow are not meant for that room.
pub fn part(client: &Client, room: &str) {
    if let Some(room) = room_or_current(client, room) {
        client.send("PART", &[&room]);
        drop(client.wait_for_answers(ANSWER));
    }
}

/// `/rooms`
pub fn list(client: &Client, _: &str) {
    client.send("LIST", &[]);
}

/// `/info`: a count and the names, put together when all of them have come.
pub fn info(client: &Client, _: &str) {
    if let Some(room) = room_or_current(client, "") {
        client.request("NAMES", &room, "NAMES", &[&room]);
    }
}

/// `/who [#room]`
pub fn who(client: &Client, room: &str) {
    if let Some(room) = room_or_current(client, room) {
        client.send("WHO", &[&room]);
    }
}

/// `/topic [text]`
pub fn topic(client: &Client, topic: &str) {
    let Some(room) = room_or_current(client, "") else { return };
    if topic.is_empty() {
        client.send("TOPIC", &[&room]);
    } else {
        client.send("TOPIC", &[&room, text::truncate(topic, limits::TOPIC)]);
    }
}

/// `/invite NAME [#room]`
pub fn invite(client: &Client, arguments: &str) {
    let (nick, room) = first_word(arguments);
    if is_nick(client, nick)
        && let Some(room) = room_or_current(client, room)
    {
        client.send("INVITE", &[nick, &room]);
    }
}

/// `/kick NAME [reason]`
pub fn kick(client: &Client, arguments: &str) {
    let (nick, reason) = first_word(arguments);
    let Some(room) = room_or_current(client, "") else { return };
    if is_nick(client, nick) {
        let params = [&room, nick, text::truncate(reason, limits::REASON)];
        client.send("KICK", &params[..if reason.is_empty() { 2 } else { 3 }]);
    }
}
