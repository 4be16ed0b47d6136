//! The client: the state under its lock, the signal that it has changed, and the wings that are plugged in.
//!
//! The main thread and the receiver thread share it. The receiver signals `changed` after each read, and the main
//! thread waits for that where it needs an answer. A wing's own lock is taken only after the state's, since most
//! hooks are called with the state locked. A lock that no such hook needs may come before it; its file then says so.

use super::connection::{self, Claim, Connection};
use super::dialer::{Dialer, Failure};
use super::event::{Kind, Origin};
use super::limits::{MOST_UNCONFIRMED, NOTICEABLE, REPLY_TIMEOUT, TAG, WRITE};
use super::model::Placed;
use super::script;
use super::state::State;
use super::view::{Beside, View};
use std::io::{self, IsTerminal};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use wire::message::Message;
use wire::stream::Stream;
use wire::text::truncate;
use wire::time::is_iso8601;

/// Whether the input is no terminal: then no user sees an error in time to react.
pub fn is_script() -> bool {
    !io::stdin().is_terminal()
}

/// Whether there is somebody to ask and to remember a name for.
pub fn has_user(state: &State) -> bool {
    !is_script() || state.view.is_window()
}

/// The state, its lock and its signal.
pub struct Client {
    state: Mutex<State>,
    changed: Condvar,
    pub dialer: Dialer,
    pub wings: Vec<Arc<dyn Wing>>,
    /// Every command, in the order in which `/help` lists them.
    pub commands: Vec<Command>,
    /// The commands of all wings, including those that this build does not have.
    pub absent: Absent,
    /// Itself, for the threads that it starts.
    shared: Weak<Client>,
}

/// A set of features that plugs into the core. Each function is a hook; a wing overrides those that it needs.
///
/// The hooks from `start` to `tick` are called with the state locked, the others without.
pub trait Wing: Send + Sync {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        Vec::new()
    }

    /// A view of the model that the wing has, beside the terminal.
    fn view(&self) -> Option<Box<dyn View>> {
        None
    }

    /// The capability that the wing asks the server for.
    fn capability(&self) -> Option<&'static str> {
        None
    }

    /// The client starts: it has no connection, and nothing was asked yet.
    fn start(&self, _client: &Client, _state: &mut State) {}

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

    /// Whether a message has not come before; `is_private` when it is for us alone. The wing may add to its metadata.
    fn is_new(&self, _message: &Message<'_>, _is_private: bool, _origin: &mut Origin) -> bool {
        true
    }

    /// We have another name, which the user has chosen.
    fn renamed(&self, _nick: &str) {}

    /// The user wants to see nothing more of somebody.
    fn blacklisted(&self, _nick: &str) {}

    /// Called after each read from the server and after a sleep. It is called again after the returned time, even if
    /// nothing comes; what gives a wing something to do in time has to come from the server, or another thread does it.
    fn tick(&self, _client: &Client, _state: &mut State) -> Option<Duration> {
        None
    }

    /// A line was typed, at the terminal or in a view that says where it goes, or the input of the terminal ended (Ctrl-D),
    /// which leads one step back; true when it was for the wing.
    fn typed(&self, _client: &Client, _line: Option<&str>) -> bool {
        false
    }

    /// The user leaves in order: finishes what is under way. A sentence says what was not finished.
    fn finish(&self, _client: &Client) -> Option<String> {
        None
    }

    /// The program ends at once.
    fn abandon(&self, _client: &Client) {}

    /// After that, when everything has been said. `by_user` when the user wants it to end, and so types nothing more for it.
    fn settle(&self, _by_user: bool) {}
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
    /// One of the dozen that `/help` shows by itself.
    pub is_everyday: bool,
    /// It is about the conversation of the chat in which the user is. In a wing's mode it is refused.
    pub is_of_chat: bool,
    /// It says where the next lines go. Where it fails in a script, those lines must not go where the ones before went.
    pub leads_elsewhere: bool,
    /// Carries it out, given what follows the command.
    pub run: Handler,
}

pub type Handler = Box<dyn Fn(&Client, &str) + Send + Sync>;

/// Cargo features, each with its commands, which may be absent from this build.
pub type Absent = &'static [(&'static str, &'static [&'static str])];

/// The right to carry out a line, which one thread has at a time: where its text goes, and why it is refused, is part of
/// the state. It ends when this is dropped, which locks the state.
pub struct Turn<'a>(&'a Client);

impl Turn<'_> {
    /// Ends it; what has become of a line that said where it goes.
    pub fn end(self) -> Option<Placed> {
        self.0.lock().model.placed.take()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        (state.has_turn, state.model.placed, state.pending.line) = (false, None, None);
        drop(state);
        self.0.signal();
    }
}

