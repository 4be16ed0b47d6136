//! The table of multicast rooms: their names, where their members meet, and their owners.
//!
//! Behind a lock of its own, which is taken only after the registry's.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::ops::Bound;

use wire::directory_line::RoomKey;
use wire::fingerprint::Fingerprint;
use wire::names::{casefold, eq_ignore_case, is_nick, is_room};

use super::limits;
use crate::core::client::Client;
use crate::core::party::{Full, Party, has_room};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MulticastRoom {
    /// As its owner has spelt it.
    pub name: String,
    pub address: SocketAddrV4,
    /// The nick of the client that made it.
    pub owner: String,
    pub owner_key: Option<Fingerprint>,
    /// Who answers for it. Earlier versions noted the key alone.
    pub party: Option<Party>,
    /// Keeps it apart from a later room of the same name.
    pub id: u64,
    /// Encrypts the messages of its members. A room is open if the server has no TLS by which to hand out a key.
    pub key: RoomKey,
}

impl MulticastRoom {
    /// Whether this client may remove it: one with the key that made it or, if there was none, with the owner's name.
    pub fn is_of(&self, client: &Client) -> bool {
        self.owner_key.map_or_else(|| eq_ignore_case(&self.owner, client.nick()), |key| client.key == Some(key))
    }

    /// Its line in the file.
    pub fn line(&self) -> String {
        let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let (ip, port) = (self.address.ip(), self.address.port());
        let owner_key = or_nothing(self.owner_key.map(|key| key.to_string()));
        let key = or_nothing(Some(self.key.to_string()).filter(|_| self.key != RoomKey::Open));
        let party = self.party.map(|party| format!(" {party}")).unwrap_or_default();
        format!("{} {ip} {port} {} {owner_key} {:016x} {key}{party}", self.name, self.owner, self.id)
    }

    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, ip, port, owner, owner_key, id, key, ref party @ ..] = words[..] else { return None };
        let fingerprint = |text: &str| match text {
            "-" => Some(None),
            text => text.parse::<Fingerprint>().ok().map(Some),
        };
        let owner_key = fingerprint(owner_key)?;
        Some(MulticastRoom {
            name: Some(name).filter(|name| is_name(name))?.into(),
            address: Some(SocketAddrV4::new(ip.parse().ok()?, port.parse().ok()?)).filter(|at| is_address(*at))?,
            owner: Some(owner).filter(|owner| is_nick(owner))?.into(),
            owner_key,
            party: match party {
                [] => owner_key.map(Party::Key),
                [party] => Some(party.parse().ok()?),
                _ => return None,
            },
            id: u64::from_str_radix(id, 16).ok()?,
            key: fingerprint(key)?.map_or(RoomKey::Open, |key| RoomKey::Key(key.0)),
        })
    }
}

/// Whether a multicast room can be called so: as a room of the server can, but without its `#`.
pub fn is_name(name: &str) -> bool {
    !name.starts_with(['#', ':']) && is_room(&format!("#{name}"))
}

/// Whether members may meet at an address: one that stays within an organisation (RFC 2365: 239.0.0.0/8), with a port
/// that needs no privilege.
pub fn is_address(address: SocketAddrV4) -> bool {
    address.ip().octets()[0] == 239 && address.port() >= limits::DIRECTORY_PORT
}

