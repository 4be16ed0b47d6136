use super::*;
use wire::datagram::{self, LAST, RANGES, Range, Seen};

/// Some members on a network that loses nothing but what it is told to, a millisecond at a time.
struct Net {
    now: Duration,
    members: Vec<Engine>,
    /// What each of them wanted to be shown.
    shown: Vec<Vec<Output>>,
    /// All datagrams that were sent, and by whom.
    log: Vec<(usize, Datagram)>,
    /// Datagrams that do not arrive, by receiver.
    loses: fn(usize, &Datagram) -> bool,
}

impl Net {
    fn new() -> Self {
        let now = Duration::from_secs(100);
        Net { now, members: Vec::new(), shown: Vec::new(), log: Vec::new(), loses: |_, _| false }
    }

    /// A net with these members, who know each other.
    fn with(nicks: &[&str]) -> Self {
        let mut net = Net::new();
        nicks.iter().for_each(|nick| _ = net.enter(nick));
        net.pass(1000);
        net.shown.iter_mut().for_each(Vec::clear);
        net
    }

    fn enter(&mut self, nick: &str) -> usize {
        let index = self.members.len();
        self.members.push(Engine::new(7, 1000 + index as u64, nick, self.now, index as u64));
        self.shown.push(Vec::new());
        index
    }

    fn say(&mut self, index: usize, text: &str) {
        self.members[index].say(text, self.now);
    }

    /// Lets so many milliseconds go by.
    fn pass(&mut self, millis: u64) {
        for _ in 0..millis {
            self.now += Duration::from_millis(1);
            for index in 0..self.members.len() {
                if self.members[index].is_done(self.now) {
                    // It has gone.
                    continue;
                }
                if self.members[index].deadline() <= self.now {
                    self.members[index].tick(self.now);
                }
                self.deliver(index);
            }
        }
    }

    fn deliver(&mut self, from: usize) {
        while let Some(output) = self.members[from].output.pop_front() {
            let Output::Send(datagram) = output else {
                self.shown[from].push(output);
                continue;
            };
            for to in (0..self.members.len()).filter(|to| *to != from) {
                if !(self.loses)(to, &datagram) {
                    self.members[to].receive(&datagram, self.now);
                }
            }
            self.log.push((from, datagram));
        }
    }

    /// Somebody else sends this to a member.
    fn forge(&mut self, to: usize, datagram: &Datagram) {
        self.members[to].receive(datagram, self.now);
    }

    /// How often a member has sent something of this kind.
    fn sent(&self, index: usize, kind: Kind) -> usize {
        self.log.iter().filter(|(from, datagram)| *from == index && datagram.kind == kind).count()
    }

    /// What a member was shown since it was last asked.
    fn take(&mut self, index: usize) -> Vec<Output> {
        std::mem::take(&mut self.shown[index])
    }
}

fn said(nick: &str, text: &str) -> Output {
    Output::Said(Message { nick: nick.into(), text: text.into() })
}

fn heartbeat(sender: u64, number: u32, last: u32, heard: &[u64], others: &[Seen]) -> Datagram {
    let status = Status { age: 5, last, nick: "tesla".into(), heard: heard.to_vec(), others: others.to_vec() };
    Datagram { room: 7, sender, kind: Kind::Heartbeat, sealed: false, number, payload: status.encode() }
}

#[test]
fn people_come_talk_are_renamed_and_leave() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "before");
    net.pass(10);
    let clara = net.enter("clara");
    net.pass(500);
    assert_eq!((net.take(0), net.take(1).len()), (vec![Output::Joined("clara".into())], 2));
    assert_eq!(net.take(clara), [], "of what was said before she knows nothing");
    let mut members = net.members[clara].members(net.now);
    members.sort_unstable();
    assert_eq!(members.iter().map(|(nick, _)| *nick).collect::<Vec<_>>(), ["albert", "tesla"]);
    net.say(clara, "hello");
    net.members[clara].rename("Clara", net.now);
    net.pass(500);
    net.members[clara].leave(net.now);
    net.pass(1000);
    assert!(net.members[clara].is_done(net.now));
    let expected =
        [said("clara", "hello"), Output::Renamed("clara".into(), "Clara".into()), Output::Left("Clara".into())];
    assert_eq!(net.take(0), expected);
    net.members[1].leave_at_once(net.now);
    net.pass(2);
    assert_eq!(net.take(0), [Output::Left("albert".into())]);
}

