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
    let asked = distinct(message.param(0).unwrap_or_default());
    for name in asked.into_iter().take(limits::TARGETS) {
        let CommandContext { registry, replies, id, .. } = &mut *ctx;
        if let Some(room) = registry.room(name).filter(|room| room.has(*id)) {
            let nicks = room.members().filter_map(|id| Some(registry.client(id)?.nick().to_owned()));
            let params = ["=", &room.name];
            let space = replies.text_space(numeric::RPL_NAMREPLY, &params);
            each_line(nicks, space, |line| replies.text(numeric::RPL_NAMREPLY, &params, line));
        }
        replies.send(numeric::RPL_ENDOFNAMES, &[name]);
    }
    if message.param(0).is_none() {
        ctx.reply(numeric::RPL_ENDOFNAMES, &["*"]);
    }
}
