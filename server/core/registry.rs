//! The registry: which clients are connected, their names, and their rooms.
//!
//! One `Mutex` guards it (see [`super::server::Server`]). No socket call and no disk call happens while it is held. The
//! accept loop adds a client; [`Registry::remove`] is the only place where one leaves.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};
use std::ops::Bound;
use std::time::SystemTime;

use wire::names::{casefold, eq_ignore_case};

use super::admission::{Connections, TooMany};
use super::client::Client;
use super::event::{ClientId, Recipients};
use super::room::Room;

/// How many there are.
#[derive(Debug)]
pub struct Counts {
    /// Registered clients.
    pub users: usize,
    /// The most registered clients that there ever were at once.
    pub most: usize,
    /// Connections that are not registered yet.
    pub unknown: usize,
}

/// All clients and all rooms.
#[derive(Debug, Default)]
pub struct Registry {
    /// Boxed, because a table keeps room for as many again as it holds.
    clients: HashMap<ClientId, Box<Client>>,
    /// Folded nick to client: the one place that decides who has a name.
    nicks: HashMap<String, ClientId>,
    /// Folded name to room, in order, so that a long answer can go on where it stopped.
    rooms: BTreeMap<String, Room>,
    connections: Connections,
    /// The client of each slot, or the last one that had it.
    slots: Vec<ClientId>,
    /// Slots of clients that have left.
    free_slots: Vec<u32>,
    next_serial: u32,
    /// How many clients are registered, and the most there ever were.
    registered: usize,
    most: usize,
    /// The secret behind the cloaked hosts.
    cloaks: RandomState,
}

/// Why no more connections are taken than these.
pub fn full(most: usize) -> String {
    format!("The server is full ({most} clients); try again later")
}

impl Registry {
    /// Adds a connection, or says why it is refused.
    pub fn admit(&mut self, address: SocketAddr, most: usize, most_per_ip: usize) -> Result<ClientId, String> {
        self.connections.add(address.ip(), most, most_per_ip).map_err(|bound| match bound {
            TooMany::InAll => full(most),
            TooMany::FromAddress => format!("Too many connections from your address ({most_per_ip} at most)"),
        })?;
        let highest = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let id = ClientId { slot: self.free_slots.pop().unwrap_or(highest), serial: self.next_serial };
        match self.slots.get_mut(id.slot as usize) {
            Some(slot) => *slot = id,
            None => self.slots.push(id),
        }
        self.next_serial = self.next_serial.wrapping_add(1);
        let host = self.cloaked_host(address.ip());
        self.clients.insert(id, Box::new(Client::new(id, address, host)));
        Ok(id)
    }

    /// Connections that are chats, or may become so.
    pub fn chats(&self) -> usize {
        self.connections.count()
    }

