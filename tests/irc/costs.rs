//! No line costs more than it pays: masks, long answers, changes of modes.

use std::thread;

use wire::limits::MASK;

use crate::costs::{has_to_pay, names};
use crate::harness::{Client, Server};
use crate::limits::limit;

/// A server with so many clients, each in rooms of its own with long names.
fn crowd(count: usize, rooms: usize) -> (Server, Vec<Client>) {
    let server = Server::start(&["--flood", "0"]);
    let mut clients: Vec<Client> = (0..count).map(|number| server.client(&format!("n{number:03}"))).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        (0..rooms).for_each(|room| client.send(&format!("JOIN #{number:03}-{room:03}-{}", "x".repeat(50))));
        client.sync();
    }
    (server, clients)
}

#[test]
fn a_bystander_is_answered_whatever_others_ask() {
    let (server, mut clients) = crowd(20, 100);
    let mut bystander = server.client("bystander");
    // Each has to be compared with each name in full.
    let mask = |length: usize| format!("*{}y", "x".repeat(length));
    let list = |count: usize, length| (0..count).map(|_| mask(length)).collect::<Vec<_>>().join(",");
    let (short, few, long) = (list(16, 26), names("*x*x*x*x*x*x*x*", 4), mask(400));
    let lines = [
        format!("LIST {short}"),
        format!("LIST {few}"),
        "LIST".into(),
        format!("WHO {}", mask(60)),
        format!("WHO {long}"),
        "WHO *".into(),
        format!("WHOIS {few}"),
        "NAMES".into(),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    for client in &mut clients {
        client.send_bytes(lines.repeat(5).as_bytes());
    }
    // It waits for none of it: each answer has to come within the time that a test waits.
    for _ in 0..50 {
        bystander.expect_nothing();
    }
    thread::scope(|scope| {
        clients.iter_mut().for_each(|client| drop(scope.spawn(|| client.sync())));
    });
}

#[test]
fn masks_are_few_and_short() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#tea");
    let listed = ["321 Room", "322 #tea 1 :", "323"];
    let (most, targets) = (limit("MASKS"), limit("TARGETS"));
    let longest = format!("#tea{}", "*".repeat(MASK - "#tea".len()));
    alice.ask(&format!("LIST {},#t*", names("x*", most - 1)), &listed);
    alice.ask(&format!("LIST {},#tea", names("#n", targets - 1)), &listed);
    alice.ask(&format!("LIST >0,<2,{longest}"), &listed);
    for too_much in [names("x*", most + 1), names("!x?", most + 1), names("#n", targets + 1), format!("{longest}*")] {
        alice.ask(&format!("LIST {too_much}"), &["416 LIST", "323"]);
    }
    alice.ask(&format!("WHO {longest}"), &["315 *"]);
    alice.ask(&format!("WHO x{}", "*".repeat(MASK)), &["416 WHO", "315 *"]);
    alice.ask(&format!("WHOIS {}", names("x*", most + 1)), &["416 WHOIS", "318 *"]);
    alice.ask(&format!("WHOIS a{}", "*".repeat(MASK)), &["416 WHOIS", "318 *"]);
    alice.ask(&format!("NAMES {}", names("#n", targets + 1)), &["416 NAMES", "366 *"]);
}

/// LIST and WHO come in pieces, between which rooms and clients come and go.
#[test]
fn what_stays_is_listed_once_while_others_come_and_go() {
    let (server, mut clients) = crowd(limit("PIECE") + 20, 3);
    let mut alice = clients.pop().unwrap();
    let mut comes_and_goes = clients.pop().unwrap();
    comes_and_goes.sync();
    thread::scope(|scope| {
        let coming = scope.spawn(|| {
            for number in 0..50 {
                comes_and_goes.send_bytes(format!("JOIN #{number:03}-x\r\nNICK m{number}\r\n").as_bytes());
                comes_and_goes.sync();
                let _passes = server.client(&format!("p{number}"));
                comes_and_goes.send("JOIN 0");
                comes_and_goes.sync();
            }
        });
        while !coming.is_finished() {
            alice.send("LIST *xxx");
            let shown = |lines: Vec<String>, code: &str, place| -> Vec<String> {
                let lines = lines.into_iter().filter(|line| line.contains(code));
                let words = lines.map(|line| line.split(' ').nth(place).unwrap().to_owned());
                words.filter(|word| !word.starts_with(['m', 'p'])).collect()
            };
            let rooms = shown(alice.sync(), " 322 ", 3);
            // Those of the one that comes and goes may be there.
            let own = format!("#{:03}-", limit("PIECE") + 18);
            let rooms: Vec<_> = rooms.into_iter().filter(|room| !room.starts_with(&own)).collect();
            assert_eq!(rooms.len(), 3 * (clients.len() + 1));
            assert!(rooms.is_sorted_by(|one, other| one < other), "each once, in order");
            alice.send("WHO *");
            let mut people = shown(alice.sync(), " 352 ", 7);
            people.retain(|nick| *nick != format!("n{:03}", limit("PIECE") + 18));
            people.sort_unstable();
            people.dedup();
            assert_eq!(people.len(), clients.len() + 1);
        }
    });
}

#[test]
fn the_invisible_are_seen_by_those_in_one_of_their_rooms() {
    let (_server, mut clients) = crowd(3, 30);
    let [alice, bob, carol] = &mut clients[..] else { unreachable!() };
    alice.ask("MODE n000 +i", &["*MODE n000 +i"]);
    let her_room = format!("#000-029-{}", "x".repeat(50));
    bob.join(&her_room);
    bob.ask("WHO n00?", &["352 * n000 *", "352 * n001 *", "352 * n002 *", "315 n00?"]);
    carol.ask("WHO n00?", &["352 * n001 *", "352 * n002 *", "315 n00?"]);
    carol.ask("WHOIS ?000", &["401 ?000", "318 ?000"]);
    bob.send("WHOIS ?000");
    bob.expect("311 n000 *");
}

#[test]
fn each_thing_that_a_line_asks_for_costs_a_token() {
    let targets = limit("TARGETS");
    has_to_pay(&[
        (format!("WHOIS {}", names("x", targets)), targets),
        (format!("NAMES {}", names("#x", targets)), targets),
        (format!("LIST {}", names("#x", targets)), targets),
        (format!("ISON :{}", names("x", 60).replace(',', " ")), 60),
        (format!("KICK #r4 {}", names("x", 60)), 60),
        (format!("MODE #r5 {}", "+i-i".repeat(30)), 60),
        (format!("MODE #r6 +{}", "z".repeat(60)), 60),
    ]);
}

/// The list of rooms costs by its length: a line of a few bytes must not give a megabyte for the price of a PONG.
#[test]
fn a_long_answer_costs_by_its_bytes() {
    let server = Server::start(&["--flood", "100"]);
    let mut alice = server.client("alice");
    for room in 0..60 {
        alice.send(&format!("JOIN #{room}-{}\r\nTOPIC #{room}-{0} :{}", "x".repeat(50), "t".repeat(300)));
    }
    // Each is about 25 KiB, and so costs two tokens.
    crate::costs::has_to_wait(&mut alice, "LIST", |alice| alice.send_bytes("LIST\r\n".repeat(150).as_bytes()));
}
