//! The dialog about a room: topic, modes, bans; and the other dialogs.

use serde_json::json;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::browser::Browser;
use super::{address_of, with_page};

#[test]
fn the_settings_of_a_room_are_asked_of_the_server_and_disturb_no_terminal() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    albert.send("MODE #lobby +kl-t key 5");
    albert.send("MODE #lobby +b evil");
    albert.send("MODE #lobby +b \u{202e}<b>!*@*");
    albert.send("MODE #lobby -k key");
    let (mut mel, page) = with_page(&home, "mel");
    let lobby = page.get("/room?name=%23LOBBY").json();
    assert_eq!(lobby, json!({ "modes": ["+ln", "5"], "bans": ["evil!*@*", "<b>!*@*"] }));
    page.get("/room?name=%23lab").expect_refusal(404);
    page.get("/room?name=albert").expect_refusal(404);
    page.get("/room").expect_refusal(400);
    page.post("/room?name=%23lobby", "").expect_refusal(405);
    // A question that is typed gets its answer as before, also beside another one.
    mel.ask("/mode", &["Modes of #lobby: +ln 5 (the number of people is limited; only members may talk)"]);
    mel.ask("/mode b", &["#lobby is closed to evil!*@*", "#lobby is closed to <b>!*@*"]);
    let ranks = page.get("/conversation?name=%23lobby").json()["ranks"].clone();
    assert_eq!(ranks, json!({ "albert": "@" }));
    albert.send("MODE #lobby +v albert");
    albert.send("MODE #lobby +v mel");
    mel.skip_to("albert set mode +v mel");
    let ranks = page.get("/conversation?name=%23lobby").json()["ranks"].clone();
    assert_eq!(ranks, json!({ "albert": "@+", "mel": "+" }));
}

#[test]
fn an_operator_changes_the_settings_in_a_dialog() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    let by = |change: &str| format!(":mel!mel@127.0.0.1 MODE #lobby {change}");
    page.click("#more");
    page.choose("Topic and settings …");
    page.expect("document.activeElement.parentElement.textContent === 'Topic'");
    page.type_into("dialog input", "<script>alert(1)</script>\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 TOPIC #lobby :<script>alert(1)</script>");
    page.expect("document.querySelector('dialog input').value === '<script>alert(1)</script>'");
    page.choose("Only people who are invited enter");
    albert.skip_to(&by("+i"));
    page.expect("document.getElementById('answer').textContent === 'mel set mode +i'");
    page.expect("document.querySelector('dialog .checkbox input').checked");
    page.choose("Only people who are invited enter");
    albert.skip_to(&by("-i"));
    page.expect("!document.querySelector('dialog .checkbox input').checked");
    // Fields are found by their labels.
    let field = |label: &str| {
        page.expect(&format!(
            "[...document.querySelectorAll('dialog label')].find((one) => one.textContent.startsWith('{label}')).click() ?? true"
        ));
        "dialog input:focus"
    };
    page.type_into(field("Key"), "two words\u{e007}");
    page.expect("document.getElementById('answer').textContent.includes('one word')");
    page.value("document.activeElement.value = ''");
    page.type_into(field("Key"), "secret\u{e007}");
    albert.skip_to(&by("+k secret"));
    page.expect("[...document.querySelectorAll('dialog input')].some((one) => one.value === 'secret')");
    page.type_into(field("Most people"), "0\u{e007}");
    page.expect("document.getElementById('answer').textContent.startsWith('Not done in #lobby')");
    page.type_into(field("Most people"), "7\u{e007}");
    albert.skip_to(&by("+l 7"));
    page.type_into(field("Ban"), "\"><img/src=x>!*@*\u{e007}");
    albert.skip_to(&by("+b \"><img/src=x>!*@*"));
    page.choose("Lift");
    albert.skip_to(&by("-b \"><img/src=x>!*@*"));
    page.expect("document.getElementById('dialog').innerText.includes('Nobody is banned')");
    page.value("document.querySelector('dialog input').value = ''");
    page.type_into("dialog input", "\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 TOPIC #lobby :");
    page.type_into("dialog input", "\u{e00c}");
    page.expect("!document.getElementById('dialog').open && document.activeElement.id === 'more'");
    // Another operator is as good; who is none sees, but changes nothing.
    page.enter("/mode +o-o albert mel");
    albert.skip_to(&by("+o-o albert mel"));
    page.expect("document.querySelector('#people [data-name=mel]').textContent === 'mel'");
    page.click("#more");
    page.choose("Topic and settings …");
    page.expect(
        "[...document.querySelectorAll('#dialog :is(input, fieldset)')].every((one) => one.matches(':disabled'))",
    );
    page.click("#close");
    albert.send("MODE #lobby -t");
    albert.skip_to(":albert!albert@127.0.0.1 MODE #lobby -t");
    page.click("#more");
    page.choose("Topic and settings …");
    page.expect("document.querySelector('dialog fieldset').disabled");
    page.type_into("dialog input", "tea\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 TOPIC #lobby :tea");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn help_shows_the_commands_and_the_keys() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.click("#more");
    page.choose("Help");
    assert_eq!(page.said("#dialog"), "dialog Help");
    for text in ["/msg NAME text", "Send text to one person alone", "Shift-Enter", "Ctrl-Shift-F"] {
        page.expect(&format!("document.getElementById('dialog').innerText.includes('{text}')"));
    }
}

