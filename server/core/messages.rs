//! Messages: PRIVMSG, NOTICE, TAGMSG; and AWAY.
//!
//! Runs in the client's thread, under the registry's lock.

use std::ops::ControlFlow;

use wire::limits::{AWAY, LINE};
use wire::message::{Message, middle};
use wire::numeric::{self, Numeric, OFFLINE};
use wire::text::truncate;

use super::context::{CommandContext, PrivateMessage};
use super::event::{Caps, Line, Recipients};
use super::items::distinct;
use super::limits;
use super::msgid::Msgid;

/// What the three verbs differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Privmsg,
    /// Never answered with an error about its target, so that two programs cannot keep answering each other.
    Notice,
    /// Nothing but tags.
    Tagmsg,
}

pub fn privmsg(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    write_to_all(ctx, message, Kind::Privmsg);
}

pub fn notice(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    write_to_all(ctx, message, Kind::Notice);
}

pub fn tagmsg(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    write_to_all(ctx, message, Kind::Tagmsg);
}

pub fn away(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let text = message.param(0).map(|text| truncate(text, AWAY).to_owned());
    let numeric = if text.is_some() { numeric::RPL_NOWAWAY } else { numeric::RPL_UNAWAY };
    ctx.me_mut().away = text;
    ctx.reply(numeric, &[]);
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

    fn reply(self, ctx: &mut CommandContext<'_>, kind: Kind, params: &[&str]) {
        // A text that is too long, or a full disk, is not about the target: even a program wants to know.
        let always = [numeric::ERR_INPUTTOOLONG, numeric::ERR_UNKNOWNERROR].contains(&self.numeric);
        if kind != Kind::Notice || always {
            ctx.reply_text(self.numeric, params, &self.text);
        }
    }
}

fn write_to_all(ctx: &mut CommandContext<'_>, message: &Message<'_>, kind: Kind) {
    let verb = message.verb.to_ascii_uppercase();
    let targets = distinct(message.param(0).unwrap_or_default());
    let text = message.param(1).unwrap_or_default();
    let no_recipient = || Refusal { numeric: numeric::ERR_NORECIPIENT, text: format!("No recipient given ({verb})") };
    if message.param(0).is_none() {
        return no_recipient().reply(ctx, kind, &[]);
    }
    if text.is_empty() && kind != Kind::Tagmsg {
        return Refusal::new(numeric::ERR_NOTEXTTOSEND).reply(ctx, kind, &[]);
    }
    if targets.is_empty() {
        return no_recipient().reply(ctx, kind, &[]);
    }
    if let Some(one_too_many) = targets.get(limits::TARGETS) {
        return Refusal::new(numeric::ERR_TOOMANYTARGETS).reply(ctx, kind, &[one_too_many]);
    }
    ctx.cost += targets.len() - 1;
    ctx.me_mut().spoke_at = ctx.inputs.now;
    let client_tags = message.raw_tags.split(';').filter(|tag| is_client_tag(tag)).collect::<Vec<_>>().join(";");
    let draft = Draft { kind, source: ctx.me().source(), text, client_tags };
    for target in targets {
        let result = if target.starts_with('#') { draft.to_room(ctx, target) } else { draft.to_person(ctx, target) };
        if let Err(refusal) = result {
            if refusal.numeric == numeric::ERR_NOSUCHNICK {
                draft.log(ctx, &format!("{} (nobody of that name)", middle(target)));
            }
            // This one names the command first.
            let names_verb = refusal.numeric == numeric::ERR_UNKNOWNERROR;
            let params = [&verb, target];
            refusal.reply(ctx, kind, if names_verb { &params } else { &params[1..] });
        }
        ctx.give_way();
    }
}

