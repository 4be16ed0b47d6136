//! The page before there is a chat: the questions of the client, which it and the terminal ask together.

#[cfg(feature = "tls")]
use std::fs;

use std::thread;

use serde_json::{Value, json};

use crate::client::person::{Home, Person, WELCOME, address_of_its_own};
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;
#[cfg(feature = "editor")]
use {super::browser::Browser, crate::editor::window::Window};

use super::http::{Address, Answer, Events};

/// Somebody who starts the client with a page, before anything else is seen.
#[track_caller]
fn starts(home: &Home, options: &[&str]) -> (Person, Address) {
    let mut person = home.start(&[&["--gui"], options].concat());
    let line = person.expect_line("Open this address in a browser on this machine: *");
    let address = Address::of(line.rsplit(' ').next().unwrap());
    person.skip_to("The address is secret: *");
    (person, address)
}

impl Address {
    fn answer(&self, question: &Value, text: &str) -> Answer {
        self.post("/answer", &json!({ "number": question["number"], "text": text }).to_string())
    }

    /// The first answer to a question.
    #[track_caller]
    fn answer_first(&self, question: &Value, text: &str) {
        let answer = self.answer(question, text);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
}

impl Events {
    /// Reads on to a question, which may be in the snapshot.
    #[track_caller]
    fn question(&mut self) -> Value {
        loop {
            let mut value = self.next();
            if value["type"] == "snapshot" && !value["question"].is_null() {
                return value["question"].take();
            }
            if value["type"] == "question" {
                return value;
            }
        }
    }

    /// There is a chat now.
    #[track_caller]
    fn expect_start(&mut self, nick: &str) {
        self.skip_to(&json!({ "type": "started", "nick": nick }));
        self.skip_to(&json!({ "type": "we_joined", "conversation": "#lobby" }));
    }
}

#[test]
fn a_page_is_asked_for_a_name_until_the_server_takes_one() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let _albert = server.client("albert");
    let (mut mel, page) = starts(&home, &[]);
    let mut events = page.follow(None);
    for (name, reason) in [
        ("", "Please type a name"),
        ("2x", "\"2x\" cannot be a name: *"),
        ("<script>alert(1)</script>", "\"<script>alert(1)</script>\" cannot be a name: *"),
        ("a b\u{202e}c", "\"a bc\" cannot be a name: *"),
        ("albert", "The name albert is taken"),
    ] {
        let question = events.question();
        assert_eq!((&question["wants"], &question["text"]), (&json!("name"), &json!("Enter username")));
        // The first one may offer a name.
        page.answer_first(&question, if name.is_empty() && question["offer"] != "" { "2y" } else { name });
        events.skip_to(&json!({ "type": "answered", "number": question["number"] }));
        let next = page.follow(None).question();
        let shown = next["reason"].as_str().unwrap();
        assert!(crate::harness::fits(reason, shown) || shown.starts_with("\"2y\""), "{shown}");
    }
    let question = events.question();
    page.answer_first(&question, " mel ");
    events.expect_start("mel");
    mel.skip_to("The name albert is taken");
    mel.skip_to("Enter username:  mel *");
    mel.skip_to(WELCOME);
    let mut snapshot = page.follow(None).next();
    assert_eq!(snapshot["question"].take(), Value::Null);
    assert_eq!((&snapshot["nick"], &snapshot["is_starting"]), (&json!("mel"), &json!(false)));
}

#[test]
fn an_answer_at_the_terminal_closes_the_question_in_all_windows() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, page) = starts(&home, &[]);
    let mut windows = [page.follow(None), page.follow(None)];
    let questions = windows.each_mut().map(Events::question);
    assert_eq!(questions[0]["number"], questions[1]["number"]);
    mel.type_line("mel");
    for events in &mut windows {
        events.skip_to(&json!({ "type": "answered", "number": questions[0]["number"] }));
        events.expect_start("mel");
    }
    mel.skip_to(WELCOME);
    page.answer(&questions[0], "eve").expect_refusal(409);
    page.line("#lobby", "hello").unwrap();
    mel.skip_to("(to #lobby) hello");
}

