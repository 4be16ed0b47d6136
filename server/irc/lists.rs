//! Lists of people and rooms: NAMES, LIST, WHO, WHOIS.
//!
//! Runs in the client's thread, under the registry's lock. Each list stops with 416 when it is as long as an answer may
//! be.

use wire::message::Message;
use wire::names::{eq_ignore_case, wildcard_match};
use wire::numeric;
use wire::time::unix_seconds;

use super::modes::{Flags, Modes, Rank};
use super::users::{is_invisible, is_visible};
use crate::core::client::Client;
use crate::core::context::{CommandContext, Replies, Wings};
use crate::core::event::{Caps, ClientId};
use crate::core::items::{distinct, each_line};
use crate::core::limits::TARGETS;
use crate::core::registry::Registry;
use crate::core::room::Room;

const MULTI_PREFIX: Caps = Caps::bit(Caps::FIRST_OF_WINGS);
const USERHOST_IN_NAMES: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 1);

/// Capabilities that change these lists.
pub const CAPABILITIES: &[(&str, Caps)] = &[("multi-prefix", MULTI_PREFIX), ("userhost-in-names", USERHOST_IN_NAMES)];

/// NAMES in place of the core's: also of rooms that the client is not in.
pub fn names(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let CommandContext { registry, replies, id, wings, .. } = ctx;
    let Some(names) = message.param(0) else {
        for room in visible_rooms(registry, wings, *id) {
            if replies.are_too_long("NAMES") {
                break;
            }
            members_of(registry, replies, *id, room);
        }
        return replies.send(numeric::RPL_ENDOFNAMES, &["*"]);
    };
    for name in distinct(names).into_iter().take(TARGETS) {
        if let Some(room) = registry.room(name).filter(|room| wings.may_see(room, *id)) {
            members_of(registry, replies, *id, room);
        }
        // As it was asked for: the room's own spelling would tell that a secret room exists.
        replies.send(numeric::RPL_ENDOFNAMES, &[name]);
    }
}

/// The rooms that a client may know of, sorted by name.
fn visible_rooms<'a>(registry: &'a Registry, wings: &Wings, to: ClientId) -> Vec<&'a Room> {
    let mut rooms: Vec<&Room> = registry.rooms().filter(|room| wings.may_see(room, to)).collect();
    rooms.sort_unstable_by_key(|room| &room.name);
    rooms
}

fn caps(registry: &Registry, client: ClientId) -> Caps {
    registry.client(client).map_or(Caps::default(), |client| client.caps)
}

/// The members that the client may see, as many to a line as fit.
fn members_of(registry: &Registry, replies: &mut Replies<'_>, to: ClientId, room: &Room) {
    let (caps, inside) = (caps(registry, to), room.has(to));
    let entries = room.members().filter_map(|id| {
        let client = registry.client(id).filter(|client| inside || !is_invisible(client))?;
        let marks = Rank::of(room, id).prefix(caps.has(MULTI_PREFIX));
        let who = if caps.has(USERHOST_IN_NAMES) { client.source() } else { client.nick().to_owned() };
        Some(format!("{marks}{who}"))
    });
    let params = [if Modes::of(room).flags.has(Flags::SECRET) { "@" } else { "=" }, &room.name];
    let space = replies.text_space(numeric::RPL_NAMREPLY, &params);
    each_line(entries, space, |line| replies.text(numeric::RPL_NAMREPLY, &params, line));
}

pub fn list(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let CommandContext { registry, replies, id, wings, .. } = ctx;
    let mut conditions = distinct(message.param(0).unwrap_or_default());
    conditions.truncate(TARGETS);
    let rooms = visible_rooms(registry, wings, *id).into_iter().filter(|room| is_listed(room, &conditions));
    replies.send(numeric::RPL_LISTSTART, &["Room"]);
    for room in rooms {
        if replies.are_too_long("LIST") {
            break;
        }
        let topic = Modes::of(room).topic.as_ref().map_or("", |topic| &topic.text);
        replies.text(numeric::RPL_LIST, &[&room.name, &room.members().len().to_string()], topic);
    }
    replies.send(numeric::RPL_LISTEND, &[]);
}

/// Whether a room meets the conditions of LIST (`ELIST=MNU`): more or fewer members than a number,
/// a mask, no mask; of the names and masks one is enough.
fn is_listed(room: &Room, conditions: &[&str]) -> bool {
    let members = room.members().len();
    let number = |text: &str| text.parse::<usize>().ok();
    let (others, masks): (Vec<&str>, Vec<&str>) =
        conditions.iter().partition(|condition| condition.starts_with(['<', '>', '!']));
    let by_name = masks.is_empty() || masks.iter().any(|mask| wildcard_match(mask, &room.name));
    by_name
        && others.iter().all(|condition| match condition.split_at(1) {
            (">", least) => number(least).is_some_and(|least| members > least),
            ("<", most) => number(most).is_some_and(|most| members < most),
            (_, mask) => !wildcard_match(mask, &room.name),
        })
}

