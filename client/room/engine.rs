//! One member of a room: what it sends, shows and waits for.
//!
//! Pure: the time, the randomness and the datagrams come in as arguments; datagrams and events go out. Whoever runs
//! it calls [`Engine::tick`] when [`Engine::deadline`] has come, and empties [`Engine::output`] after each call.
//!
//! A message is sent once, to all. Who misses one sees that by the numbers: of the messages after it, or in
//! the heartbeats, in which everybody tells also how far the others have come. It asks for it (NACK) after a random pause,
//! unless somebody else has asked meanwhile; and whoever has it repeats it after a random pause, unless
//! somebody else has: its sender soon, the others later.

use super::history::History;
use super::outgoing::{Next, Outgoing};
use super::peer::{Arrival, Ask, Peer};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::datagram::{self, Datagram, Kind, Message, Range, Seen, Status};
use wire::limits;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send(Datagram),
    /// Somebody said something.
    Said(Message),
    Joined(String),
    Left(String),
    /// So many messages of somebody could not be had.
    Lost(String, u32),
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages of our own.
    pub said: u64,
    /// Datagrams that were sent, with all that is not a message for the first time.
    pub sent: u64,
    /// Messages of others that were shown.
    pub shown: u64,
    /// Messages that were missed at first and came after all.
    pub repaired: u64,
    /// Messages that never came.
    pub lost: u64,
    /// Messages that came again.
    pub duplicates: u64,
    /// Messages, our own and others', that we have repeated for who has missed them.
    pub repeated: u64,
    /// Datagrams without use: too early, too old, from too many.
    pub ignored: u64,
}

/// One member.
#[derive(Debug)]
pub struct Engine {
    room: u64,
    id: u64,
    nick: String,
    began: Duration,
    peers: BTreeMap<u64, Peer>,
    history: History,
    outgoing: Outgoing,
    /// The number of the last message of our own, and of the last other datagram.
    last: u32,
    control: u32,
    /// How often we have still to say that we are new, or that we leave.
    announce: u32,
    leaving: Option<Duration>,
    status_at: Duration,
    /// The pause until the next heartbeat after that.
    pause: Duration,
    /// Whom the next heartbeat tells of first.
    told: u64,
    random: u64,
    pub output: VecDeque<Output>,
    pub counts: Counts,
}

