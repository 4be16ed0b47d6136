//! Attackers: replayed recordings, forgeries and floods.

use super::*;
use wire::datagram::{MAX_NUMBER, PeerReport, RANGES, Range, StatusAck, encode_ranges};

fn heartbeat(sender: u64, number: u32, last: u32, acks: &[u64], reports: &[PeerReport]) -> Datagram {
    let acks = acks.iter().map(|&sender| StatusAck { sender, number: 1 }).collect();
    let status = Status { age: 5, last, nick: "tesla".into(), acks, reports: reports.to_vec() };
    Datagram { room: 7, sender, kind: Kind::Heartbeat, encrypted: false, number, payload: status.encode() }
}

#[test]
fn a_replayed_recording_is_neither_shown_nor_answered() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "the exam is at noon");
    net.pass(100);
    let clara = net.enter("clara");
    net.pass(500);
    net.members[0].leave(net.now);
    net.pass(1000);
    net.shown.iter_mut().for_each(Vec::clear);
    // Replayed to old members and to a new one, at once and after the reports of tesla have ended.
    let recording: Vec<Datagram> = net.log.iter().map(|(_, datagram)| datagram.clone()).collect();
    for pause in [0, 200_000] {
        net.pass(pause);
        let david = net.enter("david");
        net.pass(500);
        for member in [1, clara, david] {
            net.take(member);
            recording.iter().for_each(|datagram| net.forge(member, datagram));
            let repeated = net.members[member].counts.retransmitted;
            net.pass(2000);
            let shown = net.take(member);
            assert_eq!((shown, net.members[member].counts.retransmitted), (vec![], repeated), "{member} after {pause}");
        }
    }
}

#[test]
fn no_number_is_too_large() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // The attacker lies about others and about itself, in statuses and in the numbers of messages.
    let liar = 66;
    let seen = |sender| PeerReport { sender, last: MAX_NUMBER, complete: MAX_NUMBER, age: 5 };
    net.forge(1, &heartbeat(liar, 1, MAX_NUMBER, &[albert], &[seen(tesla), seen(67), seen(albert)]));
    let message = Utterance { nick: "tesla".into(), text: "?".into() };
    for sender in [tesla, liar, albert] {
        let (kind, payload) = (Kind::Data, message.encode());
        net.forge(1, &Datagram { room: 7, sender, kind, encrypted: false, number: MAX_NUMBER, payload });
    }
    net.say(0, "still here");
    net.say(1, "so am I");
    net.pass(200_000);
    let liar = [RoomEvent::Joined("tesla".into()), said("tesla", "still here"), RoomEvent::Left("tesla".into())];
    for (member, expected) in [(1, &liar[..]), (0, &[said("albert", "so am I")])] {
        let shown = net.take(member);
        assert!(shown.len() < 30, "{}", shown.len());
        let rest = shown.into_iter().filter(|event| !matches!(event, RoomEvent::Lost(..)));
        assert_eq!(rest.collect::<Vec<_>>(), expected);
    }
    assert!(net.members[1].counts.ignored >= 1);
}

#[test]
fn a_flood_of_nacks_neither_silences_a_member_nor_keeps_it_from_leaving() {
    let mut net = Net::with(&["tesla", "albert"]);
    (0..2000).for_each(|number| net.say(0, &number.to_string()));
    net.pass(5000);
    net.shown.iter_mut().for_each(Vec::clear);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let ranges = vec![Range { sender: tesla, first: 1, last: MAX_NUMBER }; RANGES];
    let flood = |net: &mut Net| {
        net.members[1].last_control += 1;
        let (kind, number, payload) = (Kind::Nack, net.members[1].last_control, encode_ranges(&ranges));
        net.forge(0, &Datagram { room: 7, sender: albert, kind, encrypted: false, number, payload });
    };
    for _ in 0..20 {
        flood(&mut net);
        net.pass(10);
    }
    net.say(0, "I can still be heard");
    net.pass(50);
    assert_eq!(net.take(1), [said("tesla", "I can still be heard")]);
    assert!(net.members[0].counts.retransmitted <= 500, "{}", net.members[0].counts.retransmitted);
    net.members[0].leave(net.now);
    for _ in 0..100 {
        flood(&mut net);
        net.pass(10);
    }
    assert_eq!(net.take(1), [RoomEvent::Left("tesla".into())]);
    assert!(net.members[0].is_done(net.now));
}

#[test]
fn a_forgery_under_our_id_is_not_retransmitted() {
    let mut net = Net::with(&["tesla", "albert"]);
    let sender = net.members[0].id;
    let forged = Utterance { nick: "tesla".into(), text: "I never said that".into() };
    let forged = Datagram { room: 7, sender, kind: Kind::Data, encrypted: false, number: 1, payload: forged.encode() };
    net.forge(0, &forged);
    net.loses = |_, datagram| datagram.kind == Kind::Data;
    net.say(0, "but this");
    net.pass(1);
    net.loses = |_, _| false;
    net.pass(1000);
    assert_eq!((net.take(1), net.members[0].counts.ignored), (vec![said("tesla", "but this")], 1));
}

