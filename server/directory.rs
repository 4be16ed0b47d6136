//! The directory of multicast rooms: which there are, where their members meet, and whose they are.
//!
//! The table is part of the registry, so it is only touched by a thread that holds the registry's lock. The file is
//! written by client threads while they do not, one at a time. What is said in these rooms the server never sees.
//!
//! ```text
//! <data folder>/directory     a line each: name, address, port, owner, the owner's key, id, the room's key
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wire::disk::{read_text, write_atomically};
use wire::fingerprint::Fingerprint;
use wire::limits;
use wire::names::{casefold, eq_ignore_case, is_nick, is_room};
use wire::os::sync_folder;

use crate::client::Client;
use crate::server::Server;

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As its owner has spelt it.
    pub name: String,
    pub address: SocketAddrV4,
    /// Who has made it.
    pub owner: String,
    pub owner_key: Option<Fingerprint>,
    /// Keeps it apart from a later room of the same name.
    pub id: u64,
    /// Seals what its members say; `None` where the server speaks no TLS by which to hand it out.
    pub key: Option<RoomKey>,
}

/// The key of a room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoomKey(pub [u8; 32]);

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is written as a fingerprint is.
        Fingerprint(self.0).fmt(f)
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey")
    }
}

impl Place {
    /// Whether it is this client's to remove: that of the key that has made it, or else of who has the name now.
    pub fn is_of(&self, client: &Client) -> bool {
        self.owner_key.map_or_else(|| eq_ignore_case(&self.owner, client.nick()), |key| client.key == Some(key))
    }

    fn line(&self) -> String {
        let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let (ip, port) = (self.address.ip(), self.address.port());
        let (owner_key, key) = (self.owner_key.map(|key| key.to_string()), self.key.map(|key| key.to_string()));
        let (owner_key, key) = (or_nothing(owner_key), or_nothing(key));
        format!("{} {ip} {port} {} {owner_key} {:016x} {key}", self.name, self.owner, self.id)
    }

    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, ip, port, owner, owner_key, id, key] = words[..] else { return None };
        let fingerprint = |text: &str| match text {
            "-" => Some(None),
            text => text.parse::<Fingerprint>().ok().map(Some),
        };
        Some(Place {
            name: Some(name).filter(|name| is_name(name))?.into(),
            address: Some(SocketAddrV4::new(ip.parse().ok()?, port.parse().ok()?)).filter(|at| is_address(*at))?,
            owner: Some(owner).filter(|owner| is_nick(owner))?.into(),
            owner_key: fingerprint(owner_key)?,
            id: u64::from_str_radix(id, 16).ok()?,
            key: fingerprint(key)?.map(|key| RoomKey(key.0)),
        })
    }
}

/// Whether a multicast room can be called so: as a room of the server can, but without its `#`.
pub fn is_name(name: &str) -> bool {
    !name.starts_with(['#', ':']) && is_room(&format!("#{name}"))
}

/// Whether members may meet there: at an address that stays within an organisation (RFC 2365: 239.0.0.0/8), at a port
/// that needs no privilege.
pub fn is_address(address: SocketAddrV4) -> bool {
    address.ip().octets()[0] == 239 && address.port() >= limits::PLACE_PORT
}

/// Why a room cannot be entered into the directory.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    Name(String),
    /// By the room of this name.
    Address(String),
    Full,
}

/// The table, by folded name.
#[derive(Debug, Default)]
pub struct Directory(BTreeMap<String, Place>);

impl Directory {
    pub fn add(&mut self, place: Place) -> Result<(), Taken> {
        if let Some(other) = self.0.get(&casefold(&place.name)) {
            return Err(Taken::Name(other.name.clone()));
        }
        if let Some(other) = self.0.values().find(|other| other.address == place.address) {
            return Err(Taken::Address(other.name.clone()));
        }
        if self.0.len() >= limits::PLACES {
            return Err(Taken::Full);
        }
        self.0.insert(casefold(&place.name), place);
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&Place> {
        self.0.get(&casefold(name))
    }

    /// Takes a room out, if it is still this one.
    pub fn remove(&mut self, place: &Place) -> bool {
        let is_it = self.get(&place.name).is_some_and(|other| other.id == place.id);
        is_it && self.0.remove(&casefold(&place.name)).is_some()
    }

    /// All rooms, by name.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.values()
    }
}

/// The file. The lock is held while it is written, never together with a wait for the registry's.
#[derive(Debug)]
pub struct DirectoryFile(Mutex<PathBuf>);

impl DirectoryFile {
    /// Reads the directory of an earlier run; with it come sentences about what is damaged.
    pub fn open(data: &Path) -> Result<(Self, Directory, Vec<String>), String> {
        let path = data.join("directory");
        let text = read_text(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let (mut directory, mut troubles) = (Directory::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            if Place::parse(line).is_none_or(|place| directory.add(place).is_err()) {
                troubles.push(format!("Line {number} of {} is no room and is left out", path.display()));
            }
        }
        if !troubles.is_empty() {
            let aside = data.join("directory.damaged");
            // The next room that is made writes the file anew.
            match fs::copy(&path, &aside) {
                Ok(_) => troubles.push(format!("The directory as it was is in {}", aside.display())),
                Err(error) => troubles.push(format!("Cannot write {}: {error}", aside.display())),
            }
        }
        Ok((DirectoryFile(Mutex::new(path)), directory, troubles))
    }

    /// Writes down what the directory is now. Not to be called under the registry's lock.
    pub fn write(&self, server: &Server) -> io::Result<()> {
        let path = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken under this lock, so that a later write holds no less than an earlier one.
        let lines: Vec<String> = server.registry().directory.places().map(Place::line).collect();
        write_atomically(&path, lines.iter().flat_map(|line| [line, "\n"]).collect::<String>().as_bytes())?;
        path.parent().map_or(Ok(()), sync_folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, address: &str, id: u64) -> Place {
        let address = address.parse().unwrap();
        Place { name: name.into(), address, owner: "tesla".into(), owner_key: None, id, key: None }
    }

    #[test]
    fn names_and_addresses_are_unique() {
        let mut directory = Directory::default();
        directory.add(place("Lab", "239.0.0.1:4000", 1)).unwrap();
        assert_eq!(directory.add(place("lab", "239.0.0.2:4000", 2)), Err(Taken::Name("Lab".into())));
        assert_eq!(directory.add(place("b", "239.0.0.1:4000", 3)), Err(Taken::Address("Lab".into())));
        directory.add(place("b", "239.0.0.1:4001", 4)).unwrap();
        assert!(!directory.remove(&place("lab", "239.0.0.1:4000", 9)), "it is another room of this name");
        assert!(directory.remove(&place("LAB", "239.0.0.1:4000", 1)));
        for number in 1..limits::PLACES {
            let (high, low) = (number / 256, number % 256);
            directory.add(place(&number.to_string(), &format!("239.1.{high}.{low}:5000"), 0)).unwrap();
        }
        assert_eq!(directory.add(place("one_more", "239.0.0.9:5000", 0)), Err(Taken::Full));
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
        let key = Some(RoomKey([7; 32]));
        let sealed = Place { owner_key: Some(Fingerprint([9; 32])), key, ..place("lab", "239.0.0.1:4000", 0xfeed) };
        for place in [place("lab", "239.0.0.1:4000", 1), sealed] {
            assert_eq!(Place::parse(&place.line()), Some(place.clone()));
            assert_eq!(Place::parse(&format!("{} x", place.line())), None);
        }
        assert!(!format!("{key:?}").contains('7'), "no log shows it");
    }
}
