//! Input from a pipe: everything is delivered, or it is said what was not, and then the client ends.

use crate::harness::{Client, Server};

use super::person::{Home, WELCOME};
use super::scripted_server::ScriptedServer;

/// A room with somebody in it who sees exactly what arrives.
pub fn listener(server: &Server, room: &str) -> Client {
    let mut albert = server.client("albert");
    albert.join(room);
    albert
}

#[test]
fn one_line_is_delivered() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    for (script, said) in [
        ("hello\n", "hello"),
        ("no end of line", "no end of line"),
        ("from Windows\r\n", "from Windows"),
        ("a tab\tinside\n", "a tab\tinside"),
    ] {
        let mut bot = home.script(&["--nick", "bot"], script);
        bot.expect_line(WELCOME);
        bot.expect_goodbye();
        albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
        albert.expect(&format!(":bot!bot@127.0.0.1 PRIVMSG #lobby :{said}"));
        albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    }
}

#[test]
fn the_name_can_be_the_first_line() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut bot = home.script(&[], "bot\nhello\n");
    bot.expect_lines(&["CREATING NEW ID:", "Enter username: ", WELCOME]);
    bot.expect_goodbye();
    albert.skip_to(":bot!bot@127.0.0.1 PRIVMSG #lobby :hello");
}

const CONTROL: &str = "That line has a control character in it, so nothing was sent; remove it (cat -v shows it)";
const NOT_UTF_8: &str = "That line is not text in UTF-8, so nothing was sent; convert it (iconv -t UTF-8)";

#[test]
fn bytes_that_are_no_text_do_not_stop_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut bot = home.start(&["--nick", "bot"]);
    bot.type_bytes(b"one \0zero\ncaf\xe9\n\nPRIVMSG #lobby :no\rJOIN #trap\n\x1b[31mred\nend\n");
    bot.end_input();
    bot.expect_lines(&[WELCOME, CONTROL, NOT_UTF_8, CONTROL, CONTROL]);
    bot.expect_refused(&format!("line 1 (one zero): {CONTROL}; also refused: lines 2, 4, 5"));
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :end");
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
}

/// What follows is meant for whom that line names.
#[test]
fn a_way_to_somebody_that_cannot_be_read_leads_to_nobody() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    for way in [&b"/to caf\xe9"[..], b"/join #caf\xe9 key", b" /to \xff", b"/JOIN \xff"] {
        let mut bot = home.start(&["--nick", "bot"]);
        bot.type_bytes(&[way, b"\na secret\n"].concat());
        bot.end_input();
        bot.expect_lines(&[WELCOME, NOT_UTF_8, "Usage: *", "Nothing was sent: you are talking to nobody; *"]);
        bot.expect_refused(&format!("line 1 (*): {NOT_UTF_8}; also refused: line 2"));
        albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
        albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    }
}

#[test]
fn a_refused_line_is_named_and_the_others_are_carried_out() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    for (line, why) in [
        ("@nobody hi", "Nobody is called nobody"),
        ("/foo", "Unknown command /foo, try /help"),
        ("@albert", "Usage: /msg NAME text"),
        (" @albert psst", "Usage: @NAME text; nothing was sent (/say TEXT sends it as it is)"),
        ("/name 2x", "\"2x\" cannot be a name: *"),
        ("/name Albert", "The name Albert is taken"),
        ("/sleep long", "How long? *"),
        ("/whois nobody", "Nobody is called nobody"),
        ("/invite albert", "albert is in #lobby already"),
        ("/help foo", "There is no command foo; /help all lists all of them"),
        ("/unblock nobody", "nobody is not on your blacklist"),
        ("&no,room hi", "Nothing was sent: *"),
    ] {
        if ["/whois", "/invite"].iter().any(|command| line.starts_with(command)) && !cfg!(feature = "irc") {
            continue;
        }
        let mut bot = home.script(&["--nick", "bot"], &format!("first\n\n{line}\nlast\n"));
        bot.expect_line(WELCOME);
        if line.starts_with("@nobody") {
            bot.expect_line("(to nobody) hi");
        }
        bot.expect_line(why);
        bot.expect_refused(&format!("line 3 ({line}): {why}"));
        albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
        albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :first");
        albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :last");
        albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    }
}

