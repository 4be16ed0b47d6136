//! Rooms: JOIN, PART, TOPIC, INVITE, KICK.
//!
//! Runs in the client's thread, under the registry's lock.

use std::sync::Arc;

use wire::limits;
use wire::message::Message;
use wire::names::{casefold, is_room};
use wire::numeric;
use wire::text::truncate;

use super::{distinct, listings, need_more_params};
use crate::chat::Chat;
use crate::event::{Line, Recipients};
use crate::room::Setting;

pub fn join(chat: &mut Chat<'_>, message: &Message<'_>) {
    if message.params[0] == "0" {
        // RFC 2812, section 3.2.1: leave all rooms.
        for room in chat.me().rooms.clone().iter().rev() {
            part_one(chat, room, None);
        }
        return;
    }
    let mut keys = message.params.get(1).copied().unwrap_or_default().split(',');
    let names: Vec<_> = items(message.params[0]).collect();
    if names.is_empty() {
        return need_more_params(chat, "JOIN");
    }
    for name in names {
        join_one(chat, name, keys.next().filter(|key| !key.is_empty()));
    }
}

fn join_one(chat: &mut Chat<'_>, name: &str, key: Option<&str>) {
    if !is_room(name) {
        let text = format!("A room is called # and 1 to {} visible characters, no space or comma", limits::ROOM - 1);
        return chat.reply_text(numeric::ERR_NOSUCHCHANNEL, &[name], &text);
    }
    let (id, source, folded) = (chat.id, chat.me().source(), casefold(name));
    if chat.me().rooms.contains(&folded) {
        return;
    }
    if chat.me().rooms.len() >= limits::ROOMS_PER_CLIENT {
        return chat.reply(numeric::ERR_TOOMANYCHANNELS, &[name]);
    }
    let room = chat.registry.room_or_new(name);
    if let Some(refusal) = room.refusal(id, &source, key) {
        return chat.reply(refusal, &[name]);
    }
    room.add(id);
    let (name, recipients) = (room.name.clone(), room.recipients(None));
    chat.me_mut().rooms.push(folded);
    chat.tell(recipients, Line::new(format_args!(":{source} JOIN {name}")));
    chat.log(format_args!("joined {name}"));
    tell_topic(chat, &name);
    listings::members(chat, &name);
}

pub fn part(chat: &mut Chat<'_>, message: &Message<'_>) {
    for name in distinct(message.params[0]) {
        part_one(chat, name, message.param(1));
    }
}

fn part_one(chat: &mut Chat<'_>, name: &str, reason: Option<&str>) {
    let Some((name, recipients)) = joined(chat, name) else { return };
    let source = chat.me().source();
    let line = match reason {
        Some(reason) => Line::new(format_args!(":{source} PART {name} :{}", truncate(reason, limits::REASON))),
        None => Line::new(format_args!(":{source} PART {name}")),
    };
    chat.tell(recipients, line);
    let id = chat.id;
    chat.registry.part(id, &casefold(&name));
    chat.log(format_args!("left {name}"));
}

