//! Commands about rooms: entering and leaving them, their members, their topics.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::arguments::{self, bare_nick, first_word, nick, room_or_current};
use super::client::Client;
use super::event::Kind;
use super::limits::REPLY_TIMEOUT;
use super::pending::{BANS, BANS_FOR_VIEW, KEY, MODES_FOR_VIEW};
use super::people;
use super::state::State;
use wire::{limits, names, text};

/// `/join #room [key]`
pub fn join(client: &Client, arguments: &str) {
    let (given, key) = first_word(arguments);
    let room = arguments::room(given);
    let room =
        if key.contains([' ', ',']) { room.and(Err("a key has no space and no comma".to_owned())) } else { room };
    let mut state = client.lock();
    match room {
        Err(reason) => {
            state.refuse(format!("Cannot enter {given}: {reason}"));
            drop(state);
            not_moved(client);
        }
        Ok(room) if state.model.is_in(&room) => {
            let is_known =
                key.is_empty() || state.model.keys.get(&names::casefold(&room)).is_some_and(|own| own == key);
            if is_known {
                return state.go_to(&room);
            }
            // Whoever gives a key does not mean to talk to everybody.
            state.refuse(format!("You are in {room} already, without that key; /mode {room} +k KEY sets one"));
            drop(state);
            not_moved(client);
        }
        Ok(room) => {
            drop(state);
            enter(client, &room, key);
        }
    }
}

/// Enters a room and waits for the answer, since the lines that follow are meant for that room.
pub fn enter(client: &Client, room: &str, key: &str) {
    let mut state = client.lock();
    state.model.set_key(room, Some(key).filter(|key| !key.is_empty()));
    state.pending.end(KEY, room);
    if !key.is_empty() {
        state.pending.add(KEY, room);
    }
    drop(state);
    client.request("JOIN", room, "JOIN", &[room, key][..if key.is_empty() { 1 } else { 2 }]);
    let mut state = client.wait_for_answers();
    let is_open = !key.is_empty() && !state.model.keys.contains_key(&names::casefold(room));
    let is_there = state.model.is_here(room) && state.model.is_in(room) && !is_open;
    if is_open {
        state.script.refuse_current(&format!("{room} has no key"));
    }
    drop(state);
    if !is_there {
        not_moved(client);
    }
}

/// The user wanted to talk elsewhere from now on, and cannot. The next lines are meant for that place, and may be typed
/// already, or come from a script: they must not go to those with whom the user was talking before.
pub fn not_moved(client: &Client) {
    let mut state = client.lock();
    if let Some(placed) = &mut state.model.placed {
        placed.target = None;
    } else if state.model.target().is_some() {
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

/// `/info [#room|NAME]`: a count and the names, put together when all of them have come.
pub fn info(client: &Client, about: &str) {
    if let Some(nick) = somebody(client, about) {
        people::whois(client, nick);
    } else if let Some(room) = room_or_current(client, about) {
        client.request("NAMES", &room, "NAMES", &[&room]);
    }
}

/// `/who [#room|NAME]`
pub fn who(client: &Client, about: &str) {
    let nick = somebody(client, about).map(str::to_owned);
    if let Some(about) = nick.or_else(|| room_or_current(client, about)) {
        client.request("WHO", &about, "WHO", &[&about]);
    }
}

/// The person whom an argument means: it has no mark of a room, and we are in no room of that name.
fn somebody<'a>(client: &Client, about: &'a str) -> Option<&'a str> {
    let nick = bare_nick(about);
    let is_room = about.is_empty() || arguments::room(about).is_ok_and(|room| client.lock().model.is_in(&room));
    Some(nick).filter(|nick| !is_room && names::is_nick(nick))
}

/// `/mode [#room] [changes]`; our own name instead of a room is about our own modes.
pub fn mode(client: &Client, arguments: &str) {
    let (first, rest) = first_word(arguments);
    // The word b alone is the list of bans, as in the protocol.
    let is_change = first.starts_with(['+', '-']) || arguments == "b";
    let (target, changes) = if is_change { ("", arguments) } else { (first, rest) };
    let own = Some(bare_nick(target)).filter(|nick| client.lock().model.is_me(nick)).map(str::to_owned);
    let is_own = own.is_some();
    let Some(target) = own.or_else(|| room_or_current(client, target)) else { return };
    let params: Vec<_> = std::iter::once(&*target).chain(changes.split_whitespace()).collect();
    if target.len() + changes.len() > limits::LINE - "MODE  \r\n".len() {
        return client.refuse("Nothing was sent: that is too long for one line");
    }
    if !is_own && ["b", "+b"].contains(&changes) {
        client.request(BANS, &target, "MODE", &params);
    } else if params.len() == 1 || is_own {
        client.request("MODE", &target, "MODE", &params);
    } else {
        client.send("MODE", &params);
    }
}

/// Asks for the modes of a room and for its bans; the numbers of these requests.
pub fn ask_for_settings(client: &Client, room: &str) -> [u64; 2] {
    let modes = client.request(MODES_FOR_VIEW, room, "MODE", &[room]);
    [modes, client.request(BANS_FOR_VIEW, room, "MODE", &[room, "b"])]
}

/// Waits for the answers: the modes with their parameters, and the masks of the bans. `None` when none comes.
pub fn settings(client: &Client, asked: [u64; 2]) -> Option<[Vec<String>; 2]> {
    let is_open = |state: &State| asked.iter().any(|&request| state.pending.is_open(request));
    let mut state = client.wait_while(REPLY_TIMEOUT, is_open);
    let [modes, bans] = asked.map(|request| state.pending.take(request).map(|request| request.rows.concat()));
    // A room has modes, and be it a lone sign.
    Some([modes.filter(|modes| !modes.is_empty())?, bans.unwrap_or_default()])
}

/// `/topic [text]`; other clients remove it by the same word.
pub fn topic(client: &Client, topic: &str) {
    let Some(room) = room_or_current(client, "") else { return };
    if topic == "-delete" {
        client.send("TOPIC", &[&room, ""]);
    } else {
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
