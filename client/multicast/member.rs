//! One membership in a multicast room: the socket, and the engine behind its lock.
//!
//! The thread `room` reads the socket and runs the engine's timers; the main thread sends the lines that are typed.
//! Both write the socket, under the engine's lock. The state's lock is taken after the engine's, never before it.

use super::engine::{Counts, Engine, Output, RoomEvent, limits};
use super::event::MulticastEvent;
use super::impair::{Channel, Faults};
use super::socket;
use crate::core::client::{Client, NOTICEABLE};
use crate::core::state::State;
use crate::directory::listing::MulticastRoom;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::datagram::{DATAGRAM, Datagram, Malformed, NewCipher, PayloadCipher};
use wire::directory_line::RoomKey;
use wire::text::split_to_fit;

/// Our membership in a room.
pub struct Member {
    pub room: MulticastRoom,
    socket: UdpSocket,
    /// `None` in an open room.
    cipher: Option<Box<dyn PayloadCipher>>,
    began: Instant,
    inner: Mutex<Inner>,
    /// Signals that messages were sent, or that we have left.
    sent: Condvar,
    /// The thread `room`, which ends after our goodbye.
    reader: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    engine: Engine,
    channel: Channel,
    arrivals: Arrivals,
    /// We have left, and everybody knows.
    has_left: bool,
    /// The last known name of each member; of a blacklisted one, the name on the blacklist.
    names: HashMap<u64, String>,
    /// The last error of the socket, so that the user sees each error once.
    last_error: Option<ErrorKind>,
}

/// Counts of received datagrams, most of which the engine never sees.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrivals {
    pub received: u64,
    /// Of other programs, or of another room.
    pub foreign: u64,
    pub damaged: u64,
    /// Without a seal, or with one that somebody without the key has made.
    pub forged: u64,
    /// Lost on purpose.
    pub dropped: u64,
}

impl Member {
    /// Enters a room. An error is one sentence.
    pub fn enter(
        client: &Client,
        room: MulticastRoom,
        interface: Ipv4Addr,
        faults: Faults,
        new_cipher: Option<NewCipher>,
    ) -> Result<Arc<Self>, String> {
        let cipher = cipher_of(room.key, new_cipher)?;
        let socket = socket::join(room.address, interface)?;
        let began = Instant::now();
        let random = |salt: u64| RandomState::new().hash_one(salt);
        let engine = Engine::new(room.id, random(1), &client.lock().model.nick, Duration::ZERO, random(2));
        let (channel, arrivals) = (Channel::new(faults), Arrivals::default());
        let inner =
            Mutex::new(Inner { engine, channel, arrivals, has_left: false, names: HashMap::new(), last_error: None });
        let (sent, reader) = (Condvar::new(), Mutex::default());
        let member = Arc::new(Member { room, socket, cipher, began, inner, sent, reader });
        let (reader, shared) = (Arc::clone(&member), client.share().ok_or("The client is ending")?);
        let reader = thread::Builder::new().name("room".to_owned()).spawn(move || reader.room_loop(&shared));
        let reader = reader.map_err(|error| format!("There is no thread for the room: {error}"))?;
        *member.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        Ok(member)
    }

