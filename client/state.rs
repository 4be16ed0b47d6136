//! What the two threads share: one state under one lock, and the signal that it has changed.
//!
//! The sender thread (main) and the receiver thread lock it for one line each; the receiver signals
//! `changed` after whatever arrived, and the sender waits for it where it needs an answer.

use crate::blacklist::Blacklist;
use crate::caller::Caller;
use crate::connection::{Caps, Connection};
use crate::directory::Place;
use crate::multicast::member::Member;
use crate::multicast::mode::Settings;
use crate::screen::Screen;
use crate::seen::SENDER_ID;
use crate::transfers::Transfers;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use wire::ack_queue::AckQueue;
use wire::message::Message;
use wire::stream::Stream;
use wire::{limits, names, text};

/// Lines that may wait for the server's word at once; from then on the sender thread waits instead
/// (backpressure). So many fit into a socket's send buffer, so that writing them never waits for the server.
const MOST: usize = 64;
/// A wait that is longer than this is explained to the user.
pub const NOTICEABLE: Duration = Duration::from_secs(1);

/// The state, its lock and its signal.
pub struct Client {
    state: Mutex<State>,
    changed: Condvar,
    /// Makes connections.
    pub caller: Caller,
    /// How to take part in multicast rooms.
    pub multicast: Settings,
    /// Itself, for the threads that it starts.
    shared: Weak<Client>,
}

/// Everything that both threads need.
pub struct State {
    pub screen: Screen,
    pub blacklist: Blacklist,
    pub unconfirmed: AckQueue<String>,
    pub transfers: Transfers,
    /// The connection; `None` while it is lost. The receiver thread reads it.
    pub stream: Option<Arc<Stream>>,
    /// The name we have now.
    pub nick: String,
    /// What the server of this connection can do.
    pub caps: Caps,
    /// Our `user@host` as the server shows it to others, known since the first JOIN came back.
    pub address: Option<String>,
    /// Whom a line without a command goes to: a room or a person.
    target: Option<String>,
    /// What the prompt says while that goes nowhere.
    prompt: String,
    /// The rooms we are in, in the order of joining.
    pub rooms: Vec<String>,
    /// The keys that rooms were entered with, by folded room, to enter them again.
    pub keys: HashMap<String, String>,
    /// The room that becomes the target once the server has let us in.
    pub joining: Option<String>,
    /// Rooms whose people the user asked for, oldest first, and the names that have come so far.
    pub names: Vec<(String, Vec<String>)>,
    /// The multicast room that one is in: what is typed goes there.
    pub room: Option<Arc<Member>>,
    /// The one before, while it is being left.
    pub room_before: Option<Arc<Member>>,
    /// The listing that comes is for who enters.
    pub wants_to_enter: bool,
    /// What has come of a listing of the directory.
    pub directory: Vec<Place>,
    /// Whose keys the user asked for, oldest first, and what has come of it.
    pub asked_keys: Vec<(String, Option<String>)>,
    /// Why the server says that it closes the connection.
    pub error: Option<String>,
    /// A question of the server whether letters have come, which is answered when the user has seen them.
    owed_pong: Option<String>,
    /// What the ids of this run's messages begin with, and how many there were.
    ids: (u64, u64),
    /// Why a script has not done what it was to do, and fails in the end.
    pub failure: Option<String>,
    /// There is a receiver thread, connected or about to connect again.
    pub is_receiving: bool,
    /// The user has asked to leave, for this reason.
    pub quit: Option<String>,
    /// QUIT is sent: when the connection ends now, that is what we wanted.
    pub leaving: bool,
}

impl Client {
    pub fn new(screen: Screen, caller: Caller, multicast: Settings) -> Arc<Self> {
        let state = Mutex::new(State::new(screen));
        Arc::new_cyclic(|shared| Client {
            state,
            changed: Condvar::new(),
            caller,
            multicast,
            shared: Weak::clone(shared),
        })
    }

    /// A share of the ownership, for a new thread; `None` when nobody owns it any more.
    pub fn share(&self) -> Option<Arc<Self>> {
        self.shared.upgrade()
    }

    /// Locks the state. A thread that panicked left nothing half done that the other could trip over.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits that the state has changed.
    pub fn signal(&self) {
        self.changed.notify_all();
    }

    /// Waits while `waiting` holds, at most for `time`; the state as it is then.
    pub fn wait_while(&self, time: Duration, mut waiting: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| waiting(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Sends a message, now or as soon as there is a connection; waits when too much is unconfirmed.
    pub fn send(&self, verb: &str, params: &[&str]) {
        let message = Message { verb, params: params.to_vec(), ..Message::default() };
        let mut state = self.lock();
        if !state.is_connected() && state.screen.is_terminal() {
            state.screen.tell("not connected; will be sent when the connection is back");
            if state.is_full() {
                state.screen.tell(&format!("{MOST} lines wait for it already, so the next has to wait as well"));
            }
        }
        let waited = self.changed.wait_while(state, |state| state.is_full());
        waited.unwrap_or_else(PoisonError::into_inner).send(&message);
    }

    /// Waits until the server has answered all that was sent. A terminal does not wait for a lost
    /// connection: its user sees what is going on.
    pub fn wait_for_answers(&self, time: Duration) -> MutexGuard<'_, State> {
        let lost_on_terminal = |state: &State| !state.is_connected() && state.screen.is_terminal();
        let waiting = |state: &State| !state.unconfirmed.is_empty() && !lost_on_terminal(state);
        let mut state = self.wait_while(NOTICEABLE, waiting);
        if waiting(&state) && state.screen.is_terminal() {
            state.screen.tell("Waiting for the server to answer ...");
        }
        drop(state);
        self.wait_while(time, waiting)
    }
}

impl State {
    pub fn new(screen: Screen) -> Self {
        State {
            screen,
            blacklist: Blacklist::default(),
            unconfirmed: AckQueue::new("gc"),
            transfers: Transfers::default(),
            stream: None,
            nick: String::new(),
            caps: Caps::default(),
            address: None,
            target: None,
            prompt: "You: ".to_owned(),
            rooms: Vec::new(),
            keys: HashMap::new(),
            joining: None,
            names: Vec::new(),
            room: None,
            room_before: None,
            wants_to_enter: false,
            directory: Vec::new(),
            asked_keys: Vec::new(),
            error: None,
            owed_pong: None,
            ids: (RandomState::new().hash_one(0), 0),
            failure: None,
            is_receiving: false,
            quit: None,
            leaving: false,
        }
    }

