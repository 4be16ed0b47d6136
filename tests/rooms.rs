//! Rooms: JOIN, PART, NAMES, LIST, TOPIC, KICK.

use wire::limits;

use crate::harness::{Server, fits};

const BAD_ROOM: &str = "A room is called # and 1 to 63 visible characters, no space or comma";

#[test]
fn whoever_comes_is_shown_to_all_and_sees_who_is_there() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask(
        "JOIN #Lobby",
        &[":alice!alice@127.0.0.1 JOIN #Lobby", "353 = #Lobby :@alice", "366 #Lobby :End of NAMES list"],
    );
    let mut bob = server.client("bob");
    // The room is called as its creator spelt it.
    bob.ask(
        "JOIN #LOBBY",
        &[":bob!bob@127.0.0.1 JOIN #Lobby", "353 = #Lobby :@alice bob", "366 #Lobby :End of NAMES list"],
    );
    alice.expect_only(&[":bob!bob@127.0.0.1 JOIN #Lobby"]);
    bob.ask("JOIN #lobby", &[]);
    alice.ask("PART #lobby :see you", &[":alice!alice@127.0.0.1 PART #Lobby :see you"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 PART #Lobby :see you"]);
    bob.ask("PART #lobby", &[":bob!bob@127.0.0.1 PART #Lobby"]);
    // An empty room ends, and with it its spelling and its operators.
    bob.ask("JOIN #lobby", &[":bob!bob@127.0.0.1 JOIN #lobby", "353 = #lobby :@bob", "366 #lobby :End of NAMES list"]);
    alice.expect_nothing();
}

/// Every IRC client asks all this as soon as it sees its own JOIN.
#[test]
fn what_irc_clients_ask_first_is_answered() {
    let server = Server::start(&[]);
    let [_alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.ask("MODE #a", &["324 #a +nt", "329 #a 1*"]);
    bob.ask("MODE #a b", &["368 #a :End of ban list"]);
    bob.ask("MODE #a +b", &["368 #a :End of ban list"]);
    bob.send("WHO #a");
    bob.expect_in_any_order(&[
        "352 #a alice 127.0.0.1 groupchat alice H@ :0 alice",
        "352 #a bob 127.0.0.1 groupchat bob H :0 bob",
        "315 #a :End of WHO list",
    ]);
    bob.ask("MODE bob", &["221 +"]);
    bob.ask("MODE bob +i", &[":bob!bob@127.0.0.1 MODE bob +i"]);
}

#[test]
fn several_rooms_and_keys_fit_one_line() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.ask(
        "JOIN #a,#b,,#c",
        &[
            ":alice!alice@127.0.0.1 JOIN #a",
            "353 = #a :@alice",
            "366 #a :End of NAMES list",
            ":alice!alice@127.0.0.1 JOIN #b",
            "353 = #b :@alice",
            "366 #b :End of NAMES list",
            ":alice!alice@127.0.0.1 JOIN #c",
            "353 = #c :@alice",
            "366 #c :End of NAMES list",
        ],
    );
    for line in ["MODE #a +k one", "MODE #c +k three"] {
        alice.ask(line, &[&format!(":alice!alice@127.0.0.1 {line}")]);
    }
    let mut bob = server.client("bob");
    bob.ask(
        "JOIN #a,#c three,one",
        &["475 #a :Cannot join (+k): the room has another key", "475 #c :Cannot join (+k): the room has another key"],
    );
    bob.ask(
        "JOIN #a,#b,#c one,,three",
        &[
            ":bob!bob@127.0.0.1 JOIN #a",
            "353 = #a :@alice bob",
            "366 #a :End of NAMES list",
            ":bob!bob@127.0.0.1 JOIN #b",
            "353 = #b :@alice bob",
            "366 #b :End of NAMES list",
            ":bob!bob@127.0.0.1 JOIN #c",
            "353 = #c :@alice bob",
            "366 #c :End of NAMES list",
        ],
    );
    bob.ask("PART #b,#a :two", &[":bob!bob@127.0.0.1 PART #b :two", ":bob!bob@127.0.0.1 PART #a :two"]);
    alice.sync();
    alice.ask(
        "JOIN 0",
        &[":alice!alice@127.0.0.1 PART #c", ":alice!alice@127.0.0.1 PART #b", ":alice!alice@127.0.0.1 PART #a"],
    );
    bob.expect_only(&[":alice!alice@127.0.0.1 PART #c"]);
    alice.ask("JOIN 0", &[]);
}

#[test]
fn a_room_has_a_proper_name() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let longest = format!("#{}", "r".repeat(limits::ROOM - 1));
    alice.join(&longest);
    for bad in [&format!("{longest}r"), "#", "lobby", "&local", "#bell\u{7}", "#turned\u{202e}around"] {
        alice.ask(&format!("JOIN {bad}"), &[&format!("403 {bad} :{BAD_ROOM}")]);
    }
    alice.ask("JOIN", &["461 JOIN :Not enough parameters"]);
    alice.ask("PART", &["461 PART :Not enough parameters"]);
    alice.ask("PART #nowhere", &["403 #nowhere :No such room"]);
    alice.ask("NAMES #nowhere", &["366 #nowhere :End of NAMES list"]);
    let mut bob = server.client("bob");
    bob.ask(&format!("PART {longest}"), &[&format!("442 {longest} :You are not in that room")]);
    bob.ask("JOIN #f\u{f6}\u{f6},##", &["*JOIN #f\u{f6}\u{f6}", "353 *", "366 *", "*JOIN ##", "353 *", "366 *"]);
}

