//! Tests of messages of several rows.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { bytes: 40, rows: 4 };

/// The lines of a message to a server with or without tags and batches, which takes rows of 400 bytes.
fn sent(line: &str, tags: bool, batches: bool) -> Vec<String> {
    on_the_wire(line, Takes { tags, batches }, |_| 400)
}

#[test]
fn limits_are_read_and_never_beyond_ours() {
    let most = Some(Limits { bytes: MESSAGE_BYTES, rows: MESSAGE_ROWS });
    for (value, limits) in [
        ("max-bytes=4096,max-lines=24", Some(Limits { bytes: 4096, rows: 24 })),
        ("max-lines=24,x,y=z,max-bytes=4096", Some(Limits { bytes: 4096, rows: 24 })),
        ("max-bytes=99999999", most),
        ("max-bytes=40000,max-lines=100000", most),
        ("max-lines=24", None),
        ("max-bytes=x", None),
        ("max-bytes=4096,max-lines=1", None),
        ("max-bytes=0", None),
        ("", None),
    ] {
        assert_eq!(Limits::parse(value), limits, "{value}");
    }
}

#[test]
fn a_text_takes_as_few_messages_as_fit() {
    let cut = |text| messages(text, 10, Some(LIMITS));
    assert_eq!(cut("one"), ["one"]);
    assert_eq!(cut("one\n\n  two\n"), ["one\n\n  two"]);
    assert_eq!(cut("\n \none\n \n"), ["one"]);
    assert_eq!(cut("\n \n"), [""; 0]);
    assert_eq!(cut("a\nb\nc\nd\n\ne"), ["a\nb\nc\nd", "e"]);
    assert_eq!(cut("0123456789abcdefghij\nx"), ["0123456789abcdefghij\nx"]);
    assert_eq!(
        cut("0123456789\nabcdefghij\n0123456789\nabcdefghij"),
        ["0123456789\nabcdefghij\n0123456789", "abcdefghij"]
    );
    assert_eq!(messages("one\n\ntwo three four\n ", 10, None), ["one", "two three ", "four"]);
}

#[test]
fn a_message_goes_as_a_batch_where_the_server_takes_them() {
    let text = format!("one\n\n{}", "x".repeat(500));
    let line = format!("@id=7 PRIVMSG #a :{text}");
    let [first, rest] = [400, 100].map(|length| "x".repeat(length));
    let expected = [
        "@id=7 BATCH +m draft/multiline #a",
        "@batch=m PRIVMSG #a one",
        "@batch=m PRIVMSG #a :",
        &format!("@batch=m PRIVMSG #a {first}"),
        &format!("@batch=m;draft/multiline-concat PRIVMSG #a {rest}"),
        "BATCH -m",
    ];
    assert_eq!(sent(&line, true, true), expected);
    let plain = ["one", &first, &rest].map(|row| format!("PRIVMSG #a {row}"));
    assert_eq!(sent(&line, false, false), plain);
    let tagged: Vec<_> = plain.iter().enumerate().map(|(at, line)| format!("@id=7-{at} {line}")).collect();
    assert_eq!(sent(&line, true, false), tagged);
    for line in ["@id=7 PRIVMSG #a :one two", "TOPIC #a :x"] {
        assert_eq!(sent(line, true, true), [line]);
    }
    assert_eq!(sent("@id=7 JOIN #a", false, false), ["JOIN #a"]);
}

proptest! {
    #[test]
    fn nothing_but_blank_rows_is_lost(text in "[a-c \n]{0,80}", space in 4..20usize) {
        let cut = messages(&text, space, Some(LIMITS));
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        prop_assert_eq!(letters(&cut.concat()), letters(&text));
        for message in cut {
            prop_assert!(message.len() <= LIMITS.bytes && rows(&message, space).count() <= LIMITS.rows, "{:?}", message);
            prop_assert!(!is_blank(message.split('\n').next().unwrap()) && !is_blank(message.rsplit('\n').next().unwrap()));
        }
    }
}
