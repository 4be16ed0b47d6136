//! User mode +i: an invisible client is found only by its exact nick, or by clients that share a room with it.
//!
//! Kept with the client, as part of the registry.

use std::sync::Arc;

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

/// Whether a client finds another one without knowing the nick.
pub fn is_visible(registry: &Registry, other: &Client, to: ClientId) -> bool {
    let shares_a_room = || other.rooms.iter().filter_map(|name| registry.room(name)).any(|room| room.has(to));
    !is_invisible(other) || other.id == to || shares_a_room()
}