#[test]
fn one_client_is_in_so_many_rooms_at_most() {
    let server = Server::start(&["--flood", "0"]);
    let mut alice = server.client("alice");
    for number in 0..limits::ROOMS_PER_CLIENT {
        alice.join(&format!("#{number}"));
    }
    alice.ask("JOIN #more", &["405 #more :You are in too many rooms; leave one first"]);
    alice.ask("JOIN #7", &[]);
    alice.ask("PART #7", &[":alice!alice@127.0.0.1 PART #7"]);
    alice.ask("JOIN #more", &[":alice!alice@127.0.0.1 JOIN #more", "353 *", "366 *"]);
}

/// The harness asserts of each line that it has at most 512 bytes.
#[test]
fn the_names_of_a_full_room_take_several_lines() {
    let server = Server::start(&["--flood", "0"]);
    let room = format!("#{}", "r".repeat(limits::ROOM - 1));
    let nicks: Vec<String> = (0..300).map(|number| format!("n{number:0>0$}", limits::NICK - 1)).collect();
    let mut members: Vec<_> = nicks.iter().map(|nick| server.client(nick)).collect();
    members.iter_mut().for_each(|member| member.send(&format!("JOIN {room}")));
    members.iter_mut().for_each(|member| drop(member.sync()));
    let last = members.last_mut().unwrap();
    for (capability, suffix) in [("multi-prefix", ""), ("userhost-in-names", "!*@127.0.0.1")] {
        last.ask(&format!("CAP REQ {capability}"), &["*ACK*"]);
        last.send(&format!("NAMES {room}"));
        let mut lines = last.sync();
        assert!(fits(&format!("* 366 * {room} :End of NAMES list"), &lines.pop().unwrap()));
        assert!(lines.len() > nicks.len() / 15);
        let names = lines.iter().flat_map(|line| line.split_once(&format!(" = {room} :")).unwrap().1.split(' '));
        let mut names: Vec<&str> = names.map(|name| name.trim_start_matches('@')).collect();
        names.sort_unstable();
        assert_eq!(names.len(), nicks.len());
        assert!(names.iter().zip(&nicks).all(|(name, nick)| fits(&format!("{nick}{suffix}"), name)), "{names:?}");
    }
}

#[test]
fn names_without_a_room_are_of_all_rooms_that_one_may_see() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.join("#b,#a");
    alice.skip_to("366 #a *");
    alice.join("#secret");
    alice.ask("MODE #secret +s", &["*MODE #secret +s"]);
    let mut bob = server.client("bob");
    bob.ask("NAMES", &["353 = #a :@alice", "353 = #b :@alice", "366 * :End of NAMES list"]);
    bob.ask("NAMES #b,#a", &["353 = #b :@alice", "366 #b *", "353 = #a :@alice", "366 #a *"]);
    alice.ask("NAMES #secret", &["353 @ #secret :@alice", "366 #secret :End of NAMES list"]);
    // A secret room is like one that is not there, down to its spelling.
    bob.ask("NAMES #SECRET", &["366 #SECRET :End of NAMES list"]);
    bob.ask("NAMES #NOWHERE", &["366 #NOWHERE :End of NAMES list"]);
    // Who is invisible is seen by those in the room.
    alice.ask("MODE alice +i", &["*MODE alice +i"]);
    bob.ask("NAMES #a", &["366 #a :End of NAMES list"]);
    bob.ask("JOIN #a", &["*JOIN #a", "353 = #a :@alice bob", "366 #a *"]);
}

#[test]
fn a_secret_room_is_not_there_for_outsiders() {
    let server = Server::start(&[]);
    let [mut alice, _carol] = server.room("#secret", ["alice", "carol"]);
    alice.ask("MODE #secret +s", &["*MODE #secret +s"]);
    let mut bob = server.client("bob");
    for line in ["TOPIC {}", "TOPIC {} :x", "MODE {}", "MODE {} b", "MODE {} +i", "PART {}", "KICK {} alice"] {
        for room in ["#secret", "#nowhere"] {
            bob.ask(&line.replace("{}", room), &[&format!("403 {room} :No such room")]);
        }
    }
    for room in ["#secret", "#nowhere"] {
        bob.ask(&format!("INVITE carol {room}"), &[&format!("403 {room} :No such room")]);
        bob.ask(&format!("PRIVMSG {room} :x"), &[&format!("403 {room} :No such room")]);
        bob.ask(&format!("WHO {room}"), &[&format!("315 {room} :End of WHO list")]);
    }
    bob.ask("LIST", &["321 *", "323 *"]);
    alice.expect_nothing();
}

