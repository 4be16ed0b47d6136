//! Rooms with operators: who has the mark, keys, secret rooms, LIST, TOPIC, KICK.

use wire::limits;

use crate::harness::{Server, fits};

#[test]
fn whoever_makes_a_room_is_its_operator_until_it_ends() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.ask("NAMES #a", &["353 = #a :@alice bob", "366 #a"]);
    alice.ask("PART #a", &["*PART #a"]);
    bob.ask("PART #a", &["*PART #a", "*PART #a"]);
    bob.ask("JOIN #a", &["*JOIN #a", "353 = #a :@bob", "366 #a"]);
}

#[test]
fn several_keys_fit_one_line() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.send("JOIN #a,#b,,#c");
    alice.sync();
    for line in ["MODE #a +k one", "MODE #c +k three"] {
        alice.ask(line, &[&format!(":alice!alice@127.0.0.1 {line}")]);
    }
    let mut bob = server.client("bob");
    bob.ask("JOIN #a,#c three,one", &["475 #a :Cannot join (+k): this is the wrong key", "475 #c *"]);
    bob.ask("JOIN #c,#a ,three", &["475 #c :Cannot join (+k): the room needs a key: /join #room KEY", "475 #a *"]);
    bob.ask("JOIN ,#a three,one", &["*JOIN #a", "353 *", "366 *"]);
    bob.ask("PART #a", &["*PART #a"]);
    bob.send("JOIN #a,#b,#c one,,three");
    let joined = bob.sync();
    assert_eq!(joined.iter().filter(|line| fits("*JOIN #*", line)).count(), 3, "{joined:#?}");
}

#[test]
fn the_key_of_the_first_member_is_the_rooms_key() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = ["alice", "bob"].map(|nick| server.client(nick));
    let made = ["*JOIN #new", ":groupchat MODE #new +k sesame", "353 = #new :@alice", "366 #new"];
    alice.ask("JOIN #new sesame", &made);
    bob.ask("JOIN #new", &["475 #new :Cannot join (+k): the room needs a key: /join #room KEY"]);
    bob.ask("JOIN #new Sesame", &["475 #new :Cannot join (+k): this is the wrong key"]);
    bob.ask("JOIN #NEW sesame", &["*JOIN #new", "353 *", "366 *"]);
    alice.ask("MODE #new", &["*JOIN #new", "324 #new +knt sesame", "329 *"]);
    // Who comes later changes nothing, with whatever key.
    bob.ask("JOIN #open", &["*JOIN #open", "353 *", "366 *"]);
    alice.ask("JOIN #open,#next x,y", &["*JOIN #open", "353 *", "366 *", "*JOIN #next", "*+k y", "353 *", "366 *"]);
    bob.ask("MODE #open", &["*JOIN #open", "324 #open +nt", "329 *"]);
    // The key goes with the room.
    for client in [&mut alice, &mut bob] {
        client.send("JOIN 0");
        client.sync();
    }
    bob.ask("JOIN #new", &["*JOIN #new", "353 = #new :@bob", "366 #new"]);
}

#[test]
fn a_room_is_not_made_with_a_key_that_is_none() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let refused = "696 #new k * :A key has 1 to 32 characters, no space or comma";
    let too_long = "k".repeat(limits::KEY + 1);
    for bad in [":a b", "::x", &too_long] {
        alice.ask(&format!("JOIN #new {bad}"), &[refused]);
    }
    alice.ask("LIST", &["321 *", "323 *"]);
    alice.ask(
        "JOIN #a,#new,#b :,a b,c",
        &["*JOIN #a", "353 *", "366 *", refused, "*JOIN #b", "*+k c", "353 *", "366 *"],
    );
    alice.ask(&format!("JOIN #new {}", &too_long[1..]), &["*JOIN #new", "*MODE #new +k kkk*", "353 *", "366 *"]);
}

