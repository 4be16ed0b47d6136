//! The verbs of the directory: GETDIR, MAKEROOM, DELETEROOM.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk.

use std::net::SocketAddrV4;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::directory_line::{DirectoryLine, RoomKey};
use wire::message::Message;
use wire::names::casefold;

use super::file::DirectoryFile;
use super::table::{MulticastRoom, Refusal, RoomTable, is_address, is_name};
use crate::core::context::{CommandContext, Piece};
use crate::core::limits::PIECE;
use crate::core::log::Trouble;
use crate::core::registry::Registry;
use crate::core::replies::Replies;

pub struct Rooms {
    pub table: Mutex<RoomTable>,
    pub file: DirectoryFile,
    /// New rooms get a key.
    pub encrypted: bool,
    /// A client's requests could fill the console with it.
    pub not_written: Trouble,
}

/// The function of a verb, which answers by itself unless it refuses.
pub type Verb = fn(&Rooms, &mut CommandContext<'_>, &Message<'_>) -> Result<(), Refusal>;

fn no_such_room() -> Refusal {
    ("NO_SUCH_ROOM", "There is no such room in the directory".into())
}

/// The key as everybody may see it: whether there is one.
fn shown_key(room: &MulticastRoom) -> RoomKey {
    if room.key == RoomKey::Open { RoomKey::Open } else { RoomKey::Hidden }
}

fn item(replies: &mut Replies<'_>, room: &MulticastRoom, key: RoomKey) {
    let MulticastRoom { name, address, owner, id, .. } = room;
    replies.server_line(DirectoryLine::Item { name, address: *address, owner, id: *id, key });
}

impl Rooms {
    fn table(&self) -> MutexGuard<'_, RoomTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn getdir(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) -> Result<(), Refusal> {
        if let Some(name) = message.param(0) {
            let room = self.table().get(name).cloned().ok_or_else(no_such_room)?;
            // A key is for a client that enters, over a connection on which nobody else sees it.
            let key = if ctx.me().secure { room.key } else { shown_key(&room) };
            item(&mut ctx.replies, &room, key);
        } else {
            let mut last = String::new();
            let copy = |_: &Registry, piece: &mut Piece<MulticastRoom>| {
                piece.entries.extend(self.table().after(&last).take(PIECE).cloned());
                piece.work = piece.entries.len();
                if let Some(room) = piece.entries.last() {
                    last = casefold(&room.name);
                }
            };
            ctx.in_pieces(copy, |replies, room| {
                item(replies, &room, shown_key(&room));
                true
            });
        }
        ctx.replies.server_line(DirectoryLine::End);
        Ok(())
    }

    pub fn makeroom(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) -> Result<(), Refusal> {
        let (name, ip, port) = (message.params[0], message.params[1], message.params[2]);
        let invalid = |text: &str| ("INVALID_PARAMS", text.to_owned());
        if !is_name(name) {
            return Err(invalid("A room's name has 1 to 63 bytes, no space, no comma, and no # or : in front"));
        }
        let address = ip.parse().ok().zip(port.parse().ok()).map(|(ip, port)| SocketAddrV4::new(ip, port));
        let address = address.filter(|address| is_address(*address)).ok_or_else(|| {
            invalid("Members meet at an address from 239.0.0.0 to 239.255.255.255 and a port from 1024 to 65535")
        })?;
        let (id, key) = split(&ctx.inputs.random);
        let key = if self.encrypted { RoomKey::Key(key) } else { RoomKey::Open };
        let me = ctx.me();
        let (owner, owner_key, party) = (me.nick().into(), me.key, Some(me.party));
        let room = MulticastRoom { name: name.into(), address, owner, owner_key, party, id, key };
        self.table().add(room.clone())?;
        self.write(ctx).inspect_err(|_| _ = self.table().remove(&room))?;
        ctx.log(format_args!("made the multicast room {name} at {address}"));
        ctx.replies.server_line(DirectoryLine::Made { name, address });
        Ok(())
    }

    pub fn deleteroom(&self, ctx: &mut CommandContext<'_>, message: &Message<'_>) -> Result<(), Refusal> {
        let room = self.table().get(message.params[0]).cloned().ok_or_else(no_such_room)?;
        if !room.is_of(ctx.me()) {
            return Err(("NOT_YOURS", format!("{} is a room of {}, who alone can delete it", room.name, room.owner)));
        }
        self.table().remove(&room);
        // On an error it stays, as it will after a restart; unless its name was taken meanwhile.
        self.write(ctx).inspect_err(|_| _ = self.table().add(room.clone()))?;
        ctx.log(format_args!("deleted the multicast room {}", room.name));
        ctx.replies.server_line(DirectoryLine::Deleted { name: &room.name });
        Ok(())
    }

    /// Writes the directory to the disk. The console says why that fails.
    fn write(&self, ctx: &mut CommandContext<'_>) -> Result<(), Refusal> {
        ctx.on_disk(|_| self.file.write(&self.table)).map_err(|error| {
            let line = format_args!("The directory cannot be written: {error}");
            self.not_written.report(&ctx.server.log, ctx.inputs.instant, line);
            ("UNAVAILABLE", "The server's disk fails; try again later, or tell who runs it".into())
        })
    }
}

/// An id and a key out of random bytes.
fn split(random: &[u8; 40]) -> (u64, [u8; 32]) {
    let (mut id, mut key) = ([0; 8], [0; 32]);
    id.copy_from_slice(&random[..8]);
    key.copy_from_slice(&random[8..]);
    (u64::from_be_bytes(id), key)
}
