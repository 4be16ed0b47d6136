//! A page that is reloaded while a file is on its way.

use std::fs;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;

use super::address_of;
use super::browser::Browser;

const PROGRESS: &str = "document.querySelector('#transfers progress')?.value > 0";
const NOTHING: &str = "document.querySelectorAll('#transfers li').length === 0";

#[test]
fn a_file_goes_on_while_the_page_is_reloaded() {
    let server = ScriptedServer::start();
    let home = Home::calling(&server.address);
    let mut tesla = home.start(&["--nick", "tesla", "--gui"]);
    let mut session = server.accept_with_files(&[]);
    let address = address_of(&mut tesla);
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('connection').textContent === 'You are tesla'");
    // One that comes.
    let bytes = vec![b'x'; 3_000_000];
    session.send(&format!(":albert!a@h FILE ANNOUNCE tesla 7 3000000 {:08x} :film.mp4", wire::crc32::crc32(&bytes)));
    session.expect("FILE FETCH 7");
    session.answer_ping();
    session.send(&format!(":srv FILE GET 7 token 3000000 {:08x} :film.mp4", wire::crc32::crc32(&bytes)));
    let mut data = server.accept();
    data.expect("GET 7 token 0");
    data.send("OK 3000000");
    data.send_bytes(&bytes[..1_000_000]);
    page.expect(PROGRESS);
    page.reload();
    page.expect(PROGRESS);
    data.send_bytes(&bytes[1_000_000..]);
    session.expect("FILE GOT 7");
    session.answer_ping();
    page.expect(NOTHING);
    page.click("#conversations li:nth-child(2) button");
    page.expect("document.querySelector('#messages').innerText.includes('Received film.mp4')");
    // It can be had from the page that was loaded later.
    page.reload();
    page.expect("document.querySelector('#messages').innerText.includes('Received film.mp4')");
    assert_eq!(address.get("/files/7").body.len(), 3_000_000);
    // One that goes.
    let film = home.path().join("own.mp4");
    fs::write(&film, &bytes).unwrap();
    page.type_into("#file", film.to_str().unwrap());
    page.type_into("dialog form button", "\u{e007}");
    let offer = session.expect("FILE OFFER u* albert 3000000 own.mp4");
    session.answer_ping();
    session.send(&format!(":srv FILE PUT {} 8 token 0 00000000", offer.split(' ').nth(2).unwrap()));
    let mut data = server.accept();
    data.expect("PUT 8 token 0");
    assert!(data.receive_bytes(1_000_000) == bytes[..1_000_000]);
    page.expect(PROGRESS);
    page.reload();
    page.expect(PROGRESS);
    assert!(data.receive_bytes(2_000_000) == bytes[1_000_000..]);
    data.expect(&format!("{:08x}", wire::crc32::crc32(&bytes)));
    data.send("OK 8");
    page.expect(NOTHING);
    page.expect("document.querySelector('#messages').innerText.includes('Sent own.mp4')");
    assert_eq!(page.value("document.getElementById('title').textContent"), "albert");
}
