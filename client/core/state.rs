//! The state that the threads share: the model, the view, the connection and what is under way on it.
//!
//! Under one lock (see [`client`](super::client)). The main thread takes it for a line, the receiver thread for the
//! messages of one read, a thread of a wing for a moment.

use super::batches::Batches;
use super::connection::{Connection, TAGS};
use super::event::{Event, Kind, Sentence};
use super::limits::{HELD, HELD_BYTES, MOST_ASKED, MOST_UNCONFIRMED};
use super::model::{Model, is_room};
use super::pending::{ENTERED, KEY, NEW_KEY, PRESENCE, Pending, SAID_MEANWHILE};
use super::presence::{AWAY_NOTIFY, Presence};
use super::question::Questions;
use super::rows::{self, Takes};
use super::script::{self, Script, Sent};
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

/// Holds the sender's own id of a message: a client tag, which every server relays.
pub const SENDER_ID: &str = "+groupchat.local/id";
/// The same as clients called it before: so it is in messages that were stored then.
pub const EARLIER_SENDER_ID: &str = "+groupchat/id";

/// Everything that the threads need.
pub struct State {
    pub model: Model,
    pub view: Box<dyn View>,
    /// Messages of which the server has sent a part.
    pub batches: Batches,
    pub unconfirmed: AckQueue<Sent>,
    pub pending: Pending,
    pub questions: Questions,
    /// The connection; `None` while it is lost. The receiver thread reads it.
    pub stream: Option<Arc<Stream>>,
    /// Why the server says that it closes the connection.
    pub error: Option<String>,
    /// Why a script has failed, beside its refused lines; said at its end.
    pub failure: Option<String>,
    pub script: Script,
    /// There is a receiver thread, connected or about to connect again.
    pub is_receiving: bool,
    /// A thread carries out a line (see [`Turn`](super::client::Turn)).
    pub has_turn: bool,
    /// How many lines were carried out.
    pub lines: u64,
    /// The user has asked to leave, for this reason.
    pub quit: Option<String>,
    /// QUIT is sent, so the end of the connection is expected.
    pub leaving: bool,
    sleep: Option<Sleep>,
}

/// The user does not want to be disturbed.
struct Sleep {
    until: Instant,
    held: Vec<Arc<Event>>,
    /// The bytes that these take.
    bytes: usize,
}

impl State {
    pub fn new(view: Box<dyn View>) -> Self {
        State {
            model: Model::default(),
            view,
            batches: Batches::default(),
            unconfirmed: AckQueue::new("gc"),
            pending: Pending::default(),
            questions: Questions::default(),
            stream: None,
            error: None,
            failure: None,
            script: Script::default(),
            is_receiving: false,
            has_turn: false,
            lines: 0,
            quit: None,
            leaving: false,
            sleep: None,
        }
    }

    /// Records an event and shows it; while the user sleeps, news of others waits.
    pub fn emit(&mut self, event: impl Into<Event>) {
        let mut event = event.into();
        event.was_current = event.conversation.as_deref().is_some_and(|name| self.model.is_target(name));
        let event = Arc::new(event);
        self.model.record(&event);
        let is_news = || matches!(sentence::of(&event, &self.model), Some(Sentence::Said { .. } | Sentence::News(_)));
        let Some(sleep) = self.sleep.as_mut().filter(|_| is_news()) else { return self.show(&event) };
        sleep.bytes += event.size();
        sleep.held.push(event);
        if sleep.held.len() >= HELD || sleep.bytes >= HELD_BYTES {
            self.wake();
        }
    }

