//! Thousands of rooms on a channel that loses, repeats, delays and damages, all in one thread and no time at all.
//!
//! Everything that happens in a run follows from its seed, which is printed when a run goes wrong:
//! `ROOM_SEED=<seed> cargo test one_run_by_its_seed -- --nocapture`.

use super::engine::{Engine, Output};
use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::datagram::Datagram;

/// What a channel does to datagrams, in thousandths.
#[derive(Debug, Clone, Copy)]
struct Channel {
    loss: u64,
    duplicate: u64,
    reorder: u64,
    corrupt: u64,
}

/// Whether something of this probability, in thousandths, happens.
fn happens(random: &mut Random, thousandths: u64) -> bool {
    random.below(1000) < thousandths
}

fn millis(random: &mut Random, from: u64, to: u64) -> Duration {
    Duration::from_millis(from + random.below(to - from + 1))
}

/// A member, as the run goes by.
struct Member {
    engine: Engine,
    nick: String,
    came: Duration,
    /// It has crashed, or left.
    gone: Option<Duration>,
    /// What it was shown, by sender.
    shown: BTreeMap<String, Vec<u32>>,
    lost: u32,
    /// What it has said, and when.
    said: Vec<Duration>,
}

/// A room on a channel.
struct World {
    seed: u64,
    random: Random,
    channel: Channel,
    now: Duration,
    members: Vec<Member>,
    /// Datagrams on their way: when, to whom, a number that keeps the order, the bytes.
    flying: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    flown: u64,
    /// From when until when the first so many members and the others do not hear each other.
    partition: Option<(Duration, Duration, usize)>,
    /// Datagrams and bytes that were sent, each once however many hear it.
    sent: (u64, u64),
}

impl World {
    fn new(seed: u64, channel: Channel) -> Self {
        let (members, flying) = (Vec::new(), BTreeMap::new());
        let now = Duration::from_secs(1000);
        World { seed, random: Random(seed), channel, now, members, flying, flown: 0, partition: None, sent: (0, 0) }
    }

    fn enter(&mut self) -> usize {
        let index = self.members.len();
        let nick = format!("m{index}");
        let engine = Engine::new(7, self.random.next(), &nick, self.now, self.random.next());
        let (came, shown) = (self.now, BTreeMap::new());
        self.members.push(Member { engine, nick, came, gone: None, shown, lost: 0, said: Vec::new() });
        self.drain(index);
        index
    }

    fn say(&mut self, index: usize) {
        let now = self.now;
        let member = &mut self.members[index];
        if member.gone.is_none() {
            member.said.push(now);
            let text = member.said.len().to_string();
            member.engine.say(&text, now);
            self.drain(index);
        }
    }

    /// Takes what a member wants to be done.
    fn drain(&mut self, index: usize) {
        while let Some(output) = self.members[index].engine.output.pop_front() {
            let member = &mut self.members[index];
            match output {
                Output::Send(datagram) => self.multicast(index, &datagram),
                Output::Said(message) => {
                    member.shown.entry(message.nick).or_default().push(message.text.trim().parse().unwrap());
                }
                Output::Lost(_, count) => member.lost += count,
                Output::Joined(_) | Output::Left(_) | Output::Renamed(..) => {}
            }
        }
    }

    fn multicast(&mut self, from: usize, datagram: &Datagram) {
        let bytes = datagram.encode();
        assert!(bytes.len() <= wire::limits::DATAGRAM);
        self.sent.0 += 1;
        self.sent.1 += bytes.len() as u64;
        let cut = self.partition.filter(|(begin, end, _)| (*begin..*end).contains(&self.now)).map(|(.., cut)| cut);
        for to in 0..self.members.len() {
            let parted = cut.is_some_and(|cut| (from < cut) != (to < cut));
            if to == from || parted || self.members[to].gone.is_some() || happens(&mut self.random, self.channel.loss) {
                continue;
            }
            let copies = 1 + u64::from(happens(&mut self.random, self.channel.duplicate));
            for _ in 0..copies {
                let slow = if happens(&mut self.random, self.channel.reorder) { 60 } else { 2 };
                let delay = Duration::from_micros(200) + millis(&mut self.random, 0, slow);
                let mut bytes = bytes.clone();
                if happens(&mut self.random, self.channel.corrupt) {
                    let at = self.random.below(bytes.len() as u64);
                    bytes[usize::try_from(at).unwrap()] ^= 1 << self.random.below(8);
                }
                self.flown += 1;
                self.flying.insert((self.now + delay, self.flown), (to, bytes));
            }
        }
    }

