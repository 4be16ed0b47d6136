//! A queue of items that were sent and are not acknowledged yet, so that a lost connection loses none of them.
//!
//! The protocol acknowledges no line, but both ends answer in order: the `PONG` to a `PING` proves that everything
//! before it has arrived. The client keeps its lines in such a queue, the server the stored messages in flight. Pure
//! bookkeeping, under the lock of the structure that it is part of.

use std::collections::VecDeque;

/// The items that are not acknowledged, oldest first.
#[derive(Debug)]
pub struct AckQueue<T> {
    /// The beginning of the tokens of its `PING`s.
    prefix: &'static str,
    items: VecDeque<T>,
    /// The number of items that have been acknowledged and thus left the queue.
    confirmed: u64,
    /// The number of the last item before the newest `PING`, while that is unanswered.
    asked: Option<u64>,
}

impl<T> AckQueue<T> {
    /// An empty queue whose `PING`s have tokens with this prefix.
    pub fn new(prefix: &'static str) -> Self {
        AckQueue { prefix, items: VecDeque::new(), confirmed: 0, asked: None }
    }

    /// Adds an item that has just been sent.
    pub fn push(&mut self, item: T) {
        self.items.push_back(item);
    }

    /// The number of items that are not acknowledged.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether all are acknowledged.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Those that are not acknowledged, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// The same, to be changed.
    pub fn items(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// The `PING` to send after the items; `None` while another one is under way or when there are none.
    pub fn ping(&mut self) -> Option<String> {
        if self.asked.is_some() || self.items.is_empty() {
            return None;
        }
        let last = self.confirmed + self.items.len() as u64;
        self.asked = Some(last);
        Some(format!("PING :{}-{last}", self.prefix))
    }

    /// The `PING` for all items so far, in the place of one that has perhaps not been sent yet.
    pub fn ping_instead(&mut self) -> Option<String> {
        self.asked = None;
        self.ping()
    }

    /// Takes the token of a `PONG`, and returns the items that it acknowledges: all before its `PING`, which is the newest
    /// one or one that the newest was to replace.
    pub fn pong(&mut self, token: &str) -> Vec<T> {
        let number = token.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('-')?.parse::<u64>().ok());
        let (Some(asked), Some(number)) = (self.asked, number) else { return Vec::new() };
        if number <= self.confirmed || number > asked {
            return Vec::new();
        }
        self.asked = self.asked.filter(|asked| *asked > number);
        let count = usize::try_from(number - self.confirmed).unwrap_or(usize::MAX).min(self.items.len());
        self.confirmed = number;
        self.items.drain(..count).collect()
    }

    /// Forgets all items, which will never be acknowledged; how many they were.
    pub fn drop_all(&mut self) -> usize {
        let count = self.items.len();
        self.confirmed += count as u64;
        self.asked = None;
        self.items.clear();
        count
    }

    /// All items, to be sent again on a new connection, on which no `PING` is under way.
    pub fn again(&mut self) -> impl Iterator<Item = &T> {
        self.asked = None;
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ping_is_under_way_and_confirms_what_was_before_it() {
        let mut unconfirmed = AckQueue::new("gc");
        assert_eq!(unconfirmed.ping(), None);
        unconfirmed.push("a");
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-1"));
        unconfirmed.push("b");
        unconfirmed.push("c");
        assert_eq!(unconfirmed.ping(), None);
        assert_eq!(unconfirmed.pong("gc-7"), [""; 0]);
        assert_eq!(unconfirmed.len(), 3);
        assert_eq!(unconfirmed.pong("gc-1"), ["a"]);
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-3"));
        assert_eq!(unconfirmed.pong("gc-3"), ["b", "c"]);
        assert!(unconfirmed.is_empty());
    }

    #[test]
    fn a_ping_may_take_the_place_of_one_that_is_perhaps_under_way() {
        let mut unconfirmed = AckQueue::new("mail");
        assert_eq!(unconfirmed.ping_instead(), None);
        unconfirmed.push("a");
        assert_eq!(unconfirmed.ping_instead().as_deref(), Some("PING :mail-1"));
        unconfirmed.push("b");
        unconfirmed.push("c");
        assert_eq!(unconfirmed.ping_instead().as_deref(), Some("PING :mail-3"));
        unconfirmed.push("d");
        for wrong in ["mail-4", "mail-0", "mail-", "mail", "gc-3", "mail--1", "mail-+", ""] {
            assert_eq!(unconfirmed.pong(wrong), [""; 0], "{wrong}");
        }
        assert_eq!(unconfirmed.pong("mail-1"), ["a"]);
        assert_eq!(unconfirmed.ping(), None, "the other one is still to be answered");
        assert_eq!(unconfirmed.pong("mail-1"), [""; 0]);
        assert_eq!(unconfirmed.pong("mail-3"), ["b", "c"]);
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :mail-4"));
    }

    #[test]
    fn a_new_connection_gets_everything_again() {
        let mut unconfirmed = AckQueue::new("gc");
        unconfirmed.push("a");
        unconfirmed.ping();
        unconfirmed.push("b");
        assert_eq!(unconfirmed.again().collect::<Vec<_>>(), [&"a", &"b"]);
        assert_eq!(unconfirmed.ping().as_deref(), Some("PING :gc-2"));
    }
}
