//! How long a session waits for its client: to register, then between its lines.
//!
//! Belongs to the client's thread; no lock.

use std::time::{Duration, Instant};

use super::options::Options;

pub struct Timer {
    pub registered: bool,
    /// Something must come before this time.
    pub deadline: Instant,
    /// The client was asked with PING and has not answered.
    pub asked: bool,
    ping_interval: Duration,
    /// The socket's time-out, so that it is set only when it changes.
    armed: Duration,
}

impl Timer {
    pub fn new(options: &Options) -> Self {
        Timer {
            registered: false,
            deadline: Instant::now() + Duration::from_secs(options.register_within),
            asked: false,
            ping_interval: Duration::from_secs(options.ping_interval),
            armed: Duration::ZERO,
        }
    }

    /// Once it is registered, a silent client is asked before it is disconnected.
    pub fn set_registered(&mut self, registered: bool) {
        if registered != self.registered {
            self.registered = registered;
            self.activity();
        }
    }

    /// Bytes came. They do not prolong the registration, or it could take for ever.
    pub fn activity(&mut self) {
        if self.registered {
            self.asked = false;
            self.deadline = Instant::now() + self.ping_interval;
        }
    }

    pub fn ask(&mut self) {
        self.asked = true;
        self.deadline = Instant::now() + self.ping_interval;
    }

    pub fn expired(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Tells the timer that something else has set the socket's time-out, so that `arm` sets it again.
    pub fn disarm(&mut self) {
        self.armed = Duration::ZERO;
    }

    /// The time-out for the next read, if it is another one than before.
    pub fn arm(&mut self) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout = if self.registered { self.ping_interval } else { left.max(Duration::from_millis(1)) };
        (std::mem::replace(&mut self.armed, timeout) != timeout).then_some(timeout)
    }
}
