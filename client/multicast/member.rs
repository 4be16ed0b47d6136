//! One membership in a multicast room: the socket, and the engine behind its lock.
//!
//! The thread `room` reads the socket and runs the engine's timers; the main thread sends the lines that are typed.
//! Both write the socket, under the engine's lock. The state's lock is taken after the engine's, never before it.

use super::engine::{Engine, Output, RoomEvent, limits};
use super::event::{MembersChanged, MulticastEvent, Rows};
use super::impair::{Channel, Faults};
use super::socket;
use crate::core::client::Client;
use crate::core::conversation::Conversation;
use crate::core::event::{Event, Kind, Manner};
use crate::core::limits::NOTICEABLE;
use crate::core::shutdown;
use crate::core::state::State;
use crate::directory::listing::MulticastRoom;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::iter;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::datagram::{DATAGRAM, Datagram, Malformed, NewCipher, PayloadCipher};
use wire::directory_line::RoomKey;
use wire::text::{pluralize, printable, split_to_fit};

/// The options about multicast rooms on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct MulticastOptions {
    /// The address of the interface for multicast rooms; the system chooses one unless given
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    pub iface: Ipv4Addr,
    #[command(flatten)]
    pub faults: Faults,
}

/// Our membership in a room.
pub struct Member {
    pub room: MulticastRoom,
    /// The name of its conversation.
    pub conversation: String,
    /// `None` in an open room.
    pub cipher: Option<Box<dyn PayloadCipher>>,
    socket: UdpSocket,
    began: Instant,
    inner: Mutex<Inner>,
    /// Signals that messages were sent, or that we have left.
    sent: Condvar,
}

struct Inner {
    engine: Engine,
    channel: Channel,
    /// The last known name of each member; of a blacklisted one, the name on the blacklist.
    names: HashMap<u64, String>,
    /// Who is here, as the model knows it.
    present: Vec<String>,
    /// Until then the main thread may change what is due, without a datagram that wakes the room's thread.
    active_until: Duration,
    /// The last error of the socket, so that the user sees each error once.
    last_error: Option<ErrorKind>,
    /// The thread `room`, which ends after our goodbye.
    reader: Option<JoinHandle<()>>,
}

impl Member {
    /// Enters a room. An error is one sentence.
    pub fn enter(
        client: &Client,
        room: MulticastRoom,
        options: &MulticastOptions,
        new_cipher: Option<NewCipher>,
    ) -> Result<Arc<Self>, String> {
        let cipher = cipher_of(room.key, new_cipher)?;
        let socket = socket::join(room.address, options.iface).map_err(|error| {
            format!("Cannot join {}: {error}; --iface ADDRESS chooses another interface", room.address)
        })?;
        let random = || RandomState::new().hash_one(0);
        let engine = Engine::new(room.id, random(), &client.lock().model.nick, Duration::ZERO, random());
        let channel = Channel::new(options.faults);
        let (names, present, active_until) = (HashMap::new(), Vec::new(), limits::MCAST_ACTIVE);
        let inner = Inner { engine, channel, names, present, active_until, last_error: None, reader: None };
        let (inner, began, sent) = (Mutex::new(inner), Instant::now(), Condvar::new());
        let conversation = format!("[{}] (multicast)", printable(&room.name));
        let member = Arc::new(Member { room, conversation, cipher, socket, began, inner, sent });
        let (reader, shared) = (Arc::clone(&member), client.share().ok_or("The client is ending")?);
        // Before the first thing happens there.
        let before = client.lock().model.set_aside(Some(member.new_conversation()));
        let reader = thread::Builder::new().name("room".to_owned()).spawn(move || reader.room_loop(&shared));
        let reader = reader.map_err(|error| {
            client.lock().model.set_aside(before);
            format!("There is no thread for the room: {error}")
        })?;
        member.lock().reader = Some(reader);
        Ok(member)
    }

    fn new_conversation(&self) -> Conversation {
        let address = self.room.address;
        let topic = if self.cipher.is_some() {
            format!("A multicast room at {address}, without the server; what is said here is encrypted")
        } else {
            format!("A multicast room at {address}, without the server; everybody on this network can read it")
        };
        Conversation { name: self.conversation.clone(), topic, ..Conversation::default() }
    }

    /// An event in this room. One that is being left has no conversation any more.
    fn event(&self, event: impl Into<Event>, state: &State) -> Event {
        let conversation = Some(self.conversation.clone()).filter(|name| state.model.is_aside(name));
        Event { conversation, ..event.into() }
    }

