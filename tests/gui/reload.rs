//! A page that is loaded again, also while a file is on its way.

use std::fs;

use crate::client::person::Home;
use crate::client::scripted_server::ScriptedServer;
use crate::harness::Server;

use super::browser::Browser;
use super::{address_of, with_page};

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

#[test]
fn nothing_that_is_being_written_is_lost() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    let is_written = |text: &str| format!("document.getElementById('message').value === '{text}'");
    let goes_to = |row: u32, title: &str| {
        page.expect(&format!("document.querySelectorAll('#conversations li').length >= {row}"));
        page.click(&format!("#conversations li:nth-child({row}) button"));
        page.expect(&format!("document.getElementById('title').textContent === '{title}'"));
    };
    albert.send("PRIVMSG mel :hello");
    page.expect("document.querySelectorAll('#conversations li').length === 2");
    page.type_into("#message", "lobby draft");
    goes_to(2, "albert");
    page.enter("one");
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG albert :one");
    // An earlier line is sent again, and then the draft is there.
    page.type_into("#message", "precious\u{e013}");
    page.expect(&is_written("one"));
    page.type_into("#message", "\u{e007}");
    albert.skip_to(":mel!mel@127.0.0.1 PRIVMSG albert :one");
    page.expect(&is_written("precious"));
    page.reload();
    page.expect("document.getElementById('title').textContent === 'albert'");
    page.expect(&is_written("precious"));
    goes_to(1, "#lobby");
    page.expect(&is_written("lobby draft"));
    // Its room is gone: it is shown, and goes to nobody.
    albert.send("KICK #lobby mel");
    page.expect("document.getElementById('title').textContent === 'groupchat'");
    page.click("#conversations li button");
    page.expect_row("Not sent: lobby draft");
    page.expect(&is_written("precious"));
    page.reload();
    page.expect_row("Not sent: lobby draft");
    page.expect(&is_written("precious"));
    assert_eq!(page.complaints(), [""; 0]);
}