#[test]
fn of_several_refused_lines_the_first_is_told_and_the_others_are_counted() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let script = "one\n@nobody hi\n@nobody ho\n/foo\n@bot fine\n@nobody hu\ntata\n/bar\n";
    let mut bot = home.script(&["--nick", "bot"], script);
    // What the server refuses comes later than what the client does.
    bot.skip_to("DISCONNECTED!!");
    bot.expect_failure("line 2 (@nobody hi): Nobody is called nobody; also refused: lines 3, 4, 6");
}

/// Another server refuses with its own words, of which some name nothing: only one line is under way at a time.
#[test]
fn each_refusal_of_a_server_finds_its_line() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    for (refusal, line) in [
        ("401 bot bob :No such nick/channel", 2),
        ("404 bot #lobby :Cannot send to channel", 1),
        ("421 bot WHOIS :Unknown command", 3),
        ("442 bot #dev :You're not on that channel", 4),
        ("443 bot carl #lobby :is already on channel", 4),
        ("417 bot :Input line was too long", 2),
        ("599 bot lobby :Nothing that we know", 3),
        ("FAIL WHOIS NOT_NOW ann :No", 3),
    ] {
        let mut bot = home.script(&["--nick", "bot"], "bob\n@bob ann\n/whois ann\n/invite carl #dev\n");
        let mut session = server.accept();
        session.welcome("bot");
        session.let_in("bot", "#lobby");
        let sent = ["PRIVMSG #lobby bob", "PRIVMSG bob ann", "WHOIS ann", "INVITE carl #dev"];
        for (number, sent) in (1..).zip(sent) {
            session.expect(sent);
            if number == line {
                session.send(&format!(":srv {refusal}"));
            }
            // It answers nothing that was sent.
            session.send("FAIL * NOT_NOW :No");
            session.answer_ping();
        }
        // All is confirmed: this is about nothing of the script.
        session.send(":srv 401 bot dan :No such nick/channel");
        session.expect("QUIT");
        drop(session);
        bot.skip_to("DISCONNECTED!!");
        bot.expect_failure(&format!("line {line} (*): *"));
    }
}

#[test]
fn texts_to_one_target_are_sent_without_a_pause() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut bot = home.script(&["--nick", "bot"], "one\ntwo\n/me waves\n");
    let mut session = server.accept();
    session.welcome("bot");
    session.let_in("bot", "#lobby");
    session.expect("PRIVMSG #lobby one");
    session.expect("PING :gc-2");
    session.expect("PRIVMSG #lobby two");
    session.expect("PRIVMSG #lobby :\u{1}ACTION waves\u{1}");
    session.send(":srv PONG srv :gc-2");
    session.answer_ping();
    session.expect("QUIT");
    drop(session);
    bot.skip_to(WELCOME);
    bot.expect_goodbye();
}

#[test]
fn the_refused_line_is_named_and_not_one_before_it_about_the_same_room_or_person() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut scripts = vec![
        ("hello\nhello2\n/mode +k a,b\n", "line 3 (/mode +k a,b): *"),
        ("@albert b\n@nobody hi\n@albert c\n", "line 2 (@nobody hi): Nobody is called nobody"),
    ];
    if cfg!(feature = "irc") {
        scripts.extend([
            ("@albert b\n/whois mem\n", "line 2 (/whois mem): Nobody is called mem"),
            ("hi\n/who\n/info\n/invite albert\n", "line 4 (/invite albert): albert is in #lobby already"),
        ]);
    }
    for (script, refused) in scripts {
        let mut bot = home.script(&["--nick", "bot"], script);
        bot.skip_to("DISCONNECTED!!");
        bot.expect_failure(refused);
        albert.skip_to(":bot!bot@127.0.0.1 QUIT :Quit: ");
    }
}

/// As with `exit` in a shell.
#[test]
fn nothing_is_read_behind_the_end_that_a_script_has_itself() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let mut bot = home.script(&["--nick", "bot"], "one\ntata\ntwo\n/foo\n");
    bot.expect_line(WELCOME);
    bot.expect_goodbye();
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    albert.expect(":bot!bot@127.0.0.1 PRIVMSG #lobby :one");
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
}

