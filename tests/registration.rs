//! Coming, being called something, and going: PASS, NICK, USER, the welcome, renaming, PING, QUIT.

use wire::limits;

use crate::harness::{Client, Server};

const BAD_NICK: &str = "A nick has 1 to 32 letters, digits or -[]\\`_^{|} and starts with no digit or -";

#[test]
fn the_welcome_in_full() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice Example");
    alice.nick = "alice".into();
    alice.expect_only(&[
        "001 :Welcome to the chat, alice!alice@127.0.0.1",
        concat!("002 :Your host is groupchat, running groupchat-", env!("CARGO_PKG_VERSION")),
        "003 :This server was started at 20*-*-*T*:*:*Z",
        concat!("004 groupchat groupchat-", env!("CARGO_PKG_VERSION"), " i biklmnostv bklov"),
        "005 CASEMAPPING=ascii CHANMODES=b,k,l,imnst CHANTYPES=# ELIST=MNU * :are supported by this server",
        "005 * :are supported by this server",
        "251 :There are 1 users and 0 invisible on 1 servers",
        "252 0 :operators online",
        "253 0 :connections not yet registered",
        "254 0 :rooms open",
        "255 :I have 1 clients and 0 servers",
        "265 1 1 :Current local users 1, max 1",
        "266 1 1 :Current global users 1, max 1",
        "422 :There is no message of the day",
    ]);
}

#[test]
fn what_005_says_is_what_limits_say() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send("NICK alice");
    alice.send("USER alice 0 * :Alice");
    alice.nick = "alice".into();
    let welcome = alice.sync();
    let said = welcome.iter().filter(|line| line.contains(" 005 "));
    let tokens: Vec<&str> = said.flat_map(|line| line.split(" :").next().unwrap().split(' ').skip(3)).collect();
    let most = limits::TARGETS;
    let expected = [
        format!("AWAYLEN={}", limits::AWAY),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{}", limits::ROOMS_PER_CLIENT),
        "CHANMODES=b,k,l,imnst".into(),
        format!("CHANNELLEN={}", limits::ROOM),
        "CHANTYPES=#".into(),
        "ELIST=MNU".into(),
        format!("HOSTLEN={}", limits::HOST),
        format!("KEYLEN={}", limits::KEY),
        format!("KICKLEN={}", limits::REASON),
        format!("MAXLIST=b:{}", limits::BANS),
        "MODES".into(),
        format!("NICKLEN={}", limits::NICK),
        "PREFIX=(ov)@+".into(),
        format!("TARGMAX=JOIN:,KICK:,LIST:,NAMES:1,NOTICE:{most},PART:,PRIVMSG:{most},TAGMSG:{most},WHOIS:1"),
        format!("TOPICLEN={}", limits::TOPIC),
        format!("USERLEN={}", limits::USER),
        "UTF8ONLY".into(),
    ];
    let mut sorted = tokens.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

/// Says these lines, and is then welcome under the name `alice`.
fn is_welcome(server: &Server, lines: &[&[u8]]) -> Client {
    let mut alice = server.connect();
    lines.iter().for_each(|line| alice.send_bytes(line));
    alice.nick = "alice".into();
    alice.expect("001 :Welcome to the chat, alice!*@127.0.0.1");
    alice.skip_to("422 *");
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
        alice.expect("ERROR :Closing connection: Quit");
        alice.expect_end();
    }
}

#[test]
fn nothing_else_is_possible_before() {
    let server = Server::start(&[]);
    let mut new = server.connect();
    for line in ["JOIN #a", "PRIVMSG alice :hello", "WHO", "LIST", "NAMES", "MOTD", "KICK", "NONSENSE", "MODE"] {
        new.ask(line, &["451 :You have not registered; send NICK and USER first"]);
    }
    new.ask("PING :a b", &[":groupchat PONG groupchat :a b"]);
    new.ask("PING", &["409 :No origin given; PING wants a word to send back"]);
    new.ask("PONG :whatever", &[]);
    new.ask("USER a 0 *", &["461 USER :Not enough parameters"]);
    new.ask("USER a 0 * :", &["461 USER :Not enough parameters"]);
    new.ask("PASS", &["461 PASS :Not enough parameters"]);
    new.register("alice");
    new.ask("JOIN #a", &[":alice!alice@127.0.0.1 JOIN #a", "353 = #a :@alice", "366 #a :End of NAMES list"]);
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
        thief.skip_to(":groupchat 464 thief :Password missing or wrong");
        thief.expect("ERROR :Closing connection: Password missing or wrong");
        thief.expect_end();
    }
    let mut late = is_welcome(&server, &[b"PASS wrong\r\n", b"PASS :open sesame\r\nNICK alice\r\nUSER a 0 * :A\r\n"]);
    late.ask("PASS again", &["462 :You are already registered"]);
    late.ask("USER a 0 * :A", &["462 :You are already registered"]);
}

