//! The client: the state under its lock, the signal that it has changed, and the wings that are plugged in.
//!
//! The main thread and the receiver thread share it. The receiver signals `changed` after each read, and the main
//! thread waits for that where it needs an answer. A wing has a lock of its own, taken only after the state's.

use super::connection::{self, Connection};
use super::dialer::{Dialer, Failure};
use super::event::{Origin, Receipt};
use super::state::{MOST_UNCONFIRMED, State};
use super::view::View;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use wire::message::Message;
use wire::stream::Stream;

/// A wait that is longer than this is explained to the user.
pub const NOTICEABLE: Duration = Duration::from_secs(1);
/// How often a read returns without bytes, so that the reader can look at the clock.
pub const TICK: Duration = Duration::from_millis(200);
/// How long the server may take no byte of what we write before the connection counts as lost.
const WRITE: Duration = Duration::from_secs(10);

/// Whether the input is no terminal: then no user sees an error in time to react.
pub fn is_script() -> bool {
    !io::stdin().is_terminal()
}

/// The state, its lock and its signal.
pub struct Client {
    state: Mutex<State>,
    changed: Condvar,
    pub dialer: Dialer,
    /// The server's password, where it wants one.
    password: Option<String>,
    pub wings: Vec<Arc<dyn Wing>>,
    /// Every command, in the order in which `/help` lists them.
    pub commands: Vec<Command>,
    /// The commands of all wings, those that this build has not among them.
    pub absent: &'static [Absent],
    /// Itself, for the threads that it starts.
    shared: Weak<Client>,
}

/// A set of features that plugs into the core. Each function is a hook; a wing overrides those that it needs.
pub trait Wing: Send + Sync {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        Vec::new()
    }

    /// The capability that the wing asks the server for.
    fn capability(&self) -> Option<&'static str> {
        None
    }

    /// We are registered on a new connection, for the first time since the user connected or after it was lost.
    fn connected(&self, _client: &Client, _state: &mut State, _is_first: bool) {}

    /// The user is in the first room and can type.
    fn ready(&self, _client: &Client, _state: &mut State) {}

    /// The user has disconnected and may connect again, under another name.
    fn disconnected(&self) {}

    /// A message came that is not from the blacklist; true when it was for the wing.
    fn message(&self, _client: &Client, _state: &mut State, _message: &Message<'_>) -> bool {
        false
    }

    /// Whether a message, to us alone or to a room, has come before, and the receipt to call when it is shown.
    fn novelty(&self, _message: &Message<'_>, _is_private: bool) -> (Novelty, Option<Box<dyn Receipt>>) {
        (Novelty::New, None)
    }

    /// We have another name.
    fn renamed(&self, _nick: &str) {}

    /// The user wants to see nothing more of somebody.
    fn blacklisted(&self, _nick: &str) {}

    /// Called after each read from the server and several times a second.
    fn tick(&self, _client: &Client, _state: &mut State) {}

    /// A line was typed; true when it was for the wing.
    fn typed(&self, _client: &Client, _line: &str) -> bool {
        false
    }

    /// The user wants to go one step back (Ctrl-D); false when there is none in the wing.
    fn back(&self, _client: &Client) -> bool {
        false
    }

    /// The user leaves in order: finishes what is under way. A sentence says what was not finished.
    fn finish(&self, _client: &Client) -> Option<String> {
        None
    }

    /// The program ends at once.
    fn abandon(&self, _client: &Client) {}
}

/// Whether a message has come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    Duplicate,
    /// It may have been shown by an earlier run of the client, which ended at that moment.
    Uncertain,
}

/// One command.
pub struct Command {
    /// The canonical spelling.
    pub name: &'static str,
    /// The arguments after it; a word in brackets may be left out.
    pub arguments: &'static str,
    /// Other spellings, most of them from the systems that this one follows.
    pub aliases: &'static [&'static str],
    /// One sentence for `/help`.
    pub help: &'static str,
    /// Carries it out, given what follows the command.
    pub run: Handler,
}

pub type Handler = Box<dyn Fn(&Client, &str) + Send + Sync>;

/// A Cargo feature and its commands, which may be absent from this build.
pub struct Absent {
    pub feature: &'static str,
    pub commands: &'static [&'static str],
}

impl Client {
    /// The last command of the core stays the last one of all.
    pub fn new(
        view: Box<dyn View>,
        dialer: Dialer,
        password: Option<String>,
        wings: Vec<Arc<dyn Wing>>,
        mut commands: Vec<Command>,
        absent: &'static [Absent],
    ) -> Arc<Self> {
        let at = commands.len().saturating_sub(1);
        commands.splice(at..at, wings.iter().flat_map(|wing| Arc::clone(wing).commands()));
        let state = Mutex::new(State::new(view));
        Arc::new_cyclic(|shared| Client {
            state,
            changed: Condvar::new(),
            dialer,
            password,
            wings,
            commands,
            absent,
            shared: Weak::clone(shared),
        })
    }

