//! Messages: PRIVMSG, NOTICE, TAGMSG; and AWAY. A message has one row, unless a wing says otherwise.
//!
//! Runs in the client's thread, under the registry's lock.

use std::collections::HashSet;
use std::ops::ControlFlow;

use wire::limits::{AWAY, LINE};
use wire::message::{Message, middle};
use wire::numeric::{self, OFFLINE};
use wire::text::truncate;

use super::context::{CommandContext, PrivateMessage};
use super::event::{Caps, Line, Recipients};
use super::items::distinct;
use super::limits;
use super::msgid::Msgid;
use super::replies::Refusal;
use super::rows::{Batch, Row};

/// What the three verbs differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Privmsg,
    /// Never answered with an error about its target, so that two programs cannot keep answering each other.
    Notice,
    /// Nothing but tags.
    Tagmsg,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Kind::Privmsg => "PRIVMSG",
            Kind::Notice => "NOTICE",
            Kind::Tagmsg => "TAGMSG",
        }
    }
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

/// Says why a message does not reach a target.
fn refuse(ctx: &mut CommandContext<'_>, kind: Kind, params: &[&str], refusal: &Refusal) {
    // A text that is too long, or a full disk, is not about the target: even a program wants to know.
    let always = [numeric::ERR_INPUTTOOLONG, numeric::ERR_UNKNOWNERROR].contains(&refusal.numeric);
    if kind != Kind::Notice || always {
        ctx.reply_text(refusal.numeric, params, &refusal.text);
    }
}

fn write_to_all(ctx: &mut CommandContext<'_>, message: &Message<'_>, kind: Kind) {
    let verb = kind.verb();
    let targets = distinct(message.param(0).unwrap_or_default());
    let text = message.param(1).unwrap_or_default();
    let no_recipient = Refusal::new(numeric::ERR_NORECIPIENT, format!("No recipient given ({verb})"));
    if message.param(0).is_none() {
        return refuse(ctx, kind, &[], &no_recipient);
    }
    if text.is_empty() && kind != Kind::Tagmsg {
        return refuse(ctx, kind, &[], &numeric::ERR_NOTEXTTOSEND.into());
    }
    if targets.is_empty() {
        return refuse(ctx, kind, &[], &no_recipient);
    }
    if let Some(one_too_many) = targets.get(limits::TARGETS) {
        return refuse(ctx, kind, &[one_too_many], &numeric::ERR_TOOMANYTARGETS.into());
    }
    ctx.cost += targets.len() - 1;
    write_rows(ctx, kind, &targets, &[Row { text, continues: false }], message.raw_tags);
}

/// Writes a message of one row or several to each target.
pub fn write_rows(ctx: &mut CommandContext<'_>, kind: Kind, targets: &[&str], rows: &[Row<'_>], raw_tags: &str) {
    ctx.me_mut().spoke_at = ctx.inputs.now;
    let client_tags = client_tags(raw_tags);
    let draft = Draft { kind, source: ctx.me().source(), rows, client_tags };
    for &target in targets {
        let result = if target.starts_with('#') { draft.to_room(ctx, target) } else { draft.to_person(ctx, target) };
        if let Err(refusal) = result {
            if refusal.numeric == numeric::ERR_NOSUCHNICK {
                draft.log(ctx, &format!("{} (nobody of that name)", middle(target)));
            }
            let params: &[&str] = match refusal.numeric {
                numeric::ERR_UNKNOWNERROR => &[kind.verb(), target],
                numeric::ERR_INPUTTOOLONG => &[],
                _ => &[target],
            };
            refuse(ctx, kind, params, &refusal);
        }
        ctx.give_way();
    }
}

/// The tags that clients give each other, `+key` or `+key=value`, each key once: of several, the last one counts.
fn client_tags(raw_tags: &str) -> String {
    let key = |tag: &'_ str| tag.find('=').unwrap_or(tag.len());
    let mut seen = HashSet::new();
    let of_clients = |tag: &&str| tag[..key(tag)].strip_prefix('+').is_some_and(is_tag_key);
    let tags = raw_tags.rsplit(';').filter(of_clients).filter(|tag| seen.insert(&tag[..key(tag)]));
    let mut tags: Vec<&str> = tags.collect();
    tags.reverse();
    tags.join(";")
}