/// Code and text of a FAIL.
pub type Refusal = (&'static str, String);

/// The rooms, by folded name.
#[derive(Debug, Default)]
pub struct RoomTable(BTreeMap<String, MulticastRoom>);

impl RoomTable {
    pub fn add(&mut self, room: MulticastRoom) -> Result<(), Refusal> {
        if let Some(other) = self.get(&room.name) {
            return Err(("NAME_TAKEN", format!("There is a room {} already", other.name)));
        }
        if let Some(other) = self.all().find(|other| other.address == room.address) {
            return Err(("ADDRESS_TAKEN", format!("The members of {} meet there already", other.name)));
        }
        let full = format!("There are {} rooms; no more are taken", limits::DIRECTORY_ROOMS);
        self.has_room(&room).map_err(|why| match why {
            Full::Pool => ("TOO_MANY", full),
            Full::Share => {
                ("TOO_MANY", "Your key, or your address, has its share of the directory; delete a room first".into())
            }
        })?;
        self.0.insert(casefold(&room.name), room);
        Ok(())
    }

    /// Whether there is room for one more. As with connections, this machine has no bound of its own.
    fn has_room(&self, room: &MulticastRoom) -> Result<(), Full> {
        let party = room.party.filter(|party| !matches!(party, Party::Network(ip) if ip.is_loopback()));
        let own = self.all().filter(|other| party.is_some() && other.party == party).count();
        has_room(own as u64, self.0.len() as u64, limits::DIRECTORY_ROOMS as u64, 1)
    }

    pub fn get(&self, name: &str) -> Option<&MulticastRoom> {
        self.0.get(&casefold(name))
    }

    /// Takes a room out, if it is still this one.
    pub fn remove(&mut self, room: &MulticastRoom) -> bool {
        let is_it = self.get(&room.name).is_some_and(|other| other.id == room.id);
        is_it && self.0.remove(&casefold(&room.name)).is_some()
    }

    /// The rooms behind a folded name, by name.
    pub fn after<'a>(&'a self, folded: &str) -> impl Iterator<Item = &'a MulticastRoom> + use<'a> {
        self.0.range::<str, _>((Bound::Excluded(folded), Bound::Unbounded)).map(|(_, room)| room)
    }

    /// All rooms, by name.
    pub fn all(&self) -> impl Iterator<Item = &MulticastRoom> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, address: &str, id: u64) -> MulticastRoom {
        let address = address.parse().unwrap();
        let (name, owner) = (name.into(), "tesla".into());
        MulticastRoom { name, address, owner, owner_key: None, party: None, id, key: RoomKey::Open }
    }

    #[test]
    fn names_and_addresses_are_unique() {
        let mut directory = RoomTable::default();
        directory.add(room("Lab", "239.0.0.1:4000", 1)).unwrap();
        assert_eq!(
            directory.add(room("lab", "239.0.0.2:4000", 2)),
            Err(("NAME_TAKEN", "There is a room Lab already".into()))
        );
        assert_eq!(
            directory.add(room("b", "239.0.0.1:4000", 3)),
            Err(("ADDRESS_TAKEN", "The members of Lab meet there already".into()))
        );
        directory.add(room("b", "239.0.0.1:4001", 4)).unwrap();
        assert!(!directory.remove(&room("lab", "239.0.0.1:4000", 9)), "it is another room of this name");
        assert!(directory.remove(&room("LAB", "239.0.0.1:4000", 1)));
        for number in 1..limits::DIRECTORY_ROOMS {
            let (high, low) = (number / 256, number % 256);
            directory.add(room(&number.to_string(), &format!("239.1.{high}.{low}:5000"), 0)).unwrap();
        }
        let (code, text) = directory.add(room("one_more", "239.0.0.9:5000", 0)).unwrap_err();
        assert_eq!((code, &text[..]), ("TOO_MANY", "There are 1000 rooms; no more are taken"));
    }

    #[test]
    fn one_party_does_not_fill_it() {
        let mut directory = RoomTable::default();
        let mut fill = |party: &str| {
            let mut add = |number: usize| {
                let address = format!("239.1.0.0:{}", 2000 + directory.0.len());
                let room = room(&format!("{number}-{party}"), &address, 0);
                directory.add(MulticastRoom { party: party.parse().ok(), ..room }).is_ok()
            };
            (0..1000).take_while(|number| add(*number)).count()
        };
        let made = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"].map(&mut fill);
        assert_eq!(made, [500, 0, 250, 125, 125], "this machine is exempt");
    }

    #[test]
    fn a_room_has_a_name_and_an_address_for_it() {
        for good in ["a", "the-lab", "caf\u{e9}"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "#a", ":a", "a b", "a,b", "a\u{7}", &"x".repeat(64)] {
            assert!(!is_name(bad), "{bad}");
        }
        for (address, is_good) in [
            ("239.0.0.0:1024", true),
            ("239.255.255.255:65535", true),
            ("238.0.0.1:4000", false),
            ("239.0.0.1:1023", false),
        ] {
            assert_eq!(is_address(address.parse().unwrap()), is_good, "{address}");
        }
    }

    #[test]
    fn a_line_comes_back_as_it_was() {
        let key = RoomKey::Key([7; 32]);
        let owner_key = Some(Fingerprint([9; 32]));
        let plain = room("lab", "239.0.0.1:4000", 0xfeed);
        let encrypted = MulticastRoom { owner_key, party: owner_key.map(Party::Key), key, ..plain.clone() };
        let of_network = MulticastRoom { party: "::1".parse().ok(), ..plain.clone() };
        let line = encrypted.line();
        let (of_earlier_version, _) = line.rsplit_once(' ').unwrap();
        assert_eq!(MulticastRoom::parse(of_earlier_version).as_ref(), Some(&encrypted));
        for room in [plain, encrypted, of_network] {
            assert_eq!(MulticastRoom::parse(&room.line()), Some(room.clone()));
            assert_eq!(MulticastRoom::parse(&format!("{} x", room.line())), None);
        }
        assert!(!format!("{key:?}").contains('7'), "no log shows it");
    }
}
