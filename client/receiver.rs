//! The receiver thread: reads the socket, shows what comes, and connects again when it is lost.
//!
//! It alone reads the socket. It locks the state for the messages of one read at a time, and signals
//! the sender thread, which may be waiting for them.

use crate::args::Args;
use crate::connection::{self, Connection, Failure};
use crate::incoming;
use crate::leave;
use crate::progress;
use crate::prompt;
use crate::sender;
use crate::state::Client;
use crate::worker;
use std::thread;
use std::time::{Duration, Instant};
use wire::message::Message;

/// Silence after which the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_mins(3);
/// How long it may take to answer that.
const GRACE: Duration = Duration::from_mins(1);
/// Seconds before each new attempt to connect; the last one repeats.
const BACK_OFF: [u64; 6] = [1, 2, 4, 8, 16, 30];
/// A connection that lasted so long was a good one: the pauses begin anew.
const STABLE: Duration = Duration::from_secs(30);
/// How often our name may be refused because the server still thinks that the lost connection is
/// alive: with the pauses about three minutes, which is more than a server takes to notice.
const GHOST: u32 = 10;

/// Shows what the server sends, until we leave.
pub fn receiver_loop(client: &Client, args: &Args, mut connection: Connection) {
    let mut attempt = 0;
    loop {
        let since = Instant::now();
        let reason = read_until_lost(client, &mut connection);
        if since.elapsed() > STABLE {
            attempt = 0;
        }
        let mut state = client.lock();
        state.stream = None;
        let reason = state.error.take().unwrap_or(reason);
        let leaving = state.leaving;
        drop(state);
        client.signal();
        if leaving {
            return;
        }
        let Some(again) = reconnect(client, args, reason, &mut attempt) else { return };
        connection = again;
    }
}

/// Handles messages until the connection ends, and says why it did.
fn read_until_lost(client: &Client, connection: &mut Connection) -> String {
    let mut heard = Instant::now();
    let mut asked = false;
    loop {
        let mut state = client.lock();
        while let Some(line) = connection.next_message() {
            if let Some(message) = Message::parse(&line) {
                incoming::handle(&mut state, &message);
            }
        }
        drop(state);
        client.signal();
        worker::start(client);
        tick(client);
        match connection.read() {
            Ok(true) => (heard, asked) = (Instant::now(), false),
            Ok(false) if heard.elapsed() > SILENCE + GRACE => return "the server is silent".to_owned(),
            Ok(false) if heard.elapsed() > SILENCE && !asked => {
                client.lock().write(&["PING :gc-alive".to_owned()]);
                asked = true;
            }
            Ok(false) => {}
            Err(reason) => return reason,
        }
    }
}

/// Connects again, however long it takes; `None` when the user leaves meanwhile. When it cannot work it ends the program from
/// here, since the sender thread sits in a read of stdin that nothing interrupts; at the directory prompt only the connection.
fn reconnect(client: &Client, args: &Args, mut reason: String, attempt: &mut usize) -> Option<Connection> {
    let nick = client.lock().nick.clone();
    let mut ghosts = 0;
    loop {
        let seconds = BACK_OFF[*attempt];
        *attempt = (*attempt + 1).min(BACK_OFF.len() - 1);
        let mut state = client.lock();
        if !state.leaving {
            state.screen.tell(&format!("Connection lost ({reason}). Trying again in {seconds} s ..."));
        }
        drop(state);
        pause(client, Duration::from_secs(seconds));
        if client.lock().leaving {
            return None;
        }
        let stream = connection::open(client);
        match stream.and_then(|stream| connection::register(stream, args, &nick)) {
            Ok(connection) => {
                let mut state = client.lock();
                // That took its time, and who leaves now waits for the end of this thread.
                if state.leaving {
                    return None;
                }
                state.screen.tell("Connected again.");
                state.resume(&connection);
                return Some(connection);
            }
            Err(Failure::Name(why)) if ghosts < GHOST => (reason, ghosts) = (why, ghosts + 1),
            Err(Failure::Lost(why)) => reason = why,
            // A room needs no connection, and the prompt can make another.
            Err(Failure::Name(why) | Failure::Refused(why)) if args.directory => {
                prompt::give_up(client, args, &why);
                return None;
            }
            Err(Failure::Name(why)) => leave::give_up(client, &format!("{why}; choose another with --nick")),
            Err(Failure::Refused(why)) => leave::give_up(client, &why),
        }
    }
}

fn pause(client: &Client, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until && !client.lock().leaving {
        tick(client);
        thread::sleep(Duration::from_millis(100).min(until.saturating_duration_since(Instant::now())));
    }
}

/// What has to be looked at several times a second.
fn tick(client: &Client) {
    let mut state = client.lock();
    state.screen.tick();
    state.answer_late();
    progress::show(&mut state);
    let closed = state.screen.is_closed();
    drop(state);
    // A script goes on without its output: what it has to say is what matters.
    if closed && !sender::is_script() {
        leave::at_once(client);
    }
}
