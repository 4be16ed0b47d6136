//! A room of the directory, and what happens in the directory, in words.
//!
//! Pure; made by the receiver thread and by commands.

use crate::core::event::{Sentence, WingEvent};
use std::net::SocketAddrV4;
use wire::directory_line::{DirectoryLine, RoomKey};
use wire::text::table;

/// The kind of request that lists the directory, or asks for the room that it is about.
pub const LISTING: &str = "directory";

/// Rooms of a listing that have a button each: as many as one looks through.
const BUTTONS: usize = 20;

/// A room of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MulticastRoom {
    pub name: String,
    pub address: SocketAddrV4,
    pub owner: String,
    /// Keeps it apart from other rooms.
    pub id: u64,
    pub key: RoomKey,
}

impl MulticastRoom {
    /// The room in a row of an answer.
    fn parse(row: &[String]) -> Option<Self> {
        let params: Vec<_> = row.iter().map(String::as_str).collect();
        let DirectoryLine::Item { name, address, owner, id, key } = DirectoryLine::parse("GETDIR", &params)? else {
            return None;
        };
        Some(MulticastRoom { name: name.to_owned(), address, owner: owner.to_owned(), id, key })
    }
}

/// A name without the `#` that may come along from rooms of the server.
pub fn without_mark(name: &str) -> &str {
    name.strip_prefix('#').unwrap_or(name)
}

/// What happens in the directory.
pub enum DirectoryEvent {
    /// The directory, as the user asked for it.
    Listing(Vec<MulticastRoom>),
    /// Our room is in the directory.
    Made { name: String, address: SocketAddrV4 },
    /// Our room is in the directory no more.
    Deleted { name: String },
}

/// The rooms in the rows of an answer.
pub fn rooms(rows: &[Vec<String>]) -> Vec<MulticastRoom> {
    rows.iter().filter_map(|row| MulticastRoom::parse(row)).collect()
}

impl WingEvent for DirectoryEvent {
    fn sentence(&self) -> Option<Sentence> {
        Some(match self {
            DirectoryEvent::Listing(rooms) if rooms.is_empty() => {
                Sentence::Answer("There is no multicast room in the directory; /makeroom makes one".to_owned())
            }
            DirectoryEvent::Listing(rooms) => Sentence::Lines(lines(rooms)),
            DirectoryEvent::Made { name, address } => {
                Sentence::Answer(format!("The room {name} is in the directory, at {address}"))
            }
            DirectoryEvent::Deleted { name } => {
                Sentence::Answer(format!("The room {name} is in the directory no more"))
            }
        })
    }

    fn actions(&self) -> Vec<(String, String)> {
        let enter = |name: &str| (format!("Enter {name}"), format!("/chat {name}"));
        match self {
            DirectoryEvent::Listing(rooms) => rooms.iter().take(BUTTONS).map(|room| enter(&room.name)).collect(),
            DirectoryEvent::Made { name, .. } => vec![enter(name)],
            DirectoryEvent::Deleted { .. } => Vec::new(),
        }
    }
}

/// A row for each room, and one above them.
fn lines(rooms: &[MulticastRoom]) -> Vec<String> {
    let heads = ["ROOM", "ADDRESS", "OWNER"].map(str::to_owned);
    let rows = rooms.iter().map(|room| [room.name.clone(), room.address.to_string(), room.owner.clone()]);
    table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>(), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_it_has_to_be() {
        let row = |row: &str| row.split(' ').map(str::to_owned).collect();
        let rows = [
            "ITEM lab 239.1.2.3 4000 tesla 7 open",
            "ITEM café-room 239.1.2.3 65535 al 8 sealed",
            "ITEM broken 239.1.2.3 x al 8 open",
        ];
        assert_eq!(
            lines(&rooms(&rows.map(row))),
            [
                "ROOM       ADDRESS          OWNER",
                "lab        239.1.2.3:4000   tesla",
                "café-room  239.1.2.3:65535  al"
            ]
        );
    }
}
