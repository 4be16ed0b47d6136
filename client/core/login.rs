//! The first connection: asks for a name until the server takes one, and starts the receiver thread.
//!
//! Run by the main thread before there is a receiver thread; the state is locked for a moment at a time.

use super::arguments::bad_nick;
use super::blacklist::Blacklist;
use super::client::{Client, is_script};
use super::connection::{Claim, Connection};
use super::dialer::Failure;
use super::grammar::{self, Input};
use super::limits::PATIENCE;
use super::{input, receiver, shutdown};
use std::io::BufRead;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;
use wire::names;

/// Connects, loads the blacklist of the name, and starts the receiver thread; an error is one sentence for the user.
///
/// `name_by` says how the user chooses a name. The receiver thread calls `give_up` when it cannot connect again.
pub fn connect(
    client: &Arc<Client>,
    input: &mut impl BufRead,
    name_by: &str,
    give_up: fn(&Client, Failure),
) -> Result<JoinHandle<()>, String> {
    let connection = login(client, input, name_by)?;
    let mut state = client.lock();
    state.blacklist = Blacklist::load(&connection.nick).unwrap_or_else(|error| {
        state.note(format!("The blacklist cannot be read ({error}); it will not be saved either"));
        Blacklist::default()
    });
    client.resume(&mut state, &connection, true);
    state.is_receiving = true;
    drop(state);
    let share = Arc::clone(client);
    let receiver = move || {
        receiver::receiver_loop(&share, connection, give_up);
        share.lock().is_receiving = false;
        share.signal();
    };
    thread::Builder::new().name("receiver".to_owned()).spawn(receiver).map_err(|error| {
        let mut state = client.lock();
        (state.is_receiving, state.stream) = (false, None);
        format!("cannot start a thread: {error}")
    })
}

/// Connects and registers, under the name that the user has chosen, if any.
fn login(client: &Client, input: &mut impl BufRead, name_by: &str) -> Result<Connection, String> {
    // Before a name is asked for, so that a wrong address shows at once.
    let mut waiting = Some((client.open().map_err(Failure::why)?, Instant::now()));
    let mut given = Some(client.lock().model.nick.clone()).filter(|nick| !nick.is_empty());
    let was_given = given.is_some();
    let mut regain = false;
    if !was_given {
        client.note("CREATING NEW ID:");
    }
    loop {
        let nick = given.take().map_or_else(|| ask(client, input, name_by), Ok)?;
        let refusal = if names::is_nick(&nick) {
            let stream = match waiting.take() {
                Some((stream, since)) if since.elapsed() < PATIENCE => stream,
                _ => client.open().map_err(Failure::why)?,
            };
            match client.register(stream, Claim { nick: &nick, regain: std::mem::take(&mut regain) }) {
                Ok(connection) => return Ok(connection),
                Err(Failure::Held(why)) => {
                    if client.dialer.take_over || !is_script() && wants(client, input, &why) {
                        (given, regain) = (Some(nick), true);
                        continue;
                    }
                    format!("{why}; --take-over takes it from there")
                }
                Err(Failure::Name(reason)) => reason,
                Err(failure) => return Err(failure.why()),
            }
        } else {
            bad_nick(&nick)
        };
        if was_given && is_script() {
            return Err(format!("{refusal}; choose another with {name_by}"));
        }
        client.note(refusal);
    }
}

/// Whether the user wants to have a name that another client of theirs has.
fn wants(client: &Client, input: &mut impl BufRead, why: &str) -> bool {
    client.lock().view.ask(&format!("{why}. Take it from there? [y/N] "));
    let Some(line) = input::read_line(client, input) else {
        client.lock().view.end_line();
        return false;
    };
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn ask(client: &Client, input: &mut impl BufRead, name_by: &str) -> Result<String, String> {
    client.lock().view.ask("Enter username: ");
    let Some(line) = input::read_line(client, input) else {
        client.lock().view.end_line();
        return Err(format!("the input ended before a name was given; give one with {name_by}"));
    };
    if matches!(grammar::parse(&client.commands, &line), Input::Run(command, _) if command.name == "/quit") {
        client.note("DISCONNECTED!!");
        shutdown::drain(&mut client.lock());
        shutdown::at_once(client);
    }
    Ok(line.trim().to_owned())
}
