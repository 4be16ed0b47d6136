//! The way of a letter: stored in the mailbox, handed over, confirmed, removed.
//!
//! Runs in client threads: the sender's thread stores a letter and hands it over, the recipient's thread hands
//! over what has waited and removes what is confirmed. Each lets the registry's lock go while
//! it waits for the disk, and nobody waits for it but its own client.

use std::sync::Arc;

use wire::ack_queue::AckQueue;
use wire::limits;
use wire::names::casefold;
use wire::text::pluralize;

use crate::chat::Chat;
use crate::event::{Caps, ClientId, Event, Line, Recipients};
use crate::letter::{Msgid, fit_for};
use crate::mailbox::Missing;
use crate::post::Learned;
use crate::server::Server;

/// A letter that was handed over: the mailbox in which it lies, and its id.
pub type Handed = (String, Msgid);

/// Letters that are read at once, between two looks at the registry.
const SHEAF: usize = 64;

/// The letters that a client has not confirmed; the tokens of its `PING`s begin with `mail-`.
pub fn nothing_handed() -> AckQueue<Handed> {
    AckQueue::new("mail")
}

/// Sends a letter to a name, which must be known or here; `echo` gets a copy. An error is the reason why it
/// was not sent, and then it never comes.
///
/// The lock is let go meanwhile: who was here may have left, and who was away may have come.
pub fn send(chat: &mut Chat<'_>, name: &str, id: Msgid, letter: Line, echo: Option<ClientId>) -> Result<(), String> {
    let name = casefold(name);
    has_room(chat, &name)?;
    let stored = chat.unlocked(|server| server.mailboxes.store(&name, id, &letter));
    if let Err(error) = stored {
        chat.server.log.line(format_args!("A letter to {name} cannot be stored: {error}"));
        return Err("the server cannot store it now; try again later".into());
    }
    // From here on it comes, now or later.
    let is_its_turn = chat.registry.post.add(&name, id);
    let here = chat.registry.by_nick(&name).map(|recipient| recipient.id).filter(|_| is_its_turn);
    let letter = match here {
        Some(recipient) => fit_for(letter, chat.registry.caps(recipient)),
        None => letter,
    };
    if let Some(recipient) = here {
        mark_handed(chat, recipient, &name, id);
    }
    let clients: Arc<[ClientId]> = here.into_iter().chain(echo).collect();
    if !clients.is_empty() {
        chat.tell(Recipients { clients, except: None }, letter);
    }
    if let Some(recipient) = here {
        ask(chat, recipient);
    }
    Ok(())
}

/// Stores a letter at the start of the server, when nobody is here who could get it at once.
pub fn leave(server: &Server, name: &str, id: Msgid, letter: &Line) -> Result<(), String> {
    server.registry().post.has_room(name, false)?;
    server.mailboxes.store(name, id, letter).map_err(|error| error.to_string())?;
    server.registry().post.add(name, id);
    Ok(())
}

/// Removes letters that say nothing true any more, as far as they are not confirmed. Not to be called under the lock.
pub fn withdraw(server: &Server, letters: &[Handed]) {
    for (name, id) in letters {
        // The lock is let go at the end of the line.
        let was_there = server.registry().post.remove(name, *id);
        if was_there && let Err(error) = server.mailboxes.remove(name, *id) {
            server.log.line(format_args!("The letter {id} to {name} may come, since it cannot be removed: {error}"));
        }
    }
}

/// Whether a letter to this name would be taken; if not, why.
pub fn has_room(chat: &Chat<'_>, name: &str) -> Result<(), String> {
    let is_here = chat.registry.by_nick(name).is_some();
    chat.registry.post.has_room(&casefold(name), is_here).map_err(str::to_owned)
}

/// The client has a name from now on: it becomes known, and gets what has waited for it.
pub fn arrive(chat: &mut Chat<'_>) {
    let name = casefold(chat.me().nick());
    let registry = &mut *chat.registry;
    // A name that belongs to a key is not forgotten either.
    let is_kept = |name: &str| registry.nicks.contains_key(name) || registry.keys.owner(name).is_some();
    let learned = registry.post.learn(&name, is_kept);
    if matches!(learned, Learned::New | Learned::InPlaceOf(_)) {
        let written = chat.unlocked(|server| {
            if let Learned::InPlaceOf(forgotten) = &learned {
                server.mailboxes.forget(forgotten);
            }
            server.mailboxes.learn(&name)
        });
        if let Err(error) = written {
            chat.server.log.line(format_args!("The name {name} will be forgotten at the end: {error}"));
        }
    }
    let waiting = chat.registry.post.waiting(&name);
    if waiting > 0 {
        chat.replies.notice(&format!("{} while you were away", pluralize(waiting, "message")));
        hand_over(chat);
    }
}

