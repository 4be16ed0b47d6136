//! The first connection: asks for a name until the server takes one.
//!
//! Run by the main thread before there is a receiver thread; the state is locked only to print.

use crate::args::Args;
use crate::command::{self, Input};
use crate::connection::{self, Connection, Failure};
use crate::handlers::bad_nick;
use crate::leave;
use crate::sender;
use crate::state::Client;
use std::io::{self, BufRead, IsTerminal};
use std::time::{Duration, Instant};
use wire::names;

/// Servers wait about 30 s for a name. Whoever takes longer than this gets a new connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects and registers; an error is one sentence for the user.
pub fn login(args: &Args, client: &Client, input: &mut impl BufRead) -> Result<Connection, String> {
    // Before a name is asked for, so that a wrong address shows at once.
    let mut waiting = Some((connection::open(client).map_err(sentence)?, Instant::now()));
    let mut given = args.nick.clone();
    if given.is_none() {
        client.lock().screen.tell("CREATING NEW ID:");
    }
    loop {
        let nick = given.take().map_or_else(|| ask(client, input), Ok)?;
        let refusal = if names::is_nick(&nick) {
            let stream = match waiting.take() {
                Some((stream, since)) if since.elapsed() < PATIENCE => stream,
                _ => connection::open(client).map_err(sentence)?,
            };
            match connection::register(stream, args.password.as_deref(), &nick) {
                Ok(connection) => return Ok(connection),
                Err(Failure::Name(reason)) => reason,
                Err(failure) => return Err(sentence(failure)),
            }
        } else {
            bad_nick(&nick)
        };
        if args.nick.is_some() && !io::stdin().is_terminal() {
            return Err(format!("{refusal}; choose another with --nick"));
        }
        client.lock().screen.tell(&refusal);
    }
}

fn sentence(failure: Failure) -> String {
    let (Failure::Name(sentence) | Failure::Refused(sentence) | Failure::Lost(sentence)) = failure;
    sentence
}

fn ask(client: &Client, input: &mut impl BufRead) -> Result<String, String> {
    client.lock().screen.ask("Enter username: ");
    let Some(line) = sender::read_line(input) else {
        client.lock().screen.end_line();
        return Err("the input ended before a name was given; give one with --nick".into());
    };
    if matches!(command::parse(&line), Input::Run(command, _) if command.name == "/quit") {
        client.lock().screen.tell("DISCONNECTED!!");
        leave::at_once(client);
    }
    Ok(line.trim().to_owned())
}
