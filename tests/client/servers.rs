//! What other servers do: shorter names, other forms of an answer, bytes that are no text.

use super::person::{Home, WELCOME};
use super::scripted_server::ScriptedServer;

#[test]
fn registration_is_the_password_the_name_and_the_user() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--password", "two words"]);
    let mut session = server.accept();
    session.send("NOTICE AUTH :*** Looking up your hostname");
    session.expect("PASS :two words");
    session.expect_registration("tesla");
    // Some servers let nobody in who does not answer this first.
    session.send("PING :cookie");
    session.expect("PONG :cookie");
    session.send(":srv 001 tesla :Welcome");
    session.let_in("tesla", "#lobby");
    tesla.expect_line(WELCOME);
    session.send("PING :still there?");
    session.expect("PONG :still there?");
    session.send(":srv PING srv");
    session.expect("PONG :srv");
}

#[test]
fn a_server_may_shorten_the_name() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "nikola_tesla"]);
    let mut session = server.accept();
    session.expect_registration("nikola_tesla");
    session.send(":srv 001 nikola_te :Welcome");
    session.let_in("nikola_te", "#lobby");
    tesla.expect_lines(&["You are now called nikola_te", WELCOME]);
    session.send(":nikola_te!n@host NICK nik");
    tesla.expect_line("You are now called nik");
    session.send(":nik!n@host PART #lobby");
    tesla.expect_line("You left #lobby");
}

#[test]
fn a_confirmation_has_several_forms() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut bot = home.script(&["--nick", "bot"], "hello\n");
    let mut session = server.accept();
    session.welcome("bot");
    session.expect("JOIN #lobby");
    session.expect("PING :gc-1");
    session.send(":bot!b@host JOIN #lobby");
    // An answer to somebody else's question confirms nothing.
    for pong in [":srv PONG srv :gc-7", "PONG", ":srv PONG srv", ":srv PONG srv gc-1"] {
        session.send(pong);
    }
    bot.expect_line(WELCOME);
    session.expect("PRIVMSG #lobby hello");
    session.expect("PING :gc-2");
    session.send("PONG gc-2");
    session.expect("QUIT");
    session.send("ERROR :Bye");
    drop(session);
    bot.expect_goodbye();
}

#[test]
fn bytes_that_are_no_message_are_passed_over() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    let overlong = vec![b'x'; 20_000];
    let lines: [&[u8]; 10] = [
        b"\r\n\n\r",
        b":\r\n",
        b":albert!a@h\r\n",
        b"@tag\r\n",
        b"PRIVMSG\r\n",
        b"KICK #lobby\r\n:srv 353 tesla\r\n:srv 433\r\n",
        b":srv 366\n:srv 0000000000000001 x\n999999\n",
        b"JOIN\r\nPART\r\nQUIT\r\nMODE\r\nMODE #lobby\r\nINVITE\r\nPONG\r\nNICK\r\n",
        &overlong,
        b"\r\n",
    ];
    lines.iter().for_each(|line| session.send_bytes(line));
    session.send_bytes(b":albert!a@h PRIVMSG #lobby :caf\xe9 \xff\xfe \xed\xa0\x80\r\n");
    tesla.skip_to("albert: caf\u{fffd} \u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd}");
    // A line may be as long as this, and the tags before it too.
    let text = "x".repeat(512 - ":albert!a@h PRIVMSG #lobby :\r\n".len());
    session.send(&format!("@long={} :albert!a@h PRIVMSG #lobby :{text}", "t".repeat(8000)));
    tesla.expect_line(&format!("albert: {text}"));
    session.send(&format!(":albert!a@h PRIVMSG #lobby :{text}and more"));
    session.send_bytes(b":albert!a@h PRIVMSG #lobby :one\n:albert!a@h PRIVMSG #lobby :two\r:albert!a@h PRIV");
    session.send_bytes(b"MSG #lobby :thr");
    session.send_bytes(b"ee\r\n");
    tesla.expect_lines(&["albert: one", "albert: two", "albert: three"]);
}

