//! Rooms: JOIN and PART.
//!
//! Runs in the client's thread, under the registry's lock.

use std::iter;

use wire::limits::{REASON, ROOM};
use wire::message::Message;
use wire::names::{casefold, is_room};
use wire::numeric;
use wire::text::truncate;

use super::context::CommandContext;
use super::event::{Caps, Line};
use super::items::distinct;
use super::limits;

pub fn join(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if message.params[0] == "0" {
        // RFC 2812, section 3.2.1: leave all rooms.
        let rooms = ctx.me().rooms.clone();
        ctx.cost += rooms.len().saturating_sub(1);
        for room in rooms.iter().rev() {
            if ctx.me().rooms.contains(room) {
                part_one(ctx, room, None);
                ctx.worked(limits::ROOM_WORK);
            }
        }
        return;
    }
    // A key belongs to the name at the same place, also where a name is empty.
    let keys = message.params.get(1).copied().unwrap_or_default().split(',');
    let keys = keys.map(|key| Some(key).filter(|key| !key.is_empty())).chain(iter::repeat(None));
    let names: Vec<_> = message.params[0].split(',').zip(keys).filter(|(name, _)| !name.is_empty()).collect();
    if names.is_empty() {
        return ctx.need_more_params("JOIN");
    }
    ctx.cost += names.len() - 1;
    for (name, key) in names {
        join_one(ctx, name, key);
        ctx.worked(limits::ROOM_WORK);
    }
}

fn join_one(ctx: &mut CommandContext<'_>, name: &str, key: Option<&str>) {
    if !is_room(name) {
        let text = format!("A room is called # and 1 to {} visible characters, no space or comma", ROOM - 1);
        return ctx.reply_text(numeric::ERR_NOSUCHCHANNEL, &[name], &text);
    }
    let (id, source, folded) = (ctx.id, ctx.me().source(), casefold(name));
    if ctx.me().rooms.contains(&folded) {
        return;
    }
    if ctx.me().rooms.len() >= limits::ROOMS_PER_CLIENT {
        return ctx.reply(numeric::ERR_TOOMANYCHANNELS, &[name]);
    }
    let room = ctx.registry.room(name);
    if let Err(refusal) = ctx.wings.list.iter().try_for_each(|wing| wing.may_join(room, ctx.me(), key)) {
        return ctx.replies.refuse(name, &refusal);
    }
    let room = ctx.registry.room_or_new(name, ctx.inputs.now);
    room.add(id);
    let (name, recipients) = (room.name.clone(), room.recipients(None));
    ctx.me_mut().rooms.push(folded);
    // The star stands for an account, which nobody has here.
    let line = Line::new(ctx.inputs.now, format_args!(":{source} JOIN {name} * :{}", ctx.me().realname));
    ctx.send_to(recipients, line.only_for(Caps::EXTENDED_JOIN, Some(format_args!(":{source} JOIN {name}"))));
    ctx.log(format_args!("joined {name}"));
    let wings = ctx.wings;
    wings.list.iter().for_each(|wing| wing.joined(ctx, &name, key));
    // Whoever has taken the verb's place tells the newcomer who is in the room.
    if let Some(names) = wings.commands.iter().find(|command| command.verb == "NAMES") {
        (names.run)(ctx, &Message { verb: "NAMES", params: vec![&name], ..Message::default() });
    }
}

pub fn part(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let names = distinct(message.params[0]);
    ctx.cost += names.len().saturating_sub(1);
    for name in names {
        part_one(ctx, name, message.param(1));
        ctx.worked(limits::ROOM_WORK);
    }
}

fn part_one(ctx: &mut CommandContext<'_>, name: &str, reason: Option<&str>) {
    let Some((name, recipients)) = ctx.joined_room(name) else { return };
    let (source, now) = (ctx.me().source(), ctx.inputs.now);
    // Whoever may not speak in the room does not do so by leaving it.
    let reason = reason.filter(|_| ctx.may_speak_in(&name, &source));
    let reason = reason.map_or(String::new(), |reason| format!(" :{}", truncate(reason, REASON)));
    ctx.send_to(recipients, Line::new(now, format_args!(":{source} PART {name}{reason}")));
    let id = ctx.id;
    ctx.registry.part(id, &casefold(&name));
    ctx.log(format_args!("left {name}"));
}
