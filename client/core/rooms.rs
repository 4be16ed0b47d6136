//! Commands about rooms: entering and leaving them, their members, their topics.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::arguments::{self, first_word, nick, room_or_current};
use super::client::Client;
use super::event::Kind;
use wire::{limits, names, text};

/// `/join #room [key]`
pub fn join(client: &Client, arguments: &str) {
    let (room, key) = first_word(arguments);
    let mut state = client.lock();
    match arguments::room(room) {
        Err(reason) => {
            state.refuse(format!("Cannot enter {room}: {reason}"));
            drop(state);
            not_moved(client);
        }
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
    let is_there = client.wait_for_answers().model.is_target(room);
    if !is_there {
        not_moved(client);
    }
}

/// The user wanted to talk elsewhere from now on, and cannot. The next lines are meant for that place, and may be typed
/// already, or come from a script: they must not go to those with whom the user was talking before.
pub fn not_moved(client: &Client) {
    let mut state = client.lock();
    if state.model.target().is_some() {
        state.model.set_target(None);
        if state.view.is_interactive() {
            state.emit(Kind::TalkingTo(None));
        }
    }
}

/// `/part [#room]`; waits for the answer, since the lines that follow are not meant for that room.
pub fn part(client: &Client, room: &str) {
    if let Some(room) = room_or_current(client, room) {
        client.send("PART", &[&room]);
        drop(client.wait_for_answers());
    }
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
    if let Some(room) = room_or_current(client, "") {
        client.send_with("TOPIC", &[&room], text::truncate(topic, limits::TOPIC));
    }
}

/// `/invite NAME [#room]`
pub fn invite(client: &Client, arguments: &str) {
    let (invited, room) = first_word(arguments);
    if let Some(nick) = nick(client, invited)
        && let Some(room) = room_or_current(client, room)
    {
        client.send("INVITE", &[nick, &room]);
    }
}

/// `/kick NAME [reason]`
pub fn kick(client: &Client, arguments: &str) {
    let (removed, reason) = first_word(arguments);
    let Some(room) = room_or_current(client, "") else { return };
    if let Some(nick) = nick(client, removed) {
        client.send_with("KICK", &[&room, nick], text::truncate(reason, limits::REASON));
    }
}
