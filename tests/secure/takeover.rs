//! The same key is the same person: its name goes from a dead connection to a new one, between living ones only if their
//! owner says so, and never to and fro.

use std::thread;

use wire::numeric::{ASKING, BOUND, HELD, REPLACED, TOO_OFTEN};

use crate::harness::{Client, Server};
use crate::limits::limit;
use crate::mail::letters;

const NOT_FLOODED: &[&str] = &["--flood", "0"];

/// albert, who sees what happens in #a, and tesla with her key, who has come there.
fn albert_and_tesla(server: &Server) -> (Client, Client) {
    let mut albert = server.client("albert");
    albert.join("#a");
    let mut tesla = server.client_with_key("tesla", "tesla");
    tesla.join("#a");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #a");
    (albert, tesla)
}

/// Another connection of tesla, which has said who it is, and asks for the name.
fn another(server: &Server) -> Client {
    let mut again = server.connect_with_key("tesla");
    again.send("USER tesla 0 * :tesla");
    again.send("NICK tesla");
    again
}

impl Client {
    /// Answers the question whether it is still there.
    #[track_caller]
    fn is_still_there(&mut self) {
        let ping = self.skip_to("PING :key-*");
        self.send(&ping.replace("PING", "PONG"));
    }

    /// Its connection goes to a newer one.
    #[track_caller]
    fn expect_replaced(&mut self) {
        self.skip_to(&format!("ERROR :Closing connection: {REPLACED}"));
        self.expect_end();
    }

    #[track_caller]
    fn expect_welcome(&mut self) {
        self.nick = "tesla".into();
        self.skip_to("001 :Welcome *");
    }
}

#[test]
fn a_dead_connection_gives_its_name_and_its_mail_to_the_same_key() {
    let server = Server::start(&[]);
    let (mut albert, mut dead) = albert_and_tesla(&server);
    dead.confirms = false;
    albert.ask("PRIVMSG tesla :psst", &[]);
    let mut tesla = another(&server);
    tesla.expect(&format!(":groupchat NOTICE * :{ASKING}"));
    tesla.expect_welcome();
    tesla.skip_to(":groupchat NOTICE tesla :1 message while you were away");
    tesla.skip_to(":albert!albert@127.0.0.1 PRIVMSG tesla :psst");
    tesla.join("#a");
    // The rooms see an ordinary end, and its reason; no name changes, and nothing comes twice.
    albert.expect_only(&[&format!(":tesla!tesla@127.0.0.1 QUIT :{REPLACED}"), ":tesla!tesla@127.0.0.1 JOIN #a"]);
    server.program.expect_log("is offline (Replaced by a newer connection)  [ tesla ]");
    // Should it live after all, it knows why.
    dead.expect_replaced();
    server.wait_until(&mut tesla, "an empty mailbox", |server| letters(server, "tesla") == 0);
}

#[test]
fn a_living_connection_keeps_its_name() {
    let server = Server::start(&[]);
    let (mut albert, mut tesla) = albert_and_tesla(&server);
    let mut other = another(&server);
    tesla.is_still_there();
    other.expect(&format!("433 tesla :{HELD}"));
    tesla.ask("PRIVMSG #a :still here", &[]);
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #a :still here");
    // An answer of yesterday is none, nor is one of somebody else's.
    albert.send("PONG :key-2");
    tesla.send("PONG :key-1");
    other.send("NICK Tesla");
    other.skip_to("001 *");
    tesla.expect_replaced();
}

#[test]
fn regain_takes_a_name_from_a_living_connection_with_the_same_key() {
    let server = Server::start(&[]);
    let (mut albert, mut first) = albert_and_tesla(&server);
    let mut second = server.connect_with_key("tesla");
    second.send("USER tesla 0 * :tesla");
    second.send("REGAIN tesla");
    second.nick = "tesla".into();
    second.expect("001 :Welcome *");
    first.expect_replaced();
    albert.expect(&format!(":tesla!tesla@127.0.0.1 QUIT :{REPLACED}"));
    // It may be registered already. Its own name it has, and a free one it gets.
    let mut third = server.client_with_key("nikola", "tesla");
    third.ask("REGAIN nikola", &[]);
    third.send("REGAIN tesla");
    third.skip_to(":nikola!nikola@127.0.0.1 NICK :tesla");
    second.expect_replaced();
    third.nick = "tesla".into();
    third.send("REGAIN free");
    third.skip_to(":tesla!nikola@127.0.0.1 NICK :free");
}

