//! The menus of people and conversations: what they offer, and what it does.

use serde_json::json;

use crate::client::person::Home;
use crate::harness::Server;

use super::browser::{Browser, Page};
use super::with_page;

const ENTRIES: &str = "[...document.querySelectorAll('#menu button')].map((entry) => entry.textContent)";

/// Opens the menu of somebody in the list of people.
fn open_menu(page: &Page<'_>, name: &str) {
    page.expect(&format!(
        "((found) => found && (found.firstChild.click() ?? true))(document.querySelector('#people [data-name={name}]'))"
    ));
    page.expect("document.activeElement === document.querySelector('#menu button')");
}

#[test]
fn a_menu_offers_what_applies_and_does_it() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    albert.skip_to(":mel!mel@127.0.0.1 JOIN #lobby");
    let Some(browser) = Browser::open() else { return };
    let (page, other) = (browser.window(&address, 1000, 700), browser.window(&address, 1000, 700));
    page.expect("document.getElementById('people').innerText.includes('operator')");
    let of_all = ["Who is that?", "Fingerprint of the key"];
    let of_others = ["Mute: no sound, no notification", "Blacklist: see nothing more"];
    open_menu(&page, "mel");
    assert_eq!(page.value(ENTRIES), json!(of_all));
    open_menu(&page, "albert");
    assert_eq!(page.value(ENTRIES), json!([&["Write to albert"], &of_all[..], &of_others].concat()));
    // What was done can be taken back, in every window.
    page.choose(of_others[1]);
    page.expect_row("You will see nothing more from albert; /unblock albert ends that");
    other.expect("document.getElementById('people').innerText.includes('on your blacklist')");
    open_menu(&other, "albert");
    other.choose("Take off the blacklist");
    page.expect_row("You see albert again");
    page.expect("!document.getElementById('people').innerText.includes('blacklist')");
    open_menu(&page, "albert");
    page.choose(of_others[0]);
    open_menu(&page, "albert");
    assert_eq!(page.value(ENTRIES)[3], "Unmute");
    page.choose("Unmute");
    albert.send("PRIVMSG #lobby :hello");
    page.expect_row("albert: hello");
    // As an operator, and with a second room.
    page.enter("/join #lab");
    page.expect("document.getElementById('title').textContent === '#lab'");
    page.click("#conversations li:nth-child(1) button");
    albert.send("MODE #lobby +o mel");
    page.expect("document.querySelector('#people [data-name=mel]').textContent === 'mel operator'");
    let mut odd = server.client("constructor");
    odd.join("#lobby");
    open_menu(&page, "constructor");
    assert_eq!(page.value(ENTRIES)[6], "Make an operator");
    open_menu(&page, "albert");
    let of_operators = ["Make no operator", "Give a voice", "Remove from #lobby …", "Ban from #lobby …"];
    let all = [&["Write to albert"], &of_all[..], &of_others, &["Invite to …"], &of_operators].concat();
    assert_eq!(page.value(ENTRIES), json!(all));
    page.choose("Give a voice");
    albert.skip_to(":mel!mel@127.0.0.1 MODE #lobby +v albert");
    open_menu(&page, "albert");
    page.choose("Make no operator");
    albert.skip_to(":mel!mel@127.0.0.1 MODE #lobby -o albert");
    page.expect("document.querySelector('#people [data-name=albert]').textContent === 'albert has voice'");
    open_menu(&page, "albert");
    page.choose("Invite to …");
    page.expect("document.activeElement.textContent === '#lab'");
    page.choose("#lab");
    albert.skip_to(":mel!mel@127.0.0.1 INVITE albert #lab");
    open_menu(&page, "albert");
    page.choose("Ban from #lobby …");
    page.expect("document.activeElement.value === 'albert!*@*'");
    page.type_into("dialog form label:nth-child(2) input", "<b>too \"loud\"\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 MODE #lobby +b albert!*@*");
    albert.skip_to(":mel!mel@127.0.0.1 KICK #lobby albert :<b>too \"loud\"");
    page.expect("!document.getElementById('dialog').open");
    page.expect_row("albert was removed by mel (<b>too \"loud\")");
    // Somebody who has left is still beside what they said, and can come back.
    page.expect("!document.querySelector('#people [data-name=albert]')");
    page.click(".nick");
    page.choose("Lift the ban from #lobby");
    page.expect_row("mel set mode -b albert!*@*");
    albert.join("#lobby");
    page.expect("document.querySelector('#people [data-name=albert]')");
    page.click(".nick");
    page.choose("Ban from #lobby …");
    page.click("#close");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn names_in_messages_have_the_menu_and_the_keyboard_finds_them() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut people: Vec<_> = ["albert", "bob"].map(|nick| server.client(nick)).into();
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    for (person, nick) in people.iter_mut().zip(["albert", "bob"]) {
        person.join("#lobby");
        person.send("PRIVMSG #lobby :hello");
        page.expect_row(&format!("{nick}: hello"));
    }
    page.click(".nick");
    page.expect("document.activeElement.textContent === 'Write to albert'");
    let (down, up, home, end, escape, enter) = ('\u{e015}', '\u{e013}', '\u{e011}', '\u{e010}', '\u{e00c}', '\u{e007}');
    let focused = "document.activeElement.textContent";
    for (key, entry) in [
        (down, "Who is that?"),
        (up, "Write to albert"),
        (up, "Ban from #lobby …"),
        (down, "Write to albert"),
        (end, "Ban from #lobby …"),
        (home, "Write to albert"),
    ] {
        page.type_into("#menu button:focus", &key.to_string());
        assert_eq!(page.value(focused), entry);
    }
    // Somebody comes while it is open; the keyboard goes back to where it was.
    let mut carl = server.client("carl");
    carl.join("#lobby");
    page.expect("document.querySelectorAll('#people li').length === 4");
    page.type_into("#menu button:focus", &escape.to_string());
    page.expect("document.activeElement === document.querySelector('.nick')");
    // One of the names is a stop of Tab; the arrow keys lead to the others.
    assert_eq!(page.value("document.querySelectorAll('.nick[tabindex=\"0\"]').length"), 1);
    page.type_into(".nick:focus", &down.to_string());
    page.expect("document.activeElement.textContent === 'bob'");
    page.type_into(".nick:focus", &enter.to_string());
    page.expect("document.activeElement.textContent === 'Write to bob'");
    page.type_into("#menu button:focus", &enter.to_string());
    page.expect("document.getElementById('title').textContent === 'bob' && document.activeElement.id === 'message'");
    // In the list of people as well.
    page.click("#conversations li button");
    page.type_into("#people button", &down.to_string());
    page.expect("document.activeElement.textContent === 'bob'");
    page.type_into("#people button:focus", &end.to_string());
    page.expect("document.activeElement.textContent.startsWith('mel')");
    page.type_into("#people button:focus", &enter.to_string());
    page.expect("document.activeElement.textContent === 'Who is that?'");
    carl.send("PART #lobby");
    page.expect("document.querySelectorAll('#people li').length === 3");
    page.type_into("#menu button:focus", &escape.to_string());
    page.expect("document.activeElement.textContent.startsWith('mel')");
}

