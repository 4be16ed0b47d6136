//! Notifications about files: the recipients learn that a file is complete or withdrawn, and the sender learns that a
//! recipient has received it.
//!
//! Runs in the thread of the client that brought it about, under the registry's lock, which it lets go while it waits
//! for the disk; at the start of the server in the main thread.

use std::time::{Instant, SystemTime};
use std::{io, mem};

use wire::file_line::FileLine;
use wire::files::readable_size;
use wire::message::Message;
use wire::names::{casefold, eq_ignore_case};

use super::ids::FileId;
use super::journal;
use super::limits;
use super::shared_file::{Recipient, SharedFile};
use super::store::Files;
use super::table::FileTable;
use crate::core::client::Client;
use crate::core::context::{CommandContext, PrivateMessage, Wings};
use crate::core::event::{Caps, ClientId, Line, Recipients};
use crate::core::limits::PIECE;
use crate::core::msgid::Msgid;
use crate::core::party::has_room;
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
        FileLine::Declined { target, name, .. } => (target, format!("does not want your file: {name}")),
        _ => return line.only_for(FILES, None),
    };
    line.only_for(FILES, Some(format_args!(":{source} NOTICE {target} :{text}")))
}

fn announcement(registry: &Registry, table: &FileTable, file: &SharedFile, now: SystemTime, msgid: Msgid) -> Line {
    let &SharedFile { id, size, crc, ref name, .. } = file;
    let line = FileLine::Announce { target: table.target_of(file), id, size, crc: crc.unwrap_or_default(), name };
    message(now, &source(registry, table, file), &line, msgid)
}

/// The sender of a file, as the source of a line.
fn source(registry: &Registry, table: &FileTable, file: &SharedFile) -> String {
    registry.by_nick(table.sender_of(file)).map_or_else(|| file.source.clone(), Client::source)
}

/// The recipients who are connected. In pieces: a room may be large.
fn online(files: &Files, ctx: &mut CommandContext<'_>, recipients: &[Recipient]) -> Vec<ClientId> {
    let mut clients = Vec::new();
    for some in recipients.chunks(PIECE) {
        let table = files.table();
        let nicks = some.iter().map(|recipient| table.people.nick(recipient.person));
        clients.extend(nicks.filter_map(|nick| Some(ctx.registry.by_nick(nick)?.id)));
        drop(table);
        ctx.worked(some.len());
    }
    clients
}

/// The room that somebody may write to, as its creator spelt it. A sender who has left since the offer is judged by the
/// bans alone.
pub fn room_that_takes(registry: &Registry, wings: &Wings, room: &str, source: &str) -> Option<String> {
    let nick = source.split('!').next().unwrap_or_default();
    let room = registry.room(room)?;
    let sender = registry.by_nick(nick).map(|sender| sender.id);
    wings.may_speak(room, sender, source).is_ok().then(|| room.name.clone())
}

const CANCELLED: &str = "the file was cancelled";

/// Notes for whom a file is whose upload has just become complete, or says why it is for nobody. They may change their
/// names while the disk is busy.
fn address(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) -> Result<(), String> {
    let mut table = files.table();
    let file = table.get(id).ok_or(CANCELLED)?;
    let target = table.target_of(file).to_owned();
    if !file.is_for_a_room() {
        // The journal is to have the present name.
        if let Some(recipient) = file.recipients.first().copied() {
            table.remove_recipient(id, recipient);
        }
        table.add_recipient(id, &target, false);
        return Ok(());
    }
    let source = source(&ctx.registry, &table, file);
    if room_that_takes(&ctx.registry, ctx.wings, &target, &source).is_none() {
        return Err(format!("nobody gets the file: {target} is gone, or you may not write there any more"));
    }
    // An earlier attempt to note it may have failed.
    let earlier = table.change(id, |file| mem::take(&mut file.recipients)).unwrap_or_default();
    drop(table);
    let members: Vec<_> = ctx.registry.room(&target).into_iter().flat_map(Room::members).collect();
    ctx.on_disk(|_| files.forget(id, &earlier));
    for some in members.chunks(PIECE) {
        add_members(files, &ctx.registry, id, some)?;
        ctx.worked(some.len());
    }
    if files.table().get(id).ok_or(CANCELLED)?.recipients.is_empty() {
        return Err(format!("nobody gets the file: nobody else is in {target} any more"));
    }
    Ok(())
}

/// Adds some of a room's members to the recipients, except for the sender.
fn add_members(files: &Files, registry: &Registry, id: FileId, members: &[ClientId]) -> Result<(), String> {
    let mut table = files.table();
    for nick in members.iter().filter_map(|member| registry.client(*member)?.nick.as_deref()) {
        let file = table.get(id).ok_or(CANCELLED)?;
        if table.is_sent_by(file, nick) {
            continue;
        }
        let (own, all) = table.accounts.usage(file.party);
        let (own, all) = (own.recipients as u64, all.recipients as u64);
        if has_room(own, all, limits::FILE_RECIPIENTS as u64, 1).is_err() {
            return Err(
                "nobody gets the file: your files on the server, or all files, are for too many people; cancel \
                        some, or try again later"
                    .into(),
            );
        }
        table.add_recipient(id, nick, false);
    }
    Ok(())
}

