//! The way of a message to one person: stored, delivered, acknowledged, removed.
//!
//! Runs in client threads. The sender's thread stores a message and delivers it if the recipient is connected. The
//! recipient's thread delivers messages that have waited, and removes those that are acknowledged. Each lets go of the
//! registry's lock while it waits for the disk, so that only its own client waits.

use std::time::Instant;

use wire::ack_queue::AckQueue;
use wire::limits::MAILBOX;
use wire::names::casefold;
use wire::text::pluralize;
use wire::time::iso8601;

use super::limits;
use super::maildir::Missing;
use super::store::{Mail, Stored};
use super::stored;
use crate::core::client::Client;
use crate::core::context::{CommandContext, PrivateMessage};
use crate::core::event::{Caps, ClientId, Event, Line, Recipients};
use crate::core::limits::LAST_ANSWER;
use crate::core::party::Party;

/// The tag of messages that have waited, and the capability of clients that show by themselves when these were written.
pub const WAITED: &str = "groupchat.local/waited";
pub const SHOWS_TIME: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 4);

/// Messages that are delivered to a client and not acknowledged; kept with the client.
struct InFlight {
    /// The tokens of its `PING`s begin with `mail-`.
    queue: AckQueue<Stored>,
    /// When the last `PING` is sent; until then another one may take its place.
    ping_at: Option<Instant>,
    /// The next `PING` does not wait: it is for a backlog, or others need the room, or the messages are many.
    urgent: bool,
    /// The client is leaving: it only acknowledges what it has got.
    leaving: bool,
}

impl Default for InFlight {
    fn default() -> Self {
        InFlight { queue: AckQueue::new("mail"), ping_at: None, urgent: false, leaving: false }
    }
}

fn in_flight(client: &mut Client) -> &mut InFlight {
    client.wings.get_or_default()
}

/// Sends a message to a name, which must be known or connected; the party answers for it. An error is the reason why it
/// was not sent, and then it never arrives.
///
/// The lock is free meanwhile: a recipient that was connected may have left, and one that was absent may have arrived.
pub fn send(
    mail: &Mail,
    ctx: &mut CommandContext<'_>,
    message: PrivateMessage,
    party: Option<Party>,
) -> Result<(), String> {
    let PrivateMessage { to, id, line, echo } = message;
    let name = casefold(&to);
    let bytes = stored::to_file(&line);
    let message = mail.reserve(ctx, &name, id, &bytes, party)?;
    let passing = message.passing;
    let stored = ctx.on_disk(|_| mail.maildir.store(&name, &message, &bytes));
    if let Err(error) = stored {
        mail.index().release(&name, &message);
        let line = format_args!("A message to {name} cannot be stored: {error}");
        mail.troubles.not_stored.report(&ctx.server.log, ctx.inputs.instant, line);
        return Err("the server cannot store it now; try again later".into());
    }
    // From here on it will arrive, now or later.
    let is_its_turn = mail.index().add(&name, message);
    let recipient = ctx.registry.by_nick(&name).map(|recipient| recipient.id).filter(|_| is_its_turn);
    if let Some(client) = recipient.and_then(|recipient| ctx.registry.client_mut(recipient)) {
        mail.index().mark_in_flight(&name, id);
        in_flight(client).queue.push((name, id));
    }
    ctx.send_to(Recipients::of(recipient.into_iter().chain(echo)), line);
    if let Some(recipient) = recipient {
        ask(ctx, recipient, passing);
    }
    Ok(())
}

/// The client has a name from now on: the name becomes known, and the client gets the messages that have waited for it.
pub fn arrive(mail: &Mail, ctx: &mut CommandContext<'_>) {
    let name = casefold(ctx.me().nick());
    let is_new = mail.index().register(&name, ctx.me().party, ctx.inputs.instant);
    if is_new && let Err(error) = ctx.on_disk(|_| mail.maildir.register(&name)) {
        let line = format_args!("The name {name} will be forgotten at the end: {error}");
        mail.troubles.disk.report(&ctx.server.log, ctx.inputs.instant, line);
    }
    let pending = mail.index().count_pending(&name);
    if pending > 0 {
        ctx.replies.notice(&format!("{} while you were away", pluralize(pending, "message")));
        deliver_pending(mail, ctx);
    }
}

/// The client answers a `PING`, perhaps one that followed its messages. Some clients put a server's name in front of
/// the token.
pub fn acknowledge(mail: &Mail, ctx: &mut CommandContext<'_>, token: &str) {
    let acknowledged = in_flight(ctx.me_mut()).queue.pong(token);
    if acknowledged.is_empty() {
        return;
    }
    // The server wanted this line; people who write to the client must not use up the lines that it may send.
    ctx.flood_exempt = true;
    let failed = ctx.on_disk(|_| {
        let remove = |(name, id): &Stored| {
            // Another client, which has the name now, may have acknowledged it already.
            let removed = mail.index().remove(name, *id);
            removed.map_or(Ok(()), |message| mail.maildir.remove(name, &message))
        };
        acknowledged.iter().map(remove).filter_map(Result::err).last()
    });
    if let Some(error) = failed {
        let line = format_args!("An acknowledged message may come again, since it cannot be removed: {error}");
        mail.troubles.disk.report(&ctx.server.log, ctx.inputs.instant, line);
    }
    if !in_flight(ctx.me_mut()).leaving {
        deliver_pending(mail, ctx);
    }
}

