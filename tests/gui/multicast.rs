//! Multicast rooms in the page: a conversation without the server, beside the others.

use serde_json::json;

use crate::client::person::{Home, Person, WELCOME};
use crate::editor::window::Window;
use crate::harness::Server;

use super::browser::Browser;
use super::http::Address;
use super::with_page_and;

/// The room as the pages name it.
const LAB: &str = "[lab] (multicast)";

/// What is sent stays on this machine.
const LOOPBACK: [&str; 2] = ["--iface", "127.0.0.1"];

/// Anna is in the room lab, and mel in the lobby, with a page.
struct Scene {
    server: Server,
    homes: [Home; 2],
}

impl Scene {
    fn new() -> Scene {
        let server = Server::start(&[]);
        let homes = [0; 2].map(|_| Home::calling_by_default(server.addresses[0]));
        Scene { server, homes }
    }

    #[track_caller]
    fn anna(&self) -> Person {
        let mut anna = self.homes[0].start(&[&["--nick", "anna"][..], &LOOPBACK].concat());
        anna.skip_to(WELCOME);
        anna.type_line("/makeroom lab 239.77.1.3 4077");
        anna.type_line("/makeroom attic 239.77.1.3 4078");
        anna.type_line("/chat lab");
        anna.skip_to("You are in lab at *");
        anna
    }

    #[track_caller]
    fn mel(&self) -> (Person, Address) {
        with_page_and(&self.homes[1], "mel", &LOOPBACK)
    }
}

fn conversation(page: &Address) -> serde_json::Value {
    page.get("/conversation?name=%5Blab%5D%20(multicast)").json()
}

#[test]
fn a_page_enters_a_room_and_the_terminal_stays_where_it_is() {
    let scene = Scene::new();
    let mut anna = scene.anna();
    let (mut mel, page) = scene.mel();
    let mut windows = [page.follow_from_now(), page.follow_from_now()];
    assert_eq!(page.line("#lobby", "/chat nosuch"), Err("The room nosuch was not entered".into()));
    assert_eq!(page.line("#lobby", "/chat lab"), Ok(json!(LAB)));
    for window in &mut windows {
        window.skip_to(&json!({ "type": "conversation", "name": LAB, "is_aside": true, "people": 2 }));
    }
    anna.skip_to("[lab] mel joined the conversation");
    // The terminal's lines go to the lobby as before; each line of a page goes where it says.
    mel.type_line("in the lobby");
    anna.skip_to("mel: in the lobby");
    assert_eq!(
        page.line(LAB, "hello\n/say exit"),
        Err("Nothing was sent: a row in the middle looks like a \
        command; /say before the text sends it as it is"
            .into())
    );
    assert_eq!(page.line(LAB, "hello\nthere"), Ok(json!(LAB)));
    anna.skip_to("[lab] mel: hello");
    anna.skip_to("[lab] mel: there");
    mel.skip_to("(to [lab] (multicast)) hello");
    assert_eq!(page.line("#lobby", "to the lobby"), Ok(json!("#lobby")));
    anna.skip_to("mel: to the lobby");
    anna.type_line("hi mel");
    mel.skip_to("[lab] anna: hi mel");
    let said = json!({ "type": "said", "conversation": LAB, "from": "anna", "text": "hi mel" });
    windows.iter_mut().for_each(|window| _ = window.skip_to(&said));
    let known = conversation(&page);
    assert_eq!(known["members"], json!(["anna", "mel"]));
    let texts: Vec<_> = known["events"].as_array().unwrap().iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(texts, ["hello", "there", "hi mel"]);
    assert_eq!(page.line(LAB, "/stats"), Ok(json!(LAB)));
    let stats = windows[0].skip_to(&json!({ "type": "note", "conversation": LAB, "is_table": true }));
    assert!(stats["sentence"].as_str().unwrap().contains("messages shown\n"), "{stats}");
    assert_eq!(page.line(LAB, "/who"), Ok(json!(LAB)));
    let who = windows[0].skip_to(&json!({ "type": "note", "conversation": LAB, "is_table": true }));
    assert!(who["sentence"].as_str().unwrap().starts_with("2 members of lab: you\n    anna, heard "), "{who}");
    // It ends for all, and is no other conversation then.
    assert_eq!(page.line(LAB, "/part"), Ok(json!(null)));
    anna.skip_to("[lab] mel left the conversation");
    windows.iter_mut().for_each(|window| _ = window.skip_to(&json!({ "type": "closed", "name": LAB })));
    let gone = Err("Nothing was sent: you are not in [lab] (multicast) any more".to_owned());
    assert_eq!(page.line(LAB, "too late"), gone);
    assert_eq!(page.line(LAB, "/stats"), gone);
    page.get("/conversation?name=%5Blab%5D%20(multicast)").expect_refusal(404);
    mel.type_line("still in the lobby");
    anna.skip_to("mel: still in the lobby");
}

