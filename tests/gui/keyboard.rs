//! The keyboard does not lose its place, and what a screen reader says is enough.

use serde_json::json;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::browser::Browser;
use super::{address_of, with_page, with_page_and};

const ENTER: char = '\u{e007}';
const DOWN: char = '\u{e015}';
const UP: char = '\u{e013}';
const HOME: char = '\u{e011}';
const END: char = '\u{e010}';
const TAB: char = '\u{e004}';

#[test]
fn the_keyboard_stays_on_a_transfer_while_it_goes_on() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--gui"]);
    let mut session = server.accept_with_files(&[]);
    let address = address_of(&mut tesla);
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('connection').textContent === 'You are tesla'");
    assert_eq!(page.value("document.getElementById('transfers').checkVisibility()"), false);
    let bytes = vec![b'x'; 3_000_000];
    let crc = wire::crc32::crc32(&bytes);
    session.send(&format!(":albert!a@h FILE ANNOUNCE tesla 7 3000000 {crc:08x} :film.mp4"));
    session.expect("FILE FETCH 7");
    session.answer_ping();
    session.send(&format!(":srv FILE GET 7 token 3000000 {crc:08x} :film.mp4"));
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    data.send("OK 3000000");
    data.send_bytes(&bytes[..1_000_000]);
    let is_at = |least: u32| format!("document.querySelector('#transfers progress')?.value >= {least}");
    page.expect(&is_at(1_000_000));
    assert_eq!(page.said("#transfers button"), "button Cancel film.mp4");
    page.run("document.querySelector('#transfers button').focus()");
    data.send_bytes(&bytes[1_000_000..2_000_000]);
    page.expect(&is_at(2_000_000));
    assert_eq!(page.value("document.activeElement.textContent"), "Cancel");
    data.send_bytes(&bytes[2_000_000..]);
    session.expect("FILE GOT 7");
    session.answer_ping();
    page.expect("document.activeElement.id === 'message'");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn an_offer_has_buttons_until_it_is_answered() {
    let server = Server::start(&[]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (_mel, mels) = with_page(&homes[0], "mel");
    let (_bob, bobs) = with_page_and(&homes[1], "bob", &["--auto-accept", "0"]);
    let Some(browser) = Browser::open() else { return };
    let mut at_bobs = bobs.follow(None);
    for name in ["yes.txt", "no.txt"] {
        assert_eq!(mels.post(&format!("/files?name={name}&conversation=bob"), "text").status, 200);
        at_bobs.skip_to(&json!({ "type": "offered", "name": name }));
    }
    let page = browser.window(&bobs, 1000, 700);
    page.expect("document.querySelectorAll('#conversations li').length === 2");
    page.click("#conversations li:last-child button");
    let labels = "[...document.querySelectorAll('#rows button')].map((one) => one.ariaLabel).join()";
    let are = |wanted: &str| page.expect(&format!("{labels} === '{wanted}'"));
    are("Fetch yes.txt,Decline yes.txt,Fetch no.txt,Decline no.txt");
    // The last is the stop of Tab; the arrow keys lead to the others, and do not go round.
    let focused = "document.activeElement.ariaLabel";
    page.type_into("#messages", &TAB.to_string());
    assert_eq!(page.value(focused), "Decline no.txt");
    page.type_into("#rows button:focus", &DOWN.to_string());
    assert_eq!(page.value(focused), "Decline no.txt");
    page.type_into("#rows button:focus", &ENTER.to_string());
    are("Fetch yes.txt,Decline yes.txt");
    assert_eq!(page.value("document.activeElement.id"), "message");
    page.type_into("#messages", &TAB.to_string());
    assert_eq!(page.value(focused), "Decline yes.txt");
    page.type_into("#rows button:focus", &UP.to_string());
    assert_eq!(page.value(focused), "Fetch yes.txt");
    page.type_into("#rows button:focus", &ENTER.to_string());
    are("Save as … yes.txt");
    // And so it is when the conversation is shown again.
    page.click("#conversations li:first-child button");
    page.expect("document.getElementById('title').textContent === '#lobby'");
    page.click("#conversations li:last-child button");
    are("Save as … yes.txt");
}

#[test]
fn the_ends_of_a_long_conversation_are_one_key_away() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    for number in 0..400 {
        albert.send(&format!("PRIVMSG #lobby :{number} of many{}", " and more".repeat(number % 40)));
    }
    page.expect_row(&format!("albert: 399 of many{}", " and more".repeat(39)));
    let at_top = "messages.scrollHeight - messages.clientHeight + messages.scrollTop < 12";
    page.type_into("#messages", &HOME.to_string());
    page.expect(at_top);
    albert.send("PRIVMSG #lobby :another");
    page.expect("!document.getElementById('to-end').hidden");
    page.type_into("#messages", &END.to_string());
    page.expect("messages.scrollTop === 0 && document.getElementById('to-end').hidden");
    // From name to name.
    let shown =
        "((name) => name.top >= 0 && name.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())";
    page.type_into("#messages", &TAB.to_string());
    page.type_into(".nick:focus", &DOWN.to_string());
    page.expect(
        "document.activeElement === [...document.querySelectorAll('.nick')].at(-1) && messages.scrollTop === 0",
    );
    page.type_into(".nick:focus", &HOME.to_string());
    page.expect(&format!("document.activeElement === document.querySelector('.nick') && {shown}"));
    page.type_into(".nick:focus", &END.to_string());
    page.expect(&format!("document.activeElement === [...document.querySelectorAll('.nick')].at(-1) && {shown}"));
}