/// Notes that the upload of a file is complete, and announces it. Only after that its sender may be told so. The outer
/// error says why it has no recipient any more, the inner one that the disk fails.
pub fn complete(files: &Files, ctx: &mut CommandContext<'_>, id: FileId, crc: u32) -> Result<io::Result<()>, String> {
    address(files, ctx, id)?;
    let noted = ctx.on_disk(|_| {
        let names = {
            let table = files.table();
            let recipients = table.get(id).map_or(&[][..], |file| &file.recipients);
            recipients.iter().map(|recipient| table.people.name(recipient.person).to_owned()).collect::<Vec<_>>()
        };
        files.spool.note_done(id, crc, &names)
    });
    {
        let mut table = files.table();
        // If the file was cancelled meanwhile, it is no wonder that the disk does not have it.
        table.get(id).ok_or(CANCELLED)?;
        if noted.is_err() {
            return Ok(noted);
        }
        table.change(id, |file| {
            file.crc = Some(crc);
            file.interrupt();
        });
    }
    announce(files, ctx, id);
    Ok(Ok(()))
}

fn announce(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) {
    let msgid = ctx.server.next_msgid();
    let table = files.table();
    let Some(file) = table.get(id) else { return };
    let line = announcement(&ctx.registry, &table, file, ctx.inputs.now, msgid);
    let messages = if file.is_for_a_room() {
        let sender = ctx.registry.by_nick(table.sender_of(file)).filter(|sender| sender.caps.has(FILES));
        let (sender, recipients) = (sender.map(|sender| sender.id), file.recipients.clone());
        drop(table);
        let online = online(files, ctx, &recipients);
        ctx.send_to(Recipients::of(online.into_iter().chain(sender)), line);
        Vec::new()
    } else {
        let (target, party) = (table.target_of(file).to_owned(), file.party);
        drop(table);
        let message = PrivateMessage { to: target.clone(), id: msgid, line, echo: None };
        if let Err(why) = delivery::send(&files.mail, ctx, message, party) {
            return cannot_announce(ctx.server, &target, &why);
        }
        vec![(casefold(&target), msgid)]
    };
    ctx.on_disk(|server| note_announced(files, server, id, messages));
}

/// FILE LIST shows a file also if no mailbox has room for its announcement.
fn cannot_announce(server: &Server, target: &str, why: &str) {
    server.log.line(format_args!("The file for {target} is not announced: {why}"));
}

/// Notes that a file is announced. Not under a lock.
fn note_announced(files: &Files, server: &Server, id: FileId, messages: Vec<Stored>) {
    let noted = files.spool.note(id, &journal::announced(&messages));
    let mut left = Some(messages);
    files.table().change(id, |file| {
        (file.announced, file.announcements) = (true, left.take().unwrap_or_default());
    });
    let Some(messages) = left else {
        if let Err(error) = noted {
            let line = format_args!("File {id} will be announced again at the next start: {error}");
            files.spool_fails.report(&server.log, Instant::now(), line);
        }
        return;
    };
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
            let (line, party) = {
                let (registry, table) = (server.registry(), files.table());
                let file = table.get(id)?;
                (announcement(&registry, &table, file, SystemTime::now(), msgid), file.party)
            };
            let stored = files.mail.enqueue(&name, msgid, &line, party);
            stored.inspect_err(|why| cannot_announce(server, &name, why)).ok().map(|()| (name, msgid))
        };
        let messages = names.into_iter().filter_map(announce_to).collect();
        note_announced(files, server, id, messages);
    }
}

/// Tells the recipients of a complete file that its sender has withdrawn it.
pub fn notify_cancelled(files: &Files, ctx: &mut CommandContext<'_>, file: &SharedFile) {
    let recipients = online(files, ctx, &file.recipients);
    let line = {
        let table = files.table();
        let line = FileLine::Cancelled { target: table.target_of(file), id: file.id, name: &file.name };
        message(ctx.inputs.now, &source(&ctx.registry, &table, file), &line, ctx.server.next_msgid())
    };
    ctx.send_to(Recipients::of(recipients), line);
}

/// Tells the sender of a file, if connected, that the client has received it.
pub fn notify_received(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) {
    let (nick, name) = {
        let table = files.table();
        let Some(file) = table.get(id) else { return };
        (table.sender_of(file).to_owned(), file.name.clone())
    };
    let sender = ctx.registry.by_nick(&nick).filter(|sender| sender.id != ctx.id);
    let Some(sender) = sender else { return };
    let line = FileLine::Got { target: sender.nick(), id, name: &name };
    let line = message(ctx.inputs.now, &ctx.me().source(), &line, ctx.server.next_msgid());
    let recipients = Recipients::of([sender.id]);
    ctx.send_to(recipients, line);
}

/// Tells the sender of a file that the client does not want it. Since nobody waits for such a file any more, that is a
/// stored message: the sender may have left. The client gets the same line, as the answer.
pub fn notify_declined(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) {
    let (to, name) = {
        let table = files.table();
        let Some(file) = table.get(id) else { return };
        (table.sender_of(file).to_owned(), file.name.clone())
    };
    let (me, msgid, party) = (ctx.me().source(), ctx.server.next_msgid(), ctx.me().party);
    let declined = FileLine::Declined { target: &to, id, name: &name };
    let (answer, line) = (format!(":{me} {declined}"), message(ctx.inputs.now, &me, &declined, msgid));
    if !eq_ignore_case(&to, ctx.me().nick()) {
        // If the mailbox is full, the list of files still tells the sender that the file is gone.
        let _ = delivery::send(&files.mail, ctx, PrivateMessage { to, id: msgid, line, echo: None }, Some(party));
    }
    ctx.replies.line(format_args!("{answer}"));
}
