//! Where the next words go: rooms that are new, or have a key, or lead elsewhere; people whom nobody knows.

use crate::harness::Server;

use super::person::{Home, WELCOME};
use super::scripted_server::{ScriptedServer, Session};
use super::tesla_and_albert;

const NOBODY: &str = "Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME";

/// tesla enters #den with a key on a server that says `names` and then `modes` of it.
#[track_caller]
fn enter_den(session: &mut Session, names: &str, modes: &str) {
    session.expect("JOIN #den sesame");
    session.send(":tesla!tesla@host JOIN #den");
    session.send(&format!(":srv 353 tesla = #den :{names}"));
    session.send(":srv 366 tesla #den :End");
    session.answer_ping();
    session.expect("MODE #den");
    session.send(&format!(":srv 324 tesla #den {modes}"));
}

#[test]
fn whoever_enters_a_room_learns_who_is_there() {
    let server = Server::start(&["--max-per-ip", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut clients = server.room("#lab", ["cleo", "Ben", "anna"]);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.passes_over_presence = false;
    tesla.expect_lines(&["New room, nobody else is here", WELCOME]);
    tesla.ask("/join #loby", &["You are now talking to #loby", "New room, nobody else is here"]);
    tesla.ask("/to #lab", &["You are now talking to #lab", "4 here: anna, Ben, cleo, tesla"]);
    // It is known already.
    tesla.ask("/to #loby", &["You are now talking to #loby"]);
    tesla.ask("/to #lab", &["You are now talking to #lab"]);
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&format!("JOIN #big{number}"));
    }
    let mut crowd: Vec<_> = (0..10).map(|number| server.client(&format!("n{number}"))).collect();
    crowd.iter_mut().for_each(|client| client.join("#crowd"));
    tesla.ask("/join #crowd", &["You are now talking to #crowd", "11 here"]);
    crowd[9].send("PART #crowd");
    crowd[9].sync();
    tesla.expect_line("n9 left the conversation");
    tesla.ask("/part", &["You left #crowd", "You are talking to nobody now; *"]);
    let ten = "n0, n1, n2, n3, n4, n5, n6, n7, n8, tesla";
    tesla.ask("/join #crowd", &["You are now talking to #crowd", &format!("10 here: {ten}")]);
}

#[test]
fn a_connection_that_is_back_does_not_say_again_who_is_there() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, session) = server.tesla(&home);
    tesla.passes_over_presence = false;
    drop(session);
    tesla.expect_line("Connection lost *");
    let mut session = server.accept();
    session.welcome("tesla");
    session.expect("JOIN #lobby");
    session.send(":tesla!tesla@host JOIN #lobby");
    session.send(":srv 353 tesla = #lobby :tesla");
    session.send(":srv 366 tesla #lobby :End");
    session.send(":albert!a@h PRIVMSG #lobby :hello");
    tesla.expect_lines(&["Connected again.", "albert: hello"]);
}

#[test]
fn a_new_room_gets_the_key_that_it_was_entered_with() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_bytes(b"/join #den sesame\nfirst\n");
    enter_den(&mut session, "@tesla", "+nt");
    session.answer_ping();
    // Nothing is said there before.
    session.expect("MODE #den +k sesame");
    session.send(":tesla!tesla@host MODE #den +k sesame");
    session.answer_ping();
    tesla.expect_line("You are now talking to #den");
    tesla.expect_line("The room's key is set: sesame; others enter with /join #den sesame");
    session.expect("PRIVMSG #den first");
    session.answer_ping();
    tesla.ask("/join #den sesame", &["You are now talking to #den"]);
    tesla.ask("/join #den other", &["You are in #den already, without that key; /mode #den +k KEY sets one"]);
    tesla.ask("a secret", &[NOBODY]);
}

#[test]
fn a_new_room_whose_key_cannot_be_set_says_that_it_is_open() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("/join #den sesame");
    enter_den(&mut session, "tesla", "+nt");
    session.answer_ping();
    session.expect("MODE #den +k sesame");
    session.send(":srv 482 tesla #den :You're not channel operator");
    session.answer_ping();
    tesla.expect_lines(&["You are now talking to #den", "You do not run #den"]);
    tesla.expect_line("Anybody can enter #den: its key could not be set; /to #den talks there all the same");
    tesla.ask("a secret", &[NOBODY]);
    tesla.ask("/to #den", &["You are now talking to #den"]);
    tesla.type_line("hello");
    session.expect("PRIVMSG #den hello");
}

