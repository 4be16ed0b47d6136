//! The page before there is a chat: the questions of the client, which it and the terminal ask together.

use std::thread;

use serde_json::{Value, json};

use crate::client::idle::expect_sleep;
use crate::client::person::{Home, Person, WELCOME};
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::browser::Browser;
use super::http::{Address, Answer, Events};
use super::with_page;

/// Somebody who starts the client with a page, before anything else is seen.
#[track_caller]
pub fn starts(home: &Home, options: &[&str]) -> (Person, Address) {
    let mut person = home.start(&[&["--gui"], options].concat());
    let line = person.expect_line("Open this address in a browser on this machine: *");
    let address = Address::of(line.rsplit(' ').next().unwrap());
    person.skip_to("The address is secret: *");
    (person, address)
}

impl Address {
    pub fn answer(&self, question: &Value, text: &str) -> Answer {
        self.post("/answer", &json!({ "number": question["number"], "text": text }).to_string())
    }

    /// The first answer to a question.
    #[track_caller]
    pub fn answer_first(&self, question: &Value, text: &str) {
        let answer = self.answer(question, text);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
}

impl Events {
    /// Reads on to a question, which may be in the snapshot.
    #[track_caller]
    pub fn question(&mut self) -> Value {
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
    pub fn expect_start(&mut self, nick: &str) {
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
    // It waits for the terminal, the pages and the server at once, and wakes up for them alone.
    expect_sleep(mel.pid());
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
    mel.expect_line("Nothing was sent: that line was perhaps begun as an answer *");
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
fn a_new_address_in_the_same_window_is_taken_and_a_foreign_value_there_is_passed_over() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window_at(&format!("http://{}/", address.host), 1000, 700);
    page.expect("document.getElementById('connection').textContent.startsWith('This needs the whole address')");
    // Other programs that had this port have kept something, too.
    for muted in ["{", "5", "[[1], {}, null]"] {
        page.run(&format!("localStorage['groupchat.muted'] = localStorage.muted = sessionStorage.drafts = '{muted}'"));
        page.run(&format!("location.hash = '{}'", address.token));
        page.expect("location.hash === '' && document.getElementById('connection').textContent === 'You are mel'");
        assert_eq!(page.value("location.href"), format!("http://{}/", address.host));
        page.enter(&format!("with {muted}"));
        page.expect_row(&format!("mel: with {muted}"));
        page.click("#more");
        page.choose("Options …");
        page.expect("document.getElementById('quiet').innerText.startsWith('Nobody is muted')");
        page.run("window.isOld = true");
        page.click("#close");
        page.reload();
        page.expect("!window.isOld && document.getElementById('connection').textContent === 'You are mel'");
    }
    assert_eq!(page.complaints().iter().filter(|complaint| !complaint.contains("403")).count(), 0);
}
