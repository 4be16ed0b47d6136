//! Questions: WHO, WHOIS, USERHOST, ISON, LUSERS, MOTD, VERSION, TIME.

use std::fs;

use tempfile::TempDir;
use wire::limits;

use crate::harness::{Client, Server};
use crate::lifecycle::cannot_start;

const VERSION: &str = concat!("groupchat-", env!("CARGO_PKG_VERSION"));

#[test]
fn who_finds_by_room_and_by_mask() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.ask("AWAY :tea", &["306 *"]);
    let end = |asked: &str| format!("315 {asked}");
    let (alice_here, bob_away) = ("127.0.0.1 groupchat alice H", "127.0.0.1 groupchat bob G :0 bob");
    alice.send("WHO #A");
    let in_a = [&format!("352 #a alice {alice_here}@ :0 alice"), &format!("352 #a bob {bob_away}"), &end("#A")];
    alice.expect_in_any_order(&in_a.map(String::as_str));
    for all in ["*", "127.0.0.1", "groupchat", "???*"] {
        alice.send(&format!("WHO {all}"));
        let everyone = [&format!("352 * alice {alice_here} :0 alice"), &format!("352 * bob {bob_away}"), &end(all)];
        alice.expect_in_any_order(&everyone.map(String::as_str));
    }
    alice.send("WHO");
    assert_eq!(alice.sync().len(), 3);
    alice.send("WHO 0");
    assert_eq!(alice.sync().len(), 3);
    alice.ask("WHO B?B", &[&format!("352 * bob {bob_away}"), "315 B?B"]);
    alice.ask("WHO nobody", &["315 nobody"]);
    alice.ask("WHO #nowhere", &["315 #nowhere"]);
}

#[test]
fn the_invisible_are_found_by_those_who_know_them() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    alice.ask("MODE alice +i", &["*MODE alice +i"]);
    alice.ask("MODE #a +s", &["*MODE #a +s"]);
    carol.ask("WHO a*", &["315 a*"]);
    carol.ask("WHO #a", &["315 #a"]);
    carol.ask("WHO alice", &["352 * alice 127.0.0.1 groupchat alice H :0 alice", "315 alice"]);
    bob.ask("WHO a*", &["*MODE #a +s", "352 * alice 127.0.0.1 groupchat alice H :0 alice", "315 a* *"]);
    alice.ask("MODE #a -s", &["*MODE #a -s"]);
    carol.ask("WHO #a", &["352 #a bob 127.0.0.1 groupchat bob H :0 bob", "315 #a"]);
    carol.ask("WHOIS alice", &["311 *", "312 *", "317 *", "318 alice"]);
    bob.ask("WHOIS alice", &["*MODE #a -s", "311 *", "319 alice :@#a", "312 *", "317 *", "318 *"]);
}

#[test]
fn whois_tells_what_is_known() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.connect();
    bob.send_bytes(b"NICK bob\r\nUSER robert 0 * :Robert the Builder\r\n");
    bob.nick = "bob".into();
    bob.skip_welcome();
    for room in ["#1", "#2", "#3", "#4", "#5", "#6"] {
        bob.join(room);
    }
    let whole = [
        "311 bob robert 127.0.0.1 * :Robert the Builder",
        "319 bob :@#1 @#2 @#3 @#4 @#5 @#6",
        "312 bob groupchat",
        "317 bob * 1*",
        "318 bob",
    ];
    alice.ask("WHOIS bob", &whole);
    let about_bob = &whole[..4];
    for asked in ["BOB", "groupchat bob", "* bob", "bob bob", "b?b", "bo*"] {
        let end = format!("318 {}", asked.split(' ').next_back().unwrap());
        alice.ask(&format!("WHOIS {asked}"), &[about_bob, &[&end]].concat());
    }
    let both = [&["401 nobody"], about_bob, &["318 nobody,bob"]].concat();
    alice.ask("WHOIS nobody,bob", &both);
    bob.ask("AWAY :tea", &["306 *"]);
    alice.ask("WHOIS bob", &[whole[0], whole[1], whole[2], "301 bob :tea", whole[3], whole[4]]);
    alice.ask("WHOIS nobody", &["401 nobody", "318 nobody"]);
    alice.ask("WHOIS elsewhere bob", &["402 elsewhere"]);
    alice.ask("WHOIS", &["461 WHOIS"]);
    alice.ask("WHOIS :", &["431"]);
}

#[test]
fn whois_about_one_in_many_rooms_takes_several_lines() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let rooms: Vec<String> = (10..30).map(|number| format!("#{number}{}", "r".repeat(limits::ROOM - 3))).collect();
    rooms.iter().for_each(|room| alice.join(room));
    alice.send("WHOIS alice");
    let answers = alice.sync();
    let shown = answers.iter().filter_map(|line| line.strip_prefix(":groupchat 319 alice alice :"));
    let shown: Vec<&str> = shown.flat_map(|rooms| rooms.split(' ')).collect();
    assert!(shown.iter().map(|room| room.strip_prefix('@').unwrap()).eq(&rooms), "{shown:?}");
}

#[test]
fn whois_shows_no_secret_rooms() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#open");
    alice.join("#secret");
    alice.ask("MODE #secret +s", &["*"]);
    let mut bob = server.client("bob");
    bob.ask("WHOIS alice", &["311 *", "319 alice :@#open", "312 *", "317 *", "318 *"]);
    bob.join("#secret");
    bob.ask("WHOIS alice", &["311 *", "319 alice :@#open @#secret", "312 *", "317 *", "318 *"]);
}