#[test]
fn a_room_that_a_server_has_forgotten_gets_its_key_again() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("/join #den sesame");
    enter_den(&mut session, "tesla @albert", "+k sesame");
    session.answer_ping();
    tesla.expect_line("You are now talking to #den");
    // An operator changes it meanwhile.
    session.send(":albert!a@h MODE #den +vk tesla simsim");
    tesla.expect_line("albert set mode +vk tesla simsim");
    drop(session);
    tesla.expect_line("Connection lost *");
    let mut session = server.accept();
    session.welcome("tesla");
    session.expect("JOIN #lobby");
    session.expect("JOIN #den simsim");
    session.send(":tesla!tesla@host JOIN #den");
    session.send(":srv 353 tesla = #den :@tesla");
    session.send(":srv 366 tesla #den :End");
    session.expect("MODE #den");
    session.send(":srv 324 tesla #den +nt");
    session.answer_ping();
    session.expect("MODE #den +k simsim");
    session.send(":tesla!tesla@host MODE #den +k simsim");
    tesla.expect_line("Connected again.");
    tesla.expect_line("The room's key is set: simsim; others enter with /join #den simsim");
}

#[test]
fn a_key_that_the_room_has_is_not_set_again() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_bytes(b"/join #den sesame\nfirst\n");
    enter_den(&mut session, "tesla @albert", "+k *");
    session.answer_ping();
    session.expect("PRIVMSG #den first");
    tesla.expect_line("You are now talking to #den");
}

#[test]
fn a_key_that_the_server_gives_to_a_new_room_is_shown() {
    for comes_first in [true, false] {
        let server = ScriptedServer::start();
        let home = Home::calling(&server.address);
        let (mut tesla, mut session) = server.tesla(&home);
        tesla.type_bytes(b"/join #den sesame\nfirst\n");
        session.expect("JOIN #den sesame");
        session.send(":tesla!tesla@host JOIN #den");
        let mut lines = [":srv MODE #den +k sesame", ":srv 353 tesla = #den :@tesla", ":srv 366 tesla #den :End"];
        if !comes_first {
            lines.rotate_left(1);
        }
        lines.iter().for_each(|line| session.send(line));
        session.answer_ping();
        if !comes_first {
            session.expect("MODE #den");
            session.send(":srv 324 tesla #den +k sesame");
            session.answer_ping();
        }
        tesla.expect_line("You are now talking to #den");
        tesla.expect_line("The room's key is set: sesame; others enter with /join #den sesame");
        session.expect("PRIVMSG #den first");
    }
}

#[test]
fn an_open_room_that_was_entered_with_a_key_says_that_it_is_open() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_bytes(b"/join #den sesame\na secret\n");
    enter_den(&mut session, "tesla @albert", "+nt");
    session.answer_ping();
    let open = "Anybody can enter #den: it has no key; /to #den talks there all the same";
    tesla.expect_lines(&["You are now talking to #den", open, NOBODY]);
}

#[test]
fn a_wrong_key_is_told_from_a_missing_one() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    for (typed, join, refusal) in [
        ("/join #vip", "JOIN #vip", "You cannot enter #vip without its key: /join #vip KEY"),
        ("/join #vip wrong", "JOIN #vip wrong", "You cannot enter #vip: it has another key than that"),
        ("/join #vip", "JOIN #vip", "You cannot enter #vip without its key: /join #vip KEY"),
    ] {
        tesla.type_line(typed);
        session.expect(join);
        session.send(":srv 475 tesla #vip :Cannot join channel (+k)");
        session.answer_ping();
        tesla.expect_line(refusal);
        tesla.ask("a secret", &[NOBODY]);
    }
    for key in ["two words", "a,b"] {
        tesla.ask(&format!("/join #vip {key}"), &["Cannot enter #vip: a key has no space and no comma"]);
    }
}

#[test]
fn a_room_that_leads_to_another_one_gets_no_text_and_neither_does_the_other() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_bytes(b"/join #rust\na secret\n/to ##rust\nhello\n");
    session.expect("JOIN #rust");
    session.send(":srv 470 tesla #rust ##rust :Forwarding to another channel");
    session.send(":tesla!tesla@host JOIN ##rust");
    session.answer_ping();
    tesla.expect_line("The server leads you to ##rust instead of #rust; /to ##rust talks there");
    tesla.expect_lines(&[NOBODY, "You are now talking to ##rust"]);
    session.expect("PRIVMSG ##rust hello");
    // One that does not say so.
    session.answer_ping();
    tesla.type_bytes(b"/join #go\na secret\n");
    session.expect("JOIN #go");
    session.send(":tesla!tesla@host JOIN #golang");
    session.answer_ping();
    tesla.expect_line(NOBODY);
}

