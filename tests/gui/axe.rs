//! A check of the page against the rules for accessibility, by axe-core (Deque), which `.ci/run` fetches.

use std::fs;

use serde_json::json;

use crate::client::person::Home;
use crate::harness::{Server, skip};

use super::browser::{Browser, Page};
use super::with_page;

/// Where `.ci/run` unpacks it.
const AXE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/axe-core/package/axe.min.js");

/// What is wrong with the page as it is now: how much, by which rule, where.
fn check(page: &Page<'_>, axe: &str, what: &str) {
    page.run(&format!("{axe}; window.axe = axe;"));
    let found = page.value_later(
        "axe.run().then(({ violations }) => done(violations.map(({ impact, id, nodes }) =>
             `${impact}: ${id}: ${nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`).join('; ')}`)),
         (error) => done([String(error)]));",
    );
    assert_eq!(found, json!([]), "{what}");
}

#[test]
fn the_page_breaks_no_rule_of_accessibility() {
    let Ok(axe) = fs::read_to_string(AXE) else {
        assert!(std::env::var("BROWSER").as_deref() != Ok("required"), "there is no {AXE}");
        skip(&format!("there is no axe-core at {AXE} (npm pack axe-core, and unpack it)"));
        return;
    };
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut people: Vec<_> = ["albert", "bob", "carl"].map(|nick| server.client(nick)).into();
    people.iter_mut().for_each(|person| person.join("#lobby"));
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    people[0].send("MODE #lobby +ov mel bob");
    people[0].send("MODE #lobby +b evil");
    people[0].send("TOPIC #lobby :Of this and that");
    people.iter_mut().for_each(|person| person.send("PRIVMSG #lobby :mel: hello"));
    people[1].send("PRIVMSG mel :psst");
    people[2].send("INVITE mel #lab");
    page.expect("document.querySelectorAll('#conversations li').length === 2");
    page.expect("document.querySelector('#people [data-name=mel]').textContent === 'mel operator'");
    for (width, height, scheme) in [(1280, 800, "light"), (360, 740, "light"), (1280, 800, "dark"), (360, 740, "dark")]
    {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700 });
        page.emulate("setDeviceMetricsOverride", &screen);
        let preference = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        page.emulate("setEmulatedMedia", &json!({ "features": preference }));
        let check = |what: &str| {
            check(&page, &axe, &format!("{what}, {width} pixels, {scheme}"));
            page.expect("document.documentElement.scrollWidth <= innerWidth");
        };
        check("the chat");
        page.click(".nick");
        check("the menu of a person");
        page.type_into("#menu button:focus", "\u{e00c}");
        if width < 700 {
            page.click("#show-lists");
            check("the lists");
            page.click("#show-lists");
        }
        for dialog in ["Topic and settings …", "Enter a room, write to somebody …", "Options …", "Help"] {
            page.click("#more");
            page.choose(dialog);
            page.expect("document.querySelector('#dialog-content :is(form, h3)')");
            check(dialog);
            page.click("#close");
        }
        page.click("#more");
        page.choose("Search …");
        page.type_into("#words", "hello");
        check("the search");
        page.click("#end-search");
    }
}
