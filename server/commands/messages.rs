//! What people write to each other: PRIVMSG, NOTICE, TAGMSG; and AWAY.
//!
//! Runs in the client's thread, under the registry's lock, which is let go while a letter is stored.

use std::sync::Arc;
use std::time::Instant;

use wire::limits;
use wire::message::Message;
use wire::names::casefold;
use wire::numeric::{self, Numeric, OFFLINE};
use wire::text::truncate;

use super::distinct;
use crate::chat::Chat;
use crate::event::{ClientId, Line, Recipients};
use crate::letter::Msgid;
use crate::mail;

/// What the three verbs differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Privmsg,
    /// Never answered with an error about its target, so that two programs cannot keep answering each other.
    Notice,
    /// Nothing but tags.
    Tagmsg,
}

pub fn privmsg(chat: &mut Chat<'_>, message: &Message<'_>) {
    write_to_all(chat, message, Kind::Privmsg);
}

pub fn notice(chat: &mut Chat<'_>, message: &Message<'_>) {
    write_to_all(chat, message, Kind::Notice);
}

pub fn tagmsg(chat: &mut Chat<'_>, message: &Message<'_>) {
    write_to_all(chat, message, Kind::Tagmsg);
}

pub fn away(chat: &mut Chat<'_>, message: &Message<'_>) {
    let text = message.param(0).map(|text| truncate(text, limits::AWAY).to_owned());
    let numeric = if text.is_some() { numeric::RPL_NOWAWAY } else { numeric::RPL_UNAWAY };
    chat.me_mut().away = text;
    chat.reply(numeric, &[]);
}

/// Why a message does not reach a target.
struct Refusal {
    numeric: Numeric,
    text: String,
}

impl Refusal {
    fn new(numeric: Numeric) -> Self {
        Refusal { numeric, text: numeric.text.into() }
    }

    fn tell(self, chat: &mut Chat<'_>, kind: Kind, params: &[&str]) {
        // A text that is too long, or a full disk, has nothing to do with whom it was for: even a program wants to know.
        let always = [numeric::ERR_INPUTTOOLONG, numeric::ERR_UNKNOWNERROR].contains(&self.numeric);
        if kind != Kind::Notice || always {
            chat.reply_text(self.numeric, params, &self.text);
        }
    }
}

fn write_to_all(chat: &mut Chat<'_>, message: &Message<'_>, kind: Kind) {
    let Some(targets) = message.param(0) else {
        return no_recipient(message).tell(chat, kind, &[]);
    };
    let text = message.param(1).unwrap_or_default();
    if text.is_empty() && kind != Kind::Tagmsg {
        return Refusal::new(numeric::ERR_NOTEXTTOSEND).tell(chat, kind, &[]);
    }
    let targets = distinct(targets);
    if targets.is_empty() {
        return no_recipient(message).tell(chat, kind, &[]);
    }
    if let Some(one_too_many) = targets.get(limits::TARGETS) {
        return Refusal::new(numeric::ERR_TOOMANYTARGETS).tell(chat, kind, &[one_too_many]);
    }
    chat.me_mut().spoke = Instant::now();
    let client_tags = message.raw_tags.split(';').filter(|tag| is_client_tag(tag)).collect::<Vec<_>>().join(";");
    let draft = Draft { kind, source: chat.me().source(), text, client_tags };
    for target in targets {
        let result = if target.starts_with('#') { draft.to_room(chat, target) } else { draft.to_person(chat, target) };
        if let Err(refusal) = result {
            let verb = message.verb.to_ascii_uppercase();
            // This one names the command first.
            let names_verb = refusal.numeric == numeric::ERR_UNKNOWNERROR;
            let params = [&verb, target];
            refusal.tell(chat, kind, if names_verb { &params } else { &params[1..] });
        }
    }
}

/// Whether a tag is one that clients give each other, `+key` or `+key=value`.
fn is_client_tag(tag: &str) -> bool {
    tag.strip_prefix('+').is_some_and(|key| !key.is_empty() && !key.starts_with('='))
}

fn no_recipient(message: &Message<'_>) -> Refusal {
    let text = format!("No recipient given ({})", message.verb.to_ascii_uppercase());
    Refusal { numeric: numeric::ERR_NORECIPIENT, text }
}

