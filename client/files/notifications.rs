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
use crate::core::script;
use crate::core::state::State;
use std::fs;
use std::path::Path;
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
        Some(FileLine::Declined { id, name, .. }) if state.model.is_me(from) => {
            files.lock().offers.remove(&id);
            state.emit(FileEvent::WeDeclined { name: safe_name(name) });
        }
        Some(FileLine::Declined { name, .. }) => declined(client, state, message, from, safe_name(name)),
        Some(FileLine::Cancelled { id, name, .. }) => {
            cancelled(state, files, id, from.to_owned(), safe_name(name));
        }
        _ => {}
    }
}

/// A line `FAIL FILE ...`.
pub fn failed(state: &mut State, files: &Files, fail: &Fail<'_>) {
    // The server answers in order, so this is about the oldest request of this file that has no answer.
    let mut sent = script::refused(state.unconfirmed.items(), "FILE", fail.context.as_slice());
    let is_of = |verb: &str| sent.as_ref().is_some_and(|sent| sent.line.starts_with(verb));
    if is_of("FILE CANCEL") || is_of("FILE DECLINE") {
        state.refused("FILE", fail.context.as_slice(), fail.text);
        return state.note(fail.text);
    }
    sent.iter_mut().for_each(|sent| sent.is_refused = true);
    let mut transfers = files.lock();
    let transfer = fail.context.and_then(|word| transfers.by_word(word));
    if let Some(transfer) = transfer.filter(|transfer| transfer.is_running) {
        transfer.answer = Some(Answer::Refused { code: fail.code.to_owned(), why: fail.text.to_owned() });
    } else {
        drop(transfers);
        state.note(fail.text);
    }
}

/// Somebody does not want our file. It is a stored message, and may come again like any other.
fn declined(client: &Client, state: &mut State, message: &Message<'_>, by: &str, name: String) {
    if let Some(origin) = client.origin(message, true) {
        let event = Event::from(FileEvent::Declined { by: by.to_owned(), name });
        state.emit(Event { conversation: Some(by.to_owned()), origin, ..event });
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
    let part = part::path(&files.options.downloads, &state.model.nick, offer.id, offer.crc);
    let comes = if files.is_small(offer.size) && !is_there(&part::stopped(&part)) {
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
    let conversation = Some(offer.conversation().to_owned());
    let event = Event::from(FileEvent::Offered { offer, comes });
    Event { conversation, mentions_us: !is_room, origin, ..event }
}

/// A list has come: a file for us that is small enough, or was begun, is fetched.
fn list(state: &mut State, files: &Files) {
    let Some(number) = state.pending.oldest(LIST).map(|request| request.number) else { return };
    let Some(request) = state.pending.take(number) else { return };
    let is_for_the_user = request.about == FOR_THE_USER;
    let mut items: Vec<Offer> = request.rows.iter().filter_map(|row| item(row)).collect();
    items.retain(|item| !state.model.blacklist.contains(&item.sender));
    let (mut news, now) = (Vec::new(), Instant::now());
    for item in &items {
        let part = part::path(&files.options.downloads, &state.model.nick, item.id, item.crc);
        let begun = fs::symlink_metadata(&part).ok().map(|metadata| metadata.len());
        let mut transfers = files.lock();
        transfers.learn(item.clone());
        let comes = match begun {
            _ if item.state != FileState::New || is_there(&part::stopped(&part)) => Comes::WhenAskedFor,
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
            FileState::Received if transfers.by_id(item.id).is_none() => {
                // The client was ended before it could remove it. No thread can start to fetch it while we have the
                // state's lock.
                drop(transfers);
                part::remove(&part);
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

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
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
    if let Some(offer) = transfers.offers.remove(&id) {
        part::remove(&part::path(&files.options.downloads, &state.model.nick, id, offer.crc));
    }
    drop(transfers);
    state.emit(FileEvent::Withdrawn { by, name });
}

#[cfg(test)]
mod tests;
