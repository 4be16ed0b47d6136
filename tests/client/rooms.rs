//! Groups, and who is there: entering and leaving them, keys, invitations, topics, and being removed.

use crate::harness::Server;

use super::person::{Home, WELCOME};
use super::scripts::listener;
use super::tesla_and_albert;

#[test]
fn several_rooms_at_once() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut albert, mut clara] = server.room("#lab", ["albert", "clara"]);
    let mut tesla = home.person("tesla");
    tesla.ask("/join lab", &["You are now talking to #lab"]);
    tesla.type_line("hello lab");
    for client in [&mut albert, &mut clara] {
        client.expect(":tesla!tesla@127.0.0.1 JOIN #lab");
        client.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lab :hello lab");
    }
    clara.join("#lobby");
    // What comes from another room than the one that she talks in says so.
    tesla.expect_line("[#lobby] clara joined the conversation");
    clara.send("PRIVMSG #lobby :hello lobby");
    tesla.expect_line("[#lobby] clara: hello lobby");
    clara.send("PRIVMSG #lab :hello lab");
    tesla.expect_line("clara: hello lab");
    tesla.ask("&lobby hello  clara", &["(to #lobby) hello  clara"]);
    clara.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :hello  clara");
    for typed in ["&#lobby again", "/msg #lobby again"] {
        tesla.ask(typed, &["(to #lobby) again"]);
        clara.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :again");
    }
    tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
    tesla.ask("/join #lab", &["You are now talking to #lab"]);
    tesla.ask("/rooms", &["#lab                    3 here", "#lobby                  2 here"]);
    // She is in rooms, but talks to nobody.
    tesla.ask("/join two,rooms", &["Cannot enter two,rooms: *"]);
    for command in ["/info", "/topic", "/part"] {
        tesla.ask(command, &["Nothing was sent: you are talking to nobody; go on with /to #room"]);
    }
    tesla.ask("/to #lab", &["You are now talking to #lab"]);
    tesla.ask("/info", &["3 people in #lab: albert, clara, tesla"]);
    tesla.ask("/part #lobby", &["You left #lobby"]);
    clara.expect(":tesla!tesla@127.0.0.1 PART #lobby");
    tesla.type_line("still in the lab");
    clara.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lab :still in the lab");
    tesla.ask("/part", &["You left #lab", "You are talking to nobody now; go on with /join #room or /to NAME"]);
    let nobody = "Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME";
    tesla.ask("to nobody", &[nobody]);
    tesla.ask("/info", &["Nothing was sent: you are in no room; enter one with /join #room"]);
    clara.expect(":tesla!tesla@127.0.0.1 PART #lab");
    clara.expect_nothing();
}

#[test]
fn a_room_with_a_key() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#vip");
    albert.ask("MODE #vip +k secret", &[":albert!albert@127.0.0.1 MODE #vip +k secret"]);
    let mut tesla = home.person("tesla");
    let refused = "You cannot enter #vip without its key: /join #vip KEY";
    // In a pipe nobody sees the refusal in time, so what follows goes nowhere.
    tesla.ask("/join #vip", &[refused]);
    tesla.ask("lost?", &["Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME"]);
    tesla.ask("/join #vip wrong", &["You cannot enter #vip: it has another key than that"]);
    tesla.ask("/join #vip secret", &["You are now talking to #vip"]);
    tesla.type_line("I am in");
    albert.expect(":tesla!tesla@127.0.0.1 JOIN #vip");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #vip :I am in");
    albert.send("MODE #vip +m");
    tesla.expect_line("albert set mode +m");
    tesla.ask("hush", &["You cannot send to #vip: * (nothing was sent)"]);
}

#[test]
fn topics_and_removals() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/topic", &["#lobby has no topic"]);
    tesla.ask("/topic mine", &["You do not run #lobby"]);
    albert.send("TOPIC #lobby :no smoking");
    tesla.expect_line("albert set the topic: no smoking");
    tesla.ask("/topic", &["Topic of #lobby: no smoking"]);
    albert.send("TOPIC #lobby :");
    tesla.expect_line("albert removed the topic");
    tesla.ask("/kick albert", &["You do not run #lobby"]);
    albert.send("MODE #lobby +o tesla");
    tesla.expect_line("albert set mode +o tesla");
    tesla.ask("/topic  of the day ", &["tesla set the topic: of the day"]);
    tesla.ask("/kick nobody", &["Nobody is called nobody"]);
    tesla.ask("/kick albert too loud", &["albert was removed by tesla (too loud)"]);
    albert.skip_to(":tesla!tesla@127.0.0.1 KICK #lobby albert :too loud");
    tesla.ask("/kick albert", &["albert is not in #lobby"]);
    albert.join("#lobby");
    tesla.expect_line("albert joined the conversation");
    tesla.ask("/kick albert", &["albert was removed by tesla"]);
    albert.skip_to(":tesla!tesla@127.0.0.1 KICK #lobby albert :tesla");
}