#[test]
fn a_recording_is_neither_shown_nor_answered() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "the exam is at noon");
    net.pass(100);
    let clara = net.enter("clara");
    net.pass(500);
    net.members[0].leave(net.now);
    net.pass(1000);
    net.shown.iter_mut().for_each(Vec::clear);
    // To those who were there and to somebody new, soon and when all that has been forgotten.
    let recording: Vec<Datagram> = net.log.iter().map(|(_, datagram)| datagram.clone()).collect();
    for pause in [0, 200_000] {
        net.pass(pause);
        let david = net.enter("david");
        net.pass(500);
        for member in [1, clara, david] {
            net.take(member);
            recording.iter().for_each(|datagram| net.forge(member, datagram));
            let repeated = net.members[member].counts.repeated;
            net.pass(2000);
            let shown = net.take(member);
            assert_eq!((shown, net.members[member].counts.repeated), (vec![], repeated), "{member} after {pause}");
        }
    }
}

#[test]
fn a_message_of_a_stranger_counts_when_it_is_known() {
    let mut net = Net::new();
    net.enter("tesla");
    net.enter("albert");
    // It waits until the others know who says it, and nobody has to ask for it.
    net.say(1, "first");
    net.pass(1000);
    assert_eq!(net.take(0), [Output::Joined("albert".into()), said("albert", "first")]);
    assert_eq!(net.sent(0, Kind::Nack), 0);
}

#[test]
fn no_number_is_too_large() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Of somebody who lies about others, and about itself; so do the numbers of messages.
    let liar = 66;
    let seen = |sender| Seen { sender, last: LAST, complete: LAST, age: 5 };
    net.forge(1, &heartbeat(liar, 1, LAST, &[albert], &[seen(tesla), seen(67), seen(albert)]));
    let message = Message { nick: "tesla".into(), text: "?".into() };
    for sender in [tesla, liar, albert] {
        let (kind, payload) = (Kind::Data, message.encode());
        net.forge(1, &Datagram { room: 7, sender, kind, sealed: false, number: LAST, payload });
    }
    net.say(0, "still here");
    net.say(1, "so am I");
    net.pass(200_000);
    let liar = [Output::Joined("tesla".into()), said("tesla", "still here"), Output::Left("tesla".into())];
    for (member, expected) in [(1, &liar[..]), (0, &[said("albert", "so am I")])] {
        let shown = net.take(member);
        assert!(shown.len() < 30, "{}", shown.len());
        let told = shown.into_iter().filter(|output| !matches!(output, Output::Lost(..)));
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
    assert!(net.members[1].counts.ignored >= 1);
}

#[test]
fn what_cannot_be_repaired_is_told() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    net.loses = |to, datagram| to == 2 && datagram.kind == Kind::Data && [2, 3].contains(&datagram.number);
    (1..=5).for_each(|number| net.say(0, &number.to_string()));
    net.pass(20);
    assert_eq!(net.take(2), [said("tesla", "1")]);
    net.pass(60_000);
    let lost = Output::Lost("tesla".into(), 2);
    assert_eq!(net.take(2), [lost, said("tesla", "4"), said("tesla", "5")]);
    assert_eq!((net.members[2].counts.lost, net.take(1).len()), (2, 5));
}

#[test]
fn others_repeat_what_somebody_who_has_gone_said() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    net.loses = |to, datagram| to == 2 && datagram.kind == Kind::Data;
    net.say(0, "farewell");
    net.pass(5);
    // She is there no more, without a word.
    net.loses = |to, datagram| to == 0 || datagram.sender == 1000 && datagram.kind != Kind::Data;
    net.members[0].output.clear();
    net.pass(5000);
    assert_eq!(net.take(2), [said("tesla", "farewell")]);
    assert!(net.members[1].counts.repeated >= 1);
    net.pass(60_000);
    assert_eq!(net.take(2), [Output::Left("tesla".into())]);
    // If it was only the network, she is back.
    net.loses = |_, _| false;
    net.pass(6000);
    assert_eq!(net.take(2), [Output::Joined("tesla".into())]);
}

