//! Notifications: who is told of a file. Its recipients, when it is complete or withdrawn; its sender, when somebody has
//! received it.
//!
//! Runs in the thread of the client that brought it about, under the registry's lock, which it lets go while it waits for
//! the disk; at the start of the server in the main thread.

use std::io;
use std::time::SystemTime;

use wire::file_line::FileLine;
use wire::files::readable_size;
use wire::message::Message;
use wire::names::{casefold, eq_ignore_case};

use super::journal;
use super::limits;
use super::person::{Person, Recipient};
use super::shared_file::{FileId, SharedFile};
use super::store::FileStore;
use crate::core::client::Client;
use crate::core::context::{CommandContext, PrivateMessage, Wings};
use crate::core::event::{Caps, ClientId, Line, Recipients};
use crate::core::msgid::Msgid;
use crate::core::registry::Registry;
use crate::core::room::Room;
use crate::core::server::Server;
use crate::mail::delivery;
use crate::mail::store::Stored;

/// The capability to send and receive files.
pub const FILES: Caps = Caps::bit(Caps::FIRST_OF_WINGS + 2);

/// A line FILE. Clients that do not know files get a NOTICE in its place, or nothing.
fn message(now: SystemTime, source: &str, line: &FileLine<'_>, id: Msgid) -> Line {
    for_clients(Line::message(now, format_args!(":{source} {line}"), format!("msgid={id}")), source, line)
}

/// Gives a line FILE that was stored its NOTICE back, which the stored text does not hold.
pub fn restore(line: Line, message: &Message<'_>) -> Line {
    match FileLine::parse(&message.params) {
        Some(file_line) => for_clients(line, message.source.unwrap_or_default(), &file_line),
        None => line.only_for(FILES, None),
    }
}

fn for_clients(line: Line, source: &str, file_line: &FileLine<'_>) -> Line {
    let (target, text) = match *file_line {
        FileLine::Announce { target, id, size, name, .. } => {
            let size = readable_size(size);
            (target, format!("shared a file: {name} ({size}); with the groupchat client /get {id} fetches it"))
        }
        FileLine::Cancelled { target, name, .. } => (target, format!("took a file back: {name}")),
        _ => return line.only_for(FILES, None),
    };
    line.only_for(FILES, Some(format_args!(":{source} NOTICE {target} :{text}")))
}

fn announcement(registry: &Registry, file: &SharedFile, now: SystemTime, msgid: Msgid) -> Line {
    let SharedFile { id, size, crc, name, .. } = file;
    let (id, size, crc) = (*id, *size, crc.unwrap_or_default());
    let line = FileLine::Announce { target: file.present_target(), id, size, crc, name };
    message(now, &source(registry, file), &line, msgid)
}

/// The client of a person, if connected.
fn online<'a>(registry: &'a Registry, person: &Person) -> Option<&'a Client> {
    registry.by_nick(person.nick())
}

fn online_recipients(registry: &Registry, file: &SharedFile) -> Vec<ClientId> {
    file.recipients.iter().filter_map(|recipient| Some(online(registry, &recipient.person)?.id)).collect()
}

/// The sender of a file, as the source of a line.
fn source(registry: &Registry, file: &SharedFile) -> String {
    online(registry, &file.sender).map_or_else(|| file.source.clone(), Client::source)
}

/// The room that somebody may write to, as its creator spelt it. A sender who has left since the offer is judged by the
/// bans alone.
pub fn room_that_takes(registry: &Registry, wings: &Wings, room: &str, source: &str) -> Option<String> {
    let nick = source.split('!').next().unwrap_or_default();
    let room = registry.room(room)?;
    let sender = registry.by_nick(nick).map(|sender| sender.id);
    wings.may_speak(room, sender, source).is_ok().then(|| room.name.clone())
}

/// The recipients of a file whose upload has just become complete, or why it has none.
fn recipients(ctx: &CommandContext<'_>, file: &SharedFile, all: usize) -> Result<Vec<Recipient>, String> {
    let (registry, SharedFile { target, sender, .. }) = (&*ctx.registry, file);
    if !file.is_for_a_room() {
        return Ok(file.recipients.iter().map(|recipient| Recipient::new(recipient.person.nick())).collect());
    }
    if room_that_takes(registry, ctx.wings, target, &source(registry, file)).is_none() {
        return Err(format!("nobody gets the file: {target} is gone, or you may not write there any more"));
    }
    let members = registry.room(target).into_iter().flat_map(Room::members);
    let nicks = members.filter_map(|id| registry.client(id)?.nick.as_deref());
    let others: Vec<_> = nicks.filter(|nick| !sender.is(nick)).map(Recipient::new).collect();
    if others.is_empty() {
        return Err(format!("nobody gets the file: nobody else is in {target} any more"));
    }
    if all + others.len() > limits::FILE_RECIPIENTS {
        return Err("nobody gets the file: the server keeps too many for too many people; try again later".into());
    }
    Ok(others)
}

/// Why a complete file is not announced.
pub enum NotAnnounced {
    /// It has no recipient any more: why.
    NoRecipient(String),
    Disk(io::Error),
}

