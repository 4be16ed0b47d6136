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
//! - [`login`], [`connection`]: registering, asking for a name, starting the receiver thread
//! - [`sender`], [`command`], [`handlers`]: from a typed line to a message
//! - [`receiver`], [`incoming`], [`numerics`]: from a message to a printed line
//! - [`state`], [`screen`], [`seen`], [`blacklist`]: what both threads share, under one lock
//! - [`settings`]: the folder in which some of that outlives the client
//! - [`transfers`], [`progress`], [`kept`], [`announced`]: which files are under way, also under that lock
//! - [`worker`], [`upload`], [`source`], [`download`], [`part`]: one short-lived thread for each file under way
//! - [`directory`], [`multicast`]: multicast rooms: where they meet, and talking there
//! - [`prompt`]: the directory of such rooms alone
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
mod multicast;
mod numerics;
mod part;
mod progress;
mod prompt;
mod receiver;
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
use caller::Caller;
use clap::Parser;
use screen::Screen;
use state::Client;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    run(&Args::parse()).unwrap_or_else(|sentence| {
        leave::complain(&sentence);
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode, String> {
    let client = Client::new(Screen::standard(), Caller::new(args)?, args.multicast());
    leave::on_ctrl_c(&client)?;
    let mut input = io::stdin().lock();
    let mut state = client.lock();
    state.nick = args.nick.clone().unwrap_or_default();
    drop(state);
    if args.directory {
        prompt::prompt_loop(&client, args, &mut input);
        return Ok(leave::in_order(&client));
    }
    client.lock().set_target(Some(&args.room));
    login::connect(args, &client, &mut input)?;
    handlers::rooms::enter(&client, &args.room, "");
    handlers::files::resume(&client);
    client.lock().screen.tell("Welcome to chat room. Enter 'tata' anytime to exit");
    sender::sender_loop(&client, &mut input, |line, _| sender::act(&client, line));
    Ok(leave::in_order(&client))
}
