//! Notifications about files: the recipients learn that a file is complete or withdrawn, and the sender learns that a
//! recipient has received it.
//!
//! Runs in the thread of the client that brought it about, under the registry's lock, which it lets go while it waits
//! for the disk; at the start of the server in the main thread.

use std::io;
use std::time::SystemTime;

use wire::file_line::FileLine;
use wire::files::readable_size;
use wire::message::Message;
use wire::names::casefold;

use super::journal;
use super::limits;
use super::person::Person;
use super::shared_file::{FileId, SharedFile};
use super::store::Files;
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
    let &SharedFile { id, size, crc, ref name, .. } = file;
    let line = FileLine::Announce { target: file.present_target(), id, size, crc: crc.unwrap_or_default(), name };
    message(now, &source(registry, file), &line, msgid)
}

/// The client of a person, if connected.
fn online<'a>(registry: &'a Registry, person: &Person) -> Option<&'a Client> {
    registry.by_nick(person.nick())
}

fn online_recipients(registry: &Registry, file: &SharedFile) -> impl Iterator<Item = ClientId> {
    file.recipients.iter().filter_map(|recipient| Some(online(registry, recipient)?.id))
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
fn recipients(ctx: &CommandContext<'_>, file: &SharedFile, all: usize) -> Result<Vec<Person>, String> {
    let (registry, SharedFile { target, sender, .. }) = (&*ctx.registry, file);
    if !file.is_for_a_room() {
        return Ok(file.recipients.iter().map(|recipient| Person::new(recipient.nick())).collect());
    }
    if room_that_takes(registry, ctx.wings, target, &source(registry, file)).is_none() {
        return Err(format!("nobody gets the file: {target} is gone, or you may not write there any more"));
    }
    let members = registry.room(target).into_iter().flat_map(Room::members);
    let nicks = members.filter_map(|id| registry.client(id)?.nick.as_deref());
    let others: Vec<_> = nicks.filter(|nick| !sender.is(nick)).map(Person::new).collect();
    if others.is_empty() {
        return Err(format!("nobody gets the file: nobody else is in {target} any more"));
    }
    if all + others.len() > limits::FILE_RECIPIENTS {
        return Err("nobody gets the file: the server keeps too many for too many people; try again later".into());
    }
    Ok(others)
}

/// Notes that the upload of a file is complete, and announces it. Only after that its sender may be told so. The outer
/// error says why it has no recipient any more, the inner one that the disk fails.
pub fn complete(files: &Files, ctx: &mut CommandContext<'_>, id: FileId, crc: u32) -> Result<io::Result<()>, String> {
    const CANCELLED: &str = "the file was cancelled";
    let names: Vec<String> = {
        let mut table = files.table();
        let total = table.recipients();
        let file = table.entries.get_mut(&id).ok_or(CANCELLED)?;
        // They may change their names while the disk is busy.
        file.recipients = recipients(ctx, file, total)?;
        file.recipients.iter().map(|recipient| recipient.name.clone()).collect()
    };
    let noted = ctx.without_lock(|_| files.spool.note_done(id, crc, &names));
    {
        let mut table = files.table();
        // If the file was cancelled meanwhile, it is no wonder that the disk does not have it.
        let file = table.entries.get_mut(&id).ok_or(CANCELLED)?;
        if noted.is_err() {
            return Ok(noted);
        }
        file.crc = Some(crc);
        file.interrupt();
    }
    announce(files, ctx, id);
    Ok(Ok(()))
}

fn announce(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) {
    let msgid = ctx.server.next_msgid();
    let table = files.table();
    let Some(file) = table.entries.get(&id) else { return };
    let line = announcement(&ctx.registry, file, ctx.inputs.now, msgid);
    let messages = if file.is_for_a_room() {
        let sender = online(&ctx.registry, &file.sender).filter(|sender| sender.caps.has(FILES));
        let recipients = online_recipients(&ctx.registry, file).chain(sender.map(|sender| sender.id));
        let recipients = Recipients::of(recipients);
        drop(table);
        ctx.send_to(recipients, line);
        Vec::new()
    } else {
        let target = file.present_target().to_owned();
        // The thread of the upload is another client's than the sender's.
        let party = online(&ctx.registry, &file.sender).map_or(ctx.me().party, |sender| sender.party);
        drop(table);
        let message = PrivateMessage { to: target.clone(), id: msgid, line, echo: None };
        if let Err(why) = delivery::send(&files.mail, ctx, message, Some(party)) {
            return cannot_announce(ctx.server, &target, &why);
        }
        vec![(casefold(&target), msgid)]
    };
    ctx.without_lock(|server| note_announced(files, server, id, messages));
}

/// FILE LIST shows a file also if no mailbox has room for its announcement.
fn cannot_announce(server: &Server, target: &str, why: &str) {
    server.log.line(format_args!("The file for {target} is not announced: {why}"));
}

/// Notes that a file is announced. Not under a lock.
fn note_announced(files: &Files, server: &Server, id: FileId, messages: Vec<Stored>) {
    let noted = files.spool.note(id, &journal::announced(&messages));
    if let Some(file) = files.table().entries.get_mut(&id) {
        (file.announced, file.announcements) = (true, messages);
        if let Err(error) = noted {
            server.log.line(format_args!("File {id} will be announced again at the next start: {error}"));
        }
        return;
    }
    // The file was cancelled before the table knew of its announcements.
    files.mail.revoke(server, &messages);
}

/// Announces the files whose announcement was missed because of a crash. At the start of the server no client is
/// connected, so each recipient gets a stored message.
pub fn notify_missed(files: &Files, server: &Server) {
    let missed = files.table().unannounced();
    for (id, names) in missed {
        let announce_to = |name: String| {
            let msgid = server.next_msgid();
            let line = announcement(&server.registry(), files.table().entries.get(&id)?, SystemTime::now(), msgid);
            let stored = files.mail.enqueue(&name, msgid, &line, None);
            stored.inspect_err(|why| cannot_announce(server, &name, why)).ok().map(|()| (name, msgid))
        };
        let messages = names.into_iter().filter_map(announce_to).collect();
        note_announced(files, server, id, messages);
    }
}

/// Tells the recipients of a complete file that its sender has withdrawn it.
pub fn notify_cancelled(ctx: &mut CommandContext<'_>, file: &SharedFile) {
    let line = FileLine::Cancelled { target: file.present_target(), id: file.id, name: &file.name };
    let line = message(ctx.inputs.now, &source(&ctx.registry, file), &line, ctx.server.next_msgid());
    let recipients = Recipients::of(online_recipients(&ctx.registry, file));
    ctx.send_to(recipients, line);
}

/// Tells the sender of a file, if connected, that the client has received it.
pub fn notify_received(ctx: &mut CommandContext<'_>, file: &SharedFile) {
    let sender = online(&ctx.registry, &file.sender).filter(|sender| sender.id != ctx.id);
    let Some(sender) = sender else { return };
    let line = FileLine::Got { target: sender.nick(), id: file.id, name: &file.name };
    let line = message(ctx.inputs.now, &ctx.me().source(), &line, ctx.server.next_msgid());
    let recipients = Recipients::of([sender.id]);
    ctx.send_to(recipients, line);
}
