//! What the server says about files: answers to our questions, and what happens to files of others.
//!
//! Run by the receiver thread, which has locked the state.

use crate::incoming;
use crate::part;
use crate::state::State;
use crate::transfers::{Answer, Cancel, Job, Offer};
use wire::files::{readable_size, safe_name};
use wire::message::Message;
use wire::names;
use wire::text::table;

/// A line `FILE ...`.
pub fn handle(state: &mut State, message: &Message<'_>) {
    let from = message.source_nick();
    // What only a server says has no person as its source.
    let is_server = !message.source.is_some_and(|source| source.contains('!'));
    match message.params[..] {
        ["PUT", reference, id, token, offset, crc] if is_server => put(state, reference, [id, token, offset, crc]),
        ["GET", id, token, size, crc, name] if is_server => get(state, id, [token, size, crc, name]),
        ["ITEM", id, sender, target, size, crc, what, name] if is_server => {
            if let Some(item) = offer([id, sender, target, size, crc, what, name]) {
                state.transfers.item(item);
            }
        }
        ["END", ..] if is_server => list(state),
        ["ANNOUNCE", target, id, size, crc, name] => {
            if let Some(offer) = offer([id, from, target, size, crc, "new", name]) {
                announced(state, message, offer);
            }
        }
        ["GOT", _, _, name] => state.screen.notice(&format!("{from} has {} now", safe_name(name))),
        ["CANCEL", _, id, name] => cancelled(state, from, id, name),
        _ => {}
    }
}

/// A line `FAIL <verb> <code> [<context>] :<text>`.
pub fn failed(state: &mut State, params: &[&str]) {
    let [verb, code, context @ .., text] = params else { return };
    if *verb == "FILE"
        && let [word, ..] = context
        && let Some(transfer) = state.transfers.by_word(word)
        && transfer.is_running
    {
        transfer.answer = Some(Answer::Refused { code: (*code).to_owned(), why: (*text).to_owned() });
    } else if matches!(*verb, "FILE" | "GETDIR" | "MAKEROOM" | "DELETEROOM") {
        state.screen.tell(text);
    } else {
        state.screen.tell(&format!("The server refused {verb}: {text}"));
    }
}

/// Our offer may be sent.
fn put(state: &mut State, reference: &str, [id, token, offset, crc]: [&str; 4]) {
    let (Ok(id), Ok(offset), Ok(crc)) = (id.parse(), offset.parse(), u32::from_str_radix(crc, 16)) else { return };
    let Some(transfer) = state.transfers.by_word(reference) else {
        // Cancelled meanwhile, or offered twice because the connection was lost.
        return state.write(&[format!("FILE CANCEL {id}")]);
    };
    transfer.id = Some(id);
    transfer.answer = Some(Answer::Put { id, token: token.to_owned(), offset, crc });
}

/// A file may be fetched.
fn get(state: &mut State, id: &str, [token, size, crc, name]: [&str; 4]) {
    if let Some(transfer) = state.transfers.by_word(id)
        && let (Ok(size), Ok(crc)) = (size.parse(), u32::from_str_radix(crc, 16))
    {
        transfer.answer = Some(Answer::Get { token: token.to_owned(), size, crc, name: name.to_owned() });
    }
}

fn offer([id, sender, target, size, crc, state, name]: [&str; 7]) -> Option<Offer> {
    let (id, size, crc) = (id.parse().ok()?, size.parse().ok()?, u32::from_str_radix(crc, 16).ok()?);
    let (sender, target, state) = (sender.to_owned(), target.to_owned(), state.to_owned());
    Some(Offer { id, sender, target, size, crc, state, name: safe_name(name) })
}

/// Somebody shares a file with us, or with a room that we are in.
fn announced(state: &mut State, message: &Message<'_>, offer: Offer) {
    if state.is_me(&offer.sender) || !state.transfers.is_news(offer.id, offer.crc) {
        return;
    }
    // To one person it is a letter, and may come again like any other.
    let sighted = incoming::sighted(state, message, !names::is_room(&offer.target));
    tell(state, &offer, sighted);
    if state.transfers.is_small(offer.size) {
        state.transfers.fetch(&offer);
    }
    state.transfers.learn(offer);
}

