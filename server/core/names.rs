//! NAMES: who is in a room.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::message::Message;
use wire::numeric;

use super::context::CommandContext;
use super::items::{distinct, each_line};
use super::limits;

/// The core shows the rooms that the client is in. A wing that knows more about rooms may take this verb's place.
pub fn names(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let Some(asked) = message.param(0) else {
        for name in ctx.me().rooms.clone() {
            if ctx.replies.are_too_long("NAMES") {
                break;
            }
            members_of(ctx, &name);
        }
        return ctx.reply(numeric::RPL_ENDOFNAMES, &["*"]);
    };
    for name in distinct(asked).into_iter().take(limits::TARGETS) {
        members_of(ctx, name);
        ctx.reply(numeric::RPL_ENDOFNAMES, &[name]);
    }
}

fn members_of(ctx: &mut CommandContext<'_>, name: &str) {
    let CommandContext { registry, replies, id, .. } = ctx;
    let Some(room) = registry.room(name).filter(|room| room.has(*id)) else { return };
    let nicks = room.members().filter_map(|id| Some(registry.client(id)?.nick().to_owned()));
    let params = ["=", &room.name];
    let space = replies.text_space(numeric::RPL_NAMREPLY, &params);
    each_line(nicks, space, |line| replies.text(numeric::RPL_NAMREPLY, &params, line));
}
