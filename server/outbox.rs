//! One client's outbox: the bytes that wait for its socket, and the one place that writes them.
//!
//! Owned by the broadcaster thread alone, so there is no lock but the socket's own: that is shared
//! with the client's thread, which reads it.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::limits;

use crate::event::{Caps, ClientId, CutReason};
use crate::socket::Socket;

/// What a write left behind.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is left.
    Drained,
    /// The socket is full; the rest waits.
    Waiting,
    /// The client is cut off.
    Cut,
}

#[derive(Debug)]
pub struct Outbox {
    pub client: ClientId,
    pub caps: Caps,
    /// A data connection, which only its own thread writes.
    pub raw: bool,
    /// It is in the broadcaster's list of outboxes to write after this batch.
    pub touched: bool,
    /// Its socket was full: it is in the list of those to try again.
    pub waiting: bool,
    /// It keeps the memory of its last batch, and is in the list of those who do.
    warm: bool,
    socket: Arc<Socket>,
    cut: CutReason,
    bytes: Vec<u8>,
    /// So many of `bytes` are written.
    written: usize,
    /// When the socket last took a byte; for a client that has left, when it began to wait.
    progress: Instant,
    /// Its client has left: what is left to write has so much time and no more.
    closing: bool,
}

impl Outbox {
    pub fn new(client: ClientId, socket: Arc<Socket>, cut: CutReason) -> Self {
        Outbox {
            client,
            caps: Caps::default(),
            raw: false,
            touched: false,
            waiting: false,
            warm: false,
            socket,
            cut,
            bytes: Vec::new(),
            written: 0,
            progress: Instant::now(),
            closing: false,
        }
    }

    /// Where to append; what is appended goes out with the next [`Self::write`].
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Writes what the socket takes, without ever waiting for it.
    pub fn write(&mut self) -> State {
        if self.is_cut() {
            return State::Cut;
        }
        if self.bytes.is_empty() {
            return State::Drained;
        }
        match self.socket.write(&self.bytes[self.written..]) {
            Ok(0) => return self.cut_off("Connection closed"),
            Ok(count) => self.took(count),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return self.cut_off("Connection lost"),
        }
        if self.bytes.is_empty() {
            State::Drained
        } else if self.waiting && self.progress.elapsed() > self.patience() {
            self.cut_off("Does not read what it is sent")
        } else {
            State::Waiting
        }
    }

    /// The socket took `count` bytes.
    fn took(&mut self, count: usize) {
        if !self.closing {
            self.progress = Instant::now();
        }
        self.written += count;
        if self.written < self.bytes.len() {
            // Moved to the front only now and then: a slow reader takes a little at a time.
            if self.written > self.bytes.len() / 2 {
                self.bytes.drain(..self.written);
                self.written = 0;
            }
            return;
        }
        self.written = 0;
        if self.bytes.capacity() > limits::OUTBOX_KEEP {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }

    /// The socket is full: the time without progress counts from here.
    pub fn start_waiting(&mut self) {
        self.waiting = true;
        self.progress = Instant::now();
    }

    fn patience(&self) -> Duration {
        if self.closing { limits::OUTBOX_LEFT } else { limits::OUTBOX_STALL }
    }

    /// Its client has left: writes what is there, and no longer than a stated time.
    pub fn close(&mut self) -> State {
        let state = self.write();
        if state == State::Waiting {
            self.start_waiting();
            self.closing = true;
        }
        state
    }

    /// Whether nothing more will be written.
    pub fn is_cut(&self) -> bool {
        self.cut.get().is_some()
    }

    /// More waits than may: only a client that does not read gets there.
    pub fn is_overfull(&self) -> bool {
        self.bytes.len() - self.written > limits::OUTBOX
    }

    /// Ends the connection; the client's thread wakes up from its `read`, finds the reason and cleans up.
    pub fn cut_off(&mut self, reason: &'static str) -> State {
        // A reason that is there already came first and stays.
        let _ = self.cut.set(reason);
        self.socket.shutdown(Shutdown::Both);
        self.bytes = Vec::new();
        self.written = 0;
        State::Cut
    }

    /// Says to the peer that nothing follows.
    pub fn finish(&self) {
        self.socket.finish();
    }

    /// Says to the peer that nothing follows, and to the client's thread why.
    pub fn finish_because(&self, reason: &'static str) {
        let _ = self.cut.set(reason);
        self.finish();
    }

    /// It is drained and keeps its memory for the next batch: its client, unless that is known already.
    pub fn becomes_warm(&mut self) -> Option<ClientId> {
        (!std::mem::replace(&mut self.warm, true)).then_some(self.client)
    }

    /// Gives the memory of an idle client back.
    pub fn cool_down(&mut self) {
        self.warm = false;
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}
