//! The first connection: asks for a name until the server takes one, and starts the receiver thread.
//!
//! Run by the main thread before there is a receiver thread; the state is locked only to print.

use super::arguments::bad_nick;
use super::blacklist::Blacklist;
use super::client::{Client, is_script};
use super::command::{self, Input};
use super::connection::Connection;
use super::dialer::Failure;
use super::input;
use super::receiver;
use super::shutdown;
use std::io::BufRead;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::names;

/// Servers wait about 30 s for a name. A user who takes longer than this gets a new connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The differences between the chat and the directory prompt when there is no connection.
#[derive(Clone, Copy)]
pub struct Manners {
    /// How the user chooses a name.
    pub how_to_choose: &'static str,
    /// Called by the receiver thread when it cannot connect again.
    pub give_up: fn(&Client, Failure),
}

/// Connects, loads the blacklist of the name, and starts the receiver thread; an error is one sentence for the user.
pub fn connect(client: &Arc<Client>, manners: Manners, input: &mut impl BufRead) -> Result<JoinHandle<()>, String> {
    let connection = login(client, manners, input)?;
    let mut state = client.lock();
    let (blacklist, loaded) = Blacklist::load(&connection.nick);
    if let Err(error) = loaded {
        state.note(format!("The blacklist cannot be read ({error}); it will not be saved either"));
    }
    state.blacklist = blacklist;
    client.resume(&mut state, &connection, true);
    state.is_receiving = true;
    drop(state);
    let share = Arc::clone(client);
    let receiver = move || {
        receiver::receiver_loop(&share, connection, manners.give_up);
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
fn login(client: &Client, manners: Manners, input: &mut impl BufRead) -> Result<Connection, String> {
    // Before a name is asked for, so that a wrong address shows at once.
    let mut waiting = Some((client.open().map_err(sentence)?, Instant::now()));
    let mut given = Some(client.lock().model.nick.clone()).filter(|nick| !nick.is_empty());
    let was_given = given.is_some();
    if !was_given {
        client.note("CREATING NEW ID:");
    }
    loop {
        let nick = given.take().map_or_else(|| ask(client, manners, input), Ok)?;
        let refusal = if names::is_nick(&nick) {
            let stream = match waiting.take() {
                Some((stream, since)) if since.elapsed() < PATIENCE => stream,
                _ => client.open().map_err(sentence)?,
            };
            match client.register(stream, &nick) {
                Ok(connection) => return Ok(connection),
                Err(Failure::Name(reason)) => reason,
                Err(failure) => return Err(sentence(failure)),
            }
        } else {
            bad_nick(&nick)
        };
        if was_given && is_script() {
            return Err(format!("{refusal}; choose another with {}", manners.how_to_choose));
        }
        client.note(refusal);
    }
}

fn sentence(failure: Failure) -> String {
    let (Failure::Name(sentence) | Failure::Refused(sentence) | Failure::Lost(sentence)) = failure;
    sentence
}

fn ask(client: &Client, manners: Manners, input: &mut impl BufRead) -> Result<String, String> {
    client.lock().view.ask("Enter username: ");
    let Some(line) = input::read_line(input) else {
        client.lock().view.end_line();
        return Err(format!("the input ended before a name was given; give one with {}", manners.how_to_choose));
    };
    if matches!(command::parse(&client.commands, &line), Input::Run(command, _) if command.name == "/quit") {
        client.note("DISCONNECTED!!");
        shutdown::at_once(client);
    }
    Ok(line.trim().to_owned())
}