    /// A wing takes the connection over: it no longer counts as a client.
    pub fn detach(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id)
            && !std::mem::replace(&mut client.detached, true)
        {
            self.connections.remove(client.address.ip());
        }
    }

    /// What others see of an address: a pseudonym, the same for the same address until the server restarts, so that a
    /// ban can name it and nobody learns where somebody lives.
    fn cloaked_host(&self, ip: IpAddr) -> String {
        match ip {
            IpAddr::V6(ip) if ip.is_loopback() => format!("0{ip}"),
            ip if ip.is_loopback() => ip.to_string(),
            ip => format!("{:016x}.hidden", self.cloaks.hash_one(ip)),
        }
    }

    /// Removes a client, its name and its memberships. Nothing else removes a client.
    pub fn remove(&mut self, id: ClientId) -> Option<Client> {
        for room in self.clients.get(&id)?.rooms.clone() {
            self.part(id, &room);
        }
        let client = self.clients.remove(&id)?;
        if let Some(nick) = &client.nick {
            self.nicks.remove(&casefold(nick));
        }
        self.registered -= usize::from(client.registered);
        if !client.detached {
            self.connections.remove(client.address.ip());
        }
        self.free_slots.push(id.slot);
        Some(*client)
    }

    /// Takes a client out of one room; an empty room ends.
    pub fn part(&mut self, id: ClientId, folded: &str) {
        let Some(room) = self.rooms.get_mut(folded) else { return };
        room.remove(id);
        if room.members().len() == 0 {
            self.rooms.remove(folded);
        }
        if let Some(client) = self.clients.get_mut(&id) {
            client.rooms.retain(|room| room != folded);
        }
    }

    pub fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id).map(Box::as_ref)
    }

    pub fn client_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.clients.get_mut(&id).map(Box::as_mut)
    }

    /// The slots from one on, each with the one behind it and its registered client, if it has one. A client keeps its
    /// slot, so whoever stops and goes on there misses none and meets none twice.
    pub fn slots_from(&self, slot: usize) -> impl Iterator<Item = (usize, Option<&Client>)> {
        let slots = self.slots.iter().enumerate().skip(slot);
        slots.map(|(slot, id)| (slot + 1, self.client(*id).filter(|client| client.registered)))
    }

    pub fn counts(&self) -> Counts {
        let (users, most) = (self.registered, self.most);
        Counts { users, most, unknown: self.connections.count() - users }
    }

    /// The client that has a name, registered or not.
    pub fn holder(&self, nick: &str) -> Option<&Client> {
        self.client(*self.nicks.get(&casefold(nick))?)
    }

    /// The registered client of that name.
    pub fn by_nick(&self, nick: &str) -> Option<&Client> {
        self.holder(nick).filter(|client| client.registered)
    }

    /// Gives a client a name, unless another client has it: check and insert under one lock, so of two that race for a
    /// name exactly one gets it. True when it worked.
    pub fn take_nick(&mut self, id: ClientId, nick: &str) -> bool {
        let folded = casefold(nick);
        let Some(client) = self.clients.get_mut(&id) else { return false };
        if self.nicks.get(&folded).is_some_and(|&owner| owner != id) {
            return false;
        }
        let old = client.nick.replace(nick.to_owned());
        if let Some(old) = old.filter(|old| !eq_ignore_case(old, nick)) {
            self.nicks.remove(&casefold(&old));
        }
        self.nicks.insert(folded, id);
        true
    }

    pub fn mark_registered(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.registered = true;
            client.password = None;
            self.registered += 1;
            self.most = self.most.max(self.registered);
        }
    }

    pub fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.get(&casefold(name))
    }

    pub fn room_mut(&mut self, name: &str) -> Option<&mut Room> {
        self.rooms.get_mut(&casefold(name))
    }

    /// The room of that name, made if there is none.
    pub fn room_or_new(&mut self, name: &str, now: SystemTime) -> &mut Room {
        self.rooms.entry(casefold(name)).or_insert_with(|| Room::new(name, now))
    }

    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// The rooms behind a folded name, in the order of their folded names, which come with them.
    pub fn rooms_after<'a>(&'a self, folded: &str) -> impl Iterator<Item = (&'a str, &'a Room)> + use<'a> {
        let behind = self.rooms.range::<str, _>((Bound::Excluded(folded), Bound::Unbounded));
        behind.map(|(folded, room)| (&**folded, room))
    }

    /// Everyone who shares a room with a client, the client included, each once.
    pub fn peers(&mut self, id: ClientId) -> Recipients {
        let rooms = self.clients.get(&id).map_or(&[][..], |client| &client.rooms[..]);
        if let [only] = rooms
            && let Some(room) = self.rooms.get_mut(only)
        {
            return room.recipients(None);
        }
        let mut clients = vec![id];
        let mut counted = vec![false; self.slots.len()];
        counted[id.slot as usize] = true;
        for room in rooms.iter().filter_map(|name| self.rooms.get(name)) {
            clients.extend(room.members().filter(|id| !std::mem::replace(&mut counted[id.slot as usize], true)));
        }
        Recipients::of(clients)
    }
}

#[cfg(test)]
mod tests;
