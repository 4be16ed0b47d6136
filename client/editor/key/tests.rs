//! Tests of keys in bytes, whole and in pieces.

use super::*;
use proptest::prelude::*;

fn keys(bytes: &[u8]) -> Vec<Key> {
    Parser::default().feed(bytes)
}

#[test]
fn sequences_are_keys() {
    for (bytes, key) in [
        ("\x1b[A", Key::Up),
        ("\x1bOB", Key::Down),
        ("\x1b[1;5D", Key::WordLeft),
        ("\x1b[1;3C", Key::WordRight),
        ("\x1b[1;2C", Key::Right),
        ("\x1b\x1b[D", Key::Left),
        ("\x1b[H", Key::Home),
        ("\x1b[1~", Key::Home),
        ("\x1bOF", Key::End),
        ("\x1b[3~", Key::Delete),
        ("\x1b[Z", Key::BackTab),
        ("\x1bb", Key::Alt('b')),
        ("\x1bé", Key::Alt('é')),
        ("\x1b\r", Key::AltEnter),
        ("\x1b\x7f", Key::AltBackspace),
        ("\x01", Key::Ctrl('a')),
        ("\x1f", Key::Ctrl('_')),
        ("\r", Key::Enter),
        ("漢", Key::Char('漢')),
    ] {
        assert_eq!(keys(bytes.as_bytes()), [key], "{bytes:?}");
    }
}

#[test]
fn keys_without_a_meaning_leave_nothing_behind() {
    // F5, PageUp, F1 of the Linux console, a report of the mouse.
    assert_eq!(keys(b"\x1b[15~\x1b[5~\x1b[[A\x1b[<0;1;1Mx"), [Key::Char('x')]);
    assert_eq!(keys(b"\x1b[1\r"), [Key::Enter]);
    assert_eq!(keys(b"\xffx"), [Key::Char('\u{fffd}'), Key::Char('x')]);
}

#[test]
fn the_escape_key_is_known_when_nothing_follows() {
    let mut parser = Parser::default();
    assert_eq!((parser.feed(b"\x1b"), parser.is_incomplete()), (vec![], true));
    assert_eq!(parser.give_up(), Some(Key::Escape));
    assert_eq!(parser.feed(b"x"), [Key::Char('x')]);
}

#[test]
fn a_paste_is_one_piece_with_all_that_is_in_it() {
    let pasted = keys(b"a\x1b[200~/x\rexit\r\x1b[A\x03\x1b[201~\r");
    assert_eq!(pasted, [Key::Char('a'), Key::Paste("/x\rexit\r\x1b[A\x03".into()), Key::Enter]);
    let mut parser = Parser::default();
    assert_eq!(parser.feed(b"\x1b[200~never ended"), []);
    assert_eq!(parser.feed(b"\x03"), []);
    assert_eq!(parser.feed(b"\rx").last(), Some(&Key::Char('x')));
}

#[test]
fn a_paste_that_is_too_long_is_dropped_as_a_whole() {
    let pasted = |length| keys(format!("\x1b[200~{}\x1b[201~x", "y".repeat(length)).as_bytes());
    assert_eq!(pasted(PASTE), [Key::Paste("y".repeat(PASTE)), Key::Char('x')]);
    assert_eq!(pasted(PASTE + 1), [Key::LongPaste, Key::Char('x')]);
}

proptest! {
    #[test]
    fn pieces_give_the_same_keys_as_the_whole(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "é", "漢", "👍", "\x1b[A", "\x1b[1;5C", "\x1bOH", "\x1b[3~", "\x1bf", "\r", "\x7f", "\x1b[200~x\ry\x1b[201~",
    ]), 0..20), cuts in prop::collection::vec(1..5usize, 1..40)) {
        let whole = parts.concat().into_bytes();
        let mut parser = Parser::default();
        let (mut rest, mut found, mut cuts) = (&whole[..], Vec::new(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            found.extend(parser.feed(piece));
            rest = after;
        }
        prop_assert_eq!(found, keys(&whole));
    }

    #[test]
    fn no_bytes_make_it_panic_or_hold_on(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut parser = Parser::default();
        parser.feed(&bytes);
        parser.paste = None;
        parser.give_up();
        prop_assert_eq!(parser.feed(b"x"), [Key::Char('x')]);
    }
}
