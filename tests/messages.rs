//! What people write: PRIVMSG and NOTICE to rooms and persons, AWAY, and the order in which it comes.

use std::{iter, thread};

use wire::limits;

use crate::harness::Server;
use crate::limits::limit;

#[test]
fn a_room_hears_what_one_says() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#a", ["alice", "bob", "carol"]);
    let mut dave = server.client("dave");
    alice.ask("PRIVMSG #a :hello, all", &[]);
    alice.ask("PRIVMSG #A plain", &[]);
    alice.ask("privmsg #a :", &["412"]);
    alice.ask("NOTICE #a ::) na\u{ef}ve \u{6f22}\u{5b57} \u{1}ACTION waves\u{1}", &[]);
    for listener in [&mut bob, &mut carol] {
        listener.expect_only(&[
            ":alice!alice@127.0.0.1 PRIVMSG #a :hello, all",
            ":alice!alice@127.0.0.1 PRIVMSG #a :plain",
            ":alice!alice@127.0.0.1 NOTICE #a ::) na\u{ef}ve \u{6f22}\u{5b57} \u{1}ACTION waves\u{1}",
        ]);
    }
    dave.expect_nothing();
}

#[test]
fn a_person_hears_what_is_for_that_person() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#a", ["alice", "bob", "carol"]);
    alice.ask("PRIVMSG BOB :psst", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :psst"]);
    alice.ask("PRIVMSG alice :note to self", &[":alice!alice@127.0.0.1 PRIVMSG alice :note to self"]);
    alice.ask("PRIVMSG nobody :?", &["401 nobody"]);
    alice.ask("PRIVMSG #nowhere :?", &["403 #nowhere"]);
    alice.ask("PRIVMSG", &["411 :No recipient given (PRIVMSG)"]);
    alice.ask("PRIVMSG , :?", &["411 :No recipient given (PRIVMSG)"]);
    alice.ask("PRIVMSG bob", &["412"]);
    // What a client claims about itself is ignored.
    alice.ask(":carol!carol@127.0.0.1 PRIVMSG bob :it is me", &[]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :it is me"]);
    carol.expect_nothing();
}

#[test]
fn one_line_reaches_several_targets_each_once() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("PRIVMSG bob,nobody,#a,,BOB,#nowhere :hello", &["401 nobody", "403 #nowhere"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :hello", ":alice!alice@127.0.0.1 PRIVMSG #a :hello"]);
    let mut targets: Vec<String> = (2..=limit("TARGETS")).map(|number| format!("n{number}")).collect();
    targets.push("bob".into());
    let unknown: Vec<String> = targets[..limit("TARGETS") - 1].iter().map(|nick| format!("401 {nick} *")).collect();
    let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
    alice.ask(&format!("PRIVMSG {} :as many as may be", targets.join(",")), &unknown);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :as many as may be"]);
    targets.push("more".into());
    let refusal = ["407 more"];
    alice.ask(&format!("PRIVMSG {} :one too many", targets.join(",")), &refusal);
    alice.ask(&format!("NOTICE {} :one too many", targets.join(",")), &[]);
    bob.expect_nothing();
}

#[test]
fn a_notice_is_never_answered() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    bob.ask("AWAY :tea", &["306"]);
    for line in ["NOTICE", "NOTICE , :?", "NOTICE bob", "NOTICE nobody :?", "NOTICE #nowhere :?", "NOTICE bob :hello"] {
        alice.ask(line, &[]);
    }
    bob.expect_only(&[":alice!alice@127.0.0.1 NOTICE bob :hello"]);
}

#[test]
fn who_is_away_says_so_to_who_writes() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    bob.ask("AWAY :gone fishing", &["306"]);
    alice.ask("PRIVMSG bob :hello", &["301 bob :gone fishing"]);
    bob.ask("AWAY", &[":alice!alice@127.0.0.1 PRIVMSG bob :hello", "305"]);
    alice.ask("PRIVMSG bob :hello", &[]);
    bob.ask(&format!("AWAY {}", "a".repeat(300)), &["*PRIVMSG bob :hello", "306"]);
    alice.ask("PRIVMSG bob :hello", &[&format!("301 bob :{}", "a".repeat(limits::AWAY))]);
    bob.ask("AWAY :", &["*PRIVMSG bob :hello", "305"]);
    alice.ask("PRIVMSG bob :hello", &[]);
}

