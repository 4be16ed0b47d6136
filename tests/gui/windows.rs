//! A user at the terminal and in several windows, who is one person.

use serde_json::json;

use crate::client::person::Home;
use crate::editor::window::Window;
use crate::harness::Server;

use super::browser::Browser;
use super::http::Address;
use super::with_page;

#[test]
fn what_was_read_in_a_window_is_read_at_the_terminal_and_the_other_way_round() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    albert.join("#lab");
    let mut mel = Window::open(&home.client(&["--nick", "mel", "--gui", "--times", "off"]), 200, 40);
    mel.expect_prompt("#lobby> |");
    let rows = mel.rows().join("\n");
    let page = Address::of(rows.split_whitespace().find(|word| word.starts_with("http://")).unwrap());
    mel.type_text("/join #lab\r");
    mel.expect_prompt("#lab> |");
    mel.type_text("/to #lobby\r");
    mel.expect_prompt("#lobby> |");
    let mut window = page.follow_from_now();
    albert.send("PRIVMSG #lab :one");
    window.skip_to(&json!({ "type": "conversation", "name": "#lab", "unread": 1 }));
    mel.expect_prompt("(2:#lab 1) #lobby> |");
    assert_eq!(page.post("/read", "{\"conversation\":\"#lab\"}").status, 200);
    window.skip_to(&json!({ "type": "conversation", "name": "#lab", "unread": 0 }));
    mel.expect_prompt("#lobby> |");
    albert.send("PRIVMSG #lab :two");
    mel.expect_prompt("(2:#lab 1) #lobby> |");
    window.skip_to(&json!({ "type": "conversation", "name": "#lab", "unread": 1 }));
    // All that was not shown here is.
    mel.type_text("/to #lab\r");
    mel.expect_row("albert: one");
    mel.expect_row("albert: two");
    window.skip_to(&json!({ "type": "conversation", "name": "#lab", "unread": 0 }));
    // The keys of this terminal are of no use elsewhere, and its window is not cleared from there.
    for command in ["/keys", "/clear"] {
        let why = format!("Nothing was sent: {command} works in the terminal only");
        assert_eq!(page.line("#lab", command), Err(why));
    }
    mel.expect_row("albert: two");
    assert!(!page.follow(None).next()["commands"].to_string().contains("/clear"));
}

#[test]
fn a_sleep_is_one_for_all_views() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, page) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    let mut window = page.follow_from_now();
    page.line("#lobby", "/sleep 1h").unwrap();
    mel.skip_to("Good night. *");
    albert.send("PRIVMSG #lobby :psst");
    albert.sync();
    page.line("#lobby", "/info").unwrap();
    mel.skip_to("2 people in #lobby: *");
    assert!(!mel.has_seen("albert: psst"));
    let texts = || {
        let lobby = page.get("/conversation?name=%23lobby").json();
        lobby["events"].as_array().unwrap().iter().filter(|event| event["text"] == "psst").count()
    };
    assert_eq!(texts(), 0, "it is held back in a window that opens meanwhile, too");
    mel.type_line("/sleep 0");
    mel.skip_to("albert: psst");
    window.skip_to(&json!({ "type": "note", "sentence": "1 message while you were asleep:" }));
    window.skip_to(&json!({ "type": "said", "text": "psst" }));
    assert_eq!(texts(), 1);
}

#[test]
fn a_conversation_that_ends_elsewhere_takes_no_line_along() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, address) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    albert.send("PRIVMSG mel :psst");
    let Some(browser) = Browser::open() else { return };
    let (page, other) = (browser.window(&address, 1000, 700), browser.window(&address, 1000, 700));
    let title = |name: &str| format!("document.getElementById('title').textContent === '{name}'");
    page.expect(&title("#lobby"));
    page.enter("/query albert");
    page.expect(&title("albert"));
    other.expect(&title("#lobby"));
    page.type_into("#message", "a secret");
    // The terminal does not move the window, until there is no such conversation any more.
    mel.type_line("/to albert");
    mel.type_line("/close");
    mel.skip_to("The conversation with albert is closed");
    page.expect(&title("groupchat"));
    page.expect(
        "document.getElementById('error').textContent === 'albert is closed; what you are writing was not sent'",
    );
    page.type_into("#message", "\u{e007}");
    page.expect(
        "document.getElementById('error').textContent.startsWith('Nothing was sent: you are talking to nobody')",
    );
    assert_eq!(page.value("document.getElementById('message').value"), "a secret");
    // An answer that comes late does not move a window whose user has gone elsewhere.
    other.enter("/close albert");
    other.expect("document.getElementById('error').textContent === 'There is no conversation with albert'");
    page.click("#conversations li button");
    page.expect(&title("#lobby"));
    page.expect("document.getElementById('error').textContent === ''");
    assert!(page.value("document.getElementById('message').value") != "a secret");
    albert.send("PRIVMSG mel :still here");
    other.expect("[...document.querySelectorAll('#conversations li')].some((li) => li.dataset.name === 'albert')");
    page.enter("in the lobby");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :in the lobby");
}

#[test]
fn a_page_asks_before_it_leaves_for_all() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, address) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    let Some(browser) = Browser::open() else { return };
    let (page, other) = (browser.window(&address, 1000, 700), browser.window(&address, 1000, 700));
    page.expect("document.getElementById('title').textContent === '#lobby'");
    // Whoever goes on typing neither loses a key nor answers by it.
    page.enter("exit");
    page.expect("document.querySelector('#error button').textContent === 'Leave the chat'");
    assert_eq!(page.value("document.activeElement.id"), "message");
    page.expect("document.getElementById('message').value === 'exit'");
    page.type_into("#message", " is that way\u{e007}");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :exit is that way");
    page.expect("document.getElementById('error').textContent === ''");
    page.enter("exit");
    page.type_into("#error button", "\u{e00c}");
    page.expect("document.activeElement.id === 'message' && document.getElementById('error').textContent === ''");
    page.expect("document.getElementById('message').value === 'exit'");
    page.value("document.getElementById('message').value = ''");
    page.enter("tata");
    page.expect("document.querySelector('#error button').textContent === 'Leave the chat'");
    page.click("#error button");
    for window in [&page, &other] {
        window.expect("document.getElementById('connection').textContent === 'You have left the chat'");
    }
    mel.skip_to("DISCONNECTED!!");
    mel.expect_exit(0);
}
