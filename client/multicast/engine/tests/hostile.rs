//! Recordings, lies, and floods of both.

use super::*;
use wire::datagram::{self, Heard, MAX_NUMBER, RANGES, Range, Seen};

fn heartbeat(sender: u64, number: u32, last: u32, heard: &[u64], others: &[Seen]) -> Datagram {
    let heard = heard.iter().map(|&sender| Heard { sender, number: 1 }).collect();
    let status = Status { age: 5, last, nick: "tesla".into(), heard, others: others.to_vec() };
    Datagram { room: 7, sender, kind: Kind::Heartbeat, encrypted: false, number, payload: status.encode() }
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
fn no_number_is_too_large() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Of somebody who lies about others, and about itself; so do the numbers of messages.
    let liar = 66;
    let seen = |sender| Seen { sender, last: MAX_NUMBER, complete: MAX_NUMBER, age: 5 };
    net.forge(1, &heartbeat(liar, 1, MAX_NUMBER, &[albert], &[seen(tesla), seen(67), seen(albert)]));
    let message = Message { nick: "tesla".into(), text: "?".into() };
    for sender in [tesla, liar, albert] {
        let (kind, payload) = (Kind::Data, message.encode());
        net.forge(1, &Datagram { room: 7, sender, kind, encrypted: false, number: MAX_NUMBER, payload });
    }
    net.say(0, "still here");
    net.say(1, "so am I");
    net.pass(200_000);
    let liar = [Event::Joined("tesla".into()), said("tesla", "still here"), Event::Left("tesla".into())];
    for (member, expected) in [(1, &liar[..]), (0, &[said("albert", "so am I")])] {
        let shown = net.take(member);
        assert!(shown.len() < 30, "{}", shown.len());
        let told = shown.into_iter().filter(|output| !matches!(output, Event::Lost(..)));
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
    assert!(net.members[1].counts.ignored >= 1);
}

#[test]
fn a_flood_of_questions_neither_silences_nor_keeps_anybody() {
    let mut net = Net::with(&["tesla", "albert"]);
    (0..2000).for_each(|number| net.say(0, &number.to_string()));
    net.pass(5000);
    net.shown.iter_mut().for_each(Vec::clear);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let ranges = vec![Range { sender: tesla, first: 1, last: MAX_NUMBER }; RANGES];
    let flood = |net: &mut Net| {
        net.members[1].control += 1;
        let (kind, number, payload) = (Kind::Nack, net.members[1].control, datagram::encode_ranges(&ranges));
        net.forge(0, &Datagram { room: 7, sender: albert, kind, encrypted: false, number, payload });
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
    assert_eq!(net.take(1), [Event::Left("tesla".into())]);
    assert!(net.members[0].is_done(net.now));
}

#[test]
fn nobody_speaks_with_our_id() {
    let mut net = Net::with(&["tesla", "albert"]);
    let sender = net.members[0].id;
    let forged = Message { nick: "tesla".into(), text: "I never said that".into() };
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
fn a_crowd_has_a_bound_and_so_has_what_waits() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    let liars = 5000..5000 + 2 * limits::MCAST_MEMBERS as u64;
    for liar in liars.clone() {
        net.forge(
            1,
            &heartbeat(liar, 1, 0, &[albert], &[Seen { sender: liar + 100_000, last: 1, complete: 1, age: 5 }]),
        );
    }
    assert_eq!(net.members[1].members(net.now).len(), limits::MCAST_MEMBERS);
    // Nor do those get in of whom it was told before.
    liars.clone().for_each(|liar| net.forge(1, &heartbeat(liar + 100_000, 1, 0, &[albert], &[])));
    assert_eq!(net.members[1].members(net.now).len(), limits::MCAST_MEMBERS);
    // Each has much to say, and all of it but the first.
    for number in 2..1000 {
        for sender in liars.clone().take(20) {
            let payload = Message { nick: "liar".into(), text: String::new() }.encode();
            net.forge(1, &Datagram { room: 7, sender, kind: Kind::Data, encrypted: false, number, payload });
        }
    }
    assert_eq!(net.members[1].peers.early(), limits::MCAST_EARLY);
    net.take(1);
    net.say(0, "tesla is heard all the same");
    net.pass(200);
    assert!(net.take(1).contains(&said("tesla", "tesla is heard all the same")));
    for stranger in 0..20_000u64 {
        let seen = Seen { sender: 1_000_000 + stranger, last: 1, complete: 1, age: 5 };
        let number = u32::try_from(stranger).unwrap() + 1_000_000;
        net.forge(1, &heartbeat(tesla, number, 1, &[], &[seen]));
    }
    assert!(net.members[1].peers.all().count() <= limits::MCAST_REMEMBERED);
}

/// The JOINs of so many who were here once.
fn recorded_joins(count: u64) -> Vec<Datagram> {
    (0..count).map(|past| Datagram { kind: Kind::Join, ..heartbeat(5000 + past, 1, 0, &[], &[]) }).collect()
}

#[test]
fn recordings_keep_nobody_out_and_nobody_in() {
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
    assert_eq!((net.take(0), net.take(1)), (vec![Event::Joined("clara".into())], vec![Event::Joined("clara".into())]));
    assert_eq!(net.members[clara].members(net.now).len(), 2);
    net.say(clara, "hello");
    play(&mut net, 20);
    net.members[clara].leave(net.now);
    play(&mut net, 1000);
    assert!(net.members[clara].is_done(net.now));
    assert_eq!(net.take(0), [said("clara", "hello"), Event::Left("clara".into())]);
}

#[test]
fn many_strangers_are_all_answered_soon() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.pass(10_000);
    net.log.clear();
    recorded_joins(40).iter().for_each(|join| net.forge(0, join));
    net.pass(500);
    let told = net.log.iter().filter(|(from, datagram)| *from == 0 && datagram.kind == Kind::Heartbeat);
    let told: usize = told.map(|(_, datagram)| Status::decode(&datagram.payload).unwrap().heard.len()).sum();
    assert_eq!(told, 40);
}

#[test]
fn a_recording_of_a_message_is_no_news() {
    let mut net = Net::with(&["tesla", "albert"]);
    net.say(0, "once");
    net.pass(10_000);
    let message = net.log.iter().find(|(_, datagram)| datagram.kind == Kind::Data).unwrap().1.clone();
    let before = net.sent(1, Kind::Heartbeat);
    for _ in 0..10 * limits::MCAST_REPORT {
        net.forge(1, &message);
        net.pass(1);
    }
    assert!(net.sent(1, Kind::Heartbeat) - before <= 1, "but for the usual one");
    assert_eq!(net.take(1), [said("tesla", "once")]);
}

#[test]
fn invented_senders_make_little_noise() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    for round in 0..300 {
        let seen = |sender: u64| Seen {
            sender: 100_000 + 40 * u64::from(round) + sender,
            last: MAX_NUMBER,
            complete: MAX_NUMBER,
            age: 5,
        };
        let others: Vec<Seen> = (0..40).map(seen).collect();
        net.forge(1, &heartbeat(tesla, 1_000_000 + round, 0, &[albert], &others));
        net.pass(100);
    }
    // One question for each of the few that are believed, and again, up to once a second.
    assert!(net.sent(1, Kind::Nack) < 30 * limits::MCAST_UNVERIFIED, "asks {} times in 30 s", net.sent(1, Kind::Nack));
    // Tesla's own heartbeats are old now: she has to count as gone before anything does as lost.
    net.pass(120_000);
    let lost: Vec<Event> = net.take(1).into_iter().filter(|event| matches!(event, Event::Lost(..))).collect();
    let most = u32::try_from(limits::MCAST_HISTORY).unwrap();
    assert!(!lost.is_empty() && lost.len() <= 2 * limits::MCAST_UNVERIFIED, "{}", lost.len());
    assert!(lost.iter().all(|lost| matches!(lost, Event::Lost(nick, count) if nick.is_empty() && *count <= most)));
}