#[test]
fn when_somebody_asks_the_others_need_not() {
    const MEMBERS: [&str; 12] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"];
    let mut net = Net::with(&MEMBERS);
    // Nobody hears it the first time.
    net.loses = |_, datagram| datagram.kind == Kind::Data;
    net.say(0, "is anybody there?");
    net.pass(1);
    net.loses = |_, _| false;
    net.pass(2000);
    let asked: usize = (0..MEMBERS.len()).map(|member| net.sent(member, Kind::Nack)).sum();
    let repeated: u64 = net.members.iter().map(|member| member.counts.repeated).sum();
    assert!((1..=3).contains(&asked) && repeated <= 2, "asked {asked} times, repeated {repeated} times");
    (1..MEMBERS.len()).for_each(|member| assert_eq!(net.take(member), [said("m0", "is anybody there?")]));
}

#[test]
fn a_flood_of_questions_neither_silences_nor_keeps_anybody() {
    let mut net = Net::with(&["tesla", "albert"]);
    (0..2000).for_each(|number| net.say(0, &number.to_string()));
    net.pass(5000);
    net.shown.iter_mut().for_each(Vec::clear);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let ranges = vec![Range { sender: tesla, first: 1, last: LAST }; RANGES];
    let flood = |net: &mut Net| {
        net.members[1].control += 1;
        let (kind, number, payload) = (Kind::Nack, net.members[1].control, datagram::encode_ranges(&ranges));
        net.forge(0, &Datagram { room: 7, sender: albert, kind, sealed: false, number, payload });
    };
    for _ in 0..20 {
        flood(&mut net);
        net.pass(10);
    }
    net.say(0, "I can still be heard");
    net.pass(50);
    assert_eq!(net.take(1), [said("tesla", "I can still be heard")]);
    assert!(net.members[0].counts.repeated <= 500, "{}", net.members[0].counts.repeated);
    net.members[0].leave(net.now);
    for _ in 0..100 {
        flood(&mut net);
        net.pass(10);
    }
    assert_eq!(net.take(1), [Output::Left("tesla".into())]);
    assert!(net.members[0].is_done(net.now));
}

#[test]
fn nobody_speaks_with_our_id() {
    let mut net = Net::with(&["tesla", "albert"]);
    let sender = net.members[0].id;
    let forged = Message { nick: "tesla".into(), text: "I never said that".into() };
    let forged = Datagram { room: 7, sender, kind: Kind::Data, sealed: false, number: 1, payload: forged.encode() };
    net.forge(0, &forged);
    net.loses = |_, datagram| datagram.kind == Kind::Data;
    net.say(0, "but this");
    net.pass(1);
    net.loses = |_, _| false;
    net.pass(1000);
    assert_eq!((net.take(1), net.members[0].counts.ignored), (vec![said("tesla", "but this")], 1));
}

#[test]
fn a_crowd_has_a_bound_and_so_has_what_waits() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let liars = 5000..5000 + 2 * limits::ROOM_MEMBERS as u64;
    for liar in liars.clone() {
        net.forge(
            1,
            &heartbeat(liar, 1, 0, &[albert], &[Seen { sender: liar + 100_000, last: 1, complete: 1, age: 5 }]),
        );
    }
    assert_eq!(net.members[1].members(net.now).len(), limits::ROOM_MEMBERS);
    // Each has much to say, and all of it but the first.
    for number in 2..1000 {
        for sender in liars.clone().take(20) {
            let payload = Message { nick: "liar".into(), text: String::new() }.encode();
            net.forge(1, &Datagram { room: 7, sender, kind: Kind::Data, sealed: false, number, payload });
        }
    }
    assert_eq!(net.members[1].peers.early(), limits::ROOM_EARLY);
    net.take(1);
    net.say(0, "tesla is heard all the same");
    net.pass(200);
    assert!(net.take(1).contains(&said("tesla", "tesla is heard all the same")));
    for stranger in 0..20_000u64 {
        let seen = Seen { sender: 1_000_000 + stranger, last: 1, complete: 1, age: 5 };
        let number = u32::try_from(stranger).unwrap() + 1_000_000;
        net.forge(1, &heartbeat(tesla, number, 1, &[], &[seen]));
    }
    assert!(net.members[1].peers.all().count() <= limits::ROOM_REMEMBERED);
}
