//! The terminal with line editing beside the page.

use crate::client::person::Home;
use crate::editor::window::Window;
use crate::harness::Server;

use super::http::Address;

#[test]
fn leaving_by_the_page_leaves_the_terminal_as_it_was() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut window = Window::open(&home.client(&["--nick", "mel", "--gui"]), 80, 24);
    window.expect_prompt("#lobby> |");
    let address = window.rows().iter().find_map(|row| row.trim().starts_with("http:").then(|| Address::of(row.trim())));
    window.type_text("half");
    window.expect_prompt("#lobby> half|");
    address.unwrap().line("#lobby", "/quit").unwrap();
    assert_eq!(window.expect_end().code(), Some(0));
    window.expect_row("Not sent: half");
    window.expect_modes_as_before();
}
