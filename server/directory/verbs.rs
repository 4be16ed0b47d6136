//! The verbs of the directory: GETDIR, MAKEROOM, DELETEROOM.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk.

use std::net::SocketAddrV4;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::directory_line::{DirectoryLine, RoomKey};
use wire::fail::Fail;
use wire::message::Message;

use super::file::DirectoryFile;
use super::limits;
use super::table::{Conflict, MulticastRoom, RoomTable, is_address, is_name};
use crate::core::context::CommandContext;

pub struct Rooms {
    pub table: Mutex<RoomTable>,
    pub file: DirectoryFile,
    /// New rooms get a key.
    pub encrypted: bool,
}

const NO_SUCH_ROOM: &str = "There is no such room in the directory";
const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";

fn fail(ctx: &mut CommandContext<'_>, verb: &str, code: &str, name: &str, text: &str) {
    ctx.replies.fail(Fail { verb, code, context: Some(name), text });
}

impl Rooms {
    fn table(&self) -> MutexGuard<'_, RoomTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn getdir(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
        let asked = message.param(0);
        let rooms: Vec<MulticastRoom> = match asked {
            Some(name) => self.table().get(name).cloned().into_iter().collect(),
            None => self.table().all().cloned().collect(),
        };
        if let Some(name) = asked.filter(|_| rooms.is_empty()) {
            return fail(ctx, "GETDIR", "NO_SUCH_ROOM", name, NO_SUCH_ROOM);
        }
        // A key is for a client that enters, over a connection on which nobody else sees it.
        let shows_key = asked.is_some() && ctx.me().secure;
        for MulticastRoom { name, address, owner, id, key, .. } in &rooms {
            let (address, id) = (*address, *id);
            let key = if *key == RoomKey::Open || shows_key { *key } else { RoomKey::Hidden };
            ctx.replies.server_line(DirectoryLine::Item { name, address, owner, id, key });
        }
        ctx.replies.server_line(DirectoryLine::End);
    }

    pub fn makeroom(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
        let [name, ip, port, ..] = message.params[..] else { return };
        let invalid = |ctx: &mut CommandContext<'_>, text: &str| fail(ctx, "MAKEROOM", "INVALID_PARAMS", name, text);
        if !is_name(name) {
            return invalid(ctx, "A room's name has 1 to 63 bytes, no space, no comma, and no # or : in front");
        }
        let address = ip.parse().ok().zip(port.parse().ok()).map(|(ip, port)| SocketAddrV4::new(ip, port));
        let Some(address) = address.filter(|address| is_address(*address)) else {
            return invalid(
                ctx,
                "Members meet at an address from 239.0.0.0 to 239.255.255.255 and a port from 1024 to 65535",
            );
        };
        let (id, key) = split(&ctx.inputs.random);
        let key = if self.encrypted { RoomKey::Key(key) } else { RoomKey::Open };
        let me = ctx.me();
        let room = MulticastRoom { name: name.into(), address, owner: me.nick().into(), owner_key: me.key, id, key };
        let added = self.table().add(room.clone());
        if let Err(conflict) = added {
            let (code, text) = match conflict {
                Conflict::Name(other) => ("NAME_TAKEN", format!("There is a room {other} already")),
                Conflict::Address(other) => ("ADDRESS_TAKEN", format!("The members of {other} meet there already")),
                Conflict::Full => {
                    ("TOO_MANY", format!("There are {} rooms; no more are taken", limits::DIRECTORY_ROOMS))
                }
            };
            return fail(ctx, "MAKEROOM", code, name, &text);
        }
        if !self.write(ctx) {
            self.table().remove(&room);
            return fail(ctx, "MAKEROOM", "UNAVAILABLE", name, NO_DISK);
        }
        ctx.log(format_args!("made the multicast room {name} at {address}"));
        ctx.replies.server_line(DirectoryLine::Made { name, address });
    }

    pub fn deleteroom(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
        let name = message.params[0];
        let room = self.table().get(name).cloned();
        let Some(room) = room else {
            return fail(ctx, "DELETEROOM", "NO_SUCH_ROOM", name, NO_SUCH_ROOM);
        };
        if !room.is_of(ctx.me()) {
            let text = format!("{} is a room of {}, who alone can delete it", room.name, room.owner);
            return fail(ctx, "DELETEROOM", "NOT_YOURS", name, &text);
        }
        self.table().remove(&room);
        if !self.write(ctx) {
            // It stays, as it will after a restart; unless its name was taken meanwhile.
            let _ = self.table().add(room);
            return fail(ctx, "DELETEROOM", "UNAVAILABLE", name, NO_DISK);
        }
        ctx.log(format_args!("deleted the multicast room {}", room.name));
        ctx.replies.server_line(DirectoryLine::Deleted { name: &room.name });
    }

    /// Writes the directory down; false when that fails, which the console then says.
    fn write(&self, ctx: &mut CommandContext<'_>) -> bool {
        let written = ctx.without_lock(|_| self.file.write(&self.table));
        if let Err(error) = &written {
            ctx.server.log.line(format_args!("The directory cannot be written: {error}"));
        }
        written.is_ok()
    }
}

/// An id and a key out of random bytes.
fn split(random: &[u8; 40]) -> (u64, [u8; 32]) {
    let (mut id, mut key) = ([0; 8], [0; 32]);
    id.copy_from_slice(&random[..8]);
    key.copy_from_slice(&random[8..]);
    (u64::from_be_bytes(id), key)
}
