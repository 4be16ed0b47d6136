//! A simulated room on an unreliable channel, and what must hold in the end.

use crate::multicast::engine::random::Random;
use crate::multicast::engine::{Engine, Output, RoomEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::datagram::Datagram;

/// Probabilities of the faults of the channel, in thousandths.
#[derive(Debug, Clone, Copy)]
pub struct Odds {
    pub loss: u64,
    pub duplicate: u64,
    pub reorder: u64,
    pub corrupt: u64,
}

/// Draws an event of this probability, in thousandths.
pub fn happens(random: &mut Random, thousandths: u64) -> bool {
    random.below(1000) < thousandths
}

pub fn millis(random: &mut Random, from: u64, to: u64) -> Duration {
    Duration::from_millis(from + random.below(to - from + 1))
}

/// A simulated member.
pub struct Participant {
    pub engine: Engine,
    pub nick: String,
    pub came: Duration,
    /// When it crashed, or had left.
    pub gone: Option<Duration>,
    /// The messages that it was shown, by sender.
    pub shown: BTreeMap<String, Vec<u32>>,
    pub lost: u32,
    /// How often it was shown that a member joined or left.
    pub came_or_left: usize,
    /// Its deadline.
    due: Duration,
    /// When it said each of its messages.
    pub said: Vec<Duration>,
}

/// A room.
pub struct World {
    pub seed: u64,
    pub random: Random,
    pub odds: Odds,
    pub now: Duration,
    pub members: Vec<Participant>,
    /// Datagrams in flight: when each arrives and a number that keeps the order; to whom, and the bytes.
    pub flying: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    pub flown: u64,
    /// From when to when the network is cut, and how many of the first members are on one side.
    pub partition: Option<(Duration, Duration, usize)>,
    /// Datagrams and bytes sent, each counted once however many receive it.
    pub sent: (u64, u64),
}

impl World {
    pub fn new(seed: u64, odds: Odds) -> Self {
        let (members, flying) = (Vec::new(), BTreeMap::new());
        let now = Duration::from_secs(1000);
        World { seed, random: Random(seed), odds, now, members, flying, flown: 0, partition: None, sent: (0, 0) }
    }

    pub fn enter(&mut self) -> usize {
        let index = self.members.len();
        let nick = format!("m{index}");
        let engine = Engine::new(7, self.random.next(), &nick, self.now, self.random.next());
        let (came, shown) = (self.now, BTreeMap::new());
        self.members.push(Participant {
            engine,
            nick,
            came,
            gone: None,
            shown,
            lost: 0,
            came_or_left: 0,
            due: came,
            said: Vec::new(),
        });
        self.drain(index);
        index
    }

    pub fn say(&mut self, index: usize) {
        let now = self.now;
        let member = &mut self.members[index];
        if member.gone.is_none() {
            member.said.push(now);
            let text = member.said.len().to_string();
            member.engine.say(&text, now);
            self.drain(index);
        }
    }

    /// Carries out the output of an engine.
    pub fn drain(&mut self, index: usize) {
        while let Some(output) = self.members[index].engine.output.pop_front() {
            let member = &mut self.members[index];
            match output {
                Output::Send(datagram) => self.multicast(index, &datagram),
                Output::Show(_, RoomEvent::Said(message)) => {
                    member.shown.entry(message.nick).or_default().push(message.text.trim().parse().unwrap());
                }
                Output::Show(_, RoomEvent::Lost(_, count)) => member.lost += count,
                Output::Show(_, RoomEvent::Joined(_) | RoomEvent::Left(_)) => member.came_or_left += 1,
                Output::Show(_, RoomEvent::Renamed(..)) => {}
            }
        }
        let member = &mut self.members[index];
        member.due = member.engine.deadline();
    }

    fn multicast(&mut self, from: usize, datagram: &Datagram) {
        let bytes = datagram.encode();
        assert!(bytes.len() <= wire::datagram::DATAGRAM);
        self.sent.0 += 1;
        self.sent.1 += bytes.len() as u64;
        let cut = self.partition.filter(|(begin, end, _)| (*begin..*end).contains(&self.now)).map(|(.., cut)| cut);
        for to in 0..self.members.len() {
            let parted = cut.is_some_and(|cut| (from < cut) != (to < cut));
            if to == from || parted || self.members[to].gone.is_some() || happens(&mut self.random, self.odds.loss) {
                continue;
            }
            let copies = 1 + u64::from(happens(&mut self.random, self.odds.duplicate));
            for _ in 0..copies {
                let slow = if happens(&mut self.random, self.odds.reorder) { 60 } else { 2 };
                let delay = Duration::from_micros(200) + millis(&mut self.random, 0, slow);
                let mut bytes = bytes.clone();
                if happens(&mut self.random, self.odds.corrupt) {
                    let at = self.random.below(bytes.len() as u64);
                    bytes[usize::try_from(at).unwrap()] ^= 1 << self.random.below(8);
                }
                self.flown += 1;
                self.flying.insert((self.now + delay, self.flown), (to, bytes));
            }
        }
    }

    /// Lets time pass until `end`.
    pub fn run_until(&mut self, end: Duration) {
        loop {
            let here = self.members.iter().enumerate().filter(|(_, member)| member.gone.is_none());
            let due = here.map(|(index, member)| (member.due, index)).min();
            let arrival = self.flying.keys().next().copied();
            let next = due.map(|(at, _)| at).into_iter().chain(arrival.map(|(at, _)| at)).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            if let Some(key) = arrival.filter(|(arrives, _)| *arrives <= self.now) {
                let (to, bytes) = self.flying.remove(&key).unwrap();
                let member = &mut self.members[to];
                if member.gone.is_none()
                    && let Ok(datagram) = Datagram::decode(&bytes)
                {
                    member.engine.receive(&datagram, self.now);
                    self.drain(to);
                }
            } else if let Some((_, index)) = due {
                self.members[index].engine.tick(self.now);
                self.drain(index);
                let (now, member) = (self.now, &mut self.members[index]);
                if member.engine.is_done(now) {
                    member.gone = Some(now);
                }
                let gets_on = member.gone.is_some() || member.engine.deadline() > now;
                assert!(gets_on, "seed {}: {} makes no progress", self.seed, member.nick);
            }
        }
        self.now = self.now.max(end);
    }

    /// Checks what must hold in the end.
    pub fn check(&self) {
        let seed = self.seed;
        let here: Vec<&Participant> = self.members.iter().filter(|member| member.gone.is_none()).collect();
        for member in &here {
            assert!(member.engine.is_quiet(), "seed {seed}: {} still misses something", member.nick);
        }
        for member in &here {
            // Exactly the messages that are missing were reported as lost.
            let (mut least, mut most) = (0, 0);
            for sender in self.members.iter().filter(|sender| sender.nick != member.nick) {
                let shown = shown_by(member, &sender.nick);
                let count = |numbers: &[_]| u32::try_from(numbers.len()).unwrap();
                // A later member gets messages from some number on, which is not known here.
                let before = shown.first().map_or(0, |first| first - 1);
                let end = shown.last().copied().unwrap_or_default();
                least += end - count(&shown) - if member.came <= sender.came { 0 } else { before };
                most += u32::try_from(sender.said.len()).unwrap() - count(&shown);
            }
            let lost = member.lost;
            assert!((least..=most).contains(&lost), "seed {seed}: {} lacks {least}, {lost} were reported", member.nick);
        }
        for sender in &self.members {
            let shown = |member: &Participant| member.shown.get(&sender.nick).cloned().unwrap_or_default();
            let listeners: Vec<&&Participant> = here.iter().filter(|member| member.nick != sender.nick).collect();
            // All members older than the sender have the same messages, and all of them if the sender is present.
            let old: Vec<_> = listeners.iter().filter(|member| member.came <= sender.came).collect();
            let everything: Vec<u32> = (1..=u32::try_from(sender.said.len()).unwrap()).collect();
            for member in &listeners {
                let shown = shown(member);
                assert!(
                    shown.is_sorted_by(|a, b| a < b),
                    "seed {seed}: {} of {} to {}",
                    sender.nick,
                    shown.len(),
                    member.nick
                );
            }
            for member in &old {
                let (all, first) = (shown(member), shown(old[0]));
                assert_eq!(all, first, "seed {seed}: {} and {} differ about {}", member.nick, old[0].nick, sender.nick);
                if sender.gone.is_none() {
                    assert_eq!(all, everything, "seed {seed}: {} lacks some of {}", member.nick, sender.nick);
                }
            }
            // A younger one has the end of that, without a gap.
            for member in listeners.iter().filter(|member| member.came > sender.came) {
                let shown = shown(member);
                let reference =
                    old.first().map_or_else(|| everything.clone(), |member| self::shown_by(member, &sender.nick));
                if sender.gone.is_none() {
                    assert!(
                        everything.ends_with(&shown),
                        "seed {seed}: {} has a hole in {}: {shown:?}",
                        member.nick,
                        sender.nick
                    );
                    // Messages that were said well after it joined are among them.
                    let late = sender.said.iter().filter(|at| **at > member.came + Duration::from_secs(20)).count();
                    assert!(
                        shown.len() >= late,
                        "seed {seed}: {} got {} of {late} of {}",
                        member.nick,
                        shown.len(),
                        sender.nick
                    );
                } else {
                    let known: BTreeSet<_> = reference.iter().collect();
                    assert!(shown.iter().all(|number| known.contains(number)) || old.is_empty(), "seed {seed}");
                }
            }
        }
    }
}

pub fn shown_by(member: &Participant, nick: &str) -> Vec<u32> {
    member.shown.get(nick).cloned().unwrap_or_default()
}