#[test]
fn lines_that_a_server_does_not_confirm_are_counted_as_they_were_typed() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let long = "a long line ".repeat(100);
    let mut bot = home.script(&["--nick", "bot"], &format!("{long}\nshort\ntata\nnever read\n"));
    let mut session = server.accept();
    session.welcome("bot");
    session.let_in("bot", "#lobby");
    while !session.expect("*").starts_with("PRIVMSG #lobby short") {}
    drop(session);
    let mut session = server.accept();
    session.expect_registration("bot");
    session.send(":srv 465 bot :You are banned");
    bot.skip_to("DISCONNECTED!!");
    let errors = bot.expect_exit(1);
    let undelivered = "chat-client: 2 lines were not delivered: the server did not confirm in time";
    assert_eq!(errors.lines().collect::<Vec<_>>(), ["chat-client: You are banned", undelivered]);
}

#[track_caller]
fn expect_all_in_order(server: &Server, count: usize) {
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(server, "#lobby");
    let lines: Vec<_> = (1..=count).map(|number| format!("line {number}")).collect();
    let mut bot = home.script(&["--nick", "bot"], &lines.join("\n"));
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    for line in lines {
        albert.expect(&format!(":bot!bot@127.0.0.1 PRIVMSG #lobby :{line}"));
    }
    albert.expect(":bot!bot@127.0.0.1 QUIT :Quit: ");
    bot.skip_to(WELCOME);
    bot.expect_goodbye();
}

#[test]
fn a_pasted_page_passes_at_once() {
    expect_all_in_order(&Server::start(&[]), 100);
}

#[test]
fn a_flood_is_slowed_down_and_arrives_in_order() {
    expect_all_in_order(&Server::start(&["--flood", "1000"]), 500);
}

#[test]
fn a_long_line_arrives_in_pieces_that_fit() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let dense = "é漢🙂x".repeat(300);
    let spaced = "größer 漢字🙂 ".repeat(150);
    assert_eq!((dense.len(), spaced.len()), (3000, 3000));
    let script = format!("{dense}\n{spaced}\n@albert {dense}\n/me {dense}\nend\n");
    let mut bot = home.script(&["--nick", "bot"], &script);
    albert.expect(":bot!bot@127.0.0.1 JOIN #lobby");
    let source = ":bot!bot@127.0.0.1 PRIVMSG ";
    expect_pieces(&mut albert, &format!("{source}#lobby :"), &dense, "");
    expect_pieces(&mut albert, &format!("{source}#lobby :"), &spaced, "");
    expect_pieces(&mut albert, &format!("{source}albert :"), &dense, "");
    expect_pieces(&mut albert, &format!("{source}#lobby :\u{1}ACTION "), &dense, "\u{1}");
    albert.expect(&format!("{source}#lobby :end"));
    bot.expect_line(WELCOME);
    bot.expect_line(&format!("(to albert) {dense}"));
    bot.expect_goodbye();
}

#[test]
fn a_long_line_right_after_a_longer_name_is_split_for_it() {
    let server = Server::start(&["--flood", "200"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = listener(&server, "#lobby");
    let (name, text) = ("n".repeat(32), "é漢🙂x".repeat(300));
    // After so many lines the server is behind: the client goes on before it can have seen its new name.
    let script = format!("{}/name {name}\n{text}\n", "hello\n".repeat(260));
    let mut bot = home.script(&["--nick", "bot"], &script);
    albert.skip_to(&format!(":bot!bot@127.0.0.1 NICK :{name}"));
    expect_pieces(&mut albert, &format!(":{name}!bot@127.0.0.1 PRIVMSG #lobby :"), &text, "");
    bot.skip_to(&format!("You are now called {name}"));
    bot.expect_goodbye();
}

/// The text comes whole, in several lines; that each of them fits is what every line is checked for.
#[track_caller]
fn expect_pieces(albert: &mut Client, before: &str, text: &str, after: &str) {
    let mut whole = String::new();
    while whole.len() < text.len() {
        let line = albert.receive().expect("the rest of the text");
        let piece = line.strip_prefix(before).and_then(|line| line.strip_suffix(after));
        whole.push_str(piece.unwrap_or_else(|| panic!("{line:?} is no piece of {before:?}")));
    }
    assert_eq!(whole, text);
}
