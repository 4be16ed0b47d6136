//! The chat in a window: the page that the client serves.
//!
//! - [`http`]: requests byte for byte
//! - [`identity`]: whom a name means
//! - [`limits`]: what is too much, too slow or no HTTP
//! - [`guarded`]: who is kept out
//! - [`feed`]: the stream of events, and lines that are sent
//! - [`files`]: files in both directions
//! - [`browser`]: a real browser
//! - [`hostile`]: another site in it
//! - [`page`]: what its user sees
//! - [`reload`]: a page that is loaded again
//! - [`multicast`]: rooms without the server
//! - [`presence`]: who is away
//! - [`windows`]: a terminal and several windows agree
//! - [`scroll`]: long conversations; [`search`]
//! - [`menu`], [`settings`]: menus and dialogs
//! - [`keyboard`]: where the keyboard is, and what a screen reader says
//! - [`axe`]: the rules for accessibility
//! - [`start`]: the page before there is a chat; [`dialog`]: at a terminal and in a browser
//! - [`no_chat`]: the page says why there is none

mod axe;
mod browser;
#[cfg(feature = "editor")]
mod dialog;
mod feed;
mod files;
mod guarded;
mod hostile;
mod http;
mod identity;
mod keyboard;
mod limits;
mod menu;
mod multicast;
mod no_chat;
mod page;
mod presence;
mod reload;
mod scroll;
mod search;
mod settings;
mod start;
mod windows;

use crate::client::person::{Home, Person, WELCOME};
use crate::client::scripted_server::{ScriptedServer, Session};
use http::Address;

/// Somebody in the lobby whose client serves a page, and the address of that.
#[track_caller]
fn with_page(home: &Home, nick: &str) -> (Person, Address) {
    with_page_and(home, nick, &[])
}

#[track_caller]
fn with_page_and(home: &Home, nick: &str, options: &[&str]) -> (Person, Address) {
    let mut person = home.start(&[&["--nick", nick, "--gui"], options].concat());
    let address = address_of(&mut person);
    person.skip_to(WELCOME);
    (person, address)
}

/// tesla, who is in the lobby of a scripted server, her connection, and the address of her page.
#[track_caller]
fn tesla_with_page(server: &ScriptedServer, home: &Home) -> (Person, Session, Address) {
    let mut tesla = home.start(&["--nick", "tesla", "--gui"]);
    let mut session = server.accept();
    session.welcome("tesla");
    session.let_in("tesla", "#lobby");
    let address = address_of(&mut tesla);
    tesla.skip_to(WELCOME);
    (tesla, session, address)
}

#[track_caller]
fn address_of(person: &mut Person) -> Address {
    let line = person.skip_to("Open this address in a browser on this machine: *");
    Address::of(line.rsplit(' ').next().unwrap())
}
