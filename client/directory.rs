//! The server's directory of multicast rooms, as far as it has been asked for.
//!
//! Part of the state and thus under its lock; filled by the receiver thread.

use crate::state::State;
use std::net::SocketAddrV4;
use wire::fingerprint::Fingerprint;
use wire::text::table;

/// A room of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub address: SocketAddrV4,
    pub owner: String,
    /// Keeps it apart from other rooms.
    pub id: u64,
    pub key: Key,
}

/// How what is said in a room is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Not at all.
    Open,
    /// With this key, if we were told.
    Sealed(Option<[u8; 32]>),
}

/// Handles `GETDIR`, `MAKEROOM` and `DELETEROOM` from the server.
pub fn handle(state: &mut State, verb: &str, params: &[&str]) {
    match (verb, params) {
        ("GETDIR", ["ITEM", name, ip, port, owner, id, key, ..]) => {
            let address = ip.parse().ok().zip(port.parse().ok()).map(|(ip, port)| SocketAddrV4::new(ip, port));
            let key = match *key {
                "open" => Key::Open,
                key => Key::Sealed(key.parse::<Fingerprint>().ok().map(|digits| digits.0)),
            };
            if let Some(address) = address
                && let Ok(id) = u64::from_str_radix(id, 16)
            {
                let (name, owner) = ((*name).to_owned(), (*owner).to_owned());
                state.directory.push(Place { name, address, owner, id, key });
            }
        }
        // Whoever wants to enter takes it from there.
        ("GETDIR", ["END", ..]) if state.wants_to_enter => {}
        ("GETDIR", ["END", ..]) => show(state),
        ("MAKEROOM", [name, ip, port, ..]) => {
            state.screen.tell(&format!("The room {name} is in the directory, at {ip}:{port}"));
        }
        ("DELETEROOM", [name, ..]) => state.screen.tell(&format!("The room {name} is in the directory no more")),
        _ => {}
    }
}

fn show(state: &mut State) {
    let places = std::mem::take(&mut state.directory);
    if places.is_empty() {
        state.screen.tell("There is no multicast room in the directory; /makeroom makes one");
        return;
    }
    listing(&places).iter().for_each(|row| state.screen.tell(row));
}

/// A row for each room, and one above them.
fn listing(places: &[Place]) -> Vec<String> {
    let heads = ["ROOM", "ADDRESS", "OWNER"].map(str::to_owned);
    let rows = places.iter().map(|place| [place.name.clone(), place.address.to_string(), place.owner.clone()]);
    let rows: Vec<_> = std::iter::once(heads).chain(rows).collect();
    table(&rows, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_it_has_to_be() {
        let place = |name: &str, address: &str, owner: &str| Place {
            name: name.into(),
            address: address.parse().unwrap(),
            owner: owner.into(),
            id: 7,
            key: Key::Open,
        };
        let places = [place("lab", "239.1.2.3:4000", "tesla"), place("café-room", "239.1.2.3:65535", "al")];
        assert_eq!(
            listing(&places),
            [
                "ROOM       ADDRESS          OWNER",
                "lab        239.1.2.3:4000   tesla",
                "café-room  239.1.2.3:65535  al"
            ]
        );
    }
}
