//! The user's own name, rest and blacklist; help; leaving.
//!
//! Run by the main thread; the state is locked for a moment at a time.

use super::{ANSWER, is_nick};
use crate::command::{self, COMMANDS};
use crate::state::Client;
use std::io;
use std::time::Duration;
use wire::stream::SecureChannel;
use wire::{limits, text};

/// `/quit [reason]`: the sender loop then ends.
pub fn quit(client: &Client, reason: &str) {
    client.lock().quit = Some(text::truncate(reason, limits::REASON).to_owned());
}

/// `/name NEW`; waits for the answer, since texts are split so that they fit behind our name.
pub fn name(client: &Client, new: &str) {
    if is_nick(client, new) {
        client.send("NICK", &[new]);
        drop(client.wait_for_answers(ANSWER));
    }
}

/// `/whois NAME`
pub fn whois(client: &Client, nick: &str) {
    if is_nick(client, nick) {
        client.send("WHOIS", &[nick]);
    }
}

/// `/away [text]`
pub fn away(client: &Client, text: &str) {
    if text.is_empty() {
        client.send("AWAY", &[]);
    } else {
        client.send("AWAY", &[text::truncate(text, limits::AWAY)]);
    }
}

/// `/sleep 30`, `/sleep 5m`, `/sleep 0`
pub fn sleep(client: &Client, time: &str) {
    let mut state = client.lock();
    match sleep_time(time) {
        Some(Duration::ZERO) if !state.screen.is_asleep() => state.screen.tell("You are awake"),
        Some(Duration::ZERO) => state.screen.wake(),
        Some(length) if state.screen.sleep(length) => {
            state
                .screen
                .tell(&format!("Good night. What others say is shown in {} s, or after /sleep 0", length.as_secs()));
        }
        _ => state.screen.tell("How long? Seconds as 30, minutes as 5m, hours as 1h; 0 ends the sleep"),
    }
}

fn sleep_time(time: &str) -> Option<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let unit = units.iter().find_map(|&(unit, seconds)| Some((time.strip_suffix(unit)?, seconds)));
    let (number, seconds) = unit.unwrap_or((time, 1));
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// `/fingerprint [NAME]`
pub fn fingerprint(client: &Client, nick: &str) {
    if !nick.is_empty() {
        if is_nick(client, nick) {
            client.lock().asked_keys.push((nick.to_owned(), None));
            client.send("WHOIS", &[nick]);
        }
        return;
    }
    let mut state = client.lock();
    let server = state.stream.as_ref().map(|stream| stream.channel().and_then(SecureChannel::peer));
    let ours = client.caller.fingerprint();
    state.screen.tell(&match ours {
        Some(key) => format!("Your key:         {key}"),
        None => "You have shown no key: you speak plain text, and whoever is on the way can read it".to_owned(),
    });
    match server {
        Some(Some(key)) => state.screen.tell(&format!("The server's key: {key}")),
        None if ours.is_some() => state.screen.tell("There is no connection to the server just now"),
        _ => {}
    }
}

/// `/black NAME`
pub fn black(client: &Client, nick: &str) {
    if !is_nick(client, nick) {
        return;
    }
    let mut state = client.lock();
    if state.is_me(nick) {
        state.screen.tell("You cannot blacklist yourself");
    } else if state.blacklist.contains(nick) {
        state.screen.tell(&format!("{nick} is on your blacklist already"));
    } else {
        let saved = state.blacklist.add(nick);
        state.transfers.stop_from(nick);
        state
            .screen
            .tell(&format!("You will see nothing more from {nick}; /unblock {nick} ends that{}", unless(saved)));
    }
}

/// `/unblock NAME`
pub fn unblock(client: &Client, nick: &str) {
    let mut state = client.lock();
    if state.blacklist.contains(nick) {
        let saved = state.blacklist.remove(nick);
        state.screen.tell(&format!("You see {nick} again{}", unless(saved)));
    } else {
        state.screen.tell(&format!("{nick} is not on your blacklist"));
    }
}

/// `/blacklist`
pub fn blacklist(client: &Client, _: &str) {
    let mut state = client.lock();
    let people: Vec<_> = state.blacklist.people().iter().map(|names| names.join(", also called ")).collect();
    if people.is_empty() {
        state.screen.tell("Your blacklist is empty");
    }
    for person in people {
        state.screen.tell(&person);
    }
}

fn unless(saved: io::Result<()>) -> String {
    saved.map_or_else(|error| format!(" (until you leave: the blacklist cannot be saved: {error})"), |()| String::new())
}

/// `/help [command]`
pub fn help(client: &Client, word: &str) {
    let mut state = client.lock();
    let with_slash = format!("/{word}");
    let found = command::find(word).or_else(|| command::find(&with_slash));
    match found {
        Some(command) => {
            state.screen.tell(&format!("{}    {}", command.usage(), command.help));
            for form in command.other_forms() {
                state.screen.tell(&format!("    also: {form}"));
            }
        }
        None if word.is_empty() => {
            for command in COMMANDS {
                state.screen.tell(&format!("{:<22} {}", command.usage(), command.help));
            }
            state.screen.tell("Everything else is sent to whoever you are talking to. /help COMMAND tells more:");
            state.screen.tell("the other ways to write it, such as tata, @NAME text, !INFO or \\sleep\\30.");
        }
        None => state.screen.tell(&format!("There is no command {word}; /help lists all of them")),
    }
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
