//! One member of a room: what it sends, shows and waits for.
//!
//! Pure: the time, the randomness and the datagrams come in as arguments; datagrams and events go out. Whoever runs
//! it calls [`Engine::tick`] when [`Engine::deadline`] has come, and empties [`Engine::output`] after each call.
//!
//! A message is sent once, to all. Who misses one sees that by the numbers: of the messages after it, or in
//! the heartbeats, in which everybody tells also how far the others have come. It asks for it (NACK) after a random pause,
//! unless somebody else has asked meanwhile; and whoever has it repeats it after a random pause, unless
//! somebody else has: its sender soon, the others later.

use super::heard::HeardList;
use super::history::History;
use super::outgoing::{Next, Outgoing};
use super::peer::Peer;
use super::peers::Peers;
use super::random::Random;
use std::collections::VecDeque;
use std::time::Duration;
use wire::datagram::{Datagram, Kind, Message, Status};
use wire::limits;

mod output;
mod receive;
mod repair;
#[cfg(test)]
mod tests;

pub use output::{Counts, Event, Output};

/// One member.
#[derive(Debug)]
pub struct Engine {
    room: u64,
    id: u64,
    nick: String,
    began: Duration,
    peers: Peers,
    heard: HeardList,
    /// When a stranger whom we have not answered yet was last heard.
    greeted: Option<Duration>,
    /// Our own messages, and those of others, of which there may be many more.
    own: History,
    others: History,
    outgoing: Outgoing,
    /// The number of the last message of our own, and of the last other datagram.
    last: u32,
    control: u32,
    /// When the last message of our own went.
    said: Duration,
    /// Messages of others that have come since the last heartbeat.
    unreported: u32,
    /// How often we have still to say that we are new.
    announce: u32,
    leaving: bool,
    /// Since when we say so, and the number of the first LEAVE: before, our messages have to go.
    left: Option<(Duration, u32)>,
    /// When the last heartbeat went, when the next one goes, and the pause after that.
    told: Duration,
    status_at: Duration,
    pause: Duration,
    random: Random,
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
            peers: Peers::default(),
            heard: HeardList::default(),
            greeted: None,
            own: History::default(),
            others: History::default(),
            outgoing: Outgoing::new(now),
            last: 0,
            control: 0,
            said: now,
            unreported: 0,
            announce: limits::MCAST_ANNOUNCE,
            leaving: false,
            left: None,
            told: now.saturating_sub(limits::MCAST_HEARTBEAT_FIRST),
            status_at: now,
            pause: limits::MCAST_HEARTBEAT_FIRST,
            random: Random(seed),
            output: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// What marks our datagrams.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Says something. A text that does not fit one datagram is cut by the caller ([`wire::datagram::TEXT`]).
    pub fn say(&mut self, text: &str, now: Duration) {
        self.last += 1;
        self.counts.said += 1;
        let message = Message { nick: self.nick.clone(), text: text.to_owned() };
        let datagram = self.datagram(Kind::Data, self.last, message.encode());
        self.outgoing.push(datagram);
        self.tick(now);
    }

    /// We are called so from now on.
    pub fn rename(&mut self, nick: &str, now: Duration) {
        if self.nick != nick {
            nick.clone_into(&mut self.nick);
            self.hurry_status(now, limits::MCAST_HEARTBEAT_FIRST);
        }
    }

    /// Says goodbye; [`Self::is_done`] tells when that is done.
    pub fn leave(&mut self, now: Duration) {
        if !std::mem::replace(&mut self.leaving, true) {
            self.status_at = now;
        }
    }

    /// Says goodbye at once, several times, since there is no time to see whether it was heard.
    pub fn leave_at_once(&mut self, now: Duration) {
        self.leaving = true;
        self.begin_to_leave(now);
        (0..limits::MCAST_ANNOUNCE).for_each(|_| self.send_status(Kind::Leave, now));
    }

    /// We have said that we leave, and everybody knows that and has what we said, or had enough time to ask for it.
    pub fn is_done(&self, now: Duration) -> bool {
        let Some((left, _)) = self.left else { return false };
        let is_over = |since: Duration, time| now.saturating_sub(since) >= time;
        // A stranger who is about to know us, or somebody we have not heard yet, knows nothing of what we said.
        let is_alone = self.peers.here().next().is_none();
        let is_known = match self.greeted {
            Some(greeted) => is_over(greeted, limits::MCAST_HEARTBEAT / 2),
            None => !is_alone || self.last == 0 || is_over(self.began, limits::MCAST_HEARTBEAT * 2),
        };
        let all_have_it = self.peers.in_reach(now).all(|peer| peer.knows_we_left && peer.acked >= self.last);
        // Who leaves at the same time waits for us, and goes without a word when it need not any more.
        let waits = |peer: &Peer| peer.has_left && !peer.knows_we_left && !is_over(peer.heard, limits::MCAST_FAREWELL);
        is_known && all_have_it && !self.peers.all().any(waits) || is_over(left, limits::MCAST_LINGER)
    }

    /// How many messages of our own wait for their turn on the wire.
    pub fn waiting(&self) -> usize {
        self.outgoing.waiting()
    }

