//! FILE LIST: the files that a client has sent or that were sent to it.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go between two pieces.

use wire::file_line::{FileLine, FileState};

use super::ids::FileId;
use super::shared_file::{Recipient, SharedFile};
use super::store::Files;
use super::table::FileTable;
use crate::core::context::{CommandContext, Piece};
use crate::core::limits::PIECE;
use crate::core::registry::Registry;

/// In pieces: a client may have thousands of files.
pub fn list(files: &Files, ctx: &mut CommandContext<'_>, me: &str) {
    let ids = ctx.without_lock(|_| files.table().of(me));
    let (mut rest, mut is_whole) = (&ids[..], true);
    let copy = |_: &Registry, piece: &mut Piece<String>| {
        let (some, later) = rest.split_at(rest.len().min(PIECE));
        let table = files.table();
        piece.entries.extend(some.iter().filter_map(|id| item(files, &table, *id, me)));
        (piece.work, rest) = (some.len(), later);
    };
    ctx.in_pieces(copy, |replies, line| {
        replies.server_line(line);
        is_whole = !replies.are_too_long("FILE");
        is_whole
    });
    if is_whole {
        ctx.replies.server_line(FileLine::End);
    }
}

/// A line of the list, if the file is there and for the client.
fn item(files: &Files, table: &FileTable, id: FileId, me: &str) -> Option<String> {
    let file = table.get(id).filter(|file| !files.is_over(file))?;
    let (is_own, recipient) = (table.is_sent_by(file, me), table.recipient(file, me));
    let state = match recipient {
        _ if file.crc.is_none() && is_own => FileState::Partial,
        _ if file.crc.is_none() => return None,
        _ if is_own => FileState::Sent,
        Some(Recipient { received: true, .. }) => FileState::Received,
        Some(_) => FileState::New,
        None => return None,
    };
    let (sender, target, crc) = (table.sender_of(file), table.target_of(file), file.crc.unwrap_or_default());
    let SharedFile { size, name, .. } = file;
    Some(FileLine::Item { id, sender, target, size: *size, crc, state, name }.to_string())
}
