//! Commands about people: the user's own name, sleep and blacklist, and other people; leaving.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::arguments::{bare_nick, nick};
use super::client::Client;
use super::pending::{ISON, NOBODY, TAGMSG};
use std::io;
use std::time::Duration;
use wire::{limits, text};

/// `/quit [reason]`: the input loop then ends.
pub fn quit(client: &Client, reason: &str) {
    client.lock().quit = Some(text::truncate(reason, limits::REASON).to_owned());
}

/// `/name NEW`; waits for the answer, since texts are split so that they fit behind our name.
pub fn name(client: &Client, new: &str) {
    if let Some(new) = nick(client, new) {
        client.lock().model.asked_nick = Some(new.to_owned());
        client.send("NICK", &[new]);
        drop(client.wait_for_answers());
    }
}

/// Asks whether somebody has this name: ISON (RFC 1459) knows who is connected. The receiver thread asks on.
fn ask_about(client: &Client, nick: &str) {
    client.request(ISON, nick, "ISON", &[nick]);
}

/// Whether somebody has this name, here or, on our server, while they are away; also when no answer comes.
pub fn is_known(client: &Client, nick: &str) -> bool {
    let mut state = client.lock();
    if state.model.knows(nick) {
        return true;
    }
    // An earlier answer counts no more.
    state.pending.end(NOBODY, nick);
    drop(state);
    ask_about(client, nick);
    let mut state = client.wait_for_answers();
    // A server may have kept silent, so that another answer would be taken for this one.
    [ISON, TAGMSG].iter().for_each(|kind| drop(state.pending.end(kind, nick)));
    state.pending.end(NOBODY, nick).is_none()
}

/// `/whois NAME`
pub fn whois(client: &Client, whom: &str) {
    if let Some(nick) = nick(client, whom) {
        client.send("WHOIS", &[nick]);
    }
}

/// `/away [text]`
pub fn away(client: &Client, text: &str) {
    client.send_with("AWAY", &[], text::truncate(text, limits::AWAY));
}

/// `/sleep 30`, `/sleep 5m`, `/sleep 0`
pub fn sleep(client: &Client, time: &str) {
    let mut state = client.lock();
    match sleep_time(time) {
        // What was held back is shown, so that stored messages can be acknowledged.
        Some(Duration::ZERO) if state.wake() => _ = client.tick(&mut state),
        Some(Duration::ZERO) => state.note("You are awake"),
        Some(length) if state.sleep(length) => {
            state.note(format!("Good night. What others say is shown in {} s, or after /sleep 0", length.as_secs()));
            // The receiver thread ends the sleep. It waits for the server, whose answer lets it look at the clock.
            state.ask_for_an_answer();
            client.signal();
        }
        _ => state.refuse("How long? Seconds as 30, minutes as 5m, hours as 1h; 0 ends the sleep"),
    }
}

fn sleep_time(time: &str) -> Option<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let unit = units.iter().find_map(|&(unit, seconds)| Some((time.strip_suffix(unit)?, seconds)));
    let (number, seconds) = unit.unwrap_or((time, 1));
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// `/black NAME`
pub fn black(client: &Client, whom: &str) {
    let Some(nick) = nick(client, whom) else { return };
    let mut state = client.lock();
    if state.model.is_me(nick) {
        state.refuse("You cannot blacklist yourself");
    } else if state.model.blacklist.contains(nick) {
        state.note(format!("{nick} is on your blacklist already"));
    } else {
        let saved = state.model.blacklist.add(nick);
        client.wings.iter().for_each(|wing| wing.blacklisted(nick));
        client.signal();
        state.note(format!("You will see nothing more from {nick}; /unblock {nick} ends that{}", unless(saved)));
        if !state.model.knows(nick) {
            drop(state);
            ask_about(client, nick);
        }
    }
}

/// `/unblock NAME`
pub fn unblock(client: &Client, whom: &str) {
    let nick = bare_nick(whom);
    let mut state = client.lock();
    if !state.model.blacklist.contains(nick) {
        return state.refuse(format!("{nick} is not on your blacklist"));
    }
    let saved = state.model.blacklist.remove(nick);
    state.note(format!("You see {nick} again{}", unless(saved)));
}

/// `/blacklist`
pub fn blacklist(client: &Client, _: &str) {
    let mut state = client.lock();
    if state.model.blacklist.people.is_empty() {
        state.note("Your blacklist is empty");
    }
    for names in state.model.blacklist.people.clone() {
        state.note(names.join(", also called "));
    }
}

fn unless(saved: io::Result<()>) -> String {
    saved.map_or_else(|error| format!(" (until you leave: the blacklist cannot be saved: {error})"), |()| String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_times() {
        for (given, seconds) in [("30", 30), ("30s", 30), ("5m", 300), ("1h", 3600), ("0", 0), ("0h", 0)] {
            assert_eq!(sleep_time(given), Some(Duration::from_secs(seconds)), "{given}");
        }
        for wrong in ["", "m", "-1", "1d", "1.5", "5 m", "18446744073709551615h"] {
            assert_eq!(sleep_time(wrong), None, "{wrong}");
        }
    }
}
