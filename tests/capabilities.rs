//! CAP: what clients can ask for, and what each capability changes.

use wire::limits;

use crate::harness::{Client, Server};

/// Those of the core; wings add their own.
const CORE: [&str; 4] = ["cap-notify", "echo-message", "message-tags", "server-time"];

/// A client that has all capabilities which tell lines apart.
fn tagged(server: &Server, nick: &str) -> Client {
    server.client_with(nick, "message-tags")
}

#[test]
fn they_are_listed_asked_for_and_given_back() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let listed = alice.ask("CAP LS", &[":groupchat CAP alice LS :*"]);
    let listed: Vec<&str> = listed[0].rsplit(':').next().unwrap().split(' ').collect();
    assert!(CORE.iter().all(|name| listed.contains(name)) && listed.is_sorted(), "{listed:?}");
    alice.ask("CAP LIST", &[":groupchat CAP alice LIST :"]);
    alice.ask("CAP REQ :message-tags  server-time ", &[":groupchat CAP alice ACK :message-tags  server-time "]);
    alice.ask("cap list", &[":groupchat CAP alice LIST :message-tags server-time"]);
    alice.ask("CAP REQ :-server-time echo-message", &[":groupchat CAP alice ACK :-server-time echo-message"]);
    alice.ask("CAP REQ -message-tags", &[":groupchat CAP alice ACK :-message-tags"]);
    alice.ask("CAP LIST", &[":groupchat CAP alice LIST :echo-message"]);
    alice.ask("CAP REQ :cap-notify", &[":groupchat CAP alice ACK :cap-notify"]);
    alice.ask("CAP REQ :-cap-notify", &[":groupchat CAP alice ACK :-cap-notify"]);
    alice.ask("CAP END", &[]);
}

#[test]
fn each_has_a_bit_of_its_own() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let listed = alice.ask("CAP LS", &[":groupchat CAP alice LS :*"]);
    for name in listed[0].rsplit(':').next().unwrap().split(' ') {
        alice.ask(&format!("CAP REQ :{name}"), &[&format!(":groupchat CAP alice ACK :{name}")]);
        alice.ask("CAP LIST", &[&format!(":groupchat CAP alice LIST :{name}")]);
        alice.ask(&format!("CAP REQ :-{name}"), &[&format!(":groupchat CAP alice ACK :-{name}")]);
    }
}

#[test]
fn all_or_none_of_a_request_are_granted() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    for wanted in ["nosuch", "server-time nosuch", "-nosuch", "server-time  x ", "Server-Time", "-"] {
        alice.ask(&format!("CAP REQ :{wanted}"), &[&format!(":groupchat CAP alice NAK :{wanted}")]);
    }
    alice.ask("CAP LIST", &[":groupchat CAP alice LIST :"]);
    alice.ask("CAP", &["461 CAP"]);
    alice.ask("CAP REQ", &["461 CAP"]);
    alice.ask("CAP CLEAR", &["410 CLEAR"]);
}

#[test]
fn registration_waits_for_the_end_of_a_negotiation() {
    let server = Server::start(&[]);
    for opening in ["CAP LS 302", "CAP LS", "CAP REQ :server-time", "CAP REQ :nonsense"] {
        let mut alice = server.connect();
        alice.send(opening);
        alice.expect(":groupchat CAP * *");
        alice.send("NICK alice");
        alice.send("USER alice 0 * :A");
        alice.nick = "alice".into();
        alice.expect_nothing();
        alice.ask("JOIN #a", &["451"]);
        alice.ask("CAP REQ :message-tags", &[":groupchat CAP alice ACK :message-tags"]);
        alice.ask("CAP REQ :echo-message", &[":groupchat CAP alice ACK :echo-message"]);
        alice.send("CAP END");
        alice.skip_welcome();
        // Later on it holds nothing up.
        alice.ask("CAP LS 302", &[":groupchat CAP alice LS :*"]);
        alice.ask("JOIN #a", &["*JOIN #a", "353 = #a :*alice", "366 #a"]);
        alice.send("QUIT");
        alice.skip_to("ERROR *");
        alice.expect_end();
    }
}

#[test]
fn an_end_without_a_beginning_and_a_plain_list_hold_nothing_up() {
    let server = Server::start(&[]);
    for opening in ["CAP END", "CAP LIST"] {
        let mut alice = server.connect();
        alice.send(opening);
        alice.sync();
        alice.register("alice");
        alice.send("QUIT");
        alice.expect("ERROR *");
        alice.expect_end();
    }
}

#[test]
fn who_speaks_302_has_cap_notify_and_keeps_it() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.ask("CAP LS 302", &[":groupchat CAP * LS :*"]);
    alice.ask("CAP LIST", &[":groupchat CAP * LIST :cap-notify"]);
    alice.ask("CAP REQ :cap-notify", &[":groupchat CAP * ACK :cap-notify"]);
    alice.ask("CAP REQ :-cap-notify", &[":groupchat CAP * NAK :-cap-notify"]);
    let mut bob = server.connect();
    bob.ask("CAP LS 301", &[":groupchat CAP * LS :*"]);
    bob.ask("CAP LIST", &[":groupchat CAP * LIST :"]);
}

/// Whether the line has a time stamp as the only tag; the line without it.
fn after_time(line: &str) -> &str {
    let (time, rest) = line.strip_prefix("@time=").and_then(|rest| rest.split_once(' ')).expect(line);
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
    rest
}

