//! One command's view of the chat: the registry while it is locked, and the way to answer.
//!
//! Made by a client thread for each line (and at its end). While a `Chat` lives its thread holds
//! the registry's lock; dropping it sends the replies and then lets the lock go, so that what a
//! client is told and what others are told about it come in the order in which it happened. Only a
//! command that needs the disk lets the lock go in between, with [`Chat::unlocked`].

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use wire::limits;
use wire::numeric::Numeric;
use wire::text::truncate;

use crate::client::Client;
use crate::event::{Caps, ClientId, Event, Line, Recipients};
use crate::registry::Registry;
use crate::replies::Replies;
use crate::room::Room;
use crate::server::Server;

#[derive(Debug)]
pub struct Chat<'a> {
    pub server: &'a Server,
    pub registry: Locked<'a>,
    /// Whose command it is.
    pub id: ClientId,
    /// Set by a command after which the session ends: the reason.
    pub leaving: Option<String>,
    /// Set by a line that the server has asked for: it does not count as one that the client sends.
    pub is_free: bool,
    pub replies: Replies<'a>,
}

/// The registry while it is locked.
#[derive(Debug)]
pub struct Locked<'a>(Option<MutexGuard<'a, Registry>>);

const LOCKED: &str = "the lock is let go only within `Chat::unlocked`, which has no way to the registry";

impl Deref for Locked<'_> {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        self.0.as_deref().expect(LOCKED)
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Registry {
        self.0.as_deref_mut().expect(LOCKED)
    }
}

impl<'a> Chat<'a> {
    pub fn enter(server: &'a Server, id: ClientId) -> Self {
        let registry = Locked(Some(server.registry()));
        let nick = registry.client(id).map_or("*", Client::nick);
        let replies = Replies::new(server, id, nick);
        Chat { server, registry, id, leaving: None, is_free: false, replies }
    }

    /// Does something that waits, for the disk mostly, while the lock is free. What was looked up
    /// before may be otherwise after it, but for the client itself: only its own thread removes it.
    pub fn unlocked<T>(&mut self, wait: impl FnOnce(&'a Server) -> T) -> T {
        self.replies.flush();
        self.registry.0 = None;
        let result = wait(self.server);
        self.registry.0 = Some(self.server.registry());
        result
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
        self.replies.send(numeric, params);
    }

    /// A numeric with a text of its own.
    pub fn reply_text(&mut self, numeric: Numeric, params: &[&str], text: &str) {
        self.replies.text(numeric, params, text);
    }

    /// Hands one line to several clients, after the replies so far.
    pub fn tell(&mut self, to: Recipients, line: Line) {
        self.replies.flush();
        self.server.send(Event::Line { to, line });
    }

    /// Hands a line to everyone who shares a room with the client, itself included.
    pub fn tell_peers(&mut self, line: Line) {
        let peers = self.registry.peers(self.id);
        self.tell(peers, line);
    }

    /// Has the broadcaster know the client's capabilities.
    pub fn capabilities_changed(&mut self) {
        self.replies.flush();
        self.server.send(Event::Capabilities { client: self.id, caps: self.me().caps });
    }

    /// Takes the client out, and tells everyone concerned. The last thing that a session does.
    pub fn end(mut self, reason: &str) {
        let mut peers = self.registry.peers(self.id);
        peers.except = Some(self.id);
        let (registered, source) = (self.me().registered, self.me().source());
        if registered && peers.clients.len() > 1 {
            self.tell(peers, Line::new(format_args!(":{source} QUIT :{}", truncate(reason, limits::REASON))));
        }
        self.replies.line(format_args!("ERROR :Closing connection: {reason}"));
        self.replies.flush();
        self.registry.remove(self.id);
        self.server.send(Event::Disconnected { client: self.id });
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

    /// The room of that name, unless it is secret and the client outside.
    pub fn visible_room(&self, name: &str) -> Option<&Room> {
        self.registry.visible_room(name, self.id)
    }
}

impl Drop for Chat<'_> {
    fn drop(&mut self) {
        self.replies.flush();
    }
}
