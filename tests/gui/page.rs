//! What a user of the page sees and does, in a real browser.

use std::fs;

use crate::client::person::Home;
use crate::harness::Server;

use super::browser::Browser;
use super::with_page;

#[test]
fn two_windows_and_a_terminal_talk() {
    let server = Server::start(&[]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (mut mel, mels) = with_page(&homes[0], "mel");
    let (_bob, bobs) = with_page(&homes[1], "bob");
    let Some(browser) = Browser::open() else { return };
    let (one, two) = (browser.window(&mels, 1000, 700), browser.window(&mels, 360, 640));
    let other = browser.window(&bobs, 1000, 700);
    one.expect("document.activeElement.id === 'message' && document.querySelectorAll('#people li').length === 2");
    assert_eq!(one.value("location.href + sessionStorage.token"), format!("http://{}/{}", mels.host, mels.token));
    one.enter("hello from one");
    for page in [&one, &two] {
        page.expect_row("mel: hello from one");
    }
    other.expect_row("mel: hello from one");
    mel.skip_to("(to #lobby) hello from one");
    mel.type_line("hello from the terminal");
    for page in [&one, &two, &other] {
        page.expect_row("mel: hello from the terminal");
    }
    two.enter("/me waves");
    other.expect_row("* mel waves");
    // Private, from the menu of a name.
    other.click("#people li:nth-child(2) button");
    other.click("#menu button");
    other.expect("document.getElementById('title').textContent === 'mel'");
    other.enter("psst");
    mel.skip_to("bob (to you): psst");
    one.expect("[...document.querySelectorAll('#conversations button')].some((b) => b.textContent === 'bob 1 unread')");
    one.click("#conversations li:nth-child(2) button");
    one.expect_row("bob: psst");
    // It is read in all windows, and the other one stays where it is.
    two.expect("document.querySelectorAll('#conversations li')[1].textContent === 'bob'");
    assert_eq!(two.value("document.getElementById('title').textContent"), "#lobby");
    other.enter("/name robert");
    one.expect("document.getElementById('title').textContent === 'robert'");
    one.enter("/foo");
    one.expect("document.getElementById('error').textContent === 'Unknown command /foo, try /help'");
    assert_eq!(one.value("document.getElementById('message').value"), "/foo");
    for page in [&one, &two, &other] {
        let complaints = page.complaints();
        assert!(complaints.iter().all(|complaint| complaint.contains("/lines")), "{complaints:#?}");
    }
}

#[test]
fn a_screen_reader_finds_its_way() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 1");
    for (selector, said) in [
        ("#messages", "log Messages"),
        ("#message", "textbox Message"),
        ("#conversations", "list Conversations"),
        ("#people", "list People"),
        ("#conversations button", "button #lobby"),
        ("#connection", "status "),
        ("#error", "alert "),
    ] {
        assert_eq!(page.said(selector), said);
    }
}