/// Whether a tag is one that clients give each other, `+key` or `+key=value`.
fn is_client_tag(tag: &str) -> bool {
    tag.strip_prefix('+').is_some_and(|key| !key.is_empty() && !key.starts_with('='))
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
    fn to_room(&self, ctx: &mut CommandContext<'_>, target: &str) -> Result<(), Refusal> {
        let (me, wings) = (ctx.id, ctx.wings);
        let echo = ctx.me().caps.has(Caps::ECHO_MESSAGE);
        let room = ctx.registry.room_mut(target).ok_or(Refusal::new(numeric::ERR_NOSUCHCHANNEL))?;
        if let Err(reason) = wings.may_speak(room, Some(me), &self.source) {
            return Err(if wings.may_see(room, me) {
                Refusal { numeric: numeric::ERR_CANNOTSENDTOCHAN, text: reason.into() }
            } else {
                Refusal::new(numeric::ERR_NOSUCHCHANNEL)
            });
        }
        let mut recipients = room.recipients((!echo).then_some(me));
        if echo && !room.has(me) {
            recipients.clients = recipients.clients.iter().copied().chain([me]).collect();
        }
        let name = room.name.clone();
        let (_, line) = self.line(ctx, &name)?;
        ctx.send_to(recipients, line);
        self.log(ctx, &name);
        Ok(())
    }

    fn to_person(&self, ctx: &mut CommandContext<'_>, target: &str) -> Result<(), Refusal> {
        let present = ctx.registry.by_nick(target).map(|client| (client.id, client.nick().to_owned()));
        let wings = ctx.wings;
        if present.is_none() && !wings.know(target) {
            return Err(Refusal::new(numeric::ERR_NOSUCHNICK));
        }
        let (recipient, nick) = present.map_or((None, target.to_owned()), |(id, nick)| (Some(id), nick));
        let (id, line) = self.line(ctx, &nick)?;
        // With echo-message the sender gets a copy, even of what it writes to itself.
        let echo = ctx.me().caps.has(Caps::ECHO_MESSAGE).then_some(ctx.id);
        let message = PrivateMessage { to: nick.clone(), id, line, echo };
        let delivered = if self.kind == Kind::Tagmsg {
            // Of no use later, so no wing stores it.
            ControlFlow::Continue(message)
        } else {
            wings.list.iter().try_fold(message, |message, wing| wing.deliver(ctx, message))
        };
        match delivered {
            // The name belongs to somebody, but no wing stores messages.
            ControlFlow::Continue(_) if recipient.is_none() && self.kind != Kind::Tagmsg => {
                return Err(Refusal::new(numeric::ERR_NOSUCHNICK));
            }
            ControlFlow::Continue(message) => {
                ctx.send_to(Recipients::of(recipient.into_iter().chain(echo)), message.line);
            }
            ControlFlow::Break(result) => result.map_err(|why| {
                let text = format!("Not sent to {nick}: {why}");
                Refusal { numeric: numeric::ERR_UNKNOWNERROR, text }
            })?,
        }
        // A wing may have let go of the lock meanwhile.
        let (away, shown) = match ctx.registry.by_nick(&nick) {
            Some(recipient) => (recipient.away.clone(), nick.clone()),
            None if self.kind == Kind::Tagmsg => (Some("offline".into()), nick.clone()),
            None => (Some(OFFLINE.into()), format!("{nick} ({OFFLINE})")),
        };
        self.log(ctx, &shown);
        if let Some(text) = away.filter(|_| self.kind != Kind::Notice) {
            ctx.reply_text(numeric::RPL_AWAY, &[&nick], &text);
        }
        Ok(())
    }

    /// The line for the target, and its id. It starts with the sender's name, so a text that the sender could just send
    /// may be too long. Then nobody gets it: half a message is none.
    fn line(&self, ctx: &CommandContext<'_>, target: &str) -> Result<(Msgid, Line), Refusal> {
        let id = ctx.server.next_msgid();
        let mut tags = format!("msgid={id}");
        if !self.client_tags.is_empty() {
            tags.extend([";", &self.client_tags]);
        }
        let (source, text, now) = (&self.source, self.text, ctx.inputs.now);
        let line = match self.kind {
            Kind::Privmsg => Line::message(now, format_args!(":{source} PRIVMSG {target} :{text}"), tags),
            Kind::Notice => Line::message(now, format_args!(":{source} NOTICE {target} :{text}"), tags),
            Kind::Tagmsg => {
                Line::message(now, format_args!(":{source} TAGMSG {target}"), tags).only_for(Caps::MESSAGE_TAGS, None)
            }
        };
        let excess = line.len().saturating_sub(LINE);
        if excess > 0 {
            let text = format!("Text too long by {excess} bytes; it was not sent to {target}");
            return Err(Refusal { numeric: numeric::ERR_INPUTTOOLONG, text });
        }
        Ok((id, line))
    }

    fn log(&self, ctx: &CommandContext<'_>, target: &str) {
        if self.kind != Kind::Tagmsg {
            let me = ctx.me();
            ctx.server.log.message(me.address, me.nick(), target, self.text);
        }
    }
}
