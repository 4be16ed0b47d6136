//! Lists of rooms and their members: NAMES, LIST.
//!
//! Runs in the client's thread. NAMES holds the registry's lock for a piece at a time, LIST only while it copies one. Each
//! stops with 416 when it is as long as an answer may be.

use std::collections::BTreeSet;

use wire::limits::MASK;
use wire::mask::{Subject, has_wildcard};
use wire::message::Message;
use wire::names::casefold;
use wire::numeric;

use super::limits::MASKS;
use super::modes::{Flags, Modes, Rank};
use super::users::is_invisible;
use crate::core::client::Client;
use crate::core::context::{CommandContext, Piece};
use crate::core::event::{Caps, ClientId};
use crate::core::items::distinct;
use crate::core::names::{each_asked, each_piece};
use crate::core::registry::Registry;
use crate::core::replies::Replies;
use crate::core::room::Room;

pub const MULTI_PREFIX: Caps = Caps::bit(Caps::FIRST_OF_WINGS);
pub const USERHOST_IN_NAMES: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 1);

/// Whether a line asks for more names, or for more or longer masks, than one may; the client is then told so.
pub fn ask_too_much(replies: &mut Replies<'_>, verb: &str, words: &[&str]) -> bool {
    if replies.are_too_many(verb, words) {
        return true;
    }
    let masks = || words.iter().filter(|word| has_wildcard(word));
    let too_much = masks().count() > MASKS || masks().any(|mask| mask.len() > MASK);
    if too_much {
        replies.send(numeric::ERR_TOOMANYMATCHES, &[verb]);
    }
    too_much
}

/// NAMES in place of the core's: also of rooms that the client is not in.
pub fn names(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let Some(asked) = message.param(0) else {
        let mut last = String::new();
        while !ctx.replies.are_too_long("NAMES") {
            let Some((folded, _)) = ctx.registry.rooms_after(&last).next() else { break };
            last = folded.to_owned();
            ctx.worked(1);
            members_of(ctx, &last);
        }
        return ctx.reply(numeric::RPL_ENDOFNAMES, &["*"]);
    };
    each_asked(ctx, asked, members_of);
}

/// The members that the client may see.
fn members_of(ctx: &mut CommandContext<'_>, name: &str) {
    let (wings, caps) = (ctx.wings, ctx.me().caps);
    let inside = ctx.registry.room(name).is_some_and(|room| room.has(ctx.id));
    let sign = |room: &Room, to: ClientId| {
        let is_shown = wings.may_see(room, to) && room.has(to) == inside;
        is_shown.then_some(if Modes::of(room).flags.has(Flags::SECRET) { "@" } else { "=" })
    };
    let show = |room: &Room, client: &Client| {
        let marks = Rank::of(room, client.id).prefix(caps.has(MULTI_PREFIX));
        let who = || if caps.has(USERHOST_IN_NAMES) { client.source() } else { client.nick().to_owned() };
        (inside || !is_invisible(client)).then(|| format!("{marks}{}", who()))
    };
    each_piece(ctx, name, sign, show);
}

/// A room, as LIST shows it.
struct Listed {
    name: String,
    members: usize,
    topic: String,
}

impl Listed {
    fn new(room: &Room) -> Self {
        let topic = Modes::of(room).topic.as_ref().map_or("", |topic| &topic.text);
        Listed { name: room.name.clone(), members: room.members().len(), topic: topic.into() }
    }

    /// Whether it meets the conditions of LIST (`ELIST=MNU`): more or fewer members than a number, a mask, no mask; of
    /// the names and masks one is enough.
    fn meets(&self, conditions: &[&str]) -> bool {
        if conditions.is_empty() {
            return true;
        }
        let number = |text: &str| text.parse::<usize>().ok();
        let name = Subject::new(&self.name);
        let (others, masks): (Vec<&str>, Vec<&str>) = conditions.iter().partition(|condition| is_no_name(condition));
        let by_name = masks.is_empty() || masks.iter().any(|mask| name.fits(mask));
        by_name
            && others.iter().all(|condition| match condition.split_at(1) {
                (">", least) => number(least).is_some_and(|least| self.members > least),
                ("<", most) => number(most).is_some_and(|most| self.members < most),
                (_, mask) => !name.fits(mask),
            })
    }
}

/// Whether a condition of LIST is something else than a name or a mask.
fn is_no_name(condition: &str) -> bool {
    condition.starts_with(['<', '>', '!'])
}

pub fn list(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let conditions = distinct(message.param(0).unwrap_or_default());
    if ask_too_much(&mut ctx.replies, "LIST", &conditions) {
        return ctx.reply(numeric::RPL_LISTEND, &[]);
    }
    ctx.cost += conditions.len().saturating_sub(1);
    ctx.reply(numeric::RPL_LISTSTART, &["Room"]);
    let names: BTreeSet<String> =
        conditions.iter().filter(|word| !is_no_name(word)).map(|name| casefold(name)).collect();
    let (id, wings) = (ctx.id, ctx.wings);
    let mut last = String::new();
    let copy = |registry: &Registry, piece: &mut Piece<Listed>| {
        let mut take = |room: &Room| {
            piece.work += 1;
            if wings.may_see(room, id) {
                piece.entries.push(Listed::new(room));
            }
            !piece.is_full()
        };
        if !names.is_empty() && !names.iter().any(|name| has_wildcard(name)) {
            // Who asks for some rooms by name does not pay for all others.
            names.iter().filter_map(|name| registry.room(name)).for_each(|room| _ = take(room));
        } else if let Some((folded, _)) = registry.rooms_after(&last).find(|(_, room)| !take(room)) {
            folded.clone_into(&mut last);
        }
    };
    let show = |replies: &mut Replies<'_>, room: Listed| {
        let Listed { name, members, topic } = &room;
        if room.meets(&conditions) {
            replies.text(numeric::RPL_LIST, &[name, &members.to_string()], topic);
        }
        !replies.are_too_long("LIST")
    };
    ctx.in_pieces(copy, show);
    ctx.reply(numeric::RPL_LISTEND, &[]);
}
