//! What a command works with, and what a wing can add to the core.
//!
//! The thread of a client makes a [`CommandContext`] for each line, and at the end of the session. While it lives its
//! thread holds the registry's lock. Dropping it sends the replies and then lets go of the lock, so that a client and
//! the others learn of things in the order in which they happened. Only a command that needs the disk lets go of the
//! lock in between, with [`CommandContext::without_lock`].
//!
//! A [`Wing`] is a part of the server that the core does not know. It adds verbs and capabilities, and hooks into the
//! core at the places that the trait names.

use std::fmt;
use std::net::SocketAddr;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::sync::mpsc::Sender;
use std::sync::{Arc, MutexGuard};
use std::time::{Instant, SystemTime};

use wire::fail::Fail;
use wire::limits::{LINE, REASON};
use wire::message::{Message, middle};
use wire::names::casefold;
use wire::numeric::{self, Numeric};
use wire::text::truncate;

use super::client::Client;
use super::event::{Caps, ClientId, CutReason, Event, Line, Recipients};
use super::limits;
use super::msgid::Msgid;
use super::registry::Registry;
use super::room::Room;
use super::server::Server;
use super::socket::Socket;

/// The function that carries out a verb.
pub type Run = Box<dyn Fn(&mut CommandContext<'_>, &Message<'_>) + Send + Sync>;

/// A verb of the protocol.
pub struct Command {
    pub verb: &'static str,
    /// The least number of parameters.
    pub needs: usize,
    /// Whether clients that have not registered yet may use it.
    pub always: bool,
    /// Whether it uses random bytes.
    pub draws: bool,
    pub run: Run,
}

impl Command {
    pub fn new(
        verb: &'static str,
        needs: usize,
        run: impl Fn(&mut CommandContext<'_>, &Message<'_>) + Send + Sync + 'static,
    ) -> Self {
        Command { verb, needs, always: false, draws: false, run: Box::new(run) }
    }

    pub fn before_registration(self) -> Self {
        Command { always: true, ..self }
    }

    pub fn with_random_bytes(self) -> Self {
        Command { draws: true, ..self }
    }
}

/// A part of the server that the core does not know. Each hook does nothing unless a wing says otherwise.
pub trait Wing: Send + Sync {
    /// The verbs that it adds. A verb that the core has, too, takes the place of the core's.
    fn commands(self: Arc<Self>) -> Vec<Command> {
        Vec::new()
    }