#[test]
fn a_screen_reader_says_once_that_somebody_writes_elsewhere() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    page.run(
        "window.heard = [];
         new MutationObserver(() => told.textContent && heard.push(told.textContent)).observe(told, { childList: true });",
    );
    for text in ["one", "two"] {
        albert.send(&format!("PRIVMSG mel :{text}"));
    }
    page.expect("document.querySelector('#conversations [data-name=albert]').textContent === 'albert 2 unread'");
    page.expect("heard.join() === 'albert wrote to you'");
    page.click("#conversations [data-name=albert] button");
    page.expect_row("albert: two");
    page.expect("document.querySelector('#conversations [data-name=albert]').textContent === 'albert'");
    albert.send("PRIVMSG #lobby :what does mel think?");
    page.expect("heard.at(-1) === 'albert named you in #lobby'");
    page.click("#conversations li button");
    page.expect_row("albert: what does mel think?");
    page.expect("document.querySelector('.mentions time').textContent.endsWith(' for you ')");
    albert.send("PRIVMSG mel :three");
    page.expect("heard.length === 3 && heard.at(-1) === 'albert wrote to you'");
    // Who has come and gone is told as one; what was said of it is not said again.
    let mut bob = server.client("bob");
    bob.join("#lobby");
    page.expect_row("bob joined the conversation");
    bob.send("PART #lobby");
    page.expect("[...document.querySelectorAll('.row p')].at(-1).ariaLive === 'off'");
}

#[test]
fn the_lists_close_behind_the_keyboard_where_they_lie_over_the_messages() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    let screen = json!({ "width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": true });
    page.emulate("setDeviceMetricsOverride", &screen);
    page.expect("document.querySelectorAll('#people li').length === 2");
    let are_shown = |wanted: bool| page.expect(&format!("lists.checkVisibility() === {wanted}"));
    page.click("#show-lists");
    are_shown(true);
    page.click("#show-lists");
    are_shown(false);
    page.click("#show-lists");
    page.type_into("#people button", &TAB.to_string());
    page.expect("document.activeElement.id === 'messages'");
    are_shown(false);
    // What was chosen in a menu answers beside the messages.
    page.click("#show-lists");
    page.click("#people button");
    are_shown(true);
    page.choose("Who is that?");
    are_shown(false);
    page.expect("document.activeElement.id === 'message'");
    page.expect("document.getElementById('rows').innerText.includes('albert is')");
    page.click("#show-lists");
    page.click("#conversations .more");
    page.choose("Invite somebody …");
    page.click("#close");
    page.expect("document.activeElement.id === 'message'");
}

#[test]
fn the_keyboard_can_be_seen_and_stays_where_bans_are_lifted() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    // On the conversation that is shown, in all colours.
    for forced in ["none", "active"] {
        page.emulate("setEmulatedMedia", &json!({ "features": [{ "name": "forced-colors", "value": forced }] }));
        page.type_into("#conversations button", &HOME.to_string());
        let style = |part: &str, what: &str| page.value(&format!("getComputedStyle({part}).{what}"));
        let back = style("document.activeElement.closest('li')", "backgroundColor");
        assert_ne!(back, style("lists", "backgroundColor"));
        assert_ne!(back, style("document.activeElement", "outlineColor"));
    }
    page.emulate("setEmulatedMedia", &json!({ "features": [] }));
    for mask in ["one", "two"] {
        page.enter(&format!("/mode #lobby +b {mask}!*@*"));
        albert.skip_to(&format!(":mel!mel@127.0.0.1 MODE #lobby +b {mask}!*@*"));
    }
    page.click("#more");
    page.choose("Topic and settings …");
    page.expect("document.querySelectorAll('dialog li').length === 2");
    page.type_into("dialog li button", &ENTER.to_string());
    page.expect("document.querySelectorAll('dialog li').length === 1 && document.activeElement.textContent === 'Lift'");
    page.type_into("dialog li button:focus", &ENTER.to_string());
    page.expect("document.activeElement.labels?.[0].textContent.startsWith('Ban another mask')");
}