    /// Lets time pass, until a moment.
    fn run_until(&mut self, end: Duration) {
        loop {
            let here = self.members.iter().enumerate().filter(|(_, member)| member.gone.is_none());
            let due = here.map(|(index, member)| (member.engine.deadline(), index)).min();
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
                assert!(gets_on, "seed {}: {} does not get on", self.seed, member.nick);
            }
        }
        self.now = self.now.max(end);
    }

    /// What has to hold in the end.
    fn check(&self) {
        let seed = self.seed;
        let here: Vec<&Member> = self.members.iter().filter(|member| member.gone.is_none()).collect();
        for member in &here {
            assert!(member.engine.is_quiet(), "seed {seed}: {} still misses something", member.nick);
        }
        for member in &here {
            // What is not there was told to be lost, and nothing else was.
            let (mut least, mut most) = (0, 0);
            for sender in self.members.iter().filter(|sender| sender.nick != member.nick) {
                let shown = shown_by(member, &sender.nick);
                let count = |numbers: &[_]| u32::try_from(numbers.len()).unwrap();
                // Where the messages begin for who came later is not known here.
                let before = shown.first().map_or(0, |first| first - 1);
                let end = shown.last().copied().unwrap_or_default();
                least += end - count(&shown) - if member.came <= sender.came { 0 } else { before };
                most += u32::try_from(sender.said.len()).unwrap() - count(&shown);
            }
            let lost = member.lost;
            assert!((least..=most).contains(&lost), "seed {seed}: {} lacks {least}, but was told {lost}", member.nick);
        }
        for sender in &self.members {
            let shown = |member: &Member| member.shown.get(&sender.nick).cloned().unwrap_or_default();
            let listeners: Vec<&&Member> = here.iter().filter(|member| member.nick != sender.nick).collect();
            // Whoever was there before the sender has the same as all others like them, and all if the sender is still here.
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
            // Who came later has an end of that, without a hole.
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
                    // What was said well after it came is among it.
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

fn shown_by(member: &Member, nick: &str) -> Vec<u32> {
    member.shown.get(nick).cloned().unwrap_or_default()
}

/// One run: everything follows from the seed.
fn run(seed: u64) -> World {
    let mut dice = Random(!seed);
    let channel = Channel {
        loss: dice.below(301),
        duplicate: dice.below(201),
        reorder: dice.below(301),
        corrupt: dice.below(51),
    };
    let mut world = World::new(seed, channel);
    let start = world.now;
    let members = usize::try_from(2 + dice.below(5)).unwrap();
    for _ in 0..members {
        world.enter();
    }
    if happens(&mut dice, 300) {
        let begin = start + millis(&mut dice, 500, 5000);
        let cut = 1 + usize::try_from(dice.below(members as u64 - 1)).unwrap();
        world.partition = Some((begin, begin + millis(&mut dice, 500, 59_000), cut));
    }
    // What happens, in the order of time: somebody speaks, comes, crashes, leaves.
    let mut plan: Vec<(Duration, u64)> = (0..5 + dice.below(30)).map(|_| (millis(&mut dice, 0, 8000), 0)).collect();
    plan.extend((0..dice.below(3)).map(|_| (millis(&mut dice, 500, 8000), 1)));
    plan.extend((0..dice.below(2)).map(|_| (millis(&mut dice, 500, 8000), 2)));
    plan.extend((0..dice.below(2)).map(|_| (millis(&mut dice, 500, 8000), 3)));
    plan.sort();
    for (at, what) in plan {
        world.run_until(start + at);
        let index = usize::try_from(dice.below(world.members.len() as u64)).unwrap();
        match what {
            // Sometimes much at once.
            0 => (0..if happens(&mut dice, 100) { 40 } else { 1 }).for_each(|_| world.say(index)),
            1 => _ = world.enter(),
            2 => world.members[index].gone = Some(world.now),
            _ => {
                let now = world.now;
                world.members[index].engine.leave(now);
                world.drain(index);
            }
        }
    }
    let healed = world.partition.map_or(start, |(_, end, _)| end);
    world.run_until(healed.max(start + Duration::from_secs(9)) + Duration::from_secs(150));
    world
}

#[test]
fn many_runs_end_with_everybody_agreeing() {
    const RUNS: u64 = 10_000;
    let runs = std::env::var("ROOM_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let again = "cargo test one_run_by_its_seed -- --nocapture";
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..runs).step_by(usize::try_from(threads).unwrap()) {
                    let caught = std::panic::catch_unwind(|| run(seed).check());
                    assert!(caught.is_ok(), "it was seed {seed}; ROOM_SEED={seed} {again}");
                }
            });
        }
    });
}

