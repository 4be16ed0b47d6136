//! The page when there is no chat, at the start or any more: it says why.

#[cfg(feature = "tls")]
use std::fs;

use serde_json::{Value, json};

use crate::client::person::{Home, WELCOME, address_of_its_own};
use crate::harness::Server;

use super::browser::Browser;
use super::start::starts;

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