#[test]
fn the_list_of_rooms_takes_conditions() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, _carol] = server.room("#big", ["alice", "bob", "carol"]);
    alice.join("#tea");
    bob.join("#tea");
    alice.sync();
    bob.join("#hidden");
    alice.ask("TOPIC #tea :Earl Grey", &["*TOPIC #tea :Earl Grey"]);
    bob.ask("MODE #hidden +s", &["*TOPIC*", "*MODE #hidden +s"]);
    let (big, tea) = ("322 #big 3 :", "322 #tea 2 :Earl Grey");
    let mut list = |conditions: &str, rooms: &[&str]| {
        let whole = [&["321 Room :Users  Topic"], rooms, &["323 :End of LIST"]].concat();
        alice.ask(&format!("LIST {conditions}"), &whole);
    };
    list("", &[big, tea]);
    list("#tea", &[tea]);
    list("#TEA,#big,#nowhere,#hidden", &[big, tea]);
    list("#t*", &[tea]);
    list("#?ig", &[big]);
    list("!#t*", &[big]);
    list(">2", &[big]);
    list("<3", &[tea]);
    list(">1,<3", &[tea]);
    list(">1,#b*", &[big]);
    list(">3", &[]);
    list(">many", &[]);
    bob.ask("LIST #h*", &["321 Room :Users  Topic", "322 #hidden 1 :", "323 :End of LIST"]);
}

#[test]
fn a_topic_is_set_shown_and_cleared() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    bob.ask("TOPIC #A", &["331 #A :No topic is set"]);
    alice.ask("TOPIC #A :tea: 5 o'clock", &[":alice!alice@127.0.0.1 TOPIC #a :tea: 5 o'clock"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 TOPIC #a :tea: 5 o'clock"]);
    carol.ask("TOPIC #a", &["332 #a :tea: 5 o'clock", "333 #a alice 1*"]);
    carol.ask("TOPIC #a :hm", &["442 #a :You are not in that room"]);
    carol.ask("TOPIC #nowhere", &["403 #nowhere :No such room"]);
    carol.ask("TOPIC #nowhere :hm", &["403 #nowhere :No such room"]);
    carol.ask("TOPIC", &["461 TOPIC :Not enough parameters"]);
    bob.ask("TOPIC #a :coffee", &["482 #a :You are not an operator of that room"]);
    alice.ask("MODE #a -t", &[":alice!alice@127.0.0.1 MODE #a -t"]);
    bob.ask("TOPIC #a coffee", &["*MODE #a -t", ":bob!bob@127.0.0.1 TOPIC #a :coffee"]);
    carol.ask("JOIN #a", &["*JOIN #a", "332 #a :coffee", "333 #a bob 1*", "353 = #a :@alice bob carol", "366 #a *"]);
    bob.sync();
    bob.ask("TOPIC #a :", &[":bob!bob@127.0.0.1 TOPIC #a :"]);
    bob.ask("TOPIC #a", &["331 #a :No topic is set"]);
    // One that is too long is cut between two characters.
    let shown = "\u{e9}".repeat(limits::TOPIC / 2);
    bob.ask(&format!("TOPIC #a :{shown}\u{e9}"), &[&format!(":bob!bob@127.0.0.1 TOPIC #a :{shown}")]);
    bob.ask(&format!("TOPIC #a :x{shown}"), &[&format!("*TOPIC #a :x{}", &shown[..limits::TOPIC - 2])]);
}

#[test]
fn operators_kick() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = server.room("#a", ["alice", "bob", "carol"]);
    let _dave = server.client("dave");
    bob.ask("KICK #a carol", &["482 #a :You are not an operator of that room"]);
    alice.ask("KICK #a", &["461 KICK :Not enough parameters"]);
    alice.ask("KICK #a,#b carol", &["461 KICK :Not enough parameters"]);
    alice.ask("KICK #nowhere carol", &["403 #nowhere :No such room"]);
    alice.ask("KICK #a nobody", &["401 nobody :No such nick"]);
    alice.ask("KICK #a dave", &["441 dave #a :They are not in that room"]);
    alice.ask("KICK #A CAROL :no spam", &[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    carol.expect_only(&[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    carol.ask("KICK #a alice", &["442 #a :You are not in that room"]);
    carol.ask("JOIN #a", &["*JOIN #a", "353 = #a :@alice bob carol", "366 #a *"]);
    alice.sync();
    let answers = [":alice!alice@127.0.0.1 KICK #a bob :alice", ":alice!alice@127.0.0.1 KICK #a carol :alice"];
    alice.ask("KICK #a bob,carol", &answers);
    carol.expect_only(&answers);
    alice.ask("KICK #a alice", &[":alice!alice@127.0.0.1 KICK #a alice :alice"]);
    alice.ask("LIST", &["321 *", "323 *"]);
}
