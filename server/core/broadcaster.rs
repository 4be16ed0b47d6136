//! The broadcaster: drains the global buffer and writes every client's socket.
//!
//! Runs as one thread, `broadcaster`, which owns all outboxes and takes no lock but the sockets' own.
//! Every line for a client comes through it, so all members of a room see the same order.

use std::collections::VecDeque;
use std::iter;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::event::{ClientId, Event, Recipients};
use super::limits;
use super::outbox::{Outbox, Status};

/// Drains all that is queued, appends each line to its recipients' outboxes, then flushes every dirty outbox once:
/// under load one `write` carries many lines. Ends with [`Event::Shutdown`], or when no sender is left.
pub fn broadcaster_loop(events: &Receiver<Event>) {
    let mut outboxes = Outboxes::default();
    while let Some(event) = outboxes.next_event(events) {
        outboxes.coalesce();
        let more = || events.try_recv().ok();
        for event in iter::once(event).chain(iter::from_fn(more)).take(limits::GLOBAL_BUFFER) {
            if outboxes.handle(event).is_break() {
                return;
            }
            if outboxes.appended > limits::BATCH {
                break;
            }
        }
        outboxes.flush_dirty();
    }
}

/// All outboxes, found by the slot of their client.
#[derive(Default)]
struct Outboxes {
    slots: Vec<Option<Outbox>>,
    /// Those that this batch appended to.
    dirty: Vec<ClientId>,
    /// Those whose socket was full.
    blocked: Vec<ClientId>,
    /// Of clients that have left, with bytes that their socket did not take yet.
    closing: Vec<Outbox>,
    /// Those with lines that wait for their time, and that time; the earliest first, since all wait equally long.
    later: VecDeque<(Instant, ClientId)>,
    /// Bytes that this batch has appended.
    appended: usize,
    /// How long flushing the last batch took.
    last_flush: Duration,
    /// When the full sockets are tried next; at once, if `None`.
    retry_at: Option<Instant>,
    /// When memory that outboxes keep between two batches is freed; `None` when none keeps any.
    shrink_at: Option<Instant>,
}

