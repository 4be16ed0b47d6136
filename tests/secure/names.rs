//! A name belongs to the key of who had it first, and to nobody else, whatever they try.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use tempfile::TempDir;
use wire::limits::MAILBOX;
use wire::numeric::BOUND;

use crate::client::person::{Home, WELCOME};
use crate::harness::{Client, Server};
use crate::limits::limit;
use crate::mail::shares::{SHARE, folder_with, refused};
use crate::mail::stored;

/// Asks for a name before registration, and is refused it.
#[track_caller]
fn expect_refusal(mut thief: Client, nick: &str) {
    thief.send(&format!("NICK {nick}"));
    thief.expect(&format!("433 {nick} :{BOUND}"));
    // Nothing but the name is refused, and no letter of its owner comes.
    let eve = format!("eve{}", thief.address.port());
    thief.register(&eve);
    thief.sync();
    thief.ask(&format!("NICK {nick}"), &[&format!("433 {nick} :{BOUND}")]);
    thief.send("QUIT");
    thief.skip_to("ERROR *");
    thief.expect_end();
}

/// tesla, who has come with a key, and left again; one letter waits for her.
fn tesla_was_here(server: &Server) {
    let mut tesla = server.connect_with_key("tesla");
    tesla.register("tesla");
    tesla.expect(":groupchat NOTICE tesla :tesla belongs to your key from now on; nobody else can take the name");
    tesla.send("QUIT");
    tesla.skip_to("ERROR *");
    tesla.expect_end();
    let mut albert = server.client("albert");
    albert.ask("PRIVMSG tesla :for you alone", &[&stored("tesla")[..]]);
    albert.send("QUIT");
    albert.skip_to("ERROR *");
}

/// tesla comes again, and has her name and her letter.
#[track_caller]
fn expect_tesla(server: &Server) -> Client {
    let mut tesla = server.connect_with_key("tesla");
    tesla.register("tesla");
    tesla.skip_to(":albert!albert@127.0.0.1 PRIVMSG tesla :for you alone");
    tesla
}

#[test]
fn a_name_is_stolen_in_none_of_nine_ways() {
    let server = Server::start(&["--flood", "0"]);
    tesla_was_here(&server);
    // While its owner is not here, by another key, by no key, in plain text, in other letters.
    expect_refusal(server.connect_with_key("eve"), "tesla");
    expect_refusal(server.connect(), "tesla");
    for variant in ["Tesla", "TESLA", "tEsLa"] {
        expect_refusal(server.connect_with_key("eve"), variant);
        expect_refusal(server.connect(), variant);
    }
    // By changing a name that one has, also to read her mail.
    let mut eve = server.client_with_key("eve", "eve");
    eve.ask("NICK Tesla", &[&format!("433 Tesla :{BOUND}")]);
    eve.ask("NICK eva", &[":eve!eve@127.0.0.1 NICK :eva", ":groupchat NOTICE eva :eva belongs to your key *"]);
    eve.nick = "eva".into();
    eve.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    // While she is here.
    let mut tesla = expect_tesla(&server);
    expect_refusal(server.connect_with_key("other"), "tesla");
    expect_refusal(server.connect(), "tesla");
    // She changes her name, and the old one stays hers.
    tesla.send("NICK nikola");
    tesla.skip_to(":groupchat NOTICE nikola :nikola belongs to your key *");
    eve.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    tesla.send("NICK tesla");
    tesla.skip_to(":nikola!tesla@127.0.0.1 NICK :tesla");
    // After the server was killed.
    let folder = server.folder.clone();
    drop((server, tesla, eve));
    let server = Server::start_in(&folder, &[]);
    expect_refusal(server.connect_with_key("thief"), "tesla");
    expect_refusal(server.connect(), "Nikola");
    server.client_with_key("tesla", "tesla").ask("ISON tesla", &["303 :tesla"]);
}