    /// Says a sentence about the client itself, or answers a command.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.emit(Kind::Note(sentence.into()));
    }

    /// Says why the line that is being carried out is not.
    pub fn refuse(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if let Some(placed) = &mut self.model.placed {
            // The view that it came from says so.
            placed.refused.get_or_insert(sentence);
            return;
        }
        self.script.refuse_current(&sentence);
        self.note(sentence);
    }

    /// The server refuses a message that is not confirmed yet (see [`script::refused`]). A request in it has no other
    /// answer.
    pub fn refused(&mut self, verb: &str, about: &[&str], why: &str) {
        let Some(sent) = script::refused(self.unconfirmed.items(), verb, about) else { return };
        sent.is_refused = true;
        let (typed, request) = (sent.typed.clone(), sent.request);
        self.script.refuse(&typed, why);
        request.into_iter().for_each(|number| self.pending.complete(number));
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
        self.sleep.get_or_insert_with(|| Sleep { until, held: Vec::new(), bytes: 0 }).until = until;
        true
    }

    /// Asks the server whether it is still there. The answer wakes the receiver thread, too.
    pub fn ask_for_an_answer(&mut self) {
        self.write(&["PING :gc-alive".to_owned()]);
    }

    /// When the sleep is to end; `None` when the user is awake.
    pub fn sleeps_until(&self) -> Option<Instant> {
        self.sleep.as_ref().map(|sleep| sleep.until)
    }

    /// What waits for the end of the sleep.
    pub fn held(&self) -> &[Arc<Event>] {
        self.sleep.as_ref().map_or(&[], |sleep| &sleep.held)
    }

    /// Ends the sleep and shows the news that was held back; false when there is no sleep.
    pub fn wake(&mut self) -> bool {
        let Some(sleep) = self.sleep.take() else { return false };
        self.note(match sleep.held.len() {
            0 => "You are awake again; nobody said anything.".to_owned(),
            count => format!("{} while you were asleep:", text::pluralize(count, "message")),
        });
        sleep.held.iter().for_each(|event| self.show(event));
        true
    }

    /// Whether messages with a receipt wait to be shown, because of sleep or since nobody reads the output any more.
    pub fn owes_receipts(&self) -> bool {
        let mut held = self.sleep.iter().flat_map(|sleep| &sleep.held);
        self.view.is_closed() || held.any(|event| event.origin.receipt.is_some())
    }

    /// Sets the target, and says so, unless lines go to a wing just now.
    pub fn talk_to(&mut self, target: &str) {
        if !is_room(target) {
            self.model.enter_person(target, true);
        }
        self.model.set_target(Some(target));
        if self.model.detour.is_none() {
            self.emit(Kind::TalkingTo(Some(target.to_owned())));
        }
        self.warn_of_another(target);
    }

    /// What the user types for one person may come to another one who has taken the name meanwhile.
    pub fn warn_of_another(&mut self, nick: &str) {
        if self.model.take_doubt(nick) {
            self.note(format!(
                "{nick} had left; unless a key keeps the name, this may be somebody else (/whois {nick})"
            ));
        }
    }

    /// The user has seen what was said there.
    pub fn mark_read(&mut self, name: &str) {
        self.model.mark_read(name);
        self.emit(Event::at(name, Kind::Read));
    }

    /// Asks who is away in a room, once on each connection, if the server then tells us of changes. An answer that is lost
    /// is asked for again on the next connection, so this is no line that has to be confirmed.
    pub fn ask_who_is_away(&mut self, room: &str) {
        let is_able = self.is_connected() && self.model.has_cap(AWAY_NOTIFY) && self.model.is_in(room);
        let is_small = self.model.conversation(room).is_some_and(|known| known.members.len() <= MOST_ASKED);
        if is_able && is_small && self.model.presence.ask(room) {
            self.pending.add(PRESENCE, room);
            self.write(&[line("WHO", &[room])]);
        }
    }

    /// The line that is being carried out leads there: the user goes on there, in the view that it came from.
    pub fn go_to(&mut self, target: &str) {
        match &mut self.model.placed {
            Some(placed) => placed.target = Some(target.to_owned()),
            None => self.talk_to(target),
        }
    }

    /// We have left a room, or were not let in.
    pub fn forget_room(&mut self, room: &str) {
        ["JOIN", KEY, NEW_KEY, ENTERED].iter().for_each(|kind| drop(self.pending.end(kind, room)));
        self.forget(room);
    }

    /// Ends a conversation.
    pub fn forget(&mut self, name: &str) {
        if self.model.forget(name) && self.model.detour.is_none() {
            self.emit(Kind::TalkingTo(None));
        }
    }

    /// The next line has to wait until some are confirmed.
    pub fn is_full(&self) -> bool {
        // One message may be as much as many lines.
        let lines = |sent: &Sent| 1 + sent.line.matches('\n').count() + sent.line.len() / (2 * limits::LINE);
        self.unconfirmed.iter().map(lines).sum::<usize>() >= MOST_UNCONFIRMED
    }

    pub fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Puts a line among the unconfirmed ones and writes it, if there is a connection.
    pub fn send(&mut self, verb: &str, params: &[&str], request: Option<u64>) {
        let line = line(verb, params);
        // A longer line would be refused as a whole. Texts are split before, so this cuts reasons and topics.
        let most = if verb == "PRIVMSG" { line.len() } else { limits::LINE - "\r\n".len() };
        let line = text::truncate(&line, most);
        // With an id a message may be sent again: its receiver then shows it once.
        let id = RandomState::new().hash_one(line);
        let has_id = ["PRIVMSG", "TAGMSG"].contains(&verb) && self.model.has_cap(TAGS);
        let line = if has_id { format!("@{SENDER_ID}={id:x} {line}") } else { line.to_owned() };
        let mut lines = on_the_wire(&line, &self.model);
        self.unconfirmed.push(Sent { line, typed: self.script.current.clone(), request, is_refused: false });
        if self.is_connected() {
            lines.extend(self.unconfirmed.ping());
        }
        self.write(&lines);
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
        let ping = self.unconfirmed.ping();
        self.write(ping.as_slice());
    }

    /// Goes on with a new connection: enters the rooms and sends all unconfirmed lines again.
    pub fn resume(&mut self, connection: &Connection) {
        connection.nick.clone_into(&mut self.model.nick);
        self.model.caps.clone_from(&connection.caps);
        self.model.multiline = connection.multiline;
        self.batches = Batches::default();
        self.pending.restart();
        self.pending.forget(PRESENCE);
        self.model.presence = Presence::default();
        self.stream = Some(Arc::clone(&connection.stream));
        let join = |room: &str| {
            // Who is there was said, or is of no interest now.
            self.pending.end(ENTERED, room);
            let key = self.model.keys.get(&names::casefold(room)).map(String::as_str);
            if key.is_some() && self.pending.about(KEY, room).is_none() {
                // A server that has started again may know neither the room nor its key.
                self.pending.add(KEY, room);
            }
            line("JOIN", &[&[room], key.as_slice()].concat())
        };
        let mut lines: Vec<_> = self.model.rooms().map(join).collect();
        for sent in self.unconfirmed.items() {
            sent.is_refused = false;
            let message = Message::parse(&sent.line).filter(|message| message.verb == "PRIVMSG");
            if let Some(room) = message.and_then(|message| message.param(0)).filter(|target| is_room(target)) {
                self.pending.end(SAID_MEANWHILE, room);
                self.pending.add(SAID_MEANWHILE, room);
            }
        }
        let model = &self.model;
        lines.extend(self.unconfirmed.again().flat_map(|sent| on_the_wire(&sent.line, model)));
        lines.extend(self.unconfirmed.ping());
        self.write(&lines);
    }

    /// Drops the lines that the server has not confirmed; a sentence says how many.
    pub fn drop_unconfirmed(&mut self) -> Option<String> {
        let count = script::count(self.unconfirmed.items().map(|sent| &*sent));
        self.unconfirmed.drop_all();
        self.pending.clear();
        script::undelivered(count)
    }
}

/// The lines of a message, as the server of this connection takes them.
fn on_the_wire(line: &str, model: &Model) -> Vec<String> {
    let takes = Takes { tags: model.has_cap(TAGS), batches: model.multiline.is_some() };
    rows::on_the_wire(line, takes, |target| model.text_space(target))
}

fn line(verb: &str, params: &[&str]) -> String {
    Message { verb, params: params.to_vec(), ..Message::default() }.to_string()
}

#[cfg(test)]
mod tests;
