//! A page of another site, in the browser in which the chat is open.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use crate::client::person::Home;
use crate::harness::Server;

use super::browser::Browser;
use super::with_page;

/// What such a page can try without the token; its title says when all of it has come to an end.
const SCRIPT: &str = r#"
const body = JSON.stringify({ conversation: '#lobby', text: 'forged' });
const url = 'http://TARGET';
const form = document.createElement('form');
Object.assign(form, { action: url + '/lines', method: 'post', enctype: 'text/plain', target: 'frame' });
const field = document.createElement('input');
Object.assign(field, { name: body.slice(0, -1) + ',"x":"', value: '"}' });
form.append(field);
document.body.append(form);
form.submit();
const tries = [
  fetch(url + '/lines', { method: 'POST', mode: 'no-cors', body }),
  fetch(url + '/lines', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }),
  fetch(url + '/lines', { method: 'POST', body, headers: { Authorization: 'Bearer 00000000000000000000000000000000' } }),
  fetch(url + '/files?name=x&conversation=%23lobby', { method: 'POST', mode: 'no-cors', body: 'x' }),
  fetch(url + '/events').then((answer) => { document.body.append('read: ', answer.status); }),
  fetch(url + '/').then((answer) => answer.text()).then((text) => { document.body.append('read: ', text); }),
];
navigator.sendBeacon(url + '/lines', body);
const frame = document.getElementById('frame');
tries.push(new Promise((done) => addEventListener('load', done)).then(() => {
  document.body.append('read: ', frame.contentWindow.sessionStorage.token);
}));
Promise.allSettled(tries).then(() => { document.title = 'done'; });
"#;

/// Serves a page to whoever asks, from a port of its own; that port.
fn serve(html: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let html = html.clone();
            // A browser also opens connections that it does not use.
            thread::spawn(move || {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: ";
                let _ = (&stream).write_all(format!("{head}{}\r\n\r\n{html}", html.len()).as_bytes());
            });
        }
    });
    port
}

#[test]
fn another_site_in_the_same_browser_reads_and_sends_nothing() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut albert = server.client("albert");
    albert.join("#lobby");
    let (_mel, address) = with_page(&home, "mel");
    albert.expect(":mel!mel@127.0.0.1 JOIN #lobby");
    let Some(browser) = Browser::open() else { return };
    let page = browser.window(&address, 1000, 700);
    page.expect("document.getElementById('connection').textContent === 'You are mel'");
    let script = SCRIPT.replace("TARGET", &address.host);
    let frame = format!("<iframe id=frame name=frame src='http://{}/'></iframe>", address.host);
    let port = serve(format!("<body>{frame}<script>{script}</script>"));
    for host in ["127.0.0.1", "localhost", "evil.example"] {
        let evil = browser.window_at(&format!("http://{host}:{port}/"), 800, 600);
        evil.expect("document.title === 'done'");
        assert_eq!(evil.value("document.body.innerText.split('read: ')[1] ?? ''"), "", "from {host}");
    }
    page.enter("my own");
    albert.expect(":mel!mel@127.0.0.1 PRIVMSG #lobby :my own");
}

#[test]
fn a_name_of_another_site_that_leads_here_is_refused() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let (_mel, address) = with_page(&home, "mel");
    let Some(browser) = Browser::open() else { return };
    let port = address.host.split_once(':').unwrap().1;
    let rebound = browser.window_at(&format!("http://evil.example:{port}/#{}", address.token), 800, 600);
    rebound.expect("document.body.innerText.includes('This is another host than the request names')");
}