    /// The next line has to wait until some are confirmed.
    fn is_full(&self) -> bool {
        self.unconfirmed.len() >= MOST
    }

    pub fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Puts a line among the unconfirmed ones and writes it, if there is a connection.
    fn send(&mut self, message: &Message<'_>) {
        let line = message.to_string();
        // A longer line would be refused as a whole. Texts are split before, so this cuts reasons and topics.
        let line = format!("{}{}", self.tags(message), text::truncate(&line, limits::LINE - "\r\n".len()));
        let mut lines = vec![line.clone()];
        self.unconfirmed.push(line);
        if self.is_connected() {
            lines.extend(self.unconfirmed.ping());
        }
        self.write(&lines);
    }

    /// An id for a message, with which it may be sent again: who receives it twice then shows it once.
    fn tags(&mut self, message: &Message<'_>) -> String {
        if !self.caps.tags || message.verb != "PRIVMSG" {
            return String::new();
        }
        self.ids.1 += 1;
        format!("@{SENDER_ID}={:x}-{} ", self.ids.0, self.ids.1)
    }

    /// Answers the server's question whether we have all that it has sent. It asks so after letters, and they
    /// leave its disk then, so the answer waits until they are shown.
    pub fn answer_ping(&mut self, token: &str) {
        if token.starts_with("mail-") && self.screen.owes_letters() {
            self.owed_pong = Some(token.to_owned());
        } else {
            self.write(&[format!("PONG :{token}")]);
        }
    }

    /// Gives the answer that has waited, if it need wait no longer.
    pub fn answer_late(&mut self) {
        if !self.screen.owes_letters()
            && let Some(token) = self.owed_pong.take()
        {
            self.write(&[format!("PONG :{token}")]);
        }
    }

    /// Writes lines to the socket, if there is a connection. What must not be lost goes through the
    /// queue of unconfirmed lines instead.
    pub fn write(&mut self, lines: &[String]) {
        let Some(stream) = &self.stream else { return };
        let bytes: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
        if (&**stream).write_all(bytes.as_bytes()).is_err() {
            // The receiver thread now reads the end of the stream, and connects again.
            let _ = stream.socket().shutdown(Shutdown::Both);
        }
    }

    /// Takes the token of a `PONG`, and asks about the lines sent since its `PING`.
    pub fn confirm(&mut self, token: &str) {
        self.unconfirmed.pong(token);
        let ping: Vec<_> = self.unconfirmed.ping().into_iter().collect();
        self.write(&ping);
    }

    /// Goes on with a new connection: enters the rooms and sends what was never confirmed.
    pub fn resume(&mut self, connection: &Connection) {
        connection.nick.clone_into(&mut self.nick);
        self.caps = connection.caps;
        self.owed_pong = None;
        self.asked_keys.clear();
        self.directory.clear();
        self.stream = Some(Arc::clone(&connection.stream));
        let join = |room: &String| {
            let key = self.keys.get(&names::casefold(room));
            let params = std::iter::once(room).chain(key).map(String::as_str).collect();
            Message { verb: "JOIN", params, ..Message::default() }.to_string()
        };
        let mut lines: Vec<_> = self.rooms.iter().map(join).collect();
        // Another server, which knows no tags, takes a line without them.
        let has_tags = self.caps.tags;
        let without_tags =
            |line: &String| line.split_once(' ').filter(|_| line.starts_with('@')).map(|(_, rest)| rest.to_owned());
        let again = |line: &String| without_tags(line).filter(|_| !has_tags).unwrap_or_else(|| line.clone());
        lines.extend(self.unconfirmed.again().map(again));
        lines.extend(self.unconfirmed.ping());
        if self.caps.files {
            // Files may have come while we were not here; a list that was just coming is not the same.
            self.transfers.items.clear();
            lines.push("FILE LIST".to_owned());
        }
        self.write(&lines);
    }

    /// Bytes of text that fit one message to `target`, so that it still fits when the server passes
    /// it on as `:nick!user@host PRIVMSG target :text`.
    pub fn text_space(&self, target: &str) -> usize {
        let source = match &self.address {
            Some(address) => self.nick.len() + address.len() + ":! ".len(),
            None => limits::SOURCE,
        };
        (limits::LINE - "PRIVMSG  :\r\n".len()).saturating_sub(source + target.len())
    }

    pub fn is_me(&self, nick: &str) -> bool {
        names::eq_ignore_case(nick, &self.nick)
    }

    pub fn is_in(&self, room: &str) -> bool {
        self.rooms.iter().any(|known| names::eq_ignore_case(known, room))
    }
}

mod target;
#[cfg(test)]
mod tests;
