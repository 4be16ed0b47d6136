//! Tests of the server's lines about files.

use super::super::limits::DAILY_EACH;
use super::super::transfers::Job;
use super::*;
use crate::core::client::Wing;
use crate::core::terminal::tests::{Paper, client};
use crate::files::FileOptions;
use std::sync::Arc;

/// The wing, and a client in which it is plugged in, that prints on a paper and is called `me`.
fn plugged_in() -> (Arc<Files>, Arc<Client>, Paper) {
    let (paper, options) = (Paper::default(), FileOptions { auto_accept: 1000, downloads: "no-such-folder".into() });
    let files = Files::new(&options, "");
    let client = client(&paper, vec![Arc::clone(&files) as Arc<dyn Wing>]);
    let mut state = client.lock();
    state.model.nick = "me".into();
    state.model.blacklist.add("troll").unwrap();
    drop(state);
    (files, client, paper)
}

fn feed(files: &Files, client: &Client, lines: &[&str]) {
    for line in lines {
        let (mut state, message) = (client.lock(), Message::parse(line).unwrap());
        if !state.model.blacklist.contains(message.source_nick()) {
            files.message(client, &mut state, &message);
        }
    }
}

#[test]
fn small_files_are_fetched_and_large_ones_can_be() {
    for (line, expected, fetched) in [
        (":tesla!t@h FILE ANNOUNCE me 7 1000 1a2b3c4d :a.txt", "tesla sends you a.txt (1000 bytes)\n", 1),
        (
            ":tesla!t@h FILE ANNOUNCE #dev 7 1001 1a2b3c4d :../b c.txt",
            "tesla shared b c.txt (1001 bytes) with #dev; /get 7 fetches it\n",
            0,
        ),
        (
            "@time=2026-11-25T09:30:00.1Z;msgid=1;groupchat.local/waited :tesla!t@h FILE ANNOUNCE me 7 9 1a2b3c4d :a.txt",
            "[2026-11-25 09:30 UTC] tesla sends you a.txt (9 bytes)\n",
            1,
        ),
        (":troll!t@h FILE ANNOUNCE me 7 10 1a2b3c4d :a.txt", "", 0),
        (":me!t@h FILE ANNOUNCE #dev 7 10 1a2b3c4d :a.txt", "", 0),
        (":tesla!t@h FILE ANNOUNCE me x 10 1a2b3c4d :a.txt", "", 0),
        (":albert!t@h FILE GOT me 7 :a.txt", "albert has a.txt now\n", 0),
        (":tesla!t@h FILE CANCEL me 7 :a.txt", "tesla took a.txt back\n", 0),
        (":albert!t@h FILE DECLINE me 7 :../a.txt", "albert does not want a.txt\n", 0),
        (":me!t@h FILE DECLINE tesla 7 :a.txt", "You declined a.txt\n", 0),
        (":srv FAIL FILE NO_SUCH_FILE 7 :There is no file 7", "There is no file 7\n", 0),
    ] {
        let (files, client, paper) = plugged_in();
        feed(&files, &client, &[line, line]);
        let text = paper.take();
        let once = text.strip_suffix(expected).filter(|_| !expected.is_empty()).unwrap_or(&text);
        assert!(once.is_empty() || once == expected, "{line}: {text}");
        assert_eq!(files.lock().due(|_| true), fetched, "{line}");
    }
}

#[test]
fn the_list_is_acted_upon_and_shown_to_a_user_who_asked() {
    let items = [
        ":srv FILE ITEM 7 tesla me 1000 1a2b3c4d new :a.txt",
        ":srv FILE ITEM 12 tesla #lobby 4000000 1a2b3c4d new :big file.iso",
        ":srv FILE ITEM 13 tesla me 10 1a2b3c4d had :had.txt",
        ":srv FILE ITEM 14 troll me 10 1a2b3c4d new :evil.txt",
        ":srv FILE ITEM 15 me bob 10 1a2b3c4d sent :mine.txt",
        ":tesla!t@h FILE ITEM 16 tesla me 10 1a2b3c4d new :forged.txt",
    ];
    let lines = [&items[..], &[":srv FILE END"]].concat();
    let (files, client, paper) = plugged_in();
    client.lock().pending.add(LIST, "");
    feed(&files, &client, &lines);
    let missed =
        ["tesla sends you a.txt (1000 bytes)", "tesla shared big file.iso (3.8 MiB) with #lobby; /get 12 fetches it"];
    assert_eq!(paper.take().lines().collect::<Vec<_>>(), missed);
    assert_eq!(files.lock().due(|_| true), 1);
    assert_eq!(files.lock().next(|_| true), Some((1, Job::Download(7))));
    client.lock().pending.add(LIST, FOR_THE_USER);
    feed(&files, &client, &lines);
    let rows = [
        "ID  FROM   TO            SIZE  STATE  NAME",
        " 7  tesla  me      1000 bytes  new    a.txt",
        "12  tesla  #lobby     3.8 MiB  new    big file.iso",
        "13  tesla  me        10 bytes  had    had.txt",
        "15  me     bob       10 bytes  sent   mine.txt",
    ];
    assert_eq!(paper.take().lines().collect::<Vec<_>>(), rows);
    assert_eq!(files.lock().due(|_| true), 1, "never twice");
}

#[test]
fn a_sender_has_a_share_of_the_day_and_then_get_fetches_the_rest() {
    let (paper, options) =
        (Paper::default(), FileOptions { auto_accept: DAILY_EACH, downloads: "no-such-folder".into() });
    let files = Files::new(&options, "");
    let client = client(&paper, vec![Arc::clone(&files) as Arc<dyn Wing>]);
    let announce = |id: u64, from: &str, size: u64| {
        feed(&files, &client, &[&format!(":{from}!t@h FILE ANNOUNCE me {id} {size} 1a2b3c4d :a.txt")]);
        paper.take()
    };
    assert_eq!(announce(1, "tesla", DAILY_EACH / 2), "tesla sends you a.txt (512.0 MiB)\n");
    assert_eq!(announce(2, "Tesla", DAILY_EACH / 2), "Tesla sends you a.txt (512.0 MiB)\n");
    let refused = "tesla sends you a.txt (1 byte); no more of theirs comes by itself today, but /get 3 fetches it\n";
    assert_eq!(announce(3, "tesla", 1), refused);
    assert_eq!(announce(4, "albert", 1), "albert sends you a.txt (1 byte)\n");
    assert_eq!(files.lock().due(|_| true), 3);
    // Nor does it come with a list.
    client.lock().pending.add(LIST, "");
    feed(&files, &client, &[":srv FILE ITEM 5 tesla me 1 1a2b3c4d new :b.txt", ":srv FILE END"]);
    assert_eq!(paper.take(), refused.replace("a.txt", "b.txt").replace("/get 3", "/get 5"));
    assert_eq!(files.lock().due(|_| true), 3);
}

#[test]
fn no_message_makes_it_panic() {
    let (files, client, _) = plugged_in();
    for verb in ["PUT", "GET", "ITEM", "END", "ANNOUNCE", "GOT", "CANCEL", "DECLINE", ""] {
        for params in ["", " 1", " 1 2 3", " 1 2 3 4", " u1 2 3 4 5", " 1 2 3 4 5 6 :7", " 1 :\u{1b}[2J"] {
            feed(&files, &client, &[&format!("FILE {verb}{params}"), &format!(":a!b@c FILE {verb}{params}")]);
        }
    }
    feed(&files, &client, &["FAIL", "FAIL FILE", "FAIL FILE X", "FAIL FILE X Y", "FAIL FILE X Y :Z"]);
}