pub fn topic(chat: &mut Chat<'_>, message: &Message<'_>) {
    let name = message.params[0];
    let Some(&text) = message.params.get(1) else {
        if chat.visible_room(name).is_none() {
            return chat.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
        }
        if !tell_topic(chat, name) {
            chat.reply(numeric::RPL_NOTOPIC, &[name]);
        }
        return;
    };
    let Some((name, recipients)) = joined(chat, name) else { return };
    let (id, by, source) = (chat.id, chat.me().nick().to_owned(), chat.me().source());
    let Some(room) = chat.registry.room_mut(&name) else { return };
    if room.topic_locked && !room.is_operator(id) {
        return chat.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    let text = truncate(text, limits::TOPIC);
    if room.topic.as_ref().map_or("", |topic| &topic.text) == text {
        return;
    }
    room.topic = (!text.is_empty()).then(|| Setting::new(text, &by));
    chat.tell(recipients, Line::new(format_args!(":{source} TOPIC {name} :{text}")));
}

/// The topic and who set it; false when there is none.
fn tell_topic(chat: &mut Chat<'_>, name: &str) -> bool {
    let Chat { registry, replies, .. } = chat;
    let Some(room) = registry.room(name) else { return false };
    let Some(topic) = &room.topic else { return false };
    replies.text(numeric::RPL_TOPIC, &[&room.name], &topic.text);
    replies.bare(numeric::RPL_TOPICWHOTIME, &[&room.name, &topic.by, &topic.at.to_string()]);
    true
}

pub fn invite(chat: &mut Chat<'_>, message: &Message<'_>) {
    let (nick, name) = (message.params[0], message.params[1]);
    let Some(guest) = chat.registry.by_nick(nick) else {
        return chat.reply(numeric::ERR_NOSUCHNICK, &[nick]);
    };
    let (guest_id, nick, away) = (guest.id, guest.nick().to_owned(), guest.away.clone());
    let Some((name, _)) = joined(chat, name) else { return };
    let (id, source) = (chat.id, chat.me().source());
    let Some(room) = chat.registry.room_mut(&name) else { return };
    if room.invite_only && !room.is_operator(id) {
        return chat.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    if room.has(guest_id) {
        return chat.reply(numeric::ERR_USERONCHANNEL, &[&nick, &name]);
    }
    room.invite(guest_id);
    let to_guest = Recipients { clients: Arc::new([guest_id]), except: None };
    chat.tell(to_guest, Line::new(format_args!(":{source} INVITE {nick} {name}")));
    chat.replies.bare(numeric::RPL_INVITING, &[&nick, &name]);
    if let Some(text) = away {
        chat.reply_text(numeric::RPL_AWAY, &[&nick], &text);
    }
}

pub fn kick(chat: &mut Chat<'_>, message: &Message<'_>) {
    let (rooms, nicks): (Vec<_>, Vec<_>) = (items(message.params[0]).collect(), items(message.params[1]).collect());
    let reason =
        message.param(2).map_or_else(|| chat.me().nick().to_owned(), |text| truncate(text, limits::REASON).into());
    if rooms.is_empty() || nicks.is_empty() {
        need_more_params(chat, "KICK");
    } else if rooms.len() == 1 {
        nicks.iter().for_each(|nick| kick_one(chat, rooms[0], nick, &reason));
    } else if rooms.len() == nicks.len() {
        rooms.iter().zip(nicks).for_each(|(room, nick)| kick_one(chat, room, nick, &reason));
    } else {
        need_more_params(chat, "KICK");
    }
}

fn kick_one(chat: &mut Chat<'_>, name: &str, nick: &str, reason: &str) {
    let Some(victim) = chat.registry.by_nick(nick) else {
        return chat.reply(numeric::ERR_NOSUCHNICK, &[nick]);
    };
    let (id, nick) = (victim.id, victim.nick().to_owned());
    let Some((name, recipients)) = joined(chat, name) else { return };
    if !chat.registry.room(&name).is_some_and(|room| room.is_operator(chat.id)) {
        return chat.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&name]);
    }
    if !chat.registry.room(&name).is_some_and(|room| room.has(id)) {
        return chat.reply(numeric::ERR_USERNOTINCHANNEL, &[&nick, &name]);
    }
    let source = chat.me().source();
    chat.tell(recipients, Line::new(format_args!(":{source} KICK {name} {nick} :{reason}")));
    chat.registry.part(id, &casefold(&name));
    chat.log(format_args!("removed {nick} from {name}"));
}

/// The room's name as its creator spelt it and its members, if the client is in it; if not, it is told.
pub fn joined(chat: &mut Chat<'_>, name: &str) -> Option<(String, Recipients)> {
    let id = chat.id;
    match chat.registry.room_mut(name) {
        Some(room) if room.has(id) => Some((room.name.clone(), room.recipients(None))),
        // That a secret room is there is not for outsiders.
        Some(room) if !room.secret => {
            chat.reply(numeric::ERR_NOTONCHANNEL, &[name]);
            None
        }
        _ => {
            chat.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
            None
        }
    }
}

/// The items of a list with commas.
fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|item| !item.is_empty())
}