#[test]
fn a_server_that_wants_nobody_is_one_sentence() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    for (answer, sentence) in [
        ("ERROR :Closing Link: full", "Closing Link: full"),
        (":srv 465 tesla :You are banned", "You are banned"),
        (":srv 464 tesla :Wrong", "the server wants a password (Wrong); give it with --password"),
        ("ERROR :Bad password?", "the server wants a password (Bad password?); give it with --password"),
        (":srv 437 tesla tesla :Unavailable", "tesla Unavailable; choose another with --nick"),
        ("", "the server closed the connection"),
    ] {
        let mut tesla = home.start(&["--nick", "tesla"]);
        let mut session = server.accept();
        session.expect_registration("tesla");
        session.send(answer);
        drop(session);
        tesla.expect_failure(sentence);
    }
    // Before it has read anything, too.
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept();
    session.send("ERROR :Too many clients");
    drop(session);
    tesla.expect_failure("*");
}

#[test]
fn a_server_may_give_a_name_that_ours_would_not() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla"]);
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv 001 1AAAAAB :Welcome");
    session.let_in("1AAAAAB", "#lobby");
    tesla.expect_lines(&["You are now called 1AAAAAB", WELCOME]);
    // After a lost connection, too; such a name cannot be asked for.
    drop(session);
    tesla.expect_line("Connection lost *");
    let mut session = server.accept();
    session.expect_registration("tesla");
    session.send(":srv 001 Guest7 :Welcome");
    session.expect("JOIN #lobby");
    session.send(":Guest7!n@host JOIN #lobby");
    tesla.expect_lines(&["Connected again.", "You are now called Guest7"]);
    session.send(":Guest7!n@host PART #lobby");
    tesla.expect_line("You left #lobby");
}

#[test]
fn warnings_and_notes_are_shown_in_words() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    session.send(":srv WARN REHASH CERTS_EXPIRED :Certificate has expired");
    session.send(":srv NOTE * OPER_MESSAGE :Registering new accounts takes a minute");
    tesla.expect_lines(&["*** Certificate has expired", "*** Registering new accounts takes a minute"]);
}

#[test]
fn nobody_is_told_that_they_leave_themselves() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    tesla.type_line("tata");
    session.expect("QUIT");
    session.send(":tesla!tesla@host QUIT :Quit: ");
    session.send("ERROR :Closing connection");
    drop(session);
    tesla.expect_goodbye();
}

/// Whoever connects again by itself, and sends the same line, cannot be removed.
#[test]
fn who_is_killed_by_an_operator_does_not_come_back_by_itself() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    for reason in ["Closing Link: tesla (Killed (op (spam)))", "KILLed by op: spam"] {
        let (mut tesla, mut session) = server.tesla(&home);
        tesla.type_line("hello");
        session.expect("PRIVMSG #lobby hello");
        session.send(&format!("ERROR :{reason}"));
        drop(session);
        tesla.expect_line("DISCONNECTED!!");
        let errors = tesla.expect_exit(1);
        let why = "chat-client: the operator of the server has removed you; start the client again to come back\n";
        assert!(errors.starts_with(why), "{errors}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_after_a_second() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla"]);
    tesla.passes_over_delay = false;
    let mut session = server.accept();
    session.expect_registration("tesla");
    tesla.expect_line(&format!("Connecting to {} ...", server.address));
    session.send(":srv 001 tesla :Welcome");
    session.let_in("tesla", "#lobby");
    tesla.expect_line(WELCOME);
}

#[cfg(feature = "directory")]
#[test]
fn a_server_without_a_directory_says_so_in_words() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session) = server.tesla(&home);
    let mut typed =
        vec![("/getdir", "GETDIR"), ("/makeroom lab 239.1.2.3 4000", "MAKEROOM"), ("/deleteroom lab", "DELETEROOM")];
    if cfg!(feature = "multicast") {
        typed.push(("/chat lab", "GETDIR"));
    }
    for (typed, verb) in typed {
        tesla.type_line(typed);
        if typed.starts_with("/chat") {
            session.expect("GETDIR lab");
        } else {
            session.expect(&format!("{verb}*"));
        }
        session.send(&format!(":srv 421 tesla {verb} :Unknown command"));
        session.answer_ping();
        tesla.expect_line("This server has no directory of multicast rooms");
    }
}