#[test]
fn one_question_makes_so_much_work_and_no_more() {
    let mut net = Net::with(&["tesla", "albert"]);
    (0..3000).for_each(|number| net.say(0, &number.to_string()));
    net.pass(5000);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Far from the numbers of albert's own.
    let control = net.members[1].control + 1000;
    let question = |number: u32, ranges: &[Range]| {
        let payload = datagram::encode_ranges(ranges);
        Datagram { room: 7, sender: albert, kind: Kind::Nack, encrypted: false, number, payload }
    };
    let everything = Range { sender: tesla, first: 1, last: MAX_NUMBER };
    let repeated = |net: &mut Net, millis| {
        let before = net.members[0].counts.repeated;
        net.pass(millis);
        net.members[0].counts.repeated - before
    };
    let hundred = |number: u32| Range { sender: tesla, first: 100 * number + 1, last: 100 * number + 100 };
    net.forge(0, &question(control + 1, &(0..20).map(hundred).collect::<Vec<_>>()));
    assert_eq!(repeated(&mut net, 1000), limits::MCAST_REPEATED as u64);
    // The same question is old, and one of a stranger is none.
    net.forge(0, &question(control + 1, &[everything]));
    // Nor is it one of somebody of whom it was only told.
    net.forge(0, &Datagram { sender: 66, ..question(control + 2, &[everything]) });
    net.forge(0, &heartbeat(albert, control + 2, 0, &[], &[Seen { sender: 67, last: 0, complete: 0, age: 5 }]));
    net.forge(0, &Datagram { sender: 67, ..question(control + 2, &[everything]) });
    assert_eq!(repeated(&mut net, 1000), 0);
    // What has just been repeated may still be on its way.
    let two = Range { sender: tesla, first: 1, last: 2 };
    net.forge(0, &question(control + 3, &[two]));
    assert_eq!(repeated(&mut net, 20), 2);
    net.forge(0, &question(control + 4, &[two]));
    assert_eq!(repeated(&mut net, 100), 0);
    net.forge(0, &question(control + 5, &[two]));
    assert_eq!(repeated(&mut net, 100), 2);
}