impl Client {
    /// Plugs the wings in. Their commands stand before the last one of the core, `/help`.
    pub fn new(
        view: Box<dyn View>,
        dialer: Dialer,
        wings: Vec<Arc<dyn Wing>>,
        mut commands: Vec<Command>,
        absent: Absent,
    ) -> Arc<Self> {
        let at = commands.len().saturating_sub(1);
        commands.splice(at..at, wings.iter().flat_map(|wing| Arc::clone(wing).commands()));
        let views = wings.iter().filter_map(|wing| wing.view());
        let view = views.fold(view, |view, other| Box::new(Beside(view, other)));
        let state = Mutex::new(State::new(view));
        Arc::new_cyclic(|shared| Client {
            state,
            changed: Condvar::new(),
            dialer,
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

    /// Says why the line that is being carried out is not; a script fails with it.
    pub fn refuse(&self, sentence: impl Into<String>) {
        self.lock().refuse(sentence);
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

    /// Waits until no other thread carries out a line; `None` when that takes too long. The line comes from the terminal,
    /// or says itself where it goes.
    pub fn turn(&self, patience: Duration, placed: Option<Placed>) -> Option<Turn<'_>> {
        let mut state = self.wait_while(patience, |state| state.has_turn);
        if state.has_turn {
            return None;
        }
        state.lines += 1;
        state.pending.line = placed.is_some().then_some(state.lines);
        (state.has_turn, state.model.placed) = (true, placed);
        Some(Turn(self))
    }

    /// Opens a connection, and shows what the dialer says about it.
    pub fn open(&self) -> Result<Stream, Failure> {
        let (stream, news) = self.dialer.dial()?;
        news.iter().flat_map(|news| news.lines()).for_each(|line| self.note(line));
        stream.socket().set_write_timeout(Some(WRITE)).map_err(|error| Failure::Lost(error.to_string()))?;
        Ok(stream)
    }

    /// Registers on a connection that was just opened.
    pub fn register(&self, stream: Stream, claim: Claim<'_>) -> Result<Connection, Failure> {
        let capabilities: Vec<_> = self.wings.iter().filter_map(|wing| wing.capability()).collect();
        let waiting = || {
            let nick = claim.nick;
            self.note(format!("Another connection of yours has the name {nick}; is it still there? One moment ..."));
        };
        connection::register(stream, self.dialer.password.as_deref(), &capabilities, claim, waiting)
    }

    /// Goes on with a new connection.
    pub fn resume(&self, state: &mut State, connection: &Connection, is_first: bool) {
        if connection.nick != connection.asked_nick {
            state.emit(Kind::WeAreCalled(connection.nick.clone()));
        }
        state.resume(connection);
        self.wings.iter().for_each(|wing| wing.connected(self, state, is_first));
    }

    /// Ends a sleep whose time has passed, and calls the wings; after the returned time there is something to do again.
    pub fn tick(&self, state: &mut State) -> Option<Duration> {
        let left = state.sleeps_until().map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            state.wake();
        }
        let left = left.filter(|left| !left.is_zero());
        self.wings.iter().filter_map(|wing| wing.tick(self, state)).chain(left).min()
    }

    /// Sends a message, now or as soon as there is a connection; waits when too much is unconfirmed, and in a script
    /// until a refusal of it could be about no other message.
    pub fn send(&self, verb: &str, params: &[&str]) {
        self.send_after(verb, params, |_| None);
    }

    /// The same with a last parameter that is left out when it is empty.
    pub fn send_with(&self, verb: &str, params: &[&str], last: &str) {
        self.send(verb, &[params, &[last]].concat()[..params.len() + usize::from(!last.is_empty())]);
    }

    /// The same with a request, to collect the answer; its number.
    pub fn request(&self, kind: &'static str, about: &str, verb: &str, params: &[&str]) -> u64 {
        self.send_after(verb, params, |state| Some(state.pending.add(kind, about))).unwrap_or_default()
    }

    fn send_after(&self, verb: &str, params: &[&str], before: impl FnOnce(&mut State) -> Option<u64>) -> Option<u64> {
        let mut state = self.lock();
        if !state.is_connected() && state.view.is_interactive() {
            state.note("not connected; will be sent when the connection is back");
            if state.is_full() {
                state.note(format!("{MOST_UNCONFIRMED} lines wait for it already, so the next has to wait as well"));
            }
        }
        // The line of a view was looked at before; were it to wait, the terminal would wait for it.
        let waited = self.changed.wait_while(state, |state| state.is_full() && state.model.placed.is_none());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if is_script() && state.model.placed.is_none() {
            // So that a refusal is about this message alone. Not for ever: a server may never answer.
            let is_ambiguous = |state: &mut State| script::is_ambiguous(state.unconfirmed.items(), verb, params);
            let waited = self.changed.wait_timeout_while(state, REPLY_TIMEOUT, is_ambiguous);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let request = before(&mut state);
        state.send(verb, params, request);
        request
    }

    /// Waits until the server has answered all that was sent, but not for ever. A terminal does not wait for a lost
    /// connection: its user sees what is going on.
    pub fn wait_for_answers(&self) -> MutexGuard<'_, State> {
        let lost_on_terminal = |state: &State| !state.is_connected() && state.view.is_interactive();
        let waiting = |state: &State| !state.unconfirmed.is_empty() && !lost_on_terminal(state);
        let mut state = self.wait_while(NOTICEABLE, waiting);
        if waiting(&state) && state.view.is_interactive() {
            state.note("Waiting for the server to answer ...");
        }
        drop(state);
        self.wait_while(REPLY_TIMEOUT, waiting)
    }

    /// The metadata of a message; `None` when it has come before.
    pub fn origin(&self, message: &Message<'_>, is_private: bool) -> Option<Origin> {
        let tag = |key| message.tag(key).map(|value| truncate(&value, TAG).to_owned());
        let waited = tag(connection::WAITED).is_some();
        let mut origin =
            Origin { id: tag("msgid"), time: tag("time").filter(|time| is_iso8601(time)), waited, ..Origin::default() };
        let is_new = self.wings.iter().all(|wing| wing.is_new(message, is_private, &mut origin));
        is_new.then_some(origin)
    }
}
