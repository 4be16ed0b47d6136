//! MODE: what a room or a client allows.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::limits::{LINE, MASK, ROOM, SOURCE};
use wire::mask::wildcard_match;
use wire::message::Message;
use wire::names::eq_ignore_case;
use wire::numeric;
use wire::time::unix_seconds;

use super::limits;
use super::modes::{Flags, Modes, Rank, Setting, WITH_PARAMETER, check_key};
use super::users::{InvisibleCount, is_invisible};
use crate::core::context::CommandContext;
use crate::core::event::{ClientId, Line};

pub fn mode(invisible: &InvisibleCount, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let target = message.params[0];
    let changes = message.param(1);
    match (target.starts_with('#'), changes) {
        (true, None) => show_room(ctx, target),
        (true, Some(changes)) => change_room(ctx, target, changes, &message.params[2..]),
        (false, changes) => user(invisible, ctx, target, changes),
    }
}

fn user(invisible: &InvisibleCount, ctx: &mut CommandContext<'_>, nick: &str, changes: Option<&str>) {
    if !eq_ignore_case(nick, ctx.me().nick()) {
        return match ctx.registry.by_nick(nick) {
            Some(_) => ctx.reply(numeric::ERR_USERSDONTMATCH, &[]),
            None => ctx.reply(numeric::ERR_NOSUCHNICK, &[nick]),
        };
    }
    let Some(changes) = changes else {
        let modes = if is_invisible(ctx.me()) { "+i" } else { "+" };
        return ctx.replies.bare(numeric::RPL_UMODEIS, &[modes]);
    };
    // The last word counts: `+i-i` is `-i`.
    let asked = letters(changes).filter(|&(_, letter)| letter == 'i').last();
    if let Some((on, _)) = asked
        && invisible.set_invisible(ctx.me_mut(), on)
    {
        let (source, nick) = (ctx.me().source(), ctx.me().nick().to_owned());
        ctx.replies.line(format_args!(":{source} MODE {nick} {}i", if on { '+' } else { '-' }));
    }
    if letters(changes).any(|(_, letter)| letter != 'i') {
        ctx.reply(numeric::ERR_UMODEUNKNOWNFLAG, &[]);
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

/// The changes with their parameters. Behind these there may be further changes (RFC 1459, section 4.2.3.1).
fn parse<'a>(changes: &'a str, params: &[&'a str]) -> Vec<(bool, char, Option<&'a str>)> {
    let (mut params, mut group, mut parsed) = (params.iter().copied().peekable(), Some(changes), Vec::new());
    while let Some(changes) = group {
        for (on, letter) in letters(changes) {
            parsed.push((on, letter, if takes_parameter(on, letter) { params.next() } else { None }));
        }
        group = params.next_if(|next| next.starts_with(['+', '-']));
    }
    parsed
}

fn takes_parameter(on: bool, letter: char) -> bool {
    WITH_PARAMETER.contains(&letter) && (letter != 'l' || on)
}

fn show_room(ctx: &mut CommandContext<'_>, name: &str) {
    let Some(room) = ctx.visible_room(name) else {
        return ctx.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
    };
    let modes = Modes::of(room).shown(room.has(ctx.id));
    let (name, created) = (room.name.clone(), unix_seconds(room.created_at).to_string());
    let params: Vec<&str> = std::iter::once(name.as_str()).chain(modes.split(' ')).collect();
    ctx.replies.bare(numeric::RPL_CHANNELMODEIS, &params);
    ctx.replies.bare(numeric::RPL_CREATIONTIME, &[&name, &created]);
}

fn change_room(ctx: &mut CommandContext<'_>, name: &str, changes: &str, params: &[&str]) {
    if ctx.visible_room(name).is_none() {
        return ctx.reply(numeric::ERR_NOSUCHCHANNEL, &[name]);
    }
    let changes = parse(changes, params);
    // A line is carried out completely, or not at all.
    let lacks = |&(on, letter, param): &(bool, char, Option<&str>)| {
        let may_lack_it = letter == 'b' || (letter == 'k' && !on);
        param.is_none() && takes_parameter(on, letter) && !may_lack_it
    };
    let is_incomplete = changes.iter().any(lacks);
    let (mut done, mut asked, mut refused, mut bans_shown) = (Vec::new(), false, false, false);
    for (on, letter, param) in changes {
        if letter == 'b' && param.is_none() {
            if !std::mem::replace(&mut bans_shown, true) {
                show_bans(ctx, name);
            }
            continue;
        }
        if refused {
            continue;
        }
        let Some((room_name, _)) = ctx.joined_room(name) else { return };
        ctx.cost += usize::from(std::mem::replace(&mut asked, true));
        if !ctx.registry.room(name).is_some_and(|room| Rank::of(room, ctx.id).operator) {
            ctx.reply(numeric::ERR_CHANOPRIVSNEEDED, &[&room_name]);
            refused = true;
        } else if is_incomplete {
            ctx.need_more_params("MODE");
            refused = true;
        } else if let Some(shown) = change(ctx, &room_name, on, letter, param) {
            done.push((on, letter, shown));
        }
    }
    send_changes(ctx, name, &done);
}

/// Sends the changes to the members, in as few lines as hold them.
fn send_changes(ctx: &mut CommandContext<'_>, name: &str, mut changes: &[(bool, char, String)]) {
    let space = LINE - (SOURCE + " MODE ".len() + ROOM + " \r\n".len());
    while !changes.is_empty() {
        let fits = |count: &usize| shown(&changes[..*count]).len() <= space;
        let (first, rest) = changes.split_at((1..=changes.len()).rev().find(fits).unwrap_or(1));
        let Some((name, recipients)) = ctx.joined_room(name) else { return };
        let (source, now) = (ctx.me().source(), ctx.inputs.now);
        ctx.send_to(recipients, Line::new(now, format_args!(":{source} MODE {name} {}", shown(first))));
        changes = rest;
    }
}

/// `+ab-c`, then the parameters.
fn shown(changes: &[(bool, char, String)]) -> String {
    let (mut letters, mut params, mut sign) = (String::new(), String::new(), None);
    for (on, letter, param) in changes {
        if sign.replace(on) != Some(on) {
            letters.push(if *on { '+' } else { '-' });
        }
        letters.push(*letter);
        if !param.is_empty() {
            params.extend([" ", param]);
        }
    }
    letters + &params
}

/// Makes one change; the parameter to show with it, or `None` when nothing changed.
fn change(ctx: &mut CommandContext<'_>, name: &str, on: bool, letter: char, param: Option<&str>) -> Option<String> {
    match letter {
        'o' | 'v' => return change_rank(ctx, name, on, letter, param?),
        'b' => return change_ban(ctx, name, on, param?),
        _ => {}
    }
    let CommandContext { registry, replies, .. } = ctx;
    let modes = Modes::of_mut(registry.room_mut(name)?);
    match (letter, on) {
        ('k', false) => modes.key.take().map(|_| "*".into()),
        ('k', true) => {
            let key = param?;
            if let Err(refusal) = check_key(key) {
                replies.refuse(name, &refusal);
                return None;
            }
            (modes.key.replace(key.into()).as_deref() != Some(key)).then(|| key.into())
        }
        ('l', false) => modes.limit.take().map(|_| String::new()),
        ('l', true) => {
            let text = param?;
            let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let Some(limit) = digits.and_then(|text| text.parse().ok()).filter(|&limit| limit > 0) else {
                let why = "A limit is a whole number from 1 up";
                replies.text(numeric::ERR_INVALIDMODEPARAM, &[name, "l", text], why);
                return None;
            };
            (modes.limit.replace(limit) != Some(limit)).then(|| limit.to_string())
        }
        _ => {
            let Some((_, flag)) = Flags::ALL.iter().find(|(known, _)| *known == letter) else {
                replies.send(numeric::ERR_UNKNOWNMODE, &[letter.encode_utf8(&mut [0; 4])]);
                return None;
            };
            modes.set(*flag, on).then(String::new)
        }
    }
}

fn change_rank(ctx: &mut CommandContext<'_>, name: &str, on: bool, letter: char, nick: &str) -> Option<String> {
    let Some(client) = ctx.registry.by_nick(nick) else {
        ctx.reply(numeric::ERR_NOSUCHNICK, &[nick]);
        return None;
    };
    let (id, nick) = (client.id, client.nick().to_owned());
    let Some(rank) = Rank::of_mut(ctx.registry.room_mut(name)?, id) else {
        ctx.reply(numeric::ERR_USERNOTINCHANNEL, &[&nick, name]);
        return None;
    };
    let right = if letter == 'o' { &mut rank.operator } else { &mut rank.voice };
    (std::mem::replace(right, on) != on).then_some(nick)
}

fn change_ban(ctx: &mut CommandContext<'_>, name: &str, on: bool, mask: &str) -> Option<String> {
    // What is missing stands for anything, so that a mask without any part would be one for everybody.
    if mask.trim_matches(['!', '@']).is_empty() || mask.starts_with(':') || mask.contains(' ') {
        let text = "A mask is nick!user@host with at least one of the three, without spaces";
        ctx.reply_text(numeric::ERR_INVALIDMODEPARAM, &[name, "b", mask], text);
        return None;
    }
    let (by, now) = (ctx.me().nick().to_owned(), ctx.inputs.now);
    let full = full_mask(mask);
    // A part of a mask would be another mask, such as one that fits everybody.
    if full.len() > MASK {
        let text = format!("A mask has at most {MASK} bytes; no ban is longer");
        ctx.reply_text(numeric::ERR_INVALIDMODEPARAM, &[name, "b", mask], &text);
        return None;
    }
    let is_banned =
        |guest: &ClientId| ctx.registry.client(*guest).is_some_and(|guest| wildcard_match(&full, &guest.source()));
    let banned: Vec<_> = Modes::of(ctx.registry.room(name)?).guests().filter(is_banned).collect();
    let modes = Modes::of_mut(ctx.registry.room_mut(name)?);
    let known = modes.bans.iter().position(|ban| eq_ignore_case(&ban.text, &full));
    match (on, known) {
        (true, None) if modes.bans.len() >= limits::BANS => {
            ctx.reply(numeric::ERR_BANLISTFULL, &[name, "b"]);
            None
        }
        (true, None) => {
            modes.bans.push(Setting::new(&full, &by, now));
            // A ban takes back what was offered before it.
            for guest in banned {
                modes.entered(guest);
            }
            Some(full)
        }
        // As it was set, so that clients that keep the list find it.
        (false, Some(index)) => Some(modes.bans.remove(index).text),
        _ => None,
    }
}

/// A mask with all its parts: `nick`, `host.name`, `user@host` and `nick!user` mean any of what they leave out.
fn full_mask(mask: &str) -> String {
    let (nick, rest) = match mask.split_once('!') {
        Some(parts) => parts,
        None if mask.contains('@') => ("*", mask),
        // Of nicks and hosts only the latter hold one of these.
        None if mask.contains(['.', ':']) => return format!("*!*@{mask}"),
        None => (mask, "*"),
    };
    let (user, host) = rest.split_once('@').unwrap_or((rest, "*"));
    let [nick, user, host] = [nick, user, host].map(|part| if part.is_empty() { "*" } else { part });
    format!("{nick}!{user}@{host}")
}

fn show_bans(ctx: &mut CommandContext<'_>, name: &str) {
    let CommandContext { registry, replies, .. } = ctx;
    let Some(room) = registry.room(name) else { return };
    for ban in &Modes::of(room).bans {
        replies.bare(numeric::RPL_BANLIST, &[&room.name, &ban.text, &ban.by, &ban.at.to_string()]);
    }
    replies.send(numeric::RPL_ENDOFBANLIST, &[&room.name]);
}
