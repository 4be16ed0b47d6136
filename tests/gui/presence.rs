//! Who is away, in the lists of people.

use serde_json::{Value, json};

use crate::client::person::{Home, WELCOME};
use crate::client::scripted_server::{ScriptedServer, Session};
use crate::harness::Server;

use super::browser::Browser;
use super::http::Address;
use super::with_page;

/// Who is away in a room, with the reasons.
fn away(page: &Address, room: &str) -> Value {
    page.get(&format!("/conversation?name=%23{room}")).json()["away"].clone()
}

#[test]
fn the_pages_know_who_is_away_and_the_terminal_is_not_disturbed() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let [mut bob, mut carl] = ["bob", "carl"].map(|nick| server.client(nick));
    bob.join("#lobby");
    carl.join("#lobby");
    bob.send("AWAY :gone fishing");
    bob.sync();
    let (mut mel, page) = with_page(&home, "mel");
    let mut window = page.follow_from_now();
    // The server does not say why somebody went before we came.
    page.get("/conversation?name=%23lobby");
    window.skip_to(&json!({ "type": "presence", "nick": null }));
    assert_eq!(away(&page, "lobby"), json!([["bob", ""]]));
    carl.send("AWAY :tea & <b>");
    window.skip_to(&json!({ "type": "presence", "nick": "carl", "away": "tea & <b>" }));
    bob.send("AWAY");
    window.skip_to(&json!({ "type": "presence", "nick": "bob", "away": null }));
    carl.send("NICK karl");
    window.skip_to(&json!({ "type": "renamed", "new": "karl" }));
    assert_eq!(away(&page, "lobby"), json!([["karl", "tea & <b>"]]));
    // Nothing is told about people who are in no room of ours.
    carl.send("PART #lobby");
    window.skip_to(&json!({ "type": "left", "nick": "karl" }));
    carl.send("AWAY");
    carl.send("JOIN #lobby");
    window.skip_to(&json!({ "type": "joined", "nick": "karl" }));
    assert_eq!(away(&page, "lobby"), json!([]));
    bob.send("AWAY :x");
    window.skip_to(&json!({ "type": "presence", "nick": "bob", "away": "x" }));
    bob.send("QUIT");
    window.skip_to(&json!({ "type": "left", "nick": "bob" }));
    assert_eq!(away(&page, "lobby"), json!([]));
    // Our own, by a command in either place.
    page.line("#lobby", "/away lunch").unwrap();
    window.skip_to(&json!({ "type": "presence", "nick": "mel", "away": "" }));
    mel.type_line("/away");
    window.skip_to(&json!({ "type": "presence", "nick": "mel", "away": null }));
    // Whoever comes in away.
    let mut dora = server.client("dora");
    dora.send("AWAY :asleep");
    dora.join("#lobby");
    window.skip_to(&json!({ "type": "presence", "nick": "dora", "away": "asleep" }));
    mel.type_line("/who #lobby");
    mel.skip_to("#lobby  dora * away *");
    assert!(!mel.has_seen_like("#lobby  bob*") && !mel.has_seen_like("*fishing*") && !mel.has_seen_like("*tea*"));
}

/// Mel's client with a page has called, and gets into the lobby with these people.
#[track_caller]
fn let_in(session: &mut Session, people: &str) {
    loop {
        let line = session.receive().unwrap();
        match &*line {
            "CAP REQ :away-notify" => session.send(":srv CAP mel ACK :away-notify"),
            "CAP END" => break,
            _ => {}
        }
    }
    session.send(":srv 001 mel :Welcome");
    session.expect("JOIN #lobby");
    session.send(":mel!mel@host JOIN #lobby");
    session.send(&format!(":srv 353 mel = #lobby :{people}"));
    session.send(":srv 366 mel #lobby :End");
}

#[test]
fn the_server_is_asked_once_for_each_connection_and_only_for_a_page() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut mel = home.start(&["--nick", "mel", "--gui"]);
    let mut session = server.accept();
    let_in(&mut session, "mel anna ben");
    session.answer_ping();
    let line = mel.skip_to("Open this address in a browser on this machine: *");
    let page = Address::of(line.rsplit(' ').next().unwrap());
    mel.skip_to(WELCOME);
    mel.type_line("nobody looks");
    session.expect("PRIVMSG #lobby :nobody looks");
    session.answer_ping();
    let mut window = page.follow_from_now();
    assert_eq!(away(&page, "lobby"), json!([]));
    assert_eq!(away(&page, "lobby"), json!([]));
    session.expect("WHO #lobby");
    // The user asks, too, and gets the rows that are for them.
    mel.type_line("/who");
    session.expect("WHO #lobby");
    let row = |nick: &str, flags: &str| format!(":srv 352 mel #lobby u h srv {nick} {flags} :0 Real Name");
    session.send(&row("anna", "G@"));
    session.send(&row("stranger", "G"));
    session.send(&row("ben", "H"));
    session.send(":srv 315 mel #lobby :End");
    window.skip_to(&json!({ "type": "presence", "nick": null }));
    session.send(&row("anna", "G@"));
    session.send(":srv 315 mel #lobby :End");
    mel.skip_to("#lobby  anna * away operator u@h (Real Name)");
    session.answer_ping();
    assert_eq!(away(&page, "lobby"), json!([["anna", ""]]));
    assert!(!mel.has_seen_like("#lobby  ben*") && !mel.has_seen_like("#lobby  stranger*"));
    // Another connection: what was known is not, and one that refuses is not asked again.
    drop(session);
    let mut session = server.accept();
    window.skip_to(&json!({ "type": "lost" }));
    let_in(&mut session, "mel anna ben");
    window.skip_to(&json!({ "type": "connected" }));
    mel.type_line("back");
    session.expect("PRIVMSG #lobby back");
    session.answer_ping();
    assert_eq!(away(&page, "lobby"), json!([]));
    session.expect("WHO #lobby");
    session.send(":srv 263 mel WHO :Please wait a while and try again");
    mel.type_line("/who ben");
    session.expect("WHO ben");
    session.send(":srv 352 mel * u h srv ben H :0 Ben");
    session.send(":srv 315 mel ben :End");
    mel.skip_to("ben * here *");
    session.answer_ping();
    assert!(!mel.has_seen_like("*try again*"));
    mel.type_line("tata");
    session.expect("QUIT");
    drop(session);
    mel.expect_goodbye();
}

#[test]
fn a_reader_sees_and_hears_who_is_away() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut bob = server.client("bob");
    bob.join("#lobby");
    bob.send("AWAY :fishing");
    bob.sync();
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelector('#people button')?.textContent === 'bob operator, away'");
    assert_eq!(page.said("#people button"), "button bob operator, away");
    bob.send("AWAY");
    page.expect("document.querySelector('#people button')?.textContent === 'bob operator'");
    bob.send("AWAY :\"><img src=x onerror=alert(1)>\u{202e}");
    page.expect("document.querySelector('#people button').title === 'away: \"><img src=x onerror=alert(1)>'");
    page.enter("/away lunch");
    page.expect("document.querySelector('#people li:last-child button').textContent === 'mel away'");
    page.reload();
    page.expect("document.querySelector('#people').innerText.match(/away/g).length === 2");
    page.enter("/away");
    page.expect("document.querySelector('#people').innerText.match(/away/g).length === 1");
}
