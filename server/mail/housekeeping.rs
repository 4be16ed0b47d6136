//! Housekeeping: messages that nobody has fetched expire, the file of the names is written anew, and the empty folders of
//! idle names are removed.
//!
//! Run by the main thread after the start and then every few minutes, without the registry's lock. It looks at a few
//! mailboxes at a time, so that no client waits for it.

use std::io;

use wire::text::pluralize;

use super::limits;
use super::message::StoredMessage;
use super::store::Mail;
use crate::core::server::Server;

const DAY: u64 = 24 * 60 * 60;

pub fn run(mail: &Mail, server: &Server) {
    expire(mail, server);
    if mail.index().names_are_due() {
        match mail.maildir.write_names(|| remembered(mail)) {
            Ok(()) => mail.index().names_are_written(),
            Err(error) => server.log.line(format_args!("The file of the known names cannot be written: {error}")),
        }
    }
    let abandoned = mail.index().take_abandoned();
    abandoned.iter().for_each(|name| mail.maildir.forget(name));
}

/// Removes expired messages. A client that a message is being delivered to can still acknowledge it.
fn expire(mail: &Mail, server: &Server) {
    let now = mail.clock.now();
    let limit = now.saturating_sub(u64::from(mail.options.mail_days) * DAY);
    let (mut after, mut left, mut mailboxes) = (String::new(), limits::EXPIRED_AT_ONCE, 0);
    while left > 0 {
        let (expired, next) = mail.index().expire(&after, limit, left);
        for (name, messages) in expired {
            left = left.saturating_sub(messages.len());
            mailboxes += 1;
            let failed = messages.iter().filter_map(|message| mail.maildir.remove(&name, message).err()).last();
            if mailboxes <= limits::EXPIRED_LINES {
                report(mail, server, &name, &messages, now, failed);
            }
        }
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    if mailboxes > limits::EXPIRED_LINES {
        let (more, all) = (mailboxes - limits::EXPIRED_LINES, limits::EXPIRED_AT_ONCE - left);
        let more = format!("and messages in {more} other mailboxes, {} in all", pluralize(all, "message"));
        let limit = pluralize(mail.options.mail_days, "day");
        server.log.line(format_args!("Expired after {limit}: {more}"));
    }
}

fn report(mail: &Mail, server: &Server, name: &str, messages: &[StoredMessage], now: u64, failed: Option<io::Error>) {
    let oldest = messages.iter().map(|message| message.time).min().unwrap_or(now);
    let (count, days) = (pluralize(messages.len(), "message"), pluralize(now.saturating_sub(oldest) / DAY, "day"));
    let limit = pluralize(mail.options.mail_days, "day");
    let failed = failed.map_or_else(String::new, |error| format!("; not all can be removed: {error}"));
    server.log.line(format_args!("Expired after {limit}: {count} to {name}, the oldest of {days}{failed}"));
}

/// The names to remember, those that were not used for the longest time first.
fn remembered(mail: &Mail) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let (names, next) = mail.index().remembered(&after);
        all.extend(names);
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    all.sort_unstable();
    all.into_iter().map(|(_, name)| name).collect()
}
