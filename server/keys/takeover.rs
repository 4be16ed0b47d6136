//! The same key is the same person: how a name goes from one client to another with the same key.
//!
//! A connection can die without a word, when a computer is suspended or changes networks. So a client that has the
//! wanted name is asked with a `PING` whether it is still there, and replaced if it does not answer. If it does, both
//! are alive, and only the verb REGAIN replaces it.
//!
//! Runs in the newcomer's thread, under the registry's lock, which is free while it waits. What waits for a client is
//! kept with it, in the registry.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Instant;

use wire::numeric::{ASKING, HELD, REPLACED, TOO_OFTEN};

use super::limits;
use crate::core::client::Client;
use crate::core::context::CommandContext;
use crate::core::event::{ClientId, Event};

/// The beginning of the tokens of its `PING`s.
const TOKEN: &str = "key-";
/// In the place of a question's number: no answer is waited for, but the end of the client.
const END: u64 = 0;

/// Kept with each client that this is about.
#[derive(Default)]
struct Session {
    /// The threads of newcomers, each with the number of its question. They see that the client was removed when this is
    /// dropped.
    waiting: Vec<(u64, Sender<()>)>,
    /// How often the name has gone from one client to the next, and since when.
    takeovers: (u32, Option<Instant>),
}

fn session(client: &mut Client) -> &mut Session {
    client.wings.get_or_default()
}

/// What is known of a client after a question.
enum State {
    Answered,
    Silent,
    /// It has not answered, but the server itself has kept its lines waiting.
    Busy,
    /// It was removed, or has another name.
    Gone,
}

/// Asks and replaces clients.
#[derive(Default)]
pub struct Takeover {
    /// The number of the last question.
    asked: AtomicU64,
}

impl Takeover {
    /// Makes way for the client if another one with its key has the name and does not answer. An error is the text of 433.
    pub fn make_way(&self, ctx: &mut CommandContext<'_>, name: &str) -> Result<(), &'static str> {
        for _ in 0..limits::QUESTIONS {
            let Some(holder) = other_client(ctx, name) else { return Ok(()) };
            match self.ask(ctx, holder, name) {
                State::Answered => return Err(HELD),
                State::Silent => replace(ctx, holder, HELD)?,
                State::Busy | State::Gone => {}
            }
        }
        if other_client(ctx, name).is_some() { Err(HELD) } else { Ok(()) }
    }

    fn ask(&self, ctx: &mut CommandContext<'_>, holder: ClientId, name: &str) -> State {
        let number = END + 1 + self.asked.fetch_add(1, Ordering::Relaxed);
        let asked_at = Instant::now();
        let (sender, answer) = mpsc::channel();
        let Some(client) = ctx.registry.client_mut(holder) else { return State::Gone };
        session(client).waiting.push((number, sender));
        let lines = format!("PING :{TOKEN}{number}\r\n").into_bytes();
        ctx.server.send(Event::Reply { client: holder, lines });
        let mut answered = ctx.without_lock(|_| answer.recv_timeout(limits::EXPLAIN));
        if answered == Err(RecvTimeoutError::Timeout) {
            ctx.replies.notice(ASKING);
            answered = ctx.without_lock(|_| answer.recv_timeout(limits::STILL_THERE.saturating_sub(limits::EXPLAIN)));
        }
        if answered.is_ok() {
            return State::Answered;
        }
        let Some(client) = ctx.registry.client_mut(holder) else { return State::Gone };
        session(client).waiting.retain(|(other, _)| *other != number);
        let state = if client.busy.since(asked_at) { State::Busy } else { State::Silent };
        if other_client(ctx, name) == Some(holder) { state } else { State::Gone }
    }
}

/// The client gives the name to another one with its key that does not ask it; an error is the text of 433.
pub fn regain(ctx: &mut CommandContext<'_>, name: &str) -> Result<(), &'static str> {
    other_client(ctx, name).map_or(Ok(()), |holder| replace(ctx, holder, TOO_OFTEN))
}

/// Another client that has the name, and the same key as this one.
fn other_client(ctx: &CommandContext<'_>, name: &str) -> Option<ClientId> {
    let (me, holder) = (ctx.me(), ctx.registry.holder(name)?);
    (me.key.is_some() && me.key == holder.key && me.id != holder.id).then_some(holder.id)
}

/// Ends the connection of a client, and waits until its own thread has removed it. An error is the text of 433: this one
/// if its name has gone from client to client too often.
fn replace(ctx: &mut CommandContext<'_>, holder: ClientId, too_often: &'static str) -> Result<(), &'static str> {
    let (sender, end) = mpsc::channel();
    let Some(client) = ctx.registry.client_mut(holder) else { return Ok(()) };
    let now = Instant::now();
    let (count, since) = match session(client).takeovers {
        (count, Some(since)) if now - since < limits::TAKEOVER_PERIOD => (count, since),
        _ => (0, now),
    };
    if count >= limits::TAKEOVERS {
        return Err(too_often);
    }
    session(client).waiting.push((END, sender));
    let wings = ctx.wings;
    wings.list.iter().for_each(|wing| wing.replaces(ctx, holder));
    ctx.disconnect(holder, REPLACED);
    let ended = ctx.without_lock(|_| end.recv_timeout(limits::GONE));
    session(ctx.me_mut()).takeovers = (count + 1, Some(since));
    if ended == Err(RecvTimeoutError::Disconnected) { Ok(()) } else { Err(HELD) }
}

/// The client answers a `PING`, perhaps one by which somebody asks whether it is still there.
pub fn acknowledged(ctx: &mut CommandContext<'_>, token: &str) {
    let Some(number) = token.strip_prefix(TOKEN).and_then(|number| number.parse().ok()) else { return };
    let waiting = &mut session(ctx.me_mut()).waiting;
    let Some(at) = waiting.iter().position(|(other, _)| *other == number && *other != END) else { return };
    // Should nobody wait for it any more, it is of no use.
    let _ = waiting.swap_remove(at).1.send(());
    // The server wanted this line.
    ctx.flood_exempt = true;
}