#[test]
fn an_answer_to_what_was_said_before_is_no_word_about_leaving() {
    let mut net = Net::with(&["tesla", "albert"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Nothing of tesla is heard any more.
    net.loses = |to, _| to == 1;
    net.members[0].leave(net.now);
    net.pass(1);
    let (first, control) = (net.members[0].control, net.members[1].control);
    let answer = |number: u32, heard: u32| {
        let seen = Seen { sender: tesla, last: 0, complete: 0, age: 5 };
        let heard = vec![Heard { sender: tesla, number: heard }];
        let status = Status { age: 5, last: 0, nick: "albert".into(), heard, others: vec![seen] };
        let payload = status.encode();
        Datagram { room: 7, sender: albert, kind: Kind::Heartbeat, encrypted: false, number, payload }
    };
    net.forge(0, &answer(control + 100, first - 1));
    assert!(!net.members[0].is_done(net.now));
    net.forge(0, &answer(control + 101, first));
    assert!(net.members[0].is_done(net.now));
}

#[test]
fn who_has_said_less_than_others_believe_says_so() {
    let mut net = Net::with(&["tesla", "albert", "clara"]);
    let (tesla, albert) = (net.members[0].id, net.members[1].id);
    // Albert is wrong, in his next heartbeat, about what tesla has said.
    let number = net.members[1].control + 1;
    net.members[1].control = number;
    let wrong = Seen { sender: tesla, last: 3, complete: 3, age: 5 };
    net.forge(2, &heartbeat(albert, number, 0, &[], &[wrong]));
    net.pass(60_000);
    net.say(0, "first");
    net.pass(10);
    assert_eq!(net.take(2).last(), Some(&said("tesla", "first")));
    assert_eq!(net.members[2].counts.lost, 0);
}