#[test]
fn who_is_removed_is_told_and_talks_to_nobody() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    albert.send("KICK #lobby tesla :too quiet");
    tesla.expect_line("You were removed from #lobby by albert (too quiet)");
    tesla.expect_line("You are talking to nobody now; go on with /join #room or /to NAME");
    tesla.ask("why?", &["Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME"]);
    tesla.ask("&lobby why?", &["(to #lobby) why?", "You cannot send to #lobby: * (nothing was sent)"]);
    tesla.ask("/join #lobby", &["You are now talking to #lobby"]);
    tesla.type_line("hello again");
    albert.skip_to(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :hello again");
}

#[test]
fn invitations() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/invite albert", &["albert is in #lobby already"]);
    tesla.ask("/join #lab", &["You are now talking to #lab"]);
    tesla.ask("/invite albert", &["albert is invited to #lab"]);
    albert.expect(":tesla!tesla@127.0.0.1 INVITE albert #lab");
    tesla.ask("/invite Albert #lab", &["albert is invited to #lab"]);
    albert.expect(":tesla!tesla@127.0.0.1 INVITE albert #lab");
    tesla.ask("/invite nobody", &["Nobody is called nobody"]);
    albert.join("#den");
    albert.ask("MODE #den +i", &[":albert!albert@127.0.0.1 MODE #den +i"]);
    tesla.ask("/join #den", &["You cannot enter #den: it is by invitation only"]);
    albert.send("INVITE tesla #den");
    tesla.expect_line("albert invites you to #den; /join #den takes you there");
    tesla.ask("/join #den", &["You are now talking to #den"]);
}

#[test]
fn rooms_that_cannot_be() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("/join #a,b", &["Cannot enter #a,b: a room has a # *"]);
    tesla.ask("/join", &["Usage: /join #room [key]"]);
    tesla.ask("&nowhere hello", &["(to #nowhere) hello", "There is no room #nowhere"]);
    tesla.ask("&a,b hello", &["Nothing was sent: a room has a # *"]);
    tesla.ask("/part #nowhere", &["There is no room #nowhere"]);
    tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
    tesla.type_line("marker");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
}

#[test]
fn who_is_here_is_for_the_asker_alone() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let mut clara = home.person("clara");
    tesla.expect_line("clara joined the conversation");
    albert.expect(":clara!clara@127.0.0.1 JOIN #lobby");
    for typed in ["!INFO", "!info", "/info", "/INFO"] {
        tesla.ask(typed, &["3 people in #lobby: albert, clara, tesla"]);
    }
    tesla.type_line("/who");
    let mut rows = [(); 3].map(|()| tesla.read().unwrap());
    rows.sort();
    let row = |nick: &str, mark: &str| format!("#lobby  {nick:<20} here {mark:<8} {nick}@127.0.0.1 ({nick})");
    assert_eq!(rows, [row("albert", "operator"), row("clara", ""), row("tesla", "")]);
    tesla.ask("/whois albert", &["albert is albert@127.0.0.1 (albert)", "albert is in @#lobby"]);
    tesla.expect_line("albert has said nothing for * s");
    tesla.ask("/whois nobody", &["Nobody is called nobody"]);
    tesla.type_line("/whois");
    tesla.expect_line("Usage: /whois NAME");
    tesla.type_line("marker");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
    clara.expect_line("tesla: marker");
}

#[test]
fn a_room_that_takes_no_text_says_so() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    albert.ask("MODE #lobby +m", &[":albert!albert@127.0.0.1 MODE #lobby +m"]);
    let mut bot = home.script(&["--nick", "bot"], "hello\n");
    bot.expect_lines(&[WELCOME, "You cannot send to #lobby: * (nothing was sent)"]);
    bot.expect_refused("line 1 (hello): You cannot send to #lobby: *");
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
}