impl Outboxes {
    /// Waits for the next event, and meanwhile retries full sockets, sends what waited for its time and frees memory when
    /// it is time to. `None` when no sender is left.
    fn next_event(&mut self, events: &Receiver<Event>) -> Option<Event> {
        loop {
            let now = Instant::now();
            if self.retry_at.is_none_or(|at| at <= now) {
                self.retry_blocked(now);
            }
            let due = |later: &VecDeque<(Instant, ClientId)>| later.front().map(|(at, _)| *at);
            if due(&self.later).is_some_and(|at| at <= now) {
                self.send_due(now);
            }
            if self.shrink_at.is_some_and(|at| at <= now) {
                self.shrink();
            }
            let is_stuck = !self.blocked.is_empty() || !self.closing.is_empty();
            let retry = is_stuck.then(|| now + limits::OUTBOX_RETRY);
            let Some(next) = [retry, due(&self.later), self.shrink_at].into_iter().flatten().min() else {
                return events.recv().ok();
            };
            match events.recv_timeout(next.saturating_duration_since(now)) {
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Gives clients that are about to send a moment to do so: one write then carries their lines, too. The pause is a
    /// share of the time that the last batch took, so a small room hardly waits.
    fn coalesce(&self) {
        let pause = (self.last_flush / limits::COALESCE_SHARE).min(limits::COALESCE_MOST);
        if pause < limits::COALESCE_LEAST {
            thread::yield_now();
        } else {
            thread::sleep(pause);
        }
    }

    /// Handles one event; breaks after the last one.
    fn handle(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Connected { client, socket, cut } => self.insert(Outbox::new(client, socket, cut)),
            Event::Capabilities { client, caps } => {
                if let Some(outbox) = find(&mut self.slots, client) {
                    outbox.caps = caps;
                }
            }
            Event::Detached { client } => {
                if let Some(outbox) = find(&mut self.slots, client) {
                    outbox.detach();
                }
            }
            Event::Reply { client, lines } => self.append(client, |outbox| outbox.append_bytes(&lines)),
            Event::ReplyLater { client, lines, at } => self.put_off(client, lines, at),
            Event::Line { to, line, .. } => {
                for client in members(&to) {
                    self.append(client, |outbox| outbox.append(&line));
                    // A message of many rows to a large room is more than a batch by itself.
                    if self.appended > limits::BATCH {
                        self.flush_dirty();
                    }
                }
            }
            Event::Disconnect { client, reason } => {
                if let Some(outbox) = find(&mut self.slots, client) {
                    // Behind half a record of TLS nothing else can be sent.
                    if outbox.flush() == Status::Flushed {
                        outbox.finish_because(reason);
                    }
                    outbox.disconnect(reason);
                }
            }
            Event::Reached { .. } => {}
            Event::Disconnected { client } => self.remove(client),
            Event::Shutdown { farewell } => {
                self.shut_down(&farewell);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Appends to one outbox, and lists it for the flush.
    fn append(&mut self, client: ClientId, append: impl FnOnce(&mut Outbox)) {
        let Some(outbox) = find(&mut self.slots, client).filter(|outbox| !outbox.takes_nothing()) else { return };
        let before = outbox.len();
        append(outbox);
        self.appended += outbox.len() - before;
        if outbox.mark_dirty() {
            self.dirty.push(client);
        }
    }

    /// Keeps lines for their time, or sends them if that has come.
    fn put_off(&mut self, client: ClientId, lines: Vec<u8>, at: Instant) {
        let Some(outbox) = find(&mut self.slots, client) else { return };
        let before = outbox.later.take();
        if at <= Instant::now() {
            return self.append(client, |outbox| outbox.append_bytes(&lines));
        }
        outbox.later = Some((at, lines));
        if before.is_none_or(|(before, _)| before != at) {
            self.later.push_back((at, client));
        }
    }

    /// Sends the lines whose time has come.
    fn send_due(&mut self, now: Instant) {
        while let Some(&(at, client)) = self.later.front()
            && at <= now
        {
            self.later.pop_front();
            let outbox = find(&mut self.slots, client);
            if let Some((_, lines)) = outbox.and_then(|outbox| outbox.later.take_if(|(time, _)| *time == at)) {
                self.append(client, |outbox| outbox.append_bytes(&lines));
            }
        }
        self.flush_dirty();
    }

    fn flush_dirty(&mut self) {
        let start = Instant::now();
        self.appended = 0;
        for client in self.dirty.drain(..) {
            let Some(outbox) = find(&mut self.slots, client) else { continue };
            if let Status::Blocked(_) = outbox.flush() {
                self.blocked.push(client);
            }
        }
        self.last_flush = start.elapsed();
        self.shrink_at.get_or_insert(start + limits::OUTBOX_RETAINED);
    }

    /// Retries the sockets that were full. They are not tried with every batch, so that a client that does not read
    /// costs the others nothing.
    fn retry_blocked(&mut self, now: Instant) {
        self.retry_at = Some(now + limits::OUTBOX_RETRY);
        let (slots, before) = (&mut self.slots, self.blocked.len());
        self.blocked
            .retain(|&client| find(slots, client).is_some_and(|outbox| matches!(outbox.flush(), Status::Blocked(_))));
        if self.blocked.len() < before {
            self.shrink_at.get_or_insert(now + limits::OUTBOX_RETAINED);
        }
        self.closing.retain_mut(|outbox| {
            let status = outbox.flush();
            if status == Status::Flushed {
                outbox.finish();
            }
            matches!(status, Status::Closing(_))
        });
    }

    /// Frees the memory of all outboxes that are empty just now.
    fn shrink(&mut self) {
        self.shrink_at = None;
        self.slots.iter_mut().flatten().for_each(Outbox::shrink);
    }

    fn insert(&mut self, outbox: Outbox) {
        let slot = outbox.client.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        self.slots[slot] = Some(outbox);
    }

    fn remove(&mut self, client: ClientId) {
        let slot = self.slots.get_mut(client.slot as usize);
        let Some(mut outbox) = slot.and_then(|slot| slot.take_if(|outbox| outbox.client == client)) else { return };
        match outbox.close() {
            Status::Closing(_) => self.closing.push(outbox),
            Status::Closed => {}
            _ => outbox.finish(),
        }
    }

    /// Gets the last line to every client that reads, within a limited time, and ends all connections.
    fn shut_down(&mut self, farewell: &str) {
        const REASON: &str = "Server is shutting down";
        let deadline = Instant::now() + limits::SHUTDOWN_FLUSH;
        let mut all: Vec<Outbox> = self.slots.drain(..).flatten().collect();
        for outbox in &mut all {
            if outbox.takes_nothing() {
                // Lines have no place on a detached connection.
                outbox.disconnect(REASON);
            } else {
                outbox.append_bytes(farewell.as_bytes());
            }
        }
        all.append(&mut self.closing);
        let mut unfinished: Vec<&mut Outbox> = all.iter_mut().collect();
        while !unfinished.is_empty() && Instant::now() < deadline {
            unfinished.retain_mut(|outbox| {
                let status = outbox.flush();
                if status == Status::Flushed {
                    outbox.finish_because(REASON);
                }
                matches!(status, Status::Blocked(_) | Status::Closing(_))
            });
            if !unfinished.is_empty() {
                thread::sleep(limits::OUTBOX_RETRY);
            }
        }
        // The last line has to arrive before the connection closes under a client that is still writing.
        thread::sleep(limits::SHUTDOWN_PAUSE);
        for outbox in &mut all {
            outbox.disconnect(REASON);
        }
    }
}

fn members(to: &Recipients) -> impl Iterator<Item = ClientId> {
    to.clients.iter().copied().filter(|&client| Some(client) != to.except)
}

/// The outbox of `client`, unless it has left. A function of the slots alone, so that the lists beside them can be
/// changed while it is borrowed.
fn find(slots: &mut [Option<Outbox>], client: ClientId) -> Option<&mut Outbox> {
    slots.get_mut(client.slot as usize)?.as_mut().filter(|outbox| outbox.client == client)
}
