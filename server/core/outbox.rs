//! One client's outbox: the bytes that wait for its socket, and the one place that writes them.
//!
//! The broadcaster thread alone owns it, so there is no lock but the socket's own, which the client's thread shares
//! because it reads the socket.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use super::event::{Caps, ClientId, CutReason, Line};
use super::limits;
use super::socket::Socket;

/// What an outbox is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing waits.
    Flushed,
    /// Bytes wait for the end of the batch.
    Dirty,
    /// The socket is full and took its last byte at this time; the rest waits.
    Blocked(Instant),
    /// The same, and the client has left: the rest is dropped at this time.
    Closing(Instant),
    /// The connection's own thread writes the socket.
    Detached,
    /// Nothing more is written.
    Closed,
}

#[derive(Debug)]
pub struct Outbox {
    pub client: ClientId,
    pub caps: Caps,
    /// Lines that wait for their time, see [`super::event::Event::ReplyLater`].
    pub later: Option<(Instant, Vec<u8>)>,
    status: Status,
    socket: Arc<Socket>,
    cut: CutReason,
    bytes: Vec<u8>,
    /// How many of `bytes` are written.
    written: usize,
}

impl Outbox {
    pub fn new(client: ClientId, socket: Arc<Socket>, cut: CutReason) -> Self {
        let (caps, status) = (Caps::default(), Status::Flushed);
        Outbox { client, caps, later: None, status, socket, cut, bytes: Vec::new(), written: 0 }
    }

    pub fn append_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A recipient that is behind gets what people say, without what only programs would miss: strangers could fill its
    /// outbox with tags.
    pub fn append(&mut self, line: &Line) {
        if self.len() < limits::OUTBOX / 4 * 3 {
            line.append(&mut self.bytes, self.caps);
        } else if !line.is_dispensable() {
            line.append_short(&mut self.bytes, self.caps);
        }
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Whether nothing is to be appended: the connection is not the broadcaster's to write.
    pub fn takes_nothing(&self) -> bool {
        matches!(self.status, Status::Detached | Status::Closed)
    }

    /// Bytes were appended. True when they have to be flushed after the batch; those of a full socket wait for the next
    /// retry, and a client for whom too many wait is disconnected.
    pub fn mark_dirty(&mut self) -> bool {
        match self.status {
            Status::Flushed => {
                self.status = Status::Dirty;
                true
            }
            Status::Blocked(_) if self.len() > limits::OUTBOX => {
                self.disconnect("Reads too slowly: too much is waiting");
                false
            }
            _ => false,
        }
    }

    /// Writes what the socket takes, without ever waiting for it.
    pub fn flush(&mut self) -> Status {
        if self.takes_nothing() {
            return self.status;
        }
        let mut progress = false;
        if !self.bytes.is_empty() {
            match self.socket.write(&self.bytes[self.written..]) {
                Ok(0) => return self.disconnect("Connection closed"),
                Ok(count) => {
                    self.advance(count);
                    progress = true;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return self.disconnect("Connection lost"),
            }
        }
        if self.bytes.is_empty() {
            self.status = Status::Flushed;
            return self.status;
        }
        let now = Instant::now();
        match self.status {
            Status::Closing(deadline) if now < deadline => {}
            Status::Closing(_) => return self.disconnect("Does not read what it is sent"),
            Status::Blocked(since) if !progress && now - since > limits::OUTBOX_STALL => {
                return self.disconnect("Does not read what it is sent");
            }
            Status::Blocked(_) if !progress => {}
            _ => self.status = Status::Blocked(now),
        }
        self.status
    }

    /// The socket took `count` bytes.
    fn advance(&mut self, count: usize) {
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

    /// Its client has left: writes what waits, for a limited time.
    pub fn close(&mut self) -> Status {
        if matches!(self.flush(), Status::Blocked(_)) {
            self.status = Status::Closing(Instant::now() + limits::OUTBOX_LEFT);
        }
        self.status
    }

    /// From here on the connection's own thread writes the socket.
    pub fn detach(&mut self) {
        self.status = Status::Detached;
    }

    /// Ends the connection; the client's thread wakes up from its `read`, finds the reason and cleans up.
    pub fn disconnect(&mut self, reason: &'static str) -> Status {
        // The first reason stays.
        let _ = self.cut.set(reason);
        self.socket.shutdown(Shutdown::Both);
        (self.bytes, self.written) = (Vec::new(), 0);
        self.status = Status::Closed;
        self.status
    }

    /// Tells the peer that nothing follows.
    pub fn finish(&self) {
        self.socket.finish();
    }

    /// Tells the peer that nothing follows, and the client's thread why.
    pub fn finish_because(&self, reason: &'static str) {
        let _ = self.cut.set(reason);
        self.finish();
    }

    /// Frees the memory that it keeps for the next batch, if nothing waits.
    pub fn shrink(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}
