//! Tests of the registry: names, slots, rooms, walks in pieces.

use super::*;

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
    assert!(registry.take_nick(first, "Tesla"));
    assert!(!registry.take_nick(second, "tesla"));
    assert!(registry.take_nick(first, "TESLA"), "a change of case is no other name");
    assert!(registry.take_nick(first, "albert"));
    assert!(registry.take_nick(second, "tesla"));
    registry.remove(first);
    assert!(registry.take_nick(second, "albert"));
}

#[test]
fn a_walk_goes_on_where_it_stopped() {
    let mut registry = Registry::default();
    let ids = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(|address| admit(&mut registry, address).unwrap());
    ids.iter().for_each(|&id| registry.mark_registered(id));
    let walk = |registry: &Registry, slot| -> Vec<(usize, ClientId)> {
        registry.slots_from(slot).filter_map(|(behind, client)| Some((behind, client?.id))).collect()
    };
    let (behind, first) = walk(&registry, 0)[0];
    assert_eq!((behind, first), (1, ids[0]));
    registry.remove(ids[0]);
    registry.remove(ids[1]);
    let fourth = admit(&mut registry, "127.0.0.1:4").unwrap();
    assert_eq!(walk(&registry, behind).into_iter().map(|(_, id)| id).collect::<Vec<_>>(), [ids[2]]);
    registry.mark_registered(fourth);
    assert!(walk(&registry, behind).iter().any(|(_, id)| *id == fourth), "it has the slot of another");
    for name in ["#C", "#b", "#d"] {
        registry.room_or_new(name, SystemTime::UNIX_EPOCH);
    }
    assert_eq!(registry.rooms_after("#b").map(|(folded, _)| folded).collect::<Vec<_>>(), ["#c", "#d"]);
    assert_eq!(registry.rooms_after("").count(), 3);
}

#[test]
fn peers_of_many_rooms_are_listed_once() {
    let mut registry = Registry::default();
    let ids = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(|address| admit(&mut registry, address).unwrap());
    for (name, members) in [("#a", &ids[..2]), ("#b", &ids[..2]), ("#c", &ids[2..])] {
        members.iter().for_each(|&id| registry.room_or_new(name, SystemTime::UNIX_EPOCH).add(id));
        members.iter().for_each(|id| registry.client_mut(*id).unwrap().rooms.push(name.into()));
    }
    let mut peers = registry.peers(ids[1]).clients.to_vec();
    peers.sort_unstable();
    assert_eq!(peers, ids[..2]);
    assert_eq!(registry.peers(ids[2]).clients[..], ids[2..]);
}

#[test]
fn a_detached_connection_takes_no_place_from_clients() {
    let mut registry = Registry::default();
    let (one, two) = (admit(&mut registry, "192.0.2.1:1").unwrap(), admit(&mut registry, "192.0.2.1:2").unwrap());
    assert!(admit(&mut registry, "192.0.2.1:3").unwrap_err().contains("your address"));
    registry.detach(one);
    registry.detach(one);
    let three = admit(&mut registry, "192.0.2.1:3").unwrap();
    assert_eq!(registry.counts().unknown, 2);
    for id in [one, two, three] {
        registry.remove(id).unwrap();
    }
    assert_eq!(registry.counts().unknown, 0);
}

#[test]
fn addresses_of_others_are_cloaked() {
    let registry = Registry::default();
    let shown = |ip: &str| registry.cloaked_host(ip.parse().unwrap());
    assert_eq!((&shown("127.0.0.1")[..], &shown("::1")[..]), ("127.0.0.1", "0::1"));
    assert!(!shown("192.0.2.77").contains("192.0.2"));
    assert_eq!(shown("192.0.2.77"), shown("192.0.2.77"));
    assert_ne!(shown("192.0.2.77"), shown("192.0.2.78"));
}