    /// The nicks of those who are here, and how long ago they were heard.
    pub fn members(&self, now: Duration) -> Vec<(&str, Duration)> {
        self.peers.here().map(|peer| (&peer.nick[..], now.saturating_sub(peer.heard))).collect()
    }

    /// Nothing is missing, and nothing waits to be sent.
    #[cfg(test)]
    pub fn is_quiet(&self) -> bool {
        self.outgoing.is_empty() && self.peers.all().all(Peer::is_complete)
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
        let asks = self.peers.all().filter_map(Peer::ask_at);
        let end = self.left.map(|(since, _)| since + limits::MCAST_LINGER);
        asks.chain(self.outgoing.deadline()).chain(end).fold(self.status_at, Duration::min)
    }

    /// Goes slowly where somebody is far behind: what is no more in anybody's history could not be repeated. Goes not at all
    /// before the others can know us.
    fn regulate(&mut self, now: Duration) {
        // All that may be early at the same time has room.
        let speaks = |spoke: Duration| now.saturating_sub(spoke) < limits::MCAST_HEARTBEAT;
        let speakers = self.peers.all().filter(|peer| peer.spoke.is_some_and(speaks)).count() + 1;
        let room = u32::try_from(limits::MCAST_EARLY / speakers).unwrap_or(u32::MAX);
        let ahead = room.clamp(1, limits::MCAST_AHEAD);
        let is_ahead = self.sent_last() >= self.peers.acked(now).saturating_add(ahead);
        let held = if is_ahead { self.said + limits::MCAST_HELD } else { Duration::ZERO };
        self.outgoing.hold(held.max(self.began + limits::MCAST_INTRODUCTION));
    }

    /// Sends the messages whose turn has come.
    fn send_due(&mut self, now: Duration) {
        self.regulate(now);
        while let Some(next) = self.outgoing.next(now) {
            match next {
                Next::First(datagram) => {
                    self.said = now;
                    self.own.pass(&datagram, now);
                    self.send(datagram);
                    self.regulate(now);
                    // Soon after the last one it is said how many there were.
                    self.pause = limits::MCAST_HEARTBEAT_FIRST;
                    self.status_at = self.status_at.min(now + self.pause);
                }
                Next::Again(key) => {
                    if let Some(datagram) = self.history_of(key.0).repeat(key, now) {
                        self.counts.repeated += 1;
                        self.send(datagram);
                    }
                }
            }
        }
    }

    fn begin_to_leave(&mut self, now: Duration) {
        self.left.get_or_insert((now, self.control + 1));
    }

    /// Tells that we are here, or new, or leave.
    fn tell_status(&mut self, now: Duration) {
        if self.leaving && self.waiting() == 0 {
            self.begin_to_leave(now);
        }
        let kind = match self.announce {
            _ if self.left.is_some() => Kind::Leave,
            0 => Kind::Heartbeat,
            _ => Kind::Join,
        };
        self.announce = self.announce.saturating_sub(1);
        self.send_status(kind, now);
        let is_urgent = self.announce > 0 || self.left.is_some() || !self.heard.is_empty();
        let longest = self.peers.longest_pause();
        self.pause = if is_urgent { limits::MCAST_HEARTBEAT_FIRST } else { (self.pause * 4).min(longest) };
        self.status_at = now + self.pause + self.random.pause(self.pause / 4);
    }

    /// Tells who we are, how far our messages have come, and those of others.
    fn send_status(&mut self, kind: Kind, now: Duration) {
        (self.unreported, self.told) = (0, now);
        let age = u32::try_from(now.saturating_sub(self.began).as_millis()).unwrap_or(u32::MAX);
        let (heard, others) = (self.heard.take(&mut self.random), self.peers.list(now));
        let status = Status { age, last: self.sent_last(), nick: self.nick.clone(), heard, others };
        self.control += 1;
        let datagram = self.datagram(kind, self.control, status.encode());
        self.send(datagram);
    }

    /// The number of the last message that is not waiting for its turn.
    fn sent_last(&self) -> u32 {
        self.last - u32::try_from(self.waiting()).unwrap_or_default()
    }

    /// Has the next heartbeat go soon, but not too soon after the last one.
    fn hurry_status(&mut self, now: Duration, most: Duration) {
        let soon = (now + self.random.pause(most)).max(self.told + limits::MCAST_HEARTBEAT_LEAST);
        self.status_at = self.status_at.min(soon);
    }

    /// Who is silent for long has gone without a word.
    fn notice_silence(&mut self, now: Duration) {
        let most = self.peers.gone_after();
        for (id, peer) in self.peers.all_mut() {
            if peer.is_here && now.saturating_sub(peer.heard) > most {
                peer.is_here = false;
                self.output.push_back(Output::Show(id, Event::Left(peer.nick.clone())));
            }
        }
    }

    fn datagram(&self, kind: Kind, number: u32, payload: Vec<u8>) -> Datagram {
        Datagram { room: self.room, sender: self.id, kind, encrypted: false, number, payload }
    }

    fn send(&mut self, datagram: Datagram) {
        self.counts.sent += 1;
        self.output.push_back(Output::Send(datagram));
    }
}
