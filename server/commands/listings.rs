//! Lists of people and rooms: NAMES, LIST, WHO, WHOIS.
//!
//! Runs in the client's thread, under the registry's lock. Each list stops with 416 when it has
//! become as long as an answer may be.

use wire::limits;
use wire::message::Message;
use wire::names::{eq_ignore_case, wildcard_match};
use wire::numeric;
use wire::time::unix_seconds;

use super::{distinct, each_line};
use crate::chat::Chat;
use crate::client::Client;
use crate::event::{Caps, ClientId};
use crate::registry::Registry;
use crate::replies::Replies;
use crate::room::Room;

pub fn names(chat: &mut Chat<'_>, message: &Message<'_>) {
    let Chat { registry, replies, id, .. } = chat;
    if let Some(names) = message.param(0) {
        for name in distinct(names).into_iter().take(limits::TARGETS) {
            names_of(registry, replies, *id, name);
        }
        return;
    }
    let mut rooms: Vec<&Room> = registry.visible_rooms(*id).collect();
    rooms.sort_unstable_by_key(|room| &room.name);
    for room in rooms {
        if replies.are_too_long("NAMES") {
            break;
        }
        members_of(registry, replies, *id, room);
    }
    replies.send(numeric::RPL_ENDOFNAMES, &["*"]);
}

/// What a client gets to see of a room that it has just joined.
pub fn members(chat: &mut Chat<'_>, name: &str) {
    let Chat { registry, replies, id, .. } = chat;
    names_of(registry, replies, *id, name);
}

/// The answer to NAMES about one room.
fn names_of(registry: &Registry, replies: &mut Replies<'_>, to: ClientId, name: &str) {
    if let Some(room) = registry.visible_room(name, to) {
        members_of(registry, replies, to, room);
    }
    // As it was asked for: the room's own spelling would tell that a secret room is there.
    replies.send(numeric::RPL_ENDOFNAMES, &[name]);
}

/// The members whom the client may see, as many to a line as fit.
fn members_of(registry: &Registry, replies: &mut Replies<'_>, to: ClientId, room: &Room) {
    let (caps, inside) = (registry.caps(to), room.has(to));
    let entries = room.members().iter().filter_map(|(&id, member)| {
        let client = registry.client(id).filter(|client| inside || !client.invisible)?;
        let marks = member.prefix(caps.has(Caps::MULTI_PREFIX));
        let who = if caps.has(Caps::USERHOST_IN_NAMES) { client.source() } else { client.nick().to_owned() };
        Some(format!("{marks}{who}"))
    });
    let params = [if room.secret { "@" } else { "=" }, &room.name];
    let space = replies.text_space(numeric::RPL_NAMREPLY, &params);
    each_line(entries, space, |line| replies.text(numeric::RPL_NAMREPLY, &params, line));
}

pub fn list(chat: &mut Chat<'_>, message: &Message<'_>) {
    let Chat { registry, replies, id, .. } = chat;
    let mut conditions = distinct(message.param(0).unwrap_or_default());
    conditions.truncate(limits::TARGETS);
    let mut rooms: Vec<&Room> = registry.visible_rooms(*id).filter(|room| is_listed(room, &conditions)).collect();
    rooms.sort_unstable_by_key(|room| &room.name);
    replies.send(numeric::RPL_LISTSTART, &["Room"]);
    for room in rooms {
        if replies.are_too_long("LIST") {
            break;
        }
        let topic = room.topic.as_ref().map_or("", |topic| &topic.text);
        replies.text(numeric::RPL_LIST, &[&room.name, &room.members().len().to_string()], topic);
    }
    replies.send(numeric::RPL_LISTEND, &[]);
}

/// Whether a room meets the conditions of LIST (`ELIST=MNU`): more or fewer members than a number,
/// a mask, no mask; of the names and masks one is enough.
fn is_listed(room: &Room, conditions: &[&str]) -> bool {
    let members = room.members().len();
    let number = |text: &str| text.parse::<usize>().ok();
    let mut named = conditions.iter().filter(|condition| !condition.starts_with(['<', '>', '!'])).peekable();
    let by_name = named.peek().is_none() || named.any(|mask| wildcard_match(mask, &room.name));
    by_name
        && conditions.iter().all(|condition| {
            match condition.split_at(usize::from(condition.starts_with(['<', '>', '!']))) {
                (">", least) => number(least).is_some_and(|least| members > least),
                ("<", most) => number(most).is_some_and(|most| members < most),
                ("!", mask) => !wildcard_match(mask, &room.name),
                _ => true,
            }
        })
}

