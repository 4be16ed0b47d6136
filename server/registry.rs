//! The registry: who is connected, what they are called, and which rooms they are in.
//!
//! One `Mutex` guards it (see [`crate::server::Server`]); no socket and no disk is touched while it
//! is held. A client is entered by the accept loop and removed in one place, [`Registry::remove`].

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use wire::names::{casefold, eq_ignore_case};

use crate::admission::Admission;
use crate::client::Client;
use crate::directory::Directory;
use crate::event::{Caps, ClientId, Recipients};
use crate::files::Files;
use crate::keys::Keys;
use crate::post::Post;
use crate::room::Room;

/// How many there are.
#[derive(Debug)]
pub struct Counts {
    /// Registered clients, the invisible ones among them.
    pub users: usize,
    pub invisible: usize,
    /// The most registered clients that there ever were at once.
    pub most: usize,
    /// Connections that are not registered yet, and carry no file.
    pub unknown: usize,
}

/// Why a name is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotYours {
    /// Somebody is here under it.
    InUse,
    /// It belongs to a key, and not to the client's.
    Bound,
}

/// Everyone and every room.
#[derive(Debug, Default)]
pub struct Registry {
    /// Boxed, because a table keeps room for as many again as it holds.
    clients: HashMap<ClientId, Box<Client>>,
    /// Folded nick to client: the one place that decides who has a name.
    pub nicks: HashMap<String, ClientId>,
    /// Folded name to room.
    rooms: HashMap<String, Room>,
    /// Known names and waiting letters.
    pub post: Post,
    /// Where multicast rooms meet.
    pub directory: Directory,
    /// Which names belong to which keys.
    pub keys: Keys,
    /// What people have sent to each other.
    pub files: Files,
    admission: Admission,
    /// Slots of clients that have left.
    free_slots: Vec<u32>,
    next_serial: u32,
    /// Clients registered now, those of them that are invisible, and the most there ever were.
    registered: usize,
    invisible: usize,
    most: usize,
    /// The secret behind the hosts that others see.
    pseudonyms: RandomState,
}

impl Registry {
    /// Enters a connection, or says why it is refused.
    pub fn admit(&mut self, address: SocketAddr, max_clients: usize, max_per_ip: usize) -> Result<ClientId, String> {
        self.admission.enter(address.ip(), max_clients, max_per_ip)?;
        let highest = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
        let id = ClientId { slot: self.free_slots.pop().unwrap_or(highest), serial: self.next_serial };
        self.next_serial = self.next_serial.wrapping_add(1);
        let host = self.shown_host(address.ip());
        self.clients.insert(id, Box::new(Client::new(id, address, host)));
        Ok(id)
    }

    /// Whether one more connection may carry a file; if not, why.
    pub fn has_room_for_a_transfer(&self, address: SocketAddr, max_per_ip: usize) -> Result<(), String> {
        self.admission.has_room_for_a_transfer(address.ip(), max_per_ip)
    }