#[test]
fn members_and_buffers_are_bounded() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let liars = 5000..5000 + 2 * limits::MCAST_MEMBERS as u64;
    for liar in liars.clone() {
        net.forge(
            1,
            &heartbeat(liar, 1, 0, &[albert], &[PeerReport { sender: liar + 100_000, last: 1, complete: 1, age: 5 }]),
        );
    }
    assert_eq!(net.members[1].members(net.now).len(), limits::MCAST_MEMBERS);
    // Peers known from reports do not get in, either.
    liars.clone().for_each(|liar| net.forge(1, &heartbeat(liar + 100_000, 1, 0, &[albert], &[])));
    assert_eq!(net.members[1].members(net.now).len(), limits::MCAST_MEMBERS);
    // All of these send messages, but never the first one.
    for number in 2..1000 {
        for sender in liars.clone().take(20) {
            let payload = Utterance { nick: "liar".into(), text: String::new() }.encode();
            net.forge(1, &Datagram { room: 7, sender, kind: Kind::Data, encrypted: false, number, payload });
        }
    }
    assert_eq!(net.members[1].peers.buffered(), limits::MCAST_OUT_OF_ORDER);
    net.take(1);
    net.say(0, "tesla is heard all the same");
    net.pass(200);
    assert!(net.take(1).contains(&said("tesla", "tesla is heard all the same")));
    for stranger in 0..20_000u64 {
        let report = PeerReport { sender: 1_000_000 + stranger, last: 1, complete: 1, age: 5 };
        let number = u32::try_from(stranger).unwrap() + 1_000_000;
        net.forge(1, &heartbeat(tesla, number, 1, &[], &[report]));
    }
    assert!(net.members[1].peers.map.values().count() <= limits::MCAST_REMEMBERED);
}

/// Recorded JOINs of past members.
fn recorded_joins(count: u64) -> Vec<Datagram> {
    (0..count).map(|past| Datagram { kind: Kind::Join, ..heartbeat(5000 + past, 1, 0, &[], &[]) }).collect()
}

#[test]
fn replayed_joins_keep_nobody_from_joining_or_leaving() {
    let mut net = Net::with(&["tesla", "albert"]);
    let recording = recorded_joins(100);
    let play = |net: &mut Net, millis: usize| {
        for millisecond in 0..millis {
            recording.iter().cycle().skip(20 * millisecond).take(20).for_each(|join| net.forge_to_all(join));
            net.pass(1);
        }
    };
    play(&mut net, 3000);
    let clara = net.enter("clara");
    play(&mut net, 500);
    assert_eq!(
        (net.take(0), net.take(1)),
        (vec![RoomEvent::Joined("clara".into())], vec![RoomEvent::Joined("clara".into())])
    );
    assert_eq!(net.members[clara].members(net.now).len(), 2);
    net.say(clara, "hello");
    play(&mut net, 20);
    net.members[clara].leave(net.now);
    play(&mut net, 1000);
    assert!(net.members[clara].is_done(net.now));
    assert_eq!(net.take(0), [said("clara", "hello"), RoomEvent::Left("clara".into())]);
}

#[test]
fn many_strangers_are_all_acknowledged_soon() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.pass(10_000);
    net.log.clear();
    recorded_joins(40).iter().for_each(|join| net.forge(0, join));
    net.pass(500);
    let sent = net.log.iter().filter(|(from, datagram)| *from == 0 && datagram.kind == Kind::Heartbeat);
    let acks: usize = sent.map(|(_, datagram)| Status::decode(&datagram.payload).unwrap().acks.len()).sum();
    assert_eq!(acks, 40);
}

#[test]
fn a_replayed_message_provokes_no_status() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "once");
    net.pass(10_000);
    let message = net.log.iter().find(|(_, datagram)| datagram.kind == Kind::Data).unwrap().1.clone();
    let before = net.sent(1, Kind::Heartbeat);
    for _ in 0..10 * limits::MCAST_REPORT_EVERY {
        net.forge(1, &message);
        net.pass(1);
    }
    assert!(net.sent(1, Kind::Heartbeat) - before <= 1, "but for the regular one");
    assert_eq!(net.take(1), [said("tesla", "once")]);
}

