//! Short questions: USERHOST, ISON, LUSERS, MOTD, VERSION, TIME.
//!
//! Runs in the client's thread, under the registry's lock.

use std::time::SystemTime;

use wire::message::Message;
use wire::numeric::{self, Numeric};
use wire::text::split_to_fit;
use wire::time::iso8601;

use super::each_line;
use crate::chat::Chat;
use crate::registry::Counts;
use crate::server::VERSION;

pub fn userhost(chat: &mut Chat<'_>, message: &Message<'_>) {
    let found = message.params.iter().take(5).filter_map(|nick| chat.registry.by_nick(nick));
    let entries = found.map(|client| {
        let sign = if client.away.is_some() { '-' } else { '+' };
        format!("{}={sign}{}@{}", client.nick(), client.user(), client.host)
    });
    one_line(chat, numeric::RPL_USERHOST, entries.collect());
}

pub fn ison(chat: &mut Chat<'_>, message: &Message<'_>) {
    let asked = message.params.iter().flat_map(|nicks| nicks.split_ascii_whitespace());
    let found = asked.filter_map(|nick| chat.registry.by_nick(nick)).map(|client| client.nick().to_owned());
    one_line(chat, numeric::RPL_ISON, found.collect());
}

/// Answers with the words that fit one line, the only one that such a question gets.
fn one_line(chat: &mut Chat<'_>, numeric: Numeric, words: Vec<String>) {
    let mut first = None;
    each_line(words.into_iter(), chat.replies.text_space(numeric, &[]), |line| {
        first.get_or_insert_with(|| line.to_owned());
    });
    chat.reply_text(numeric, &[], &first.unwrap_or_default());
}

pub fn lusers(chat: &mut Chat<'_>, _: &Message<'_>) {
    let Counts { users, invisible, most, unknown } = chat.registry.counts();
    let rooms = chat.registry.room_count();
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
        let space = chat.replies.text_space(numeric::RPL_MOTD, &[]) - "- ".len();
        if line.is_empty() {
            chat.reply_text(numeric::RPL_MOTD, &[], "- ");
        }
        for piece in split_to_fit(line, space) {
            chat.reply_text(numeric::RPL_MOTD, &[], &format!("- {piece}"));
        }
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
        Some(server) if !chat.server.is_called(server) => {
            chat.reply(numeric::ERR_NOSUCHSERVER, &[server]);
            false
        }
        _ => true,
    }
}
