//! The verb FILE: OFFER, FETCH, GOT, CANCEL and LIST.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk. The bytes go over
//! connections of their own, see [`super::data_connection`].

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

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
use super::store::FileStore;
use super::table::QuotaExceeded;
use crate::core::context::CommandContext;
use crate::core::room::Room;
use crate::core::server::Server;
use crate::core::socket::Socket;

/// Why a request is refused: a code for programs, a text for people.
type Refusal = (&'static str, String);

const NO_SUCH_FILE: &str = "NO_SUCH_FILE";
const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";

fn no_such_file() -> Refusal {
    (NO_SUCH_FILE, "There is no such file, any more or for you".into())
}

pub fn file(files: &FileStore, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let now = unix_seconds(ctx.inputs.now);
    files.expire(ctx, now);
    // The answer is known by a word of the client's own, or by the number of the file.
    let (context, done) = match FileRequest::parse(&message.params) {
        Err(BadRequest::Incomplete) => return ctx.need_more_params("FILE"),
        Err(BadRequest::Invalid(context, why)) => (context.to_owned(), Err(("INVALID_PARAMS", why.to_owned()))),
        Ok(FileRequest::List) => return list(files, ctx),
        Ok(FileRequest::Offer { reference, target, size, name }) => {
            (reference.to_owned(), offer(files, ctx, reference, target, size, name))
        }
        Ok(FileRequest::Fetch(id)) => (id.to_string(), fetch(files, ctx, id)),
        Ok(FileRequest::Got(id)) => (id.to_string(), got(files, ctx, id)),
        Ok(FileRequest::Cancel(id)) => (id.to_string(), cancel(files, ctx, id)),
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
    files: &FileStore,
    ctx: &mut CommandContext<'_>,
    reference: &str,
    target: &str,
    size: u64,
    name: &str,
) -> Result<(), Refusal> {
    let name = safe_name(name);
    let source = ctx.me().source();
    let target = allowed_target(files, ctx, target)?;
    let me = ctx.me().nick().to_owned();
    let resumed = files.table().resumable(&me, &target, size, &name).map(|file| (file.id, file.interrupt()));
    let (id, point) = if let Some((id, running)) = resumed {
        (id, on_disk(ctx, |_| resume_point(files, id, running))?)
    } else {
        let file = SharedFile::new(0, unix_seconds(ctx.inputs.now), &source, &target, size, &name);
        (add(files, ctx, file)?, ResumePoint::default())
    };
    let (token, secure) = (new_token(ctx), ctx.me().secure);
    {
        let mut table = files.table();
        // Meanwhile the upload may have come to its end, or the same sender has cancelled it or begun it again.
        let file = table.get_mut(id).filter(|file| file.crc.is_none() && !file.is_uploaded());
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

/// How far an upload has come; one that is running is ended first.
fn resume_point(files: &FileStore, id: FileId, running: Option<Arc<Socket>>) -> io::Result<ResumePoint> {
    if let Some(socket) = running {
        socket.shutdown(Shutdown::Both);
    }
    files.spool.resume_point(id, || files.table().get(id)?.resume_point)
}

/// The person or room that the client may send a file to, spelt as its owner does.
fn allowed_target(files: &FileStore, ctx: &CommandContext<'_>, target: &str) -> Result<String, Refusal> {
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
fn add(files: &FileStore, ctx: &mut CommandContext<'_>, mut file: SharedFile) -> Result<FileId, Refusal> {
    let (max_file, spool_quota) = (files.options.max_file, files.options.spool_quota);
    if file.size > max_file {
        return Err(("TOO_LARGE", format!("A file may have {} at most", readable_size(max_file))));
    }
    let me = ctx.me().nick().to_owned();
    let (removed, noted) = {
        let mut table = files.table();
        let removed = table.make_room(&me, file.size, spool_quota, ctx.inputs.instant).map_err(|quota| {
            let too_many = |have: &str| ("TOO_MANY", format!("{have}; cancel one first (FILE LIST shows them)"));
            match quota {
                QuotaExceeded::Spool => ("SPOOL_FULL", "The server has no room for it now; try again later".to_owned()),
                QuotaExceeded::TooMany => {
                    too_many(&format!("You have {} files on the server", limits::FILES_PER_SENDER))
                }
                QuotaExceeded::Share => {
                    let share = readable_size(spool_quota / limits::SPOOL_SHARE);
                    too_many(&format!("With it your files on the server would have more than {share}"))
                }
            }
        })?;
        file.id = table.next_id();
        // One for the table, and one to be written while no lock is held.
        let noted = SharedFile::new(file.id, file.offered, &file.source, &file.target, file.size, &file.name);
        table.add(file);
        (removed, noted)
    };
    let id = noted.id;
    on_disk(ctx, |server| {
        files.discard(server, removed);
        let created = files.spool.create(&noted);
        let mut table = files.table();
        if created.is_err() {
            table.remove(id);
        }
        // The same sender may have cancelled it already, when there was nothing to remove yet.
        let is_cancelled = table.get(id).is_none();
        drop(table);
        if is_cancelled {
            files.discard(server, [noted]);
        }
        created
    })?;
    Ok(id)
}

fn fetch(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId) -> Result<(), Refusal> {
    let (me, secure, token) = (ctx.me().nick().to_owned(), ctx.me().secure, new_token(ctx));
    let mut table = files.table();
    let file = table.get_mut(id).filter(|file| file.is_for(&me)).ok_or_else(no_such_file)?;
    file.issue(token.clone(), TokenScope::Get(me), secure, ctx.inputs.instant);
    let (size, crc, name) = (file.size, file.crc.unwrap_or_default(), &file.name);
    ctx.replies.server_line(FileLine::Get { id, token: &token, size, crc, name });
    Ok(())
}

fn got(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId) -> Result<(), Refusal> {
    let me = ctx.me().nick().to_owned();
    let name = {
        let table = files.table();
        let file = table.get(id).filter(|file| file.is_for(&me)).ok_or_else(no_such_file)?;
        // The sender may download it too, but that is no news to the sender; nor is a second time.
        let recipient = file.recipient(&me).filter(|recipient| !recipient.received);
        recipient.map(|recipient| recipient.person.name.clone())
    };
    let Some(name) = name else { return Ok(()) };
    on_disk(ctx, |_| files.spool.note(id, &journal::received(&name)))?;
    let is_there = files.table().get_mut(id).map(|file| {
        let recipients = file.recipients.iter_mut().filter(|recipient| recipient.person.name == name);
        recipients.for_each(|recipient| recipient.received = true);
    });
    if is_there.is_some() {
        notify::notify_received(files, ctx, id);
    }
    Ok(())
}

fn cancel(files: &FileStore, ctx: &mut CommandContext<'_>, id: FileId) -> Result<(), Refusal> {
    let me = ctx.me().nick().to_owned();
    let own = {
        let mut table = files.table();
        let is_own = table.get(id).is_some_and(|file| file.sender.is(&me));
        if is_own { table.remove(id) } else { None }
    };
    if let Some(file) = own {
        ctx.log(format_args!("has cancelled {} (file {id})", file.name));
        if file.crc.is_some() {
            notify::notify_cancelled(ctx, &file);
        }
        ctx.without_lock(|server| files.discard(server, [file]));
        return Ok(());
    }
    let (file, name) = {
        let table = files.table();
        let file = table.get(id).filter(|file| file.is_for(&me)).ok_or_else(no_such_file)?;
        (file.name.clone(), file.recipient(&me).map(|recipient| recipient.person.name.clone()).unwrap_or_default())
    };
    on_disk(ctx, |_| files.spool.note(id, &journal::declined(&name)))?;
    if let Some(file) = files.table().get_mut(id) {
        file.recipients.retain(|recipient| recipient.person.name != name);
    }
    ctx.log(format_args!("does not want {file} (file {id})"));
    Ok(())
}

fn list(files: &FileStore, ctx: &mut CommandContext<'_>) {
    let me = ctx.me().nick().to_owned();
    let table = files.table();
    for file in table.of(&me) {
        let state = match file.recipient(&me) {
            _ if file.crc.is_none() => FileState::Partial,
            _ if file.sender.is(&me) => FileState::Sent,
            Some(recipient) if recipient.received => FileState::Received,
            _ => FileState::New,
        };
        let SharedFile { id, sender, size, crc, name, .. } = file;
        let (id, size, crc) = (*id, *size, crc.unwrap_or_default());
        let (sender, target) = (sender.nick(), file.present_target());
        ctx.replies.server_line(FileLine::Item { id, sender, target, size, crc, state, name });
        if ctx.replies.are_too_long("FILE") {
            return;
        }
    }
    ctx.replies.server_line(FileLine::End);
}