#[test]
fn invented_peers_provoke_few_nacks() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    for round in 0..300 {
        let seen = |sender: u64| PeerReport {
            sender: 100_000 + 40 * u64::from(round) + sender,
            last: MAX_NUMBER,
            complete: MAX_NUMBER,
            age: 5,
        };
        let others: Vec<PeerReport> = (0..40).map(seen).collect();
        net.forge(1, &heartbeat(tesla, 1_000_000 + round, 0, &[albert], &others));
        net.pass(100);
    }
    // One NACK for each of the few that are believed, and again, up to once a second.
    assert!(net.sent(1, Kind::Nack) < 30 * limits::MCAST_UNVERIFIED, "asks {} times in 30 s", net.sent(1, Kind::Nack));
    // Tesla's own heartbeats are old now: she has to expire before messages count as lost.
    net.pass(120_000);
    let lost: Vec<RoomEvent> = net.take(1).into_iter().filter(|event| matches!(event, RoomEvent::Lost(..))).collect();
    let most = limits::MCAST_HISTORY;
    assert!(!lost.is_empty() && lost.len() <= 2 * limits::MCAST_UNVERIFIED, "{}", lost.len());
    assert!(lost.iter().all(|lost| matches!(lost, RoomEvent::Lost(nick, count) if nick.is_empty() && *count <= most)));
}

#[test]
fn one_nack_provokes_a_bounded_number_of_retransmissions() {
    let mut net = Net::with(&["tesla", "albert"]);
    (0..3000).for_each(|number| net.say(0, &number.to_string()));
    net.pass(5000);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Above the numbers that albert has used.
    let control = net.members[1].last_control + 1000;
    let nack = |number: u32, ranges: &[Range]| {
        let payload = encode_ranges(ranges);
        Datagram { room: 7, sender: albert, kind: Kind::Nack, encrypted: false, number, payload }
    };
    let everything = Range { sender: tesla, first: 1, last: MAX_NUMBER };
    let repeated = |net: &mut Net, millis| {
        let before = net.members[0].counts.retransmitted;
        net.pass(millis);
        net.members[0].counts.retransmitted - before
    };
    let hundred = |number: u32| Range { sender: tesla, first: 100 * number + 1, last: 100 * number + 100 };
    net.forge(0, &nack(control + 1, &(0..20).map(hundred).collect::<Vec<_>>()));
    assert_eq!(repeated(&mut net, 1000), limits::MCAST_REPAIRS as u64);
    // The same NACK again is old, and one of a stranger is ignored.
    net.forge(0, &nack(control + 1, &[everything]));
    // So is one of a peer that is known from a report alone.
    net.forge(0, &Datagram { sender: 66, ..nack(control + 2, &[everything]) });
    net.forge(0, &heartbeat(albert, control + 2, 0, &[], &[PeerReport { sender: 67, last: 0, complete: 0, age: 5 }]));
    net.forge(0, &Datagram { sender: 67, ..nack(control + 2, &[everything]) });
    assert_eq!(repeated(&mut net, 1000), 0);
    // A message that was just retransmitted may still arrive.
    let two = Range { sender: tesla, first: 1, last: 2 };
    net.forge(0, &nack(control + 3, &[two]));
    assert_eq!(repeated(&mut net, 20), 2);
    net.forge(0, &nack(control + 4, &[two]));
    assert_eq!(repeated(&mut net, 100), 0);
    net.forge(0, &nack(control + 5, &[two]));
    assert_eq!(repeated(&mut net, 100), 2);
}

#[test]
fn an_acknowledgement_of_an_earlier_status_is_none_of_the_leave() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Nothing of tesla is heard any more.
    net.loses = |to, _| to == 1;
    net.members[0].leave(net.now);
    net.pass(1);
    let (first, control) = (net.members[0].last_control, net.members[1].last_control);
    let answer = |number: u32, heard: u32| {
        let report = PeerReport { sender: tesla, last: 0, complete: 0, age: 5 };
        let acks = vec![StatusAck { sender: tesla, number: heard }];
        let status = Status { age: 5, last: 0, nick: "albert".into(), acks, reports: vec![report] };
        let payload = status.encode();
        Datagram { room: 7, sender: albert, kind: Kind::Heartbeat, encrypted: false, number, payload }
    };
    net.forge(0, &answer(control + 100, first - 1));
    assert!(!net.members[0].is_done(net.now));
    net.forge(0, &answer(control + 101, first));
    assert!(net.members[0].is_done(net.now));
}

#[test]
fn a_member_corrects_wrong_reports_about_itself() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // The next heartbeat of albert is wrong about the messages of tesla.
    let number = net.members[1].last_control + 1;
    net.members[1].last_control = number;
    let wrong = PeerReport { sender: tesla, last: 3, complete: 3, age: 5 };
    net.forge(2, &heartbeat(albert, number, 0, &[], &[wrong]));
    net.pass(60_000);
    net.say(0, "first");
    net.pass(10);
    assert_eq!(net.take(2).last(), Some(&said("tesla", "first")));
    assert_eq!(net.members[2].counts.lost, 0);
}