#[test]
fn the_first_of_two_windows_has_answered_and_the_terminal_goes_on() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, page) = starts(&home, &[]);
    let mut windows = [page.follow(None), page.follow(None)];
    let questions = windows.each_mut().map(Events::question);
    page.answer_first(&questions[1], "mel");
    page.answer(&questions[0], "eve").expect_refusal(409);
    windows.iter_mut().for_each(|events| events.expect_start("mel"));
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    mel.skip_to("Enter username*: mel");
    mel.skip_to(WELCOME);
    // It was perhaps begun as an answer.
    mel.type_line("robert");
    mel.expect_line("Nothing was sent: the question before that line was answered in another window meanwhile; *");
    mel.type_line("hello");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :hello");
}

#[test]
fn one_of_many_answers_at_the_same_moment_counts() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, page) = starts(&home, &[]);
    let mut events = page.follow(None);
    let question = events.question();
    let names = ["a1", "a2", "a3", "a4", "a5", "a6"];
    let statuses = thread::scope(|scope| {
        let answers = names.map(|name| {
            let (page, question) = (&page, &question);
            scope.spawn(move || page.answer(question, name).status)
        });
        mel.type_line("terminal");
        answers.map(|answer| answer.join().unwrap())
    });
    let winner = names.iter().zip(statuses).filter(|&(_, status)| status == 200).map(|(name, _)| *name);
    let winner = winner.collect::<Vec<_>>();
    assert!(statuses.iter().all(|status| [200, 409].contains(status)) && winner.len() <= 1, "{statuses:?}");
    events.expect_start(winner.first().unwrap_or(&"terminal"));
    mel.skip_to(WELCOME);
}

#[test]
fn a_page_says_that_the_client_is_connecting() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (_mel, page) = starts(&home, &[]);
    let mut events = page.follow(None);
    let question = events.question();
    page.answer_first(&question, "mel");
    let mut session = server.accept();
    session.expect_registration("mel");
    let mut snapshot = page.follow(None).next();
    assert_eq!((&snapshot["is_starting"], &snapshot["is_connected"]), (&json!(true), &json!(false)));
    assert_eq!((snapshot["question"].take(), &snapshot["server"]), (Value::Null, &json!(server.address)));
    session.send(":srv 001 mel :Welcome");
    events.skip_to(&json!({ "type": "started", "nick": "mel" }));
}

#[test]
fn a_window_that_is_opened_again_is_asked_the_same_question() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = starts(&home, &[]);
    let question = page.follow(None).question();
    let mut snapshot = page.follow(None).next();
    assert_eq!((&snapshot["is_starting"], &snapshot["is_connected"]), (&json!(true), &json!(false)));
    assert_eq!(snapshot["question"].take()["number"], question["number"]);
}

#[test]
fn nobody_answers_without_the_token_or_from_another_site_or_with_garbage() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, page) = starts(&home, &[]);
    let mut events = page.follow(None);
    let question = events.question();
    let body = json!({ "number": question["number"], "text": "eve" }).to_string();
    let request = page.request("POST", "/answer", &body);
    page.send(&request.replace(&page.token, &"0".repeat(32))).expect_refusal(403);
    page.send(&request.replace("Authorization: Bearer ", "X: ")).expect_refusal(403);
    page.send(&request.replace("Authorization", "Origin: http://evil.example\r\nAuthorization")).expect_refusal(403);
    page.send(&request.replace(&format!("Host: {}", page.host), "Host: evil.example")).expect_refusal(403);
    page.get("/answer").expect_refusal(405);
    for (status, wrong) in [
        (400, json!({ "number": question["number"] })),
        (400, json!({ "text": "eve" })),
        (400, json!({ "number": "1", "text": "eve" })),
        (400, json!({ "number": question["number"], "text": 7 })),
        (400, json!([])),
        (409, json!({ "number": 0, "text": "eve" })),
        (409, json!({ "number": question["number"].as_u64().unwrap() + 1, "text": "eve" })),
        (422, json!({ "number": question["number"], "text": "e\nve" })),
        (422, json!({ "number": question["number"], "text": "\u{1b}[2J" })),
        (422, json!({ "number": question["number"], "text": "x".repeat(600) })),
    ] {
        page.post("/answer", &wrong.to_string()).expect_refusal(status);
    }
    page.answer_first(&question, "mel");
    events.expect_start("mel");
}