/// Shows an offer, unless its letter was shown before: what there is, and how to get it.
fn tell(state: &mut State, offer: &Offer, sighted: Option<(String, Option<String>)>) {
    let Offer { id, sender, target, size, name, .. } = offer;
    let comes = state.transfers.is_small(*size);
    let hint = if comes { String::new() } else { format!("; /get {id} fetches it") };
    let size = readable_size(*size);
    if let Some((mark, id)) = sighted {
        let what = if names::is_room(target) {
            format!("{sender} shared {name} ({size}) with {target}")
        } else {
            format!("{sender} sends you {name} ({size})")
        };
        state.screen.notice_from(&format!("{mark}{what}{hint}"), id);
    }
}

/// A list has come: what it holds for us and is small enough, or was begun, is fetched.
fn list(state: &mut State) {
    let items = std::mem::take(&mut state.transfers.items);
    state.transfers.lists += 1;
    let items: Vec<_> = items.into_iter().filter(|item| !state.blacklist.contains(&item.sender)).collect();
    for item in &items {
        state.transfers.learn(item.clone());
        if item.state == "new" && state.transfers.is_news(item.id, item.crc) && !state.transfers.show_list {
            // The announcement was missed, or it is long ago.
            tell(state, item, Some((String::new(), None)));
        }
        let begun = part::path(&state.transfers.downloads, &state.nick, item.id, item.crc);
        match item.state.as_str() {
            "new" if state.transfers.is_small(item.size) || begun.exists() => state.transfers.fetch(item),
            // The client was ended before it could remove it.
            "had" if begun.exists() && state.transfers.by_id(item.id).is_none() => drop(std::fs::remove_file(begun)),
            "sent" => mark_whole(state, item),
            _ => {}
        }
    }
    if std::mem::take(&mut state.transfers.show_list) {
        show(state, &items);
    }
}

/// The server has a file of ours whole.
fn mark_whole(state: &mut State, item: &Offer) {
    if let Some(transfer) = state.transfers.by_id(item.id)
        && matches!(transfer.job, Job::Upload(_))
    {
        // A server that has lost its files gives the same numbers to others.
        transfer.is_whole = transfer.name == item.name && transfer.progress.total == item.size;
    }
}

/// The list as a table.
fn show(state: &mut State, items: &[Offer]) {
    if items.is_empty() {
        return state.screen.tell("No file was sent to you or by you");
    }
    let heads = ["ID", "FROM", "TO", "SIZE", "STATE", "NAME"].map(str::to_owned);
    let row = |item: &Offer| {
        let Offer { id, sender, target, size, state, name, .. } = item;
        [id.to_string(), sender.clone(), target.clone(), readable_size(*size), state.clone(), name.clone()]
    };
    let rows: Vec<_> = std::iter::once(heads).chain(items.iter().map(row)).collect();
    table(&rows, &[0, 3]).iter().for_each(|row| state.screen.tell(row));
}

