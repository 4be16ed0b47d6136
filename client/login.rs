//! The first connection: asks for a name until the server takes one, and starts the receiver thread.
//!
//! Run by the main thread before there is a receiver thread; the state is locked only to print.

use crate::args::Args;
use crate::blacklist::Blacklist;
use crate::command::{self, Input};
use crate::connection::{self, Connection, Failure};
use crate::handlers::bad_nick;
use crate::leave;
use crate::receiver;
use crate::seen::Seen;
use crate::sender;
use crate::state::Client;
use std::io::BufRead;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::names;

/// Servers wait about 30 s for a name. Whoever takes longer than this gets a new connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects, takes up what is known of the name, and starts the receiver thread; an error is one sentence for the user.
pub fn connect(args: &Args, client: &Arc<Client>, input: &mut impl BufRead) -> Result<JoinHandle<()>, String> {
    let connection = login(args, client, input)?;
    let mut state = client.lock();
    let (blacklist, loaded) = Blacklist::load(&connection.nick);
    if let Err(error) = loaded {
        state.screen.tell(&format!("The blacklist cannot be read ({error}); it will not be saved either"));
    }
    state.blacklist = blacklist;
    let (seen, loaded) = Seen::load(&connection.nick);
    if let Err(error) = loaded {
        state.screen.tell(&format!("What you have read cannot be remembered ({error}); a message may be shown twice"));
    }
    state.screen.seen = seen;
    if !args.directory {
        state.transfers.set_up(args, &connection.nick);
    }
    state.resume(&connection);
    state.is_receiving = true;
    drop(state);
    let (share, args) = (Arc::clone(client), args.clone());
    let receiver = move || {
        receiver::receiver_loop(&share, &args, connection);
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
fn login(args: &Args, client: &Client, input: &mut impl BufRead) -> Result<Connection, String> {
    // Before a name is asked for, so that a wrong address shows at once.
    let mut waiting = Some((connection::open(client).map_err(sentence)?, Instant::now()));
    let mut given = Some(client.lock().nick.clone()).filter(|nick| !nick.is_empty());
    let was_given = given.is_some();
    if !was_given {
        client.lock().screen.tell("CREATING NEW ID:");
    }
    loop {
        let nick = given.take().map_or_else(|| ask(args, client, input), Ok)?;
        let refusal = if names::is_nick(&nick) {
            let stream = match waiting.take() {
                Some((stream, since)) if since.elapsed() < PATIENCE => stream,
                _ => connection::open(client).map_err(sentence)?,
            };
            match connection::register(stream, args, &nick) {
                Ok(connection) => return Ok(connection),
                Err(Failure::Name(reason)) => reason,
                Err(failure) => return Err(sentence(failure)),
            }
        } else {
            bad_nick(&nick)
        };
        if was_given && sender::is_script() {
            let how = how_to_choose(args);
            return Err(format!("{refusal}; choose another with {how}"));
        }
        client.lock().screen.tell(&refusal);
    }
}

fn sentence(failure: Failure) -> String {
    let (Failure::Name(sentence) | Failure::Refused(sentence) | Failure::Lost(sentence)) = failure;
    sentence
}

fn how_to_choose(args: &Args) -> &'static str {
    if args.directory { "name NEW" } else { "--nick" }
}

fn ask(args: &Args, client: &Client, input: &mut impl BufRead) -> Result<String, String> {
    client.lock().screen.ask("Enter username: ");
    let Some(line) = sender::read_line(input) else {
        client.lock().screen.end_line();
        return Err(format!("the input ended before a name was given; give one with {}", how_to_choose(args)));
    };
    if matches!(command::parse(&line), Input::Run(command, _) if command.name == "/quit") {
        client.lock().screen.tell("DISCONNECTED!!");
        leave::at_once(client);
    }
    Ok(line.trim().to_owned())
}
