//! The chat client: one thread reads stdin and sends, one thread reads the socket and prints.
//!
//! ```text
//!   stdin ──> input_loop (main thread) ───────write──────┐
//!                   │                                    v
//!             Mutex<State>, Condvar                  one socket
//!                   │                                    │
//!  stdout <── receiver_loop ("receiver" thread) <──read──┘
//! ```
//!
//! - [`args`]: the command line
//! - [`core`]: the chat: these two threads, one connection, the model, the commands, the plain terminal
//! - `mail`: messages that the server stored for us, each shown once
//! - `keys`: TLS, and servers that are known by their keys
//! - `files`: sending and fetching files, each by a thread and a connection of its own
//! - `directory`: the directory of multicast rooms, and its prompt
//! - `multicast`: talking in such a room
//! - `editor`: the terminal with line editing
//! - `web`: the chat in a window, a page that this program serves
//!
//! The wings are plugged in here and nowhere else.

mod args;
// In a smaller build some functions of the core have no caller.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod core;
#[cfg(feature = "directory")]
mod directory;
#[cfg(feature = "editor")]
mod editor;
#[cfg(feature = "files")]
#[cfg_attr(not(feature = "gui"), allow(dead_code, unused_imports))]
mod files;
#[cfg(feature = "tls")]
mod keys;
#[cfg(feature = "mail")]
mod mail;
#[cfg(feature = "multicast")]
mod multicast;
#[cfg(feature = "gui")]
mod web;

use crate::core::client::{Absent, Client, Wing};
use crate::core::dialer::Dialer;
use crate::core::options::CoreOptions;
use crate::core::terminal::{self, Terminal};
use crate::core::view::View;
use crate::core::{command, input, login, rooms, shutdown};
use args::Args;
use clap::Parser;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

/// The commands of wings, so that a build without one says how to get it.
const COMMANDS_OF_WINGS: Absent = &[
    ("tls", &["/fingerprint", "/release"]),
    ("files", &["/file", "!FILE", r"\file", "/files", "/get", "/cancel", "/decline"]),
    ("directory", &["/getdir", "/makeroom", "/deleteroom"]),
    ("multicast", &["/chat"]),
];

fn main() -> ExitCode {
    wire::os::keep_ignored_signals(false);
    run(&Args::parse()).unwrap_or_else(|sentence| {
        terminal::complain(&sentence);
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode, String> {
    let CoreOptions { server, password, nick, take_over, room, .. } = &args.core;
    let (take_over, password) = (*take_over, password.clone());
    let mut dialer = Dialer { server: server.clone(), password, take_over, ..Dialer::default() };
    #[allow(unused_mut)]
    let (mut wings, mut view): (_, Box<dyn View>) = (plug_in(args, &mut dialer)?, Box::new(Terminal::standard()));
    #[cfg(feature = "editor")]
    let editor = if args.core.plain_terminal { None } else { editor::plug_in(&args.editor, &mut wings, &mut view) };
    let client = Client::new(view, dialer, wings, command::core(), COMMANDS_OF_WINGS);
    shutdown::on_ctrl_c(&client)?;
    client.lock().model.nick = nick.clone().unwrap_or_default();
    let mut input: Box<dyn input::Source> = Box::new(io::stdin());
    #[cfg(feature = "editor")]
    if let Some(editor) = editor {
        input = editor.keyboard(&client)?;
    }
    #[cfg(feature = "gui")]
    if args.page.gui.is_some() {
        input = Box::new(web::WithPage::new(&client, input)?);
    }
    client.wings.iter().for_each(|wing| wing.start(&client, &mut client.lock()));
    #[cfg(feature = "directory")]
    if args.directory {
        #[cfg(feature = "gui")]
        if args.page.gui.is_some() {
            return Err("the directory prompt has no page: leave out --gui; or --directory, and /getdir in the page \
                        lists the rooms"
                .to_owned());
        }
        directory::prompt::prompt_loop(&client, &mut *input);
        return Ok(shutdown::in_order(&client));
    }
    client.lock().model.set_target(Some(room));
    login::start(&client, &mut *input)?;
    rooms::enter(&client, room, "");
    client.wings.iter().for_each(|wing| wing.ready(&client, &mut client.lock()));
    client.note("Welcome to chat room. Enter 'tata' anytime to exit");
    input::input_loop(&client, &mut *input, |line, _| input::act(&client, line));
    Ok(shutdown::in_order(&client))
}

/// Makes the wings of this build. In a smaller one some of them are absent, with whatever they alone need.
#[allow(unused_mut, unused_variables, clippy::unnecessary_wraps, clippy::vec_init_then_push)]
fn plug_in(args: &Args, dialer: &mut Dialer) -> Result<Vec<Arc<dyn Wing>>, String> {
    let mut wings: Vec<Arc<dyn Wing>> = Vec::new();
    #[cfg(feature = "mail")]
    wings.push(Arc::new(mail::Mail::default()));
    #[cfg(feature = "tls")]
    wings.push(keys::plug_in(args.pin, args.ca.as_deref(), args.plain, dialer)?);
    #[cfg(not(feature = "tls"))]
    refuse_keys(args, dialer)?;
    #[cfg(feature = "files")]
    let files = files::Files::new(&args.files, &args.core.server);
    #[cfg(feature = "files")]
    wings.push(Arc::clone(&files) as Arc<dyn Wing>);
    #[cfg(feature = "gui")]
    wings.extend(web::Page::plug_in(&args.page, &files)?.map(|page| page as Arc<dyn Wing>));
    #[cfg(feature = "directory")]
    wings.push(Arc::new(directory::Directory));
    let cipher: Option<wire::datagram::NewCipher> = None;
    #[cfg(feature = "tls")]
    let cipher = cipher.or(Some(wire::room_cipher::new));
    #[cfg(feature = "multicast")]
    wings.push(Arc::new(multicast::Multicast::new(&args.multicast, cipher)));
    #[cfg(feature = "directory")]
    if args.directory {
        // That prompt needs nothing of the server but the directory.
        wings.retain(|wing| wing.capability().is_none());
    }
    Ok(wings)
}

#[cfg(not(feature = "tls"))]
fn refuse_keys(args: &Args, dialer: &mut Dialer) -> Result<(), String> {
    let warning = "This client was built without TLS: everybody on the way can read all of this, and change it";
    dialer.warning = Some(warning);
    let why = "this client was built without TLS, so it has no use for --pin and --ca; build it with --features tls";
    if args.pin.is_some() || args.ca.is_some() { Err(why.to_owned()) } else { Ok(()) }
}

#[cfg(all(test, feature = "full"))]
mod tests;
