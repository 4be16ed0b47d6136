//! What all threads of the server share: the options, the registry behind its lock, the sending end of the global buffer.
//!
//! A thread that changes the registry puts the events that follow from it into the global buffer before it lets go of
//! the lock, so the order of the events is the order of the changes. The broadcaster, which empties the buffer, never
//! takes the lock.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use wire::mask::wildcard_match;
use wire::os;

use super::admission::{Descriptors, DiskGate};
use super::event::{ClientId, Event, Line, Queued, Recipients};
use super::log::Log;
use super::msgid::Msgid;
use super::options::Options;
use super::registry::Registry;

/// The version that 002, 004 and VERSION tell.
pub const VERSION: &str = concat!("groupchat-", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Server {
    pub options: Options,
    pub started_at: SystemTime,
    pub descriptors: Descriptors,
    pub disk: DiskGate,
    /// Counts the sockets that are open, see [`Self::sockets`].
    pub open_sockets: Arc<()>,
    pub log: Log,
    /// The sending end of the global buffer.
    events: SyncSender<Event>,
    /// Set once, when the server ends: the accept loops look at it.
    pub stopping: AtomicBool,
    registry: Mutex<Registry>,
    /// Whoever has it may work on a long command. It is taken before the registry's lock.
    turn: Mutex<()>,
    queued: Arc<AtomicUsize>,
    /// The number of this run: half of a message's id.
    run: AtomicU64,
    /// Messages so far: the other half.
    messages: AtomicU64,
}

impl Server {
    pub fn new(mut options: Options, log: Log, events: SyncSender<Event>) -> Self {
        let started_at = SystemTime::now();
        let (stopping, registry, turn) = (AtomicBool::new(false), Mutex::default(), Mutex::default());
        let (run, messages) = (AtomicU64::new(Msgid::run_at(started_at)), AtomicU64::new(0));
        // Its device needs a descriptor, which there may not be later.
        let _ = os::random::<1>();
        let descriptors = Descriptors::divide(os::free_descriptors());
        let disk = DiskGate::new(descriptors);
        if let Some(most) = os::free_threads() {
            options.max_clients = options.max_clients.min(most.saturating_sub(descriptors.transfers()));
        }
        let (open_sockets, queued) = Default::default();
        Server {
            options,
            started_at,
            descriptors,
            disk,
            open_sockets,
            log,
            events,
            stopping,
            registry,
            turn,
            queued,
            run,
            messages,
        }
    }

    /// The sockets that are open, also those of clients that have left and still get, or send, their last bytes.
    pub fn sockets(&self) -> usize {
        Arc::strong_count(&self.open_sockets) - 1
    }

    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Puts an event into the global buffer. It waits while that is full: this slows a flooder down.
    pub fn send(&self, event: Event) {
        // The broadcaster ends only with the server.
        let _ = self.events.send(event);
    }

    /// Hands one line to several clients; the bytes that this is in all.
    pub fn send_line(&self, to: Recipients, line: Line) -> usize {
        let bytes = line.len_with_tags() * to.clients.len();
        self.send(Event::Line { to, line, _queued: self.queue_bytes(bytes) });
        bytes
    }

    /// Ends the connection of a client, whose thread then takes it out. Others see the reason as that of its QUIT.
    pub fn disconnect(&self, client: ClientId, reason: &'static str) {
        let lines = format!("ERROR :Closing connection: {reason}\r\n").into_bytes();
        self.send(Event::Reply { client, lines });
        self.send(Event::Disconnect { client, reason });
    }

    /// Bytes that the broadcaster has yet to copy for all recipients of the lines in the global buffer.
    pub fn queued_bytes(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Notes bytes that the broadcaster will have to copy for a line, until the result is dropped.
    pub fn queue_bytes(&self, bytes: usize) -> Queued {
        self.queued.fetch_add(bytes, Ordering::Relaxed);
        Queued { all: Arc::clone(&self.queued), bytes }
    }

    /// Waits until the broadcaster has come to what is in the global buffer now. A long answer does so after each piece, so
    /// that no more than that stands before the lines of others.
    pub fn wait_for_broadcaster(&self) {
        let (waiting, reached) = mpsc::channel();
        self.send(Event::Reached { _waiting: waiting });
        // Nothing is ever sent: the wait ends when the broadcaster drops the event.
        let _ = reached.recv();
    }

    /// Whether a parameter names this server.
    pub fn is_called(&self, name: &str) -> bool {
        wildcard_match(name, self.name())
    }

    /// Locks the registry. A thread that panicked while it held the lock must not take everyone else down with it; its
    /// own client is removed all the same.
    pub fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of a long command. Nobody does so while holding the registry.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers this run, before the first message: higher than every run before.
    pub fn set_run(&self, run: u64) {
        self.run.store(run, Ordering::Relaxed);
    }

    /// An id that no other message has, of this run or of another.
    pub fn next_msgid(&self) -> Msgid {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        Msgid { run: self.run.load(Ordering::Relaxed), number }
    }
}
