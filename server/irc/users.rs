//! User mode +i: an invisible client is found only by its exact nick, or by clients that share a room with it.
//!
//! Kept with the client, as part of the registry.

use std::collections::HashSet;
use std::sync::Arc;

use super::limits;
use crate::core::client::Client;
use crate::core::event::ClientId;
use crate::core::registry::Registry;

/// Counts the invisible clients: each holds a clone, which goes with it when it leaves.
#[derive(Debug, Default)]
pub struct InvisibleCount(Arc<()>);

/// Kept with a client that has been invisible; holds something while it is.
#[derive(Debug, Default)]
struct Invisible(Option<Arc<()>>);

impl InvisibleCount {
    pub fn get(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    /// Sets user mode +i or -i; whether that changed anything.
    pub fn set_invisible(&self, client: &mut Client, on: bool) -> bool {
        let changed = is_invisible(client) != on;
        client.wings.get_or_default::<Invisible>().0 = on.then(|| Arc::clone(&self.0));
        changed
    }
}

pub fn is_invisible(client: &Client) -> bool {
    client.wings.get::<Invisible>().is_some_and(|invisible| invisible.0.is_some())
}

/// Which other clients a client finds without knowing their nicks.
pub struct Viewer<'a> {
    id: ClientId,
    /// The rooms it is in, folded.
    rooms: HashSet<&'a str>,
}

impl<'a> Viewer<'a> {
    pub fn new(registry: &'a Registry, id: ClientId) -> Self {
        let rooms = registry.client(id).map_or(&[][..], |client| &client.rooms[..]);
        Viewer { id, rooms: rooms.iter().map(String::as_str).collect() }
    }

    pub fn sees(&self, other: &Client) -> bool {
        let shares_a_room = || other.rooms.iter().any(|name| self.rooms.contains(name.as_str()));
        !is_invisible(other) || other.id == self.id || shares_a_room()
    }
}

/// What it counts as to look at a client.
pub fn work(client: &Client) -> usize {
    1 + if is_invisible(client) { client.rooms.len() / limits::ROOMS_PER_WORK } else { 0 }
}
