//! AWAY, told to those who want to know (`IRCv3` away-notify).
//!
//! Runs in the client's thread, under the registry's lock.

use std::time::SystemTime;

use wire::message::Message;

use crate::core::client::Client;
use crate::core::context::CommandContext;
use crate::core::event::{Caps, Line};
use crate::core::limits::ROOMS_PER_RENAME;
use crate::core::messages;

/// The capability of clients that want to know who is away.
pub const AWAY_NOTIFY: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 5);

/// AWAY in place of the core's: a change is told to all who share a room with the client, as a change of names is.
pub fn away(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let before = ctx.me().away.clone();
    messages::away(ctx, message);
    if ctx.me().away == before {
        return;
    }
    ctx.cost += ctx.me().rooms.len() / ROOMS_PER_RENAME;
    let (id, source) = (ctx.id, ctx.me().source());
    let may_speak = ctx.me().rooms.iter().all(|room| ctx.may_speak_in(room, &source));
    let mut peers = ctx.registry.peers(id);
    peers.except = Some(id);
    if peers.clients.len() > 1 {
        ctx.send_to(peers, line(ctx.me(), may_speak, ctx.inputs.now));
    }
}

/// Whether a client is away, and why; but not why if it may not speak where that is told.
pub fn line(client: &Client, may_speak: bool, now: SystemTime) -> Line {
    let shown = |text: &String| format!(" :{}", if may_speak { text } else { "away" });
    let text = client.away.as_ref().map_or(String::new(), shown);
    Line::new(now, format_args!(":{} AWAY{text}", client.source())).only_for(AWAY_NOTIFY, None)
}
