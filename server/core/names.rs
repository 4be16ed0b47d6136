//! NAMES: who is in a room.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go between the pieces of a long list.

use wire::message::Message;
use wire::numeric;

use super::client::Client;
use super::context::CommandContext;
use super::event::ClientId;
use super::items::{distinct, each_line};
use super::limits;
use super::room::Room;

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
    each_asked(ctx, asked, members_of);
}

/// Shows the members of each room in a list, which costs a token for each.
pub fn each_asked(ctx: &mut CommandContext<'_>, asked: &str, members_of: fn(&mut CommandContext<'_>, &str)) {
    let names = distinct(asked);
    if ctx.replies.are_too_many("NAMES", &names) {
        return ctx.reply(numeric::RPL_ENDOFNAMES, &[asked]);
    }
    ctx.cost += names.len().saturating_sub(1);
    for name in names {
        members_of(ctx, name);
        // As it was asked for: the room's own spelling would tell that a secret room exists.
        ctx.reply(numeric::RPL_ENDOFNAMES, &[name]);
    }
}

fn members_of(ctx: &mut CommandContext<'_>, name: &str) {
    let show = |_: &Room, client: &Client| Some(client.nick().to_owned());
    each_piece(ctx, name, |room, id| room.has(id).then_some("="), show);
}

/// Sends 353 for the members of a room, a piece at a time. Each piece is in the global buffer before the lock is free
/// again, so no line tells of a departure before the 353 that still names the member. `sign` says what stands before the
/// room's name, or `None` when the client may not see it, or no longer.
pub fn each_piece(
    ctx: &mut CommandContext<'_>,
    name: &str,
    sign: impl Fn(&Room, ClientId) -> Option<&'static str>,
    show: impl Fn(&Room, &Client) -> Option<String>,
) {
    let mut last = None;
    loop {
        let CommandContext { registry, replies, id, .. } = ctx;
        let Some(room) = registry.room(name) else { return };
        let Some(sign) = sign(room, *id) else { return };
        let piece: Vec<ClientId> = room.members_after(last).take(limits::PIECE).collect();
        let words = piece.iter().filter_map(|member| show(room, registry.client(*member)?));
        let params = [sign, &room.name];
        let space = replies.text_space(numeric::RPL_NAMREPLY, &params);
        each_line(words, space, |line| replies.text(numeric::RPL_NAMREPLY, &params, line));
        ctx.worked(piece.len());
        if piece.len() < limits::PIECE {
            return;
        }
        last = piece.last().copied();
    }
}
