//! TOPIC, INVITE, KICK.
//!
//! Runs in the client's thread, under the registry's lock.

use std::sync::Arc;

use wire::limits::{REASON, TOPIC};
use wire::message::Message;
use wire::names::casefold;
use wire::numeric;
use wire::text::truncate;

use super::modes::{Flags, Modes, Rank, Setting};
use crate::core::context::CommandContext;
use crate::core::event::{Caps, Line, Recipients};
use crate::core::items::items;
use crate::core::limits::{PIECE, ROOM_WORK};

/// The capability of clients that want to know who is invited.
pub const INVITE_NOTIFY: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 6);

pub fn topic(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let name = message.params[0];
    let Some(&text) = message.params.get(1) else {
        if ctx.visible_room(name).is_none() {
            return ctx.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
        }
        if !send_topic(ctx, name) {
            ctx.reply(numeric::RPL_NOTOPIC, &[name]);
        }
        return;
    };
    let Some((name, recipients)) = ctx.joined_room(name) else { return };
    let (id, by, source, now) = (ctx.id, ctx.me().nick().to_owned(), ctx.me().source(), ctx.inputs.now);
    let Some(room) = ctx.registry.room_mut(&name) else { return };
    let is_operator = Rank::of(room, id).operator;
    if Modes::of(room).flags.has(Flags::TOPIC_LOCKED) && !is_operator {
        return ctx.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    if !is_operator && let Err(reason) = Modes::may_speak(room, Some(id), &source) {
        return ctx.reply_text(numeric::ERR_CANNOTSENDTOCHAN, &[&name], reason);
    }
    let text = truncate(text, TOPIC);
    let modes = Modes::of_mut(room);
    if modes.topic.as_ref().map_or("", |topic| &topic.text) == text {
        return;
    }
    modes.topic = (!text.is_empty()).then(|| Setting::new(text, &by, now));
    ctx.send_to(recipients, Line::new(now, format_args!(":{source} TOPIC {name} :{text}")));
}

/// The topic and who set it; false when there is none.
pub fn send_topic(ctx: &mut CommandContext<'_>, name: &str) -> bool {
    let CommandContext { registry, replies, .. } = ctx;
    let Some(room) = registry.room(name) else { return false };
    let Some(topic) = &Modes::of(room).topic else { return false };
    replies.text(numeric::RPL_TOPIC, &[&room.name], &topic.text);
    replies.bare(numeric::RPL_TOPICWHOTIME, &[&room.name, &topic.by, &topic.at.to_string()]);
    true
}

pub fn invite(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let (nick, name) = (message.params[0], message.params[1]);
    let Some(guest) = ctx.registry.by_nick(nick) else {
        return ctx.reply(numeric::ERR_NOSUCHNICK, &[nick]);
    };
    let (guest_id, nick, away) = (guest.id, guest.nick().to_owned(), guest.away.clone());
    let Some((name, _)) = ctx.joined_room(name) else { return };
    let (id, source, now) = (ctx.id, ctx.me().source(), ctx.inputs.now);
    let Some(room) = ctx.registry.room_mut(&name) else { return };
    let is_operator = Rank::of(room, id).operator;
    if Modes::of(room).flags.has(Flags::INVITE_ONLY) && !is_operator {
        return ctx.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    if room.has(guest_id) {
        return ctx.reply(numeric::ERR_USERONCHANNEL, &[&nick, &name]);
    }
    if is_operator {
        Modes::of_mut(room).invite(guest_id, Rank::default());
    }
    ctx.send_to(Recipients::of([guest_id]), Line::new(now, format_args!(":{source} INVITE {nick} {name}")));
    ctx.replies.bare(numeric::RPL_INVITING, &[&nick, &name]);
    if let Some(text) = away {
        ctx.reply_text(numeric::RPL_AWAY, &[&nick], &text);
    }
    if ctx.may_speak_in(&name, &source) {
        tell_of_invitation(ctx, &name, &nick);
    }
}

/// Tells the members that may invite: in a room by invitation only, its operators.
fn tell_of_invitation(ctx: &mut CommandContext<'_>, name: &str, nick: &str) {
    let (id, source, now) = (ctx.id, ctx.me().source(), ctx.inputs.now);
    let Some(room) = ctx.registry.room_mut(name) else { return };
    let mut recipients = room.recipients(Some(id));
    if Modes::of(room).flags.has(Flags::INVITE_ONLY) {
        let (all, mut operators) = (Arc::clone(&recipients.clients), Vec::new());
        for some in all.chunks(PIECE) {
            let Some(room) = ctx.registry.room(name) else { return };
            operators.extend(some.iter().filter(|member| Rank::of(room, **member).operator));
            ctx.worked(some.len());
        }
        recipients.clients = operators.into();
    }
    let line = Line::new(now, format_args!(":{source} INVITE {nick} {name}")).only_for(INVITE_NOTIFY, None);
    ctx.send_to(recipients, line);
}

pub fn kick(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let (rooms, nicks): (Vec<_>, Vec<_>) = (items(message.params[0]).collect(), items(message.params[1]).collect());
    let reason = message.param(2).map_or_else(|| ctx.me().nick().to_owned(), |text| truncate(text, REASON).into());
    if nicks.is_empty() || !(rooms.len() == 1 || rooms.len() == nicks.len()) {
        return ctx.need_more_params("KICK");
    }
    ctx.cost += nicks.len() - 1;
    for (room, nick) in rooms.iter().cycle().zip(&nicks) {
        kick_one(ctx, room, nick, &reason);
        ctx.worked(ROOM_WORK);
    }
}

fn kick_one(ctx: &mut CommandContext<'_>, name: &str, nick: &str, reason: &str) {
    let Some(victim) = ctx.registry.by_nick(nick) else {
        return ctx.reply(numeric::ERR_NOSUCHNICK, &[nick]);
    };
    let (id, nick) = (victim.id, victim.nick().to_owned());
    let Some((name, recipients)) = ctx.joined_room(name) else { return };
    let Some(room) = ctx.registry.room(&name) else { return };
    if !Rank::of(room, ctx.id).operator {
        return ctx.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    if !room.has(id) {
        return ctx.reply(numeric::ERR_USERNOTINCHANNEL, &[&nick, &name]);
    }
    let (source, now) = (ctx.me().source(), ctx.inputs.now);
    ctx.send_to(recipients, Line::new(now, format_args!(":{source} KICK {name} {nick} :{reason}")));
    ctx.registry.part(id, &casefold(&name));
    ctx.log(format_args!("removed {nick} from {name}"));
}