/// The sender of a file took it back.
fn cancelled(state: &mut State, from: &str, id: &str, name: &str) {
    let Ok(id) = id.parse() else { return };
    if let Some(transfer) = state.transfers.by_id(id) {
        if transfer.is_running {
            // Its thread says so.
            return transfer.stop(Cancel::BySender(from.to_owned()));
        }
        let number = transfer.number;
        state.transfers.remove(number);
    }
    state.screen.notice(&format!("{from} took {} back", safe_name(name)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::tests::Paper;

    /// What is printed for some messages to `me`, and the state after them.
    fn shown(lines: &[&str]) -> (String, State) {
        let paper = Paper::default();
        let mut state = State::new(paper.screen(false));
        state.nick = "me".into();
        state.transfers.auto_accept = 1000;
        state.blacklist.add("troll").unwrap();
        for line in lines {
            crate::incoming::handle(&mut state, &Message::parse(line).unwrap());
        }
        (paper.take(), state)
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
                "@time=2026-11-25T09:30:00.123Z;msgid=1;groupchat/waited :tesla!t@h FILE ANNOUNCE me 7 9 1a2b3c4d :a.txt",
                "[2026-11-25 09:30 UTC] tesla sends you a.txt (9 bytes)\n",
                1,
            ),
            (":troll!t@h FILE ANNOUNCE me 7 10 1a2b3c4d :a.txt", "", 0),
            (":me!t@h FILE ANNOUNCE #dev 7 10 1a2b3c4d :a.txt", "", 0),
            (":tesla!t@h FILE ANNOUNCE me x 10 1a2b3c4d :a.txt", "", 0),
            (":albert!t@h FILE GOT me 7 :a.txt", "albert has a.txt now\n", 0),
            (":tesla!t@h FILE CANCEL me 7 :a.txt", "tesla took a.txt back\n", 0),
            (":srv FAIL FILE NO_SUCH_FILE 7 :There is no file 7", "There is no file 7\n", 0),
            (":srv FAIL * INVALID_UTF8 :Not UTF-8", "The server refused *: Not UTF-8\n", 0),
        ] {
            let (text, state) = shown(&[line, line]);
            let once = text.strip_suffix(expected).filter(|_| !expected.is_empty()).unwrap_or(&text);
            assert!(once.is_empty() || once == expected, "{line}: {text}");
            assert_eq!(state.transfers.due(|_| true), fetched, "{line}");
        }
    }

    #[test]
    fn the_list_is_shown_to_who_asked_and_acted_upon() {
        let items = [
            ":srv FILE ITEM 7 tesla me 1000 1a2b3c4d new :a.txt",
            ":srv FILE ITEM 12 tesla #lobby 4000000 1a2b3c4d new :big file.iso",
            ":srv FILE ITEM 13 tesla me 10 1a2b3c4d had :had.txt",
            ":srv FILE ITEM 14 troll me 10 1a2b3c4d new :evil.txt",
            ":srv FILE ITEM 15 me bob 10 1a2b3c4d sent :mine.txt",
            ":tesla!t@h FILE ITEM 16 tesla me 10 1a2b3c4d new :forged.txt",
        ];
        let (text, mut state) = shown(&[&items[..], &[":srv FILE END"]].concat());
        let missed = [
            "tesla sends you a.txt (1000 bytes)",
            "tesla shared big file.iso (3.8 MiB) with #lobby; /get 12 fetches it",
        ];
        assert_eq!((text.lines().collect::<Vec<_>>(), state.transfers.due(|_| true)), (missed.to_vec(), 1));
        assert_eq!(state.transfers.next(|_| true), Some((1, Job::Download(7))));
        let paper = Paper::default();
        state.screen = paper.screen(false);
        state.transfers.show_list = true;
        for line in items.iter().chain(&[":srv FILE END"]) {
            handle(&mut state, &Message::parse(line).unwrap());
        }
        let rows = [
            "ID  FROM   TO            SIZE  STATE  NAME",
            " 7  tesla  me      1000 bytes  new    a.txt",
            "12  tesla  #lobby     3.8 MiB  new    big file.iso",
            "13  tesla  me        10 bytes  had    had.txt",
            "15  me     bob       10 bytes  sent   mine.txt",
        ];
        assert_eq!(paper.take().lines().collect::<Vec<_>>(), rows);
        assert_eq!(state.transfers.due(|_| true), 1, "never twice");
    }

    #[test]
    fn no_message_makes_it_panic() {
        for verb in ["PUT", "GET", "ITEM", "END", "ANNOUNCE", "GOT", "CANCEL", ""] {
            for params in ["", " 1", " 1 2 3", " 1 2 3 4", " u1 2 3 4 5", " 1 2 3 4 5 6 :7", " 1 :\u{1b}[2J"] {
                shown(&[&format!("FILE {verb}{params}"), &format!(":a!b@c FILE {verb}{params}")]);
            }
        }
        shown(&["FAIL", "FAIL FILE", "FAIL FILE X", "FAIL FILE X Y", "FAIL FILE X Y :Z"]);
    }
}
