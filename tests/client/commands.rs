//! What can be typed: text to whom it is meant for, names, and what looks like a command and is none.

use crate::harness::Server;

use super::person::{Home, WELCOME};
use super::tesla_and_albert;

#[test]
fn text_goes_to_whom_it_is_meant_for() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    for (typed, sent) in [
        ("hello", "#lobby :hello"),
        ("  two  spaces  ", "#lobby :  two  spaces  "),
        (":) happy", "#lobby ::) happy"),
        ("//usr/bin is a folder", "#lobby :/usr/bin is a folder"),
        ("/say /quit", "#lobby :/quit"),
        ("/me waves", "#lobby :\u{1}ACTION waves\u{1}"),
        (r"\o/ and ! and @ five & more", r"#lobby :\o/ and ! and @ five & more"),
        ("!!! and ! that was loud", "#lobby :!!! and ! that was loud"),
        (r"\\server\share and C:\file", r"#lobby :\\server\share and C:\file"),
        ("naïve 漢字 🙂 العربية", "#lobby :naïve 漢字 🙂 العربية"),
    ] {
        tesla.type_line(typed);
        albert.expect(&format!(":tesla!tesla@127.0.0.1 PRIVMSG {sent}"));
    }
    tesla.type_line("");
    tesla.type_line(" \t");
    tesla.type_line("that was all");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :that was all");
}

#[test]
fn one_person_alone() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let mut clara = server.client("clara");
    clara.join("#lobby");
    albert.expect(":clara!clara@127.0.0.1 JOIN #lobby");
    tesla.expect_line("clara joined the conversation");
    for (typed, shown, text) in [
        ("/msg albert psst", "(to albert) psst", "psst"),
        ("@albert hi  there", "(to albert) hi  there", "hi  there"),
        ("@ALBERT tata", "(to ALBERT) tata", "tata"),
    ] {
        tesla.ask(typed, &[shown]);
        albert.expect(&format!(":tesla!tesla@127.0.0.1 PRIVMSG albert :{text}"));
    }
    tesla.ask("/to albert", &["You are now talking to albert"]);
    tesla.type_line("only you");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :only you");
    tesla.type_line("/me whispers");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :\u{1}ACTION whispers\u{1}");
    albert.send("PRIVMSG tesla :\u{1}ACTION nods\u{1}");
    tesla.expect_line("(to you) * albert nods");
    tesla.ask("!INFO", &["Nothing was sent: you are talking to albert, not to a room; go to one with /to #room"]);
    // The conversation follows a new name.
    albert.send("NICK bert");
    albert.expect(":albert!albert@127.0.0.1 NICK :bert");
    tesla.expect_lines(&["albert is now called bert", "You are now talking to bert"]);
    tesla.type_line("still you");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG bert :still you");
    tesla.ask("/to #lobby", &["You are now talking to #lobby"]);
    tesla.type_line("all of you");
    clara.expect(":albert!albert@127.0.0.1 NICK :bert");
    clara.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :all of you");
}

#[test]
fn people_who_are_not_there() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    tesla.ask("@nobody hello", &["(to nobody) hello", "Nobody is called nobody"]);
    tesla.ask("/msg no.body hello", &["\"no.body\" cannot be a name: *"]);
    tesla.ask("@albert", &["Usage: /msg NAME text"]);
    tesla.ask("/to", &["Usage: /to NAME|#room"]);
    albert.send("AWAY :out for lunch");
    albert.sync();
    tesla.ask("@albert hungry?", &["(to albert) hungry?", "albert is away: out for lunch"]);
    tesla.ask("/away in the bath", &["You are away; people who write to you are told"]);
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG albert :hungry?");
    albert.ask("PRIVMSG tesla :yes", &["301 tesla :in the bath"]);
    tesla.expect_line("albert (to you): yes");
    tesla.ask("/away", &["You are no longer away"]);
}

#[test]
fn every_way_to_another_name() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    let mut old = "tesla";
    for (typed, new) in [
        ("/name nikola", "nikola"),
        ("/nick Nikola", "Nikola"),
        (r"\name\nik", "nik"),
        (r"\NAME\tesla2", "tesla2"),
        (r"/name [x]\`_^{|}", r"[x]\`_^{|}"),
    ] {
        tesla.ask(typed, &[&format!("You are now called {new}")]);
        albert.expect(&format!(":{old}!tesla@127.0.0.1 NICK :{new}"));
        old = new;
    }
    tesla.ask("/name Albert", &["The name Albert is taken"]);
    tesla.ask("/name two words", &["\"two words\" cannot be a name: *"]);
    tesla.ask("/name 2x", &["\"2x\" cannot be a name: *"]);
    tesla.ask("/name", &["Usage: /name NEW"]);
    tesla.ask(r"\name\", &["Usage: /name NEW"]);
    tesla.type_line("still me");
    albert.expect(&format!(":{old}!tesla@127.0.0.1 PRIVMSG #lobby :still me"));
}

#[test]
fn what_looks_like_a_command_and_is_none_is_not_sent() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut tesla, mut albert) = tesla_and_albert(&server, &home);
    for (typed, word) in [
        ("/foo", "/foo"),
        ("/foo bar", "/foo"),
        ("/", "/"),
        ("/tata", "/tata"),
        ("/usr/bin/env", "/usr/bin/env"),
        (r"\foo", r"\foo"),
        (r"\foo\bar", r"\foo\bar"),
        ("!FOO", "!FOO"),
        ("!FOO bar", "!FOO"),
        ("!Foo", "!Foo"),
    ] {
        tesla.ask(typed, &[&format!("Unknown command {word}, try /help")]);
    }
    tesla.type_line("marker");
    albert.expect(":tesla!tesla@127.0.0.1 PRIVMSG #lobby :marker");
}

#[test]
fn more_people_than_one_line_holds_are_counted() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let crowd: Vec<_> = (10..60).map(|number| server.client(&format!("someone_with_a_long_name_{number}"))).collect();
    let mut names = vec!["tesla".to_owned()];
    for mut client in crowd.into_iter().inspect(|client| names.push(client.nick.clone())) {
        client.join("#lobby");
        // It stays until the end of the test.
        std::mem::forget(client);
    }
    names.sort();
    let mut tesla = home.person("tesla");
    tesla.ask("!INFO", &[&format!("51 people in #lobby: {}", names.join(", "))]);
}

#[test]
fn commands_can_be_typed_in_one_go() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.type_bytes(
        b"one\r\n/name nik\ntwo\n/join #lab\nthree\n&lobby four\n@albert five\n/part\nnowhere\ntata\nsix\n",
    );
    tesla.expect_lines(&[WELCOME, "You are now called nik", "You are now talking to #lab"]);
    tesla.expect_lines(&["(to #lobby) four", "(to albert) five", "You left #lab", "You are talking to nobody now; *"]);
    tesla.expect_line("Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME");
    tesla.expect_refused("line 9 (nowhere): Nothing was sent: you are talking to nobody; *");
    for line in [
        ":tesla!tesla@127.0.0.1 JOIN #lobby",
        ":tesla!tesla@127.0.0.1 PRIVMSG #lobby :one",
        ":tesla!tesla@127.0.0.1 NICK :nik",
        ":nik!tesla@127.0.0.1 PRIVMSG #lobby :two",
        ":nik!tesla@127.0.0.1 PRIVMSG #lobby :four",
        ":nik!tesla@127.0.0.1 PRIVMSG albert :five",
        ":nik!tesla@127.0.0.1 QUIT :Quit: ",
    ] {
        albert.expect(line);
    }
}
