//! Coming, being called something, and going: PASS, NICK, USER, the welcome, renaming, PING, QUIT.

use wire::limits;
use wire::numeric::ERR_PASSWDMISMATCH;

use crate::harness::{Client, Server};

const BAD_NICK: &str = "A nick has 1 to 32 letters, digits or -[]\\`_^{|} and starts with no digit or -";

/// Says these lines, and is then welcome under the name `alice`.
fn is_welcome(server: &Server, lines: &[&[u8]]) -> Client {
    let mut alice = server.connect();
    lines.iter().for_each(|line| alice.send_bytes(line));
    alice.nick = "alice".into();
    alice.skip_welcome();
    alice
}

#[test]
fn lines_may_come_in_any_order_case_and_end() {
    let server = Server::start(&["--password", "sesame"]);
    is_welcome(&server, &[b"PASS sesame\r\n", b"NICK alice\r\n", b"USER a 0 * :A\r\n"]);
    let server = Server::start(&[]);
    let ways: [&[&[u8]]; 7] = [
        &[b"USER a 0 * :A\r\n", b"NICK alice\r\n"],
        &[b"NICK :alice\r\n", b"USER a 0 * A\r\n"],
        &[b"nick alice\nuser a 0 * :A\n"],
        &[b"NiCk alice\rUSER a 0 * :A\r"],
        &[b"\r\n\r\n  NICK   alice  \r\n", b":claimed!x@y USER  a  0  *   :A\r\n"],
        &[b"NICK bob\r\n", b"NICK alice\r\n", b"USER a 0 * :A\r\n"],
        &[b"@tag=1 NICK alice\r\n", b"PASS unasked\r\n", b"USER a 0 * :A\r\n"],
    ];
    for lines in ways {
        let mut alice = is_welcome(&server, lines);
        alice.send("QUIT");
        alice.expect("ERROR :Closing connection: Quit: ");
        alice.expect_end();
    }
}

#[test]
fn nothing_else_is_possible_before() {
    let server = Server::start(&[]);
    let mut new = server.connect();
    for line in ["JOIN #a", "PRIVMSG alice :hello", "WHO", "LIST", "NAMES", "MOTD", "KICK", "NONSENSE", "MODE"] {
        new.ask(line, &["451"]);
    }
    new.ask("PING :a b", &[":groupchat PONG groupchat :a b"]);
    new.ask("PING", &["409"]);
    new.ask("PONG :whatever", &[]);
    new.ask("USER a 0 *", &["461 USER"]);
    new.ask("USER a 0 * :", &["461 USER"]);
    new.ask("PASS", &["461 PASS"]);
    new.register("alice");
    new.ask("JOIN #a", &[":alice!alice@127.0.0.1 JOIN #a", "353 = #a :*alice", "366 #a"]);
}

#[test]
fn a_password_is_right_wrong_or_missing() {
    let server = Server::start(&["--password", "open sesame"]);
    is_welcome(&server, &[b"PASS :open sesame\r\n", b"NICK alice\r\n", b"USER a 0 * :A\r\n"]);
    for pass in ["PASS :wrong", "PASS open", "PING :no password"] {
        let mut thief = server.connect();
        thief.send(pass);
        thief.send("NICK thief");
        thief.send("USER thief 0 * :T");
        thief.nick = "thief".into();
        thief.skip_to("464");
        thief.expect(&format!("ERROR :Closing connection: {}", ERR_PASSWDMISMATCH.text));
        thief.expect_end();
    }
    let mut late = is_welcome(&server, &[b"PASS wrong\r\n", b"PASS :open sesame\r\nNICK alice\r\nUSER a 0 * :A\r\n"]);
    late.ask("PASS again", &["462"]);
    late.ask("USER a 0 * :A", &["462"]);
}

#[test]
fn a_nick_is_valid_and_free() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut new = server.connect();
    new.ask("NICK", &["431"]);
    new.ask("NICK :", &["431"]);
    new.ask("NICK alice", &["433 alice"]);
    new.ask("NICK ALICE", &["433 ALICE"]);
    let too_long = "n".repeat(limits::NICK + 1);
    for bad in ["2nd", "-x", "a.b", "a!b", "#a", "\u{e9}t\u{e9}", &too_long] {
        new.ask(&format!("NICK {bad}"), &[&format!("432 {bad} :{BAD_NICK}")]);
    }
    new.ask("NICK :two words", &[&format!("432 two_words :{BAD_NICK}")]);
    new.ask("NICK GroupChat", &["432 GroupChat :That is the server's name"]);
    alice.ask("NICK groupchat", &["432 groupchat :That is the server's name"]);
    alice.ask("NICK 2nd", &[&format!("432 2nd :{BAD_NICK}")]);
    let longest = "n".repeat(limits::NICK);
    alice.ask(&format!("NICK {longest}"), &[&format!(":alice!alice@127.0.0.1 NICK :{longest}")]);
    new.register("alice");
}