/// Notes that the upload of a file is complete, and announces it. Only after that its sender may be told so.
pub fn complete(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId, crc: u32) -> Result<(), NotAnnounced> {
    let cancelled = || NotAnnounced::NoRecipient("the file was cancelled".into());
    let names: Vec<String> = {
        let mut table = files.table();
        let total = table.recipients();
        let file = table.get_mut(id).ok_or_else(cancelled)?;
        // They may change their names while the disk is busy.
        file.recipients = recipients(ctx, file, total).map_err(NotAnnounced::NoRecipient)?;
        file.recipients.iter().map(|recipient| recipient.person.name.clone()).collect()
    };
    let noted = ctx.without_lock(|_| files.spool.note_done(id, crc, &names));
    {
        let mut table = files.table();
        // If the file was cancelled meanwhile, it is no wonder that the disk does not have it.
        let file = table.get_mut(id).ok_or_else(cancelled)?;
        noted.map_err(NotAnnounced::Disk)?;
        file.crc = Some(crc);
        file.interrupt();
    }
    announce(files, ctx, id);
    Ok(())
}

fn announce(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId) {
    let msgid = ctx.server.next_msgid();
    let (line, target, online) = {
        let table = files.table();
        let Some(file) = table.get(id) else { return };
        let line = announcement(&ctx.registry, file, ctx.inputs.now, msgid);
        let online = file.is_for_a_room().then(|| {
            let sender = online(&ctx.registry, &file.sender).filter(|sender| sender.caps.has(FILES));
            let recipients = online_recipients(&ctx.registry, file).into_iter();
            recipients.chain(sender.map(|sender| sender.id)).collect::<Vec<_>>()
        });
        (line, file.present_target().to_owned(), online)
    };
    let messages = if let Some(online) = online {
        ctx.send_to(Recipients::of(online), line);
        Vec::new()
    } else {
        if let Err(why) =
            delivery::send(&files.mail, ctx, PrivateMessage { to: target.clone(), id: msgid, line, echo: None })
        {
            return cannot_announce(ctx.server, &target, &why);
        }
        vec![(casefold(&target), msgid)]
    };
    set_announced(files, id, &messages);
    ctx.without_lock(|server| note_announced(files, server, id, &messages));
}

/// FILE LIST shows a file also if no mailbox has room for its announcement.
fn cannot_announce(server: &Server, target: &str, why: &str) {
    server.log.line(format_args!("The file for {target} is not announced: {why}"));
}

fn set_announced(files: &FileStore, id: FileId, messages: &[Stored]) {
    if let Some(file) = files.table().get_mut(id) {
        (file.announced, file.announcements) = (true, messages.to_vec());
    }
}

/// Notes on the disk that a file is announced. Not under a lock.
fn note_announced(files: &FileStore, server: &Server, id: FileId, messages: &[Stored]) {
    let noted = files.spool.note(id, &journal::announced(messages));
    let is_cancelled = files.table().get(id).is_none();
    if is_cancelled {
        // Perhaps before the table knew of its announcements.
        files.mail.revoke(server, messages);
    } else if let Err(error) = noted {
        server.log.line(format_args!("File {id} will be announced again at the next start: {error}"));
    }
}

/// Announces the files whose announcement was missed because of a crash. At the start of the server no client is connected,
/// so each recipient gets a stored message.
pub fn notify_missed(files: &FileStore, server: &Server) {
    let missed = files.table().unannounced();
    for id in missed {
        let announce_to = |name: String| {
            let msgid = server.next_msgid();
            let line = announcement(&server.registry(), files.table().get(id)?, SystemTime::now(), msgid);
            let stored = files.mail.enqueue(&name, msgid, &line);
            stored.inspect_err(|why| cannot_announce(server, &name, why)).ok().map(|()| (name, msgid))
        };
        let names: Vec<String> = {
            let table = files.table();
            let recipients = table.get(id).into_iter().flat_map(|file| &file.recipients);
            let missing = recipients.filter(|recipient| !recipient.received);
            missing.map(|recipient| casefold(recipient.person.nick())).collect()
        };
        let messages: Vec<Stored> = names.into_iter().filter_map(announce_to).collect();
        set_announced(files, id, &messages);
        note_announced(files, server, id, &messages);
    }
}

/// Tells the recipients of a complete file that its sender has withdrawn it.
pub fn notify_cancelled(ctx: &mut CommandContext<'_>, file: &SharedFile) {
    let line = FileLine::Cancelled { target: file.present_target(), id: file.id, name: &file.name };
    let line = message(ctx.inputs.now, &source(&ctx.registry, file), &line, ctx.server.next_msgid());
    let recipients = online_recipients(&ctx.registry, file);
    ctx.send_to(Recipients::of(recipients), line);
}

/// Tells the sender of a file, if connected, that the client has received it.
pub fn notify_received(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId) {
    let (sender, line) = {
        let table = files.table();
        let Some(file) = table.get(id) else { return };
        let Some(sender) = online(&ctx.registry, &file.sender) else { return };
        if eq_ignore_case(sender.nick(), ctx.me().nick()) {
            return;
        }
        let line = FileLine::Got { target: sender.nick(), id, name: &file.name };
        (sender.id, message(ctx.inputs.now, &ctx.me().source(), &line, ctx.server.next_msgid()))
    };
    ctx.send_to(Recipients::of([sender]), line);
}
