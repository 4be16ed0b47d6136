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
        ("\x1bO5C", Key::WordRight),
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
}

#[test]
fn what_a_terminal_answers_is_not_typed() {
    for answer in [
        // Colours, the clipboard, the title; capabilities, versions; pictures.
        "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        "\x1b]52;c;ZXhpdA==\x07",
        "\x1b]lexit\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1bP>|XTerm(390)\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
        // The mouse, in four ways; the cursor, the focus, attributes, modes, keys of kitty.
        "\x1b[M !!",
        "\x1b[M \u{e1}!",
        "\x1b[<35;10;5m",
        "\x1b[32;10;5M",
        "\x1b[24;80R",
        "\x1b[I\x1b[O",
        "\x1b[?64;1;2;4;6;9;15;16;17;18;21;22;28;29c",
        "\x1b[?2004;1$y",
        "\x1b[97;5u",
    ] {
        let bytes = format!("{answer}x");
        let typed = if answer.contains('\u{e1}') { vec![Key::Char('!'), Key::Char('x')] } else { vec![Key::Char('x')] };
        assert_eq!(keys(bytes.as_bytes()), typed, "{answer:?}");
        let mut parser = Parser::default();
        let found: Vec<_> = bytes.bytes().flat_map(|byte| parser.feed(&[byte])).collect();
        assert_eq!(found, typed, "{answer:?} byte by byte");
    }
    // One that never ends takes no more than its row.
    assert_eq!(keys(b"\x1b]lnever ended\rx"), [Key::Enter, Key::Char('x')]);
    let mut parser = Parser::default();
    assert_eq!((parser.feed(b"\x1b]lnever"), parser.patience()), (vec![], Some(STRING)));
    assert_eq!((parser.give_up(), parser.feed(b"x")), (vec![], vec![Key::Char('x')]));
}

#[test]
fn bytes_that_are_no_text_are_dropped_and_heard() {
    assert_eq!(keys(b"\xffx\xe6\r"), [Key::NoText, Key::Char('x'), Key::NoText, Key::Enter]);
    let mut parser = Parser::default();
    assert_eq!((parser.feed(b"\xe6\xbc"), parser.give_up()), (vec![], vec![Key::NoText]));
    assert_eq!(keys(b"\x1b[200~caf\xe9 x\x1b[201~"), [Key::Paste("caf x".into()), Key::NoText]);
}

#[test]
fn the_escape_key_is_known_when_nothing_follows() {
    let mut parser = Parser::default();
    assert_eq!((parser.feed(b"\x1b"), parser.patience()), (vec![], Some(ESCAPE)));
    assert_eq!((parser.give_up(), parser.patience()), (vec![Key::Escape], None));
    assert_eq!(parser.feed(b"x"), [Key::Char('x')]);
    // Nothing is lost that somebody types after it, be it the start of a paste.
    assert_eq!((parser.feed(b"\x1b"), parser.give_up()), (vec![], vec![Key::Escape]));
    for typed in ['[', '2', '0'] {
        assert_eq!((parser.feed(&[typed as u8]), parser.give_up()), (vec![], vec![Key::Char(typed)]));
    }
    assert_eq!(parser.feed(b"x"), [Key::Char('x')]);
}

#[test]
fn a_control_key_right_after_escape_is_a_key() {
    assert_eq!(keys(b"\x1b\x03"), [Key::Escape, Key::Ctrl('c')]);
    assert_eq!(keys(b"\x1b\x1b\x03"), [Key::Escape, Key::Escape, Key::Ctrl('c')]);
    assert_eq!(keys(b"\x1b\x1a\x1b\x00"), [Key::Escape, Key::Ctrl('z'), Key::Escape]);
}

#[test]
fn a_paste_is_known_however_late_its_parts_come() {
    let start = b"\x1b[200~";
    for cut in 1..start.len() {
        let mut parser = Parser::default();
        let (before, after) = start.split_at(cut);
        assert_eq!(parser.feed(before), []);
        assert!(parser.give_up().iter().all(|key| *key == Key::Escape));
        let text = [after, b"/quit\rexit\r\x1b[201~\r"].concat();
        assert_eq!(parser.feed(&text), [Key::Paste("/quit\rexit\r".into()), Key::Enter], "{cut}");
    }
}

#[test]
fn a_mark_of_the_end_within_a_paste_lets_nothing_be_typed() {
    let tricks = "a\x1b[201~\rexit\rb\x1b[201~\x1b[201~\r";
    let bytes = format!("\x1b[200~{tricks}\x1b[201~c\r\x1b[200~d\x1b[201~");
    let [first, second] = ["a\rexit\rb\r", "d"].map(|text| Key::Paste(text.into()));
    assert_eq!(keys(bytes.as_bytes()), [first, Key::Char('c'), Key::Enter, second]);
    assert_eq!(keys(b"\x1b[200~a\x1b[200~b\x1b[201~c"), [Key::Paste("a\x1b[200~b".into()), Key::Char('c')]);
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
    fn a_paste_is_one_whatever_came_before_it(
        before in prop::collection::vec(prop_oneof![
            Just(0x1b), Just(b'['), Just(b'O'), Just(b'M'), Just(b']'), Just(b'P'), Just(b'2'), Just(b'0'), any::<u8>(),
        ], 0..12),
        is_late: bool,
    ) {
        let mut parser = Parser::default();
        parser.feed(&before);
        prop_assume!(parser.paste.is_none());
        if is_late {
            parser.give_up();
        }
        let keys = parser.feed(b"\x1b[200~exit\r\x1b[201~\r");
        prop_assert!(keys.ends_with(&[Key::Paste("exit\r".into()), Key::Enter]), "{keys:?}");
        prop_assert_eq!(keys.iter().filter(|key| matches!(key, Key::Char('e' | 'x') | Key::Enter)).count(), 1);
    }

    #[test]
    fn pieces_give_the_same_keys_as_the_whole(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "é", "漢", "👍", "\x1b[A", "\x1b[1;5C", "\x1bOH", "\x1b[3~", "\x1bf", "\r", "\x7f", "\x1b]0;x\x07", "\x1b[200~x\ry\x1b[201~",
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
