//! The verb FILE: OFFER, FETCH, GOT, CANCEL and LIST.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk. The bytes go
//! over connections of their own, see [`super::data_connection`].

use std::io;
use std::net::Shutdown;

use wire::fail::Fail;
use wire::file_line::{BadRequest, FileLine, FileRequest, FileState};
use wire::files::{readable_size, safe_name};
use wire::message::{Message, middle};
use wire::numeric::{self, OFFLINE};
use wire::time::unix_seconds;

use super::journal;
use super::limits;
use super::notify;
use super::shared_file::{FileId, ResumePoint, SharedFile, TokenScope};
use super::store::Files;
use super::table::QuotaExceeded;
use crate::core::context::CommandContext;
use crate::core::room::Room;
use crate::core::server::Server;

/// Why a request is refused: a code for programs, a text for people.
type Refusal = (&'static str, String);

const NO_SUCH_FILE: &str = "NO_SUCH_FILE";
const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";

pub fn file(files: &Files, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let (me, now) = (ctx.me().nick().to_owned(), unix_seconds(ctx.inputs.now));
    ctx.without_lock(|server| files.expire(server, now));
    // The answer is known by a word of the client's own, or by the number of the file.
    let (context, done) = match FileRequest::parse(&message.params) {
        Err(BadRequest::Incomplete) => return ctx.need_more_params("FILE"),
        Err(BadRequest::Invalid(context, why)) => (context.to_owned(), Err(("INVALID_PARAMS", why.to_owned()))),
        Ok(FileRequest::List) => return list(files, ctx, &me),
        Ok(FileRequest::Offer { reference, target, size, name }) => {
            (reference.to_owned(), offer(files, ctx, &me, reference, (target, size, name)))
        }
        Ok(FileRequest::Fetch(id)) => (id.to_string(), fetch(files, ctx, &me, id)),
        Ok(FileRequest::Got(id)) => (id.to_string(), got(files, ctx, &me, id)),
        Ok(FileRequest::Cancel(id)) => (id.to_string(), cancel(files, ctx, &me, id)),
    };
    if let Err((code, text)) = done {
        ctx.replies.fail(Fail { verb: "FILE", code, context: Some(&context), text: &text });
    }
}

/// Asks the disk for something, without the lock; the console says if it fails.
fn on_disk<T>(ctx: &mut CommandContext<'_>, ask: impl FnOnce(&Server) -> io::Result<T>) -> Result<T, Refusal> {
    ctx.without_lock(|server| {
        ask(server).inspect_err(|error| server.log.line(format_args!("The spool fails: {error}")))
    })
    .map_err(|_| ("UNAVAILABLE", NO_DISK.into()))
}

fn new_token(ctx: &CommandContext<'_>) -> String {
    let hex = |token: String, byte: &u8| format!("{token}{byte:02x}");
    ctx.inputs.random[..limits::TOKEN].iter().fold(String::new(), hex)
}

fn offer(
    files: &Files,
    ctx: &mut CommandContext<'_>,
    me: &str,
    reference: &str,
    (target, size, name): (&str, u64, &str),
) -> Result<(), Refusal> {
    let name = safe_name(name);
    let target = allowed_target(files, ctx, target)?;
    let resumed = files.table().resumable(me, &target, size, &name).map(|file| (file.id, file.interrupt()));
    let (id, point) = if let Some((id, running)) = resumed {
        let point = on_disk(ctx, |_| {
            // A running upload ends first.
            running.iter().for_each(|socket| socket.shutdown(Shutdown::Both));
            files.spool.resume_point(id, || files.table().entries.get(&id)?.resume_point)
        });
        (id, point?)
    } else {
        let file = SharedFile::new(0, unix_seconds(ctx.inputs.now), &ctx.me().source(), &target, size, &name);
        (add(files, ctx, file)?, ResumePoint::default())
    };
    let (token, secure) = (new_token(ctx), ctx.me().secure);
    {
        let mut table = files.table();
        // Meanwhile the upload may have come to its end, or the same sender has cancelled it or begun it again.
        let file = table.entries.get_mut(&id).filter(|file| file.is_interrupted());
        let ended = "The upload has just ended, or was begun again; FILE LIST tells how";
        let file = file.ok_or((NO_SUCH_FILE, ended.to_owned()))?;
        file.resume_point = Some(point);
        file.issue(token.clone(), TokenScope::Put(point), secure, ctx.inputs.instant);
    }
    let (reference, offset, crc) = (middle(reference), point.bytes, point.sum.value());
    ctx.replies.server_line(FileLine::Put { reference: &reference, id, token: &token, offset, crc });
    ctx.log(format_args!("offers {name} ({}) to {target}", readable_size(size)));
    if !target.starts_with('#') && ctx.registry.by_nick(&target).is_none() {
        ctx.reply_text(numeric::RPL_AWAY, &[&target], OFFLINE);
    }
    Ok(())
}

/// The person or room that the client may send a file to, spelt as its owner does.
fn allowed_target(files: &Files, ctx: &CommandContext<'_>, target: &str) -> Result<String, Refusal> {
    let refuse = |text: &str| ("NO_SUCH_TARGET", text.to_owned());
    if target.starts_with('#') {
        let visible = ctx.visible_room(target).is_some();
        let found = notify::room_that_takes(&ctx.registry, ctx.wings, target, &ctx.me().source());
        let found = found.filter(|_| visible);
        let target = found.ok_or_else(|| refuse("There is no such room, or you may not write there"))?;
        let mut members = ctx.registry.room(&target).into_iter().flat_map(Room::members);
        let is_alone = members.all(|member| member == ctx.id);
        return if is_alone { Err(refuse(&format!("Nobody else is in {target}"))) } else { Ok(target) };
    }
    let present = ctx.registry.by_nick(target).map(|client| client.nick().to_owned());
    let found = present.or_else(|| ctx.wings.know(target).then(|| target.to_owned()));
    let target = found.ok_or_else(|| refuse("Nobody of that name was ever here"))?;
    // It will be announced by a stored message.
    let room = files.mail.has_room(ctx, &target);
    room.map_err(|why| ("UNAVAILABLE", format!("Not sent to {target}: {why}")))?;
    Ok(target)
}

/// Gives a new file its number and its place in the spool.
fn add(files: &Files, ctx: &mut CommandContext<'_>, mut file: SharedFile) -> Result<FileId, Refusal> {
    let (max_file, spool_quota) = (files.options.max_file, files.options.spool_quota);
    if file.size > max_file {
        return Err(("TOO_LARGE", format!("A file may have {} at most", readable_size(max_file))));
    }
    let (removed, id, offer) = {
        let mut table = files.table();
        let room = table.make_room(file.sender.nick(), file.size, spool_quota, ctx.inputs.instant);
        let removed = room.map_err(|quota| {
            let have = match quota {
                QuotaExceeded::Spool => {
                    return ("SPOOL_FULL", "The server has no room for it now; try again later".to_owned());
                }
                QuotaExceeded::TooMany => format!("You have {} files on the server", limits::FILES_PER_SENDER),
                QuotaExceeded::Share => {
                    let share = readable_size(spool_quota / limits::SPOOL_SHARE);
                    format!("With it your files on the server would have more than {share}")
                }
            };
            ("TOO_MANY", format!("{have}; cancel one first (FILE LIST shows them)"))
        })?;
        let (id, offer) = (table.next_id(), journal::offer(&file));
        file.id = id;
        table.entries.insert(id, file);
        (removed, id, offer)
    };
    on_disk(ctx, |server| {
        files.discard(server, removed);
        let created = files.spool.create(id, &offer);
        if created.is_err() {
            files.table().entries.remove(&id);
        }
        // The same sender may have cancelled it already, when there was nothing to remove yet.
        let is_there = files.table().entries.contains_key(&id);
        if is_there { Ok(id) } else { files.spool.remove(id).and(created).map(|()| id) }
    })
}

/// Looks at a file that the client may download.
fn downloadable<T>(files: &Files, me: &str, id: FileId, look: impl FnOnce(&mut SharedFile) -> T) -> Result<T, Refusal> {
    let mut table = files.table();
    let file = table.entries.get_mut(&id).filter(|file| file.is_for(me));
    file.map(look).ok_or_else(|| (NO_SUCH_FILE, "There is no such file, any more or for you".into()))
}

fn fetch(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    let (secure, token) = (ctx.me().secure, new_token(ctx));
    downloadable(files, me, id, |file| {
        file.issue(token.clone(), TokenScope::Get(me.to_owned()), secure, ctx.inputs.instant);
        let (size, crc, name) = (file.size, file.crc.unwrap_or_default(), &file.name);
        ctx.replies.server_line(FileLine::Get { id, token: &token, size, crc, name });
    })
}

fn got(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    let name = downloadable(files, me, id, |file| {
        // The sender may download it too, but that is no news to the sender; nor is a second time.
        let recipient = file.recipient(me).filter(|recipient| !recipient.received);
        recipient.map(|recipient| recipient.name.clone())
    })?;
    let Some(name) = name else { return Ok(()) };
    on_disk(ctx, |_| files.spool.note(id, &journal::received(&name)))?;
    if let Some(file) = files.table().entries.get_mut(&id) {
        let recipients = file.recipients.iter_mut().filter(|recipient| recipient.name == name);
        recipients.for_each(|recipient| recipient.received = true);
        notify::notify_received(ctx, file);
    }
    Ok(())
}

fn cancel(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    let own = files.table().remove_if(id, |file| file.sender.is(me));
    if let Some(file) = own {
        ctx.log(format_args!("has cancelled {} (file {id})", file.name));
        if file.crc.is_some() {
            notify::notify_cancelled(ctx, &file);
        }
        ctx.without_lock(|server| files.discard(server, [file]));
        return Ok(());
    }
    let (file, name) = downloadable(files, me, id, |file| {
        let recipient = file.recipient(me).map(|recipient| recipient.name.clone());
        (file.name.clone(), recipient.unwrap_or_default())
    })?;
    on_disk(ctx, |_| files.spool.note(id, &journal::declined(&name)))?;
    if let Some(file) = files.table().entries.get_mut(&id) {
        file.recipients.retain(|recipient| recipient.name != name);
    }
    ctx.log(format_args!("does not want {file} (file {id})"));
    Ok(())
}

fn list(files: &Files, ctx: &mut CommandContext<'_>, me: &str) {
    for file in files.table().of(me) {
        let state = match file.recipient(me) {
            _ if file.crc.is_none() => FileState::Partial,
            _ if file.sender.is(me) => FileState::Sent,
            Some(recipient) if recipient.received => FileState::Received,
            _ => FileState::New,
        };
        let &SharedFile { id, size, ref name, .. } = file;
        let (sender, target, crc) = (file.sender.nick(), file.present_target(), file.crc.unwrap_or_default());
        ctx.replies.server_line(FileLine::Item { id, sender, target, size, crc, state, name });
        if ctx.replies.are_too_long("FILE") {
            return;
        }
    }
    ctx.replies.server_line(FileLine::End);
}