#[test]
fn nothing_is_sent_before_there_is_a_chat() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    let (_mel, page) = starts(&home, &[]);
    let mut events = page.follow(None);
    let question = events.question();
    for (conversation, text) in [("albert", "psst"), ("albert", "/me waves"), ("albert", "/join #lab")] {
        let sentence = "Nothing was sent: you are not connected to the server yet";
        assert_eq!(page.line(conversation, text), Err(sentence.to_owned()));
    }
    page.post("/files?name=x&conversation=albert", "bytes").expect_refusal(503);
    page.answer_first(&question, "mel");
    events.expect_start("mel");
    page.line("albert", "now").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG albert :now");
}

#[test]
fn the_page_alone_is_enough_where_there_is_no_terminal() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let start = |options: &[&str]| {
        let (mut mel, page) = starts(&home, options);
        mel.end_input();
        let events = page.follow(None);
        (mel, page, events)
    };
    let (mut mel, page, mut events) = start(&[]);
    let question = events.question();
    page.answer_first(&question, "mel");
    events.expect_start("mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    page.line("#lobby", "hello").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :hello");
    page.leave();
    events.skip_to(&json!({ "type": "ended", "why": "" }));
    mel.skip_to("DISCONNECTED!!");
    mel.expect_exit(0);
    // The name is offered from then on; a name that was given and is taken is asked for anew.
    let (mut mel, _page, mut events) = start(&[]);
    assert_eq!(events.question()["offer"], "mel");
    mel.signal("INT");
    events.skip_to(&json!({ "type": "ended", "why": "" }));
    mel.skip_to("DISCONNECTED!!");
    mel.expect_exit(0);
    let (mut mel, page, mut events) = start(&["--nick", "albert"]);
    let question = events.question();
    assert_eq!(question["reason"], "The name albert is taken");
    page.answer_first(&question, "mel");
    events.expect_start("mel");
    mel.skip_to(WELCOME);
}

#[test]
fn who_leaves_in_the_page_instead_of_answering_leaves_the_client() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    for is_answer in [true, false] {
        let (mut mel, page) = starts(&home, &[]);
        let mut events = page.follow(None);
        let question = events.question();
        if is_answer {
            page.answer_first(&question, "tata");
        } else {
            page.leave();
        }
        events.skip_to(&json!({ "type": "ended", "why": "" }));
        events.expect_end();
        mel.skip_to("DISCONNECTED!!");
        mel.expect_exit(0);
    }
}

#[test]
fn a_server_that_is_not_there_is_a_sentence_in_the_page_and_can_be_tried_again() {
    let address = format!("{}:6667", address_of_its_own());
    let home = Home::calling(&address);
    let sentence = format!("nobody listens at {address}; start the server with make run-server, or check --server");
    let (mut mel, page) = starts(&home, &["--nick", "mel"]);
    let mut events = page.follow(None);
    for _ in 0..2 {
        let question = events.question();
        assert_eq!((&question["wants"], &question["text"]), (&json!("consent"), &json!("Try again?")));
        assert_eq!(question["reason"], sentence);
        page.answer_first(&question, "y");
        mel.skip_to(&sentence);
    }
    let question = events.question();
    let _server = Server::start(&["--listen", &address]);
    page.answer_first(&question, "y");
    events.expect_start("mel");
    mel.skip_to(WELCOME);
    // No, or the end of the input at the terminal, ends the client with the same sentence.
    let address = format!("{}:6667", address_of_its_own());
    let home = Home::calling(&address);
    for is_in_page in [true, false] {
        let (mut mel, page) = starts(&home, &["--nick", "mel"]);
        let mut events = page.follow(None);
        let question = events.question();
        if is_in_page {
            page.answer_first(&question, "n");
        } else {
            mel.type_line("");
        }
        let ended = events.skip_to(&json!({ "type": "ended" }));
        assert!(ended["why"].as_str().unwrap().starts_with("nobody listens at "));
        mel.skip_to("Try again? [y/N] *");
        while mel.read().is_some() {}
        mel.expect_failure("nobody listens at *");
    }
}