#[test]
fn texts_of_others_stay_text() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut evil = server.client("evil`{}|");
    evil.join("#<script>alert(1)</script>");
    evil.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    let texts = [
        "<script>document.title='x'</script>",
        "\"><img src=x onerror=alert(1)>",
        "&lt;b&gt; <b>",
        "javascript:alert(1)",
        "{{7*7}} ${7*7}",
    ];
    page.expect("document.querySelectorAll('#people li').length === 2");
    for text in texts {
        evil.send(&format!("PRIVMSG #lobby :{text}"));
        page.expect_row(&format!("evil`{{}}|: {text}"));
    }
    evil.send("PRIVMSG #lobby :a\u{202e}b\u{2066}c\u{7}d");
    page.expect_row("evil`{}|: abcd");
    evil.send("TOPIC #lobby :<img src=x onerror=alert(1)>");
    page.expect("document.getElementById('topic').textContent === '<img src=x onerror=alert(1)>'");
    evil.send("INVITE mel #<script>alert(1)</script>");
    page.expect_row(
        "evil`{}| invites you to #<script>alert(1)</script>; /join #<script>alert(1)</script> takes you there Enter",
    );
    page.click("#messages .row:last-child button");
    page.expect("document.getElementById('title').textContent === '#<script>alert(1)</script>'");
    evil.send("PART #lobby :<img src=x onerror=alert(1)>");
    evil.send("KICK #<script>alert(1)</script> mel :<script>alert(1)</script>");
    page.expect("document.querySelectorAll('#conversations li').length === 1");
    assert_eq!(page.value("document.querySelectorAll('img, b, script:not([src])').length"), 0);
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn a_file_and_an_image_go_both_ways() {
    let server = Server::start(&["--flood", "0"]);
    let homes = [Home::calling(server.addresses[0]), Home::calling(server.addresses[0])];
    let (_mel, mels) = with_page(&homes[0], "mel");
    let (mut bob, _) = with_page(&homes[1], "bob");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&mels, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    // A picture of one pixel (PNG, with its checksums).
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
        \0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
    let picture = homes[1].path().join("picture.png");
    fs::write(&picture, png).unwrap();
    fs::write(homes[1].path().join("fake.png"), "<svg onload=alert(1)>").unwrap();
    page.type_into("#file", picture.to_str().unwrap());
    page.type_into("dialog form button", "\u{e007}");
    bob.skip_to("Received picture.png from mel: *");
    assert_eq!(fs::read(homes[1].path().join("downloads/picture.png")).unwrap(), png);
    bob.type_line("/file picture.png #lobby");
    page.expect("document.querySelector('#messages img')?.naturalWidth === 1");
    bob.type_line("/file fake.png #lobby");
    page.expect(
        "[...document.querySelectorAll('#messages .row p')].some((row) => row.innerText.includes('Received fake.png'))",
    );
    assert_eq!(page.value("document.querySelectorAll('#messages img').length"), 1);
    // It is fetched once, when it comes into view, however often it is shown.
    let fetched = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/files/')).length";
    page.expect(&format!("{fetched} === 2"));
    for title in ["bob", "#lobby"] {
        page.enter(&format!("/to {title}"));
        page.expect(&format!("document.getElementById('title').textContent === '{title}'"));
    }
    page.expect("document.querySelector('#messages img')?.naturalWidth === 1");
    assert_eq!(page.value(fetched), 2);
    for number in 0..30 {
        bob.type_line(&format!("{number}{}", " of many rows".repeat(200)));
    }
    page.expect("document.getElementById('rows').innerText.includes('29 of many')");
    page.reload();
    page.expect("document.getElementById('rows').innerText.includes('29 of many')");
    page.value_later("requestAnimationFrame(() => requestAnimationFrame(done));");
    assert_eq!(page.value(fetched), 0);
    page.run("document.getElementById('messages').scrollTop = -1e6");
    page.expect("document.querySelector('#messages img')?.naturalWidth === 1");
    page.expect(&format!("{fetched} === 2"));
}

#[test]
fn the_page_comes_back_after_each_loss() {
    let mut server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    albert.send("PRIVMSG #lobby :before");
    page.expect_row("albert: before");
    page.reload();
    page.expect_row("albert: before");
    page.expect("document.getElementById('connection').textContent === 'You are mel'");
    let (folder, listen) = (std::sync::Arc::clone(&server.folder), server.addresses[0].to_string());
    server.program.stop();
    page.expect("document.getElementById('connection').className === 'lost'");
    let again = Server::start_in(&folder, &["--listen", &listen]);
    page.expect("document.getElementById('connection').textContent === 'You are mel'");
    let mut albert = again.client("albert");
    albert.join("#lobby");
    albert.send("PRIVMSG #lobby :after");
    page.expect_row("albert: after");
    mel.type_line("tata");
    page.expect("document.getElementById('connection').textContent === 'You have left the chat'");
}

