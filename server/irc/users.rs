//! User mode +i: an invisible client is found only by its exact nick, or by clients that share a room with it.
//!
//! Kept with the client, as part of the registry; the count is read and changed under the registry's lock.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::core::client::Client;
use crate::core::event::ClientId;
use crate::core::registry::Registry;

/// Whether a client is invisible.
#[derive(Debug, Default)]
struct Invisible(bool);

/// How many clients are invisible.
#[derive(Debug, Default)]
pub struct Users {
    invisible: AtomicUsize,
}

impl Users {
    pub fn invisible(&self) -> usize {
        self.invisible.load(Ordering::Relaxed)
    }

    /// Sets user mode +i or -i; whether that changed anything.
    pub fn set_invisible(&self, client: &mut Client, on: bool) -> bool {
        let changed = std::mem::replace(&mut client.wings.get_or_default::<Invisible>().0, on) != on;
        match (changed, on) {
            (true, true) => _ = self.invisible.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.invisible.fetch_sub(1, Ordering::Relaxed),
            (false, _) => {}
        }
        changed
    }

    /// A client has left the server.
    pub fn left(&self, client: &Client) {
        if is_invisible(client) {
            self.invisible.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

pub fn is_invisible(client: &Client) -> bool {
    client.wings.get::<Invisible>().is_some_and(|invisible| invisible.0)
}

/// Whether a client finds another one without knowing the nick.
pub fn is_visible(registry: &Registry, other: &Client, to: ClientId) -> bool {
    let shares_a_room = || other.rooms.iter().filter_map(|name| registry.room(name)).any(|room| room.has(to));
    !is_invisible(other) || other.id == to || shares_a_room()
}
