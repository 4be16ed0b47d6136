//! The stream of events, and lines that are sent from a page.

use serde_json::json;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::{tesla_with_page, with_page};

#[test]
fn a_page_begins_with_a_snapshot_and_goes_on_from_its_number() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, page) = with_page(&home, "mel");
    albert.send("PRIVMSG #lobby :one");
    albert.send("PRIVMSG mel :two");
    let mut events = page.follow(None);
    let snapshot = events.next();
    assert_eq!(
        (&snapshot["type"], &snapshot["nick"], &snapshot["is_connected"]),
        (&json!("snapshot"), &json!("mel"), &json!(true))
    );
    if snapshot["conversations"].as_array().unwrap().len() == 1 {
        events.skip_to(&json!({ "type": "conversation", "name": "albert", "unread": 1 }));
    }
    let lobby = page.get("/conversation?name=%23lobby").json();
    assert_eq!((&lobby["name"], &lobby["members"]), (&json!("#lobby"), &json!(["albert", "mel"])));
    assert_eq!(lobby["events"].as_array().unwrap().last().unwrap()["text"], "one");
    let number = lobby["n"].as_u64().unwrap();
    drop(events);
    // What happens meanwhile is not lost.
    albert.send("PRIVMSG #lobby :three");
    albert.send("TOPIC #lobby :tea");
    let mut events = page.follow(Some(number));
    let said = events.skip_to(&json!({ "type": "said" }));
    assert_eq!(
        (&said["text"], &said["from"], &said["conversation"]),
        (&json!("three"), &json!("albert"), &json!("#lobby"))
    );
    let topic = events.skip_to(&json!({ "type": "topic" }));
    assert_eq!((&topic["topic"], &topic["sentence"]), (&json!("tea"), &json!("albert set the topic: tea")));
    assert_eq!(events.skip_to(&json!({ "type": "conversation" }))["topic"], "tea");
    // A number of another run, or one that is too old.
    assert_eq!(page.follow(Some(1_000_000)).next()["type"], "snapshot");
}

#[test]
fn a_page_that_comes_back_late_begins_anew() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, page) = with_page(&home, "mel");
    let first = page.follow(None).next()["n"].as_u64().unwrap();
    for number in 0..2500 {
        albert.send(&format!("PRIVMSG #lobby :{number}"));
    }
    mel.skip_to("albert: 2499");
    let snapshot = page.follow(Some(first)).next();
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["conversations"][0]["unread"], 2500);
    let lobby = page.get("/conversation?name=%23lobby").json();
    let events = lobby["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[499]["text"]), (500, &json!("2499")));
    let people = page.get("/conversation?name=%23lobby&events=none").json();
    assert_eq!((&people["members"], &people["events"]), (&lobby["members"], &json!([])));
}

#[test]
fn a_page_that_does_not_read_costs_nobody_anything() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, page) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    let mut unread: Vec<_> = (0..4).map(|_| page.follow(None)).collect();
    let mut events = page.follow(None);
    let text = "x".repeat(400);
    for number in (500..=5000).step_by(500) {
        (number - 500..number).for_each(|number| albert.send(&format!("PRIVMSG #lobby :{number} {text}")));
        let last = format!("{} {text}", number - 1);
        mel.skip_to(&format!("albert: {last}"));
        events.skip_to(&json!({ "text": last }));
    }
    page.line("#lobby", "still here").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :still here");
    // It is cut off after a while, so that its place is free.
    unread.push(events);
    for number in (6000..).step_by(1000) {
        (number - 999..=number).for_each(|number| albert.send(&format!("PRIVMSG #lobby :{number} {text}")));
        mel.skip_to(&format!("albert: {number} {text}"));
        if page.try_to_follow(None).is_ok() {
            break;
        }
    }
    // It comes back by itself.
    let last = unread.swap_remove(0).read_to_the_end();
    let next = page.follow(Some(last)).next();
    assert!(next["n"].as_u64().unwrap() > last, "{next}");
}

#[test]
fn a_line_goes_where_it_says_and_moves_nobody_else() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    albert.join("#lab");
    let (mut mel, page) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    assert_eq!(page.line("#lobby", "/join #lab"), Ok(json!("#lab")));
    albert.expect(":mel!mel@127.0.0.1 JOIN #lab");
    // The terminal stays where it is.
    mel.type_line("from the terminal");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :from the terminal");
    assert_eq!(page.line("#lab", "from the page"), Ok(json!("#lab")));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lab :from the page");
    assert_eq!(page.line("#lab", "/me waves"), Ok(json!("#lab")));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lab :\u{1}ACTION waves\u{1}");
    assert_eq!(page.line("albert", "psst"), Ok(json!("albert")));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG mel :psst".replace("PRIVMSG mel", "PRIVMSG albert").as_str());
    assert_eq!(
        page.line("#lab", "//x\n/y"),
        Err("Nothing was sent: a row in the middle looks like a command; /say before the text sends it as it is".into())
    );
    assert_eq!(page.line("#lab", "one\ntwo"), Ok(json!("#lab")));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lab :one");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lab :two");
    assert_eq!(page.line("#lab", "/part"), Ok(json!(null)));
    albert.expect(":mel!mel@127.0.0.1 PART #lab");
    assert_eq!(page.line("#lab", "too late"), Err("Nothing was sent: you are not in #lab any more".into()));
    mel.type_line("still in the lobby");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :still in the lobby");
}

