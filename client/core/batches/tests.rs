//! Tests of messages that come in several rows.

use super::*;
use crate::core::rows::{Limits, Takes, messages, on_the_wire};
use proptest::prelude::*;

/// What comes of lines from the server: those that stand for themselves, and whole messages.
fn put_together(lines: &[&str]) -> Vec<String> {
    let mut batches = Batches::default();
    let shown = lines.iter().filter_map(|line| match batches.take(&Message::parse(line).unwrap()) {
        Taken::Apart => Some((*line).to_owned()),
        Taken::Kept => None,
        Taken::Whole(whole) => Some(whole.message().to_string()),
    });
    shown.collect()
}

#[test]
fn a_batch_is_put_together() {
    let lines = [
        "@msgid=1;time=x :al!a@h BATCH +2 draft/multiline #a",
        "@batch=2 :al!a@h PRIVMSG #a :how is ",
        ":ben!b@h PRIVMSG #a :meanwhile",
        "@batch=2;draft/multiline-concat :al!a@h PRIVMSG #a everyone?",
        "@batch=2 :al!a@h PRIVMSG #a :",
        "@batch=2 :al!a@h PRIVMSG #a :bye",
        "BATCH -2",
    ];
    let whole = "@msgid=1;time=x :al!a@h PRIVMSG #a :how is everyone?\n\nbye";
    assert_eq!(put_together(&lines), [":ben!b@h PRIVMSG #a :meanwhile", whole]);
}

#[test]
fn batches_of_other_kinds_are_let_through_line_by_line() {
    let lines = [
        ":srv BATCH +1 chathistory #a",
        "@batch=1 :al!a@h PRIVMSG #a one",
        "@batch=1;msgid=5 :al!a@h BATCH +2 draft/multiline #a",
        "@batch=2 :al!a@h NOTICE #a two",
        "@batch=1 :srv 332 me #a topic",
        "@batch=2 :al!a@h NOTICE #a three",
        "BATCH -2",
        ":srv BATCH -1",
        "@batch=9 :al!a@h PRIVMSG #a four",
        "BATCH -9",
        "BATCH",
        "BATCH +3",
    ];
    let expected = [lines[1], lines[4], "@batch=1;msgid=5 :al!a@h NOTICE #a two\nthree", lines[8]];
    assert_eq!(put_together(&lines), expected);
}

#[test]
fn no_server_can_fill_the_memory_and_what_it_sends_is_shown() {
    let opening: Vec<_> = (0..100).map(|number| format!(":al!a@h BATCH +{number} draft/multiline #a")).collect();
    let mut batches = Batches::default();
    for line in &opening {
        batches.take(&Message::parse(line).unwrap());
    }
    assert_eq!(batches.0.len(), OPEN_BATCHES);
    assert!(matches!(batches.take(&Message::parse("@batch=50 :al!a@h PRIVMSG #a x").unwrap()), Taken::Apart));
    let row = format!("@batch=0 :al!a@h PRIVMSG #a {}", "x".repeat(400));
    let mut shown = 0;
    for _ in 0..1000 {
        if let Taken::Whole(whole) = batches.take(&Message::parse(&row).unwrap()) {
            assert!(whole.text.len() <= BATCH_BYTES && whole.source.as_deref() == Some("al!a@h"));
            shown += whole.rows;
        }
    }
    let Taken::Whole(rest) = batches.take(&Message::parse("BATCH -0").unwrap()) else { panic!("there is a rest") };
    assert_eq!(shown + rest.rows, 1000);
}

#[test]
fn a_message_of_blank_rows_is_none() {
    assert_eq!(
        put_together(&["BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :", "@batch=1 PRIVMSG #a : ", "BATCH -1"]),
        [""; 0]
    );
}

proptest! {
    #[test]
    fn what_goes_out_as_a_batch_comes_in_as_the_same_text(text in "[a-cé \n]{1,900}") {
        let takes = Takes { tags: true, batches: true };
        for message in messages(&text, 400, Limits::parse("max-bytes=8192")) {
            let lines = on_the_wire(&format!("PRIVMSG #a :{message}"), takes, |_| 400);
            let sent: Vec<_> = lines.iter().map(String::as_str).collect();
            let came = put_together(&sent);
            prop_assert_eq!(came.len(), 1);
            let came = Message::parse(&came[0]).unwrap();
            prop_assert_eq!(came.params[1], message);
        }
    }
}
