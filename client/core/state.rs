//! The state that the threads share: the model, the view, the connection and what is under way on it.
//!
//! Under one lock (see [`client`](super::client)). The main thread and the receiver thread take it for one line each.

use super::blacklist::Blacklist;
use super::connection::{Connection, TAGS};
use super::event::{Event, Kind, Sentence};
use super::model::Model;
use super::pending::Pending;
use super::sentence;
use super::view::View;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::ack_queue::AckQueue;
use wire::message::Message;
use wire::stream::Stream;
use wire::{limits, names, text};

/// Lines that may wait for the server's word at once; from then on the main thread waits instead
/// (backpressure). So many fit into a socket's send buffer, so that writing them never waits for the server.
pub const MOST_UNCONFIRMED: usize = 64;
/// Events held back at most: about 5 MB. One more, and the sleep ends early.
const HELD: usize = 10_000;
/// Holds the sender's own id of a message: a client tag, which every server relays.
pub const SENDER_ID: &str = "+groupchat/id";

/// Everything that the threads need.
pub struct State {
    pub model: Model,
    pub view: Box<dyn View>,
    pub blacklist: Blacklist,
    pub unconfirmed: AckQueue<String>,
    pub pending: Pending,
    /// The connection; `None` while it is lost. The receiver thread reads it.
    pub stream: Option<Arc<Stream>>,
    /// Why the server says that it closes the connection.
    pub error: Option<String>,
    /// Why a script has failed; said at its end.
    pub failure: Option<String>,
    /// There is a receiver thread, connected or about to connect again.
    pub is_receiving: bool,
    /// The user has asked to leave, for this reason.
    pub quit: Option<String>,
    /// QUIT is sent, so the end of the connection is expected.
    pub leaving: bool,
    /// The prompt while there is no target.
    prompt: String,
    sleep: Option<Sleep>,
    /// The prefix of the ids of this run's messages, and the number of the last one.
    ids: (u64, u64),
}

/// The user does not want to be disturbed.
struct Sleep {
    until: Instant,
    held: Vec<Arc<Event>>,
}

impl State {
    pub fn new(view: Box<dyn View>) -> Self {
        State {
            model: Model::default(),
            view,
            blacklist: Blacklist::default(),
            unconfirmed: AckQueue::new("gc"),
            pending: Pending::default(),
            stream: None,
            error: None,
            failure: None,
            is_receiving: false,
            quit: None,
            leaving: false,
            prompt: "You: ".to_owned(),
            sleep: None,
            ids: (RandomState::new().hash_one(0), 0),
        }
    }

    /// Records an event and shows it; while the user sleeps, news of others waits.
    pub fn emit(&mut self, event: impl Into<Event>) {
        let event = Arc::new(event.into());
        self.model.record(&event);
        let is_news = || matches!(sentence::of(&event, &self.model), Some(Sentence::Said { .. } | Sentence::News(_)));
        let Some(sleep) = self.sleep.as_mut().filter(|_| is_news()) else { return self.show(&event) };
        sleep.held.push(event);
        if sleep.held.len() >= HELD {
            self.wake();
        }
    }