    /// A connection carries a file from now on, and counts no more among those who chat.
    pub fn becomes_transfer(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id)
            && !std::mem::replace(&mut client.is_transfer, true)
        {
            self.admission.becomes_transfer(client.address.ip());
        }
    }

    /// What others see of an address. Where somebody lives is nobody's business, so it is a pseudonym,
    /// the same for the same address until the server restarts: a ban can still name it.
    fn shown_host(&self, ip: IpAddr) -> String {
        match ip {
            IpAddr::V6(ip) if ip.is_loopback() => format!("0{ip}"),
            ip if ip.is_loopback() => ip.to_string(),
            ip => format!("{:016x}.hidden", self.pseudonyms.hash_one(ip)),
        }
    }

    /// Takes a client out of everything. The only place where one leaves.
    pub fn remove(&mut self, id: ClientId) -> Option<Client> {
        for room in self.clients.get(&id)?.rooms.clone() {
            self.part(id, &room);
        }
        let client = self.clients.remove(&id)?;
        if let Some(nick) = &client.nick {
            self.give_up_nick(nick);
            if client.renamed {
                self.files.leave(nick);
            }
        }
        self.registered -= usize::from(client.registered);
        self.invisible -= usize::from(client.invisible);
        self.admission.leave(client.address.ip(), client.is_transfer);
        self.free_slots.push(id.slot);
        Some(*client)
    }

    /// Takes a client out of one room; an empty room ends.
    pub fn part(&mut self, id: ClientId, folded: &str) {
        let Some(room) = self.rooms.get_mut(folded) else { return };
        room.remove(id);
        if room.members().is_empty() {
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

    pub fn caps(&self, id: ClientId) -> Caps {
        self.clients.get(&id).map_or(Caps::default(), |client| client.caps)
    }

    /// All registered clients.
    pub fn everyone(&self) -> impl Iterator<Item = &Client> {
        self.clients.values().map(Box::as_ref).filter(|client| client.registered)
    }

    pub fn counts(&self) -> Counts {
        let (users, invisible, most) = (self.registered, self.invisible, self.most);
        Counts { users, invisible, most, unknown: self.admission.chats() - users }
    }

    /// Sets user mode +i or -i; whether that changed anything.
    pub fn set_invisible(&mut self, id: ClientId, on: bool) -> bool {
        let Some(client) = self.clients.get_mut(&id) else { return false };
        let changed = std::mem::replace(&mut client.invisible, on) != on;
        match (changed, on) {
            (true, true) => self.invisible += 1,
            (true, false) => self.invisible -= 1,
            (false, _) => {}
        }
        changed
    }

    /// The registered client of that name.
    pub fn by_nick(&self, nick: &str) -> Option<&Client> {
        let id = self.nicks.get(&casefold(nick))?;
        self.client(*id).filter(|client| client.registered)
    }

    /// Gives a client a name, unless it belongs to another key or somebody else has it now: check and insert under
    /// one lock, so of two who race for a name exactly one gets it.
    pub fn take_nick(&mut self, id: ClientId, nick: &str) -> Result<(), NotYours> {
        let folded = casefold(nick);
        let client = self.clients.get_mut(&id).ok_or(NotYours::InUse)?;
        if !self.keys.allow(&folded, client.key) {
            return Err(NotYours::Bound);
        }
        if self.nicks.get(&folded).is_some_and(|&owner| owner != id) {
            return Err(NotYours::InUse);
        }
        let old = client.nick.replace(nick.to_owned());
        if let Some(old) = old.filter(|old| !eq_ignore_case(old, nick)) {
            self.give_up_nick(&old);
        }
        self.nicks.insert(folded, id);
        Ok(())
    }

    fn give_up_nick(&mut self, nick: &str) {
        let folded = casefold(nick);
        self.nicks.remove(&folded);
        self.post.gone(&folded);
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

    /// Everyone who shares a room with a client, the client included, each once.
    pub fn peers(&mut self, id: ClientId) -> Recipients {
        let rooms = self.clients.get(&id).map_or(&[][..], |client| &client.rooms[..]);
        if let [only] = rooms
            && let Some(room) = self.rooms.get_mut(only)
        {
            return room.recipients(None);
        }
        let mut clients = vec![id];
        for room in rooms.iter().filter_map(|name| self.rooms.get(name)) {
            clients.extend(room.members().keys());
        }
        clients.sort_unstable();
        clients.dedup();
        Recipients { clients: Arc::from(clients), except: None }
    }

    /// The room of that name, made if it is not there.
    pub fn room_or_new(&mut self, name: &str) -> &mut Room {
        self.rooms.entry(casefold(name)).or_insert_with(|| Room::new(name))
    }

    /// The rooms that a client may know of: secret ones are for those inside.
    pub fn visible_rooms(&self, to: ClientId) -> impl Iterator<Item = &Room> {
        self.rooms.values().filter(move |room| !room.secret || room.has(to))
    }

    /// The room of that name, if the client may know of it.
    pub fn visible_room(&self, name: &str, to: ClientId) -> Option<&Room> {
        self.room(name).filter(|room| !room.secret || room.has(to))
    }

    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Whether a client finds another one without knowing the nick.
    pub fn is_visible(&self, other: &Client, to: ClientId) -> bool {
        let shares_a_room = || other.rooms.iter().filter_map(|name| self.rooms.get(name)).any(|room| room.has(to));
        !other.invisible || other.id == to || shares_a_room()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::fingerprint::Fingerprint;

    fn admit(registry: &mut Registry, address: &str) -> Result<ClientId, String> {
        registry.admit(address.parse().unwrap(), 4, 2)
    }

    #[test]
    fn a_slot_is_used_again_under_another_serial() {
        let mut registry = Registry::default();
        let first = admit(&mut registry, "127.0.0.1:1").unwrap();
        let second = admit(&mut registry, "127.0.0.1:2").unwrap();
        assert_eq!((first.slot, second.slot), (0, 1));
        registry.remove(first);
        let third = admit(&mut registry, "127.0.0.1:3").unwrap();
        assert!(third.slot == 0 && third != first);
    }

    #[test]
    fn a_name_has_one_owner_in_any_case() {
        let mut registry = Registry::default();
        let first = admit(&mut registry, "127.0.0.1:1").unwrap();
        let second = admit(&mut registry, "127.0.0.1:2").unwrap();
        assert_eq!(registry.take_nick(first, "Tesla"), Ok(()));
        assert_eq!(registry.take_nick(second, "tesla"), Err(NotYours::InUse));
        assert_eq!(registry.take_nick(first, "TESLA"), Ok(()), "a change of case is no other name");
        assert_eq!(registry.take_nick(first, "albert"), Ok(()));
        assert_eq!(registry.take_nick(second, "tesla"), Ok(()));
        registry.remove(first);
        assert_eq!(registry.take_nick(second, "albert"), Ok(()));
        registry.keys.bind("carl", Fingerprint([7; 32]));
        assert_eq!(registry.take_nick(second, "Carl"), Err(NotYours::Bound));
        registry.client_mut(second).unwrap().key = Some(Fingerprint([7; 32]));
        assert_eq!(registry.take_nick(second, "Carl"), Ok(()));
    }

    #[test]
    fn addresses_of_others_are_not_shown() {
        let registry = Registry::default();
        let shown = |ip: &str| registry.shown_host(ip.parse().unwrap());
        assert_eq!((&shown("127.0.0.1")[..], &shown("::1")[..]), ("127.0.0.1", "0::1"));
        assert!(!shown("192.0.2.77").contains("192.0.2"));
        assert_eq!(shown("192.0.2.77"), shown("192.0.2.77"));
        assert_ne!(shown("192.0.2.77"), shown("192.0.2.78"));
    }
}