/// A message on its way to one of its targets.
struct Draft<'a> {
    kind: Kind,
    source: String,
    text: &'a str,
    /// The sender's own tags, those that others may see.
    client_tags: String,
}

impl Draft<'_> {
    fn to_room(&self, chat: &mut Chat<'_>, target: &str) -> Result<(), Refusal> {
        let (me, echo) = (chat.id, chat.wants_echo());
        let room = chat.registry.room_mut(target).ok_or(Refusal::new(numeric::ERR_NOSUCHCHANNEL))?;
        if let Some(reason) = room.muted(me, &self.source) {
            if room.secret && !room.has(me) {
                return Err(Refusal::new(numeric::ERR_NOSUCHCHANNEL));
            }
            return Err(Refusal { numeric: numeric::ERR_CANNOTSENDTOCHAN, text: reason.into() });
        }
        let mut recipients = room.recipients((!echo).then_some(me));
        if echo && !room.has(me) {
            recipients.clients = recipients.clients.iter().copied().chain([me]).collect();
        }
        let name = room.name.clone();
        let (_, line) = self.line(chat, &name)?;
        chat.tell(recipients, line);
        self.log(chat, &name);
        Ok(())
    }

    fn to_person(&self, chat: &mut Chat<'_>, target: &str) -> Result<(), Refusal> {
        let (me, echo) = (chat.id, chat.wants_echo());
        let here = chat.registry.by_nick(target).map(|client| (client.id, client.nick().to_owned()));
        if here.is_none() && !chat.registry.post.knows(&casefold(target)) {
            return Err(Refusal::new(numeric::ERR_NOSUCHNICK));
        }
        let nick = here.as_ref().map_or(target, |(_, nick)| nick).to_owned();
        let (id, line) = self.line(chat, &nick)?;
        // With echo-message the sender gets a copy too, even of what it writes to itself.
        let echo = echo.then_some(me);
        if self.kind == Kind::Tagmsg {
            // Worth nothing later, so it is no letter.
            let clients: Arc<[ClientId]> = here.iter().map(|(id, _)| *id).chain(echo).collect();
            chat.tell(Recipients { clients, except: None }, line);
        } else if let Err(why) = mail::send(chat, &nick, id, line, echo) {
            let text = format!("Not sent to {nick}: {why}");
            return Err(Refusal { numeric: numeric::ERR_UNKNOWNERROR, text });
        }
        // As it is now that the letter lies in the mailbox.
        let (away, shown) = match chat.registry.by_nick(&nick) {
            Some(recipient) => (recipient.away.clone(), nick.clone()),
            None if self.kind == Kind::Tagmsg => (Some("offline".into()), nick.clone()),
            None => (Some(OFFLINE.into()), format!("{nick} ({OFFLINE})")),
        };
        self.log(chat, &shown);
        if let Some(text) = away.filter(|_| self.kind != Kind::Notice) {
            chat.reply_text(numeric::RPL_AWAY, &[&nick], &text);
        }
        Ok(())
    }

    /// The line that the target gets, and its id. It starts with the sender's name, so a text that the sender
    /// could just send may be too long: then nobody gets it, since half a message is none.
    fn line(&self, chat: &Chat<'_>, target: &str) -> Result<(Msgid, Line), Refusal> {
        let id = chat.server.next_msgid();
        let mut tags = format!("msgid={id}");
        if !self.client_tags.is_empty() {
            tags.extend([";", &self.client_tags]);
        }
        let (source, text) = (&self.source, self.text);
        let line = match self.kind {
            Kind::Privmsg => Line::message(format_args!(":{source} PRIVMSG {target} :{text}"), tags, false),
            Kind::Notice => Line::message(format_args!(":{source} NOTICE {target} :{text}"), tags, false),
            Kind::Tagmsg => Line::message(format_args!(":{source} TAGMSG {target}"), tags, true),
        };
        let excess = line.len().saturating_sub(limits::LINE);
        if excess > 0 {
            let text = format!("Text too long by {excess} bytes; it was not sent to {target}");
            return Err(Refusal { numeric: numeric::ERR_INPUTTOOLONG, text });
        }
        Ok((id, line))
    }

    fn log(&self, chat: &Chat<'_>, target: &str) {
        if self.kind != Kind::Tagmsg {
            let me = chat.me();
            chat.server.log.message(me.address, me.nick(), target, self.text);
        }
    }
}