/// The client answers a `PING`: perhaps that which followed its letters.
pub fn confirm(chat: &mut Chat<'_>, token: &str) {
    let confirmed = chat.me_mut().handed.pong(token);
    if confirmed.is_empty() {
        return;
    }
    // The server wanted this line; those who write to the client must not use up what it may say.
    chat.is_free = true;
    for (name, id) in &confirmed {
        chat.registry.post.remove(name, *id);
    }
    let failed = chat.unlocked(|server| {
        let removed = confirmed.iter().map(|(name, id)| server.mailboxes.remove(name, *id));
        removed.filter_map(Result::err).last()
    });
    if let Some(error) = failed {
        chat.server.log.line(format_args!("A confirmed letter may come again, since it cannot be removed: {error}"));
    }
    hand_over(chat);
}

/// Hands over what waits for the client, up to a limit; the rest follows when this is confirmed.
fn hand_over(chat: &mut Chat<'_>) {
    let name = casefold(chat.me().nick());
    let (mut bytes, mut last) = (0, String::new());
    let mut unreadable = None;
    // Who changes names to and fro gets letters again and again, and must confirm some before there are more.
    while bytes < limits::MAIL_BATCH && chat.me().handed.len() < limits::MAILBOX {
        let sheaf = chat.registry.post.next(&name, SHEAF);
        if sheaf.is_empty() {
            // Caught up: from here on senders hand over themselves.
            break;
        }
        let read = chat.unlocked(|server| sheaf.iter().map(|id| server.mailboxes.read(&name, *id)).collect::<Vec<_>>());
        for (id, letter) in sheaf.into_iter().zip(read) {
            match letter {
                // If not, it was confirmed meanwhile, by who had the name before.
                Ok(letter) if chat.registry.post.mark_handed(&name, id) => {
                    chat.me_mut().handed.push((name.clone(), id));
                    bytes += letter.len_with_tags();
                    deliver_late(chat, letter, &mut last);
                }
                Ok(_) => {}
                Err(Missing::Damaged(why)) => {
                    chat.registry.post.remove(&name, id);
                    let aside = "it is in the folder damaged of the mailbox now";
                    chat.server.log.line(format_args!("The letter {id} to {name} is damaged ({why}); {aside}"));
                }
                Err(Missing::Unreadable(error)) => {
                    unreadable = unreadable.or(chat.registry.post.put_off(&name, id).then_some(error));
                }
            }
        }
    }
    if let Some(error) = unreadable {
        let again = "they are tried again when it comes next";
        chat.server.log.line(format_args!("Letters to {name} cannot be read ({error}); {again}"));
    }
    ask(chat, chat.id);
}

/// Writes one letter that has waited. A client that knows no times is told when it was written.
fn deliver_late(chat: &mut Chat<'_>, mut letter: Line, last: &mut String) {
    if !chat.me().caps.has(Caps::SERVER_TIME) {
        let when = format!("{} UTC, from {}:", letter.minute(), letter.from());
        if when != *last {
            chat.replies.notice(&when);
            *last = when;
        }
    }
    letter.has_waited();
    let letter = fit_for(letter, chat.me().caps);
    let clients: Arc<[ClientId]> = [chat.id].into();
    chat.tell(Recipients { clients, except: None }, letter);
}

/// Takes note that a client gets a letter.
fn mark_handed(chat: &mut Chat<'_>, recipient: ClientId, name: &str, id: Msgid) {
    chat.registry.post.mark_handed(name, id);
    if let Some(client) = chat.registry.client_mut(recipient) {
        client.handed.push((name.to_owned(), id));
    }
}

/// Asks a client to confirm what it was handed, unless it is being asked already.
fn ask(chat: &mut Chat<'_>, client: ClientId) {
    let ping = chat.registry.client_mut(client).and_then(|client| client.handed.ping());
    if let Some(ping) = ping {
        chat.server.send(Event::Reply { client, lines: format!("{ping}\r\n").into_bytes() });
    }
}
