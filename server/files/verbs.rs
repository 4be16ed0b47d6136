//! The verb FILE: OFFER, FETCH, GOT, CANCEL, DECLINE and LIST.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk. The bytes go
//! over connections of their own, see [`super::data_connection`].

use std::io;
use std::net::Shutdown;

use wire::fail::Fail;
use wire::file_line::{BadRequest, FileLine, FileRequest};
use wire::files::{readable_size, safe_name};
use wire::message::{Message, middle};
use wire::names::eq_ignore_case;
use wire::numeric::{self, OFFLINE};
use wire::os::is_out_of_descriptors;

use super::ids::FileId;
use super::journal;
use super::limits;
use super::list;
use super::notify;
use super::shared_file::{Recipient, SharedFile};
use super::store::Files;
use super::tokens::{ResumePoint, Token, TokenScope};
use super::usage::QuotaExceeded;
use crate::core::context::CommandContext;
use crate::core::party::Party;
use crate::core::room::Room;
use crate::core::server::Server;

/// Why a request is refused: a code for programs, a text for people.
type Refusal = (&'static str, String);

const NO_SUCH_FILE: &str = "NO_SUCH_FILE";
const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";
const BUSY: &str = "The server has too many files and connections open; try again in a moment";

pub fn file(files: &Files, ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let me = ctx.me().nick().to_owned();
    // The answer is known by a word of the client's own, or by the number of the file.
    let (context, done) = match FileRequest::parse(&message.params) {
        Err(BadRequest::Incomplete) => return ctx.need_more_params("FILE"),
        Err(BadRequest::Invalid(context, why)) => (context.to_owned(), Err(("INVALID_PARAMS", why.to_owned()))),
        Ok(FileRequest::List) => return list::list(files, ctx, &me),
        Ok(FileRequest::Offer { reference, target, size, name }) => {
            (reference.to_owned(), offer(files, ctx, &me, reference, (target, size, name)))
        }
        Ok(FileRequest::Fetch(id)) => (id.to_string(), fetch(files, ctx, &me, id)),
        Ok(FileRequest::Got(id)) => (id.to_string(), got(files, ctx, &me, id)),
        Ok(FileRequest::Cancel(id)) => (id.to_string(), cancel(files, ctx, &me, id)),
        Ok(FileRequest::Decline(id)) => (id.to_string(), decline(files, ctx, &me, id)),
    };
    if let Err((code, text)) = done {
        ctx.replies.fail(Fail { verb: "FILE", code, context: Some(&context), text: &text });
    }
}

/// Asks the disk for something, without the lock; the console says if it fails.
fn on_disk<T>(
    files: &Files,
    ctx: &mut CommandContext<'_>,
    ask: impl FnOnce(&Server) -> io::Result<T>,
) -> Result<T, Refusal> {
    ctx.on_disk(ask).map_err(|error| disk_fails(files, ctx, &error))
}

fn disk_fails(files: &Files, ctx: &CommandContext<'_>, error: &io::Error) -> Refusal {
    let line = format_args!("The spool fails: {error}");
    files.spool_fails.report(&ctx.server.log, ctx.inputs.instant, line);
    ("UNAVAILABLE", if is_out_of_descriptors(error) { BUSY } else { NO_DISK }.into())
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
    let resumed = {
        let mut table = files.table();
        let found = table.resumable(me, &target, size, &name).filter(|file| !files.is_over(file)).map(|file| file.id);
        found.map(|id| (id, table.change(id, SharedFile::interrupt).flatten()))
    };
    let (party, secure) = (ctx.me().party, ctx.me().secure);
    let (id, point) = if let Some((id, running)) = resumed {
        // May take long, so nobody waits for it at the disk's gate.
        let point = ctx.without_lock(|_| {
            // A running upload ends first.
            running.iter().for_each(|socket| socket.shutdown(Shutdown::Both));
            files.spool.resume_point(id, || files.table().get(id)?.resume_point)
        });
        (id, point.map_err(|error| disk_fails(files, ctx, &error))?)
    } else {
        let time = files.clock.now();
        let mut file = SharedFile::new(time, &ctx.me().source(), &target, size, &name, ctx.inputs.instant);
        file.party = Some(party);
        (add(files, ctx, file)?, ResumePoint::default())
    };
    let (token, now) = (new_token(ctx), ctx.inputs.instant);
    let issued = files.table().change(id, |file| {
        // Meanwhile the upload may have come to its end, or the same sender has cancelled it or begun it again.
        let is_open = file.is_interrupted();
        if is_open {
            file.resume_point = Some(point);
            file.party = file.party.or(Some(party));
            file.active_at = if file.bytes == 0 { now } else { file.active_at };
            file.tokens.issue(Token { secret: token.clone(), scope: TokenScope::Put(point), party, secure }, now);
        }
        is_open
    });
    if issued != Some(true) {
        return Err((NO_SUCH_FILE, "The upload has just ended, or was begun again; FILE LIST tells how".into()));
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
fn add(files: &Files, ctx: &mut CommandContext<'_>, file: SharedFile) -> Result<FileId, Refusal> {
    let (max_file, spool_quota) = (files.options.max_file, files.options.spool_quota);
    if file.size > max_file {
        return Err(("TOO_LARGE", format!("A file may have {} at most", readable_size(max_file))));
    }
    let of = match file.party {
        Some(Party::Key(_)) => "key has",
        _ => "address has",
    };
    let (removed, id, offer) = {
        let mut table = files.table();
        let room = table.make_room(file.party, file.size, spool_quota, ctx.inputs.instant);
        let removed = room.map_err(|quota| {
            // Without a key, an address answers for all who share it.
            let have = match quota {
                QuotaExceeded::Spool | QuotaExceeded::Files => {
                    return ("SPOOL_FULL", "The server has no room for it now; try again later".to_owned());
                }
                QuotaExceeded::TooMany => format!("Your {of} {} files on the server", limits::FILES_PER_SENDER),
                QuotaExceeded::Share => format!("With it your {of} more than its share of the room for files"),
            };
            ("TOO_MANY", format!("{have}; cancel one first (FILE LIST shows them)"))
        })?;
        let (id, offer) = (table.next_id(), journal::offer(&file));
        let recipients = if file.is_for_a_room() { Vec::new() } else { vec![(file.target.clone(), false)] };
        table.insert(id, file, &recipients);
        (removed, id, offer)
    };
    on_disk(files, ctx, |server| {
        files.discard(server, removed);
        let created = files.spool.create(id, &offer);
        if created.is_err() {
            let failed = files.table().remove_if(id, |_| true);
            files.discard(server, failed);
        }
        // The same sender may have cancelled it already, when there was nothing to remove yet.
        let is_there = files.table().get(id).is_some();
        if is_there { Ok(id) } else { files.spool.remove(id).and(created).map(|()| id) }
    })
}

/// Looks at a file that the client may download.
fn downloadable<T>(
    files: &Files,
    me: &str,
    id: FileId,
    look: impl FnOnce(&SharedFile, Option<Recipient>) -> T,
) -> Result<T, Refusal> {
    let table = files.table();
    let file = table.get(id).filter(|file| table.is_for(file, me) && !files.is_over(file));
    let looked = file.map(|file| look(file, table.recipient(file, me)));
    looked.ok_or_else(|| (NO_SUCH_FILE, "There is no such file, any more or for you".into()))
}

fn fetch(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    let (party, secure, secret) = (ctx.me().party, ctx.me().secure, new_token(ctx));
    let (token, scope) = (secret.clone(), TokenScope::Get(me.to_owned()));
    downloadable(files, me, id, |file, _| {
        let (size, crc, name) = (file.size, file.crc.unwrap_or_default(), &file.name);
        ctx.replies.server_line(FileLine::Get { id, token: &token, size, crc, name });
    })?;
    let now = ctx.inputs.instant;
    files.table().change(id, |file| file.tokens.issue(Token { secret, scope, party, secure }, now));
    Ok(())
}

fn got(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    // The sender may download it too, but that is no news to the sender; nor is a second time.
    let recipient = downloadable(files, me, id, |_, recipient| recipient.filter(|recipient| !recipient.received))?;
    let Some(Recipient { person, .. }) = recipient else { return Ok(()) };
    let name = files.table().people.name(person).to_owned();
    on_disk(files, ctx, |_| files.spool.note(id, &journal::received(&name)))?;
    files.table().change(id, |file| {
        let recipients = file.recipients.iter_mut().filter(|recipient| recipient.person == person);
        recipients.for_each(|recipient| recipient.received = true);
    });
    revoke_announcement(files, ctx, id, &name);
    notify::notify_received(files, ctx, id);
    Ok(())
}

/// A recipient has no use any more for the announcement of a file, should it still wait: it would lead to a second download.
fn revoke_announcement(files: &Files, ctx: &mut CommandContext<'_>, id: FileId, name: &str) {
    let of_file = files.table().get(id).map_or_else(Vec::new, |file| file.announcements.clone());
    let messages: Vec<_> = of_file.into_iter().filter(|(to, _)| eq_ignore_case(to, name)).collect();
    ctx.on_disk(|server| files.mail.revoke(server, &messages));
}

fn cancel(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    let own = {
        let mut table = files.table();
        let is_own = table.get(id).is_some_and(|file| table.is_sent_by(file, me));
        table.remove_if(id, |_| is_own)
    };
    if let Some(file) = own {
        ctx.log(format_args!("has cancelled {} (file {id})", file.name));
        if file.crc.is_some() {
            notify::notify_cancelled(files, ctx, &file);
        }
        ctx.on_disk(|server| files.discard(server, [file]));
        return Ok(());
    }
    // The sender may cancel it, and everybody else who may download it is a recipient.
    let recipient = downloadable(files, me, id, |_, recipient| recipient)?;
    recipient.map_or(Ok(()), |recipient| remove_recipient(files, ctx, id, recipient))?;
    discard_unwanted(files, ctx, id);
    Ok(())
}

fn decline(files: &Files, ctx: &mut CommandContext<'_>, me: &str, id: FileId) -> Result<(), Refusal> {
    match downloadable(files, me, id, |_, recipient| recipient)? {
        None => return Err(("OWN_FILE", "That file is yours; FILE CANCEL takes it back".into())),
        Some(Recipient { received: true, .. }) => {
            return Err(("ALREADY_RECEIVED", "You have that file already".into()));
        }
        Some(recipient) => remove_recipient(files, ctx, id, recipient)?,
    }
    notify::notify_declined(files, ctx, id);
    discard_unwanted(files, ctx, id);
    Ok(())
}

/// What nobody wants any more takes no room.
fn discard_unwanted(files: &Files, ctx: &mut CommandContext<'_>, id: FileId) {
    let unwanted = files.table().remove_if(id, |file| file.recipients.is_empty());
    ctx.on_disk(|server| files.discard(server, unwanted));
}

/// The file is for this recipient no more.
fn remove_recipient(
    files: &Files,
    ctx: &mut CommandContext<'_>,
    id: FileId,
    recipient: Recipient,
) -> Result<(), Refusal> {
    let name = files.table().people.name(recipient.person).to_owned();
    on_disk(files, ctx, |_| files.spool.note(id, &journal::declined(&name)))?;
    let file = files.table().get(id).map(|file| file.name.clone()).unwrap_or_default();
    files.table().remove_recipient(id, recipient);
    revoke_announcement(files, ctx, id, &name);
    ctx.log(format_args!("does not want {file} (file {id})"));
    Ok(())
}
