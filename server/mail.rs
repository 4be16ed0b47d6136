//! The way of a letter: stored in the mailbox, handed over, confirmed, removed.
//!
//! Runs in client threads: the sender's thread stores a letter and hands it over, the recipient's thread hands
//! over what has waited and removes what is confirmed. Each lets the registry's lock go while
//! it waits for the disk, and nobody waits for it but its own client.

use std::sync::Arc;

use wire::limits;
use wire::names::fold;
use wire::unconfirmed::Unconfirmed;

use crate::chat::Chat;
use crate::event::{Caps, ClientId, Event, Line, Recipients};
use crate::letter::{Msgid, fit_for};
use crate::mailbox::Missing;

/// A letter that was handed over: the mailbox in which it lies, and its id.
pub type Handed = (String, Msgid);

/// Letters that are read at once, between two looks at the registry.
const SHEAF: usize = 64;

/// The letters that a client has not confirmed; the tokens of its `PING`s begin with `mail-`.
pub fn nothing_handed() -> Unconfirmed<Handed> {
    Unconfirmed::new("mail")
}

/// Sends a letter to a name, which must be known or here; `echo` gets a copy. An error is the reason why it
/// was not sent, and then it never comes.
pub fn send(chat: &mut Chat<'_>, name: &str, id: Msgid, letter: Line, echo: Option<ClientId>) -> Result<(), String> {
    chat.registry.post.has_room(name)?;
    let folded = fold(name);
    let stored = chat.unlocked(|server| server.mailboxes.store(&folded, id, &letter));
    if let Err(error) = stored {
        chat.server.log.line(format_args!("A letter to {name} cannot be stored: {error}"));
        return Err("the server cannot store it now; try again later".into());
    }
    // From here on it comes, now or later.
    let is_its_turn = chat.registry.post.add(name, id);
    let here = chat.registry.by_nick(name).map(|recipient| recipient.id).filter(|_| is_its_turn);
    if let Some(recipient) = here {
        note_handed(chat, recipient, folded, id);
    }
    let letter = match here {
        Some(recipient) => fit_for(letter, chat.registry.caps(recipient)),
        None => letter,
    };
    let clients: Arc<[ClientId]> = here.into_iter().chain(echo).collect();
    chat.tell(Recipients { clients, except: None }, letter);
    if let Some(recipient) = here {
        ask(chat, recipient);
    }
    Ok(())
}

/// The client has a name from now on: it becomes known, and gets what has waited for it.
pub fn arrive(chat: &mut Chat<'_>) {
    let nick = chat.me().nick().to_owned();
    let registry = &mut *chat.registry;
    let (post, nicks) = (&mut registry.post, &registry.nicks);
    if post.learn(&nick, |name| nicks.contains_key(name))
        && let Err(error) = chat.unlocked(|server| server.mailboxes.learn(&nick))
    {
        chat.server.log.line(format_args!("The name {nick} will be forgotten at the end: {error}"));
    }
    let waiting = chat.registry.post.waiting(&nick);
    if waiting > 0 {
        let messages = if waiting == 1 { "1 message" } else { &format!("{waiting} messages") };
        notice(chat, &format!("{messages} while you were away"));
        hand_over(chat);
    }
}

/// The client answers a `PING`: perhaps that which followed its letters.
pub fn confirm(chat: &mut Chat<'_>, token: &str) {
    let confirmed = chat.me_mut().handed.pong(token);
    if confirmed.is_empty() {
        return;
    }
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
    let name = fold(chat.me().nick());
    let (mut bytes, mut last) = (0, String::new());
    while bytes < limits::MAIL_BATCH {
        let sheaf = chat.registry.post.next(&name, SHEAF);
        if sheaf.is_empty() {
            // Caught up: from here on senders hand over themselves.
            break;
        }
        let letters =
            chat.unlocked(|server| sheaf.iter().map(|id| server.mailboxes.read(&name, *id)).collect::<Vec<_>>());
        for (id, letter) in sheaf.into_iter().zip(letters) {
            match letter {
                Ok(letter) if chat.registry.post.hand_over(&name, id) => {
                    chat.me_mut().handed.push((name.clone(), id));
                    bytes += letter.len();
                    hand_over_late(chat, letter, &mut last);
                }
                // It was confirmed meanwhile, by who had the name before.
                Ok(_) => {}
                Err(missing) => set_aside(chat, &name, id, &missing),
            }
        }
    }
    ask(chat, chat.id);
}

/// One letter that has waited. A client that knows no times is told when it was written.
fn hand_over_late(chat: &mut Chat<'_>, mut letter: Line, last: &mut String) {
    if !chat.me().caps.has(Caps::SERVER_TIME) {
        let when = format!("{} UTC, from {}:", letter.minute(), letter.from());
        if when != *last {
            notice(chat, &when);
            *last = when;
        }
    }
    letter.has_waited();
    let letter = fit_for(letter, chat.me().caps);
    let clients: Arc<[ClientId]> = [chat.id].into();
    chat.tell(Recipients { clients, except: None }, letter);
}

/// Takes a letter that cannot be handed over out of the way of the others.
fn set_aside(chat: &mut Chat<'_>, name: &str, id: Msgid, missing: &Missing) {
    chat.registry.post.remove(name, id);
    let what = match missing {
        Missing::Damaged(why) => format!("is damaged ({why}); it is in the folder damaged of the mailbox now"),
        Missing::Unreadable(error) => {
            format!("cannot be read ({error}); it is tried again when the server starts next")
        }
    };
    chat.server.log.line(format_args!("The letter {id} to {name} {what}"));
}

/// Takes note that a client gets a letter.
fn note_handed(chat: &mut Chat<'_>, recipient: ClientId, name: String, id: Msgid) {
    chat.registry.post.hand_over(&name, id);
    if let Some(client) = chat.registry.client_mut(recipient) {
        client.handed.push((name, id));
    }
}

/// Asks a client to confirm what it was handed, unless it is being asked already.
fn ask(chat: &mut Chat<'_>, client: ClientId) {
    let ping = chat.registry.client_mut(client).and_then(|client| client.handed.ping());
    if let Some(ping) = ping {
        chat.server.send(Event::Reply { client, lines: format!("{ping}\r\n").into_bytes() });
    }
}

fn notice(chat: &mut Chat<'_>, text: &str) {
    let (server, nick) = (chat.server, chat.me().nick().to_owned());
    chat.replies.line(format_args!(":{} NOTICE {nick} :{text}", server.name));
}
