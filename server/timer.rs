//! How long a session waits for its client: to register, then between its lines.
//!
//! Belongs to the client's thread; no lock.

use std::time::{Duration, Instant};

use crate::server::Server;

/// How long the session waits for its client.
pub struct Timer {
    pub registered: bool,
    /// Until then something must come.
    pub deadline: Instant,
    /// The client was asked with PING and has not answered.
    pub asked: bool,
    ping_interval: Duration,
    /// The time-out that the socket has, so that it is set only when it changes.
    armed: Duration,
}

impl Timer {
    pub fn new(server: &Server) -> Self {
        Timer {
            registered: false,
            deadline: Instant::now() + server.register_within,
            asked: false,
            ping_interval: server.ping_interval,
            armed: Duration::ZERO,
        }
    }

    /// From its registration on a client is asked before it is sent away.
    pub fn now_registered(&mut self, registered: bool) {
        if registered != self.registered {
            self.registered = registered;
            self.heard();
        }
    }

    /// Bytes came. While the client registers they change nothing, or it could take for ever.
    pub fn heard(&mut self) {
        if self.registered {
            self.asked = false;
            self.deadline = Instant::now() + self.ping_interval;
        }
    }

    pub fn ask(&mut self) {
        self.asked = true;
        self.deadline = Instant::now() + self.ping_interval;
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The time-out for the next read, if it is another one than before.
    pub fn arm(&mut self) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout = if self.registered { self.ping_interval } else { left.max(Duration::from_millis(1)) };
        (std::mem::replace(&mut self.armed, timeout) != timeout).then_some(timeout)
    }
}
