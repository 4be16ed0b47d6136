//! A page that has not heard the latest news sends nothing to the wrong people.

use serde_json::json;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::http::Address;
use super::{tesla_with_page, with_page};

/// Sends a line to a conversation as it was known by this id.
fn line_to(page: &Address, conversation: &str, id: u64, text: &str) -> Result<(), String> {
    let line = json!({ "conversation": conversation, "id": id, "text": text });
    let answer = page.post("/lines", &line.to_string());
    if answer.status == 200 { Ok(()) } else { Err(answer.expect_refusal(422)) }
}

#[test]
fn a_name_that_is_somebody_elses_by_now_gets_nothing() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, page) = with_page(&home, "mel");
    let mut events = page.follow(None);
    events.skip_to(&json!({ "type": "snapshot" }));
    albert.send("PRIVMSG mel :hello");
    let id = events.skip_to(&json!({ "type": "conversation", "name": "albert" }))["id"].as_u64().unwrap();
    // Another case is the same person, and nothing is closed.
    albert.send("NICK Albert");
    let renamed = events.skip_to(&json!({ "type": "conversation", "name": "Albert" }));
    assert_eq!((&renamed["id"], &renamed["was"]), (&json!(id), &json!("albert")));
    // Pages hear of a name also while the user sleeps.
    page.line("#lobby", "/sleep 5m").unwrap();
    albert.send("NICK al");
    let renamed = events.skip_to(&json!({ "type": "conversation", "name": "al" }));
    assert_eq!((&renamed["id"], &renamed["was"]), (&json!(id), &json!("Albert")));
    let refused = |name| Err(format!("Nothing was sent: {name} has another name now, or is somebody else"));
    assert_eq!(line_to(&page, "albert", id, "psst"), refused("albert"));
    let mut stranger = server.client("albert");
    stranger.send("PRIVMSG mel :I am albert");
    let other = events.skip_to(&json!({ "type": "conversation", "name": "albert" }))["id"].as_u64().unwrap();
    assert_ne!(other, id);
    assert_eq!(line_to(&page, "albert", id, "psst"), refused("albert"));
    let file = page.request("POST", &format!("/files?name=x&conversation=albert&id={id}"), "private");
    page.send(&file).expect_refusal(422);
    assert_eq!(line_to(&page, "al", id, "psst"), Ok(()));
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG al :psst");
    assert_eq!(line_to(&page, "albert", other, "who are you?"), Ok(()));
    stranger.skip_to(":mel!mel@127.0.0.1 PRIVMSG albert :who are you?");
}

#[test]
fn somebody_who_had_left_is_written_to_after_a_question() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut bob = server.client("bob");
    bob.join("#lobby");
    let (_mel, page) = with_page(&home, "mel");
    let mut events = page.follow(None);
    events.skip_to(&json!({ "type": "snapshot" }));
    bob.send("PRIVMSG mel :hello");
    events.skip_to(&json!({ "type": "said", "text": "hello" }));
    page.line("bob", "hello").unwrap();
    bob.send("QUIT");
    events.skip_to(&json!({ "type": "left", "nick": "bob" }));
    let mut stranger = server.client("bob");
    let line = |is_sure: bool| {
        page.post("/lines", &json!({ "conversation": "bob", "text": "psst", "is_sure": is_sure }).to_string())
    };
    let asked = line(false);
    assert!(asked.expect_refusal(409).starts_with("Nothing was sent: bob had left; "));
    assert_eq!(asked.json()["verb"], "Send it to bob");
    let named = json!({ "conversation": "#lobby", "text": "@bob psst" }).to_string();
    assert_eq!(page.post("/lines", &named).expect_refusal(409), asked.expect_refusal(409));
    page.post("/files?name=x&conversation=bob", "private").expect_refusal(422);
    assert_eq!(line(true).status, 200);
    stranger.skip_to(":mel!mel@127.0.0.1 PRIVMSG bob :psst");
    assert_eq!(page.line("bob", "again"), Ok(json!("bob")));
}

#[test]
fn a_room_that_a_page_enters_late_moves_nobody() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, mut session, page) = tesla_with_page(&server, &home);
    let mut waiting = page.connect();
    let join = json!({ "conversation": "#lobby", "text": "/join #lab" }).to_string();
    waiting.write(page.request("POST", "/lines", &join).as_bytes());
    session.expect("JOIN #lab*");
    drop(session);
    assert_eq!(waiting.answer().json(), json!({ "conversation": null }));
    // The line is sent again on the next connection.
    let mut session = server.accept();
    session.welcome("tesla");
    while !session.receive().unwrap().starts_with("JOIN #lab") {}
    session.send(":tesla!t@host JOIN #lobby");
    session.send(":tesla!t@host JOIN #lab");
    session.answer_ping();
    session.send(":albert!a@host PRIVMSG #lab :welcome");
    tesla.skip_to("[#lab] albert: welcome");
    tesla.type_line("for the lobby");
    while session.receive().unwrap() != "PRIVMSG #lobby :for the lobby" {}
}

#[test]
fn a_name_with_characters_that_are_not_seen_is_another_name() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (_tesla, mut session, page) = tesla_with_page(&server, &home);
    let mut events = page.follow(None);
    events.skip_to(&json!({ "type": "snapshot" }));
    session.send(":al\u{200b}bert!a@host PRIVMSG tesla :I am albert");
    let said = events.skip_to(&json!({ "type": "said" }));
    assert_eq!((&said["from"], &said["conversation"]), (&json!("al<U+200B>bert"), &json!("al<U+200B>bert")));
    let known = events.skip_to(&json!({ "type": "conversation" }));
    assert_eq!(known["name"], "al<U+200B>bert");
    assert_eq!(page.get("/conversation?name=al%3CU%2B200B%3Ebert").json()["events"][0]["text"], "I am albert");
}

#[test]
fn a_line_never_makes_the_terminal_wait_and_none_is_taken_at_the_end() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (mut tesla, _session, page) = tesla_with_page(&server, &home);
    // The server confirms nothing. A text of many messages is taken or refused at once.
    let long = vec!["x".repeat(380); 40].join("\n");
    let full = "Nothing was sent: much is on its way already; wait until the server has confirmed it";
    while page.line("#lobby", &long).inspect_err(|why| assert_eq!(why, full)).is_ok() {}
    tesla.type_line("/help msg");
    tesla.skip_to("/msg NAME text *");
    tesla.type_line("tata");
    let ending = "Nothing was sent: the chat is ending";
    let mut refused = page.line("#lobby", "late");
    while refused.as_ref().is_err_and(|why| why == full) {
        refused = page.line("#lobby", "late");
    }
    assert_eq!(refused, Err(ending.into()));
}
