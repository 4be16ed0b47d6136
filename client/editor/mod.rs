//! The terminal with line editing: a view of the model, and the source of lines in place of the standard input.
//!
//! ```text
//!   keys ──> keyboard (main thread, in the input loop's read) ──lines──> input loop
//!                 │ locks the state, then the editor
//!                 v
//!            editor: prompt, transcript, unseen ──> screen ──one write──> terminal
//!                 ^
//!   events ──> view (any thread, with the state locked)
//! ```
//!
//! From the bottom up; a file uses only files above it in this list.
//!
//! - [`limits`]: every limit, with its reason
//! - [`key`]: from bytes to keys; [`tty`]: raw mode, reading keys, the window's size
//! - [`style`], [`clock`], [`layout`]: colours, local times, rows and columns
//! - [`screen`]: the rows of the prompt below all that is printed
//! - [`line`], [`history`], [`completion`]: the line, and ways to fill it; [`lines`]: what its rows mean
//! - [`paste`]: what becomes of a paste; [`prompt`]: what each key does
//! - [`targets`], [`drafts`]: where lines go; half-typed lines of other conversations
//! - [`passers`], [`transcript`], [`unseen`]: those who come and go; from events to lines; what waits in other rooms
//! - [`view`]: all of this together; [`keyboard`]: reads lines from it; [`keys`]: the table for `/keys`
//!
//! It uses three hooks of the core: a view, `commands`, and `abandon`, to undo the raw mode when the program ends at once.

mod clock;
mod completion;
mod drafts;
mod history;
mod key;
mod keyboard;
mod keys;
mod layout;
mod limits;
mod line;
mod lines;
mod passers;
mod paste;
mod prompt;
mod screen;
mod style;
mod targets;
mod transcript;
mod tty;
mod unseen;
mod view;

use crate::core::client::{Client, Command, Wing};
use crate::core::input::Source;
use crate::core::view::View;
use clap::ArgAction;
use clock::Clock;
use screen::Screen;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::{env, panic, thread};
use style::Style;
use transcript::Transcript;
use tty::Modes;
use view::{Editor, SharedEditor};

/// The options of the terminal on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct EditorOptions {
    /// Whether the time stands before what people say; in the plain terminal it never does
    #[arg(long, value_name = "on|off", default_value = "on", action = ArgAction::Set, value_parser = is_on)]
    pub times: bool,
}

fn is_on(given: &str) -> Result<bool, String> {
    match given {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("say on or off".to_owned()),
    }
}

/// The editor, plugged in.
pub struct Plug {
    editor: Arc<Mutex<Editor>>,
    modes: Arc<Modes>,
}

/// The editor as a wing: its commands. When the program ends at once, the terminal gets its modes back, whoever holds the
/// locks.
struct EditorWing {
    editor: Arc<Mutex<Editor>>,
    modes: Arc<Modes>,
}

impl Wing for EditorWing {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let keys = |client: &Client, _: &str| keys::rows().into_iter().for_each(|row| client.note(row));
        let clear = move |client: &Client, _: &str| {
            let _state = client.lock();
            view::lock(&self.editor).clear();
        };
        vec![
            Command::new("/keys", "", &[], "What the keys do while you type", keys).everyday(),
            Command::new("/clear", "", &[], "Clear the window, as Ctrl-L does", clear),
        ]
    }

    fn abandon(&self, _: &Client) {
        self.modes.end();
    }
}

/// Takes the place of the plain terminal, where there is a terminal that can do what the editor needs. Called before there
/// is another thread.
pub fn plug_in(options: &EditorOptions, wings: &mut Vec<Arc<dyn Wing>>, view: &mut Box<dyn View>) -> Option<Plug> {
    let is_capable = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    if !is_capable || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return None;
    }
    let (modes, output) = (Arc::new(Modes::of_terminal().ok()?), tty::output().ok()?);
    let style = Style::of_terminal();
    let screen = Screen::new(output, style, is_xterm(), tty::size());
    let transcript = Transcript::new(style, Clock::local(), options.times);
    let editor = Arc::new(Mutex::new(Editor::new(screen, transcript, Some(Arc::clone(&modes)))));
    *view = Box::new(SharedEditor(Arc::clone(&editor)));
    wings.push(Arc::new(EditorWing { editor: Arc::clone(&editor), modes: Arc::clone(&modes) }));
    restore_after_panic(Arc::clone(&modes));
    Some(Plug { editor, modes })
}

/// Whether the terminal is xterm, as far as it says so: not from within tmux, and not through ssh.
fn is_xterm() -> bool {
    env::var_os("XTERM_VERSION").is_some() && env::var_os("TMUX").is_none()
}

/// Lets a panic be read in a terminal that works. That of the main thread ends the program. Another thread's does not, or
/// by `abandon`.
fn restore_after_panic(modes: Arc<Modes>) {
    let (report, main) = (panic::take_hook(), thread::current().id());
    panic::set_hook(Box::new(move |panic| {
        // Below the prompt, which cannot be erased, since its lock may be held.
        let _ = if thread::current().id() == main {
            modes.end();
            write!(io::stderr(), "{}", screen::AFTER_PANIC)
        } else {
            write!(io::stderr(), "\r\n")
        };
        report(panic);
    }));
}

impl Plug {
    /// The source of lines.
    pub fn keyboard(&self, client: &Arc<Client>) -> Result<Box<dyn Source>, String> {
        let keyboard = keyboard::Keyboard::new(client, &self.editor, &self.modes);
        keyboard.map(|keyboard| Box::new(keyboard) as _).map_err(|error| format!("cannot read the keyboard: {error}"))
    }
}

#[cfg(test)]
mod tests;