#[test]
fn notifications_and_sound_are_off_until_they_are_asked_for() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    // The user looks elsewhere, and the browser would ask and notify.
    page.run(
        "window.asked = 0, window.notified = [], window.tones = 0;
         const tone = AudioContext.prototype.createOscillator;
         AudioContext.prototype.createOscillator = function () { return tones++, tone.call(this); };
         window.Notification = class { constructor(text, { tag, body }) { notified.push([text, tag, body]); } };
         Object.assign(Notification, { permission: 'granted', requestPermission: async () => (asked++, 'granted') });
         const look = (hidden) => {
             Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
             document.dispatchEvent(new Event('visibilitychange'));
         };
         window.look = look; look(true);",
    );
    albert.send("PRIVMSG mel :first");
    page.expect("document.title.startsWith('(!)')");
    page.run("look(false)");
    page.click("#more");
    page.choose("Options …");
    assert_eq!(page.value("[asked, notified.length, tones]"), json!([0, 0, 0]));
    page.choose("Play a sound then");
    page.expect("localStorage.getItem('groupchat.sound') === 'yes' && tones === 1");
    page.choose("Notify me when somebody writes to me or names me, and I do not look");
    page.expect("localStorage.getItem('groupchat.notifications') === 'yes'");
    page.run("document.getElementById('dialog').close(), look(true)");
    albert.send("PRIVMSG mel :a secret");
    page.expect("notified.length === 1 && tones === 2");
    albert.send("PRIVMSG #lobby :mel: look");
    page.expect("notified.length === 2");
    assert_eq!(
        page.value("notified"),
        json!([["albert wrote to you", "groupchat", null], ["albert named you in #lobby", "groupchat", null]])
    );
    page.expect("document.querySelector('.new')?.nextSibling.textContent.includes('mel: look')");
    // Somebody who is muted attracts no attention, and is still heard.
    page.run("look(false)");
    page.click("#people button");
    page.choose("Mute: no sound, no notification");
    page.run("look(true)");
    albert.send("PRIVMSG #lobby :mel: once more");
    page.expect_row("albert: mel: once more");
    albert.send("NICK al");
    page.expect("localStorage.getItem('groupchat.muted').includes('\"al\"')");
    albert.send("PRIVMSG mel :and again");
    page.expect("document.getElementById('conversations').innerText.includes('3')");
    page.value_later("setTimeout(done, 1000)");
    assert_eq!(page.value("[asked, notified.length]"), json!([1, 2]));
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn the_lists_in_the_options_follow_what_changes() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut people = ["albert", "bob"].map(|nick| server.client(nick));
    people.iter_mut().for_each(|person| person.join("#lobby"));
    let (mut mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 3");
    page.click("#more");
    page.choose("Options …");
    let lists = |expected: &str| page.expect(&format!("document.getElementById('quiet').textContent === '{expected}'"));
    lists("Nobody is mutedYour blacklist is empty");
    for name in ["albert", "bob"] {
        mel.ask(&format!("/black {name}"), &["You will see nothing more from *"]);
    }
    lists("Nobody is mutedBlacklistalbert See againbob See again");
    page.run("document.querySelectorAll('#quiet button')[1].focus()");
    mel.type_line("/unblock bob");
    lists("Nobody is mutedBlacklistalbert See again");
    assert_eq!(page.said("#quiet button:focus"), "button See again: albert");
    page.type_into("#quiet button:focus", "\u{e007}");
    lists("Nobody is mutedYour blacklist is empty");
    assert_eq!(page.value("document.activeElement.id"), "close");
}

#[test]
fn a_parameter_that_is_several_words_is_no_part_of_a_command() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--gui"]);
    let mut session = server.accept_with_files(&[]);
    let address = address_of(&mut tesla);
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('connection').textContent === 'You are tesla'");
    session.send(":srv MODE #lobby +o tesla");
    page.expect("document.querySelector('#people [data-name=tesla]').textContent === 'tesla operator'");
    page.click("#more");
    page.choose("Topic and settings …");
    session.expect("MODE #lobby");
    session.send(":srv 324 tesla #lobby +k :key +o evil");
    session.answer_ping();
    session.expect("MODE #lobby b");
    session.send(":srv 367 tesla #lobby :evil!*@* +o evil");
    session.send(":srv 368 tesla #lobby :End");
    session.answer_ping();
    let refused = "document.getElementById('answer').textContent === 'That has to be one word without a comma'";
    page.choose("Lift");
    page.expect(refused);
    page.run("document.getElementById('answer').textContent = ''");
    page.run("document.querySelector('fieldset form input').value = ''");
    page.type_into("fieldset form input", "\u{e007}");
    page.expect(refused);
    page.click("#close");
    page.enter("the next");
    session.expect("PRIVMSG #lobby :the next");
}