/// The line that others get starts with the sender's name, so less fits than the sender can send.
#[test]
fn a_text_fits_whole_or_not_at_all() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    for (verb, target) in [("PRIVMSG", "#a"), ("NOTICE", "bob")] {
        let room_for_text = limits::LINE - format!(":alice!alice@127.0.0.1 {verb} {target} :\r\n").len();
        let text = "\u{e9}".repeat(room_for_text / 2) + &"x"[..room_for_text % 2];
        alice.ask(&format!("{verb} {target} :{text}"), &[]);
        bob.expect_only(&[&format!(":alice!alice@127.0.0.1 {verb} {target} :{text}")]);
        let told = format!("417 :Text too long by 3 bytes; it was not sent to {target}");
        alice.ask(&format!("{verb} {target} :{text}abc"), &[&told]);
        bob.expect_nothing();
    }
}

#[test]
fn speakers_get_no_copy_and_no_mixture() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    for number in 0..50 {
        alice.send(&format!("PRIVMSG #a :a{number}"));
        bob.send(&format!("PRIVMSG #a :b{number}"));
    }
    let (at_alice, at_bob) = (alice.sync(), bob.sync());
    let at_alice = [at_alice, alice.sync()].concat();
    let at_bob = [at_bob, bob.sync()].concat();
    let said = |nick: &str, letter: &str| -> Vec<String> {
        (0..50).map(|number| format!(":{nick}!{nick}@127.0.0.1 PRIVMSG #a :{letter}{number}")).collect()
    };
    assert_eq!(at_alice, said("bob", "b"));
    assert_eq!(at_bob, said("alice", "a"));
}

#[test]
fn all_see_the_same_order_and_each_speaker_in_order() {
    const LINES: usize = 500;
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let speakers = server.room("#a", ["s0", "s1", "s2", "s3"]);
    [&mut alice, &mut bob].into_iter().for_each(|client| drop(client.sync()));
    let listeners = thread::scope(|scope| {
        for mut speaker in speakers {
            scope.spawn(move || {
                (0..LINES).for_each(|number| speaker.send(&format!("PRIVMSG #a :{number}")));
                speaker.sync();
            });
        }
        // A speaker who has said all leaves.
        let listeners = [alice, bob].map(|mut client| {
            let said = iter::from_fn(move || client.receive()).filter(|line| line.contains(" PRIVMSG "));
            scope.spawn(move || said.take(4 * LINES).collect::<Vec<_>>())
        });
        listeners.map(|listener| listener.join().unwrap())
    });
    assert_eq!(listeners[0], listeners[1]);
    for nick in ["s0", "s1", "s2", "s3"] {
        let said = listeners[0].iter().filter(|line| line.starts_with(&format!(":{nick}!")));
        let expected = (0..LINES).map(|number| format!(":{nick}!{nick}@127.0.0.1 PRIVMSG #a :{number}"));
        assert!(said.cloned().eq(expected), "{nick} is out of order");
    }
}

/// What one client does is seen by another in the order in which it was done, replies included.
#[test]
fn what_one_is_told_and_what_others_are_told_keep_their_order() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.send_bytes(
        b"PRIVMSG bob :1\r\nPRIVMSG #a :2\r\nNICK al\r\nPRIVMSG bob :4\r\nPART #a :5\r\nPRIVMSG bob :6\r\n",
    );
    alice.nick = "al".into();
    alice.expect_only(&[":alice!alice@127.0.0.1 NICK :al", ":al!alice@127.0.0.1 PART #a :5"]);
    bob.expect_only(&[
        ":alice!alice@127.0.0.1 PRIVMSG bob :1",
        ":alice!alice@127.0.0.1 PRIVMSG #a :2",
        ":alice!alice@127.0.0.1 NICK :al",
        ":al!alice@127.0.0.1 PRIVMSG bob :4",
        ":al!alice@127.0.0.1 PART #a :5",
        ":al!alice@127.0.0.1 PRIVMSG bob :6",
    ]);
}

#[test]
fn the_console_says_that_nobody_has_the_name() {
    let server = Server::start(&["--verbose"]);
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG zoe :hello?", &["401 zoe"]);
    server.program.expect_log("wrote to zoe (nobody of that name): hello?  [ alice ]");
    alice.ask("NOTICE 9 :hello?", &[]);
    server.program.expect_log("wrote to 9 (nobody of that name): hello?  [ alice ]");
    alice.ask("TAGMSG zoe", &["401 zoe"]);
    let mut bob = server.client("bob");
    alice.ask("PRIVMSG bob :hello", &[]);
    bob.expect(":alice!alice@127.0.0.1 PRIVMSG bob :hello");
    server.program.expect_log("wrote to bob: hello  [ alice ]");
    assert_eq!(server.program.count_log("nobody of that name"), 2);
}