#[test]
fn of_many_keys_that_race_for_a_name_one_has_it_for_good() {
    const RACERS: usize = 16;
    let server = Server::start(&[]);
    let start = Barrier::new(RACERS);
    let winners: Vec<String> = thread::scope(|scope| {
        let race = |key: String| {
            let mut racer = server.connect_with_key(&key);
            start.wait();
            racer.send("NICK tesla");
            racer.send("USER x 0 * :x");
            let answer = racer.receive().unwrap();
            if answer.contains(" 001 ") {
                // It is written down before the welcome comes: the server may be killed now.
                return Some(key);
            }
            assert!(answer.starts_with(":groupchat 433 * tesla :Nick "), "{answer}");
            None
        };
        let racers: Vec<_> = (0..RACERS).map(|number| scope.spawn(move || race(format!("key{number}")))).collect();
        racers.into_iter().filter_map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(winners.len(), 1, "{winners:?}");
    let folder = server.folder.clone();
    drop(server);
    let server = Server::start_in(&folder, &[]);
    for number in 0..RACERS {
        let key = format!("key{number}");
        let mut again = server.connect_with_key(&key);
        again.send("NICK tesla");
        again.send("USER x 0 * :x");
        let answer = again.receive().unwrap();
        assert_eq!(answer.contains(" 001 "), winners[0] == key, "{answer}");
    }
}

#[test]
fn a_key_has_some_names_and_may_use_more() {
    let server = Server::start(&["--flood", "0"]);
    let mut tesla = server.client_with_key("t0", "tesla");
    for number in 1..limit("NAMES_PER_KEY") {
        tesla.send(&format!("NICK t{number}"));
        tesla.skip_to(&format!(":groupchat NOTICE t{number} :t{number} belongs to your key *"));
    }
    tesla.send("NICK one_more");
    tesla.skip_to(":groupchat NOTICE one_more :one_more is not bound to your key: there are too many names already");
    tesla.send("NICK t3");
    tesla.skip_to(":one_more!t0@127.0.0.1 NICK :t3");
    server.client("one_more").ask("ISON t3", &["303 :t3"]);
}

/// Has a client take this name, and returns what it is told of that.
#[track_caller]
fn told(client: &mut Client, nick: &str) -> String {
    client.send(&format!("NICK {nick}"));
    client.skip_to(&format!(":groupchat NOTICE {nick} :{nick} *"))
}

#[test]
fn one_network_binds_some_new_names_in_an_hour_and_talks_under_any_name() {
    let server = Server::start(&["--flood", "0"]);
    let (per_hour, per_key) = (limit("NAMES_PER_HOUR"), limit("NAMES_PER_KEY"));
    let mut number = 0;
    let mut last = loop {
        let mut client = server.client_with_key(&format!("n{number}"), &format!("key{number}"));
        let end = per_hour.min(number + per_key);
        for name in number + 1..end {
            assert!(told(&mut client, &format!("n{name}")).contains(" belongs to your key "));
        }
        number = end;
        if number == per_hour {
            break client;
        }
    };
    let mut newcomer = server.connect_with_key("newcomer");
    newcomer.register("newcomer");
    newcomer.expect(
        ":groupchat NOTICE newcomer :newcomer is not bound to your key: too many new names came from your network; \
         connect again in an hour",
    );
    let mut albert = server.client("albert");
    newcomer.join("#a");
    albert.join("#a");
    newcomer.expect(":albert!albert@127.0.0.1 JOIN #a");
    newcomer.ask("PRIVMSG albert :hi", &[]);
    albert.expect(":newcomer!newcomer@127.0.0.1 PRIVMSG albert :hi");
    // What was bound stays so, and can be taken as before.
    last.ask("NICK n99", &[]);
    expect_refusal(server.connect_with_key("eve"), "n3");
    server.client_with_key("n3", "key0").ask("ISON n3", &["303 :n3"]);
}

#[test]
fn a_full_table_forgets_who_never_came_back_and_then_refuses_new_names_only() {
    let folder = Arc::new(TempDir::new().unwrap());
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let write = |name: &str, once: &str| fs::write(keys.join(name), format!("{}\n{once}", "ab".repeat(32))).unwrap();
    (4..limit("BOUND_NAMES")).for_each(|number| write(&format!("n{number}"), ""));
    for (name, once) in [("a", "new 7\n"), ("b", "new 5\n"), ("c", "new 6\n"), ("d", "new 4\n")] {
        write(name, once);
    }
    let server = Server::start_in(&folder, &["--flood", "0"]);
    let mut b = server.client("other");
    b.ask("NICK b", &[&format!("433 b :{BOUND}")]);
    // Nobody else gets what waits for d, so d is not forgotten, ever.
    b.ask("PRIVMSG d :for you alone", &[&stored("d")[..]]);
    let mut tesla = server.client_with_key("tesla", "tesla");
    server.program.expect_log("The name b is forgotten: it was never used again");
    b.ask("NICK b", &[":other!other@127.0.0.1 NICK :b"]);
    for nick in ["t1", "t2"] {
        assert!(told(&mut tesla, nick).contains(" belongs to your key "));
    }
    let left = ["a", "b", "c", "d", "tesla", "t1", "t2", "n4"].map(|name| keys.join(name).exists());
    assert_eq!(left, [false, false, false, true, true, true, true, true]);
    // tesla has come a few moments ago, and her first name is the oldest one. It is free now.
    assert!(told(&mut tesla, "t3").contains(" belongs to your key "));
    server.program.expect_log("The name tesla is forgotten");
    b.ask("NICK d", &[&format!(":groupchat 433 b d :{BOUND}")]);
    for name in ["t1", "t2", "t3"] {
        write(name, "");
    }
    drop(server);
    let server = Server::start_in(&folder, &[]);
    let mut newcomer = server.connect_with_key("newcomer");
    newcomer.register("newcomer");
    newcomer
        .expect(":groupchat NOTICE newcomer :newcomer is not bound to your key: the server has too many names already");
    let mut albert = server.client("albert");
    newcomer.ask("PRIVMSG albert :hi", &[]);
    albert.expect(":newcomer!newcomer@127.0.0.1 PRIVMSG albert :hi");
    expect_refusal(server.connect_with_key("eve"), "n4");
}

#[test]
fn a_name_that_was_used_again_is_written_down() {
    let server = Server::start(&[]);
    let file = server.folder.path().join("keys/tesla");
    let lines = || fs::read_to_string(&file).unwrap().lines().count();
    tesla_was_here(&server);
    assert_eq!(lines(), 2);
    let tesla = expect_tesla(&server);
    assert_eq!(lines(), 1);
    drop(tesla);
}

#[test]
fn who_runs_the_server_can_release_a_name() {
    let server = Server::start(&[]);
    tesla_was_here(&server);
    let release = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        let run = command.arg("--data-dir").arg(server.folder.path()).args(["--release", name]).output().unwrap();
        (run.status.code(), String::from_utf8([run.stdout, run.stderr].concat()).unwrap())
    };
    let (code, text) = release("nobody");
    assert!(text.starts_with("chat-server: no key has the name nobody"), "{text}");
    assert_eq!(code, Some(1));
    let mut eve = server.client_with_key("eve", "eve");
    eve.ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    // The server runs on, and needs no word of it.
    let (code, text) = release("Tesla");
    assert_eq!(text, "Tesla is released: whoever takes the name next has it, and the mail that waits for it\n");
    assert_eq!(code, Some(0));
    eve.send("NICK tesla");
    eve.skip_to(":groupchat NOTICE tesla :tesla belongs to your key *");
    server.program.expect_log("The name tesla was released; whoever takes it next has it");
    drop(eve);
    expect_refusal(server.connect_with_key("tesla"), "tesla");
    // Who was released and comes back before anybody else has the name anew, and is told so.
    let mut carl = server.client_with_key("carl", "carl");
    carl.send("QUIT");
    carl.skip_to("ERROR *");
    assert_eq!(release("carl").0, Some(0));
    let mut carl = server.connect_with_key("carl");
    carl.register("carl");
    carl.expect(":groupchat NOTICE carl :carl belongs to your key *");
    carl.send("QUIT");
    carl.skip_to("ERROR *");
    carl.expect_end();
    expect_refusal(server.connect_with_key("other"), "carl");
}

#[test]
fn the_console_releases_a_name_and_says_who_uses_it() {
    let mut server = Server::start_at_terminal("exec $SERVER", &[]);
    let ask = |server: &mut Server, line: &str, answers: &[&str]| {
        server.program.type_bytes(format!("{line}\n").as_bytes());
        answers.iter().for_each(|answer| drop(server.program.expect_log(answer)));
    };
    server.program.expect_log("Type help");
    let mut tesla = server.client_with_key("tesla", "tesla");
    ask(&mut server, "release nobody", &["No key has the name nobody"]);
    ask(&mut server, "release ../lock", &["No key has the name ../lock"]);
    let here = "tesla is here, and has the name until they leave; kick tesla ends that";
    ask(&mut server, "release Tesla", &["Tesla is released: whoever takes the name next has it", here]);
    let mut eve = server.client_with_key("eve", "eve");
    eve.ask("NICK tesla", &["433 tesla :*"]);
    ask(&mut server, "kick tesla", &["is offline (Removed by the operator of the server)  [ tesla ]"]);
    tesla.skip_to("ERROR :Closing connection: Removed by the operator of the server");
    eve.send("NICK tesla");
    eve.skip_to(":groupchat NOTICE tesla :tesla belongs to your key *");
    // A key is shown whole, and later in short.
    let key = server.program.expect_log("speaks TLS with key ").rsplit(' ').next().unwrap().to_owned();
    assert_eq!(server.program.count_log(&key), 1);
    server.program.expect_log(&format!("has the name for the key {}...  [ tesla ]", &key[..12]));
}

#[test]
fn a_folder_that_is_away_releases_no_name() {
    let server = Server::start(&[]);
    tesla_was_here(&server);
    let (keys, away) = (server.folder.path().join("keys"), server.folder.path().join("away"));
    fs::rename(&keys, &away).unwrap();
    server.connect_with_key("eve").ask("NICK tesla", &[&format!("433 tesla :{BOUND}")]);
    fs::rename(&away, &keys).unwrap();
    expect_tesla(&server);
}

#[test]
fn what_cannot_be_written_down_is_told_and_not_bound() {
    let server = Server::start(&[]);
    let folder = server.folder.path().join("keys");
    // Even root cannot make a file in what is no folder.
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    let mut tesla = server.connect_with_key("tesla");
    tesla.register("tesla");
    tesla.expect(":groupchat NOTICE tesla :tesla could not be bound to your key: the server's disk fails");
    server.program.expect_log("The key of tesla cannot be stored: ");
    tesla.send("QUIT");
    tesla.skip_to("ERROR *");
    tesla.expect_end();
    server.client("tesla").ask("ISON tesla", &["303 :tesla"]);
}

#[test]
fn people_at_the_client_are_told_whose_a_name_is() {
    let server = Server::start(&[]);
    let (home, elsewhere) =
        (Home::calling_by_default(server.addresses[0]), Home::calling_by_default(server.addresses[0]));
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.skip_to("*** tesla belongs to your key from now on; nobody else can take the name");
    tesla.expect_line(WELCOME);
    let mut eve = elsewhere.start(&["--nick", "eve"]);
    eve.skip_to(WELCOME);
    eve.ask("/name Tesla", &["The name Tesla belongs to another key than yours"]);
    tesla.expect_line("eve joined the conversation");
    // Both compare.
    eve.type_line("/fingerprint");
    let own = eve.expect_line("Your key:         *");
    let servers = eve.expect_line("The server's key: *");
    assert_eq!(servers.rsplit(' ').next().unwrap(), super::shown_fingerprint(&server));
    let key = own.rsplit(' ').next().unwrap();
    tesla.ask("/fingerprint eve", &[&format!("eve has the key {key}")]);
    tesla.ask("/fingerprint nobody", &["Nobody is called nobody"]);
    let _plain = server.client("plain");
    tesla.ask("/fingerprint eve\n/fingerprint plain", &[&format!("eve has the key {key}"), "plain has shown no key"]);
    tesla.type_line("/whois eve");
    tesla.skip_to("eve speaks TLS");
    tesla.expect_line(&format!("eve has the key {key}"));
    tesla.skip_to("eve has said nothing for * s");
    tesla.type_line("tata");
    tesla.expect_refused("line * (/fingerprint nobody): Nobody is called nobody");
    // The next time her name is hers, and nobody else's.
    let mut thief = elsewhere.script(&["--nick", "tesla"], "hello\n");
    thief.expect_failure("The name tesla belongs to another key than yours; choose another with --nick");
    home.person("tesla").ask("/info", &["2 people in #lobby: eve, tesla"]);
}

/// E. Somebody without a key who floods from behind the same address locks nobody out who has one.
#[test]
fn a_key_has_a_share_of_its_own_in_each_mailbox() {
    let server = Server::start_in(&folder_with(&[("bob", MAILBOX / 2, "S=99,P=127.0.0.1")]), &[]);
    server.client("eve").ask("PRIVMSG bob :one more", &[&refused("bob", SHARE)]);
    // Of new keys one can make as many as one likes, so a key counts from the second time on.
    server.client_with_key("alice", "alice").ask("PRIVMSG bob :hello", &[&refused("bob", SHARE)]);
    server.client_with_known_key("alice", "alice").ask("PRIVMSG bob :hello", &[&stored("bob")]);
}
