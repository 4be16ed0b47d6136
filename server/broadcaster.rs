//! The broadcaster: drains the global buffer and writes every client's socket.
//!
//! Runs as one thread, `broadcaster`, which owns all outboxes and takes no lock but the sockets' own.
//! Because everything that a client sees comes through here, all members of a room see the same order.

use std::iter;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wire::limits;

use crate::event::{ClientId, Event, Line, Recipients};
use crate::outbox::{Outbox, State};

/// Drains all that is queued, appends each line to its recipients' outboxes, then writes every
/// touched socket once: under load one `write` carries many lines. Ends with [`Event::Shutdown`]
/// or when nobody is left who could send.
pub fn broadcaster_loop(events: &Receiver<Event>) {
    let mut outboxes = Outboxes::new();
    while let Some(event) = outboxes.next_event(events) {
        outboxes.gather();
        let more = || events.try_recv().ok();
        for event in iter::once(event).chain(iter::from_fn(more)).take(limits::GLOBAL_BUFFER) {
            if outboxes.handle(event).is_break() {
                return;
            }
            if outboxes.appended > limits::BATCH {
                break;
            }
        }
        outboxes.write_touched();
    }
}

/// All outboxes, found by the slot of their client.
struct Outboxes {
    slots: Vec<Option<Outbox>>,
    /// Those that this batch appended to.
    touched: Vec<ClientId>,
    /// Those that keep the memory of their last batch.
    warm: Vec<ClientId>,
    /// Those whose socket was full.
    waiting: Vec<ClientId>,
    /// Clients that have left, with bytes that their socket did not take yet.
    closing: Vec<Outbox>,
    /// Bytes that this batch has appended.
    appended: usize,
    /// How long it took to write the last batch.
    last_sweep: Duration,
    /// When the full sockets are tried next.
    retry_at: Instant,
    /// When the warm ones give their memory back.
    cool_at: Instant,
}

impl Outboxes {
    fn new() -> Self {
        let (slots, touched, warm, waiting, closing) = Default::default();
        let now = Instant::now();
        let (appended, last_sweep) = (0, Duration::ZERO);
        Outboxes { slots, touched, warm, waiting, closing, appended, last_sweep, retry_at: now, cool_at: now }
    }