#[test]
fn userhost_and_ison_name_those_who_are_there() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    bob.ask("AWAY :tea", &["306 *"]);
    alice.ask("USERHOST ALICE bob nobody", &["302 :alice=+alice@127.0.0.1 bob=-bob@127.0.0.1"]);
    alice.ask("USERHOST n n n n n alice", &["302 :"]);
    alice.ask("USERHOST", &["461 USERHOST"]);
    alice.ask("ISON bob nobody ALICE", &["303 :bob alice"]);
    alice.ask("ISON :bob nobody ALICE", &["303 :bob alice"]);
    alice.ask("ISON nobody", &["303 :"]);
    alice.ask("ISON", &["461 ISON"]);
}

/// The answer is one line, and its head is longer than that of the question.
#[test]
fn an_answer_without_room_for_all_nicks_names_whole_ones() {
    let server = Server::start(&[]);
    let nicks: Vec<String> = (10..25).map(|number| format!("{}{number}", "n".repeat(limits::NICK - 2))).collect();
    let mut clients: Vec<Client> = nicks.iter().map(|nick| server.client(nick)).collect();
    clients[0].send(&format!("ISON {}", nicks.join(" ")));
    let answer = clients[0].expect("303 :*");
    let named: Vec<&str> = answer.rsplit_once(':').unwrap().1.split(' ').collect();
    assert!(named.len() > 12 && named.iter().zip(&nicks).all(|(named, nick)| named == nick), "{named:?}");
}

fn lusers(client: &mut Client, [visible, invisible, unknown, rooms, users, most]: [usize; 6]) {
    client.ask(
        "LUSERS",
        &[
            &format!("251 :There are {visible} users and {invisible} invisible on 1 servers"),
            "252 0",
            &format!("253 {unknown}"),
            &format!("254 {rooms}"),
            &format!("255 :I have {users} clients and 0 servers"),
            &format!("265 {users} {most} :Current local users {users}, max {most}"),
            &format!("266 {users} {most} :Current global users {users}, max {most}"),
        ],
    );
}

#[test]
fn lusers_counts() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    lusers(&mut alice, [1, 0, 0, 0, 1, 1]);
    let mut bob = server.client("bob");
    let mut carol = server.client("carol");
    let mut new = server.connect();
    new.sync();
    bob.join("#a");
    carol.join("#a");
    carol.ask("JOIN #b", &["*", "*", "*"]);
    bob.ask("MODE bob +i", &["*JOIN #a", "*MODE bob +i"]);
    lusers(&mut alice, [2, 1, 1, 2, 3, 3]);
    for client in [&mut bob, &mut new] {
        client.send("QUIT");
        client.skip_to("ERROR *");
        client.expect_end();
    }
    carol.send("PART #b");
    carol.sync();
    lusers(&mut alice, [2, 0, 0, 1, 2, 3]);
}

#[test]
fn the_message_of_the_day_is_a_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("motd");
    fs::write(&path, format!("Be kind.\n\n\u{1b}[31mred {}\n", "x".repeat(600))).unwrap();
    let server = Server::start(&["--motd", path.to_str().unwrap()]);
    let mut alice = server.client("alice");
    let whole = [
        "375 :- groupchat Message of the day -",
        "372 :- Be kind.",
        "372 :- ",
        // What does not fit one line goes on in the next.
        "372 :- [31mred xxx*xxx",
        "372 *:*xxx",
        "376",
    ];
    alice.ask("MOTD", &whole);
    alice.ask("MOTD groupchat", &whole);
    alice.ask("MOTD elsewhere", &["402 elsewhere"]);
    let mut bob = server.connect();
    bob.send_bytes(b"NICK bob\r\nUSER bob 0 * :B\r\n");
    bob.nick = "bob".into();
    bob.skip_to(whole[0]);
    bob.expect_only(&whole[1..]);
}

#[test]
fn a_message_of_the_day_that_cannot_be_read_is_one_sentence() {
    let error = "stderr: chat-server: cannot read the message of the day from";
    let no_file = format!("{error} missing: No such file or directory (os error 2)");
    assert_eq!(cannot_start(&["--motd", "missing"]), (Some(1), no_file));
    let not_text = format!("{error} a file: stream did not contain valid UTF-8");
    assert_eq!(cannot_start(&["--motd", "a file"]), (Some(1), not_text));
}

#[test]
fn version_and_time() {
    let server = Server::start(&["--name", "chat.example.org"]);
    let mut alice = server.connect();
    alice.send_bytes(b"NICK alice\r\nUSER alice 0 * :A\r\n");
    alice.skip_to(":chat.example.org 422 alice *");
    let version =
        format!(":chat.example.org 351 alice {VERSION} chat.example.org :a group chat, one thread per client");
    for line in ["VERSION", "VERSION chat.example.org", "VERSION chat.*"] {
        alice.send(line);
        alice.expect(&version);
        alice.expect(":chat.example.org 005 alice CASEMAPPING=ascii *");
        alice.expect(":chat.example.org 005 alice *");
    }
    alice.send("TIME");
    alice.expect(":chat.example.org 391 alice chat.example.org :20*-*-*T*:*:*.*Z");
    for line in ["VERSION groupchat", "TIME groupchat"] {
        alice.send(line);
        alice.expect(":chat.example.org 402 alice groupchat *");
    }
    alice.send("PING x");
    alice.expect(":chat.example.org PONG chat.example.org :x");
}