#[cfg(feature = "tls")]
#[test]
fn the_page_shows_the_first_contact_and_a_key_that_has_changed_in_full() {
    let address = format!("{}:0", address_of_its_own());
    let server = Server::start(&["--listen", &address]);
    let home = Home::calling_by_default(server.addresses[0]);
    let (mut mel, page) = starts(&home, &["--nick", "mel"]);
    mel.skip_to(WELCOME);
    let known = fs::read_to_string(home.path().join("config/groupchat/known_servers")).unwrap();
    let key = known.trim().rsplit(' ').next().unwrap();
    let mut events = page.follow(None);
    let notes = events.next()["notes"].take();
    let has =
        |text: &str| notes.as_array().unwrap().iter().any(|note| note["sentence"].as_str().unwrap().contains(text));
    assert!(has("First contact with ") && has(key) && has("Compare it"), "{notes}");
    // Another one in its place, at the reconnection and at the next start.
    let address = server.addresses[0].to_string();
    drop(server);
    let eve = Server::start(&["--listen", &address]);
    let expect_changed = |why: &Value| {
        let why = why.as_str().unwrap();
        assert!(why.starts_with("THE KEY OF THE SERVER HAS CHANGED!"), "{why}");
        assert!(why.contains(key) && why.contains("Ask who runs it") && why.contains("--pin"), "{why}");
        assert_eq!(why.split_whitespace().filter(|word| word.len() == 64).count(), 2, "{why}");
    };
    expect_changed(&events.skip_to(&json!({ "type": "ended" }))["why"]);
    while mel.read().is_some() {}
    mel.expect_exit(1);
    let (mut mel, page) = starts(&home, &["--nick", "mel"]);
    let mut events = page.follow(None);
    for answer in ["y", "trust"] {
        let question = events.question();
        expect_changed(&question["reason"]);
        page.answer_first(&question, answer);
    }
    expect_changed(&events.skip_to(&json!({ "type": "ended" }))["why"]);
    while mel.read().is_some() {}
    mel.expect_exit(1);
    assert_eq!(fs::read_to_string(home.path().join("config/groupchat/known_servers")).unwrap(), known);
    assert_eq!(eve.program.count_log("has taken a name"), 0);
}

#[cfg(feature = "tls")]
#[test]
fn a_name_is_taken_from_another_client_by_an_answer_in_the_page() {
    let server = Server::start(&[]);
    let home = Home::calling_by_default(server.addresses[0]);
    let mut first = home.person("mel");
    let (mut second, page) = starts(&home, &["--nick", "mel"]);
    let mut events = page.follow(None);
    let question = events.question();
    let text = "The name mel is in use by another client of yours. Take it from there?";
    assert_eq!((&question["text"], &question["wants"]), (&json!(text), &json!("consent")));
    page.answer_first(&question, "n");
    let question = events.question();
    assert_eq!(question["wants"], "name");
    page.answer_first(&question, "mel");
    let question = events.question();
    page.answer_first(&question, "y");
    events.expect_start("mel");
    second.skip_to(WELCOME);
    first.skip_to("DISCONNECTED!!");
}

#[cfg(feature = "editor")]
mod in_a_window {
    use super::*;

    #[track_caller]
    fn opens(home: &Home, options: &[&str]) -> (Window, Address) {
        let window = Window::open(&home.client(&[&["--gui", "--times", "off"], options].concat()), 130, 24);
        window.expect_row("The address is secret");
        let rows = window.rows();
        let row = rows.iter().find(|row| row.starts_with("Open this address")).unwrap();
        let address = Address::of(row.rsplit(' ').next().unwrap());
        (window, address)
    }