    pub fn is_sealed(&self) -> bool {
        self.cipher.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Says something to everybody in the room.
    pub fn say(&self, client: &Client, text: &str) {
        for piece in split_to_fit(text, wire::datagram::TEXT) {
            let is_full = |inner: &mut Inner| inner.engine.waiting() >= limits::MCAST_WAITING;
            let waited = self.sent.wait_timeout_while(self.lock(), limits::MCAST_PATIENCE, is_full);
            let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            inner.engine.rename(&client.lock().model.nick, now);
            inner.engine.say(piece, now);
            self.drain(&mut inner, client);
        }
    }

    /// Says goodbye, and waits until everybody has heard it, and what we said before.
    pub fn leave(&self, client: &Client) {
        let mut inner = self.lock();
        inner.engine.leave(self.now());
        let waited = self.sent.wait_timeout_while(inner, NOTICEABLE, |inner| !inner.has_left);
        let has_left = waited.unwrap_or_else(PoisonError::into_inner).0.has_left;
        if !has_left {
            let room = &self.room.name;
            let why = if self.members().is_empty() {
                format!("Waiting for somebody in {room} who has not shown up yet; Ctrl-C leaves at once")
            } else {
                format!("Waiting until everybody in {room} has what you said; Ctrl-C leaves at once")
            };
            client.note(why);
        }
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Should it have failed, there is nothing to wait for.
        reader.map(JoinHandle::join);
    }

    /// Says goodbye without waiting for anybody.
    pub fn leave_at_once(&self, client: &Client) {
        let mut inner = self.lock();
        inner.engine.leave_at_once(self.now());
        self.drain(&mut inner, client);
    }

    /// The other members, and how long ago each was heard.
    pub fn members(&self) -> Vec<(String, Duration)> {
        let inner = self.lock();
        let mut members: Vec<_> =
            inner.engine.members(self.now()).into_iter().map(|(nick, heard)| (nick.to_owned(), heard)).collect();
        members.sort();
        members
    }

    pub fn counts(&self) -> (Counts, Arrivals) {
        let inner = self.lock();
        (inner.engine.counts, Arrivals { dropped: inner.channel.lost, ..inner.arrivals })
    }

    /// Reads the socket and runs the engine's timers, until we have left.
    fn room_loop(&self, client: &Client) {
        let mut space = [0; DATAGRAM + 1];
        loop {
            let mut inner = self.lock();
            let now = self.now();
            inner.engine.rename(&client.lock().model.nick, now);
            inner.engine.tick(now);
            self.drain(&mut inner, client);
            inner.has_left = inner.engine.is_done(now);
            self.sent.notify_all();
            if inner.has_left {
                return;
            }
            let pause = inner.engine.deadline().saturating_sub(now).clamp(Duration::from_millis(1), limits::MCAST_NAP);
            drop(inner);
            let received = self.socket.set_read_timeout(Some(pause)).and_then(|()| self.socket.recv(&mut space));
            match received {
                Ok(count) => self.arrived(&space[..count], client),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                // An interface that is down may come up again.
                Err(_) => thread::sleep(limits::MCAST_NAP),
            }
        }
    }

    fn arrived(&self, bytes: &[u8], client: &Client) {
        let mut inner = self.lock();
        for bytes in inner.channel.pass(bytes.to_vec()) {
            let datagram = Datagram::decode(&bytes);
            // The network gives us back what we send.
            let is_our_own = datagram.as_ref().is_ok_and(|datagram| datagram.sender == inner.engine.id());
            inner.arrivals.received += u64::from(!is_our_own);
            match datagram {
                Err(Malformed::Foreign) => inner.arrivals.foreign += 1,
                Err(Malformed::Damaged) => inner.arrivals.damaged += 1,
                Ok(datagram) if datagram.room != self.room.id => inner.arrivals.foreign += 1,
                Ok(mut datagram) => {
                    let is_genuine = match &self.cipher {
                        Some(cipher) => cipher.decrypt(&mut datagram),
                        None => !datagram.encrypted,
                    };
                    if is_genuine {
                        inner.engine.receive(&datagram, self.now());
                    } else {
                        inner.arrivals.forged += 1;
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
            names.retain(|_, name| state.blacklist.contains(name));
        }
        let before = match &event {
            RoomEvent::Renamed(old, _) => old,
            event => event.nick(),
        };
        let name = names.entry(sender).or_insert_with(|| before.to_owned());
        if !state.blacklist.contains(name) {
            before.clone_into(name);
        }
        if state.blacklist.contains(name) || state.blacklist.contains(event.nick()) {
            return;
        }
        state.emit(MulticastEvent { room: self.room.name.clone(), what: event });
    }

    fn send(&self, inner: &mut Inner, mut datagram: Datagram, client: &Client) {
        if let Some(cipher) = &self.cipher
            && !cipher.encrypt(&mut datagram)
        {
            return;
        }
        let sent = self.socket.send_to(&datagram.encode(), self.room.address);
        let last_error = sent.as_ref().err().map(std::io::Error::kind);
        if let Err(error) = sent
            && inner.last_error != last_error
        {
            let why =
                format!("[{}] Nothing can be sent ({error}); --iface ADDRESS chooses an interface", self.room.name);
            client.note(why);
        }
        inner.last_error = last_error;
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