#[test]
fn a_line_that_is_refused_says_why_and_sends_nothing() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, page) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    for (conversation, text, why) in [
        ("#lobby", "/foo", "Unknown command /foo, try /help"),
        ("#lobby", "/msg", "Usage: /msg NAME text"),
        ("#lobby", "/topic a\nb", "Nothing was sent: a command has one row"),
        ("#lobby", "a\rQUIT", "Nothing was sent: there is a control character in the text"),
        ("#lobby", "a\u{1b}[2J", "Nothing was sent: there is a control character in the text"),
        ("#lobby", "/to nobody-at-all", "Nobody is called nobody-at-all"),
        ("#lobby", "/chat attic", "The room attic was not entered"),
        ("#lobby", "/clear", "Unknown command /clear, try /help"),
        ("albert", "/topic x", "Nothing was sent: you are talking to albert, not to a room; go to one with /to #room"),
        ("#other", "x", "Nothing was sent: you are not in #other any more"),
        ("a b", "x", "Nothing was sent: nobody can be called a b"),
        ("x\r\nQUIT", "x", "Nothing was sent: nobody can be called x\r\nQUIT"),
        ("", "x", "Nothing was sent: nobody can be called "),
    ] {
        assert_eq!(page.line(conversation, text), Err(why.to_owned()));
    }
    page.line("#lobby", "still here").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :still here");
}

#[test]
fn a_line_that_cannot_be_tried_says_so() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let (_tesla, mut session, page) = tesla_with_page(&server, &home);
    // The server does not answer this one yet.
    let join = page.request("POST", "/lines", &json!({ "conversation": null, "text": "/join #lab" }).to_string());
    let mut waiting = page.connect();
    waiting.write(join.as_bytes());
    session.expect("JOIN #lab*");
    let why = "Nothing was sent: the line before is still being carried out; try again";
    assert_eq!(page.line("#lobby", "too early"), Err(why.into()));
    session.send(":tesla!t@host JOIN #lab");
    session.answer_ping();
    assert_eq!(waiting.answer().json(), json!({ "conversation": "#lab" }));
    page.line("#lobby", "now").unwrap();
    session.expect("PRIVMSG #lobby now");
    // Without a connection what leads elsewhere is refused, and what is said waits.
    let mut events = page.follow_from_now();
    drop(session);
    events.skip_to(&json!({ "type": "lost" }));
    let why = "Nothing was sent: there is no connection to the server just now";
    assert_eq!(page.line("#lobby", "/join #attic"), Err(why.into()));
    page.line("#lobby", "later").unwrap();
    let mut session = server.accept();
    session.welcome("tesla");
    while session.receive().expect("the connection stays") != "PRIVMSG #lobby later" {}
}

#[test]
fn what_was_read_in_one_window_is_read_in_all() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, page) = with_page(&home, "mel");
    let mut windows = [page.follow_from_now(), page.follow_from_now()];
    albert.send("PRIVMSG #lobby :one");
    for window in &mut windows {
        window.skip_to(&json!({ "type": "conversation", "name": "#lobby", "unread": 1 }));
    }
    assert_eq!(page.post("/read", "{\"conversation\":\"#LOBBY\"}").status, 200);
    for window in &mut windows {
        window.skip_to(&json!({ "type": "conversation", "name": "#lobby", "unread": 0 }));
    }
}

#[test]
fn the_end_of_the_input_and_of_the_pages_is_not_the_end_of_the_chat() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, page) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    mel.end_input();
    drop(page.follow(None));
    page.line("#lobby", "still here").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :still here");
    // It ends for the terminal, too, so the user has to be asked.
    for (text, hint) in [("/quit good night", ""), ("tata", "; /say before it sends it as text")] {
        let asked = page.line("#lobby", text).unwrap_err();
        assert_eq!(asked, format!("This leaves the chat in all windows and at the terminal{hint}"));
    }
    page.line("#lobby", "/say tata").unwrap();
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :tata");
    let sure = json!({ "conversation": "#lobby", "text": "/quit good night", "is_sure": true });
    assert_eq!(page.post("/lines", &sure.to_string()).status, 200);
    albert.expect(":mel!mel@127.0.0.1 QUIT :*good night");
    mel.skip_to("DISCONNECTED!!");
    mel.expect_exit(0);
}
