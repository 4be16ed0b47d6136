//! What is said about files: FILE with OFFER, FETCH, GOT, CANCEL and LIST.
//!
//! Runs in the client's thread, under the registry's lock, which it lets go while it waits for the disk.
//! The bytes go over connections of their own, see [`crate::transfer`].

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use wire::files::{readable_size, safe_name};
use wire::limits;
use wire::message::Message;
use wire::numeric::{self, OFFLINE};
use wire::time::unix_seconds;

use super::need_more_params;
use crate::announce;
use crate::chat::Chat;
use crate::entry::{Entry, FileId, Grant, Progress};
use crate::files::NoRoom;
use crate::info;
use crate::mail;
use crate::replies::as_middle;
use crate::server::{Server, random};
use crate::socket::Socket;
use crate::transfer::number;

/// The codes of FAIL, for programs.
#[derive(Debug, Clone, Copy)]
enum FailCode {
    InvalidParams,
    NoSuchTarget,
    TooLarge,
    SpoolFull,
    TooMany,
    NoSuchFile,
    Unavailable,
}

impl FailCode {
    const fn word(self) -> &'static str {
        match self {
            FailCode::InvalidParams => "INVALID_PARAMS",
            FailCode::NoSuchTarget => "NO_SUCH_TARGET",
            FailCode::TooLarge => "TOO_LARGE",
            FailCode::SpoolFull => "SPOOL_FULL",
            FailCode::TooMany => "TOO_MANY",
            FailCode::NoSuchFile => "NO_SUCH_FILE",
            FailCode::Unavailable => "UNAVAILABLE",
        }
    }
}

/// Why something is not done: the code for programs, the text for people.
type Refusal = (FailCode, String);

const NO_FILE: &str = "There is no such file, any more or for you";
const NO_DISK: &str = "The server's disk fails; try again later, or tell who runs it";

pub fn file(chat: &mut Chat<'_>, message: &Message<'_>) {
    announce::expire_now(chat);
    let subcommand = message.params[0].to_ascii_uppercase();
    let params = &message.params[1..];
    if subcommand == "LIST" {
        return list(chat);
    }
    // How the answer is known: a word of the client's own, or the number of the file.
    let Some(&reference) = params.first() else { return need_more_params(chat, "FILE") };
    let done = match (subcommand.as_str(), params) {
        ("OFFER", [_, target, size, name, ..]) => offer(chat, reference, target, size, name),
        ("OFFER", _) => return need_more_params(chat, "FILE"),
        ("FETCH", _) => parse_id(reference).and_then(|id| fetch(chat, id)),
        ("GOT", _) => parse_id(reference).and_then(|id| got(chat, id)),
        ("CANCEL", _) => parse_id(reference).and_then(|id| cancel(chat, id)),
        _ => Err((FailCode::InvalidParams, "FILE knows OFFER, FETCH, GOT, CANCEL and LIST".into())),
    };
    if let Err((code, text)) = done {
        let (server, code) = (&chat.server.name, code.word());
        chat.replies.line(format_args!(":{server} FAIL FILE {code} {} :{text}", as_middle(reference)));
    }
}

/// Something asks the disk, and the window says so if it fails.
fn on_disk<T>(chat: &mut Chat<'_>, ask: impl FnOnce(&Server) -> io::Result<T>) -> Result<T, Refusal> {
    chat.unlocked(|server| ask(server).inspect_err(|error| server.log.line(format_args!("The spool fails: {error}"))))
        .map_err(|_| (FailCode::Unavailable, NO_DISK.into()))
}

fn new_token() -> io::Result<String> {
    Ok(format!("{:01$x}", u128::from_be_bytes(random::<{ limits::TOKEN }>()?), 2 * limits::TOKEN))
}