/// Every IRC client asks all this as soon as it sees its own JOIN.
#[test]
fn what_irc_clients_ask_first_is_answered() {
    let server = Server::start(&[]);
    let [_alice, mut bob] = server.room("#a", ["alice", "bob"]);
    bob.ask("MODE #a", &["324 #a +nt", "329 #a 1*"]);
    bob.ask("MODE #a b", &["368 #a"]);
    bob.ask("MODE #a +b", &["368 #a"]);
    bob.send("WHO #a");
    bob.expect_in_any_order(&[
        "352 #a alice 127.0.0.1 groupchat alice H@ :0 alice",
        "352 #a bob 127.0.0.1 groupchat bob H :0 bob",
        "315 #a",
    ]);
    bob.ask("MODE bob", &["221 +"]);
    bob.ask("MODE bob +i", &[":bob!bob@127.0.0.1 MODE bob +i"]);
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
        assert!(fits(&format!("* 366 * {room} *"), &lines.pop().unwrap()));
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
    bob.ask("NAMES", &["353 = #a :@alice", "353 = #b :@alice", "366 *"]);
    bob.ask("NAMES #b,#a", &["353 = #b :@alice", "366 #b *", "353 = #a :@alice", "366 #a *"]);
    alice.ask("NAMES #secret", &["353 @ #secret :@alice", "366 #secret"]);
    // A secret room is like one that is not there, down to its spelling.
    bob.ask("NAMES #SECRET", &["366 #SECRET"]);
    bob.ask("NAMES #NOWHERE", &["366 #NOWHERE"]);
    // Who is invisible is seen by those in the room.
    alice.ask("MODE alice +i", &["*MODE alice +i"]);
    bob.ask("NAMES #a", &["366 #a"]);
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
            bob.ask(&line.replace("{}", room), &[&format!("403 {room}")]);
        }
    }
    for room in ["#secret", "#nowhere"] {
        bob.ask(&format!("INVITE carol {room}"), &[&format!("403 {room}")]);
        bob.ask(&format!("PRIVMSG {room} :x"), &[&format!("403 {room}")]);
        bob.ask(&format!("WHO {room}"), &[&format!("315 {room}")]);
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
        let whole = [&["321 Room"], rooms, &["323"]].concat();
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
    bob.ask("LIST #h*", &["321 Room", "322 #hidden 1 :", "323"]);
}

#[test]
fn a_topic_is_set_shown_and_cleared() {
    let server = Server::start(&[]);
    let [mut alice, mut bob] = server.room("#a", ["alice", "bob"]);
    let mut carol = server.client("carol");
    bob.ask("TOPIC #A", &["331 #A"]);
    alice.ask("TOPIC #A :tea: 5 o'clock", &[":alice!alice@127.0.0.1 TOPIC #a :tea: 5 o'clock"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 TOPIC #a :tea: 5 o'clock"]);
    carol.ask("TOPIC #a", &["332 #a :tea: 5 o'clock", "333 #a alice 1*"]);
    carol.ask("TOPIC #a :hm", &["442 #a"]);
    carol.ask("TOPIC #nowhere", &["403 #nowhere"]);
    carol.ask("TOPIC #nowhere :hm", &["403 #nowhere"]);
    carol.ask("TOPIC", &["461 TOPIC"]);
    bob.ask("TOPIC #a :coffee", &["482 #a"]);
    alice.ask("MODE #a -t", &[":alice!alice@127.0.0.1 MODE #a -t"]);
    bob.ask("TOPIC #a coffee", &["*MODE #a -t", ":bob!bob@127.0.0.1 TOPIC #a :coffee"]);
    carol.ask("JOIN #a", &["*JOIN #a", "332 #a :coffee", "333 #a bob 1*", "353 = #a :@alice bob carol", "366 #a *"]);
    bob.sync();
    bob.ask("TOPIC #a :", &[":bob!bob@127.0.0.1 TOPIC #a :"]);
    bob.ask("TOPIC #a", &["331 #a"]);
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
    bob.ask("KICK #a carol", &["482 #a"]);
    alice.ask("KICK #a", &["461 KICK"]);
    alice.ask("KICK #a,#b carol", &["461 KICK"]);
    alice.ask("KICK #nowhere carol", &["403 #nowhere"]);
    alice.ask("KICK #a nobody", &["401 nobody"]);
    alice.ask("KICK #a dave", &["441 dave #a"]);
    alice.ask("KICK #A CAROL :no spam", &[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    bob.expect_only(&[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    carol.expect_only(&[":alice!alice@127.0.0.1 KICK #a carol :no spam"]);
    carol.ask("KICK #a alice", &["442 #a"]);
    carol.ask("JOIN #a", &["*JOIN #a", "353 = #a :@alice bob carol", "366 #a *"]);
    alice.sync();
    let answers = [":alice!alice@127.0.0.1 KICK #a bob :alice", ":alice!alice@127.0.0.1 KICK #a carol :alice"];
    alice.ask("KICK #a bob,carol", &answers);
    server.program.expect_log("removed bob from #a  [ alice ]");
    carol.expect_only(&answers);
    alice.ask("KICK #a alice", &[":alice!alice@127.0.0.1 KICK #a alice :alice"]);
    alice.ask("LIST", &["321 *", "323 *"]);
}