    /// The capabilities that it adds, with their names on the wire. A value behind the name (`name=value`) is shown to
    /// clients that negotiate by version 302.
    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        &[]
    }

    /// The server has started; no client is connected yet.
    fn started(&self, _server: &Server) {}

    /// Does what has to be done from time to time, such as to let things expire. The main thread calls it after the start
    /// and then every few minutes, without a lock.
    fn housekeeping(&self, _server: &Server) {}

    /// Encrypts a connection that begins with this byte, before its first line. `None`: this wing does not.
    fn secure(&self, _connection: &Connection, _first: u8, _deadline: Instant) -> Option<Result<(), End>> {
        None
    }

    /// Takes over a connection that begins with this line and is no chat: reads and writes the socket itself, and returns
    /// why the connection ends. `rest` are the bytes that were read behind the line. `None`: this wing does not.
    fn take_over(&self, _connection: &Connection, _first_line: &str, _rest: &[u8]) -> Option<End> {
        None
    }

    /// Whether the client may have this name; if not, the text of 433. It may let go of the registry's lock for a while;
    /// the core checks afterwards that the name is still free. One wing only can do so: the yes of an earlier wing would be
    /// old by then.
    fn may_take_nick(&self, _ctx: &mut CommandContext<'_>, _nick: &str) -> Result<(), &'static str> {
        Ok(())
    }

    /// Whether a name belongs to somebody, also when nobody is connected under it. The name is folded.
    fn knows(&self, _folded: &str) -> bool {
        false
    }

    /// The client has a name for good: just before the welcome, and after a change of names. The text is told to the
    /// client as a NOTICE.
    fn named(&self, _ctx: &mut CommandContext<'_>) -> Option<String> {
        None
    }

    /// Adds to the welcome, behind 003.
    fn welcome(&self, _ctx: &mut CommandContext<'_>) {}

    /// The client has been welcomed, or has changed its name.
    fn arrived(&self, _ctx: &mut CommandContext<'_>) {}

    /// The client gives up a name: it has a new one, or leaves. Called under the registry's lock.
    fn gave_up_nick(&self, _client: &Client, _old: &str, _new: Option<&str>) {}

    /// Whether the client may know of a room.
    fn may_see(&self, _room: &Room, _client: ClientId) -> bool {
        true
    }

    /// Whether the client may enter a room; if not, the numeric that says why.
    fn may_join(&self, _room: &Room, _client: &Client, _key: Option<&str>) -> Result<(), Numeric> {
        Ok(())
    }

    /// The client has entered a room, and is told who else is in it next.
    fn joined(&self, _ctx: &mut CommandContext<'_>, _room: &str) {}

    /// Whether a client, or somebody who has left and was this `source`, may write into a room; if not, the text of 404.
    /// `None`: this wing has no rule, and the core lets the members write.
    fn may_speak(&self, _room: &Room, _client: Option<ClientId>, _source: &str) -> Option<Result<(), &'static str>> {
        None
    }

    /// Delivers a message to one person in a way of its own, also to one who is not connected. An error is the reason, for
    /// people. With `Continue` the message comes back: the wing leaves it to others.
    fn deliver(
        &self,
        _ctx: &mut CommandContext<'_>,
        message: PrivateMessage,
    ) -> ControlFlow<Result<(), String>, PrivateMessage> {
        ControlFlow::Continue(message)
    }
}

/// A message to one person.
#[derive(Debug)]
pub struct PrivateMessage {
    /// The recipient's nick, as its owner spells it if connected.
    pub to: String,
    pub id: Msgid,
    pub line: Line,
    /// The client that gets a copy: the sender, if it wants its own messages back.
    pub echo: Option<ClientId>,
}

/// All wings, and the tables to which they have added.
pub struct Wings {
    pub list: Vec<Arc<dyn Wing>>,
    pub commands: Vec<Command>,
    pub capabilities: Vec<(&'static str, Caps)>,
}

impl Wings {
    /// Adds what the wings add to the core's own commands and capabilities.
    pub fn plug_in(list: Vec<Arc<dyn Wing>>, mut commands: Vec<Command>) -> Self {
        let mut capabilities = Caps::OF_CORE.to_vec();
        for wing in &list {
            capabilities.extend(wing.capabilities());
            for command in Arc::clone(wing).commands() {
                match commands.iter_mut().find(|other| other.verb == command.verb) {
                    Some(replaced) => *replaced = command,
                    None => commands.push(command),
                }
            }
        }
        capabilities.sort_unstable_by_key(|(name, _)| *name);
        Wings { list, commands, capabilities }
    }

    /// Whether a name belongs to somebody who is not connected, as far as a wing knows.
    pub fn know(&self, nick: &str) -> bool {
        let folded = casefold(nick);
        self.list.iter().any(|wing| wing.knows(&folded))
    }

    pub fn may_see(&self, room: &Room, client: ClientId) -> bool {
        self.list.iter().all(|wing| wing.may_see(room, client))
    }

    /// Whether a client, or somebody who was this `source`, may write into a room; if not, the text of 404.
    pub fn may_speak(&self, room: &Room, client: Option<ClientId>, source: &str) -> Result<(), &'static str> {
        let rule = self.list.iter().find_map(|wing| wing.may_speak(room, client, source));
        let is_member = || client.is_some_and(|client| room.has(client));
        rule.unwrap_or_else(|| if is_member() { Ok(()) } else { Err("Cannot send: join the room first") })
    }
}

/// A client's connection: what its thread works on.
pub struct Connection {
    pub id: ClientId,
    pub address: SocketAddr,
    pub socket: Arc<Socket>,
    /// Set by the broadcaster when it disconnects the client.
    pub cut: CutReason,
    pub server: Arc<Server>,
    pub wings: Arc<Wings>,
    /// Dropped last of all: when no clone is left, all client threads have ended.
    pub _running: Sender<std::convert::Infallible>,
}

impl Connection {
    /// The registry, for a command or at the end of the session.
    pub fn context(&self) -> CommandContext<'_> {
        CommandContext::enter(&self.server, &self.wings, self.id, [0; RANDOM])
    }

    /// Why a client that has not registered in time is disconnected.
    pub fn took_too_long(&self) -> End {
        End::ByServer(format!("Registration timed out ({} seconds)", self.server.options.register_within))
    }
}

/// Why a session ends.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed the connection, or the network did.
    ByPeer(String),
    /// The server closes it: the client may still be sending.
    ByServer(String),
}

