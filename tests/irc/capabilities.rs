//! What capabilities change in NAMES, WHO and WHOIS.

use crate::harness::Server;

#[test]
fn they_are_offered() {
    let server = Server::start(&[]);
    let listed = server.client("alice").ask("CAP LS", &[":groupchat CAP alice LS :*"]);
    assert!(["multi-prefix", "userhost-in-names"].iter().all(|name| listed[0].contains(name)), "{listed:?}");
}

#[test]
fn names_show_all_marks_and_whole_sources_to_those_who_asked() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    alice.ask("MODE #a +vv alice bob", &[":alice!alice@127.0.0.1 MODE #a +vv alice bob"]);
    bob.sync();
    bob.ask("NAMES #a", &["353 = #a :@alice +bob", "366 #a"]);
    bob.ask("CAP REQ multi-prefix", &[":groupchat CAP bob ACK :multi-prefix"]);
    bob.ask("NAMES #a", &["353 = #a :@+alice +bob", "366 #a"]);
    bob.send("WHO #a");
    bob.expect_in_any_order(&[
        "352 #a alice 127.0.0.1 groupchat alice H@+ :0 alice",
        "352 #a bob 127.0.0.1 groupchat bob H+ :0 bob",
        "315 #a",
    ]);
    bob.send("WHOIS alice");
    assert!(bob.sync().iter().any(|line| line.ends_with(" 319 bob alice :@+#a")));
    alice.send("WHOIS alice");
    assert!(alice.sync().iter().any(|line| line.ends_with(" 319 alice alice :@#a")));
    bob.ask("CAP REQ :-multi-prefix userhost-in-names", &[":groupchat CAP bob ACK :-multi-prefix userhost-in-names"]);
    let names = "353 = #a :@alice!alice@127.0.0.1 +bob!bob@127.0.0.1";
    bob.ask("NAMES #a", &[names, "366 #a"]);
    alice.ask("NAMES #a", &["353 = #a :@alice +bob", "366 #a"]);
}

#[test]
fn what_one_writes_comes_back_from_rooms_that_one_is_not_in() {
    let server = Server::start(&[]);
    let mut alice = server.client_with("alice", "echo-message");
    let mut bob = server.client("bob");
    bob.join("#b");
    bob.ask("MODE #b -n", &["*MODE #b -n"]);
    alice.ask("PRIVMSG #b :from outside", &[":alice!alice@127.0.0.1 PRIVMSG #b :from outside"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PRIVMSG #b :from outside"]);
}
