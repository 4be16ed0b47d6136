//! The first connection: asks for a name until the server takes one, and starts the receiver thread.
//!
//! Run by the main thread before there is a receiver thread; the state is locked for a moment at a time. A thread
//! `patience` says that it takes long.

use super::arguments::bad_nick;
use super::ask::{agrees, ask};
use super::blacklist::Blacklist;
use super::client::{Client, has_user};
use super::connection::{Claim, Connection};
use super::dialer::Failure;
use super::grammar::{self, Input};
use super::input::Source;
use super::limits::{NOTICEABLE, PATIENCE};
use super::question::Wants;
use super::{last_name, receiver, shutdown};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use wire::names;

/// Connects at the start of the client. Where the user may look at a window later, a failure waits for them there, and
/// they may try again.
pub fn start(client: &Arc<Client>, input: &mut dyn Source) -> Result<JoinHandle<()>, String> {
    loop {
        let failure = match connect(client, input, "--nick", shutdown::give_up) {
            Ok(receiver) => return Ok(receiver),
            Err(failure) => failure,
        };
        leave_if_asked(client);
        let may_help = matches!(failure, Failure::Refused(_) | Failure::Lost(_)) && client.lock().view.is_window();
        let why = failure.why();
        if may_help {
            why.lines().for_each(|line| client.note(line));
        }
        if !may_help || !agrees(client, input, &why, "Try again?") {
            leave_if_asked(client);
            let mut state = client.lock();
            shutdown::drain(&mut state);
            state.view.end(&why);
            return Err(why);
        }
    }
}

/// The user has left in another view, before there was a chat.
fn leave_if_asked(client: &Client) {
    if client.lock().quit.is_some() {
        leave(client);
    }
}

fn leave(client: &Client) -> ! {
    client.note("DISCONNECTED!!");
    shutdown::drain(&mut client.lock());
    shutdown::at_once(client)
}

/// Connects, loads the blacklist of the name, and starts the receiver thread.
///
/// `name_by` says how the user chooses a name. The receiver thread calls `give_up` when it cannot connect again.
pub fn connect(
    client: &Arc<Client>,
    input: &mut dyn Source,
    name_by: &str,
    give_up: fn(&Client, Failure),
) -> Result<JoinHandle<()>, Failure> {
    let connection = login(client, input, name_by)?;
    let mut state = client.lock();
    state.model.blacklist = Blacklist::load(&connection.nick).unwrap_or_else(|error| {
        state.note(format!("The blacklist cannot be read ({error}); it will not be saved either"));
        Blacklist::default()
    });
    state.model.asked_nick = Some(connection.asked_nick.clone());
    client.resume(&mut state, &connection, true);
    state.is_receiving = true;
    drop(state);
    let share = Arc::clone(client);
    let receiver = move || {
        let run = AssertUnwindSafe(|| receiver::receiver_loop(&share, connection, give_up));
        if panic::catch_unwind(run).is_err() {
            // Without it nothing would ever come again, and nobody would know.
            give_up(&share, Failure::Lost("the client has an error, so it cannot go on".to_owned()));
        }
        share.lock().is_receiving = false;
        share.signal();
    };
    thread::Builder::new().name("receiver".to_owned()).spawn(receiver).map_err(|error| {
        let mut state = client.lock();
        (state.is_receiving, state.stream) = (false, None);
        Failure::Lost(format!("cannot start a thread: {error}"))
    })
}

/// Connects and registers, under the name that the user has chosen, if any.
fn login(client: &Client, input: &mut dyn Source, name_by: &str) -> Result<Connection, Failure> {
    let was_said = AtomicBool::new(false);
    // Before a name is asked for, so that a wrong address shows at once.
    let mut waiting = Some((explained(client, &was_said, || client.open())?, Instant::now()));
    let mut given = Some(client.lock().model.nick.clone()).filter(|nick| !nick.is_empty());
    let was_given = given.is_some();
    let mut regain = false;
    // A script has no eyes for an offer: its first line is the name.
    let has_user = has_user(&client.lock());
    let offer = if was_given || !has_user { None } else { last_name::offered(&client.dialer.server) };
    let (mut offer, mut reason) = (offer.unwrap_or_default(), String::new());
    if !was_given {
        client.note("CREATING NEW ID:");
    }
    loop {
        // What was refused once is not offered again.
        let nick = match given.take() {
            Some(nick) => nick,
            None => ask_name(client, input, name_by, &reason, std::mem::take(&mut offer))?,
        };
        let refusal = if names::is_nick(&nick) {
            let stream = match waiting.take() {
                Some((stream, since)) if since.elapsed() < PATIENCE => stream,
                _ => explained(client, &was_said, || client.open())?,
            };
            let claim = Claim { nick: &nick, regain: std::mem::take(&mut regain) };
            match explained(client, &was_said, || client.register(stream, claim)) {
                Ok(connection) => {
                    // It is for the person to choose what is offered to them.
                    if has_user {
                        last_name::remember(&client.dialer.server, &connection.nick);
                    }
                    return Ok(connection);
                }
                Err(Failure::Held(why)) => {
                    let question = format!("{why}. Take it from there?");
                    if client.dialer.take_over || has_user && agrees(client, input, "", &question) {
                        (given, regain) = (Some(nick), true);
                        continue;
                    }
                    format!("{why}; --take-over takes it from there")
                }
                Err(Failure::Name(reason)) => reason,
                Err(failure) => return Err(failure),
            }
        } else {
            bad_nick(&nick)
        };
        if was_given && !has_user {
            return Err(Failure::Name(format!("{refusal}; choose another with {name_by}")));
        }
        client.note(&*refusal);
        reason = refusal;
    }
}

/// Does something that waits for the server. If that takes long, a thread of its own says so, once.
fn explained<T>(client: &Client, was_said: &AtomicBool, work: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let explain = move || {
            let is_late = wait.recv_timeout(NOTICEABLE) == Err(RecvTimeoutError::Timeout);
            if is_late && !was_said.swap(true, Ordering::Relaxed) {
                client.note(format!("Connecting to {} ...", client.dialer.server));
            }
        };
        // Without a thread to say it, nobody does.
        let _ = thread::Builder::new().name("patience".to_owned()).spawn_scoped(scope, explain);
        let result = work();
        drop(done);
        result
    })
}

/// Asks for a name, once more for this reason. An empty line is the name that is offered.
fn ask_name(
    client: &Client,
    input: &mut dyn Source,
    name_by: &str,
    reason: &str,
    offer: String,
) -> Result<String, Failure> {
    let wants = Wants::Name { offer: offer.clone() };
    let Some(line) = ask(client, input, reason, "Enter username", wants) else {
        leave_if_asked(client);
        return Err(Failure::Name(format!("the input ended before a name was given; give one with {name_by}")));
    };
    if matches!(grammar::parse(&client.commands, &line), Input::Run(command, _) if command.name == "/quit") {
        leave(client);
    }
    let name = line.trim();
    Ok(if name.is_empty() { offer } else { name.to_owned() })
}