    #[test]
    fn what_was_begun_as_an_answer_is_neither_lost_nor_sent_to_a_room() {
        let server = Server::start(&[]);
        let home = Home::calling(server.addresses[0]);
        let mut albert = server.client("albert");
        albert.join("#lobby");
        let (mut window, page) = opens(&home, &[]);
        let mut events = page.follow(None);
        let question = events.question();
        window.expect_row("Enter username");
        window.type_text("rob");
        window.expect("what was typed", |screen| screen.contents().contains(": rob"));
        page.answer_first(&question, "mel");
        events.expect_start("mel");
        albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
        window.expect_prompt("#lobby> rob|");
        window.type_text("ert\r");
        window.expect_row("Nothing was sent: the question for which you began this line");
        window.expect_prompt("#lobby> robert|");
        window.type_text("\x15hello\r");
        albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :hello");
        // From here on the page leaves, and the terminal is as it was before.
        window.type_text("half");
        window.expect_prompt("#lobby> half|");
        page.leave();
        assert_eq!(window.expect_end().code(), Some(0));
        window.expect_row("Not sent: half");
        window.expect_modes_as_before();
    }

    #[test]
    fn without_the_editor_what_was_begun_as_an_answer_goes_nowhere() {
        let server = Server::start(&[]);
        let home = Home::calling(server.addresses[0]);
        let mut albert = server.client("albert");
        albert.join("#lobby");
        let (mut window, page) = opens(&home, &["--plain-terminal"]);
        let mut events = page.follow(None);
        let question = events.question();
        window.expect_row("Enter username");
        window.type_text("rob");
        window.expect("what was typed", |screen| screen.contents().contains(": rob"));
        page.answer_first(&question, "mel");
        events.expect_start("mel");
        window.expect_row("You (#lobby):");
        window.type_text("ert\r");
        window.expect_row("Nothing was sent: the question before that line");
        window.expect_row("You (#lobby):");
        window.type_text("hello\r");
        albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
        albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :hello");
        page.leave();
        assert_eq!(window.expect_end().code(), Some(0));
        window.expect_modes_as_before();
    }

    #[test]
    fn the_prompt_answers_beside_the_page_and_each_way_out_restores_the_terminal() {
        let server = Server::start(&[]);
        let home = Home::calling(server.addresses[0]);
        let _albert = server.client("albert");
        let (mut window, page) = opens(&home, &[]);
        let mut events = page.follow(None);
        let question = events.question();
        window.expect_row("Enter username");
        page.answer_first(&question, "albert");
        window.expect_row("The name albert is taken");
        window.expect_prompt("Enter username: |");
        window.type_text("mel\r");
        events.expect_start("mel");
        window.expect_prompt("#lobby> |");
        window.type_text("tata\r");
        events.skip_to(&json!({ "type": "ended", "why": "" }));
        assert_eq!(window.expect_end().code(), Some(0));
        window.expect_modes_as_before();
        let (mut window, page) = opens(&home, &[]);
        let mut events = page.follow(None);
        events.question();
        window.expect_row("Enter username");
        window.type_text("\x03");
        events.skip_to(&json!({ "type": "ended", "why": "" }));
        assert_eq!(window.expect_end().code(), Some(0));
        window.expect_modes_as_before();
    }

