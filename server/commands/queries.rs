//! Questions about the server and the people on it: WHO, WHOIS, USERHOST, ISON, LUSERS, MOTD, VERSION, TIME.
//!
//! Runs in the client's thread, under the registry's lock.

use std::time::SystemTime;

use wire::limits;
use wire::message::Message;
use wire::names::{matches, same};
use wire::numeric;
use wire::time::{iso8601, unix_seconds};

use super::{distinct, lines_of};
use crate::chat::{Chat, VERSION};
use crate::event::Caps;
use crate::registry::{Client, Counts};
use crate::room::Room;

pub fn who(chat: &mut Chat<'_>, message: &Message<'_>) {
    let asked = message.param(0).unwrap_or("*");
    let lines = if asked.starts_with('#') { who_room(chat, asked) } else { who_mask(chat, asked) };
    for (params, text) in lines {
        chat.reply_text(numeric::RPL_WHOREPLY, &params.each_ref().map(String::as_str), &text);
    }
    chat.reply(numeric::RPL_ENDOFWHO, &[asked]);
}

/// The parameters and the text of one 352.
type WhoReply = ([String; 6], String);

fn who_room(chat: &Chat<'_>, name: &str) -> Vec<WhoReply> {
    let Some(room) = chat.registry.room(name).filter(|_| chat.sees_room(name)) else { return Vec::new() };
    let members = room.members().keys().filter_map(|&id| chat.registry.client(id));
    members.filter(|client| chat.sees(client)).map(|client| who_reply(chat, client, Some(room))).collect()
}

/// Everyone whose nick, user, host, server or real name fits the mask. Who is invisible is found
/// only by the exact nick.
fn who_mask(chat: &Chat<'_>, mask: &str) -> Vec<WhoReply> {
    let mask = if mask == "0" { "*" } else { mask };
    let fits = |client: &Client| {
        let user = client.user.as_deref().unwrap_or_default();
        [client.nick(), user, &client.host, &chat.server.name, &client.realname].iter().any(|text| matches(mask, text))
    };
    let found =
        chat.registry.everyone().filter(|client| same(client.nick(), mask) || (chat.sees(client) && fits(client)));
    found.map(|client| who_reply(chat, client, None)).collect()
}

fn who_reply(chat: &Chat<'_>, client: &Client, room: Option<&Room>) -> WhoReply {
    let member = room.and_then(|room| room.member(client.id)).unwrap_or_default();
    let here = if client.away.is_some() { "G" } else { "H" };
    let flags = format!("{here}{}", member.prefix(chat.me().caps.has(Caps::MULTI_PREFIX)));
    let room = room.map_or("*", |room| &room.name).to_owned();
    let (user, nick) = (client.user.clone().unwrap_or_default(), client.nick().to_owned());
    ([room, user, client.host.clone(), chat.server.name.clone(), nick, flags], format!("0 {}", client.realname))
}

pub fn whois(chat: &mut Chat<'_>, message: &Message<'_>) {
    let (server, nick) = match message.params[..] {
        [server, nick, ..] => (Some(server), nick),
        [nick] => (None, nick),
        [] => return,
    };
    if let Some(server) = server.filter(|server| !chat.is_this_server(server) && !same(server, nick)) {
        return chat.reply(numeric::ERR_NOSUCHSERVER, &[server]);
    }
    let wanted = distinct(nick);
    if wanted.is_empty() {
        return chat.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    }
    for &nick in wanted.iter().take(limits::TARGETS) {
        let replies: Vec<_> = find(chat, nick).iter().flat_map(|client| whois_replies(chat, client)).collect();
        if replies.is_empty() {
            chat.reply(numeric::ERR_NOSUCHNICK, &[nick]);
        }
        for (numeric, params, text) in replies {
            let params: Vec<&str> = params.iter().map(String::as_str).collect();
            chat.reply_text(numeric, &params, &text);
        }
    }
    chat.reply(numeric::RPL_ENDOFWHOIS, &[nick]);
}

/// The client of that nick, or some of those that the client sees whose nick fits a mask.
fn find<'a>(chat: &'a Chat<'_>, nick: &str) -> Vec<&'a Client> {
    if nick.contains(['*', '?']) {
        let fitting = chat.registry.everyone().filter(|client| chat.sees(client) && matches(nick, client.nick()));
        fitting.take(limits::TARGETS).collect()
    } else {
        chat.registry.by_nick(nick).into_iter().collect()
    }
}