#[test]
fn the_page_says_why_the_client_has_ended() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('connection').textContent === 'You are mel'");
    // Nothing that the client could do by itself makes the connection come back.
    let listen = server.addresses[0].to_string();
    drop(server);
    let _other = Server::start(&["--listen", &listen, "--password", "secret"]);
    let why = "the server wants a password (Password missing or wrong); give it with --password";
    page.expect("document.getElementById('connection').textContent === 'The chat has ended'");
    page.expect(&format!("document.getElementById('reason').textContent === '{why}'"));
    // For those who have closed the dialog.
    page.expect_row(why);
    mel.skip_to("DISCONNECTED!!");
    mel.expect_failure(why);
}

#[test]
fn the_keyboard_is_enough() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    let (tab, enter, up, down, escape) = ('\u{e004}', '\u{e007}', '\u{e013}', '\u{e015}', '\u{e00c}');
    page.type_into("#message", &format!("al{tab}hi{enter}"));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :albert: hi");
    page.type_into("#message", &format!("/who{tab}{tab}{tab}"));
    page.expect("document.getElementById('message').value === '/who '");
    page.type_into("#message", &format!("{up}{up}{down}"));
    // What was not sent is still there.
    page.expect("document.getElementById('message').value === '/who '");
    page.type_into("#message", &format!("{up}!{enter}"));
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :albert: hi!");
    // The menu of a name: opened, walked through and closed again.
    page.type_into("#people button", &format!("{enter}"));
    page.expect("document.activeElement.textContent === 'Write to albert'");
    page.type_into("#menu button:focus", &format!("{down}"));
    page.expect("document.activeElement.textContent === 'Who is that?'");
    page.type_into("#menu button:focus", &format!("{escape}"));
    page.expect("document.activeElement.textContent === 'albert operator'");
    page.type_into("#people button", &format!("{enter}"));
    page.type_into("#menu button:focus", &format!("{enter}"));
    page.expect("document.getElementById('title').textContent === 'albert' && document.activeElement.id === 'message'");
}

#[test]
fn stored_messages_have_their_time_and_the_blacklist_is_kept() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (mut mel, _) = with_page(&home, "mel");
    mel.type_line("tata");
    mel.expect_goodbye();
    let mut albert = server.client("albert");
    albert.send("PRIVMSG mel :while you were away");
    albert.expect("301 mel :offline, stored");
    albert.join("#lobby");
    let mut evil = server.client("evil");
    evil.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 3");
    page.click("#conversations li:nth-child(1) button");
    page.expect("/stored, of .*albert: while you were away/.test(document.getElementById('rows').innerText)");
    page.click("#conversations li:nth-child(2) button");
    page.expect("document.querySelectorAll('#people li').length === 3");
    page.click("#people li:nth-child(2) button");
    page.expect("document.activeElement.textContent === 'Write to evil'");
    page.click("#menu button:nth-child(5)");
    page.expect("document.getElementById('rows').innerText.includes('You will see nothing more from evil')");
    evil.send("PRIVMSG #lobby :spam");
    evil.sync();
    albert.send("PRIVMSG #lobby :ham");
    page.expect_row("albert: ham");
    assert_eq!(page.value("document.body.innerText.includes('spam')"), false);
}

#[test]
fn what_is_being_written_stays_where_it_was_begun() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.enter("/to albert");
    page.expect("document.getElementById('title').textContent === 'albert'");
    // The answer comes late.
    page.run(
        "const now = window.fetch;
         window.fetch = (path, ...rest) => (path !== '/lines' ? now(path, ...rest)
             : new Promise((done) => { window.go = () => done(now(path, ...rest)); }));",
    );
    page.enter("/to #lobby");
    page.type_into("#message", "a sec");
    page.run("go()");
    page.expect("document.getElementById('error').textContent === 'Now you can go to #lobby: it is in the list'");
    page.type_into("#message", "ret\u{e007}");
    page.run("go()");
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG albert :a secret");
    // Each conversation keeps what is begun there.
    page.type_into("#message", "half");
    page.click("#conversations li:first-child button");
    page.expect("document.getElementById('title').textContent === '#lobby'");
    assert_eq!(page.value("document.getElementById('message').value"), "");
    page.click("#conversations li:nth-child(2) button");
    page.expect("document.getElementById('message').value === 'half'");
}