#[test]
fn server_time_stamps_what_people_do() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "server-time");
    alice.join("#a");
    let mut bob = server.client("bob");
    bob.join("#a");
    for line in ["PRIVMSG #a :hello", "NICK robert", "PART #a :bye"] {
        bob.send(line);
    }
    bob.sync();
    let seen = alice.sync();
    let lines: Vec<&str> = seen.iter().map(|line| after_time(line)).collect();
    let expected = [
        ":bob!bob@127.0.0.1 JOIN #a",
        ":bob!bob@127.0.0.1 PRIVMSG #a :hello",
        ":bob!bob@127.0.0.1 NICK :robert",
        ":robert!bob@127.0.0.1 PART #a :bye",
    ];
    assert_eq!(lines, expected);
    // What the server answers has happened now; and who gives the capability back gets no stamps.
    alice.ask("PART #b", &["403 #b"]);
    alice.ask("CAP REQ :-server-time", &[":groupchat CAP alice ACK :-server-time"]);
    bob.ask("PRIVMSG alice :hello", &[]);
    alice.expect_only(&[":robert!bob@127.0.0.1 PRIVMSG alice :hello"]);
}

#[test]
fn echo_message_sends_back_what_one_writes() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "echo-message");
    alice.join("#a");
    let mut bob = server.client("bob");
    alice.ask("PRIVMSG #A :to all", &[":alice!alice@127.0.0.1 PRIVMSG #a :to all"]);
    alice.ask("NOTICE #a :to all", &[":alice!alice@127.0.0.1 NOTICE #a :to all"]);
    alice.ask("PRIVMSG BOB :to one", &[":alice!alice@127.0.0.1 PRIVMSG bob :to one"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG bob :to one"]);
    let to_myself = ":alice!alice@127.0.0.1 PRIVMSG alice :to myself";
    alice.ask("PRIVMSG alice :to myself", &[to_myself, to_myself]);
    alice.ask("PRIVMSG nobody :?", &["401 nobody"]);
    bob.ask("PRIVMSG bob :once", &[":bob!bob@127.0.0.1 PRIVMSG bob :once"]);
}

/// The `msgid` of a line whose other tags are `others`.
fn msgid<'a>(line: &'a str, others: &str) -> &'a str {
    let (tags, _) = line.strip_prefix('@').and_then(|rest| rest.split_once(' ')).expect(line);
    let id = tags.strip_prefix("msgid=").and_then(|rest| rest.strip_suffix(others)).expect(line);
    assert!(!id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-'), "{line}");
    id
}

#[test]
fn a_message_has_one_id_for_all_who_get_it() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "message-tags echo-message");
    let mut bob = tagged(&server, "bob");
    let mut carol = server.client_with("carol", "message-tags server-time");
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|client| client.join("#a"));
    alice.sync();
    bob.sync();
    let mut ids = Vec::new();
    for verb in ["PRIVMSG", "NOTICE", "PRIVMSG"] {
        let line = format!(":alice!alice@127.0.0.1 {verb} #a :hello");
        let echo = alice.ask(&format!("{verb} #a :hello"), &[&format!("@msgid=* {line}")]);
        let at_bob = bob.expect(&format!("@msgid=* {line}"));
        let at_carol = carol.expect(&format!("@time=*;msgid=* {line}"));
        let id = msgid(&echo[0], "").to_owned();
        assert_eq!(msgid(&at_bob, ""), id);
        assert!(at_carol.contains(&format!(";msgid={id} ")), "{at_carol}");
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn tags_of_clients_reach_those_who_understand_tags() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = tagged(&server, "carol");
    carol.join("#a");
    alice.sync();
    bob.sync();
    alice.ask("@+draft/reply=12;time=2000;label=7;+x;msgid=faked;+;+=y PRIVMSG #a :hello", &[]);
    let seen = carol.expect("@msgid=* :alice!alice@127.0.0.1 PRIVMSG #a :hello");
    msgid(&seen, ";+draft/reply=12;+x");
    // A key is ASCII and comes once; the last value counts.
    alice.ask("@+x=1;+\u{e9}=2;+a_b=3;+x=4 TAGMSG #a", &[]);
    let seen = carol.expect("@msgid=* :alice!alice@127.0.0.1 TAGMSG #a");
    msgid(&seen, ";+x=4");
    alice.ask("@+typing=active TAGMSG #a", &[]);
    let seen = carol.expect("@msgid=* :alice!alice@127.0.0.1 TAGMSG #a");
    msgid(&seen, ";+typing=active");
    alice.ask("TAGMSG bob,carol", &[]);
    carol.expect("@msgid=* :alice!alice@127.0.0.1 TAGMSG carol");
    alice.ask("TAGMSG", &["411 :No recipient given (TAGMSG)"]);
    alice.ask("TAGMSG nobody", &["401 nobody"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #a :hello"]);
    carol.expect_nothing();
}

#[test]
fn tags_have_a_limit_of_their_own() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client_with("bob", "message-tags server-time");
    let tags = format!("+x={}", "y".repeat(limits::CLIENT_TAGS - "@+x= ".len()));
    let text = "t".repeat(limits::LINE - ":alice!alice@127.0.0.1 PRIVMSG bob :\r\n".len());
    alice.ask(&format!("@{tags} PRIVMSG bob :{text}"), &[]);
    let longest = bob.expect(&format!("@time=*;msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :{text}"));
    assert!(longest.contains(&format!(";{tags} ")));
    let too_long = ["417 :Line too long: 4096 bytes of tags at most; it was not carried out"];
    alice.ask(&format!("@{tags}y PRIVMSG bob :one byte more"), &too_long);
    alice.ask(&format!("@{tags}"), &[]);
    alice.ask("PRIVMSG bob :next", &[]);
    bob.expect_only(&["@time=*;msgid=* :alice!alice@127.0.0.1 PRIVMSG bob :next"]);
}