fn whois_replies(chat: &Chat<'_>, client: &Client) -> Vec<(numeric::Numeric, Vec<String>, String)> {
    let nick = client.nick().to_owned();
    let user = client.user.clone().unwrap_or_default();
    let about = vec![nick.clone(), user, client.host.clone(), "*".into()];
    let mut replies = vec![(numeric::RPL_WHOISUSER, about, client.realname.clone())];
    let rooms = client.rooms.iter().filter_map(|name| chat.registry.room(name));
    let shown = rooms.filter(|room| room.has(chat.id) || !(room.secret || client.invisible));
    let marked = shown.map(|room| format!("{}{}", room.member(client.id).unwrap_or_default().prefix(false), room.name));
    for rooms in lines_of(marked, chat.text_space(numeric::RPL_WHOISCHANNELS, &[&nick])) {
        replies.push((numeric::RPL_WHOISCHANNELS, vec![nick.clone()], rooms));
    }
    let server = vec![nick.clone(), chat.server.name.clone()];
    replies.push((numeric::RPL_WHOISSERVER, server, numeric::RPL_WHOISSERVER.text.into()));
    if let Some(away) = &client.away {
        replies.push((numeric::RPL_AWAY, vec![nick.clone()], away.clone()));
    }
    let idle = vec![nick, client.spoke.elapsed().as_secs().to_string(), unix_seconds(client.since).to_string()];
    replies.push((numeric::RPL_WHOISIDLE, idle, numeric::RPL_WHOISIDLE.text.into()));
    replies
}

pub fn userhost(chat: &mut Chat<'_>, message: &Message<'_>) {
    let found = message.params.iter().take(5).filter_map(|nick| chat.registry.by_nick(nick));
    let entries = found.map(|client| {
        let sign = if client.away.is_some() { '-' } else { '+' };
        format!("{}={sign}{}@{}", client.nick(), client.user.as_deref().unwrap_or_default(), client.host)
    });
    one_line(chat, numeric::RPL_USERHOST, entries.collect());
}

pub fn ison(chat: &mut Chat<'_>, message: &Message<'_>) {
    let asked = message.params.iter().flat_map(|nicks| nicks.split_ascii_whitespace());
    let found = asked.filter_map(|nick| chat.registry.by_nick(nick)).map(|client| client.nick().to_owned());
    one_line(chat, numeric::RPL_ISON, found.collect());
}

/// Answers with the words that fit one line, the only one that such a question gets.
fn one_line(chat: &mut Chat<'_>, numeric: numeric::Numeric, words: Vec<String>) {
    let lines = lines_of(words.into_iter(), chat.text_space(numeric, &[]));
    chat.reply_text(numeric, &[], lines.first().map_or("", String::as_str));
}

pub fn lusers(chat: &mut Chat<'_>, _: &Message<'_>) {
    let Counts { users, invisible, most, unknown } = chat.registry.counts();
    let rooms = chat.registry.rooms.len();
    let text = format!("There are {} users and {invisible} invisible on 1 servers", users - invisible);
    chat.reply_text(numeric::RPL_LUSERCLIENT, &[], &text);
    chat.reply(numeric::RPL_LUSEROP, &["0"]);
    chat.reply(numeric::RPL_LUSERUNKNOWN, &[&unknown.to_string()]);
    chat.reply(numeric::RPL_LUSERCHANNELS, &[&rooms.to_string()]);
    chat.reply_text(numeric::RPL_LUSERME, &[], &format!("I have {users} clients and 0 servers"));
    let counts = [users.to_string(), most.to_string()];
    let counts = counts.each_ref().map(String::as_str);
    let text = format!("Current local users {users}, max {most}");
    chat.reply_text(numeric::RPL_LOCALUSERS, &counts, &text);
    let text = format!("Current global users {users}, max {most}");
    chat.reply_text(numeric::RPL_GLOBALUSERS, &counts, &text);
}

pub fn motd(chat: &mut Chat<'_>, message: &Message<'_>) {
    if !asks_us(chat, message) {
        return;
    }
    if chat.server.motd.is_empty() {
        return chat.reply(numeric::ERR_NOMOTD, &[]);
    }
    chat.reply_text(numeric::RPL_MOTDSTART, &[], &format!("- {} Message of the day -", chat.server.name));
    for line in &chat.server.motd {
        chat.reply_text(numeric::RPL_MOTD, &[], &format!("- {line}"));
    }
    chat.reply(numeric::RPL_ENDOFMOTD, &[]);
}

pub fn version(chat: &mut Chat<'_>, message: &Message<'_>) {
    if asks_us(chat, message) {
        chat.reply_text(numeric::RPL_VERSION, &[VERSION, &chat.server.name], "a group chat, one thread per client");
    }
}

pub fn time(chat: &mut Chat<'_>, message: &Message<'_>) {
    if asks_us(chat, message) {
        chat.reply_text(numeric::RPL_TIME, &[&chat.server.name], &iso8601(SystemTime::now()));
    }
}

/// Whether a question that may name a server is for this one; if not, the client is told.
fn asks_us(chat: &mut Chat<'_>, message: &Message<'_>) -> bool {
    match message.param(0) {
        Some(server) if !chat.is_this_server(server) => {
            chat.reply(numeric::ERR_NOSUCHSERVER, &[server]);
            false
        }
        _ => true,
    }
}
