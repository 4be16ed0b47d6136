//! Tests of what the threads share.

use super::*;
use crate::core::terminal::tests::{Paper, client, said};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use wire::lines::LineBuffer;

#[test]
fn lines_without_a_connection_are_kept() {
    let client = client(&Paper::default(), Vec::new());
    client.send("PRIVMSG", &["#lobby", "hello there"]);
    assert_eq!(
        client.lock().unconfirmed.again().map(|sent| &*sent.line).collect::<Vec<_>>(),
        ["PRIVMSG #lobby :hello there"]
    );
}

#[test]
fn a_new_connection_enters_the_rooms_and_repeats_what_was_not_confirmed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = Stream::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut state = Paper::default().state();
    ["#lobby", "#VIP"].iter().for_each(|room| _ = state.model.enter(room));
    state.model.keys.insert("#vip".into(), "secret".into());
    state.send("TOPIC", &["#lobby"], None);
    state.model.caps = vec![TAGS.into()];
    state.send("PRIVMSG", &["#lobby", "hello"], None);
    let lines = LineBuffer::new(limits::SERVER_TAGS);
    state.resume(&Connection {
        stream: Arc::new(stream),
        lines,
        asked_nick: "me".into(),
        nick: "me".into(),
        caps: Vec::new(),
        multiline: None,
    });
    state.confirm("gc-2");
    state.send("LIST", &[], None);
    drop(state);
    let mut sent = String::new();
    listener.accept().unwrap().0.read_to_string(&mut sent).unwrap();
    let lines: Vec<_> = sent.split_terminator("\r\n").collect();
    assert_eq!(
        lines,
        ["JOIN #lobby", "JOIN #VIP secret", "TOPIC #lobby", "PRIVMSG #lobby hello", "PING :gc-2", "LIST", "PING :gc-3"]
    );
}

#[test]
fn sleep_holds_back_events_and_loses_none() {
    let paper = Paper::default();
    let mut state = paper.state();
    state.model.set_target(Some("#lobby"));
    assert!(state.sleep(Duration::from_secs(1000)));
    state.emit(said("albert", "one"));
    state.note("an answer");
    assert_eq!(paper.take(), "an answer\n");
    let before = state.sleeps_until();
    assert!(state.sleep(Duration::ZERO) && state.sleeps_until() < before && state.wake());
    assert_eq!(paper.take(), "1 message while you were asleep:\nalbert: one\n");
    assert!(!state.sleep(Duration::MAX));
}

#[test]
fn an_event_knows_whether_it_came_where_the_user_was() {
    struct Kept(Arc<std::sync::Mutex<Vec<bool>>>);
    impl View for Kept {
        fn show(&mut self, event: &Event, _: &Model) {
            if matches!(event.kind, Kind::Said { .. }) {
                self.0.lock().unwrap().push(event.was_current);
            }
        }
        fn is_interactive(&self) -> bool {
            true
        }
        fn is_closed(&self) -> bool {
            false
        }
        fn draw_prompt(&mut self, _: &Model) {}
        fn end_prompt(&mut self) {}
        fn set_status(&mut self, _: &str) {}
        fn entered(&mut self, _: &str) {}
        fn end_line(&mut self) {}
    }
    let kept = Arc::default();
    let mut state = State::new(Box::new(Kept(Arc::clone(&kept))));
    state.model.set_target(Some("#lobby"));
    state.sleep(Duration::from_secs(1000));
    state.emit(said("albert", "hi"));
    state.model.set_target(Some("#lab"));
    state.emit(said("albert", "hi"));
    state.wake();
    assert_eq!(*kept.lock().unwrap(), [true, false]);
}

#[test]
fn too_many_events_end_the_sleep() {
    let paper = Paper::default();
    let mut state = paper.state();
    state.sleep(Duration::from_secs(1000));
    (0..HELD).for_each(|_| state.emit(Kind::Joined("x".into())));
    assert_eq!(paper.take().lines().count(), HELD + 1);
}
