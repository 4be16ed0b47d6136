//! Coming and going: CAP, PASS, NICK, USER, PING, PONG, QUIT.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::limits::{NICK, REALNAME, REASON, USER};
use wire::message::Message;
use wire::names::{eq_ignore_case, is_nick};
use wire::numeric;
use wire::text::truncate;
use wire::time::iso8601;

use super::context::CommandContext;
use super::event::{Caps, Line};
use super::limits;
use super::replies::Refusal;
use super::server::VERSION;

pub fn pass(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if ctx.me().registered {
        return ctx.reply(numeric::ERR_ALREADYREGISTERED, &[]);
    }
    ctx.me_mut().password = message.param(0).map(str::to_owned);
}

pub fn nick(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let Some(wanted) = message.param(0) else {
        return ctx.reply(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    if !is_nick(wanted) {
        let text = format!("A nick has 1 to {NICK} letters, digits or -[]\\`_^{{|}} and starts with no digit or -");
        return refuse(ctx, wanted, &Refusal::new(numeric::ERR_ERRONEUSNICKNAME, text));
    }
    // Its lines would look like the server's.
    if eq_ignore_case(wanted, ctx.server.name()) {
        return refuse(ctx, wanted, &Refusal::new(numeric::ERR_ERRONEUSNICKNAME, "That is the server's name"));
    }
    let (source, registered, old) = (ctx.me().source(), ctx.me().registered, ctx.me().nick.clone());
    if old.as_deref() == Some(wanted) {
        return;
    }
    if let Err(refusal) = may_rename(ctx, wanted) {
        return refuse(ctx, wanted, &refusal);
    }
    let (id, wings) = (ctx.id, ctx.wings);
    if let Err(text) = wings.list.iter().try_for_each(|wing| wing.may_take_nick(ctx, wanted)) {
        return refuse(ctx, wanted, &Refusal::new(numeric::ERR_NICKNAMEINUSE, text));
    }
    if !ctx.registry.take_nick(id, wanted) {
        let numeric = numeric::ERR_NICKNAMEINUSE;
        return refuse(ctx, wanted, &Refusal::new(numeric, numeric.text));
    }
    wanted.clone_into(&mut ctx.replies.nick);
    if let Some(old) = &old {
        wings.list.iter().for_each(|wing| wing.gave_up_nick(ctx.me(), old, Some(wanted)));
    }
    if !registered {
        return welcome_when_ready(ctx);
    }
    ctx.me_mut().renamed = true;
    ctx.send_to_peers(Line::new(ctx.inputs.now, format_args!(":{source} NICK :{wanted}")));
    ctx.log(format_args!("was called {} before", old.unwrap_or_default()));
    let notices: Vec<String> = wings.list.iter().filter_map(|wing| wing.named(ctx)).collect();
    notices.iter().for_each(|notice| ctx.replies.notice(notice));
    wings.list.iter().for_each(|wing| wing.arrived(ctx));
}

/// The client may not have a name: it is told so, and so is the operator.
fn refuse(ctx: &mut CommandContext<'_>, wanted: &str, refusal: &Refusal) {
    ctx.log(format_args!("may not be called {}: {}", truncate(wanted, NICK), refusal.text));
    ctx.replies.refuse(wanted, refusal);
}

/// Whether the client may change its name to this one, whoever has it: a name is read by all in its rooms, like a text.
pub fn may_rename(ctx: &mut CommandContext<'_>, wanted: &str) -> Result<(), Refusal> {
    ctx.cost += ctx.me().rooms.len() / limits::ROOMS_PER_RENAME;
    ctx.barred_in(wanted).map_or(Ok(()), |room| {
        let text = format!("You cannot change your nick while you, or that nick, are banned in {room}");
        Err(Refusal::new(numeric::ERR_CANTCHANGENICK, text))
    })
}

pub fn user(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if ctx.me().user.is_some() {
        return ctx.reply(numeric::ERR_ALREADYREGISTERED, &[]);
    }
    let (Some(user), Some(realname)) = (message.param(0), message.param(3)) else {
        return ctx.need_more_params("USER");
    };
    // Characters that could be mistaken for a part of `nick!user@host`, or of a mask, are left out.
    let plain: String = user.chars().filter(|c| c.is_ascii_alphanumeric() || "-._[]\\`^{|}".contains(*c)).collect();
    let plain = if plain.is_empty() { "user" } else { truncate(&plain, USER) };
    let me = ctx.me_mut();
    (me.user, me.realname) = (Some(plain.to_owned()), truncate(realname, REALNAME).to_owned());
    welcome_when_ready(ctx);
}

pub fn quit(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let source = ctx.me().source();
    // All rooms see the same line, so it has no reason if one of them must not see it.
    let may_speak = ctx.me().rooms.iter().all(|room| ctx.may_speak_in(room, &source));
    let reason = message.param(0).filter(|_| may_speak).unwrap_or_default();
    ctx.leaving = Some(format!("Quit: {}", truncate(reason, REASON)));
}

pub fn ping(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    match message.param(0) {
        Some(token) => ctx.replies.line(format_args!(":{0} PONG {0} :{token}", ctx.server.name())),
        None => ctx.reply(numeric::ERR_NOORIGIN, &[]),
    }
}

/// Every line proves that the client is there; what it answers with this one only a wing knows.
pub fn pong(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let wings = ctx.wings;
    if let Some(token) = message.params.last() {
        wings.list.iter().for_each(|wing| wing.acknowledged(ctx, token));
    }
}

pub fn cap(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let subcommand = message.params[0];
    let registering = !ctx.me().registered;
    match subcommand.to_ascii_uppercase().as_str() {
        "LS" => {
            let version: u32 = message.param(1).and_then(|version| version.parse().ok()).unwrap_or_default();
            ctx.me_mut().negotiating = registering;
            if version >= 302 {
                ctx.me_mut().cap_302 = true;
                ctx.me_mut().caps.set(Caps::CAP_NOTIFY, true);
            }
            let shows_values = ctx.me().cap_302;
            answer_cap(ctx, "LS", &cap_names(ctx, shows_values, |_| true));
        }
        "LIST" => {
            let mine = ctx.me().caps;
            answer_cap(ctx, "LIST", &cap_names(ctx, false, |cap| mine.has(cap)));
        }
        "REQ" => {
            let Some(&wanted) = message.params.get(1) else { return ctx.need_more_params("CAP") };
            ctx.me_mut().negotiating = registering;
            request(ctx, wanted);
        }
        "END" => {
            ctx.me_mut().negotiating = false;
            if registering {
                welcome_when_ready(ctx);
            }
        }
        _ => ctx.reply(numeric::ERR_INVALIDCAPCMD, &[subcommand]),
    }
}

/// Turns capabilities on and off: all that are named, or none.
fn request(ctx: &mut CommandContext<'_>, wanted: &str) {
    let mut caps = ctx.me().caps;
    for word in wanted.split_ascii_whitespace() {
        let (name, on) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
        match ctx.wings.capabilities.iter().find(|(known, _)| without_value(known) == name) {
            Some(&(_, Caps::CAP_NOTIFY)) if !on && ctx.me().cap_302 => return answer_cap(ctx, "NAK", wanted),
            Some(&(_, cap)) => caps.set(cap, on),
            None => return answer_cap(ctx, "NAK", wanted),
        }
    }
    answer_cap(ctx, "ACK", wanted);
    ctx.me_mut().caps = caps;
    ctx.capabilities_changed();
}

fn answer_cap(ctx: &mut CommandContext<'_>, subcommand: &str, caps: &str) {
    let nick = ctx.me().nick().to_owned();
    ctx.replies.server_line(format_args!("CAP {nick} {subcommand} :{caps}"));
}

fn without_value(capability: &str) -> &str {
    capability.split('=').next().unwrap_or_default()
}

fn cap_names(ctx: &CommandContext<'_>, shows_values: bool, wanted: impl Fn(Caps) -> bool) -> String {
    let found = ctx.wings.capabilities.iter().filter(|(_, cap)| wanted(*cap));
    let names = found.map(|(name, _)| if shows_values { name } else { without_value(name) });
    names.collect::<Vec<_>>().join(" ")
}

/// Ends the registration once nick and user are known and no negotiation is open.
fn welcome_when_ready(ctx: &mut CommandContext<'_>) {
    let me = ctx.me();
    if me.nick.is_none() || me.user.is_none() || me.negotiating {
        return;
    }
    if ctx.server.options.password.is_some() && me.password != ctx.server.options.password {
        ctx.reply(numeric::ERR_PASSWDMISMATCH, &[]);
        ctx.leaving = Some(numeric::ERR_PASSWDMISMATCH.text.into());
        return;
    }
    // Before the welcome, which the client may take as an acknowledgment.
    let wings = ctx.wings;
    let notices: Vec<String> = wings.list.iter().filter_map(|wing| wing.named(ctx)).collect();
    let id = ctx.id;
    ctx.registry.mark_registered(id);
    ctx.log(format_args!("has taken a name"));
    let (name, source) = (ctx.server.name(), ctx.me().source());
    ctx.reply_text(numeric::RPL_WELCOME, &[], &format!("Welcome to the chat, {source}"));
    ctx.reply_text(numeric::RPL_YOURHOST, &[], &format!("Your host is {name}, running {VERSION}"));
    let started = iso8601(ctx.server.started_at);
    ctx.reply_text(numeric::RPL_CREATED, &[], &format!("This server was started at {started}"));
    wings.list.iter().for_each(|wing| wing.welcome(ctx));
    notices.iter().for_each(|notice| ctx.replies.notice(notice));
    wings.list.iter().for_each(|wing| wing.arrived(ctx));
}