/// `name` or `vendor/name` (`IRCv3` message-tags, "Format").
fn is_tag_key(key: &str) -> bool {
    let (vendor, name) = key.split_once('/').map_or((None, key), |(vendor, name)| (Some(vendor), name));
    let is_word = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    vendor.is_none_or(|vendor| is_word(vendor, b"-.")) && is_word(name, b"-")
}

/// A message on its way to one of its targets.
struct Draft<'a> {
    kind: Kind,
    source: String,
    rows: &'a [Row<'a>],
    /// The sender's own tags, those that others may see.
    client_tags: String,
}

impl Draft<'_> {
    fn to_room(&self, ctx: &mut CommandContext<'_>, target: &str) -> Result<(), Refusal> {
        let (me, wings) = (ctx.id, ctx.wings);
        let echo = ctx.me().caps.has(Caps::ECHO_MESSAGE);
        let room = ctx.registry.room_mut(target).ok_or(numeric::ERR_NOSUCHCHANNEL)?;
        if let Err(reason) = wings.may_speak(room, Some(me), &self.source) {
            return Err(if wings.may_see(room, me) {
                Refusal::new(numeric::ERR_CANNOTSENDTOCHAN, reason)
            } else {
                numeric::ERR_NOSUCHCHANNEL.into()
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
            return Err(numeric::ERR_NOSUCHNICK.into());
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
                return Err(numeric::ERR_NOSUCHNICK.into());
            }
            ControlFlow::Continue(message) => {
                // Nothing is echoed that nobody gets.
                let to = recipient.into_iter().chain(echo.filter(|_| recipient.is_some()));
                ctx.send_to(Recipients::of(to), message.line);
            }
            ControlFlow::Break(result) => {
                result.map_err(|why| Refusal::new(numeric::ERR_UNKNOWNERROR, format!("Not sent to {nick}: {why}")))?;
            }
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
        let (source, verb, now) = (&*self.source, self.kind.verb(), ctx.inputs.now);
        let longest = self.rows.iter().map(|row| row.text.len()).max().unwrap_or_default();
        let around = ":   :\r\n".len() + source.len() + verb.len() + target.len();
        let excess = (around + longest).saturating_sub(LINE);
        if excess > 0 {
            let text = format!("Text too long by {excess} bytes; it was not sent to {target}");
            return Err(Refusal::new(numeric::ERR_INPUTTOOLONG, text));
        }
        let line = match self.rows {
            _ if self.kind == Kind::Tagmsg => {
                Line::message(now, format_args!(":{source} TAGMSG {target}"), tags).only_for(Caps::MESSAGE_TAGS, None)
            }
            [Row { text, .. }] => Line::message(now, format_args!(":{source} {verb} {target} :{text}"), tags),
            rows => {
                let reference = format!("{:x}", id.number);
                let batch = Batch { source, verb, target, reference: &reference, rows: rows.to_vec() };
                Line::message(now, format_args!("{}", batch.lines()), tags).in_rows(batch.plain_lines())
            }
        };
        Ok((id, line))
    }

    fn log(&self, ctx: &CommandContext<'_>, target: &str) {
        if self.kind != Kind::Tagmsg {
            let me = ctx.me();
            for row in self.rows.iter().filter(|row| !row.text.is_empty()) {
                ctx.server.log.message(me.address, me.nick(), target, row.text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::client_tags;

    #[test]
    fn tags_of_clients_have_a_key_in_ascii_and_come_once() {
        for (given, relayed) in [
            ("", ""),
            ("time=x;+a=1;b=2;+typing", "+a=1;+typing"),
            ("+a=1;+b=2;+a=3;+a", "+b=2;+a"),
            ("+chat.example/x-1=a=b;+draft/reply=\u{e9}", "+chat.example/x-1=a=b;+draft/reply=\u{e9}"),
            ("+;+=x;+/x;+x/;+a/b/c;++a;+a_b;+\u{e9}=1;+a b", ""),
            ("+A=1;+a=2", "+A=1;+a=2"),
        ] {
            assert_eq!(client_tags(given), relayed, "{given}");
        }
    }
}
