use super::*;

mod hostile;

/// Some members on a network that loses only what `loses` says; time goes by in steps of a millisecond.
struct Net {
    now: Duration,
    members: Vec<Engine>,
    /// The events that each of them showed.
    shown: Vec<Vec<RoomEvent>>,
    /// All datagrams sent, and the index of their sender.
    log: Vec<(usize, Datagram)>,
    /// True for a datagram that does not arrive at the member of this index.
    loses: fn(usize, &Datagram) -> bool,
}

impl Net {
    fn new() -> Self {
        let now = Duration::from_secs(100);
        Net { now, members: Vec::new(), shown: Vec::new(), log: Vec::new(), loses: |_, _| false }
    }

    /// A network with these members, which have met.
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

    /// Lets time go by.
    fn pass(&mut self, millis: u64) {
        for _ in 0..millis {
            self.now += Duration::from_millis(1);
            for index in 0..self.members.len() {
                if self.members[index].is_done(self.now) {
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
            let datagram = match output {
                Output::Send(datagram) => datagram,
                Output::Show(_, event) => {
                    self.shown[from].push(event);
                    continue;
                }
            };
            for to in (0..self.members.len()).filter(|to| *to != from) {
                if !(self.loses)(to, &datagram) {
                    self.members[to].receive(&datagram, self.now);
                }
            }
            self.log.push((from, datagram));
        }
    }

    /// A datagram of an attacker arrives at a member.
    fn forge(&mut self, to: usize, datagram: &Datagram) {
        self.members[to].receive(datagram, self.now);
    }

    fn forge_to_all(&mut self, datagram: &Datagram) {
        (0..self.members.len()).for_each(|to| self.forge(to, datagram));
    }

    /// How many datagrams of this kind a member has sent.
    fn sent(&self, index: usize, kind: Kind) -> usize {
        self.log.iter().filter(|(from, datagram)| *from == index && datagram.kind == kind).count()
    }

    /// The events that a member showed since the last call.
    fn take(&mut self, index: usize) -> Vec<RoomEvent> {
        std::mem::take(&mut self.shown[index])
    }
}

fn said(nick: &str, text: &str) -> RoomEvent {
    RoomEvent::Said(Utterance { nick: nick.into(), text: text.into() })
}

fn joined(nick: &str) -> RoomEvent {
    RoomEvent::Joined(nick.into())
}

#[test]
fn members_join_talk_rename_and_leave() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "before");
    net.pass(10);
    let clara = net.enter("clara");
    net.pass(500);
    assert_eq!((net.take(0), net.take(1).len()), (vec![RoomEvent::Joined("clara".into())], 2));
    assert_eq!(net.take(clara), [], "she gets no message from before she joined");
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
        [said("clara", "hello"), RoomEvent::Renamed("clara".into(), "Clara".into()), RoomEvent::Left("Clara".into())];
    assert_eq!(net.take(0), expected);
    net.members[1].leave_at_once(net.now);
    net.pass(2);
    assert_eq!(net.take(0), [RoomEvent::Left("albert".into())]);
}

#[test]
fn the_first_message_waits_for_the_introduction() {
    let mut net = Net::new();
    net.enter("tesla");
    net.enter("albert");
    // It is sent when the others have met the sender, so no NACK is needed.
    net.say(1, "first");
    net.pass(1000);
    assert_eq!(net.take(0), [RoomEvent::Joined("albert".into()), said("albert", "first")]);
    assert_eq!(net.sent(0, Kind::Nack), 0);
}

#[test]
fn a_message_that_cannot_be_repaired_is_reported_as_lost() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    net.loses = |to, datagram| to == 2 && datagram.kind == Kind::Data && [2, 3].contains(&datagram.number);
    (1..=5).for_each(|number| net.say(0, &number.to_string()));
    net.pass(20);
    assert_eq!(net.take(2), [said("tesla", "1")]);
    net.pass(60_000);
    let lost = RoomEvent::Lost("tesla".into(), 2);
    assert_eq!(net.take(2), [lost, said("tesla", "4"), said("tesla", "5")]);
    assert_eq!((net.members[2].counts.lost, net.take(1).len()), (2, 5));
}

#[test]
fn others_retransmit_the_messages_of_a_crashed_member() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    net.loses = |to, datagram| to == 2 && datagram.kind == Kind::Data;
    net.say(0, "farewell");
    net.pass(5);
    // Tesla crashes.
    net.loses = |to, datagram| to == 0 || datagram.sender == 1000 && datagram.kind != Kind::Data;
    net.members[0].output.clear();
    net.pass(5000);
    assert_eq!(net.take(2), [said("tesla", "farewell")]);
    assert!(net.members[1].counts.retransmitted >= 1);
    net.pass(60_000);
    assert_eq!(net.take(2), [RoomEvent::Left("tesla".into())]);
    // It was only the network: she is back.
    net.loses = |_, _| false;
    net.pass(6000);
    assert_eq!(net.take(2), [RoomEvent::Joined("tesla".into())]);
}

#[test]
fn a_message_that_only_one_member_got_from_a_crashed_one_reaches_all() {
    let mut net = Net::with(&["tesla", "albert"]);
    // Clara knows tesla from albert's reports alone, and gets her last message, which albert misses.
    net.loses = |to, datagram| datagram.sender == 1000 && (to != 2 || datagram.kind != Kind::Data);
    let clara = net.enter("clara");
    net.pass(500);
    net.say(0, "farewell");
    net.pass(2);
    net.loses = |to, datagram| to == 0 || datagram.sender == 1000 && datagram.kind != Kind::Data;
    net.pass(5000);
    assert_eq!(
        (net.take(clara), net.take(1)),
        (vec![said("tesla", "farewell")], vec![joined("clara"), said("tesla", "farewell")])
    );
}

#[test]
fn one_nack_suppresses_the_others() {
    const MEMBERS: [&str; 12] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"];
    let mut net = Net::with(&MEMBERS);
    // No member gets it the first time.
    net.loses = |_, datagram| datagram.kind == Kind::Data;
    net.say(0, "is anybody there?");
    net.pass(1);
    net.loses = |_, _| false;
    net.pass(2000);
    let asked: usize = (0..MEMBERS.len()).map(|member| net.sent(member, Kind::Nack)).sum();
    let repeated: u64 = net.members.iter().map(|member| member.counts.retransmitted).sum();
    assert!((1..=3).contains(&asked) && repeated <= 2, "asked {asked} times, repeated {repeated} times");
    (1..MEMBERS.len()).for_each(|member| assert_eq!(net.take(member), [said("m0", "is anybody there?")]));
}