    /// A share of the ownership, for a new thread; `None` when nobody owns it any more.
    pub fn share(&self) -> Option<Arc<Self>> {
        self.shared.upgrade()
    }

    /// Locks the state. A thread that panicked left nothing half done that another could trip over.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says a sentence about the client itself, or answers a command.
    pub fn note(&self, sentence: impl Into<String>) {
        self.lock().note(sentence);
    }

    /// Wakes the threads that wait until the state has changed.
    pub fn signal(&self) {
        self.changed.notify_all();
    }

    /// Waits while `waiting` holds, at most for `time`; the state as it is then.
    pub fn wait_while(&self, time: Duration, mut waiting: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| waiting(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Opens a connection, and shows what the dialer says about it.
    pub fn open(&self) -> Result<Stream, Failure> {
        let (stream, news) = self.dialer.dial()?;
        news.iter().flat_map(|news| news.lines()).for_each(|line| self.note(line));
        let socket = stream.socket();
        let armed = socket.set_read_timeout(Some(TICK)).and_then(|()| socket.set_write_timeout(Some(WRITE)));
        armed.map_err(|error| Failure::Lost(error.to_string()))?;
        Ok(stream)
    }

    /// Registers on a connection that was just opened.
    pub fn register(&self, stream: Stream, nick: &str) -> Result<Connection, Failure> {
        let capabilities = self.wings.iter().filter_map(|wing| wing.capability());
        connection::register(stream, self.password.as_deref(), capabilities, nick)
    }

    /// Goes on with a new connection.
    pub fn resume(&self, state: &mut State, connection: &Connection, is_first: bool) {
        state.resume(connection);
        self.wings.iter().for_each(|wing| wing.connected(self, state, is_first));
    }

    /// Ends a sleep that is over, and lets wings do what is due.
    pub fn tick(&self, state: &mut State) {
        state.wake_in_time();
        self.wings.iter().for_each(|wing| wing.tick(self, state));
    }

    /// Sends a message, now or as soon as there is a connection; waits when too much is unconfirmed.
    pub fn send(&self, verb: &str, params: &[&str]) {
        self.send_after(verb, params, |_| ());
    }

    /// The same with a request, to collect the answer; its number.
    pub fn request(&self, kind: &'static str, about: &str, verb: &str, params: &[&str]) -> u64 {
        self.send_after(verb, params, |state| state.pending.add(kind, about))
    }

    fn send_after<T>(&self, verb: &str, params: &[&str], before: impl FnOnce(&mut State) -> T) -> T {
        let message = Message { verb, params: params.to_vec(), ..Message::default() };
        let mut state = self.lock();
        if !state.is_connected() && state.view.is_interactive() {
            state.note("not connected; will be sent when the connection is back");
            if state.is_full() {
                state.note(format!("{MOST_UNCONFIRMED} lines wait for it already, so the next has to wait as well"));
            }
        }
        let waited = self.changed.wait_while(state, |state| state.is_full());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let result = before(&mut state);
        state.send(&message);
        result
    }

    /// Waits until the server has answered all that was sent. A terminal does not wait for a lost
    /// connection: its user sees what is going on.
    pub fn wait_for_answers(&self, time: Duration) -> MutexGuard<'_, State> {
        let lost_on_terminal = |state: &State| !state.is_connected() && state.view.is_interactive();
        let waiting = |state: &State| !state.unconfirmed.is_empty() && !lost_on_terminal(state);
        let mut state = self.wait_while(NOTICEABLE, waiting);
        if waiting(&state) && state.view.is_interactive() {
            state.note("Waiting for the server to answer ...");
        }
        drop(state);
        self.wait_while(time, waiting)
    }

    /// The metadata of a message; `None` when it has come before.
    pub fn origin(&self, message: &Message<'_>, is_private: bool) -> Option<Origin> {
        let own = |key| message.tag(key).map(std::borrow::Cow::into_owned);
        let (id, time, waited) = (own("msgid"), own("time"), message.tag("groupchat/waited").is_some());
        let mut origin = Origin { id, time, waited, ..Origin::default() };
        for wing in &self.wings {
            let (novelty, receipt) = wing.novelty(message, is_private);
            if novelty == Novelty::Duplicate {
                return None;
            }
            origin.uncertain |= novelty == Novelty::Uncertain;
            origin.receipt = origin.receipt.or(receipt);
        }
        Some(origin)
    }
}