#[test]
fn regain_takes_nothing_from_anybody_else() {
    let server = Server::start(&[]);
    let (mut albert, mut tesla) = albert_and_tesla(&server);
    for mut thief in [server.connect_with_key("eve"), server.connect()] {
        thief.send("REGAIN tesla");
        thief.expect(&format!("433 tesla :{BOUND}"));
        thief.ask("REGAIN albert", &["433 albert"]);
        thief.ask("NICK albert", &["433 albert"]);
        thief.ask("REGAIN", &["431"]);
        thief.ask("REGAIN 7up", &["432 7up *"]);
    }
    albert.ask("REGAIN tesla", &[&format!("433 tesla :{BOUND}")]);
    albert.ask("REGAIN nobody", &[":albert!albert@127.0.0.1 NICK :nobody"]);
    tesla.expect_only(&[":albert!albert@127.0.0.1 NICK :nobody"]);
}

#[test]
fn without_a_key_nothing_changes() {
    let server = Server::start(&[]);
    let mut tesla = server.client("tesla");
    tesla.sync();
    for mut other in [server.connect(), server.connect_with_key("eve")] {
        other.send("NICK tesla");
        other.expect("433 tesla");
    }
    tesla.expect_nothing();
}

#[test]
fn a_name_of_another_client_of_ones_own_is_asked_for_by_a_change_of_names_too() {
    let server = Server::start(&[]);
    let (mut albert, mut tesla) = albert_and_tesla(&server);
    let mut nikola = server.client_with_key("nikola", "tesla");
    nikola.send("NICK tesla");
    tesla.is_still_there();
    nikola.expect(&format!("433 tesla :{HELD}"));
    nikola.send("NICK tesla");
    nikola.expect(&format!(":groupchat NOTICE nikola :{ASKING}"));
    nikola.expect(":nikola!nikola@127.0.0.1 NICK :tesla");
    tesla.expect_replaced();
    albert.expect(&format!(":tesla!tesla@127.0.0.1 QUIT :{REPLACED}"));
}

#[test]
fn of_two_newcomers_at_once_one_has_the_name() {
    let server = Server::start(&[]);
    let (_albert, mut dead) = albert_and_tesla(&server);
    let newcomers = [another(&server), another(&server)];
    let outcome = |mut newcomer: Client| {
        newcomer.skip_to(&format!(":groupchat NOTICE * :{ASKING}"));
        // The slower one asks the faster one, which answers.
        let is_outcome = |line: &String| line.contains(" 001 ") || line.contains(" 433 ");
        let mut has_answered = false;
        let outcome = loop {
            let line = newcomer.receive().unwrap();
            if let Some(token) = line.strip_prefix("PING :key-") {
                newcomer.send(&format!("PONG :key-{token}"));
                has_answered = true;
            } else if is_outcome(&line) {
                break line;
            }
        };
        if outcome.contains(" 001 ") && !has_answered {
            newcomer.is_still_there();
        }
        (outcome, newcomer)
    };
    let outcomes = thread::scope(|scope| {
        newcomers.map(|newcomer| scope.spawn(|| outcome(newcomer))).map(|thread| thread.join().unwrap())
    });
    let count = |text: &str| outcomes.iter().filter(|(line, _)| line.contains(text)).count();
    assert_eq!((count(" 001 tesla :"), count(HELD)), (1, 1));
    dead.expect_replaced();
}

#[test]
fn a_name_does_not_go_to_and_fro_for_ever() {
    let server = Server::start(NOT_FLOODED);
    let mut holder = server.client_with_key("tesla", "tesla");
    for _ in 0..limit("TAKEOVERS") {
        let mut next = server.connect_with_key("tesla");
        next.send("USER tesla 0 * :tesla");
        next.send("REGAIN tesla");
        next.expect_welcome();
        holder.expect_replaced();
        holder = next;
    }
    // Neither explicitly nor because it does not answer: a program that comes back by itself may be like that.
    let mut next = server.connect_with_key("tesla");
    next.ask("REGAIN tesla", &[&format!("433 tesla :{TOO_OFTEN}")]);
    next.send("NICK tesla");
    next.skip_to(&format!("433 tesla :{HELD}"));
    holder.send("ISON tesla");
    holder.skip_to("303 :tesla");
}