#[test]
fn a_room_that_lets_nobody_in_gets_no_text_and_no_other_room_does() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut clara = server.client("clara");
    clara.join("#vip");
    clara.ask("MODE #vip +k secret", &[":clara!clara@127.0.0.1 MODE #vip +k secret"]);
    let refused = "You cannot enter #vip without its key: /join #vip KEY";
    let nobody = "Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME";

    let mut bot = home.script(&["--nick", "bot", "--room", "#vip"], "a secret\n");
    bot.expect_lines(&[refused, "You are talking to nobody now; go on with /join #room or /to NAME", WELCOME, nobody]);
    bot.expect_refused(&format!("before the first line: {refused}; also refused: line 1"));
    let mut bot = home.script(&["--nick", "bot"], "/join #vip\na secret\n");
    bot.expect_lines(&[WELCOME, refused, nobody]);
    bot.expect_refused(&format!("line 1 (/join #vip): {refused}; also refused: line 2"));
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    clara.expect_nothing();

    let mut bot = home.script(&["--nick", "bot"], "/join #vip secret\na secret\n");
    bot.expect_lines(&[WELCOME, "You are now talking to #vip"]);
    bot.expect_goodbye();
    clara.expect(":bot!bot@127.0.0.1 JOIN #vip");
    clara.expect(":bot!bot@127.0.0.1 PRIVMSG #vip :a secret");
}

#[test]
fn the_answers_to_its_questions_come_before_the_end() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = listener(&server, "#lobby");
    let mut bot = home.script(&["--nick", "bot"], "/info\n/topic\n/whois nobody\n/rooms\n");
    bot.expect_lines(&[WELCOME, "2 people in #lobby: albert, bot", "#lobby has no topic"]);
    bot.expect_lines(&["Nobody is called nobody", "#lobby                  2 here"]);
    bot.expect_refused("line 3 (/whois nobody): Nobody is called nobody");
}

#[test]
fn modes_are_shown_in_words_and_changed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, _albert) = tesla_and_albert(&server, &home);
    tesla.ask("/mode +m", &["You do not run #lobby"]);
    tesla.ask("/join #lab", &["You are now talking to #lab"]);
    tesla.ask("/mode -nt", &["tesla set mode -nt"]);
    tesla.ask("/mode", &["#lab has no modes"]);
    tesla.ask("/mode +mt", &["tesla set mode +mt"]);
    tesla.ask("/mode #lab", &["Modes of #lab: +mt (only people with voice may talk; only operators set the topic)"]);
    let key = "The room's key is set: sesame; others enter with /join #lab sesame";
    tesla.ask("/mode lab -mt+k sesame", &["tesla set mode -mt+k sesame"]);
    tesla.ask("/mode -k sesame", &["tesla set mode -k *"]);
    tesla.ask("/mode +k sesame", &[key]);
    tesla.ask("/mode #lab", &["Modes of #lab: +k sesame (a key is needed)"]);
    tesla.ask("/mode +b troll!*@*", &["tesla set mode +b troll!*@*"]);
    // The letter alone is the list of this room, not a room #b.
    for list in ["/mode b", "/mode +b", "/mode lab b", "/mode #lab +b"] {
        tesla.ask(list, &["#lab is closed to troll!*@*"]);
    }
    tesla.ask("/mode -b troll!*@*", &["tesla set mode -b troll!*@*"]);
    tesla.ask("/mode b", &["Nobody is banned from #lab"]);
    tesla.ask("/mode #lobby b", &["Nobody is banned from #lobby"]);
    tesla.ask("/mode #b b", &["There is no room #b"]);
    tesla.ask("/mode tesla", &["You have no modes"]);
    tesla.ask("/mode tesla +i", &["Your modes have changed: +i"]);
    tesla.ask("/mode tesla", &["Your modes: +i (hidden from people who share no room with you)"]);
    tesla.ask("/mode #nosuch", &["There is no room #nosuch"]);
    tesla.ask("/mode +q", &["q is *"]);
}

#[test]
fn questions_about_nobody_are_answered() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, _albert) = tesla_and_albert(&server, &home);
    let no_room = "There is no room #nosuch, or nobody in it whom you may see";
    tesla.ask("/who #nosuch", &[no_room]);
    tesla.ask("/info #nosuch", &[no_room]);
    tesla.ask("/who nobody", &["Nobody here is called nobody"]);
    tesla.ask("/info nobody", &["Nobody is called nobody"]);
    tesla.ask("/who albert", &["albert               here          albert@127.0.0.1 (albert)"]);
    tesla.ask("/info albert", &["albert is albert@127.0.0.1 (albert)", "albert is in @#lobby"]);
    tesla.expect_line("albert has said nothing for * s");
    tesla.ask("/info lobby", &["2 people in #lobby: albert, tesla"]);
}

#[test]
fn a_topic_is_shown_to_those_who_enter() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lab");
    albert.send("TOPIC #lab :no smoking");
    albert.sync();
    let mut tesla = home.person("tesla");
    tesla.passes_over_presence = false;
    tesla.ask("/join #lab", &["You are now talking to #lab", "Topic of #lab: no smoking", "2 here: albert, tesla"]);
}