#[test]
fn a_nick_is_valid_and_free() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut new = server.connect();
    new.ask("NICK", &["431 :No nick given"]);
    new.ask("NICK :", &["431 :No nick given"]);
    new.ask("NICK alice", &["433 alice :Nick is already in use"]);
    new.ask("NICK ALICE", &["433 ALICE :Nick is already in use"]);
    let too_long = "n".repeat(limits::NICK + 1);
    for bad in ["2nd", "-x", "a.b", "a!b", "#a", "\u{e9}t\u{e9}", &too_long] {
        new.ask(&format!("NICK {bad}"), &[&format!("432 {bad} :{BAD_NICK}")]);
    }
    new.ask("NICK :two words", &[&format!("432 two_words :{BAD_NICK}")]);
    alice.ask("NICK 2nd", &[&format!("432 2nd :{BAD_NICK}")]);
    let longest = "n".repeat(limits::NICK);
    alice.ask(&format!("NICK {longest}"), &[&format!(":alice!alice@127.0.0.1 NICK {longest}")]);
    new.register("alice");
}

#[test]
fn a_nick_is_reserved_while_its_owner_registers_and_free_once_it_leaves() {
    let server = Server::start(&[]);
    let mut first = server.connect();
    let mut second = server.connect();
    first.ask("NICK tesla", &[]);
    second.ask("NICK Tesla", &["433 Tesla :Nick is already in use"]);
    // Who has not registered is not there for others yet.
    let mut alice = server.client("alice");
    alice.ask("PRIVMSG tesla :hello", &["401 tesla :No such nick"]);
    first.ask("NICK edison", &[]);
    second.ask("NICK Tesla", &[]);
    first.send("NICK tesla");
    first.expect(":groupchat 433 edison tesla :Nick is already in use");
    drop(second);
    server.program.expect_log("is offline (Connection closed)");
    first.send("NICK tesla");
    first.send("USER tesla 0 * :T");
    first.expect(":groupchat 001 tesla :Welcome to the chat, tesla!tesla@127.0.0.1");
}

#[test]
fn a_user_name_is_made_harmless() {
    let server = Server::start(&[]);
    let names = [("a!b@c*d?e", "abcde"), ("@*!", "user"), ("12345678901234567", "1234567890123456"), ("\u{e9}t", "t")];
    for (given, shown) in names {
        let mut alice = is_welcome(&server, &[b"NICK alice\r\n", format!("USER {given} 0 * :A\r\n").as_bytes()]);
        alice.ask("USERHOST alice", &[&format!("302 :alice=+{shown}@127.0.0.1")]);
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
    alice.ask("NICK al", &[":alice!alice@127.0.0.1 NICK al"]);
    alice.nick = "al".into();
    bob.expect_only(&[":alice!alice@127.0.0.1 NICK al"]);
    carol.expect_nothing();
    alice.ask("NICK AL", &[":al!alice@127.0.0.1 NICK AL"]);
    alice.nick = "AL".into();
    bob.expect_only(&[":al!alice@127.0.0.1 NICK AL"]);
    alice.ask("NICK AL", &[]);
    alice.ask("NICK bob", &["433 bob :Nick is already in use"]);
    bob.expect_nothing();
    // The old name is free, and mail for the new one arrives.
    carol.ask("PRIVMSG alice :?", &["301 alice :offline, stored"]);
    carol.ask("PRIVMSG al :!", &[]);
    alice.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG AL :!"]);
    carol.send("NICK alice");
    carol.expect(":carol!carol@127.0.0.1 NICK alice");
    // What waits for a name is for whoever takes it.
    carol.nick = "alice".into();
    carol.expect(":groupchat NOTICE alice :1 message while you were away");
    carol.expect(":groupchat NOTICE alice :20* UTC, from carol:");
    carol.expect_only(&[":carol!carol@127.0.0.1 PRIVMSG alice :?"]);
}

#[test]
fn a_pong_comes_after_everything_that_was_asked_before() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.send_bytes(b"PRIVMSG #a :1\r\nTOPIC #a :x\r\nPRIVMSG alice :2\r\nNAMES #a\r\nPING last\r\n");
    bob.expect(":groupchat 482 bob #a :You are not an operator of that room");
    bob.expect("353 = #a :@alice bob");
    bob.expect("366 #a :End of NAMES list");
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