#[test]
fn what_a_room_without_the_server_cannot_do_is_refused_and_reaches_nobody() {
    let scene = Scene::new();
    let mut anna = scene.anna();
    // Somebody can be called like the room.
    let mut person = scene.server.client("[lab]");
    person.join("#lobby");
    let (_mel, page) = scene.mel();
    person.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    page.line("#lobby", "/chat lab").unwrap();
    let not_here =
        |what: &str| Err(format!("{what}[lab] (multicast) is not on the server; go to another conversation first"));
    for (text, answer) in [
        ("/me waves", Err("/me does not work in [lab] (multicast)".to_owned())),
        ("/topic x", Err("/topic does not work in [lab] (multicast)".to_owned())),
        ("/invite anna", not_here("Nothing was sent: ")),
        ("/close", not_here("")),
        ("/foo", Err("Unknown command /foo, try /help".into())),
        ("@ anna psst", Err("Usage: @NAME text; nothing was sent (/say TEXT sends it as it is)".into())),
        // Who goes elsewhere in one window goes there in this one.
        ("/to #lobby", Ok(json!("#lobby"))),
        ("/join #attic", Ok(json!("#attic"))),
    ] {
        assert_eq!(page.line(LAB, text), answer, "{text}");
    }
    assert!(page.line(LAB, "/file Cargo.toml").unwrap_err().contains("is not on the server"));
    let sent = page.post("/files?name=x&conversation=%5Blab%5D%20(multicast)", "bytes");
    assert!(sent.expect_refusal(422).contains("files go through the server"));
    assert_eq!(page.line("[lab]", "for you alone"), Ok(json!("[lab]")));
    person.expect(":mel!mel@127.0.0.1 PRIVMSG [lab] :for you alone");
    assert_eq!(page.line(LAB, "@[lab] psst"), Ok(json!(LAB)));
    person.expect(":mel!mel@127.0.0.1 PRIVMSG [lab] :psst");
    assert_eq!(page.line(LAB, "for everybody"), Ok(json!(LAB)));
    anna.skip_to("[lab] mel: for everybody");
    assert!(!anna.has_seen_like("*alone*") && !anna.has_seen_like("*psst*"));
}

