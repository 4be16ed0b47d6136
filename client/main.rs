//! The chat client: one thread reads stdin and sends, one thread reads the socket and prints.
//!
//! ```text
//!   stdin ──> sender_loop (main thread) ──────write──────┐
//!                   │                                    v
//!             Mutex<State>, Condvar                  one socket
//!                   │                                    │
//!  stdout <── receiver_loop ("receiver" thread) <──read──┘
//! ```
//!
//! - [`args`]: the command line
//! - [`caller`], [`known`]: connecting, with TLS, to a server that is known
//! - [`login`], [`connection`]: registering, asking for a name
//! - [`sender`], [`command`], [`handlers`]: from a typed line to a message
//! - [`receiver`], [`incoming`], [`numerics`]: from a message to a printed line
//! - [`state`], [`screen`], [`seen`], [`blacklist`]: what both threads share, under one lock
//! - [`settings`]: the folder in which some of that outlives the client
//! - [`transfers`], [`progress`], [`kept`], [`announced`]: which files are under way, also under that lock
//! - [`worker`], [`upload`], [`source`], [`download`], [`part`]: one short-lived thread for each file under way
//! - [`directory`], [`room`]: multicast rooms: where they meet, and talking there
//! - [`leave`]: the ways out

mod announced;
mod args;
mod blacklist;
mod caller;
mod command;
mod connection;
mod directory;
mod download;
mod handlers;
mod incoming;
mod kept;
mod known;
mod leave;
mod login;
mod numerics;
mod part;
mod progress;
mod receiver;
mod room;
mod screen;
mod seen;
mod sender;
mod settings;
mod source;
mod state;
mod transfers;
mod upload;
mod worker;

use args::Args;
use blacklist::Blacklist;
use caller::Caller;
use clap::Parser;
use screen::Screen;
use seen::Seen;
use state::Client;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|sentence| {
        leave::complain(&sentence);
        ExitCode::FAILURE
    })
}

fn run(args: Args) -> Result<ExitCode, String> {
    let client = Client::new(Screen::standard(), Caller::new(&args)?, args.multicast());
    leave::on_ctrl_c(&client)?;
    let mut input = io::stdin().lock();
    let connection = login::login(&args, &client, &mut input)?;
    let room = args.room.clone();
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
    state.transfers.set_up(&args, &connection.nick);
    state.set_target(Some(&room));
    state.resume(&connection);
    drop(state);

    let receiver = Arc::clone(&client);
    thread::Builder::new()
        .name("receiver".to_owned())
        .spawn(move || receiver::receiver_loop(&receiver, &args, connection))
        .map_err(|error| format!("cannot start a thread: {error}"))?;

    handlers::rooms::enter(&client, &room, "");
    handlers::files::resume(&client);
    client.lock().screen.tell("Welcome to chat room. Enter 'tata' anytime to exit");
    sender::sender_loop(&client, &mut input);
    Ok(leave::in_order(&client))
}
