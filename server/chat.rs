//! One command's view of the chat: the registry while it is locked, and the way to answer.
//!
//! Made by a client thread for each line (and at its end). While a `Chat` lives its thread holds
//! the registry's lock; dropping it sends the replies and then lets the lock go, so that what a
//! client is told and what others are told about it come in the order in which it happened.

use std::fmt;
use std::sync::MutexGuard;

use wire::numeric::Numeric;
use wire::text::shorten;
use wire::{limits, names};

use crate::event::{Caps, ClientId, Event, Line, Recipients};
use crate::registry::{Client, Registry};
use crate::server::Server;

/// The version that 002, 004 and VERSION tell.
pub const VERSION: &str = concat!("groupchat-", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Chat<'a> {
    pub server: &'a Server,
    pub registry: MutexGuard<'a, Registry>,
    /// Whose command it is.
    pub id: ClientId,
    /// Set by a command after which the session ends: the reason.
    pub leaving: Option<String>,
    /// Replies that are not yet in the global buffer.
    replies: String,
}

impl<'a> Chat<'a> {
    pub fn enter(server: &'a Server, id: ClientId) -> Self {
        Chat { server, registry: server.registry(), id, leaving: None, replies: String::new() }
    }

    /// Who gave the command.
    pub fn me(&self) -> &Client {
        self.registry.client(self.id).expect("a session's client stays in the registry until the session ends")
    }

    pub fn me_mut(&mut self) -> &mut Client {
        self.registry.client_mut(self.id).expect("a session's client stays in the registry until the session ends")
    }

    /// A numeric with the text of the table.
    pub fn reply(&mut self, numeric: Numeric, params: &[&str]) {
        self.reply_text(numeric, params, numeric.text);
    }

    /// A numeric with a text of its own.
    pub fn reply_text(&mut self, numeric: Numeric, params: &[&str], text: &str) {
        let head = self.numeric(numeric, params);
        self.reply_line(format_args!("{head} :{text}"));
    }

    /// A numeric without a text: its last parameter is one for programs.
    pub fn reply_bare(&mut self, numeric: Numeric, params: &[&str]) {
        let line = self.numeric(numeric, params);
        self.reply_line(format_args!("{line}"));
    }

    /// Bytes of text for which a numeric with these parameters has room.
    pub fn text_space(&self, numeric: Numeric, params: &[&str]) -> usize {
        limits::LINE - " :\r\n".len() - self.numeric(numeric, params).len()
    }

    fn numeric(&self, numeric: Numeric, params: &[&str]) -> String {
        let mut line = format!(":{} {:03} {}", self.server.name, numeric.code, self.me().nick());
        for param in params {
            line.extend([" ", &as_middle(param)]);
        }
        line
    }

    /// Any line from the server to the client who gave the command; too long a line is shortened.
    pub fn reply_line(&mut self, line: fmt::Arguments<'_>) {
        let start = self.replies.len();
        // Writing into a String cannot fail.
        let _ = fmt::write(&mut self.replies, line);
        let most = start + limits::LINE - 2;
        if self.replies.len() > most {
            self.replies.truncate(shorten(&self.replies, most).len());
        }
        self.replies.push_str("\r\n");
        if self.replies.len() > limits::REPLY_CHUNK {
            self.flush();
        }
    }

    /// Hands one line to several clients, after the replies so far.
    pub fn tell(&mut self, to: Recipients, line: Line) {
        self.flush();
        self.send(Event::Line { to, line });
    }

    /// Hands a line to everyone who shares a room with the client, itself included.
    pub fn tell_peers(&mut self, line: Line) {
        let peers = self.registry.peers(self.id);
        self.tell(peers, line);
    }

    /// Has the broadcaster know the client's capabilities.
    pub fn capabilities_changed(&mut self) {
        self.flush();
        self.send(Event::Capabilities { client: self.id, caps: self.me().caps });
    }

    /// Takes the client out, and tells everyone concerned. The last thing that a session does.
    pub fn end(mut self, reason: &str) {
        let mut peers = self.registry.peers(self.id);
        peers.except = Some(self.id);
        let registered = self.me().registered;
        let source = self.me().source();
        if registered && peers.clients.len() > 1 {
            self.tell(peers, Line::new(format_args!(":{source} QUIT :{}", shorten(reason, limits::REASON))));
        }
        self.reply_line(format_args!("ERROR :Closing connection: {reason}"));
        self.flush();
        self.registry.remove(self.id);
        self.send(Event::Disconnected { client: self.id });
    }

    /// A line in the server's window about what the client did.
    pub fn log(&self, did: fmt::Arguments<'_>) {
        let me = self.me();
        self.server.log.client(me.address, me.nick.as_deref(), did);
    }

    /// Whether a client is to get a copy of its own messages.
    pub fn wants_echo(&self) -> bool {
        self.me().caps.has(Caps::ECHO_MESSAGE)
    }

    /// Whether the client may know that the room exists.
    pub fn sees_room(&self, name: &str) -> bool {
        self.registry.room(name).is_some_and(|room| !room.secret || room.has(self.id))
    }

    /// Whether the client finds another one without knowing the nick.
    pub fn sees(&self, other: &Client) -> bool {
        !other.invisible || other.id == self.id || self.registry.share_a_room(other, self.id)
    }

    /// Whether a parameter names this server.
    pub fn is_this_server(&self, name: &str) -> bool {
        names::matches(name, &self.server.name)
    }

    /// Puts the replies so far into the global buffer.
    fn flush(&mut self) {
        if !self.replies.is_empty() {
            let lines = std::mem::take(&mut self.replies).into_bytes();
            self.send(Event::Reply { client: self.id, lines });
        }
    }

    /// Waits while the global buffer is full: that is what slows a flooder down.
    fn send(&self, event: Event) {
        // The broadcaster is gone only when the server ends, and then nobody is there to be told.
        let _ = self.server.events.send(event);
    }
}

impl Drop for Chat<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// What a client sent, in a form that can stand in the middle of a reply: it may have been a last
/// parameter, with spaces, and it may be too long for the reply to hold.
fn as_middle(param: &str) -> String {
    let short = shorten(param, limits::REPEATED);
    let word = short.strip_prefix(':').map_or(short.to_owned(), |rest| format!("_{rest}"));
    if word.is_empty() { "*".into() } else { word.replace(' ', "_") }
}