    #[test]
    fn the_dialog_is_answered_by_whoever_is_first() {
        let server = Server::start(&[]);
        let home = Home::calling(server.addresses[0]);
        let _albert = server.client("albert");
        let Some(browser) = Browser::open() else { return };
        let is_open = "document.getElementById('question').open";
        let (mut terminal, address) = opens(&home, &[]);
        let (one, two) = (browser.window(&address, 1000, 700), browser.window(&address, 360, 640));
        for page in [&one, &two] {
            page.expect(is_open);
            assert_eq!(page.said("#question"), "dialog Choose a name");
            assert_eq!(page.said("#name"), "textbox Enter username");
            assert_eq!(page.value("document.activeElement.id"), "name");
            assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true);
        }
        // Esc leads nowhere.
        one.type_into("#name", "\u{e00c}\u{e00c}\u{e00c}");
        one.expect(is_open);
        for (name, reason) in [
            ("2x", "\"2x\" cannot be a name"),
            ("<script>alert(1)</script>", "\"<script>alert(1)</script>\" cannot be a name"),
            ("\"><img src=x onerror=alert(1)>", "\"\"><img src=x onerror=alert(1)>\" cannot be a name"),
            ("albert", "The name albert is taken"),
        ] {
            // What was there is selected.
            one.type_into("#name", &format!("{}{name}\u{e007}", "\u{e009}a\u{e009}"));
            for page in [&one, &two] {
                let reason = json!(reason);
                page.expect(&format!(
                    "{is_open} && document.getElementById('reason').textContent.startsWith({reason})"
                ));
            }
        }
        assert_eq!(two.said("#reason"), "alert ");
        two.reload();
        two.expect(&format!(
            "{is_open} && document.getElementById('reason').textContent === 'The name albert is taken'"
        ));
        terminal.expect_prompt("Enter username: |");
        terminal.type_text("mel\r");
        for page in [&one, &two] {
            page.expect(&format!("!{is_open} && document.getElementById('title').textContent === '#lobby'"));
            page.expect("document.getElementById('connection').textContent === 'You are mel'");
            page.expect("document.querySelectorAll('#people li').length === 1");
        }
        one.expect("document.activeElement.id === 'message'");
        one.enter("hello");
        terminal.expect_row("mel: hello");
        let complaints = one.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    #[test]
    fn the_page_shows_why_there_is_no_chat() {
        let address = format!("{}:6667", address_of_its_own());
        let home = Home::calling(&address);
        let Some(browser) = Browser::open() else { return };
        let (mut mel, page) = starts(&home, &["--nick", "mel"]);
        let window = browser.window(&page, 360, 640);
        let sentence =
            json!(format!("nobody listens at {address}; start the server with make run-server, or check --server"));
        window.expect(&format!("document.getElementById('reason').textContent === {sentence}"));
        assert_eq!(window.said("#question"), "dialog There is no chat yet");
        // A key that was meant for something else answers nothing.
        assert_eq!(window.value("document.activeElement.id"), "question");
        let server = Server::start(&["--listen", &address]);
        window.click("#answers button");
        window.expect("document.getElementById('title').textContent === '#lobby'");
        mel.skip_to(WELCOME);
        let mut operator = server.client("operator");
        operator.send("NICK x");
        drop(server);
        window.expect("document.getElementById('connection').classList.contains('lost')");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_key_that_has_changed_is_an_alert_and_no_button_trusts_it() {
        let server = Server::start(&["--listen", &format!("{}:0", address_of_its_own())]);
        let address = server.addresses[0].to_string();
        let home = Home::calling_by_default(&address);
        let Some(browser) = Browser::open() else { return };
        let (mut mel, page) = starts(&home, &["--nick", "mel"]);
        mel.skip_to(WELCOME);
        let window = browser.window(&page, 360, 640);
        window.expect("document.getElementById('title').textContent === '#lobby'");
        drop(server);
        let _eve = Server::start(&["--listen", &address]);
        let reason = "document.getElementById('reason')";
        let is_shown = format!("{reason}.textContent.startsWith('THE KEY OF THE SERVER HAS CHANGED!')");
        let buttons = "[...document.querySelectorAll('#answers button')].map((button) => button.textContent)";
        window.expect(&is_shown);
        assert_eq!(window.said("#question"), "dialog The chat has ended");
        assert_eq!(window.value(buttons), json!(["Close"]));
        assert_eq!(window.value(&format!("{reason}.scrollWidth <= {reason}.clientWidth")), true);
        window.click("#answers button");
        window.expect("!document.getElementById('question').open");
        // At the start there is a second try, after somebody was asked.
        let (_mel, page) = starts(&home, &["--nick", "mel"]);
        let window = browser.window(&page, 1000, 700);
        window.expect(&is_shown);
        assert_eq!(window.value(buttons), json!(["Yes", "No"]));
        window.click("#answers button:last-child");
        window.expect(&format!(
            "{is_shown} && document.getElementById('question-title').textContent === 'The chat has ended'"
        ));
    }
}
