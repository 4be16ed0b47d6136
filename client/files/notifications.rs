//! The server's lines about files: answers to our requests, and what happens to files of others.
//!
//! Run by the receiver thread, which has locked the state.

use super::event::FileEvent;
use super::part;
use super::shared::{FOR_THE_USER, Files, LIST};
use super::transfers::{Answer, Cancel, Job, Offer};
use crate::core::client::Client;
use crate::core::event::{Event, Origin};
use crate::core::state::State;
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
    let name_of = |name: &str| (from.to_owned(), safe_name(name));
    match FileLine::parse(&message.params) {
        Some(FileLine::Put { reference, id, token, offset, crc }) if is_server => {
            let put = Answer::Put { id, token: token.to_owned(), offset, crc };
            if !answer(files, reference, id, put) {
                // Cancelled meanwhile, or offered twice because the connection was lost.
                state.write(&[format!("FILE {}", FileRequest::Cancel(id).params().join(" "))]);
            }
        }
        Some(FileLine::Get { id, token, size, crc, name }) if is_server => {
            let get = Answer::Get { token: token.to_owned(), size, crc, name: name.to_owned() };
            answer(files, &id.to_string(), id, get);
        }
        Some(FileLine::Item { .. }) if is_server => {
            if let Some(request) = state.pending.oldest(LIST) {
                request.collect(&message.params);
            }
        }
        Some(FileLine::End) if is_server => list(state, files),
        Some(FileLine::Announce { target, id, size, crc, name }) => {
            let (sender, target, name) = (from.to_owned(), target.to_owned(), safe_name(name));
            announced(
                client,
                state,
                files,
                message,
                Offer { id, sender, target, size, crc, state: FileState::New, name },
            );
        }
        Some(FileLine::Got { name, .. }) => {
            let (by, name) = name_of(name);
            state.emit(FileEvent::Received { by, name });
        }
        Some(FileLine::Cancelled { id, name, .. }) => {
            let (by, name) = name_of(name);
            cancelled(state, files, id, by, name);
        }
        _ => {}
    }
}

/// A line `FAIL FILE ...`.
pub fn failed(state: &mut State, files: &Files, fail: &Fail<'_>) {
    let mut transfers = files.lock();
    let transfer = fail.context.and_then(|word| transfers.by_word(word));
    match transfer.filter(|transfer| transfer.is_running) {
        Some(transfer) => {
            transfer.answer = Some(Answer::Refused { code: fail.code.to_owned(), why: fail.text.to_owned() });
        }
        None => state.note(fail.text),
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
    let comes = transfers.is_small(offer.size);
    // To one person it is a stored message, and may come again like any other.
    if let Some(origin) = client.origin(message, !names::is_room(&offer.target)) {
        state.emit(offered(&offer, comes, origin));
    }
    if comes {
        transfers.fetch(&offer);
    }
    transfers.learn(offer);
}

fn offered(offer: &Offer, comes: bool, origin: Origin) -> Event {
    let event = Event::from(FileEvent::Offered { offer: offer.clone(), comes });
    let is_room = names::is_room(&offer.target);
    let conversation = Some(if is_room { &offer.target } else { &offer.sender }.clone());
    Event { conversation, mentions_us: !is_room, origin, ..event }
}

/// A list has come: a file for us that is small enough, or was begun, is fetched.
fn list(state: &mut State, files: &Files) {
    let Some(number) = state.pending.oldest(LIST).map(|request| request.number()) else { return };
    let Some(request) = state.pending.take(number) else { return };
    let is_for_the_user = request.about == FOR_THE_USER;
    let mut items: Vec<Offer> = request.rows.iter().filter_map(|row| item(row)).collect();
    items.retain(|item| !state.blacklist.contains(&item.sender));
    let mut transfers = files.lock();
    for item in &items {
        transfers.learn(item.clone());
        let is_small = transfers.is_small(item.size);
        if item.state == FileState::New && transfers.is_news(item.id, item.crc) && !is_for_the_user {
            // The announcement was missed, or it is long ago.
            state.emit(offered(item, is_small, Origin::default()));
        }
        let begun = part::path(&files.downloads, &state.model.nick, item.id, item.crc);
        match item.state {
            FileState::New if is_small || begun.exists() => transfers.fetch(item),
            // The client was ended before it could remove it.
            FileState::Received if begun.exists() && transfers.by_id(item.id).is_none() => {
                drop(std::fs::remove_file(begun));
            }
            FileState::Sent => {
                if let Some(transfer) = transfers.by_id(item.id)
                    && matches!(transfer.job, Job::Upload(_))
                {
                    // A server that has lost its files gives the same numbers to others.
                    transfer.is_whole = transfer.name == item.name && transfer.progress.total == item.size;
                }
            }
            _ => {}
        }
    }
    drop(transfers);
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
                "@time=2026-11-25T09:30:00.1Z;msgid=1;groupchat/waited :tesla!t@h FILE ANNOUNCE me 7 9 1a2b3c4d :a.txt",
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
