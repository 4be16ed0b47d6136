//! One membership in a multicast room: the socket, and the engine behind its lock.
//!
//! The thread `room` reads the socket and does what is due; the main thread says what is typed. Both write
//! the socket, under the engine's lock, under which the state is locked to show something; never the other way round.

use super::engine::{Counts, Engine, Output, RoomEvent};
use super::impair::{Channel, Faults};
use super::limits;
use super::socket;
use crate::directory::{Key, Place};
use crate::state::{Client, NOTICEABLE, State};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::datagram::{DATAGRAM, Datagram, Malformed, NewCipher, PayloadCipher, Utterance};
use wire::text::{pluralize, split_to_fit};

/// How long the thread sleeps at most before it looks whether something is due: the main thread may have said something.
const NAP: Duration = Duration::from_millis(20);
/// Messages of our own that may wait to be sent. Who says more waits, in the end for whoever is behind.
const WAITING: usize = 256;
/// But never longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A room that one is in.
pub struct Member {
    pub place: Place,
    socket: UdpSocket,
    /// `None` in an open room.
    cipher: Option<Box<dyn PayloadCipher>>,
    began: Instant,
    inner: Mutex<Inner>,
    /// Some of what waits may have been sent, or we have left.
    sent: Condvar,
    /// The thread `room`, which ends when it is said that we have left.
    reader: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    engine: Engine,
    channel: Channel,
    arrivals: Arrivals,
    /// We have left, and everybody knows.
    has_left: bool,
    /// What each was called when last heard of, or while on the blacklist.
    names: HashMap<u64, String>,
    /// The last error of the socket, so that each is told once.
    trouble: Option<ErrorKind>,
}

/// What has come from the wire and is not for the engine.
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
        place: Place,
        interface: Ipv4Addr,
        faults: Faults,
        new_cipher: Option<NewCipher>,
    ) -> Result<Arc<Self>, String> {
        let cipher = cipher_of(&place.key, new_cipher)?;
        let socket = socket::join(place.address, interface)?;
        let began = Instant::now();
        let random = |salt: u64| RandomState::new().hash_one(salt);
        let engine = Engine::new(place.id, random(1), &client.lock().nick, Duration::ZERO, random(2));
        let (channel, arrivals) = (Channel::new(faults), Arrivals::default());
        let inner =
            Mutex::new(Inner { engine, channel, arrivals, has_left: false, names: HashMap::new(), trouble: None });
        let (sent, reader) = (Condvar::new(), Mutex::default());
        let member = Arc::new(Member { place, socket, cipher, began, inner, sent, reader });
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
            let is_full = |inner: &mut Inner| inner.engine.waiting() >= WAITING;
            let waited = self.sent.wait_timeout_while(self.lock(), PATIENCE, is_full);
            let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            inner.engine.rename(&client.lock().nick, now);
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
            let room = &self.place.name;
            let why = if self.members().is_empty() {
                format!("Waiting for somebody in {room} who has not shown up yet; Ctrl-C leaves at once")
            } else {
                format!("Waiting until everybody in {room} has what you said; Ctrl-C leaves at once")
            };
            client.lock().screen.tell(&why);
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

    /// Who is here, and how long ago each was heard.
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

    /// Reads the socket and does what is due, until we have left.
    fn room_loop(&self, client: &Client) {
        let mut space = [0; DATAGRAM + 1];
        loop {
            let mut inner = self.lock();
            let now = self.now();
            inner.engine.rename(&client.lock().nick, now);
            inner.engine.tick(now);
            self.drain(&mut inner, client);
            inner.has_left = inner.engine.is_done(now);
            self.sent.notify_all();
            if inner.has_left {
                return;
            }
            let pause = inner.engine.deadline().saturating_sub(now).clamp(Duration::from_millis(1), NAP);
            drop(inner);
            let received = self.socket.set_read_timeout(Some(pause)).and_then(|()| self.socket.recv(&mut space));
            match received {
                Ok(count) => self.arrived(&space[..count], client),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                // An interface that has gone may come back.
                Err(_) => thread::sleep(NAP),
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
                Ok(datagram) if datagram.room != self.place.id => inner.arrivals.foreign += 1,
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

    /// Sends what is to be sent, and shows what is to be shown.
    fn drain(&self, inner: &mut Inner, client: &Client) {
        while let Some(output) = inner.engine.output.pop_front() {
            match output {
                Output::Send(datagram) => self.send(inner, datagram, client),
                Output::Show(sender, event) => self.show(&mut inner.names, sender, &event, &mut client.lock()),
            }
        }
    }

    /// Shows what has happened, unless it is about somebody on the blacklist, or who was when called otherwise here.
    fn show(&self, names: &mut HashMap<u64, String>, sender: u64, event: &RoomEvent, state: &mut State) {
        if names.len() >= limits::MCAST_REMEMBERED {
            names.retain(|_, name| state.blacklist.contains(name));
        }
        let before = match event {
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
        let room = format!("[{}] ", self.place.name);
        match event {
            RoomEvent::Said(Utterance { nick, text }) => state.screen.said(&room, nick, &format!(": {text}"), None),
            RoomEvent::Joined(nick) => state.screen.notice(&format!("{room}{nick} joined the conversation")),
            RoomEvent::Left(nick) => state.screen.notice(&format!("{room}{nick} left the conversation")),
            RoomEvent::Renamed(old, new) => state.screen.notice(&format!("{room}{old} is now called {new}")),
            RoomEvent::Lost(nick, count) => {
                let (messages, verb) = (pluralize(*count, "message"), if *count == 1 { "was" } else { "were" });
                let whom = if nick.is_empty() { "somebody" } else { nick };
                state.screen.tell(&format!("{room}{messages} from {whom} {verb} lost"));
            }
        }
    }

    fn send(&self, inner: &mut Inner, mut datagram: Datagram, client: &Client) {
        if let Some(cipher) = &self.cipher
            && !cipher.encrypt(&mut datagram)
        {
            return;
        }
        let sent = self.socket.send_to(&datagram.encode(), self.place.address);
        let trouble = sent.as_ref().err().map(std::io::Error::kind);
        if let Err(error) = sent
            && inner.trouble != trouble
        {
            let why =
                format!("[{}] Nothing can be sent ({error}); --iface ADDRESS chooses an interface", self.place.name);
            client.lock().screen.tell(&why);
        }
        inner.trouble = trouble;
    }
}

/// The cipher of a room, `None` in an open one. A build without TLS has no ciphers; a session without TLS gets no key.
fn cipher_of(key: &Key, new: Option<NewCipher>) -> Result<Option<Box<dyn PayloadCipher>>, &'static str> {
    let Key::Sealed(key) = key else { return Ok(None) };
    let new = new.ok_or("This client was built without TLS, and the room is sealed; build it with --features tls")?;
    let key = key.ok_or("The room is sealed, and its key is handed out over TLS only; connect without --plain")?;
    new(&key).map(Some).ok_or("The room's key cannot be used")
}
