//! The server's lines about files: answers to our requests, and what happens to files of others.
//!
//! Run by the receiver thread, which has locked the state.

use super::event::FileEvent;
use super::offer::{Comes, Offer};
use super::part;
use super::shared::{FOR_THE_USER, Files, LIST};
use super::transfers::{Answer, Cancel, Granted};
use crate::core::client::Client;
use crate::core::event::{Event, Origin};
use crate::core::state::State;
use std::fs;
use std::time::Instant;
use wire::fail::Fail;
use wire::file_line::{FileLine, FileRequest, FileState};
use wire::files::safe_name;
use wire::message::Message;
use wire::names;

/// A line `FILE ...`.
pub fn handle(client: &Client, state: &mut State, files: &Files, message: &Message<'_>) {
    let from = message.source_nick();
    // A line that only a server may say has no person as its source.
    let is_server = !message.source.is_some_and(|source| source.contains('!'));
    match FileLine::parse(&message.params) {
        Some(FileLine::Put { reference, id, token, offset, crc }) if is_server => {
            let put = Answer::Put { id, token: token.to_owned(), offset, crc };
            if !answer(files, reference, id, put) {
                // Cancelled meanwhile, or offered twice because the connection was lost.
                state.write(&[format!("FILE {}", FileRequest::Cancel(id).params().join(" "))]);
            }
        }
        Some(FileLine::Get { id, token, size, crc, name }) if is_server => {
            let granted = Granted { token: token.to_owned(), size, crc, name: safe_name(name) };
            answer(files, &id.to_string(), id, Answer::Get(granted));
        }
        Some(FileLine::Item { .. }) if is_server => {
            if let Some(request) = state.pending.oldest(LIST) {
                request.collect(&message.params);
            }
        }
        Some(FileLine::End) if is_server => list(state, files),
        Some(FileLine::Announce { target, id, size, crc, name }) => {
            let (sender, target, name) = (from.to_owned(), target.to_owned(), safe_name(name));
            let offer = Offer { id, sender, target, size, crc, state: FileState::New, name };
            announced(client, state, files, message, offer);
        }
        Some(FileLine::Got { name, .. }) => {
            state.emit(FileEvent::Received { by: from.to_owned(), name: safe_name(name) });
        }
        Some(FileLine::Cancelled { id, name, .. }) => {
            cancelled(state, files, id, from.to_owned(), safe_name(name));
        }
        _ => {}
    }
}

/// A line `FAIL FILE ...`.
pub fn failed(state: &mut State, files: &Files, fail: &Fail<'_>) {
    let mut transfers = files.lock();
    let transfer = fail.context.and_then(|word| transfers.by_word(word));
    if let Some(transfer) = transfer.filter(|transfer| transfer.is_running) {
        transfer.answer = Some(Answer::Refused { code: fail.code.to_owned(), why: fail.text.to_owned() });
    } else {
        drop(transfers);
        state.note(fail.text);
    }
}

/// Gives a transfer the answer that its thread waits for, and the server's number of the file; false when there is no
/// such transfer any more.
fn answer(files: &Files, word: &str, id: u64, answer: Answer) -> bool {
    let mut transfers = files.lock();
    let Some(transfer) = transfers.by_word(word) else { return false };
    (transfer.id, transfer.answer) = (Some(id), Some(answer));
    true
}

/// Somebody shares a file with us, or with a room that we are in.
fn announced(client: &Client, state: &mut State, files: &Files, message: &Message<'_>, offer: Offer) {
    let mut transfers = files.lock();
    if state.model.is_me(&offer.sender) || !transfers.is_news(offer.id, offer.crc) {
        return;
    }
    transfers.learn(offer.clone());
    let comes = if files.is_small(offer.size) {
        transfers.fetch(&offer, Some(offer.size), Instant::now())
    } else {
        Comes::WhenAskedFor
    };
    drop(transfers);
    // To one person it is a stored message, and may come again like any other.
    if let Some(origin) = client.origin(message, !names::is_room(&offer.target)) {
        state.emit(offered(offer, comes, origin));
    }
}

fn offered(offer: Offer, comes: Comes, origin: Origin) -> Event {
    let is_room = names::is_room(&offer.target);
    let conversation = Some(if is_room { &offer.target } else { &offer.sender }.clone());
    let event = Event::from(FileEvent::Offered { offer, comes });
    Event { conversation, mentions_us: !is_room, origin, ..event }
}

