//! The questions of the client at a terminal and in a browser, side by side.

use serde_json::json;

use crate::client::person::Home;
use crate::editor::window::Window;
use crate::harness::Server;

use super::browser::Browser;
use super::http::Address;

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
    window.expect_row("Nothing was sent: that line was perhaps begun");
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
    // Nor does no name at all, whatever was offered.
    one.type_into("#name", "\u{e009}a\u{e009}\u{e017}\u{e007}");
    one.expect("document.querySelector('#name:invalid') && document.getElementById('reason').textContent === ''");
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
            page.expect(&format!("{is_open} && document.getElementById('reason').textContent.startsWith({reason})"));
        }
    }
    assert_eq!(two.said("#reason"), "alert ");
    two.reload();
    two.expect(&format!("{is_open} && document.getElementById('reason').textContent === 'The name albert is taken'"));
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