#[test]
fn a_terminal_that_a_page_takes_out_of_a_room_talks_to_nobody() {
    let scene = Scene::new();
    let mut anna = scene.anna();
    let (mut mel, page) = scene.mel();
    for leave in ["/part", "/chat attic"] {
        mel.type_line("/join #lobby");
        let mut window = page.follow_from_now();
        mel.type_line("/chat lab");
        mel.skip_to("You are in lab at *; Ctrl-D leads back, *");
        window.skip_to(&json!({ "type": "conversation", "name": LAB }));
        mel.type_line("from the terminal");
        anna.skip_to("[lab] mel: from the terminal");
        window.skip_to(&json!({ "type": "we_said", "conversation": LAB, "text": "from the terminal" }));
        page.line("#lobby", "to the lobby").unwrap();
        anna.skip_to("mel: to the lobby");
        page.line(LAB, "from the page").unwrap();
        anna.skip_to("[lab] mel: from the page");
        page.line(LAB, leave).unwrap();
        mel.skip_to("You are talking to nobody now; *");
        // It was perhaps typed already, for those in the room.
        mel.type_line("for the lab alone");
        mel.skip_to("Nothing was sent: you are talking to nobody; *");
    }
    assert!(!anna.has_seen("mel: for the lab alone"));
    // The terminal comes back into the room in which the page is.
    mel.type_line("/chat attic");
    mel.skip_to("You are in attic already");
    mel.type_line("hello");
    mel.type_line("/part");
    mel.skip_to("You left attic");
    assert_eq!(
        page.line("[attic] (multicast)", "late"),
        Err("Nothing was sent: you are not in [attic] (multicast) any more".into())
    );
}

#[test]
fn what_is_half_typed_at_the_terminal_stays_where_it_was_begun() {
    let scene = Scene::new();
    let mut anna = scene.anna();
    let mut mel = Window::open(
        &scene.homes[1].client(&["--nick", "mel", "--gui", "--times", "off", "--iface", "127.0.0.1"]),
        200,
        40,
    );
    mel.expect_prompt("#lobby> |");
    let rows = mel.rows().join("\n");
    let url = rows.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let page = Address::of(url);
    // Private words, and the room is entered by a page before Enter.
    mel.type_text("/to anna\r");
    mel.expect_prompt("@anna> |");
    mel.type_text("psst");
    page.line("#lobby", "/chat lab").unwrap();
    mel.expect_row("You are in lab at ");
    mel.expect_prompt("@anna> psst|");
    mel.type_text("\r");
    anna.skip_to("mel (to you): psst");
    page.line("[lab] (multicast)", "from the page").unwrap();
    mel.expect_row("(to [lab] (multicast)) from the page");
    // The other way round: words for the room, and a page leaves it.
    mel.type_text("/chat lab\r");
    mel.expect_prompt("[lab]> |");
    page.line("[lab] (multicast)", "the same room").unwrap();
    mel.expect_row("[lab] mel: the same room");
    page.line("anna", "private").unwrap();
    mel.expect_row("(to anna) private");
    mel.type_text("for the room");
    mel.expect_prompt("[lab]> for the room|");
    page.line("[lab] (multicast)", "/part").unwrap();
    mel.expect_prompt("> for the room|");
    mel.type_text("\r");
    mel.expect_row("Nothing was sent: you are talking to nobody");
    mel.type_text("/to #lobby\r");
    mel.expect_prompt("#lobby> |");
    mel.type_text("the end\r");
    anna.skip_to("mel: the end");
    assert!(!anna.has_seen_like("*for the room*") && !anna.has_seen("[lab] mel: psst"));
}

#[test]
fn the_directory_prompt_says_that_it_has_no_page() {
    let scene = Scene::new();
    let mut mel = scene.homes[1].start(&["--directory", "--gui"]);
    mel.expect_failure("the directory prompt has no page: *");
}

