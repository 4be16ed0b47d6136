//! The lines that the server has not confirmed yet, kept so that a lost connection loses none.
//!
//! The protocol confirms no line, but a server answers in order: the `PONG` to a `PING` proves that
//! it has seen everything before it. Pure bookkeeping, part of the state and thus under its lock.

use std::collections::VecDeque;

/// Lines that may wait at once; from then on the sender thread waits instead (backpressure). So
/// many lines fit into a socket's send buffer, so that writing them never waits for the server.
pub const MOST: usize = 64;

/// The queue of unconfirmed lines, oldest first.
#[derive(Debug, Default)]
pub struct Unconfirmed {
    lines: VecDeque<String>,
    /// How many lines have been confirmed and thus left the queue.
    confirmed: u64,
    /// The number of the last line before the `PING` that is still unanswered.
    asked: Option<u64>,
}

impl Unconfirmed {
    pub fn push(&mut self, line: String) {
        self.lines.push_back(line);
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.lines.len() >= MOST
    }

    /// The `PING` to send after the lines, or `None` when there is one under way or nothing to confirm.
    pub fn ping(&mut self) -> Option<String> {
        if self.asked.is_some() || self.lines.is_empty() {
            return None;
        }
        let last = self.confirmed + self.lines.len() as u64;
        self.asked = Some(last);
        Some(format!("PING :gc-{last}"))
    }

    /// Takes the token of a `PONG`, which confirms every line before its `PING`.
    pub fn pong(&mut self, token: &str) {
        let Some(asked) = self.asked.take_if(|asked| token == format!("gc-{asked}")) else { return };
        while self.confirmed < asked && self.lines.pop_front().is_some() {
            self.confirmed += 1;
        }
    }

    /// Every line, to be sent again on a new connection, on which no `PING` is under way.
    pub fn again(&mut self) -> impl Iterator<Item = &str> {
        self.asked = None;
        self.lines.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ping_is_under_way_and_confirms_what_was_before_it() {
        let mut unconfirmed = Unconfirmed::default();
        assert_eq!(unconfirmed.ping(), None);
        unconfirmed.push("a".into());
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-1"));
        unconfirmed.push("b".into());
        unconfirmed.push("c".into());
        assert_eq!(unconfirmed.ping(), None);
        unconfirmed.pong("gc-7");
        assert_eq!(unconfirmed.len(), 3);
        unconfirmed.pong("gc-1");
        assert_eq!(unconfirmed.len(), 2);
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-3"));
        unconfirmed.pong("gc-3");
        assert!(unconfirmed.is_empty());
    }

    #[test]
    fn a_new_connection_gets_every_line_again() {
        let mut unconfirmed = Unconfirmed::default();
        unconfirmed.push("a".into());
        unconfirmed.ping();
        unconfirmed.push("b".into());
        assert_eq!(unconfirmed.again().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-2"));
    }
}
