//! Housekeeping: messages that nobody has fetched expire, the file of the names is written anew, and the empty
//! folders of idle names are removed.
//!
//! Run by the main thread after the start and then every few minutes, without the registry's lock. It looks at a few
//! mailboxes at a time, so that no client waits for it.

use std::io;

use wire::text::pluralize;
use wire::time::DAY;

use super::limits;
use super::message::StoredMessage;
use super::store::Mail;
use crate::core::server::Server;

pub fn run(mail: &Mail, server: &Server) {
    expire(mail, server);
    if mail.index().names_are_due()
        && let Err(error) = write_names(mail)
    {
        server.log.line(format_args!("The file of the known names cannot be written: {error}"));
    }
    let abandoned = mail.index().take_abandoned();
    abandoned.iter().for_each(|name| mail.maildir.forget(name));
}

/// Writes the file of the names anew. Any thread without a lock may call it.
pub fn write_names(mail: &Mail) -> io::Result<()> {
    mail.maildir.write_names(|| remembered(mail))?;
    mail.index().names_are_written();
    Ok(())
}

/// Removes expired messages, and says so: a line for each mailbox, unless there are many.
fn expire(mail: &Mail, server: &Server) {
    let now = mail.clock.now();
    let limit = pluralize(mail.options.mail_days, "day");
    let expired = take_expired(mail, now.saturating_sub(u64::from(mail.options.mail_days) * DAY));
    let (mut more, mut failed) = (0, None);
    for (number, (name, messages)) in expired.iter().enumerate() {
        let removed = messages.iter().map(|message| mail.maildir.remove(name, message));
        failed = removed.filter_map(Result::err).last().or(failed);
        if number < limits::EXPIRED_LINES {
            let oldest = messages.iter().map(|message| message.time).min().unwrap_or(now);
            let (count, days) =
                (pluralize(messages.len(), "message"), pluralize(now.saturating_sub(oldest) / DAY, "day"));
            server.log.line(format_args!("Expired after {limit}: {count} to {name}, the oldest of {days}"));
        } else {
            more += messages.len();
        }
    }
    if more > 0 {
        let (more, names) = (pluralize(more, "message"), expired.len() - limits::EXPIRED_LINES);
        server.log.line(format_args!("Expired after {limit}: {more} to {}", pluralize(names, "other name")));
    }
    if let Some(error) = failed {
        server
            .log
            .line(format_args!("Expired messages come again at the next start, since they cannot be removed: {error}"));
    }
}

/// Takes messages that were stored by that time out of the index: each mailbox once, and not all messages if there are
/// very many.
fn take_expired(mail: &Mail, time: u64) -> Vec<(String, Vec<StoredMessage>)> {
    let (mut all, mut count, mut after) = (Vec::<(String, Vec<StoredMessage>)>::new(), 0, Some(String::new()));
    while let Some(name) = after.filter(|_| count < limits::EXPIRED_AT_ONCE) {
        let (expired, next) = mail.index().expire(&name, time);
        after = next;
        for (name, messages) in expired {
            count += messages.len();
            match all.last_mut().filter(|(last, _)| *last == name) {
                Some((_, before)) => before.extend(messages),
                None => all.push((name, messages)),
            }
        }
    }
    all
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