fn offer(chat: &mut Chat<'_>, reference: &str, target: &str, size: &str, name: &str) -> Result<(), Refusal> {
    let size = number(size).ok_or((FailCode::InvalidParams, "The size is a number of bytes".to_owned()))?;
    let name = safe_name(name);
    let source = chat.me().source();
    let target = whoever_may_receive(chat, target)?;
    let me = chat.me().nick().to_owned();
    let resumed = chat.registry.files.resumable(&me, &target, size, &name).map(|entry| (entry.id, entry.interrupt()));
    let (id, progress) = if let Some((id, running)) = resumed {
        (id, on_disk(chat, |server| so_far(server, id, running))?)
    } else {
        let now = unix_seconds(SystemTime::now());
        (make_place(chat, Entry::new(0, now, &source, &target, size, &name))?, Progress::default())
    };
    let (token, secure) = (on_disk(chat, |_| new_token())?, chat.me().secure);
    // Meanwhile the upload may have come to its end, or a namesake has cancelled it or begun it again.
    let entry = chat.registry.files.get_mut(id).filter(|entry| entry.crc.is_none() && !entry.is_uploaded());
    let entry = entry.ok_or((
        FailCode::NoSuchFile,
        "The upload has just ended, or was begun again; FILE LIST tells how".to_owned(),
    ))?;
    entry.so_far = Some(progress);
    entry.issue(token.clone(), Grant::Put(progress), secure, Instant::now());
    let (server, bytes, sum) = (&chat.server.name, progress.bytes, progress.sum.value());
    let reference = as_middle(reference);
    chat.replies.line(format_args!(":{server} FILE PUT {reference} {id} {token} {bytes} {sum:08x}"));
    chat.log(format_args!("offers {name} ({}) to {target}", readable_size(size)));
    if !target.starts_with('#') && chat.registry.by_nick(&target).is_none() {
        chat.reply_text(numeric::RPL_AWAY, &[&target], OFFLINE);
    }
    Ok(())
}

/// How far an upload has come, after it has ended should it still be running.
fn so_far(server: &Server, id: FileId, running: Option<Arc<Socket>>) -> io::Result<Progress> {
    if let Some(socket) = running {
        socket.shutdown(Shutdown::Both);
    }
    server.spool.progress(id, || server.registry().files.get(id)?.so_far)
}

/// The person or room that the client may send a file to, spelt as its owner does.
fn whoever_may_receive(chat: &Chat<'_>, target: &str) -> Result<String, Refusal> {
    let refuse = |text: &str| (FailCode::NoSuchTarget, text.to_owned());
    if target.starts_with('#') {
        let visible = chat.visible_room(target).is_some();
        let found = announce::room_that_takes(&chat.registry, target, &chat.me().source()).filter(|_| visible);
        let target = found.ok_or_else(|| refuse("There is no such room, or you may not write there"))?;
        let mut members = chat.registry.room(&target).into_iter().flat_map(|room| room.members().keys());
        let is_alone = members.all(|&member| member == chat.id);
        return if is_alone { Err(refuse(&format!("Nobody else is in {target}"))) } else { Ok(target) };
    }
    let found = announce::person_who_may_receive(&chat.registry, target);
    let target = found.ok_or_else(|| refuse("Nobody of that name was ever here"))?;
    // It will be announced by a letter.
    mail::has_room(chat, &target).map_err(|why| (FailCode::Unavailable, format!("Not sent to {target}: {why}")))?;
    Ok(target)
}

/// Gives a new file its number and its place in the spool.
fn make_place(chat: &mut Chat<'_>, mut entry: Entry) -> Result<FileId, Refusal> {
    let (max_file, spool_quota) = (chat.server.max_file, chat.server.spool_quota);
    if entry.size > max_file {
        return Err((FailCode::TooLarge, format!("A file may have {} at most", readable_size(max_file))));
    }
    let me = chat.me().nick().to_owned();
    let room = chat.registry.files.make_room(&me, entry.size, spool_quota, Instant::now());
    let gone = room.map_err(|why| {
        let too_many = |have: &str| (FailCode::TooMany, format!("{have}; cancel one first (FILE LIST shows them)"));
        match why {
            NoRoom::Spool => (FailCode::SpoolFull, "The server has no room for it now; try again later".to_owned()),
            NoRoom::TooMany => too_many(&format!("You have {} files on the server", limits::FILES_PER_SENDER)),
            NoRoom::Share => {
                let share = readable_size(spool_quota / limits::SPOOL_SHARE);
                too_many(&format!("With it your files on the server would have more than {share}"))
            }
        }
    })?;
    let id = chat.registry.files.next_id();
    entry.id = id;
    // One for the table, and one to be written while the lock is free.
    let noted = Entry::new(id, entry.offered, &entry.source, &entry.target, entry.size, &entry.name);
    chat.registry.files.add(entry);
    on_disk(chat, |server| {
        server.discard(gone);
        let created = server.spool.create(&noted);
        let mut registry = server.registry();
        if created.is_err() {
            registry.files.remove(id);
        }
        // A namesake may have cancelled it already, when there was nothing to remove yet.
        let is_gone = registry.files.get(id).is_none();
        drop(registry);
        if is_gone {
            server.discard([noted]);
        }
        created
    })?;
    Ok(id)
}