#[test]
fn a_client_whose_lines_the_server_holds_back_is_not_taken_for_dead() {
    let server = Server::start(&[]);
    let (_albert, mut tesla) = albert_and_tesla(&server);
    // What it answers comes behind these.
    let lines = limit("FLOOD_BURST") + 9 * limit("FLOOD_RATE");
    tesla.send_bytes("AWAY\r\n".repeat(lines).as_bytes());
    let mut other = another(&server);
    other.skip_to(&format!("433 tesla :{HELD}"));
    tesla.send("PRIVMSG tesla :still here");
    tesla.skip_to(":tesla!tesla@127.0.0.1 PRIVMSG tesla :still here");
}

#[test]
fn two_clients_that_ask_for_each_others_names_both_live() {
    let server = Server::start(&[]);
    let (mut one, mut two) = (server.client_with_key("one", "tesla"), server.client_with_key("two", "tesla"));
    one.send("NICK two");
    two.send("NICK one");
    one.skip_to(&format!("433 two :{HELD}"));
    two.skip_to(&format!("433 one :{HELD}"));
    one.send("ISON one two");
    one.skip_to("303 :one two");
}

#[test]
fn the_same_person_comes_back_into_a_closed_room_with_the_same_rank() {
    let server = Server::start(NOT_FLOODED);
    let mut dead = server.client_with_key("tesla", "tesla");
    dead.join("#own");
    let mut albert = server.client("albert");
    albert.join("#own");
    dead.ask(
        "MODE #own +iv tesla",
        &[":albert!albert@127.0.0.1 JOIN #own", ":tesla!tesla@127.0.0.1 MODE #own +iv tesla"],
    );
    let mut tesla = server.connect_with_key("tesla");
    tesla.send("USER tesla 0 * :tesla");
    tesla.send("REGAIN tesla");
    tesla.expect_welcome();
    albert.skip_to(&format!(":tesla!tesla@127.0.0.1 QUIT :{REPLACED}"));
    // Others still need an invitation.
    server.client("eve").ask("JOIN #own", &["473 #own :*"]);
    tesla.send("JOIN #own");
    tesla.skip_to("353 = #own :albert @tesla");
    albert.expect_only(&[":tesla!tesla@127.0.0.1 JOIN #own", ":groupchat MODE #own +ov tesla tesla"]);
    // That was for once.
    tesla.send("PART #own");
    tesla.skip_to(":tesla!tesla@127.0.0.1 PART #own");
    tesla.ask("JOIN #own", &["473 #own :*"]);
}

/// The other client is not sent away for a change of names that a room forbids.
#[test]
fn a_ban_in_a_room_forbids_the_change_and_nothing_else() {
    let server = Server::start(NOT_FLOODED);
    let (mut albert, mut tesla) = albert_and_tesla(&server);
    let mut second = server.client_with_key("nikola", "tesla");
    second.join("#a");
    albert.ask("MODE #a +b nikola", &["*JOIN #a", "*MODE #a +b nikola!*@*"]);
    let refused = "447 tesla :You cannot change your nick while you, or that nick, are banned in #a";
    second.ask("REGAIN tesla", &["*MODE*", refused]);
    tesla.ask("PRIVMSG #a :still here", &["*JOIN #a", "*MODE*"]);
    // Outside of the room, and at the start, the name is the key's.
    second.ask("PART #a", &["*PRIVMSG*", "*PART #a"]);
    second.send("REGAIN tesla");
    tesla.expect_replaced();
    second.nick = "tesla".into();
    second.skip_to("*NICK :tesla");
    albert.ask("MODE #a +b tesla", &["*", "*", "*", "*MODE #a +b tesla!*@*"]);
    let mut third = server.connect_with_key("tesla");
    third.send("USER tesla 0 * :tesla");
    third.send("REGAIN tesla");
    third.expect_welcome();
    second.expect_replaced();
}
