//! Known names that are idle (no mail waits for them and nobody uses them), in the order in which they were last used.
//!
//! Part of the mail index, behind its lock. No name is looked for by a walk.

use std::collections::BTreeMap;

use super::limits;

/// The place of a name in the order.
pub type Ticket = u64;

#[derive(Debug, Default)]
pub struct IdleNames {
    order: BTreeMap<Ticket, String>,
    next: Ticket,
}

impl IdleNames {
    /// Adds a name that was in use until now.
    pub fn add(&mut self, name: String) -> Ticket {
        self.next += 1;
        self.order.insert(self.next, name);
        self.next
    }

    pub fn remove(&mut self, ticket: Ticket) {
        self.order.remove(&ticket);
    }

    /// When there are too many, the one that was not used for the longest time.
    pub fn take_excess(&mut self) -> Option<String> {
        if self.order.len() <= limits::KNOWN_NAMES {
            return None;
        }
        self.order.pop_first().map(|(_, name)| name)
    }
}
