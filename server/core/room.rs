//! One room and its members.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use super::event::{ClientId, Recipients};
use super::extensions::Extensions;

#[derive(Debug)]
pub struct Room {
    /// As its creator spelt it.
    pub name: String,
    pub created_at: SystemTime,
    pub wings: Extensions,
    members: BTreeMap<ClientId, Extensions>,
    /// The members as the broadcaster wants them, made when they are first needed after a change.
    recipients: Option<Arc<[ClientId]>>,
}

impl Room {
    pub fn new(name: &str, now: SystemTime) -> Self {
        let (wings, members, recipients) = Default::default();
        Room { name: name.into(), created_at: now, wings, members, recipients }
    }

    /// The members, in the order in which they connected.
    pub fn members(&self) -> impl ExactSizeIterator<Item = ClientId> {
        self.members.keys().copied()
    }

    /// The members that have connected after a client.
    pub fn members_after(&self, client: Option<ClientId>) -> impl Iterator<Item = ClientId> {
        let from = client.map_or(Bound::Unbounded, Bound::Excluded);
        self.members.range((from, Bound::Unbounded)).map(|(id, _)| *id)
    }

    pub fn has(&self, client: ClientId) -> bool {
        self.members.contains_key(&client)
    }

    /// What wings keep with a membership; `None` for a client that is not in the room.
    pub fn membership(&self, client: ClientId) -> Option<&Extensions> {
        self.members.get(&client)
    }

    pub fn membership_mut(&mut self, client: ClientId) -> Option<&mut Extensions> {
        self.members.get_mut(&client)
    }

    pub fn add(&mut self, client: ClientId) {
        self.members.insert(client, Extensions::default());
        self.recipients = None;
    }

    pub fn remove(&mut self, client: ClientId) {
        self.members.remove(&client);
        self.recipients = None;
    }

    /// Everyone in the room, or everyone but one.
    pub fn recipients(&mut self, except: Option<ClientId>) -> Recipients {
        let members = &self.members;
        let clients = self.recipients.get_or_insert_with(|| members.keys().copied().collect());
        Recipients { clients: Arc::clone(clients), except }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_follow_the_members() {
        let client = |slot| ClientId { slot, serial: 0 };
        let mut room = Room::new("#a", SystemTime::UNIX_EPOCH);
        room.add(client(1));
        room.add(client(2));
        assert_eq!(room.recipients(None).clients[..], [client(1), client(2)]);
        room.remove(client(1));
        assert_eq!(room.recipients(None).clients[..], [client(2)]);
    }
}
