//! The lines by which the server tells of its directory of multicast rooms.
//!
//! Pure. The server writes them, the client reads them.

use std::fmt;
use std::net::SocketAddrV4;

use crate::fingerprint::Fingerprint;

/// How the messages in a multicast room are encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RoomKey {
    /// Not at all.
    Open,
    /// With a key that this line does not tell: the client did not ask for this room alone, or not over TLS.
    Hidden,
    /// With this key.
    Key([u8; 32]),
}

/// A line of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryLine<'a> {
    /// `GETDIR ITEM <name> <ip> <port> <owner> <id> <key>`: a row of the directory.
    Item {
        /// The room's name, without `#`.
        name: &'a str,
        /// Where its members meet.
        address: SocketAddrV4,
        /// The nick of its owner.
        owner: &'a str,
        /// Keeps it apart from a later room of the same name.
        id: u64,
        /// How its messages are encrypted.
        key: RoomKey,
    },
    /// `GETDIR END`
    End,
    /// `MAKEROOM <name> <ip> <port>`: the client's room is in the directory.
    Made {
        /// The room's name.
        name: &'a str,
        /// Where its members meet.
        address: SocketAddrV4,
    },
    /// `DELETEROOM <name>`: the client's room is removed.
    Deleted {
        /// The room's name.
        name: &'a str,
    },
}

impl<'a> DirectoryLine<'a> {
    /// Reads a line from a server; `None` when it is not one of these.
    pub fn parse(verb: &str, params: &[&'a str]) -> Option<Self> {
        let address = |ip: &str, port: &str| Some(SocketAddrV4::new(ip.parse().ok()?, port.parse().ok()?));
        Some(match (verb, params) {
            ("GETDIR", &["ITEM", name, ip, port, owner, id, key, ..]) => DirectoryLine::Item {
                name,
                address: address(ip, port)?,
                owner,
                id: u64::from_str_radix(id, 16).ok()?,
                key: RoomKey::parse(key),
            },
            ("GETDIR", &["END", ..]) => DirectoryLine::End,
            ("MAKEROOM", &[name, ip, port, ..]) => DirectoryLine::Made { name, address: address(ip, port)? },
            ("DELETEROOM", &[name, ..]) => DirectoryLine::Deleted { name },
            _ => return None,
        })
    }
}

/// Writes the line without its source and its end.
impl fmt::Display for DirectoryLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectoryLine::Item { name, address, owner, id, key } => {
                write!(f, "GETDIR ITEM {name} {} {} {owner} {id:016x} {key}", address.ip(), address.port())
            }
            DirectoryLine::End => f.write_str("GETDIR END"),
            DirectoryLine::Made { name, address } => {
                write!(f, "MAKEROOM {name} {} {}", address.ip(), address.port())
            }
            DirectoryLine::Deleted { name } => write!(f, "DELETEROOM {name}"),
        }
    }
}

impl RoomKey {
    /// A word that is neither `open` nor a key hides one.
    fn parse(word: &str) -> Self {
        match word {
            "open" => RoomKey::Open,
            // A key is written as a fingerprint is.
            word => word.parse::<Fingerprint>().map_or(RoomKey::Hidden, |key| RoomKey::Key(key.0)),
        }
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoomKey::Open => f.write_str("open"),
            RoomKey::Hidden => f.write_str("sealed"),
            RoomKey::Key(key) => Fingerprint(*key).fmt(f),
        }
    }
}

/// No log shows a key.
impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RoomKey::Open => "Open",
            RoomKey::Hidden => "Hidden",
            RoomKey::Key(_) => "Key",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn both_ends_agree() {
        let address = "239.1.2.3:4000".parse().unwrap();
        let item = |key| DirectoryLine::Item { name: "lab", address, owner: "mel", id: 0xf00, key };
        for line in [
            item(RoomKey::Open),
            item(RoomKey::Hidden),
            item(RoomKey::Key([7; 32])),
            DirectoryLine::End,
            DirectoryLine::Made { name: "lab", address },
            DirectoryLine::Deleted { name: "lab" },
        ] {
            let written = line.to_string();
            let message = Message::parse(&written).unwrap();
            assert_eq!(DirectoryLine::parse(message.verb, &message.params), Some(line), "{written}");
        }
        assert_eq!(DirectoryLine::parse("MAKEROOM", &["lab", "239.1.2.3", "x"]), None);
    }
}