impl Engine {
    /// Enters the room. `id` is random, and so is `seed`.
    pub fn new(room: u64, id: u64, nick: &str, now: Duration, seed: u64) -> Self {
        Engine {
            room,
            id,
            nick: nick.to_owned(),
            began: now,
            peers: BTreeMap::new(),
            history: History::default(),
            outgoing: Outgoing::new(now),
            last: 0,
            control: 0,
            announce: limits::ROOM_ANNOUNCE,
            leaving: None,
            status_at: now,
            pause: limits::ROOM_HEARTBEAT_FIRST,
            told: 0,
            random: seed,
            output: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Says something. A text that does not fit one datagram is cut by the caller ([`datagram::TEXT`]).
    pub fn say(&mut self, text: &str, now: Duration) {
        self.last += 1;
        self.counts.said += 1;
        let message = Message { nick: self.nick.clone(), text: text.to_owned() };
        let datagram = self.datagram(Kind::Data, self.last, message.encode());
        self.outgoing.push(datagram, now);
        self.tick(now);
    }

    /// Says goodbye; [`Self::is_done`] tells when that is done.
    pub fn leave(&mut self, now: Duration) {
        if self.leaving.is_none() {
            self.announce = limits::ROOM_ANNOUNCE;
            self.leaving = Some(now + limits::ROOM_LINGER);
            self.status_at = now;
        }
    }

    pub fn is_done(&self, now: Duration) -> bool {
        self.leaving.is_some_and(|until| now >= until && self.waiting() == 0 && self.announce == 0)
    }

    /// How many messages of our own wait for their turn on the wire.
    pub fn waiting(&self) -> usize {
        self.outgoing.waiting()
    }

    /// The nicks of those who are here, and how long ago they were heard.
    pub fn members(&self, now: Duration) -> Vec<(&str, Duration)> {
        let here = self.peers.values().filter(|peer| peer.is_here);
        here.map(|peer| (&peer.nick[..], now.saturating_sub(peer.heard))).collect()
    }

    /// Nothing is missing, and nothing waits to be sent.
    #[cfg(test)]
    pub fn is_quiet(&self) -> bool {
        self.outgoing.is_empty() && self.peers.values().all(|peer| peer.misses().is_none())
    }

    /// Takes a datagram of this room that is whole, and opened.
    pub fn receive(&mut self, datagram: &Datagram, now: Duration) {
        if datagram.sender == self.id {
            // Our own, back from the network, or repeated by somebody else. What we never said is a forgery.
            if datagram.kind == Kind::Data && datagram.number > self.sent_last() {
                self.counts.ignored += 1;
            } else {
                self.passed(datagram, now);
            }
            return;
        }
        let is_new = !self.peers.contains_key(&datagram.sender);
        if is_new && self.peers.len() >= limits::ROOM_MEMBERS && !self.forget_one() {
            self.counts.ignored += 1;
            return;
        }
        let taken = match datagram.kind {
            Kind::Data => Message::decode(&datagram.payload).map(|message| self.message(datagram, message, now)),
            Kind::Nack => datagram::decode_ranges(&datagram.payload)
                .filter(|_| self.is_fresh(datagram, now))
                .map(|ranges| ranges.iter().for_each(|range| self.asked(*range, now))),
            Kind::Join | Kind::Heartbeat | Kind::Leave => Status::decode(&datagram.payload)
                .filter(|_| self.is_fresh(datagram, now))
                .map(|status| self.status(datagram, &status, now)),
        };
        if taken.is_none() {
            self.counts.ignored += 1;
        }
        self.show(datagram.sender, now);
    }

    /// Makes room for somebody new: one who has left goes. False when there is none.
    fn forget_one(&mut self) -> bool {
        let gone = self.peers.iter().filter(|(_, peer)| !peer.is_here).min_by_key(|(_, peer)| peer.heard);
        gone.map(|(id, _)| *id).is_some_and(|id| self.peers.remove(&id).is_some())
    }

    /// Whether a datagram that is no message is newer than those before it.
    fn is_fresh(&mut self, datagram: &Datagram, now: Duration) -> bool {
        // A stranger who only asks is nobody yet.
        let Some(peer) = self.peers.get_mut(&datagram.sender) else { return true };
        let is_fresh = datagram.number > peer.control;
        if is_fresh {
            (peer.control, peer.heard) = (datagram.number, now);
        }
        is_fresh
    }

    fn message(&mut self, datagram: &Datagram, message: Message, now: Duration) {
        let own_age = now.saturating_sub(self.began);
        let early: usize = self.peers.values().map(Peer::early).sum();
        let peer = self.peers.entry(datagram.sender).or_insert_with(|| Peer::new(&message.nick, now));
        if datagram.number == 0 || early >= limits::ROOM_EARLY {
            self.counts.ignored += 1;
            return;
        }
        peer.heard = now;
        peer.guess(own_age, now);
        match peer.take(datagram.number, message) {
            Arrival::New => {}
            Arrival::Repaired => self.counts.repaired += 1,
            Arrival::Duplicate => self.counts.duplicates += 1,
            Arrival::TooEarly => {
                // It is missed from here on, and asked for in its turn.
                peer.learn_last(datagram.number);
                self.counts.ignored += 1;
                return;
            }
        }
        self.passed(datagram, now);
    }

    /// A message was on the wire: whoever was about to repeat it need not.
    fn passed(&mut self, datagram: &Datagram, now: Duration) {
        if datagram.kind != Kind::Data {
            return;
        }
        self.history.pass(datagram.clone(), now);
        self.outgoing.cancel((datagram.sender, datagram.number));
    }

    fn status(&mut self, datagram: &Datagram, status: &Status, now: Duration) {
        let own_age = now.saturating_sub(self.began);
        let age = Duration::from_millis(status.age.into());
        let peer = self.peers.entry(datagram.sender).or_insert_with(|| Peer::new(&status.nick, now));
        // Others may have told of it before.
        let was_here = peer.is_here;
        (peer.control, peer.heard) = (datagram.number.max(peer.control), now);
        status.nick.clone_into(&mut peer.nick);
        peer.learn_last(status.last);
        peer.learn_age(age, own_age, now);
        let leaves = datagram.kind == Kind::Leave;
        if leaves && !peer.has_left {
            peer.has_left = true;
            if std::mem::take(&mut peer.is_here) {
                self.output.push_back(Output::Left(status.nick.clone()));
            }
        } else if !leaves && !peer.is_here && !peer.has_left {
            peer.is_here = true;
            if age <= own_age {
                self.output.push_back(Output::Joined(status.nick.clone()));
            }
        }
        if datagram.kind == Kind::Join && !was_here {
            // Who is new wants to know who is here, and where the messages are.
            self.hurry_status(now);
        }
        let known = [self.id, datagram.sender];
        for seen in status.others.iter().filter(|seen| !known.contains(&seen.sender)) {
            self.hearsay(*seen, own_age, now);
        }
    }

    /// Takes what somebody tells of somebody else.
    fn hearsay(&mut self, seen: Seen, own_age: Duration, now: Duration) {
        if !self.peers.contains_key(&seen.sender) && self.peers.len() >= limits::ROOM_MEMBERS {
            return;
        }
        let peer = self.peers.entry(seen.sender).or_insert_with(|| Peer::new("", now));
        peer.learn_last(seen.last);
        peer.learn_age(Duration::from_millis(seen.age.into()), own_age, now);
        self.show(seen.sender, now);
    }

    /// Shows what is in its turn, and plans to ask for what is not there.
    fn show(&mut self, sender: u64, now: Duration) {
        let first_pause = self.between(limits::ROOM_ASK_FIRST);
        self.show_ready(sender);
        let Some(peer) = self.peers.get_mut(&sender) else { return };
        match (peer.misses(), peer.ask) {
            (None, _) => peer.ask = None,
            (Some(first), Some(ask)) if ask.first == first => {}
            (Some(first), ask) => {
                let at = ask.map_or(now + first_pause, |ask| ask.at.min(now + limits::ROOM_ASK_LEAST));
                peer.ask = Some(Ask { at, tries: 0, first, last: peer.last() });
            }
        }
    }

    /// Shows what is in its turn.
    fn show_ready(&mut self, sender: u64) {
        let Some(peer) = self.peers.get_mut(&sender) else { return };
        while let Some(message) = peer.show() {
            message.nick.clone_into(&mut peer.nick);
            self.counts.shown += 1;
            self.output.push_back(Output::Said(message));
        }
    }

    /// Somebody misses messages.
    fn asked(&mut self, range: Range, now: Duration) {
        let mine = range.sender == self.id;
        let pause = if mine { limits::ROOM_REPEAT_OWN } else { limits::ROOM_REPEAT };
        // What has just passed may still be on its way.
        let rested = now.saturating_sub(limits::ROOM_REPEAT_HOLD);
        for key in self.history.passed_before(rested, range) {
            if !self.outgoing.is_planned(key) {
                let at = now + self.between(pause);
                self.outgoing.plan(key, at);
            }
        }
        let random = self.between(limits::ROOM_ASK_FIRST);
        if let Some(peer) = self.peers.get_mut(&range.sender)
            && let Some(ask) = &mut peer.ask
            && (range.first..=range.last).contains(&ask.first)
        {
            // Somebody else asks already: the answer is for all.
            ask.at = ask.at.max(now + backoff(ask.tries) + random);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        self.ask(now);
        self.send_due(now);
        if self.status_at <= now {
            self.tell_status(now);
        }
        self.notice_silence(now);
    }

    /// When [`Self::tick`] has something to do next.
    pub fn deadline(&self) -> Duration {
        let asks = self.peers.values().filter_map(|peer| peer.ask.map(|ask| ask.at));
        let guesses = self.peers.values().filter_map(Peer::guess_at);
        let end = self.leaving.filter(|_| self.announce == 0 && self.waiting() == 0);
        asks.chain(guesses).chain(self.outgoing.deadline()).chain(end).fold(self.status_at, Duration::min)
    }

    /// Asks for what is missing, of all senders in one datagram; gives up what was asked for too often.
    fn ask(&mut self, now: Duration) {
        let own_age = now.saturating_sub(self.began);
        // While nobody is heard it is no use to count: they may be out of reach for a while.
        let silence = now.saturating_sub(self.heard_last());
        let counts = !(limits::ROOM_SILENCE..limits::ROOM_GONE).contains(&silence);
        let mut ranges = Vec::new();
        let ids: Vec<u64> = self.peers.keys().copied().collect();
        for id in ids {
            let random = self.between(limits::ROOM_ASK_FIRST);
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            peer.guess(own_age, now);
            if let Some(ask) = peer.ask.filter(|ask| ask.at <= now) {
                if ask.tries >= limits::ROOM_ASK_TRIES {
                    self.give_up(id, ask.last);
                } else {
                    let missing = peer.missing();
                    ranges.extend(missing.into_iter().map(|(first, last)| Range { sender: id, first, last }));
                    let at = now + backoff(ask.tries) + random;
                    peer.ask = Some(Ask { at, tries: ask.tries + u32::from(counts), ..ask });
                }
            }
            self.show(id, now);
        }
        for some in ranges.chunks(datagram::RANGES) {
            self.control += 1;
            let nack = self.datagram(Kind::Nack, self.control, datagram::encode_ranges(some));
            self.send(nack);
        }
    }

    /// Nobody has what is missing of a sender, up to a number: it is told, and what came after it is shown.
    fn give_up(&mut self, id: u64, last: u32) {
        while let Some(peer) = self.peers.get_mut(&id)
            && peer.misses().is_some_and(|first| first <= last)
        {
            let (count, nick) = (peer.give_up(), peer.nick.clone());
            self.counts.lost += u64::from(count);
            self.output.push_back(Output::Lost(nick, count));
            peer.ask = None;
            self.show_ready(id);
        }
    }

    /// When anybody was last heard.
    fn heard_last(&self) -> Duration {
        self.peers.values().map(|peer| peer.heard).max().unwrap_or_default()
    }

    /// Sends the messages whose turn has come.
    fn send_due(&mut self, now: Duration) {
        while let Some(next) = self.outgoing.next(now) {
            match next {
                Next::First(datagram) => {
                    self.history.pass(datagram.clone(), now);
                    self.send(datagram);
                    // Soon after the last one it is said how many there were.
                    self.pause = limits::ROOM_HEARTBEAT_FIRST;
                    self.status_at = self.status_at.min(now + self.pause).max(now);
                }
                Next::Again(key) => {
                    if let Some(datagram) = self.history.repeat(key, now) {
                        self.counts.repeated += 1;
                        self.send(datagram);
                    }
                }
            }
        }
    }

    /// Tells who we are, how far our messages have come, and those of others.
    fn tell_status(&mut self, now: Duration) {
        let kind = match (self.leaving, self.announce) {
            (Some(_), 0) => {
                // Until the end there is nothing more to tell.
                self.status_at = now + limits::ROOM_LINGER;
                return;
            }
            (Some(_), _) if self.waiting() > 0 => {
                self.status_at = now + limits::ROOM_PACE;
                return;
            }
            (Some(_), _) => Kind::Leave,
            (None, 0) => Kind::Heartbeat,
            (None, _) => Kind::Join,
        };
        self.announce = self.announce.saturating_sub(1);
        let after: Vec<_> = self.peers.range(self.told..).chain(self.peers.range(..self.told)).collect();
        let mut others: Vec<Seen> = after
            .into_iter()
            .filter_map(|(&sender, peer)| Some(Seen { sender, last: peer.last(), age: millis(peer.age(now)?) }))
            .collect();
        // Where not all fit, the next heartbeat tells of the others.
        self.told = others.get(datagram::OTHERS).map_or(0, |seen| seen.sender);
        others.truncate(datagram::OTHERS);
        let age = millis(now.saturating_sub(self.began));
        let status = Status { age, last: self.sent_last(), nick: self.nick.clone(), others };
        self.control += 1;
        let datagram = self.datagram(kind, self.control, status.encode());
        self.send(datagram);
        // The more there are the seldomer each of them speaks.
        let crowd = u32::try_from(self.peers.values().filter(|peer| peer.is_here).count()).unwrap_or(u32::MAX);
        let longest = limits::ROOM_HEARTBEAT * (1 + crowd / limits::ROOM_CROWD);
        self.pause = if self.announce > 0 { limits::ROOM_HEARTBEAT_FIRST } else { (self.pause * 2).min(longest) };
        self.status_at = now + self.pause + self.between(self.pause / 4);
    }

    /// The number of the last message that is not waiting for its turn.
    fn sent_last(&self) -> u32 {
        self.last - u32::try_from(self.waiting()).unwrap_or_default()
    }

    fn hurry_status(&mut self, now: Duration) {
        let soon = now + self.between(limits::ROOM_HEARTBEAT_FIRST);
        self.status_at = self.status_at.min(soon);
    }

    /// Who is silent for long has gone without a word.
    fn notice_silence(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            if peer.is_here && now.saturating_sub(peer.heard) > limits::ROOM_GONE {
                peer.is_here = false;
                self.output.push_back(Output::Left(peer.nick.clone()));
            }
        }
    }

    fn datagram(&self, kind: Kind, number: u32, payload: Vec<u8>) -> Datagram {
        Datagram { room: self.room, sender: self.id, kind, sealed: false, number, payload }
    }

    fn send(&mut self, datagram: Datagram) {
        self.counts.sent += 1;
        self.output.push_back(Output::Send(datagram));
    }

    /// A random time up to `most`, but never none. The generator is `SplitMix64` (Steele, Lea and Flood, 2014): it spreads
    /// pauses, and nobody's secret depends on it.
    fn between(&mut self, most: Duration) -> Duration {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(1 + (z ^ (z >> 31)) % micros.max(1))
    }
}

/// The pause after so many tries.
fn backoff(tries: u32) -> Duration {
    (limits::ROOM_ASK_LEAST * 2u32.saturating_pow(tries.min(10))).min(limits::ROOM_ASK_MOST)
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