#[test]
fn a_nick_is_reserved_while_its_owner_registers_and_free_once_it_leaves() {
    let server = Server::start(&[]);
    let mut first = server.connect();
    let mut second = server.connect();
    first.ask("NICK tesla", &[]);
    second.ask("NICK Tesla", &["433 Tesla"]);
    // Who has not registered is not there for others yet.
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG tesla :hello", &["401 tesla"]);
    first.ask("NICK edison", &[]);
    first.nick = "edison".into();
    second.ask("NICK Tesla", &[]);
    first.ask("NICK tesla", &["433 tesla"]);
    drop(second);
    server.program.expect_log("is offline (Connection closed)");
    first.send("NICK tesla");
    first.send("USER tesla 0 * :T");
    first.nick = "tesla".into();
    first.expect("001 :Welcome to the chat, tesla!tesla@127.0.0.1");
}

#[test]
fn a_user_name_is_made_harmless() {
    let server = Server::start(&[]);
    let names = [("a!b@c*d?e", "abcde"), ("@*!", "user"), ("12345678901234567", "1234567890123456"), ("\u{e9}t", "t")];
    for (given, shown) in names {
        let mut alice = is_welcome(&server, &[b"NICK alice\r\n", format!("USER {given} 0 * :A\r\n").as_bytes()]);
        alice.ask("PRIVMSG alice :x", &[&format!(":alice!{shown}@127.0.0.1 PRIVMSG alice :x")]);
        alice.send("QUIT");
        alice.skip_to("ERROR *");
    }
}

#[test]
fn a_rename_is_seen_once_by_everyone_who_shares_a_room() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#one", ["alice", "bob"]);
    let mut carol = server.client("carol");
    for client in [&mut alice, &mut bob] {
        client.join("#two");
    }
    alice.expect(":bob!bob@127.0.0.1 JOIN #two");
    alice.ask("NICK al", &[":alice!alice@127.0.0.1 NICK :al"]);
    alice.nick = "al".into();
    bob.expect_only(&[":alice!alice@127.0.0.1 NICK :al"]);
    carol.expect_nothing();
    alice.ask("NICK AL", &[":al!alice@127.0.0.1 NICK :AL"]);
    alice.nick = "AL".into();
    bob.expect_only(&[":al!alice@127.0.0.1 NICK :AL"]);
    alice.ask("NICK AL", &[]);
    alice.ask("NICK bob", &["433 bob"]);
    bob.expect_nothing();
    // What is for the new name arrives, and the old one is free.
    carol.ask("PRIVMSG al :!", &[]);
    alice.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG AL :!"]);
    carol.ask("NICK alice", &[":carol!carol@127.0.0.1 NICK :alice"]);
}

#[test]
fn a_pong_comes_after_everything_that_was_asked_before() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.send_bytes(b"PRIVMSG #a :1\r\nPART #b :x\r\nPRIVMSG alice :2\r\nNAMES #a\r\nPING last\r\n");
    bob.expect("403 #b");
    bob.expect("353 = #a :*alice bob");
    bob.expect("366 #a");
    bob.expect(":groupchat PONG groupchat :last");
    alice.expect_only(&[":bob!bob@127.0.0.1 PRIVMSG #a :1", ":bob!bob@127.0.0.1 PRIVMSG alice :2"]);
}

#[test]
fn those_who_share_a_room_learn_once_who_left_and_why() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#one", ["alice", "bob", "carol"]);
    carol.join("#two");
    alice.join("#two");
    carol.sync();
    carol.send("QUIT :off to bed");
    carol.expect("ERROR :Closing connection: Quit: off to bed");
    carol.expect_end();
    alice.expect_only(&[":carol!carol@127.0.0.1 QUIT :Quit: off to bed"]);
    bob.sync();
    drop(bob);
    alice.expect(":bob!bob@127.0.0.1 QUIT :Connection closed");
    let mut dave = server.client("dave");
    dave.join("#one");
    alice.expect(":dave!dave@127.0.0.1 JOIN #one");
    dave.send(&format!("QUIT :{}", "z".repeat(300)));
    alice.expect(&format!(":dave!dave@127.0.0.1 QUIT :Quit: {}", "z".repeat(limits::REASON - "Quit: ".len())));
    // One who has no name yet leaves without a sound.
    let mut new = server.connect();
    new.send("QUIT :never mind");
    new.expect("ERROR :Closing connection: Quit: never mind");
    new.expect_end();
    alice.expect_nothing();
}