    fn answer(&self, rows: Vec<String>, state: &mut State) {
        let event = self.event(Rows(rows), state);
        state.emit(event);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Says something to everybody in the room.
    pub fn say(&self, client: &Client, text: &str) {
        let mut state = client.lock();
        let is_elsewhere = state.model.detour.is_none();
        let said = Kind::WeSaid { text: text.to_owned(), manner: Manner::Text, is_elsewhere };
        let said = self.event(said, &state);
        state.emit(said);
        drop(state);
        for piece in split_to_fit(text, wire::datagram::TEXT) {
            let is_full = |inner: &mut Inner| inner.engine.waiting() >= limits::MCAST_WAITING;
            let waited = self.sent.wait_timeout_while(self.lock(), limits::MCAST_PATIENCE, is_full);
            let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            inner.active_until = now + limits::MCAST_ACTIVE;
            inner.engine.rename(&client.lock().model.nick, now);
            inner.engine.say(piece, now);
            self.drain(&mut inner, client);
        }
    }

    /// Says goodbye, and waits until everybody has heard it, and what we said before.
    pub fn leave(&self, client: &Client) {
        let (mut inner, now) = (self.lock(), self.now());
        inner.active_until = Duration::MAX;
        inner.engine.leave(now);
        inner.engine.tick(now);
        // The network gives it back to us, which wakes the room's thread.
        self.drain(&mut inner, client);
        let waits = |inner: &mut Inner| !inner.engine.is_done(self.now());
        let waited = self.sent.wait_timeout_while(inner, NOTICEABLE, waits);
        let (mut inner, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let room = &self.room.name;
            let why = if inner.engine.members(self.now()).is_empty() {
                format!("for somebody in {room} who has not shown up yet")
            } else {
                format!("until everybody in {room} has what you said")
            };
            client.note(format!("Waiting {why}; Ctrl-C leaves at once"));
        }
        let reader = inner.reader.take();
        drop(inner);
        // Should it have failed, there is nothing to wait for.
        reader.map(JoinHandle::join);
    }

    /// Says goodbye without waiting for anybody.
    pub fn leave_at_once(&self, client: &Client) {
        let mut inner = self.lock();
        inner.engine.leave_at_once(self.now());
        self.drain(&mut inner, client);
    }

    /// Shows the members, and how long ago each was heard.
    pub fn who(&self, client: &Client) {
        let inner = self.lock();
        let mut members = inner.engine.members(self.now());
        members.sort_unstable();
        let count = pluralize(members.len() + 1, "member");
        let mut rows = vec![format!("{count} of {}: you", self.room.name)];
        rows.extend(members.iter().map(|(nick, heard)| format!("    {nick}, heard {} s ago", heard.as_secs())));
        self.answer(rows, &mut client.lock());
    }

    /// Shows the counters.
    pub fn stats(&self, client: &Client) {
        let inner = self.lock();
        let counts = inner.engine.counts;
        let rows = [
            ("messages said", counts.said),
            ("datagrams sent", counts.sent),
            ("datagrams received", counts.received),
            ("messages shown", counts.shown),
            ("messages missed at first and repaired", counts.repaired),
            ("messages lost for good", counts.lost),
            ("messages that came again", counts.duplicates),
            ("messages repeated for who missed them", counts.retransmitted),
            ("datagrams lost on purpose", inner.channel.lost),
            ("datagrams damaged", counts.damaged),
            ("datagrams of other programs or rooms", counts.foreign),
            ("datagrams without a good seal", counts.forged),
            ("datagrams without use", counts.ignored),
        ];
        let rows = rows.iter().map(|(what, count)| format!("{count:>8}  {what}")).collect();
        self.answer(rows, &mut client.lock());
    }

    /// Reads the socket and runs the engine's timers, until we have left.
    fn room_loop(&self, client: &Client) {
        let mut space = [0; DATAGRAM + 1];
        loop {
            let mut inner = self.lock();
            let now = self.now();
            let nick = client.lock().model.nick.clone();
            inner.engine.rename(&nick, now);
            inner.engine.tick(now);
            self.drain(&mut inner, client);
            self.compare_members(&mut inner, &nick, client);
            self.sent.notify_all();
            if inner.engine.is_done(now) {
                return;
            }
            let most = if now < inner.active_until { limits::MCAST_NAP } else { Duration::MAX };
            let pause = inner.engine.deadline().saturating_sub(now).clamp(Duration::from_millis(1), most);
            drop(inner);
            shutdown::if_closed(client);
            let received = self.socket.set_read_timeout(Some(pause)).and_then(|()| self.socket.recv(&mut space));
            match received {
                Ok(count) => self.arrived(&space[..count], client),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                // An interface that is down may come up again.
                Err(_) => thread::sleep(limits::MCAST_NAP),
            }
        }
    }

    /// Tells the model who is here, if that has changed.
    fn compare_members(&self, inner: &mut Inner, nick: &str, client: &Client) {
        let members = inner.engine.members(self.now());
        let members = iter::once(nick).chain(members.iter().map(|(nick, _)| *nick));
        if members.clone().eq(inner.present.iter().map(String::as_str)) {
            return;
        }
        let members: Vec<_> = members.map(str::to_owned).collect();
        let mut state = client.lock();
        let Some(aside) = state.model.aside.as_mut().filter(|aside| aside.name == self.conversation) else { return };
        aside.members.clear();
        members.iter().for_each(|nick| aside.add(nick, ""));
        state.emit(MembersChanged);
        inner.present = members;
    }

    fn arrived(&self, bytes: &[u8], client: &Client) {
        let mut inner = self.lock();
        for bytes in inner.channel.pass(bytes.to_vec()) {
            let datagram = Datagram::decode(&bytes);
            // The network gives us back what we send.
            let is_our_own = datagram.as_ref().is_ok_and(|datagram| datagram.sender == inner.engine.id);
            let counts = &mut inner.engine.counts;
            counts.received += u64::from(!is_our_own);
            match datagram {
                Err(Malformed::Foreign) => counts.foreign += 1,
                Err(Malformed::Damaged) => counts.damaged += 1,
                Ok(datagram) if datagram.room != self.room.id => counts.foreign += 1,
                Ok(mut datagram) => {
                    let is_open = !datagram.encrypted;
                    if self.cipher.as_ref().map_or(is_open, |cipher| cipher.decrypt(&mut datagram)) {
                        inner.engine.receive(&datagram, self.now());
                    } else {
                        counts.forged += 1;
                    }
                }
            }
        }
        self.drain(&mut inner, client);
    }

    /// Carries out the engine's outputs: sends datagrams, shows events.
    fn drain(&self, inner: &mut Inner, client: &Client) {
        while let Some(output) = inner.engine.output.pop_front() {
            match output {
                Output::Send(datagram) => self.send(inner, datagram, client),
                Output::Show(sender, event) => self.show(&mut inner.names, sender, event, &mut client.lock()),
            }
        }
    }

    /// Shows an event, unless it is about somebody who is on the blacklist, or was under an earlier name in this room.
    fn show(&self, names: &mut HashMap<u64, String>, sender: u64, event: RoomEvent, state: &mut State) {
        if names.len() >= limits::MCAST_REMEMBERED {
            names.retain(|_, name| state.model.blacklist.contains(name));
            // Somebody with a name from the blacklist can have any number of ids.
            if names.len() >= limits::MCAST_REMEMBERED {
                names.clear();
            }
        }
        let [before, after] = event.nicks();
        let name = names.entry(sender).or_insert_with(|| before.to_owned());
        if !state.model.blacklist.contains(name) {
            before.clone_into(name);
        }
        if !state.model.blacklist.contains(name) && !state.model.blacklist.contains(after) {
            let event = self.event(MulticastEvent::new(&self.room.name, event), state);
            state.emit(event);
        }
    }

    fn send(&self, inner: &mut Inner, mut datagram: Datagram, client: &Client) {
        if self.cipher.as_ref().is_some_and(|cipher| !cipher.encrypt(&mut datagram)) {
            return;
        }
        let error = self.socket.send_to(&datagram.encode(), self.room.address).err();
        let last_error = std::mem::replace(&mut inner.last_error, error.as_ref().map(io::Error::kind));
        if let Some(error) = error.filter(|error| last_error != Some(error.kind())) {
            let room = &self.room.name;
            client.note(format!("[{room}] Nothing can be sent ({error}); --iface ADDRESS chooses an interface"));
        }
    }
}

/// The cipher of a room, `None` in an open one. A build without TLS has no ciphers; a session without TLS gets no key.
fn cipher_of(key: RoomKey, new: Option<NewCipher>) -> Result<Option<Box<dyn PayloadCipher>>, &'static str> {
    match (key, new) {
        (RoomKey::Open, _) => Ok(None),
        (_, None) => Err("This client was built without TLS, and the room is sealed; build it with --features tls"),
        (RoomKey::Hidden, _) => {
            Err("The room is sealed, and its key is handed out over TLS only; connect without --plain")
        }
        (RoomKey::Key(key), Some(new)) => new(&key).map(Some).ok_or("The room's key cannot be used"),
    }
}