    /// Says a sentence about the client itself, or answers a command.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.emit(Kind::Note(sentence.into()));
    }

    fn show(&mut self, event: &Event) {
        let receipt = event.origin.receipt.as_ref();
        // A message that nobody sees is not acknowledged, so that it comes again.
        receipt.filter(|_| !self.view.is_closed()).inspect(|receipt| receipt.begin());
        self.view.show(event, &self.model);
        receipt.filter(|_| !self.view.is_closed()).inspect(|receipt| receipt.end());
    }

    /// Holds back news for this long; false when the clock cannot count so far.
    pub fn sleep(&mut self, time: Duration) -> bool {
        let Some(until) = Instant::now().checked_add(time) else { return false };
        let held = self.sleep.take().map(|sleep| sleep.held).unwrap_or_default();
        self.sleep = Some(Sleep { until, held });
        true
    }

    pub fn is_asleep(&self) -> bool {
        self.sleep.is_some()
    }

    /// Ends the sleep when its time has come.
    pub fn wake_in_time(&mut self) {
        if self.sleep.as_ref().is_some_and(|sleep| Instant::now() >= sleep.until) {
            self.wake();
        }
    }

    /// Ends the sleep, if there is one, and shows the news that was held back.
    pub fn wake(&mut self) {
        let Some(sleep) = self.sleep.take() else { return };
        self.note(match sleep.held.len() {
            0 => "You are awake again; nobody said anything.".to_owned(),
            count => format!("{} while you were asleep:", text::pluralize(count, "message")),
        });
        sleep.held.iter().for_each(|event| self.show(event));
    }

    /// Whether messages with a receipt wait to be shown, because of sleep or since nobody reads the output any more.
    pub fn owes_receipts(&self) -> bool {
        let is_held = |sleep: &Sleep| sleep.held.iter().any(|event| event.origin.receipt.is_some());
        self.view.is_closed() || self.sleep.as_ref().is_some_and(is_held)
    }

    /// Sets where a line without a command goes.
    pub fn set_target(&mut self, target: Option<&str>) {
        self.model.set_target(target);
        self.show_prompt();
    }

    /// Sets the prompt for the time without a target.
    pub fn set_prompt(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
        self.show_prompt();
    }

    /// A wing takes what is typed from now on, or no longer does.
    pub fn set_detour(&mut self, detour: Option<String>) {
        self.model.detour = detour;
        self.show_prompt();
    }

    /// The prompt says where a line without a command goes.
    fn show_prompt(&mut self) {
        let prompt = match self.model.detour.as_deref().or(self.model.target()) {
            Some(target) => format!("You ({target}): "),
            None => self.prompt.clone(),
        };
        self.view.set_prompt(&prompt);
    }

    /// Sets the target, and says so.
    pub fn talk_to(&mut self, target: &str) {
        self.set_target(Some(target));
        self.emit(Kind::TalkingTo(Some(target.to_owned())));
    }

    /// We have left a room, or were not let in.
    pub fn forget_room(&mut self, room: &str) {
        self.pending.end("JOIN", room);
        if self.model.forget_room(room) {
            self.show_prompt();
            self.emit(Kind::TalkingTo(None));
        }
    }

    /// The next line has to wait until some are confirmed.
    pub fn is_full(&self) -> bool {
        self.unconfirmed.len() >= MOST_UNCONFIRMED
    }

    pub fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Puts a line among the unconfirmed ones and writes it, if there is a connection.
    pub fn send(&mut self, message: &Message<'_>) {
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

    /// An id for a message, with which it may be sent again: its receiver then shows it once.
    fn tags(&mut self, message: &Message<'_>) -> String {
        if message.verb != "PRIVMSG" || !self.model.has_cap(TAGS) {
            return String::new();
        }
        self.ids.1 += 1;
        format!("@{SENDER_ID}={:x}-{} ", self.ids.0, self.ids.1)
    }

    /// Writes lines to the socket, if there is a connection. A line that must not be lost goes through the
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

    /// Goes on with a new connection: enters the rooms and sends all unconfirmed lines again.
    pub fn resume(&mut self, connection: &Connection) {
        connection.nick.clone_into(&mut self.model.nick);
        self.model.caps.clone_from(&connection.caps);
        self.pending.restart();
        self.stream = Some(Arc::clone(&connection.stream));
        let join = |room: &str| {
            let key = self.model.keys.get(&names::casefold(room));
            let params = std::iter::once(room).chain(key.map(String::as_str)).collect();
            Message { verb: "JOIN", params, ..Message::default() }.to_string()
        };
        let mut lines: Vec<_> = self.model.rooms().map(join).collect();
        // Another server, which knows no tags, takes a line without them.
        let has_tags = self.model.has_cap(TAGS);
        let without_tags =
            |line: &String| line.split_once(' ').filter(|_| line.starts_with('@')).map(|(_, rest)| rest.to_owned());
        let again = |line: &String| without_tags(line).filter(|_| !has_tags).unwrap_or_else(|| line.clone());
        lines.extend(self.unconfirmed.again().map(again));
        lines.extend(self.unconfirmed.ping());
        self.write(&lines);
    }

    /// Drops the lines that the server has not confirmed; a sentence says how many.
    pub fn drop_unconfirmed(&mut self) -> Option<String> {
        let count = self.unconfirmed.drop_all();
        self.pending.clear();
        let (lines, verb) = (text::pluralize(count, "line"), if count == 1 { "was" } else { "were" });
        (count > 0).then(|| format!("{lines} {verb} not delivered: the server did not confirm in time"))
    }
}

#[cfg(test)]
mod tests;