#[test]
fn one_run_by_its_seed() {
    let Some(seed) = std::env::var("ROOM_SEED").ok().and_then(|seed| seed.parse().ok()) else { return };
    let world = run(seed);
    println!("{:?} partition {:?}", world.channel, world.partition);
    for member in &world.members {
        let Member { nick, came, gone, shown, lost, said, .. } = member;
        println!("{nick} came {came:?} gone {gone:?} said {} lost {lost} {:?}", said.len(), member.engine.counts);
        shown.iter().for_each(|(nick, numbers)| println!("    {nick}: {numbers:?}"));
    }
    world.check();
}

/// What a message costs: members who speak in turn, on a channel that only loses.
fn cost(members: usize, loss: u64) -> (f64, f64) {
    const MESSAGES: usize = 200;
    let mut world = World::new(1, Channel { loss: loss * 10, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..members).for_each(|_| _ = world.enter());
    let start = world.now + Duration::from_secs(5);
    world.run_until(start);
    world.sent = (0, 0);
    for number in 0..MESSAGES {
        let index = number % members;
        let now = world.now;
        // A line as people write them.
        let member = &mut world.members[index];
        member.said.push(now);
        let text = format!("{:<60}", member.said.len());
        member.engine.say(&text, now);
        world.drain(index);
        world.run_until(now + Duration::from_millis(500));
    }
    world.run_until(world.now + Duration::from_secs(10));
    world.check();
    #[expect(clippy::cast_precision_loss, reason = "small numbers, to be printed")]
    let per_message = |count: u64| count as f64 / MESSAGES as f64;
    (per_message(world.sent.0), per_message(world.sent.1))
}

/// `cargo test what_a_message_costs -- --nocapture` prints the table of the report.
#[test]
fn what_a_message_costs() {
    println!("| members | loss | datagrams per message | bytes per message |\n| --- | --- | --- | --- |");
    for members in [3, 10, 50] {
        for loss in [0, 5, 20] {
            let (datagrams, bytes) = cost(members, loss);
            println!("| {members} | {loss} % | {datagrams:.2} | {bytes:.0} |");
            assert!(datagrams >= 1.0);
        }
    }
}

#[test]
fn who_comes_soon_knows_who_is_here() {
    for seed in 0..300 {
        let mut world = World::new(seed, Channel { loss: 0, duplicate: 0, reorder: 0, corrupt: 0 });
        for count in 0..4 {
            world.enter();
            let pause = millis(&mut world.random, 150, 3000);
            world.run_until(world.now + pause);
            for member in &world.members {
                assert_eq!(
                    member.engine.members(world.now).len(),
                    count,
                    "seed {seed}: {} after {pause:?}",
                    member.nick
                );
            }
        }
    }
}

/// Ten who all say a thousand things at once, on a channel that loses a fifth of them.
#[test]
fn a_flood_is_slowed_and_nothing_of_it_is_lost() {
    let mut world = World::new(1, Channel { loss: 200, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..10).for_each(|_| _ = world.enter());
    world.run_until(world.now + Duration::from_secs(2));
    (0..1000).for_each(|_| (0..10).for_each(|index| world.say(index)));
    world.run_until(world.now + Duration::from_secs(60));
    world.check();
    for member in &world.members {
        let shown: usize = member.shown.values().map(Vec::len).sum();
        assert_eq!((shown, member.lost), (9 * 1000, 0), "{}", member.nick);
    }
    // Until nine have it, each has to be sent 2.6 times.
    assert!(world.sent.0 < 40_000, "{} datagrams", world.sent.0);
}

#[test]
fn who_leaves_goes_when_all_have_what_it_said() {
    for (listeners, messages, loss) in [(1, 1, 300), (1, 100, 300), (2, 1, 300), (5, 20, 200), (5, 1, 0)] {
        for seed in 0..100 {
            let mut world = World::new(seed, Channel { loss, duplicate: 0, reorder: 0, corrupt: 0 });
            (0..listeners).for_each(|_| _ = world.enter());
            world.run_until(world.now + Duration::from_secs(10));
            // As a script does it: in, all at once, and out.
            let script = world.enter();
            (0..messages).for_each(|_| world.say(script));
            let now = world.now;
            world.members[script].engine.leave(now);
            world.run_until(now + Duration::from_secs(20));
            for member in &world.members[..listeners] {
                let shown = shown_by(member, &world.members[script].nick).len();
                assert_eq!((shown, member.lost), (messages, 0), "seed {seed}, loss {loss}: {}", member.nick);
                assert_eq!(member.engine.members(world.now).len(), listeners - 1, "seed {seed}");
            }
            let took = world.members[script].gone.unwrap().saturating_sub(now);
            assert!(loss > 0 || took < Duration::from_secs(1), "{took:?}");
        }
    }
}