#[test]
fn rooms_of_other_servers_have_other_marks() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    for room in ["&local", "+open", "!ABCDEsafe"] {
        tesla.type_line(&format!("/join {room}"));
        session.let_in("tesla", room);
        tesla.expect_line(&format!("You are now talking to {room}"));
        tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
        tesla.ask(&format!("/to {room}"), &[&format!("You are now talking to {room}")]);
        for typed in ["hello", &format!("/msg {room} hello"), &format!("&{room} hello")] {
            tesla.type_line(typed);
            session.expect(&format!("PRIVMSG {room} hello"));
            session.answer_ping();
        }
        tesla.expect_lines(&[&*format!("(to {room}) hello"); 2]);
        session.send(&format!(":albert!a@h PRIVMSG {room} :hi"));
        tesla.expect_line("albert: hi");
        tesla.type_line("/info");
        session.expect(&format!("NAMES {room}"));
        session.send(&format!(":srv 353 tesla = {room} :tesla"));
        session.send(&format!(":srv 366 tesla {room} :End"));
        session.answer_ping();
        tesla.expect_line(&format!("1 person in {room}: tesla"));
        session.send(&format!(":srv 401 tesla {room} :No such nick/channel"));
        tesla.expect_line(&format!("There is no room {room}"));
        tesla.type_line("/part");
        session.expect(&format!("PART {room}"));
        session.send(&format!(":tesla!tesla@host PART {room}"));
        session.answer_ping();
        tesla.expect_lines(&[&format!("You left {room}"), "You are talking to nobody now; *"]);
    }
}

#[test]
fn a_person_whom_nobody_knows_is_talked_to_by_nobody() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let _bob = server.client("bob");
    tesla.ask("/to Bob", &["You are now talking to Bob"]);
    tesla.ask("/to albetr", &["Nobody is called albetr"]);
    tesla.ask("a secret", &[NOBODY]);
    tesla.ask("/to albert", &["You are now talking to albert"]);
    tesla.ask("/to albert bob", &["Usage: /to NAME|#room; *"]);
    tesla.ask("a secret", &[NOBODY]);
    albert.expect_nothing();
    tesla.ask("/black nodoby", &["You will see nothing more from nodoby; *", "Nobody is called nodoby just now"]);
    tesla.ask("/black bob", &["You will see nothing more from bob; *"]);
}

#[test]
fn a_script_that_writes_to_somebody_unknown_fails() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut bot = home.script(&["--nick", "bot"], "/to albetr\nhello\n");
    bot.expect_lines(&[WELCOME, "Nobody is called albetr", NOBODY, "DISCONNECTED!!"]);
    bot.expect_failure("line 1 (/to albetr): Nobody is called albetr*");
    // The core of the server has no WHO.
    if !cfg!(feature = "irc") {
        return;
    }
    let mut bot = home.script(&["--nick", "bot"], "/who #nosuch\n/info\n");
    let sentence = "There is no room #nosuch, or nobody in it whom you may see";
    bot.expect_lines(&[WELCOME, sentence, "1 person in #lobby: bot", "DISCONNECTED!!"]);
    bot.expect_failure(&format!("line 1 (/who #nosuch): {sentence}"));
}

#[test]
fn a_server_that_knows_no_ison_is_believed_to_have_everybody() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("/to albert");
    session.expect("ISON albert");
    session.send(":srv 421 tesla ISON :Unknown command");
    session.answer_ping();
    tesla.expect_line("You are now talking to albert");
    tesla.type_line("/to nobody");
    session.expect("ISON nobody");
    session.send(":srv 303 tesla :");
    session.answer_ping();
    tesla.expect_line("Nobody is called nobody");
}

#[test]
fn a_server_without_keys_says_so() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_bytes(b"/join #den sesame\na secret\n");
    session.expect("JOIN #den sesame");
    session.send(":tesla!tesla@host JOIN #den");
    session.send(":srv 353 tesla = #den :tesla");
    session.send(":srv 366 tesla #den :End");
    session.answer_ping();
    session.expect("MODE #den");
    session.send(":srv 421 tesla MODE :Unknown command");
    session.answer_ping();
    tesla.expect_line("You are now talking to #den");
    tesla.expect_line("Anybody can enter #den: there are no keys on this server; /to #den talks there all the same");
    tesla.expect_line(NOBODY);
}

#[cfg(feature = "mail")]
#[test]
fn a_person_who_is_away_can_be_talked_to() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut bob = server.client("bob");
    bob.send("QUIT");
    bob.skip_to("ERROR *");
    let mut tesla = home.person("tesla");
    tesla.ask("/to bob", &["You are now talking to bob"]);
    tesla.ask("are you there?", &["bob is offline and gets it later"]);
    tesla.ask("/black bob", &["You will see nothing more from bob; *"]);
    tesla.ask("/info lobby", &["1 person in #lobby: tesla"]);
}
