//! MODE: what a room or a client allows.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::limits;
use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::numeric;
use wire::text::truncate;

use super::{need_more_params, rooms};
use crate::chat::Chat;
use crate::event::{Line, Recipients};
use crate::room::{Room, Setting};

pub fn mode(chat: &mut Chat<'_>, message: &Message<'_>) {
    let target = message.params[0];
    let changes = message.param(1);
    match (target.starts_with('#'), changes) {
        (true, None) => show_room(chat, target),
        (true, Some(changes)) => change_room(chat, target, changes, &message.params[2..]),
        (false, changes) => user(chat, target, changes),
    }
}

fn user(chat: &mut Chat<'_>, nick: &str, changes: Option<&str>) {
    if !eq_ignore_case(nick, chat.me().nick()) {
        return match chat.registry.by_nick(nick) {
            Some(_) => chat.reply(numeric::ERR_USERSDONTMATCH, &[]),
            None => chat.reply(numeric::ERR_NOSUCHNICK, &[nick]),
        };
    }
    let Some(changes) = changes else {
        let modes = if chat.me().invisible { "+i" } else { "+" };
        return chat.replies.bare(numeric::RPL_UMODEIS, &[modes]);
    };
    if letters(changes).any(|(_, letter)| letter != 'i') {
        chat.reply(numeric::ERR_UMODEUNKNOWNFLAG, &[]);
    }
    // The last word counts: `+i-i` is `-i`.
    let Some((on, _)) = letters(changes).filter(|&(_, letter)| letter == 'i').last() else { return };
    let id = chat.id;
    if chat.registry.set_invisible(id, on) {
        let (source, nick) = (chat.me().source(), chat.me().nick().to_owned());
        chat.replies.line(format_args!(":{source} MODE {nick} {}i", if on { '+' } else { '-' }));
    }
}

/// `+ab-c` as (on, letter).
fn letters(changes: &str) -> impl Iterator<Item = (bool, char)> {
    let mut on = true;
    changes.chars().filter_map(move |c| match c {
        '+' | '-' => {
            on = c == '+';
            None
        }
        letter => Some((on, letter)),
    })
}

fn show_room(chat: &mut Chat<'_>, name: &str) {
    let Chat { registry, replies, id, .. } = chat;
    let Some(room) = registry.visible_room(name, *id) else {
        return replies.send(numeric::ERR_NOSUCHCHANNEL, &[name]);
    };
    let modes = room.modes(room.has(*id));
    let params: Vec<&str> = std::iter::once(room.name.as_str()).chain(modes.split(' ')).collect();
    replies.bare(numeric::RPL_CHANNELMODEIS, &params);
    replies.bare(numeric::RPL_CREATIONTIME, &[&room.name, &room.created.to_string()]);
}

fn change_room(chat: &mut Chat<'_>, name: &str, changes: &str, params: &[&str]) {
    if chat.visible_room(name).is_none() {
        return chat.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
    }
    let mut params = params.iter().copied();
    let mut done = Done::default();
    let (mut refused, mut bans_shown) = (false, false);
    for (on, letter) in letters(changes) {
        let takes_param = matches!(letter, 'b' | 'o' | 'v' | 'k') || (letter == 'l' && on);
        let param = if takes_param { params.next() } else { None };
        if letter == 'b' && param.is_none() {
            if !std::mem::replace(&mut bans_shown, true) {
                show_bans(chat, name);
            }
            continue;
        }
        if refused {
            continue;
        }
        let Some((room_name, recipients)) = rooms::joined(chat, name) else { return };
        if !chat.registry.room(name).is_some_and(|room| room.is_operator(chat.id)) {
            chat.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&room_name]);
            refused = true;
            continue;
        }
        let may_lack_it = letter == 'k' && !on;
        if takes_param && param.is_none() && !may_lack_it {
            need_more_params(chat, "MODE");
            continue;
        }
        if let Some(shown) = change(chat, &room_name, on, letter, param) {
            done.add(chat, &room_name, &recipients, (on, letter, shown));
        }
    }
    if let Some(room) = chat.registry.room_mut(name) {
        let (name, recipients) = (room.name.clone(), room.recipients(None));
        done.tell(chat, &name, &recipients);
    }
}

/// The changes made and not yet told.
#[derive(Default)]
struct Done {
    letters: String,
    params: String,
    /// Which sign the last letter stands under.
    sign: Option<bool>,
}

impl Done {
    fn add(&mut self, chat: &mut Chat<'_>, room: &str, to: &Recipients, (on, letter, param): (bool, char, String)) {
        let longest_head = limits::SOURCE + " MODE ".len() + limits::ROOM + " \r\n".len();
        if longest_head + self.letters.len() + 2 + self.params.len() + 1 + param.len() > limits::LINE {
            self.tell(chat, room, to);
        }
        if self.sign.replace(on) != Some(on) {
            self.letters.push(if on { '+' } else { '-' });
        }
        self.letters.push(letter);
        if !param.is_empty() {
            self.params.extend([" ", &param]);
        }
    }

    fn tell(&mut self, chat: &mut Chat<'_>, room: &str, to: &Recipients) {
        let done = std::mem::take(self);
        if !done.letters.is_empty() {
            let source = chat.me().source();
            chat.tell(to.clone(), Line::new(format_args!(":{source} MODE {room} {}{}", done.letters, done.params)));
        }
    }
}