/// How many random bytes a command may use: the id and the key of a room.
pub const RANDOM: usize = 8 + 32;

/// The time and the random bytes for one command, which takes none of its own: with the same inputs it does the same.
#[derive(Debug, Clone, Copy)]
pub struct Inputs {
    pub now: SystemTime,
    /// The same moment, for time-outs.
    pub instant: Instant,
    /// Bytes that nobody can guess; zeros for a command that draws none.
    pub random: [u8; RANDOM],
}

pub struct CommandContext<'a> {
    pub server: &'a Server,
    pub wings: &'a Wings,
    pub registry: Locked<'a>,
    /// The client that gave the command.
    pub id: ClientId,
    pub inputs: Inputs,
    /// Set by a command after which the session ends: the reason.
    pub leaving: Option<String>,
    /// Set by a line that the server has asked for: it does not count for the flood control.
    pub flood_exempt: bool,
    pub replies: Replies<'a>,
}

/// The registry while it is locked.
pub struct Locked<'a>(Option<MutexGuard<'a, Registry>>);

const LOCKED: &str = "the lock is free only within `CommandContext::without_lock`, which has no way to the registry";

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

impl<'a> CommandContext<'a> {
    pub fn enter(server: &'a Server, wings: &'a Wings, id: ClientId, random: [u8; RANDOM]) -> Self {
        let registry = Locked(Some(server.registry()));
        // Under the lock, so that the times of messages are in the order of the messages.
        let inputs = Inputs { now: SystemTime::now(), instant: Instant::now(), random };
        let nick = registry.client(id).map_or("*", Client::nick).to_owned();
        let replies = Replies { server, client: id, nick, lines: String::new(), spent: 0 };
        CommandContext { server, wings, registry, id, inputs, leaving: None, flood_exempt: false, replies }
    }

    /// Does something that waits while the lock is free. What was looked up before may have changed
    /// after it, but for the client itself: only its own thread removes it. The time of the inputs moves on.
    pub fn without_lock<T>(&mut self, wait: impl FnOnce(&'a Server) -> T) -> T {
        self.replies.flush();
        self.registry.0 = None;
        let result = wait(self.server);
        self.registry.0 = Some(self.server.registry());
        (self.inputs.now, self.inputs.instant) = (SystemTime::now(), Instant::now());
        result
    }

    /// The same for the disk, of which too many threads at once would need more descriptors than there are.
    pub fn on_disk<T>(&mut self, wait: impl FnOnce(&'a Server) -> T) -> T {
        self.without_lock(|server| server.disk.pass(|| wait(server)))
    }

    /// The client that gave the command.
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

    pub fn need_more_params(&mut self, verb: &str) {
        self.reply(numeric::ERR_NEEDMOREPARAMS, &[verb]);
    }

    /// Hands one line to several clients, after the replies so far.
    pub fn send_to(&mut self, to: Recipients, line: Line) {
        self.replies.flush();
        self.server.send(Event::Line { to, line });
    }

    /// Hands a line to everyone who shares a room with the client, itself included.
    pub fn send_to_peers(&mut self, line: Line) {
        let peers = self.registry.peers(self.id);
        self.send_to(peers, line);
    }

    /// Lets the broadcaster know the client's capabilities.
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
            let line = Line::new(self.inputs.now, format_args!(":{source} QUIT :{}", truncate(reason, REASON)));
            self.send_to(peers, line);
        }
        self.replies.line(format_args!("ERROR :Closing connection: {reason}"));
        self.replies.flush();
        if let Some(client) = self.registry.remove(self.id)
            && let Some(nick) = &client.nick
        {
            self.wings.list.iter().for_each(|wing| wing.gave_up_nick(&client, nick, None));
        }
        self.server.send(Event::Disconnected { client: self.id });
    }