    /// Waits for the next event, and meanwhile does what is due: tries full sockets again, gives
    /// memory back. `None` when no sender is left.
    fn next_event(&mut self, events: &Receiver<Event>) -> Option<Event> {
        loop {
            let now = Instant::now();
            if self.retry_at <= now {
                self.retry_waiting();
            }
            if self.cool_at <= now {
                self.cool_down();
            }
            let pause = if !self.waiting.is_empty() || !self.closing.is_empty() {
                limits::OUTBOX_RETRY
            } else if !self.warm.is_empty() {
                limits::OUTBOX_WARM
            } else {
                return events.recv().ok();
            };
            match events.recv_timeout(pause) {
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Lets clients that are about to send do so first: then one write carries their lines, too. In a
    /// large room it pays to wait for them a little; in a small one nobody waits.
    fn gather(&self) {
        let pause = (self.last_sweep / limits::GATHER_SHARE).min(limits::GATHER_MOST);
        if pause < limits::GATHER_LEAST {
            thread::yield_now();
        } else {
            thread::sleep(pause);
        }
    }

    /// Does what the event says; breaks when it was the last one.
    fn handle(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Connected { client, socket, cut } => self.insert(Outbox::new(client, socket, cut)),
            Event::Capabilities { client, caps } => {
                if let Some(outbox) = find(&mut self.slots, client) {
                    outbox.caps = caps;
                }
            }
            Event::Raw { client } => {
                if let Some(outbox) = find(&mut self.slots, client) {
                    outbox.raw = true;
                }
            }
            Event::Reply { client, lines } => self.append(client, |outbox| outbox.bytes().extend_from_slice(&lines)),
            Event::Line { to, line } => self.fan_out(&to, &line),
            Event::Disconnected { client } => self.remove(client),
            Event::Shutdown { farewell } => {
                self.shut_down(&farewell);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn fan_out(&mut self, to: &Recipients, line: &Line) {
        for &client in to.clients.iter().filter(|&&client| Some(client) != to.except) {
            self.append(client, |outbox| {
                let caps = outbox.caps;
                line.append(outbox.bytes(), caps);
            });
        }
    }

    /// Appends to one outbox, and remembers to write it.
    fn append(&mut self, client: ClientId, write: impl FnOnce(&mut Outbox)) {
        let Some(outbox) = find(&mut self.slots, client) else { return };
        if outbox.is_cut() || outbox.raw {
            return;
        }
        let before = outbox.bytes().len();
        write(outbox);
        self.appended += outbox.bytes().len() - before;
        if outbox.waiting {
            if outbox.is_overfull() {
                outbox.cut_off("Reads too slowly: too much is waiting");
            }
        } else if !outbox.touched {
            outbox.touched = true;
            self.touched.push(client);
        }
    }

    fn write_touched(&mut self) {
        let start = Instant::now();
        self.appended = 0;
        for client in self.touched.drain(..) {
            let Some(outbox) = find(&mut self.slots, client) else { continue };
            outbox.touched = false;
            match outbox.write() {
                State::Drained => self.warm.extend(outbox.becomes_warm()),
                State::Waiting => {
                    outbox.start_waiting();
                    self.waiting.push(client);
                }
                State::Cut => {}
            }
        }
        self.last_sweep = start.elapsed();
    }

    /// Tries the sockets that were full. They are not tried with every batch, so that a client that
    /// does not read costs the others nothing.
    fn retry_waiting(&mut self) {
        self.retry_at = Instant::now() + limits::OUTBOX_RETRY;
        let (slots, warm) = (&mut self.slots, &mut self.warm);
        self.waiting.retain(|&client| {
            let Some(outbox) = find(slots, client) else { return false };
            let state = outbox.write();
            if state == State::Drained {
                warm.extend(outbox.becomes_warm());
            }
            outbox.waiting = state == State::Waiting;
            outbox.waiting
        });
        self.closing.retain_mut(|outbox| {
            let state = outbox.write();
            if state == State::Drained {
                outbox.finish();
            }
            state == State::Waiting
        });
    }

    fn cool_down(&mut self) {
        self.cool_at = Instant::now() + limits::OUTBOX_WARM;
        for client in self.warm.drain(..) {
            if let Some(outbox) = find(&mut self.slots, client) {
                outbox.cool_down();
            }
        }
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
            State::Drained => outbox.finish(),
            State::Waiting => self.closing.push(outbox),
            State::Cut => {}
        }
    }

    /// Gets the last line to everyone who reads, within a stated time, and ends all connections.
    fn shut_down(&mut self, farewell: &str) {
        const REASON: &str = "Server is shutting down";
        let deadline = Instant::now() + limits::SHUTDOWN_FLUSH;
        let mut all: Vec<Outbox> = self.slots.drain(..).flatten().collect();
        for outbox in &mut all {
            if outbox.raw {
                // A file has no room for a last line. Its transfer is resumed another time.
                outbox.cut_off(REASON);
            } else {
                outbox.bytes().extend_from_slice(farewell.as_bytes());
            }
        }
        all.append(&mut self.closing);
        let mut unfinished: Vec<&mut Outbox> = all.iter_mut().collect();
        while !unfinished.is_empty() && Instant::now() < deadline {
            unfinished.retain_mut(|outbox| {
                let state = outbox.write();
                if state == State::Drained {
                    outbox.finish_because(REASON);
                }
                state == State::Waiting
            });
            if !unfinished.is_empty() {
                thread::sleep(limits::OUTBOX_RETRY);
            }
        }
        // A connection is not closed under a client that is still writing before the line has arrived.
        thread::sleep(limits::SHUTDOWN_PAUSE);
        for outbox in &mut all {
            outbox.cut_off(REASON);
        }
    }
}

/// The outbox of `client`, unless it has left. A function of the slots alone, so that the lists
/// beside them can be changed while it is borrowed.
fn find(slots: &mut [Option<Outbox>], client: ClientId) -> Option<&mut Outbox> {
    slots.get_mut(client.slot as usize)?.as_mut().filter(|outbox| outbox.client == client)
}
