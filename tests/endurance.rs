//! Races and storms: those who want the same name, who come and go, who do not read and who do not stop.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, Server};
use crate::limits::limit;

const CUT_OFF: &str = ":carol!carol@127.0.0.1 QUIT :Reads too slowly: too much is waiting";

#[test]
fn of_two_who_race_for_a_nick_one_gets_it() {
    const ROUNDS: usize = 1000;
    let server = Server::start(&["--flood", "0"]);
    let (barrier, wins): (_, Vec<_>) = (Barrier::new(2), (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
    thread::scope(|scope| {
        for mut client in ["alice", "bob"].map(|nick| server.client(nick)) {
            let (barrier, wins) = (&barrier, &wins);
            scope.spawn(move || {
                let mine = client.nick.clone();
                for round in wins {
                    barrier.wait();
                    client.send("NICK target");
                    let answer = client.receive().unwrap();
                    barrier.wait();
                    if answer.ends_with(" NICK :target") {
                        round.fetch_add(1, Ordering::Relaxed);
                        client.send(&format!("NICK {mine}"));
                        client.expect(&format!(":target!{mine}@127.0.0.1 NICK :{mine}"));
                    } else {
                        assert!(client.is("433 target", &answer), "{answer}");
                    }
                }
            });
        }
    });
    assert!(wins.iter().all(|round| round.load(Ordering::Relaxed) == 1));
}

#[test]
fn of_many_who_register_under_one_name_one_is_welcome() {
    let server = Server::start(&[]);
    for _ in 0..20 {
        let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
        thread::scope(|scope| {
            clients.iter_mut().for_each(|client| {
                scope.spawn(|| client.send_bytes(b"NICK tesla\r\nUSER t 0 * :T\r\n"));
            });
        });
        let answers: Vec<String> = clients.iter_mut().map(|client| client.receive().unwrap()).collect();
        let welcome = answers.iter().filter(|answer| answer.starts_with(":groupchat 001 tesla "));
        assert_eq!(welcome.count(), 1, "{answers:#?}");
        let taken = answers.iter().zip(&clients).filter(|(answer, client)| client.is("433 tesla", answer));
        assert_eq!(taken.count(), 7, "{answers:#?}");
        clients.iter_mut().for_each(|client| client.send("QUIT"));
        clients.iter_mut().for_each(|client| drop(client.skip_to("ERROR *")));
    }
}

#[test]
fn ten_thousand_connections_leave_nothing_behind() {
    // Those who stayed in the registry would fill it.
    let server = Server::start(&["--flood", "0", "--max-clients", "1000"]);
    let mut alice = server.client("alice");
    let (threads, descriptors) = (server.program.threads(), server.program.descriptors());
    for _ in 0..100 {
        // The kernel holds as many as nobody has accepted yet, not many more, so every hundredth
        // is served before the next hundred come.
        (0..99).for_each(|_| drop(server.connect()));
        server.connect().sync();
    }
    server.wait_until(&mut alice, "as few threads as before", |server| server.program.threads() == threads);
    server.wait_until(&mut alice, "as few files as before", |server| server.program.descriptors() <= descriptors);
    server.client("bob");
}

#[test]
fn who_has_said_all_still_hears_the_answers() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#a");
    let mut bob = server.connect();
    bob.send_bytes(b"NICK bob\r\nUSER bob 0 * :B\r\nJOIN #a\r\nPRIVMSG #a :psst\r\nPING 1");
    bob.send_bytes(b"\r\nPING 2\r\n");
    bob.half_close();
    bob.nick = "bob".into();
    bob.skip_to("366 #a *");
    bob.expect(":groupchat PONG groupchat :1");
    bob.expect(":groupchat PONG groupchat :2");
    bob.expect("ERROR :Closing connection: Connection closed");
    bob.expect_end();
    alice.expect_only(&[
        "*JOIN #a",
        ":bob!bob@127.0.0.1 PRIVMSG #a :psst",
        ":bob!bob@127.0.0.1 QUIT :Connection closed",
    ]);
}

#[test]
fn a_connection_that_breaks_is_noticed_at_once() {
    let server = Server::start(&[]);
    let [mut alice, bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("PRIVMSG bob :you will not read this", &[]);
    bob.reset();
    alice.expect(":bob!bob@127.0.0.1 QUIT :Connection lost*");
    server.client("bob");
}

/// Alice speaks to the room, and bob hears all of it in order, until carol, who does not read, is cut off.
pub fn talk_until_carol_is_cut_off(alice: &mut Client, bob: &mut Client, mut meanwhile: impl FnMut(&mut Client, u32)) {
    let (mut said, mut heard, mut quits, filler) = (0, 0, 0, "x".repeat(440));
    while quits == 0 {
        assert!(said < 200_000, "carol is never cut off");
        meanwhile(bob, said);
        for _ in 0..100 {
            alice.send(&format!("PRIVMSG #a :{said} {filler}"));
            said += 1;
        }
        while heard < said {
            let line = bob.receive().unwrap();
            if line == CUT_OFF {
                quits += 1;
            } else {
                assert_eq!(line, format!(":alice!alice@127.0.0.1 PRIVMSG #a :{heard} {filler}"));
                heard += 1;
            }
        }
    }
}

#[test]
fn who_never_reads_is_cut_off_and_the_others_miss_nothing() {
    let server = Server::start(&["--flood", "0"]);
    let [mut alice, mut bob, _carol] = server.room("#a", ["alice", "bob", "carol"]);
    talk_until_carol_is_cut_off(&mut alice, &mut bob, |_, _| ());
    assert_eq!(alice.sync(), [CUT_OFF]);
    bob.expect_nothing();
    server.program.expect_log("is offline (Reads too slowly: too much is waiting)  [ carol ]");
    assert_eq!(server.program.count_log("Reads too slowly"), 1);
    server.client("carol");
}

#[test]
fn who_never_stops_speaking_is_slowed_and_delays_nobody() {
    let server = Server::start(&["--flood", "1"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let lines: String = (0..300).map(|number| format!("PRIVMSG #a :{number}\r\n")).collect();
    alice.send_bytes(lines.as_bytes());
    // The burst passes, whole pages of it.
    for number in 0..190 {
        bob.expect(&format!(":alice!alice@127.0.0.1 PRIVMSG #a :{number}"));
    }
    // One line a second would take the rest more than a minute: nobody else waits for that.
    let mut heard = 190;
    for number in 0..20 {
        let mut other = server.client(&format!("n{number}"));
        other.ask("PRIVMSG bob :hello", &[]);
        heard += bob.sync().iter().filter(|line| line.starts_with(":alice!")).count();
    }
    assert!(heard < 300, "nobody slows alice");
}

#[test]
fn a_flooder_may_go_on_at_the_stated_rate() {
    const LINES: usize = 260;
    let server = Server::start(&["--flood", "50"]);
    let mut alice = server.client("alice");
    let start = Instant::now();
    for number in 0..LINES {
        alice.send(&format!("PING {number}"));
    }
    for number in 0..LINES {
        alice.expect(&format!(":groupchat PONG groupchat :{number}"));
    }
    // What does not fit the burst comes at 50 a second, and nothing is lost.
    let beyond = LINES - limit("FLOOD_BURST");
    assert!(start.elapsed() >= Duration::from_millis(1000 / 50 * beyond as u64), "{:?}", start.elapsed());
}

#[test]
fn what_flooders_leave_behind_goes_soon() {
    let server = Server::start(&["--flood", "10"]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    // As much as one read may bring; at ten lines a second it would last for minutes.
    bob.send_bytes("A\r\n".repeat(1300).as_bytes());
    alice.ask("PRIVMSG bob :stop it", &[]);
    bob.reset();
    alice.send("PRIVMSG bob :are you still there?");
    alice.skip_to(":bob!bob@127.0.0.1 QUIT :*");
}
