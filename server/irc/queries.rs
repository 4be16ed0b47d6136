//! Short questions: USERHOST, ISON, LUSERS, MOTD, VERSION, TIME.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::message::Message;
use wire::numeric::{self, Numeric};
use wire::text::split_to_fit;
use wire::time::iso8601;

use super::users::InvisibleCount;
use super::welcome;
use crate::core::context::CommandContext;
use crate::core::items::each_line;
use crate::core::registry::Counts;
use crate::core::server::VERSION;

pub fn userhost(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let found = message.params.iter().take(5).filter_map(|nick| ctx.registry.by_nick(nick));
    let entries = found.map(|client| {
        let sign = if client.away.is_some() { '-' } else { '+' };
        format!("{}={sign}{}@{}", client.nick(), client.user(), client.host)
    });
    one_line(ctx, numeric::RPL_USERHOST, entries.collect());
}

pub fn ison(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let asked: Vec<_> = message.params.iter().flat_map(|nicks| nicks.split_ascii_whitespace()).collect();
    ctx.cost += asked.len().saturating_sub(1);
    let found = asked.into_iter().filter_map(|nick| ctx.registry.by_nick(nick)).map(|client| client.nick().to_owned());
    one_line(ctx, numeric::RPL_ISON, found.collect());
}

/// Answers with the words that fit one line, the only one that such a question gets.
fn one_line(ctx: &mut CommandContext<'_>, numeric: Numeric, words: Vec<String>) {
    let mut first = None;
    each_line(words.into_iter(), ctx.replies.text_space(numeric, &[]), |line| {
        first.get_or_insert_with(|| line.to_owned());
    });
    ctx.reply_text(numeric, &[], &first.unwrap_or_default());
}

pub fn lusers(invisible: &InvisibleCount, ctx: &mut CommandContext<'_>) {
    let Counts { users, most, unknown } = ctx.registry.counts();
    let (invisible, rooms) = (invisible.get(), ctx.registry.room_count());
    let text = format!("There are {} users and {invisible} invisible on 1 servers", users - invisible);
    ctx.reply_text(numeric::RPL_LUSERCLIENT, &[], &text);
    ctx.reply(numeric::RPL_LUSEROP, &["0"]);
    ctx.reply(numeric::RPL_LUSERUNKNOWN, &[&unknown.to_string()]);
    ctx.reply(numeric::RPL_LUSERCHANNELS, &[&rooms.to_string()]);
    ctx.reply_text(numeric::RPL_LUSERME, &[], &format!("I have {users} clients and 0 servers"));
    let (users, most) = (&*users.to_string(), &*most.to_string());
    let text = format!("Current local users {users}, max {most}");
    ctx.reply_text(numeric::RPL_LOCALUSERS, &[users, most], &text);
    let text = format!("Current global users {users}, max {most}");
    ctx.reply_text(numeric::RPL_GLOBALUSERS, &[users, most], &text);
}

pub fn motd(lines: &[String], ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if !asks_us(ctx, message) {
        return;
    }
    if lines.is_empty() {
        return ctx.reply(numeric::ERR_NOMOTD, &[]);
    }
    ctx.reply_text(numeric::RPL_MOTDSTART, &[], &format!("- {} Message of the day -", ctx.server.name()));
    for line in lines {
        let space = ctx.replies.text_space(numeric::RPL_MOTD, &[]) - "- ".len();
        if line.is_empty() {
            ctx.reply_text(numeric::RPL_MOTD, &[], "- ");
        }
        for piece in split_to_fit(line, space) {
            ctx.reply_text(numeric::RPL_MOTD, &[], &format!("- {piece}"));
        }
    }
    ctx.reply(numeric::RPL_ENDOFMOTD, &[]);
}

pub fn version(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if asks_us(ctx, message) {
        ctx.reply_text(numeric::RPL_VERSION, &[VERSION, ctx.server.name()], "a group chat, one thread per client");
        welcome::send_isupport(ctx);
    }
}

pub fn time(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    if asks_us(ctx, message) {
        ctx.reply_text(numeric::RPL_TIME, &[ctx.server.name()], &iso8601(ctx.inputs.now));
    }
}

/// Whether a question that may name a server is for this one; if not, the client gets 402.
fn asks_us(ctx: &mut CommandContext<'_>, message: &Message<'_>) -> bool {
    match message.param(0) {
        Some(server) if !ctx.server.is_called(server) => {
            ctx.reply(numeric::ERR_NOSUCHSERVER, &[server]);
            false
        }
        _ => true,
    }
}