/// The number of a file.
fn parse_id(id: &str) -> Result<FileId, Refusal> {
    number(id).ok_or((FailCode::InvalidParams, "A file is named by its number".to_owned()))
}

/// A file that the client may use.
fn usable<'a>(chat: &'a Chat<'_>, id: FileId) -> Result<&'a Entry, Refusal> {
    let entry = chat.registry.files.get(id).filter(|entry| entry.is_for(chat.me().nick()));
    entry.ok_or((FailCode::NoSuchFile, NO_FILE.into()))
}

fn fetch(chat: &mut Chat<'_>, id: FileId) -> Result<(), Refusal> {
    usable(chat, id)?;
    let token = on_disk(chat, |_| new_token())?;
    let Entry { size, crc, name, .. } = usable(chat, id)?;
    let (server, crc) = (&chat.server.name, crc.unwrap_or_default());
    let answer = format!(":{server} FILE GET {id} {token} {size} {crc:08x} :{name}");
    let (me, secure) = (chat.me().nick().to_owned(), chat.me().secure);
    if let Some(entry) = chat.registry.files.get_mut(id) {
        entry.issue(token, Grant::Get(me), secure, Instant::now());
        chat.replies.line(format_args!("{answer}"));
    }
    Ok(())
}

fn got(chat: &mut Chat<'_>, id: FileId) -> Result<(), Refusal> {
    let entry = usable(chat, id)?;
    // The sender may fetch it too, but it was never news to them; nor is it to say so twice.
    let recipient = entry.recipient(chat.me().nick()).filter(|recipient| !recipient.had);
    let Some(name) = recipient.map(|recipient| recipient.person.name.clone()) else { return Ok(()) };
    on_disk(chat, |server| server.spool.note(id, &info::got(&name)))?;
    if let Some(entry) = chat.registry.files.get_mut(id) {
        let recipients = entry.recipients.iter_mut().filter(|recipient| recipient.person.name == name);
        recipients.for_each(|recipient| recipient.had = true);
        announce::somebody_has_it(chat, id);
    }
    Ok(())
}

fn cancel(chat: &mut Chat<'_>, id: FileId) -> Result<(), Refusal> {
    let me = chat.me().nick().to_owned();
    let is_mine = chat.registry.files.get(id).is_some_and(|entry| entry.sender.is(&me));
    if is_mine && let Some(entry) = chat.registry.files.remove(id) {
        chat.log(format_args!("has cancelled {} (file {id})", entry.name));
        if entry.crc.is_some() {
            announce::taken_back(chat, &entry);
        }
        chat.unlocked(|server| server.discard([entry]));
        return Ok(());
    }
    let entry = usable(chat, id)?;
    let (file, name) = (entry.name.clone(), entry.recipient(&me).map(|recipient| recipient.person.name.clone()));
    let name = name.unwrap_or_default();
    on_disk(chat, |server| server.spool.note(id, &info::out(&name)))?;
    if let Some(entry) = chat.registry.files.get_mut(id) {
        entry.recipients.retain(|recipient| recipient.person.name != name);
    }
    chat.log(format_args!("does not want {file} (file {id})"));
    Ok(())
}

fn list(chat: &mut Chat<'_>) {
    let (server, me) = (&chat.server.name, chat.me().nick().to_owned());
    for entry in chat.registry.files.of(&me) {
        let state = match entry.recipient(&me) {
            _ if entry.crc.is_none() => "partial",
            _ if entry.sender.is(&me) => "sent",
            Some(recipient) if recipient.had => "had",
            _ => "new",
        };
        let Entry { id, sender, size, crc, name, .. } = entry;
        let (sender, target, crc) = (sender.nick(), entry.target_now(), crc.unwrap_or_default());
        chat.replies.line(format_args!(":{server} FILE ITEM {id} {sender} {target} {size} {crc:08x} {state} :{name}"));
        if chat.replies.are_too_long("FILE") {
            return;
        }
    }
    chat.replies.line(format_args!(":{server} FILE END"));
}
