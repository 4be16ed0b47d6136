//! Tests of what the two threads share.

use super::*;
use crate::multicast::mode::Settings;
use crate::screen::tests::Paper;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use wire::lines::LineBuffer;

#[test]
fn a_relayed_text_fits_one_line() {
    let mut state = State::new(Paper::default().screen(false));
    state.nick = "albert".into();
    for address in [None, Some("user@host".to_owned())] {
        state.address = address;
        let text = "x".repeat(state.text_space("#lobby"));
        let source = state.address.as_ref().map_or("s".repeat(limits::SOURCE - 2), |at| format!("albert!{at}"));
        assert_eq!(format!(":{source} PRIVMSG #lobby :{text}\r\n").len(), limits::LINE);
    }
}

#[test]
fn lines_without_a_connection_are_kept() {
    let client = Client::new(Paper::default().screen(false), Caller::plain(""), Settings::default());
    client.send("PRIVMSG", &["#lobby", "hello there"]);
    assert_eq!(client.lock().unconfirmed.again().collect::<Vec<_>>(), ["PRIVMSG #lobby :hello there"]);
}

#[test]
fn a_new_connection_enters_the_rooms_and_repeats_what_was_not_confirmed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = Stream::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut state = State::new(Paper::default().screen(false));
    state.rooms = vec!["#lobby".into(), "#VIP".into()];
    state.keys.insert("#vip".into(), "secret".into());
    let message = |verb, params: &[&'static str]| Message { verb, params: params.to_vec(), ..Message::default() };
    state.send(&message("TOPIC", &["#lobby"]));
    state.caps.tags = true;
    state.send(&message("PRIVMSG", &["#lobby", "hello"]));
    let lines = LineBuffer::new(limits::SERVER_TAGS);
    state.resume(&Connection { stream: Arc::new(stream), lines, nick: "me".into(), caps: Caps::default() });
    state.confirm("gc-2");
    state.send(&message("LIST", &[]));
    drop(state);
    let mut sent = String::new();
    listener.accept().unwrap().0.read_to_string(&mut sent).unwrap();
    let lines: Vec<_> = sent.split_terminator("\r\n").collect();
    assert_eq!(
        lines,
        ["JOIN #lobby", "JOIN #VIP secret", "TOPIC #lobby", "PRIVMSG #lobby hello", "PING :gc-2", "LIST", "PING :gc-3"]
    );
}