pub fn who(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let asked = message.param(0).unwrap_or("*");
    let CommandContext { server, registry, replies, id, wings, .. } = ctx;
    let registry: &Registry = registry;
    let all_marks = caps(registry, *id).has(MULTI_PREFIX);
    let room = registry.room(asked).filter(|room| wings.may_see(room, *id));
    let found: Vec<&Client> = match room {
        Some(room) => {
            let members = room.members().filter_map(|member| registry.client(member));
            members.filter(|client| is_visible(registry, client, *id)).collect()
        }
        None if asked.starts_with('#') => Vec::new(),
        None => who_fits(registry, *id, asked, server.name()),
    };
    for client in found {
        if replies.are_too_long("WHO") {
            break;
        }
        let rank = room.map(|room| Rank::of(room, client.id)).unwrap_or_default();
        let here = if client.away.is_some() { "G" } else { "H" };
        let flags = format!("{here}{}", rank.prefix(all_marks));
        let room = room.map_or("*", |room| &room.name);
        let params = [room, client.user(), &client.host, server.name(), client.nick(), &flags];
        replies.text(numeric::RPL_WHOREPLY, &params, &format!("0 {}", client.realname));
    }
    replies.send(numeric::RPL_ENDOFWHO, &[asked]);
}

/// Everyone whose nick, user, host, server or real name fits the mask. An invisible
/// client is found only by its exact nick.
fn who_fits<'a>(registry: &'a Registry, to: ClientId, mask: &str, server: &str) -> Vec<&'a Client> {
    let mask = if mask == "0" { "*" } else { mask };
    let fits = |client: &Client| {
        [client.nick(), client.user(), &client.host, server, &client.realname]
            .iter()
            .any(|text| wildcard_match(mask, text))
    };
    let found = registry
        .everyone()
        .filter(|client| eq_ignore_case(client.nick(), mask) || (is_visible(registry, client, to) && fits(client)));
    found.collect()
}

pub fn whois(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let (server, nick) = match message.params[..] {
        [server, nick, ..] => (server, nick),
        [nick] => (nick, nick),
        [] => return,
    };
    if !eq_ignore_case(server, nick) && !ctx.server.is_called(server) {
        return ctx.reply(numeric::ERR_NOSUCHSERVER, &[server]);
    }
    let wanted = distinct(nick);
    if wanted.is_empty() {
        return ctx.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    }
    for mask in wanted.into_iter().take(TARGETS) {
        let found = whois_fits(&ctx.registry, ctx.id, mask);
        if found.is_empty() {
            ctx.reply(numeric::ERR_NOSUCHNICK, &[mask]);
        }
        for id in found {
            if ctx.replies.are_too_long("WHOIS") {
                return ctx.reply(numeric::RPL_ENDOFWHOIS, &[nick]);
            }
            about(ctx, id);
        }
    }
    ctx.reply(numeric::RPL_ENDOFWHOIS, &[nick]);
}

/// The client of that nick; or some of the visible clients whose nick fits a mask.
fn whois_fits(registry: &Registry, to: ClientId, nick: &str) -> Vec<ClientId> {
    if !nick.contains(['*', '?']) {
        return registry.by_nick(nick).map(|client| client.id).into_iter().collect();
    }
    let found =
        registry.everyone().filter(|client| wildcard_match(nick, client.nick()) && is_visible(registry, client, to));
    found.take(TARGETS).map(|client| client.id).collect()
}

/// The replies of WHOIS about one client.
fn about(ctx: &mut CommandContext<'_>, id: ClientId) {
    let CommandContext { server, registry, replies, id: to, inputs, .. } = ctx;
    let Some(client) = registry.client(id) else { return };
    let nick = client.nick();
    replies.text(numeric::RPL_WHOISUSER, &[nick, client.user(), &client.host, "*"], &client.realname);
    let rooms = client.rooms.iter().filter_map(|name| registry.room(name));
    let shown =
        rooms.filter(|room| room.has(*to) || !(Modes::of(room).flags.has(Flags::SECRET) || is_invisible(client)));
    let marked = shown.map(|room| format!("{}{}", Rank::of(room, client.id).prefix(false), room.name));
    let space = replies.text_space(numeric::RPL_WHOISCHANNELS, &[nick]);
    each_line(marked, space, |line| replies.text(numeric::RPL_WHOISCHANNELS, &[nick], line));
    replies.send(numeric::RPL_WHOISSERVER, &[nick, server.name()]);
    if client.secure {
        replies.send(numeric::RPL_WHOISSECURE, &[nick]);
    }
    if let Some(key) = client.key {
        replies.text(numeric::RPL_WHOISCERTFP, &[nick], &format!("has client certificate fingerprint {key}"));
    }
    if let Some(away) = &client.away {
        replies.text(numeric::RPL_AWAY, &[nick], away);
    }
    let idle = inputs.now.duration_since(client.spoke_at).unwrap_or_default().as_secs().to_string();
    replies.send(numeric::RPL_WHOISIDLE, &[nick, &idle, &unix_seconds(client.connected_at).to_string()]);
}