/// Asks a client that leaves to acknowledge what it has got. False if there is nothing, or if it does not answer anyway.
pub fn ask_last(ctx: &mut CommandContext<'_>) -> bool {
    ask(ctx, ctx.id, true);
    let now = ctx.inputs.instant;
    let InFlight { queue, ping_at, leaving, .. } = in_flight(ctx.me_mut());
    *leaving = true;
    !queue.is_empty() && ping_at.is_some_and(|at| now < at + LAST_ANSWER)
}

/// Delivers messages that wait for the client, up to a limit; the rest follows when these are acknowledged.
fn deliver_pending(mail: &Mail, ctx: &mut CommandContext<'_>) {
    let nick = ctx.me().nick().to_owned();
    // As the messages themselves: by the clock that people see, which may be days ahead of the one for expiry.
    let (name, today) = (casefold(&nick), date(&iso8601(ctx.inputs.now)).to_owned());
    let (mut bytes, mut last) = (0, String::new());
    let mut unreadable = None;
    // A client that changes names to and fro gets messages again and again, and must acknowledge some before there are
    // more.
    while bytes < limits::MAIL_BATCH && in_flight(ctx.me_mut()).queue.len() < MAILBOX {
        let batch = mail.index().pending(&name, limits::READ_AHEAD);
        if batch.is_empty() {
            // Caught up: from here on senders deliver.
            break;
        }
        let read = ctx.on_disk(|_| batch.iter().map(|message| mail.read(&nick, message)).collect::<Vec<_>>());
        for (id, line) in batch.iter().map(|message| message.id).zip(read) {
            // Of long messages those that were read at once are more than fit the outbox.
            if bytes >= limits::MAIL_BATCH {
                break;
            }
            match line {
                // If not, it was acknowledged meanwhile, by a client that had the name before.
                Ok(line) if mail.index().mark_in_flight(&name, id) => {
                    in_flight(ctx.me_mut()).queue.push((name.clone(), id));
                    bytes += line.len_with_tags();
                    deliver_stored(ctx, line, &today, &mut last);
                }
                Ok(_) => {}
                Err(Missing::Damaged(why)) => {
                    mail.index().remove(&name, id);
                    let aside = "it is in the folder damaged of the mailbox now";
                    ctx.server.log.line(format_args!("The message {id} to {name} is damaged ({why}); {aside}"));
                }
                Err(Missing::Unreadable(error)) => {
                    unreadable = unreadable.or(mail.index().defer(&name, id).then_some(error));
                }
            }
        }
    }
    if let Some(error) = unreadable {
        let line =
            format_args!("Messages to {name} cannot be read ({error}); they are tried again when it next arrives");
        mail.troubles.disk.report(&ctx.server.log, ctx.inputs.instant, line);
    }
    ask(ctx, ctx.id, bytes > 0);
}

/// The date of a moment in ISO 8601.
fn date(moment: &str) -> &str {
    moment.split('T').next().unwrap_or_default()
}

/// Delivers one message that has waited. A NOTICE says when it was written, unless the client shows that by itself: most
/// clients with `server-time` show the time of day only. Behind a message of an earlier day, one of today has it, too.
fn deliver_stored(ctx: &mut CommandContext<'_>, mut line: Line, today: &str, last: &mut String) {
    let caps = ctx.me().caps;
    let shows_time =
        caps.has(SHOWS_TIME) || caps.has(Caps::SERVER_TIME) && date(line.time()) == today && last.is_empty();
    if !shows_time {
        let minute = line.time().chars().take("2026-11-25T09:30".len()).collect::<String>().replace('T', " ");
        let when = format!("{minute} UTC, from {}:", line.from());
        if when != *last {
            ctx.replies.notice(&when);
            *last = when;
        }
    }
    line.add_tag(WAITED);
    ctx.send_to(Recipients::of([ctx.id]), line);
}

/// Asks a client to acknowledge the messages that it got, unless it is being asked already: a moment later, or at once if
/// that is urgent.
fn ask(ctx: &mut CommandContext<'_>, client: ClientId, urgent: bool) {
    let now = ctx.inputs.instant;
    let Some(InFlight { queue, ping_at, urgent: overdue, .. }) = ctx.registry.client_mut(client).map(in_flight) else {
        return;
    };
    *overdue = !queue.is_empty() && (*overdue || urgent || queue.len() >= limits::ACK_AT_ONCE);
    let waiting = ping_at.filter(|at| now < *at);
    let Some(ping) = (if waiting.is_some() { queue.ping_instead() } else { queue.ping() }) else { return };
    let lines = format!("{ping}\r\n").into_bytes();
    let at = if std::mem::take(overdue) { now } else { waiting.unwrap_or(now + limits::ACK_PAUSE) };
    *ping_at = Some(at);
    ctx.server.send(Event::ReplyLater { client, lines, at });
}
