//! What a command works with, and what a wing can add to the core.
//!
//! The thread of a client makes a [`CommandContext`] for each line, and at the end of the session. While it lives its
//! thread holds the registry's lock. Dropping it sends the replies and then lets go of the lock, so that a client and
//! the others learn of things in the order in which they happened. Two kinds of commands let go of the lock in between:
//! those that need the disk, with [`CommandContext::without_lock`], and long ones, which work in pieces and take turns:
//! one of them at a time competes with everybody else for the lock, however many there are.
//!
//! A [`Wing`] is a part of the server that the core does not know. It adds verbs and capabilities, and hooks into the
//! core at the places that the trait names.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::sync::mpsc::Sender;
use std::sync::{Arc, MutexGuard};
use std::time::{Instant, SystemTime};

use wire::limits::REASON;
use wire::message::Message;
use wire::names::casefold;
use wire::numeric::{self, Numeric};
use wire::text::truncate;

use super::client::{Busy, Client};
use super::event::{Caps, ClientId, CutReason, Event, Line, Recipients};
use super::limits;
use super::msgid::Msgid;
use super::operator::ConsoleCommand;
use super::registry::Registry;
use super::replies::{Refusal, Replies};
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

    /// The commands that it adds to the server's console. One that the core has, too, is carried out after the core's.
    fn console(self: Arc<Self>) -> Vec<ConsoleCommand> {
        Vec::new()
    }

    /// The server has started; no client is connected yet.
    fn started(&self, _server: &Server) {}

    /// Does what has to be done from time to time, such as to let things expire. The main thread calls it at the start,
    /// before the first client comes, and then every few minutes, without a lock.
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

    /// Whether something waits for the owner of a name, connected or not, that nobody else may get. The name is folded.
    fn keeps_for(&self, _folded: &str) -> bool {
        false
    }

    /// The owner of a name is about to give it up for good: nobody is known by it any more, also after a restart. Nothing
    /// is kept for it, and no client has it. Not called under a lock. The name is folded.
    fn released(&self, _folded: &str) -> io::Result<()> {
        Ok(())
    }

    /// The client has a name for good: just before the welcome, and after a change of names. The text is told to the
    /// client as a NOTICE.
    fn named(&self, _ctx: &mut CommandContext<'_>) -> Option<String> {
        None
    }

    /// The client answers a `PING` that had this token. Some clients put a server's name in front of it.
    fn acknowledged(&self, _ctx: &mut CommandContext<'_>, _token: &str) {}

    /// The client is about to leave. Whether it has yet to answer a `PING`, which it has then got.
    fn has_to_answer(&self, _ctx: &mut CommandContext<'_>) -> bool {
        false
    }

    /// The client takes the place of another one with the same key, which is about to be disconnected.
    fn replaces(&self, _ctx: &mut CommandContext<'_>, _other: ClientId) {}

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

    /// Whether the client may enter a room, or make one (`None`), with this key; if not, why.
    fn may_join(&self, _room: Option<&Room>, _client: &Client, _key: Option<&str>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The client has entered a room with this key, and is told who else is in it next.
    fn joined(&self, _ctx: &mut CommandContext<'_>, _room: &str, _key: Option<&str>) {}

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

    /// Whether a wing keeps something for the owner of a name. The name is folded.
    pub fn keep_for(&self, folded: &str) -> bool {
        self.list.iter().any(|wing| wing.keeps_for(folded))
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
    /// Held by a long command while it works: long commands take turns.
    turn: Option<MutexGuard<'a, ()>>,
    /// The client that gave the command.
    pub id: ClientId,
    pub inputs: Inputs,
    /// Set by a command after which the session ends: the reason.
    pub leaving: Option<String>,
    /// Set by a line that the server has asked for: it does not count for the flood control.
    pub flood_exempt: bool,
    /// Tokens that the line costs beyond its first, for what it asks for many times.
    pub cost: usize,
    /// Lines that it completes: the most that it costs is a burst for each.
    pub lines: u32,
    /// Work done under the lock: about the entries of the registry that were looked at.
    work: usize,
    /// Bytes of the lines that it has handed to others, for all recipients.
    copied: usize,
    pub replies: Replies<'a>,
}

/// A part of a long answer, on its way out of the registry.
pub struct Piece<T> {
    pub entries: Vec<T>,
    /// About the entries of the registry that were looked at.
    pub work: usize,
}

impl<T> Piece<T> {
    pub fn is_full(&self) -> bool {
        self.work >= limits::PIECE
    }
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
        let replies = Replies::new(server, id, registry.client(id).map_or("*", Client::nick));
        let (turn, leaving) = (None, None);
        let (flood_exempt, cost, lines, work, copied) = (false, 0, 1, 0, 0);
        CommandContext {
            server,
            wings,
            registry,
            turn,
            id,
            inputs,
            leaving,
            flood_exempt,
            cost,
            lines,
            work,
            copied,
            replies,
        }
    }

    /// Does something that waits while the lock is free. What was looked up before may have changed
    /// after it, but for the client itself: only its own thread removes it. The time of the inputs moves on.
    pub fn without_lock<T>(&mut self, wait: impl FnOnce(&'a Server) -> T) -> T {
        self.unlock();
        let result = wait(self.server);
        self.lock();
        result
    }

    /// The same for the disk, of which too many threads at once would need more descriptors than there are.
    pub fn on_disk<T>(&mut self, wait: impl FnOnce(&'a Server) -> T) -> T {
        self.without_lock(|server| server.disk.pass(|| wait(server)))
    }

    fn unlock(&mut self) {
        self.replies.flush();
        self.me_mut().busy = Busy::Now;
        self.registry.0 = None;
        self.turn = None;
    }

    fn lock(&mut self) {
        self.registry.0 = Some(self.server.registry());
        (self.inputs.now, self.inputs.instant) = (SystemTime::now(), Instant::now());
        self.me_mut().busy = Busy::Until(self.inputs.instant);
    }

    /// Counts work that was done under the lock. After each [`limits::PIECE`] of it others get the lock for a while: like
    /// [`Self::without_lock`], so what was looked up before may have changed.
    pub fn worked(&mut self, work: usize) {
        let before = self.work / limits::PIECE;
        self.work += work;
        if self.work / limits::PIECE > before {
            self.unlock();
            // Somebody who joins a large room need not wait for those who ask for everything.
            if self.work > limits::WORK_PER_TOKEN {
                self.turn = Some(self.server.turn());
            }
            self.server.wait_for_broadcaster();
            self.lock();
        }
    }

    /// Waits for the broadcaster if it has much to copy, as [`Self::without_lock`] waits.
    pub fn give_way(&mut self) {
        if self.server.queued_bytes() > limits::QUEUED {
            self.without_lock(Server::wait_for_broadcaster);
        }
    }

    /// Works through something of any size in pieces. `copy` takes a piece out of the locked registry; `show` has each of
    /// its entries while the lock is free, and returns whether to go on.
    pub fn in_pieces<T>(
        &mut self,
        mut copy: impl FnMut(&Registry, &mut Piece<T>),
        mut show: impl FnMut(&mut Replies<'_>, T) -> bool,
    ) {
        self.unlock();
        let mut goes_on = true;
        while goes_on {
            let turn = (self.work >= limits::WORK_PER_TOKEN).then(|| self.server.turn());
            let mut piece = Piece { entries: Vec::new(), work: 0 };
            copy(&self.server.registry(), &mut piece);
            self.work += piece.work;
            goes_on = piece.is_full();
            goes_on &= piece.entries.into_iter().all(|entry| show(&mut self.replies, entry));
            self.replies.flush();
            if goes_on || self.replies.spent > limits::REPLY_CHUNK {
                self.server.wait_for_broadcaster();
            }
            drop(turn);
        }
        self.lock();
    }

    /// Tokens that the line has cost beyond its first: what the command says, and its share of work and of replies.
    pub fn total_cost(&self) -> u32 {
        let shares = self.work / limits::WORK_PER_TOKEN + self.replies.spent / limits::REPLY_CHUNK;
        let shares = shares + self.copied / limits::COPIED_PER_TOKEN;
        u32::try_from(self.cost + shares).unwrap_or(u32::MAX)
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
        self.copied += self.server.send_line(to, line);
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

    /// Ends the connection of another client, after the replies so far.
    pub fn disconnect(&mut self, client: ClientId, reason: &'static str) {
        self.replies.flush();
        self.server.disconnect(client, reason);
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

    /// Whether the client, or this client under another `source`, may write into a room.
    pub fn may_speak_in(&self, room: &str, source: &str) -> bool {
        self.registry.room(room).is_none_or(|room| self.wings.may_speak(room, Some(self.id), source).is_ok())
    }

    /// A room of the client's in which it may not use this name, now or by its present one, since it is banned there.
    pub fn barred_in(&mut self, nick: &str) -> Option<String> {
        let me = self.me();
        let (id, wings, rooms) = (self.id, self.wings, me.rooms.clone());
        let sources = [me.source(), format!("{nick}!{}@{}", me.user(), me.host)];
        let is_barred = |room: &&Room| {
            sources.iter().any(|source| {
                // Without regard to the member only bans count, and no operator is kept silent.
                let may_speak = |client| wings.may_speak(room, client, source).is_ok();
                !may_speak(Some(id)) && !may_speak(None)
            })
        };
        rooms.iter().find_map(|name| {
            self.worked(limits::ROOM_WORK);
            self.registry.room(name).filter(is_barred).map(|room| room.name.clone())
        })
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