#[test]
fn pasted_and_dropped_files_are_sent_after_a_question() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (mut mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.enter("/to albert");
    page.expect("document.getElementById('title').textContent === 'albert'");
    page.run(
        "window.data = new DataTransfer();
         data.items.add(new File(['text'], '\"><img src=x onerror=alert(1)>.txt'));
         window.paste = () => document.getElementById('message').dispatchEvent(
             new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
         window.drag = (kind) => document.dispatchEvent(new DragEvent(kind, { dataTransfer: data }));",
    );
    page.run("drag('dragover')");
    page.expect("document.getElementById('drop').textContent === 'Drop to send to albert' && !drop.hidden");
    page.run("drag('drop')");
    page.expect("drop.hidden && document.activeElement.textContent === 'Send to albert alone'");
    page.type_into("dialog form button", "\u{e00c}");
    page.expect("!document.getElementById('dialog').open && document.activeElement.id === 'message'");
    page.run("paste()");
    page.type_into("dialog form button", "\u{e007}");
    mel.skip_to("Sent __*.txt * to albert *");
    // They have another name now; the question was about the one before.
    page.run("paste()");
    albert.send("NICK al");
    page.expect("document.getElementById('title').textContent === 'al'");
    page.expect("document.getElementById('error').textContent === 'albert is called al now; nothing was done'");
    page.expect("!document.getElementById('dialog').open");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn those_who_come_and_go_are_counted_as_in_the_terminal() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 1");
    let mut people: Vec<_> = ["albert", "bob", "carl", "dora", "evil"].map(|nick| server.client(nick)).into();
    people.iter_mut().for_each(|person| person.join("#lobby"));
    people[0].send("PART #lobby");
    people[0].join("#lobby");
    page.expect_row("albert, bob and 3 others joined");
    people[1].send("PART #lobby");
    people[1].sync();
    page.expect_row("albert, carl and 2 others joined; bob joined and left again");
    people[2].send("PRIVMSG #lobby :hello");
    page.expect_row("carl: hello");
    people[2].send("PART #lobby");
    people[2].join("#lobby");
    page.expect_row("carl left and came back");
    // What somebody says of it is not hidden behind a number.
    people[4].send("PART #lobby :x) and albert (y");
    page.expect_row("evil left the conversation (x) and albert (y)");
    people[4].join("#lobby");
    page.expect_row("evil joined the conversation");
    let last = "document.querySelector('#rows').lastChild.lastChild.innerText";
    page.expect(&format!("{last}.includes('evil joined the conversation')"));
    // An operator removes one who has just come.
    page.expect("document.querySelector('#people [data-name=mel]').textContent === 'mel operator'");
    page.enter("/kick evil too loud");
    page.expect_row("evil was removed by mel (too loud)");
    page.expect("!document.querySelector('#people [data-name=evil]')");
    // Those of a server that is lost are one row.
    for person in [0, 2, 3] {
        people[person].send("PART #lobby :a.net b.net");
        people[person].sync();
    }
    page.expect_row("albert, carl and dora left (a.net b.net)");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn what_is_written_for_somebody_elsewhere_is_also_shown_where_it_was_written() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let (page, other) = (browser.window(&address, 1000, 700), browser.window(&address, 1000, 700));
    page.expect("document.querySelectorAll('#people li').length === 2");
    page.enter("@albert psst");
    page.expect_row("(to albert) psst");
    page.enter("/msg albert once more");
    page.expect_row("(to albert) once more");
    page.enter("psst");
    for page in [&page, &other] {
        page.expect_row("mel: psst");
    }
    assert_eq!(page.value("document.getElementById('rows').innerText.split('(to albert)').length"), 3);
    assert_eq!(other.value("document.getElementById('rows').innerText.includes('(to albert)')"), false);
    page.click("#conversations li:nth-child(2) button");
    page.expect_row("mel: once more");
    page.enter("@albert here");
    page.expect_row("mel: here");
    assert_eq!(page.value("document.getElementById('rows').innerText.includes('(to albert)')"), false);
    assert_eq!(page.complaints(), [""; 0]);
}