/// A list has come: a file for us that is small enough, or was begun, is fetched.
fn list(state: &mut State, files: &Files) {
    let Some(number) = state.pending.oldest(LIST).map(|request| request.number) else { return };
    let Some(request) = state.pending.take(number) else { return };
    let is_for_the_user = request.about == FOR_THE_USER;
    let mut items: Vec<Offer> = request.rows.iter().filter_map(|row| item(row)).collect();
    items.retain(|item| !state.blacklist.contains(&item.sender));
    let (mut news, now) = (Vec::new(), Instant::now());
    for item in &items {
        let part = part::path(&files.options.downloads, &state.model.nick, item.id, item.crc);
        let begun = fs::symlink_metadata(&part).ok().map(|metadata| metadata.len());
        let mut transfers = files.lock();
        transfers.learn(item.clone());
        let comes = match begun {
            _ if item.state != FileState::New => Comes::WhenAskedFor,
            // No file comes so far by itself, so the user has asked for it.
            Some(length) if length > files.options.auto_accept => transfers.fetch(item, None, now),
            Some(length) => transfers.fetch(item, Some(item.size.saturating_sub(length)), now),
            None if files.is_small(item.size) => transfers.fetch(item, Some(item.size), now),
            None => Comes::WhenAskedFor,
        };
        if item.state == FileState::New && transfers.is_news(item.id, item.crc) && !is_for_the_user {
            // The announcement was missed, or it is long ago.
            news.push(offered(item.clone(), comes, Origin::default()));
        }
        match item.state {
            FileState::Received if begun.is_some() && transfers.by_id(item.id).is_none() => {
                // The client was ended before it could remove it. No thread can start to fetch it while we have the
                // state's lock.
                drop(transfers);
                drop(fs::remove_file(part));
            }
            FileState::Sent => {
                if let Some(transfer) = transfers.by_id(item.id) {
                    // A server that has lost its files gives the same numbers to others.
                    transfer.is_whole = transfer.name == item.name && transfer.progress.total == item.size;
                }
            }
            _ => {}
        }
    }
    news.into_iter().for_each(|event| state.emit(event));
    if is_for_the_user {
        state.emit(FileEvent::List(items));
    }
}

/// A row of the list.
fn item(row: &[String]) -> Option<Offer> {
    let params: Vec<_> = row.iter().map(String::as_str).collect();
    let Some(FileLine::Item { id, sender, target, size, crc, state, name }) = FileLine::parse(&params) else {
        return None;
    };
    let (sender, target) = (sender.to_owned(), target.to_owned());
    Some(Offer { id, sender, target, size, crc, state, name: safe_name(name) })
}

/// The sender of a file took it back.
fn cancelled(state: &mut State, files: &Files, id: u64, by: String, name: String) {
    let mut transfers = files.lock();
    if let Some(transfer) = transfers.by_id(id) {
        if transfer.is_running {
            // Its thread says so.
            return transfer.stop(Cancel::BySender(by));
        }
        let number = transfer.number;
        transfers.remove(number);
    }
    drop(transfers);
    state.emit(FileEvent::Withdrawn { by, name });
}

#[cfg(test)]
mod tests {
    use super::super::limits::DAILY_EACH;
    use super::super::transfers::Job;
    use super::*;
    use crate::core::client::Wing;
    use crate::core::terminal::tests::{Paper, client};
    use crate::files::FileOptions;
    use std::sync::Arc;

    /// The wing, and a client in which it is plugged in, that prints on a paper and is called `me`.
    fn plugged_in() -> (Arc<Files>, Arc<Client>, Paper) {
        let (paper, options) =
            (Paper::default(), FileOptions { auto_accept: 1000, downloads: "no-such-folder".into() });
        let files = Files::new(&options, "");
        let client = client(&paper, vec![Arc::clone(&files) as Arc<dyn Wing>]);
        let mut state = client.lock();
        state.model.nick = "me".into();
        state.blacklist.add("troll").unwrap();
        drop(state);
        (files, client, paper)
    }

    fn feed(files: &Files, client: &Client, lines: &[&str]) {
        for line in lines {
            let (mut state, message) = (client.lock(), Message::parse(line).unwrap());
            if !state.blacklist.contains(message.source_nick()) {
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
        let missed = [
            "tesla sends you a.txt (1000 bytes)",
            "tesla shared big file.iso (3.8 MiB) with #lobby; /get 12 fetches it",
        ];
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
        let refused =
            "tesla sends you a.txt (1 byte); no more of theirs comes by itself today, but /get 3 fetches it\n";
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
        for verb in ["PUT", "GET", "ITEM", "END", "ANNOUNCE", "GOT", "CANCEL", ""] {
            for params in ["", " 1", " 1 2 3", " 1 2 3 4", " u1 2 3 4 5", " 1 2 3 4 5 6 :7", " 1 :\u{1b}[2J"] {
                feed(&files, &client, &[&format!("FILE {verb}{params}"), &format!(":a!b@c FILE {verb}{params}")]);
            }
        }
        feed(&files, &client, &["FAIL", "FAIL FILE", "FAIL FILE X", "FAIL FILE X Y", "FAIL FILE X Y :Z"]);
    }
}
