//! Questions about people: WHO, WHOIS.
//!
//! Runs in the client's thread, which holds the registry's lock only while it copies a piece of what may be long. Each
//! answer stops with 416 when it is as long as one may be.

use wire::mask::{Subject, has_wildcard, wildcard_match};
use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::numeric;
use wire::time::unix_seconds;

use super::lists::{MULTI_PREFIX, ask_too_much};
use super::modes::{Flags, Modes, Rank};
use super::users::{Viewer, is_invisible, work};
use crate::core::client::Client;
use crate::core::context::{CommandContext, Piece, Wings};
use crate::core::event::ClientId;
use crate::core::items::{distinct, each_line};
use crate::core::limits::TARGETS;
use crate::core::registry::Registry;
use crate::core::replies::Replies;
use crate::core::room::Room;

/// A client, as WHO shows it.
struct Shown {
    id: ClientId,
    /// `*` if nobody has asked for a room.
    room: String,
    rank: Rank,
    nick: String,
    user: String,
    host: String,
    realname: String,
    away: bool,
    /// It was asked for by its nick.
    by_nick: bool,
}

impl Shown {
    fn new(client: &Client, room: Option<&Room>, by_nick: bool) -> Self {
        Shown {
            id: client.id,
            room: room.map_or("*", |room| &room.name).into(),
            rank: room.map(|room| Rank::of(room, client.id)).unwrap_or_default(),
            nick: client.nick().into(),
            user: client.user().into(),
            host: client.host.clone(),
            realname: client.realname.clone(),
            away: client.away.is_some(),
            by_nick,
        }
    }

    fn fits(&self, mask: &str) -> bool {
        [&self.nick, &self.user, &self.host, &self.realname].iter().any(|text| Subject::new(text).fits(mask))
    }
}

pub fn who(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let asked = message.param(0).unwrap_or("*");
    let (server, all_marks) = (ctx.server.name(), ctx.me().caps.has(MULTI_PREFIX));
    let show = |replies: &mut Replies<'_>, client: &Shown| {
        let Shown { room, rank, nick, user, host, realname, .. } = client;
        let flags = format!("{}{}", if client.away { "G" } else { "H" }, rank.prefix(all_marks));
        replies.text(numeric::RPL_WHOREPLY, &[room, user, host, server, nick, &flags], &format!("0 {realname}"));
        !replies.are_too_long("WHO")
    };
    if ctx.visible_room(asked).is_some() {
        ctx.in_pieces(members_of(ctx.id, ctx.wings, asked), |replies, client| show(replies, &client));
    } else if !asked.starts_with('#') && !ask_too_much(&mut ctx.replies, "WHO", &[asked]) {
        let mask = if asked == "0" { "*" } else { asked };
        // All clients have the same server, so that one look at its name is enough.
        let all_fit = wildcard_match(mask, server);
        ctx.in_pieces(everyone(ctx.id, mask), |replies, client| {
            !(client.by_nick || all_fit || client.fits(mask)) || show(replies, &client)
        });
    }
    ctx.reply(numeric::RPL_ENDOFWHO, &[asked]);
}

/// Copies the members of a room that a client may see.
fn members_of<'a>(id: ClientId, wings: &'a Wings, name: &'a str) -> impl FnMut(&Registry, &mut Piece<Shown>) + use<'a> {
    let mut last = None;
    move |registry, piece| {
        let Some(room) = registry.room(name).filter(|room| wings.may_see(room, id)) else { return };
        let (inside, viewer) = (room.has(id), Viewer::new(registry, id));
        for client in room.members_after(last).filter_map(|member| registry.client(member)) {
            if piece.is_full() {
                break;
            }
            last = Some(client.id);
            piece.work += if inside { 1 } else { work(client) };
            if inside || viewer.sees(client) {
                piece.entries.push(Shown::new(client, Some(room), false));
            }
        }
    }
}

/// Copies everyone whom a client may see, and the one of that nick. An invisible client is found only by its exact nick.
fn everyone(id: ClientId, nick: &str) -> impl FnMut(&Registry, &mut Piece<Shown>) {
    let mut from = 0;
    move |registry, piece| {
        let viewer = Viewer::new(registry, id);
        for (behind, client) in registry.slots_from(from) {
            if piece.is_full() {
                break;
            }
            from = behind;
            piece.work += client.map_or(1, work);
            let Some(client) = client else { continue };
            let by_nick = eq_ignore_case(client.nick(), nick);
            if by_nick || viewer.sees(client) {
                piece.entries.push(Shown::new(client, None, by_nick));
            }
        }
    }
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
    if ask_too_much(&mut ctx.replies, "WHOIS", &wanted) {
        return ctx.reply(numeric::RPL_ENDOFWHOIS, &[nick]);
    }
    ctx.cost += wanted.len() - 1;
    for mask in wanted {
        let found = whois_fits(ctx, mask);
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
fn whois_fits(ctx: &mut CommandContext<'_>, nick: &str) -> Vec<ClientId> {
    if !has_wildcard(nick) {
        return ctx.registry.by_nick(nick).map(|client| client.id).into_iter().collect();
    }
    let mut found = Vec::new();
    ctx.in_pieces(everyone(ctx.id, nick), |_, client| {
        found.extend(wildcard_match(nick, &client.nick).then_some(client.id));
        found.len() < TARGETS
    });
    found
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
    let all_marks = registry.client(*to).is_some_and(|me| me.caps.has(MULTI_PREFIX));
    let marked = shown.map(|room| format!("{}{}", Rank::of(room, client.id).prefix(all_marks), room.name));
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
    let rooms = client.rooms.len();
    ctx.worked(rooms);
}