pub fn who(chat: &mut Chat<'_>, message: &Message<'_>) {
    let asked = message.param(0).unwrap_or("*");
    let Chat { server, registry, replies, id, .. } = chat;
    let registry: &Registry = registry;
    let all_marks = registry.caps(*id).has(Caps::MULTI_PREFIX);
    let room = registry.visible_room(asked, *id);
    let found: Vec<&Client> = match room {
        Some(room) => {
            let members = room.members().keys().filter_map(|&member| registry.client(member));
            members.filter(|client| registry.is_visible(client, *id)).collect()
        }
        None if asked.starts_with('#') => Vec::new(),
        None => who_fits(registry, *id, asked, &server.name),
    };
    for client in found {
        if replies.are_too_long("WHO") {
            break;
        }
        let member = room.and_then(|room| room.member(client.id)).unwrap_or_default();
        let here = if client.away.is_some() { "G" } else { "H" };
        let flags = format!("{here}{}", member.prefix(all_marks));
        let room = room.map_or("*", |room| &room.name);
        let params = [room, client.user(), &client.host, &server.name, client.nick(), &flags];
        replies.text(numeric::RPL_WHOREPLY, &params, &format!("0 {}", client.realname));
    }
    replies.send(numeric::RPL_ENDOFWHO, &[asked]);
}

/// Everyone whose nick, user, host, server or real name fits the mask. Who is invisible is found
/// only by the exact nick.
fn who_fits<'a>(registry: &'a Registry, to: ClientId, mask: &str, server: &str) -> Vec<&'a Client> {
    let mask = if mask == "0" { "*" } else { mask };
    let fits = |client: &Client| {
        [client.nick(), client.user(), &client.host, server, &client.realname]
            .iter()
            .any(|text| wildcard_match(mask, text))
    };
    let found = registry
        .everyone()
        .filter(|client| eq_ignore_case(client.nick(), mask) || (registry.is_visible(client, to) && fits(client)));
    found.collect()
}

pub fn whois(chat: &mut Chat<'_>, message: &Message<'_>) {
    let (asked_server, nick) = match message.params[..] {
        [server, nick, ..] => (Some(server), nick),
        [nick] => (None, nick),
        [] => return,
    };
    if let Some(server) = asked_server.filter(|server| !chat.server.is_called(server) && !eq_ignore_case(server, nick))
    {
        return chat.reply(numeric::ERR_NOSUCHSERVER, &[server]);
    }
    let wanted = distinct(nick);
    if wanted.is_empty() {
        return chat.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    }
    let Chat { server, registry, replies, id, .. } = chat;
    for mask in wanted.into_iter().take(limits::TARGETS) {
        let found = whois_fits(registry, *id, mask);
        if found.is_empty() {
            replies.send(numeric::ERR_NOSUCHNICK, &[mask]);
        }
        for client in found {
            if replies.are_too_long("WHOIS") {
                return replies.send(numeric::RPL_ENDOFWHOIS, &[nick]);
            }
            about(registry, replies, &server.name, *id, client);
        }
    }
    replies.send(numeric::RPL_ENDOFWHOIS, &[nick]);
}

/// The client of that nick, or some of those whom the client finds and whose nick fits a mask.
fn whois_fits<'a>(registry: &'a Registry, to: ClientId, nick: &str) -> Vec<&'a Client> {
    if !nick.contains(['*', '?']) {
        return registry.by_nick(nick).into_iter().collect();
    }
    let found =
        registry.everyone().filter(|client| wildcard_match(nick, client.nick()) && registry.is_visible(client, to));
    found.take(limits::TARGETS).collect()
}

/// The replies of WHOIS about one client.
fn about(registry: &Registry, replies: &mut Replies<'_>, server: &str, to: ClientId, client: &Client) {
    let nick = client.nick();
    replies.text(numeric::RPL_WHOISUSER, &[nick, client.user(), &client.host, "*"], &client.realname);
    let rooms = client.rooms.iter().filter_map(|name| registry.room(name));
    let shown = rooms.filter(|room| room.has(to) || !(room.secret || client.invisible));
    let marked = shown.map(|room| format!("{}{}", room.member(client.id).unwrap_or_default().prefix(false), room.name));
    let space = replies.text_space(numeric::RPL_WHOISCHANNELS, &[nick]);
    each_line(marked, space, |line| replies.text(numeric::RPL_WHOISCHANNELS, &[nick], line));
    replies.send(numeric::RPL_WHOISSERVER, &[nick, server]);
    if client.secure {
        replies.send(numeric::RPL_WHOISSECURE, &[nick]);
    }
    if let Some(key) = client.key {
        replies.text(numeric::RPL_WHOISCERTFP, &[nick], &format!("has client certificate fingerprint {key}"));
    }
    if let Some(away) = &client.away {
        replies.text(numeric::RPL_AWAY, &[nick], away);
    }
    let (idle, since) = (client.spoke.elapsed().as_secs().to_string(), unix_seconds(client.since).to_string());
    replies.send(numeric::RPL_WHOISIDLE, &[nick, &idle, &since]);
}
