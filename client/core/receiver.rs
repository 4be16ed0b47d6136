//! The receiver thread: reads the socket, shows what comes, and connects again when it is lost.
//!
//! It alone reads the socket, and sleeps until something comes, or until a time at which it has something to do. It locks
//! the state for the messages of one read at a time, and signals the main thread, which may be waiting for them.

use super::client::Client;
use super::connection::{Claim, Connection};
use super::dialer::{Failure, back_off};
use super::event::Kind;
use super::limits::{GHOST, GRACE, RIVALS, SILENCE, STABLE};
use super::state::State;
use super::{incoming, shutdown};
use std::time::{Duration, Instant};
use wire::message::Message;
use wire::names;
use wire::numeric::{REMOVED, REPLACED};

/// Shows what the server sends, until we leave. When it cannot connect again it calls `give_up`.
pub fn receiver_loop(client: &Client, mut connection: Connection, give_up: fn(&Client, Failure)) {
    let mut attempt = 0;
    loop {
        let since = Instant::now();
        let reason = read_until_lost(client, &mut connection);
        // Closed at once: until a new connection the server would wait for the end of this one.
        drop(connection);
        if since.elapsed() > STABLE {
            attempt = 0;
        }
        let mut state = client.lock();
        state.stream = None;
        let reason = state.error.take().unwrap_or(reason);
        let (leaving, is_killed) = (state.leaving, is_killed(&reason, &state.model.nick));
        drop(state);
        client.signal();
        if leaving {
            return;
        }
        if reason.ends_with(REPLACED) {
            // To connect again would be to take the name from the client that the user wants to have it.
            let why = "another client of yours has the name now; start this one again to have it back here";
            return give_up(client, Failure::Refused(why.to_owned()));
        }
        if reason.ends_with(REMOVED) || is_killed {
            // Whoever connects again by itself cannot be removed.
            let why = "the operator of the server has removed you; start the client again to come back";
            return give_up(client, Failure::Refused(why.to_owned()));
        }
        match reconnect(client, reason, &mut attempt) {
            Ok(Some(again)) => connection = again,
            Ok(None) => return,
            Err(failure) => return give_up(client, failure),
        }
    }
}

/// Handles messages until the connection ends, and says why it did.
fn read_until_lost(client: &Client, connection: &mut Connection) -> String {
    let mut heard = Instant::now();
    let mut asked = false;
    loop {
        let mut state = client.lock();
        state.view.hold();
        while let Some(line) = connection.next_message() {
            if let Some(message) = Message::parse(&line) {
                incoming::handle(client, &mut state, &message);
            }
        }
        state.view.release();
        drop(state);
        client.signal();
        let silence = if asked { SILENCE + GRACE } else { SILENCE };
        let left = silence.saturating_sub(heard.elapsed());
        if left.is_zero() && asked {
            return "the server is silent".to_owned();
        }
        if left.is_zero() {
            client.lock().ask_for_an_answer();
            asked = true;
            continue;
        }
        // The system's time-outs come late by up to an eighth (Linux: the timer wheel). So the last part is waited for again.
        match connection.read(tick(client).map_or(left, |time| (time / 8 * 7).min(left))) {
            Ok(true) => (heard, asked) = (Instant::now(), false),
            Ok(false) => {}
            Err(reason) => return reason,
        }
    }
}

/// Connects again, however long it takes; `None` when the user leaves meanwhile, an error when it cannot work.
fn reconnect(client: &Client, mut reason: String, attempt: &mut usize) -> Result<Option<Connection>, Failure> {
    let state = client.lock();
    // A name that a server has given for want of a better one is not to be had by asking.
    let asked = state.model.asked_nick.clone().filter(|_| !names::is_nick(&state.model.nick));
    let nick = asked.unwrap_or_else(|| state.model.nick.clone());
    drop(state);
    let (mut ghosts, mut rivals) = (0, 0);
    loop {
        let seconds = back_off(*attempt);
        *attempt += 1;
        let mut state = client.lock();
        if !state.leaving {
            state.emit(Kind::ConnectionLost { reason, seconds });
        }
        drop(state);
        pause(client, Duration::from_secs(seconds));
        if client.lock().leaving {
            return Ok(None);
        }
        match client.open().and_then(|stream| client.register(stream, Claim { nick: &nick, regain: false })) {
            Ok(connection) => {
                let mut state = client.lock();
                // That took its time, and a user who leaves now waits for the end of this thread.
                if state.leaving {
                    return Ok(None);
                }
                state.emit(Kind::Connected);
                client.resume(&mut state, &connection, false);
                return Ok(Some(connection));
            }
            Err(Failure::Name(why)) if ghosts < GHOST => (reason, ghosts) = (why, ghosts + 1),
            Err(Failure::Held(why)) if rivals < RIVALS => (reason, rivals) = (why, rivals + 1),
            Err(Failure::Lost(why)) => reason = why,
            Err(failure) => return Err(failure),
        }
    }
}

/// Whether another server says that an operator has ended our connection (KILL, RFC 1459, section 4.6.1):
/// `Closing Link: anna (Killed (op (reason)))`. Somebody can have that word as a name.
fn is_killed(reason: &str, nick: &str) -> bool {
    let mut words = reason.split(|c: char| !c.is_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("killed")) && !nick.eq_ignore_ascii_case("killed")
}

/// Waits, unless the user leaves.
fn pause(client: &Client, time: Duration) {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let step = tick(client).map_or(left, |time| time.min(left));
        let sleep = client.lock().sleeps_until();
        let waiting = |state: &State| !state.leaving && state.sleeps_until() == sleep;
        if left.is_zero() || client.wait_while(step, waiting).leaving {
            return;
        }
    }
}

/// What is done between two waits; it is to be done again after this time.
fn tick(client: &Client) -> Option<Duration> {
    shutdown::if_closed(client);
    client.tick(&mut client.lock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_say_in_their_own_words_that_an_operator_has_removed_us() {
        for reason in
            ["Closing Link: anna (Killed (op (spam)))", "KILLed by op: spam", "Closing Link: h[u@h] (op: killed)"]
        {
            assert!(is_killed(reason, "anna"), "{reason}");
        }
        for reason in ["Closing Link: anna (Ping timeout)", "Closing Link: skilled (Excess Flood)", ""] {
            assert!(!is_killed(reason, "anna"), "{reason}");
        }
        assert!(!is_killed("Closing Link: Killed (Ping timeout)", "killed"));
    }
}