#[test]
fn a_name_that_is_taken_in_the_room_is_nobody_of_the_server() {
    let scene = Scene::new();
    let _anna = scene.anna();
    let mut bob = scene.server.client("bob");
    bob.join("#lobby");
    let (_mel, address) = scene.mel();
    bob.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    address.line("#lobby", "/chat lab").unwrap();
    let mut window = address.follow_from_now();
    // Somebody without a connection to the server can have any name in the room.
    let home = Home::calling_by_default(scene.server.addresses[0]);
    let mut eve = home.start(&[&["--directory", "--nick", "eve"][..], &LOOPBACK].concat());
    eve.type_line("chat lab");
    eve.skip_to("You are in lab at *");
    window.skip_to(&json!({ "type": "conversation", "name": LAB, "people": 3 }));
    eve.type_line("/bye");
    eve.skip_to("You are no longer connected to *");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('title').textContent === '#lobby'");
    page.enter("/query bob");
    page.expect("document.getElementById('title').textContent === 'bob'");
    for (name, old) in [("bob", "eve"), ("eve", "bob")] {
        eve.type_line(&format!("/name {name}"));
        window.skip_to(&json!({ "type": "renamed", "conversation": LAB, "old": old, "new": name }));
        eve.type_line(&format!("I am {name}"));
        window.skip_to(&json!({ "type": "said", "conversation": LAB, "from": name }));
        page.enter("psst");
        bob.skip_to(":mel!mel@127.0.0.1 PRIVMSG bob :psst");
        page.expect("document.getElementById('title').textContent === 'bob'");
    }
    page.click("#conversations li[data-name='[lab] (multicast)'] button");
    page.expect_row("eve is now called bob");
    page.expect_row("bob: I am bob");
}

#[test]
fn two_windows_show_the_room_and_a_line_for_it_goes_nowhere_else() {
    let scene = Scene::new();
    let mut anna = scene.anna();
    let (mut mel, address) = scene.mel();
    let Some(browser) = Browser::open() else { return };
    let (one, two) = (browser.window(&address, 1000, 700), browser.window(&address, 1000, 700));
    one.expect("document.querySelectorAll('#people li').length === 2");
    one.click("#directory");
    one.expect(
        "document.querySelector('#rows .row:last-child .actions button:last-child')?.textContent === 'Enter lab'",
    );
    assert!(
        one.value("document.getElementById('rows').innerText")
            .as_str()
            .unwrap()
            .contains("lab    239.77.1.3:4077  anna")
    );
    one.click("#rows .row:last-child button:last-child");
    one.expect("document.getElementById('title').textContent === '[lab] (multicast)'");
    one.expect("document.getElementById('topic').textContent.endsWith('what is said here is encrypted')");
    one.expect("[...document.querySelectorAll('#people li')].map((li) => li.dataset.name).join() === 'anna,mel'");
    anna.skip_to("[lab] mel joined the conversation");
    two.expect("[...document.querySelectorAll('#conversations li')].some((li) => li.dataset.name.startsWith('[lab]'))");
    assert_eq!(two.value("document.getElementById('title').textContent"), "#lobby");
    one.click("#conversations li:nth-child(1) button");
    anna.type_line("hello, page");
    mel.skip_to("[lab] anna: hello, page");
    two.expect("/multicast.*1 unread/.test(document.getElementById('conversations').textContent)");
    assert_eq!(two.value("document.getElementById('rows').innerText.includes('hello, page')"), false);
    for page in [&one, &two] {
        page.click("#conversations li:nth-child(2) button");
        page.expect_row("anna: hello, page");
    }
    two.enter("hello, anna");
    anna.skip_to("[lab] mel: hello, anna");
    one.expect_row("mel: hello, anna");
    assert_eq!(one.value("getComputedStyle(document.getElementById('aside')).display"), "block");
    one.click("#counters");
    one.expect("[...document.querySelectorAll('#rows .table')].at(-1).innerText.includes('1  messages said')");
    // What is being written when the room is left goes nowhere.
    two.type_into("#message", "half typed");
    one.click("#leave");
    mel.skip_to("You left lab");
    two.expect(
        "document.getElementById('error').textContent === \
         '[lab] (multicast) is closed; what you are writing was not sent'",
    );
    assert_eq!(two.value("document.getElementById('title').textContent"), "groupchat");
    two.type_into("#message", "\u{e007}");
    two.expect(
        "document.getElementById('error').textContent.startsWith('Nothing was sent: you are talking to nobody')",
    );
    assert_eq!(two.value("document.getElementById('message').value"), "half typed");
    assert_eq!(one.value("getComputedStyle(document.getElementById('aside')).display"), "none");
    mel.type_line("the end");
    anna.skip_to("mel: the end");
    assert!(!anna.has_seen_like("*half typed*"));
}
