//! The directory of multicast rooms: GETDIR, MAKEROOM, DELETEROOM.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk.

use std::net::SocketAddrV4;

use wire::limits;
use wire::message::Message;

use crate::chat::Chat;
use crate::directory::{Place, RoomKey, Taken, is_address, is_name};
use crate::replies::as_middle;
use crate::server::random;

pub fn getdir(chat: &mut Chat<'_>, message: &Message<'_>) {
    let asked = message.param(0);
    let places: Vec<Place> = match asked {
        Some(name) => chat.registry.directory.get(name).cloned().into_iter().collect(),
        None => chat.registry.directory.places().cloned().collect(),
    };
    if let Some(name) = asked.filter(|_| places.is_empty()) {
        return fail(chat, "GETDIR", "NO_SUCH_ROOM", name, "There is no such room in the directory");
    }
    let server = &chat.server.name;
    for Place { name, address, owner, id, key, .. } in places {
        // The key is for who enters, over a connection on which nobody else sees it.
        let key = match key {
            None => "open".to_owned(),
            Some(key) if asked.is_some() && chat.me().secure => key.to_string(),
            Some(_) => "sealed".to_owned(),
        };
        let (ip, port) = (address.ip(), address.port());
        chat.replies.line(format_args!(":{server} GETDIR ITEM {name} {ip} {port} {owner} {id:016x} {key}"));
    }
    chat.replies.line(format_args!(":{server} GETDIR END"));
}

pub fn makeroom(chat: &mut Chat<'_>, message: &Message<'_>) {
    let [name, ip, port, ..] = message.params[..] else { return };
    let invalid = |chat: &mut Chat<'_>, text: &str| fail(chat, "MAKEROOM", "INVALID_PARAMS", name, text);
    if !is_name(name) {
        return invalid(chat, "A room's name has 1 to 63 bytes, no space, no comma, and no # or : in front");
    }
    let address = ip.parse().ok().zip(port.parse().ok()).map(|(ip, port)| SocketAddrV4::new(ip, port));
    let Some(address) = address.filter(|address| is_address(*address)) else {
        return invalid(
            chat,
            "Members meet at an address from 239.0.0.0 to 239.255.255.255 and a port from 1024 to 65535",
        );
    };
    let place = chat.unlocked(|server| {
        let key = server.acceptor.as_ref().map(|_| random().map(RoomKey)).transpose()?;
        std::io::Result::Ok((u64::from_be_bytes(random()?), key))
    });
    let made = place.map(|(id, key)| {
        let me = chat.me();
        Place { name: name.into(), address, owner: me.nick().into(), owner_key: me.key, id, key }
    });
    let Ok(place) = made else { return fail(chat, "MAKEROOM", "UNAVAILABLE", name, NO_DISK) };
    if let Err(taken) = chat.registry.directory.add(place.clone()) {
        let (code, text) = match taken {
            Taken::Name(other) => ("NAME_TAKEN", format!("There is a room {other} already")),
            Taken::Address(other) => ("ADDRESS_TAKEN", format!("The members of {other} meet there already")),
            Taken::Full => ("TOO_MANY", format!("There are {} rooms; no more are taken", limits::PLACES)),
        };
        return fail(chat, "MAKEROOM", code, name, &text);
    }
    if !write(chat) {
        chat.registry.directory.remove(&place);
        return fail(chat, "MAKEROOM", "UNAVAILABLE", name, NO_DISK);
    }
    chat.log(format_args!("made the multicast room {name} at {address}"));
    let (ip, port) = (address.ip(), address.port());
    chat.replies.line(format_args!(":{} MAKEROOM {name} {ip} {port}", chat.server.name));
}

pub fn deleteroom(chat: &mut Chat<'_>, message: &Message<'_>) {
    let name = message.params[0];
    let Some(place) = chat.registry.directory.get(name).cloned() else {
        return fail(chat, "DELETEROOM", "NO_SUCH_ROOM", name, "There is no such room in the directory");
    };
    if !place.is_of(chat.me()) {
        let text = format!("{} is a room of {}, who alone can delete it", place.name, place.owner);
        return fail(chat, "DELETEROOM", "NOT_YOURS", name, &text);
    }
    chat.registry.directory.remove(&place);
    if !write(chat) {
        // It stays, as it will after a restart; if the name was taken meanwhile it does not.
        let _ = chat.registry.directory.add(place);
        return fail(chat, "DELETEROOM", "UNAVAILABLE", name, NO_DISK);
    }
    chat.log(format_args!("deleted the multicast room {}", place.name));
    chat.replies.line(format_args!(":{} DELETEROOM {}", chat.server.name, place.name));
}

const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";

/// Writes the directory down; false when that cannot be, which the window then says.
fn write(chat: &mut Chat<'_>) -> bool {
    let written = chat.unlocked(|server| server.directory_file.write(server));
    if let Err(error) = &written {
        chat.server.log.line(format_args!("The directory cannot be written: {error}"));
    }
    written.is_ok()
}

fn fail(chat: &mut Chat<'_>, verb: &str, code: &str, name: &str, text: &str) {
    let server = &chat.server.name;
    chat.replies.line(format_args!(":{server} FAIL {verb} {code} {} :{text}", as_middle(name)));
}