/// Makes one change; the parameter to show with it, or `None` when nothing changed.
fn change(chat: &mut Chat<'_>, name: &str, on: bool, letter: char, param: Option<&str>) -> Option<String> {
    match letter {
        'o' | 'v' => change_member(chat, name, on, letter, param?),
        'b' => change_ban(chat, name, on, param?),
        'k' => change_key(chat, name, on, param),
        'l' => change_limit(chat, name, on, param),
        _ => change_flag(chat, name, on, letter),
    }
}

fn change_flag(chat: &mut Chat<'_>, name: &str, on: bool, letter: char) -> Option<String> {
    let room = chat.registry.room_mut(name)?;
    let flag = match letter {
        'i' => &mut room.invite_only,
        'm' => &mut room.moderated,
        'n' => &mut room.no_external,
        's' => &mut room.secret,
        't' => &mut room.topic_locked,
        _ => {
            chat.reply(numeric::ERR_UNKNOWNMODE, &[letter.encode_utf8(&mut [0; 4])]);
            return None;
        }
    };
    (std::mem::replace(flag, on) != on).then(String::new)
}

fn change_member(chat: &mut Chat<'_>, name: &str, on: bool, letter: char, nick: &str) -> Option<String> {
    let Some(client) = chat.registry.by_nick(nick) else {
        chat.reply(numeric::ERR_NOSUCHNICK, &[nick]);
        return None;
    };
    let (id, nick) = (client.id, client.nick().to_owned());
    let Some(member) = chat.registry.room_mut(name)?.member_mut(id) else {
        chat.reply(numeric::ERR_USERNOTINCHANNEL, &[&nick, name]);
        return None;
    };
    let right = if letter == 'o' { &mut member.operator } else { &mut member.voice };
    (std::mem::replace(right, on) != on).then_some(nick)
}

fn change_ban(chat: &mut Chat<'_>, name: &str, on: bool, mask: &str) -> Option<String> {
    if mask.is_empty() || mask.starts_with(':') || mask.contains(' ') {
        chat.reply_text(numeric::ERR_INVALIDMODEPARAM, &[name, "b", mask], "A mask is nick!user@host, without spaces");
        return None;
    }
    let by = chat.me().nick().to_owned();
    let mask = full_mask(mask);
    let room = chat.registry.room_mut(name)?;
    let known = room.bans.iter().position(|ban| eq_ignore_case(&ban.text, &mask));
    match (on, known) {
        (true, None) if room.bans.len() >= limits::BANS => {
            chat.reply(numeric::ERR_BANLISTFULL, &[name, &mask]);
            None
        }
        (true, None) => {
            room.bans.push(Setting::new(&mask, &by));
            Some(mask)
        }
        // As it was set, so that who keeps the list finds it.
        (false, Some(index)) => Some(room.bans.remove(index).text),
        _ => None,
    }
}

/// A mask with all its parts: `nick`, `user@host` and `nick!user` mean any of what they leave out.
fn full_mask(mask: &str) -> String {
    let mask = truncate(mask, limits::MASK);
    let full = match (mask.contains('!'), mask.contains('@')) {
        (true, true) => mask.to_owned(),
        (true, false) => format!("{mask}@*"),
        (false, true) => format!("*!{mask}"),
        (false, false) => format!("{mask}!*@*"),
    };
    truncate(&full, limits::MASK).to_owned()
}

fn change_key(chat: &mut Chat<'_>, name: &str, on: bool, key: Option<&str>) -> Option<String> {
    if !on {
        let old = chat.registry.room_mut(name)?.key.take();
        return old.map(|_| "*".into());
    }
    let key = key?;
    let good = (1..=limits::KEY).contains(&key.len()) && !key.contains([' ', ',']) && !key.starts_with(':');
    if !good {
        let text = format!("A key has 1 to {} characters, no space or comma", limits::KEY);
        chat.reply_text(numeric::ERR_INVALIDMODEPARAM, &[name, "k", "*"], &text);
        return None;
    }
    let old = chat.registry.room_mut(name)?.key.replace(key.into());
    (old.as_deref() != Some(key)).then(|| key.into())
}

fn change_limit(chat: &mut Chat<'_>, name: &str, on: bool, limit: Option<&str>) -> Option<String> {
    if !on {
        return chat.registry.room_mut(name)?.limit.take().map(|_| String::new());
    }
    let text = limit?;
    let Some(limit) = text.parse::<usize>().ok().filter(|&limit| limit > 0) else {
        chat.reply_text(numeric::ERR_INVALIDMODEPARAM, &[name, "l", text], "A limit is a whole number from 1 up");
        return None;
    };
    let room: &mut Room = chat.registry.room_mut(name)?;
    (room.limit.replace(limit) != Some(limit)).then(|| limit.to_string())
}

fn show_bans(chat: &mut Chat<'_>, name: &str) {
    let Chat { registry, replies, .. } = chat;
    let Some(room) = registry.room(name) else { return };
    for ban in &room.bans {
        replies.bare(numeric::RPL_BANLIST, &[&room.name, &ban.text, &ban.by, &ban.at.to_string()]);
    }
    replies.send(numeric::RPL_ENDOFBANLIST, &[&room.name]);
}