#[test]
fn what_is_written_in_a_conversation_that_ends_goes_to_nobody() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lab");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.enter("/join #lab");
    page.expect("document.getElementById('title').textContent === '#lab'");
    page.type_into("#message", "a secret");
    albert.send("KICK #lab mel :<img src=x onerror=alert(1)>");
    page.expect("document.getElementById('title').textContent === 'groupchat'");
    let why = "You were removed from #lab by albert (<img src=x onerror=alert(1)>)";
    page.expect_row(why);
    let unsent = json!(format!("{why}; what you are writing was not sent"));
    page.expect(&format!("document.getElementById('error').textContent === {unsent}"));
    page.type_into("#message", "\u{e007}");
    page.expect("document.getElementById('error').textContent.startsWith('Nothing was sent')");
    // And nothing of it is an earlier line elsewhere.
    page.click("#conversations button");
    page.type_into("#message", "\u{e013}\u{e013}");
    assert_eq!(page.value("document.getElementById('message').value"), "/join #lab");
    page.value("document.getElementById('message').value = ''");
    page.enter("all right");
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG #lobby :all right");
}

#[test]
fn earlier_lines_come_back_only_where_they_were_sent() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.enter("/to albert");
    page.expect("document.getElementById('title').textContent === 'albert'");
    page.enter("for you alone");
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG albert :for you alone");
    page.type_into("#message", "half");
    page.click("#conversations li:first-child button");
    page.expect("document.getElementById('title').textContent === '#lobby'");
    page.type_into("#message", "\u{e013}\u{e013}\u{e007}");
    // Nothing private among those of the room: its own was the command that led away.
    page.expect("document.getElementById('title').textContent === 'albert'");
    assert_eq!(page.value("document.getElementById('message').value"), "half");
    page.click("#more");
    page.choose("Close this conversation");
    page.expect("document.querySelectorAll('#conversations li').length === 1");
    page.expect_row("The conversation with albert is closed");
}

#[test]
fn conversations_have_a_menu() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.enter("/join #lab");
    page.expect("document.getElementById('title').textContent === '#lab'");
    assert_eq!(page.said("#conversations li:nth-child(2) .more"), "button About #lab");
    page.click("#conversations li:nth-child(2) .more");
    let entries = ["Topic and settings …", "Invite somebody …", "Mute: no sound, no notification", "Leave #lab"];
    assert_eq!(page.value(ENTRIES), json!(entries));
    page.choose("Invite somebody …");
    page.type_into("dialog input", "albert and bob\u{e007}");
    page.expect("document.getElementById('answer').textContent.includes('one word')");
    page.value("document.querySelector('dialog input').value = ''");
    page.type_into("dialog input", "albert\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 INVITE albert #lab");
    page.click("#conversations li:nth-child(2) .more");
    page.choose("Leave #lab");
    page.expect("document.querySelectorAll('#conversations li').length === 1");
    page.expect_row("You left #lab");
    // A way in for those who know no commands.
    let screen = json!({ "width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": true });
    page.emulate("setDeviceMetricsOverride", &screen);
    page.click("#show-lists");
    page.type_into("#conversations button", "\u{e00c}");
    page.expect("!document.getElementById('lists').checkVisibility() && document.activeElement.id === 'message'");
    page.click("#more");
    page.choose("Enter a room, write to somebody …");
    page.type_into("dialog input", "den\u{e007}");
    page.expect("document.getElementById('answer').textContent === 'Nobody is called den'");
    page.value("document.querySelector('dialog input').value = ''");
    page.type_into("dialog input", "#den\u{e007}");
    page.expect("document.getElementById('title').textContent === '#den' && !document.getElementById('dialog').open");
}
