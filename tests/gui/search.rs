//! Search in the conversation that is shown.

use crate::client::person::Home;
use crate::harness::Server;

use super::browser::Browser;
use super::with_page;

#[test]
fn words_are_found_marked_counted_and_walked_through() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    for number in 0..300 {
        let text = if number % 100 == 0 { "A needle (1+1) in the hay" } else { "hay" };
        albert.send(&format!("PRIVMSG #lobby :{number} {text}"));
    }
    albert.send("PRIVMSG #lobby :<b>.*</b> \u{130}stanbul needles");
    page.expect_row("albert: <b>.*</b> \u{130}stanbul needles");
    let (enter, shift, escape) = ('\u{e007}', '\u{e008}', '\u{e00c}');
    page.type_into("#messages", "/");
    page.expect("document.activeElement.id === 'words'");
    assert_eq!(page.said("#words"), "searchbox Search here");
    let hits = |expected: &str| page.expect(&format!("document.getElementById('hits').textContent === '{expected}'"));
    let marked = |what: &str| {
        let text = format!(
            "[...CSS.highlights.get('{what}')].map((range) => {{
            const live = document.createRange();
            live.setStart(range.startContainer, range.startOffset);
            live.setEnd(range.endContainer, range.endOffset);
            return live.toString();
        }}).join()"
        );
        page.value(&text)
    };
    page.type_into("#words", "NEEDLE");
    hits("4 of 4");
    assert_eq!((marked("found"), marked("hit")), ("needle,needle,needle,needle".into(), "needle".into()));
    let in_view = "(() => {
        const { top, bottom } = document.getElementById('messages').getBoundingClientRect();
        const row = [...CSS.highlights.get('hit')][0].startContainer.parentElement.closest('.row').getBoundingClientRect();
        return row.top >= top && row.bottom <= bottom;
    })()";
    page.expect(in_view);
    page.type_into("#words", &enter.to_string().repeat(3));
    hits("1 of 4");
    page.expect(in_view);
    page.type_into("#words", &enter.to_string());
    hits("4 of 4");
    page.type_into("#words", &format!("{shift}{enter}"));
    hits("1 of 4");
    page.click("#newer");
    hits("2 of 4");
    // Signs are only signs, and a name and its words are one text.
    for (words, expected) in [
        ("(1+1)", "3 of 3"),
        ("<b>.*</b>", "1 of 1"),
        ("albert: <b>", "1 of 1"),
        ("stanbul n", "1 of 1"),
        (".*", "1 of 1"),
        ("[", "Not found"),
        ("\\\\", "Not found"),
    ] {
        page.value(&format!("document.getElementById('words').value = '{words}'"));
        page.run("document.getElementById('words').dispatchEvent(new Event('input'))");
        hits(expected);
    }
    // Rows that come, or change, are searched, and the one that is shown stays.
    let mut people = ["bob", "carl", "dora"].map(|nick| server.client(nick));
    people[0].join("#lobby");
    page.expect_row("bob joined the conversation");
    page.value("document.getElementById('words').value = 'joined'");
    page.run("document.getElementById('words').dispatchEvent(new Event('input'))");
    hits("1 of 1");
    people[1].join("#lobby");
    page.expect_row("bob and carl joined");
    hits("1 of 1");
    page.expect("[...CSS.highlights.get('hit')][0].startContainer.isConnected");
    albert.send("PRIVMSG #lobby :he joined");
    hits("1 of 2");
    people[2].join("#lobby");
    hits("1 of 3");
    page.click("#older");
    hits("3 of 3");
    assert_eq!(marked("hit"), "joined");
    page.expect(in_view);
    page.type_into("#words", &escape.to_string());
    page.expect("document.getElementById('search').hidden && document.activeElement.id === 'message'");
    assert_eq!(page.value("CSS.highlights.get('found').size"), 0);
    page.type_into("#message", "\u{e009}\u{e008}f");
    page.expect("document.activeElement.id === 'words'");
    assert_eq!(page.complaints(), [""; 0]);
}
