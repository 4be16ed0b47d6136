//! Long conversations: ten thousand messages, and the place of a reader among them.

use serde_json::Value;

use crate::client::person::Home;
use crate::harness::Server;

use super::browser::Browser;
use super::with_page;

/// The first row that is wholly in view, and where it stands.
const FIRST_IN_VIEW: &str = "(() => {
    const top = document.getElementById('messages').getBoundingClientRect().top;
    const row = [...document.querySelectorAll('.row')].find((row) => row.getBoundingClientRect().top >= top);
    return [row.textContent, Math.round(row.getBoundingClientRect().top)];
})()";

/// Scrolls up by a step a frame: the times between frames in milliseconds, sorted.
const FRAMES: &str = "const messages = document.getElementById('messages'), times = [];
    let last = performance.now();
    const step = (now) => {
        times.push(now - last);
        last = now;
        messages.scrollTop -= 120;
        if (times.length < 200) requestAnimationFrame(step);
        else done(times.sort((one, other) => one - other));
    };
    requestAnimationFrame(step);";

/// Waits until what has changed is drawn.
const DRAWN: &str = "requestAnimationFrame(() => requestAnimationFrame(done));";

#[test]
fn ten_thousand_messages_are_shown_and_scroll() {
    let server = Server::start(&["--flood", "0"]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.querySelectorAll('#people li').length === 2");
    let begun = std::time::Instant::now();
    // A page that is more than 2,000 events behind begins anew.
    for last in (999..10_000).step_by(1000) {
        for number in last - 999..=last {
            albert.send(&format!("PRIVMSG #lobby :{number} of many{}", " and more".repeat(number % 12)));
        }
        page.expect(&format!(
            "document.getElementById('rows').lastChild.lastChild.textContent.includes('{last} of many')"
        ));
    }
    let shown = begun.elapsed();
    let frames = page.value_later(FRAMES);
    let frame = |percent: usize| frames[frames.as_array().unwrap().len() * percent / 100].as_f64().unwrap();
    println!(
        "10,000 messages: shown after {shown:.1?}; a frame takes {:.0} ms (median), {:.0} ms (p99)",
        frame(50),
        frame(99)
    );
    // As many rows as a page keeps, less a part that goes at once.
    let rows = page.value("document.querySelectorAll('.row').length").as_u64().unwrap();
    assert!((9_800..=10_000).contains(&rows), "{rows}");
    page.expect("document.querySelector('#conversations button').textContent === '#lobby'");
}

#[test]
fn a_reader_who_has_scrolled_up_stays_there() {
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
    for up in [-2_000, -9_000] {
        page.run(&format!("document.getElementById('messages').scrollTop = {up}"));
        page.value_later(DRAWN);
        let before: Value = page.value(FIRST_IN_VIEW);
        for number in 0..30 {
            albert.send(&format!("PRIVMSG #lobby :news {up} {number}"));
        }
        page.expect_row(&format!("albert: news {up} 29"));
        page.value_later(DRAWN);
        assert_eq!(page.value(FIRST_IN_VIEW), before);
    }
    page.expect("document.getElementById('to-end').textContent === '60 new messages, go to the end'");
    page.click("#to-end");
    page.expect("document.getElementById('to-end').hidden && document.activeElement.id === 'message'");
    // At the end one stays at the end.
    albert.send("PRIVMSG #lobby :the last one");
    page.expect_row("albert: the last one");
    assert_eq!(page.value("document.getElementById('messages').scrollTop"), 0);
    assert_eq!(page.value("document.getElementById('to-end').hidden"), true);
}