    /// A line on the server's console about something that the client did.
    pub fn log(&self, did: fmt::Arguments<'_>) {
        let me = self.me();
        self.server.log.client(me.address, me.nick.as_deref(), did);
    }

    /// The room of that name, if the client may know of it.
    pub fn visible_room(&self, name: &str) -> Option<&Room> {
        self.registry.room(name).filter(|room| self.wings.may_see(room, self.id))
    }

    /// The room's name as its creator spelt it, and its members, if the client is in it; if not, the client is told so.
    pub fn joined_room(&mut self, name: &str) -> Option<(String, Recipients)> {
        let id = self.id;
        if let Some(room) = self.registry.room_mut(name).filter(|room| room.has(id)) {
            return Some((room.name.clone(), room.recipients(None)));
        }
        let is_visible = self.visible_room(name).is_some();
        self.reply(if is_visible { numeric::ERR_NOTONCHANNEL } else { numeric::ERR_NOSUCHCHANNEL }, &[name]);
        None
    }
}

impl Drop for CommandContext<'_> {
    fn drop(&mut self) {
        self.replies.flush();
    }
}

/// The replies to one command. They reach the global buffer in pieces, the last one when the command is done.
pub struct Replies<'a> {
    server: &'a Server,
    client: ClientId,
    /// The client's nick, which stands first in every numeric; `*` before it has one.
    pub nick: String,
    /// Whole lines that are not yet in the global buffer.
    lines: String,
    /// Bytes of all replies.
    spent: usize,
}

impl Replies<'_> {
    /// A numeric with the text of the table.
    pub fn send(&mut self, numeric: Numeric, params: &[&str]) {
        self.text(numeric, params, numeric.text);
    }

    /// A numeric with a text of its own.
    pub fn text(&mut self, numeric: Numeric, params: &[&str], text: &str) {
        let head = self.head(numeric, params);
        self.line(format_args!("{head} :{text}"));
    }

    /// A numeric without a text: its last parameter is one for programs.
    pub fn bare(&mut self, numeric: Numeric, params: &[&str]) {
        let line = self.head(numeric, params);
        self.line(format_args!("{line}"));
    }

    /// A refusal for which there is no numeric.
    pub fn fail(&mut self, fail: Fail<'_>) {
        self.server_line(fail);
    }

    /// A line for people.
    pub fn notice(&mut self, text: &str) {
        let nick = self.nick.clone();
        self.server_line(format_args!("NOTICE {nick} :{text}"));
    }

    /// A line whose source is the server.
    pub fn server_line(&mut self, line: impl fmt::Display) {
        let server = self.server.name();
        self.line(format_args!(":{server} {line}"));
    }

    /// Any line; too long a line is truncated.
    pub fn line(&mut self, line: fmt::Arguments<'_>) {
        let start = self.lines.len();
        // Writing into a String cannot fail.
        let _ = fmt::write(&mut self.lines, line);
        let most = start + LINE - "\r\n".len();
        self.lines.truncate(self.lines.floor_char_boundary(most));
        self.lines.push_str("\r\n");
        self.spent += self.lines.len() - start;
        if self.lines.len() > limits::REPLY_CHUNK {
            self.flush();
        }
    }

    /// Bytes of text for which a numeric with these parameters has room.
    pub fn text_space(&self, numeric: Numeric, params: &[&str]) -> usize {
        LINE - " :\r\n".len() - self.head(numeric, params).len()
    }

    /// Whether the answer is as long as one may be; the client is then told so.
    pub fn are_too_long(&mut self, verb: &str) -> bool {
        let too_long = self.spent > limits::ANSWER;
        if too_long {
            self.send(numeric::ERR_TOOMANYMATCHES, &[verb]);
        }
        too_long
    }

    /// Puts the replies so far into the global buffer.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines).into_bytes();
            self.server.send(Event::Reply { client: self.client, lines });
        }
    }

    fn head(&self, numeric: Numeric, params: &[&str]) -> String {
        let mut line = format!(":{} {:03} {}", self.server.name(), numeric.code, self.nick);
        for param in params {
            line.extend([" ", &middle(param)]);
        }
        line
    }
}
