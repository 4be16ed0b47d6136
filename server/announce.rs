//! Who is told of a file: those it is for when it is whole, and when it is taken back; its sender when
//! somebody has it.
//!
//! Runs in the thread of whoever brought it about, under the registry's lock, which it lets go while it
//! waits for the disk; at the start of the server in the main thread.

use std::time::SystemTime;

use wire::files::readable_size;
use wire::limits;
use wire::names::{casefold, eq_ignore_case};
use wire::time::unix_seconds;

use crate::chat::Chat;
use crate::client::Client;
use crate::entry::{Entry, FileId};
use crate::event::{Caps, ClientId, Line, Recipients};
use crate::info;
use crate::letter::Msgid;
use crate::mail::{self, Handed};
use crate::person::{Person, Recipient};
use crate::registry::Registry;
use crate::server::Server;

/// One message to several: as a line of FILE to those who asked for such, as a NOTICE to the others.
struct Message {
    source: String,
    /// The room, or the nick of the one it is for.
    target: String,
    /// `ANNOUNCE` or `CANCEL`.
    subcommand: &'static str,
    /// What follows the target in the line of FILE.
    params: String,
    /// The text of the NOTICE.
    notice: String,
}

impl Message {
    fn announcing(registry: &Registry, entry: &Entry) -> Self {
        let (id, size, crc, name) = (entry.id, entry.size, entry.crc.unwrap_or_default(), &entry.name);
        Message {
            source: source(registry, entry),
            target: entry.target_now().into(),
            subcommand: "ANNOUNCE",
            params: format!("{id} {size} {crc:08x} :{name}"),
            notice: notice(id, size, name),
        }
    }

    fn cancelling(registry: &Registry, entry: &Entry) -> Self {
        let (id, name) = (entry.id, &entry.name);
        Message {
            source: source(registry, entry),
            target: entry.target_now().into(),
            subcommand: "CANCEL",
            params: format!("{id} :{name}"),
            notice: format!("took a file back: {name}"),
        }
    }

    fn line_of_file(&self, tags: String) -> Line {
        let Message { source, target, subcommand, params, .. } = self;
        Line::message(format_args!(":{source} FILE {subcommand} {target} {params}"), tags, false)
    }

    /// The line of FILE as a letter; who gets it as a NOTICE is seen when it is handed over.
    fn letter(&self, id: Msgid) -> Line {
        self.line_of_file(format!("msgid={id}"))
    }

    fn tell(&self, chat: &mut Chat<'_>, clients: &[ClientId]) {
        let Message { source, target, notice, .. } = self;
        let tags = format!("msgid={}", chat.server.next_msgid());
        let asked = |id: &&ClientId| chat.registry.caps(**id).has(Caps::FILES);
        let (with, without): (Vec<ClientId>, Vec<ClientId>) = clients.iter().partition(asked);
        if !with.is_empty() {
            let line = self.line_of_file(tags.clone());
            chat.tell(Recipients { clients: with.into(), except: None }, line);
        }
        if !without.is_empty() {
            let line = Line::message(format_args!(":{source} NOTICE {target} :{notice}"), tags, false);
            chat.tell(Recipients { clients: without.into(), except: None }, line);
        }
    }
}

/// What a client that knows no files shows of one.
pub fn notice(id: FileId, size: u64, name: &str) -> String {
    let readable = readable_size(size);
    format!("shared a file: {name} ({readable}); with the groupchat client /get {id} fetches it")
}

/// Somebody as a client, if here.
fn online<'a>(registry: &'a Registry, person: &Person) -> Option<&'a Client> {
    registry.by_nick(person.nick())
}

/// Who sent a file, as the source of a line.
fn source(registry: &Registry, entry: &Entry) -> String {
    online(registry, &entry.sender).map_or_else(|| entry.source.clone(), Client::source)
}

/// Takes the files out whose time is over. Not to be called under the lock.
pub fn expire(server: &Server) {
    let now = unix_seconds(SystemTime::now());
    // The lock is let go at the end of the line.
    let gone = server.registry().files.expire(now, server.file_life);
    server.discard(gone);
}

/// The same for a command.
pub fn expire_now(chat: &mut Chat<'_>) {
    let life = chat.server.file_life;
    let gone = chat.registry.files.expire(unix_seconds(SystemTime::now()), life);
    if !gone.is_empty() {
        chat.unlocked(|server| server.discard(gone));
    }
}

/// Whether a file may be sent to a person, who is here or was once, and how they spell their name.
pub fn person_who_may_receive(registry: &Registry, nick: &str) -> Option<String> {
    let here = registry.by_nick(nick).map(|client| client.nick().to_owned());
    here.or_else(|| registry.post.knows(&casefold(nick)).then(|| nick.to_owned()))
}

/// The room that somebody may write to, and how its creator spelt it. Who has left the chat since the
/// offer was somebody who might; a ban counts all the same.
pub fn room_that_takes(registry: &Registry, room: &str, source: &str) -> Option<String> {
    let nick = source.split('!').next().unwrap_or_default();
    let room = registry.room(room)?;
    let refuses = match registry.by_nick(nick) {
        Some(sender) => room.muted(sender.id, source).is_some(),
        None => room.is_banned(source),
    };
    (!refuses).then(|| room.name.clone())
}

/// For whom a file is that has just become whole, or why it is for nobody.
fn recipients(registry: &Registry, entry: &Entry) -> Result<Vec<Recipient>, String> {
    let Entry { target, sender, .. } = entry;
    if !entry.is_for_a_room() {
        return Ok(entry.recipients.iter().map(|recipient| Recipient::new(recipient.person.nick())).collect());
    }
    if room_that_takes(registry, target, &source(registry, entry)).is_none() {
        return Err(format!("nobody gets the file: {target} is gone, or you may not write there any more"));
    }
    let members = registry.room(target).into_iter().flat_map(|room| room.members().keys());
    let nicks = members.filter_map(|&id| registry.client(id)?.nick.as_deref());
    let all: Vec<_> = nicks.filter(|nick| !sender.is(nick)).map(Recipient::new).collect();
    if all.is_empty() {
        return Err(format!("nobody gets the file: nobody else is in {target} any more"));
    }
    if registry.files.recipients() + all.len() > limits::FILE_RECIPIENTS {
        return Err("nobody gets the file: the server keeps too many for too many people; try again later".into());
    }
    Ok(all)
}

/// Why a file that came whole is not announced.
pub enum NotAnnounced {
    /// It is not for anybody any more.
    ForNobody(String),
    Disk(std::io::Error),
}

/// Notes that a file is whole, and announces it. Only then its sender may be told that all is well.
pub fn complete(chat: &mut Chat<'_>, id: FileId, crc: u32) -> Result<(), NotAnnounced> {
    let gone = || NotAnnounced::ForNobody("the file was cancelled".into());
    let all =
        recipients(&chat.registry, chat.registry.files.get(id).ok_or_else(gone)?).map_err(NotAnnounced::ForNobody)?;
    let names: Vec<String> = all.iter().map(|recipient| recipient.person.name.clone()).collect();
    // They may change their names while the disk is busy.
    chat.registry.files.get_mut(id).ok_or_else(gone)?.recipients = all;
    let noted = chat.unlocked(|server| server.spool.note_done(id, crc, &names));
    // When it was cancelled meanwhile, it is no wonder that the disk does not have it.
    let entry = chat.registry.files.get_mut(id).ok_or_else(gone)?;
    noted.map_err(NotAnnounced::Disk)?;
    entry.crc = Some(crc);
    entry.interrupt();
    announce(chat, id);
    Ok(())
}

fn announce(chat: &mut Chat<'_>, id: FileId) {
    let Some(entry) = chat.registry.files.get(id) else { return };
    let message = Message::announcing(&chat.registry, entry);
    let letters = if entry.is_for_a_room() {
        let mut here = those_here(&chat.registry, entry);
        let sender = online(&chat.registry, &entry.sender).filter(|sender| sender.caps.has(Caps::FILES));
        here.extend(sender.map(|sender| sender.id));
        message.tell(chat, &here);
        Vec::new()
    } else {
        match announce_to_person(chat, &message) {
            Ok(letter) => vec![letter],
            Err(why) => return cannot_announce(chat.server, &message.target, &why),
        }
    };
    was_told(&mut chat.registry, id, &letters);
    chat.unlocked(|server| note_told(server, id, &letters));
}

/// Tells the one person whom a file is for, by a letter.
fn announce_to_person(chat: &mut Chat<'_>, message: &Message) -> Result<Handed, String> {
    let id = chat.server.next_msgid();
    mail::send(chat, &message.target, id, message.letter(id), None)?;
    Ok((casefold(&message.target), id))
}

/// Should there be no place for a letter, FILE LIST tells all the same.
fn cannot_announce(server: &Server, target: &str, why: &str) {
    server.log.line(format_args!("The file for {target} is not announced: {why}"));
}

fn was_told(registry: &mut Registry, id: FileId, letters: &[Handed]) {
    if let Some(entry) = registry.files.get_mut(id) {
        (entry.told, entry.letters) = (true, letters.to_vec());
    }
}

/// Writes down that a file was announced. Not under the lock.
fn note_told(server: &Server, id: FileId, letters: &[Handed]) {
    let noted = server.spool.note(id, &info::told(letters));
    if server.registry().files.get(id).is_none() {
        // Cancelled, perhaps before its letters were known.
        mail::withdraw(server, letters);
    } else if let Err(error) = noted {
        server.log.line(format_args!("File {id} will be announced again at the next start: {error}"));
    }
}

/// Announces the files of which nobody was told, because the server died first. At its start nobody is
/// here, so it is done by letters, for a room by one to each whom the file is for.
pub fn make_up_for_the_untold(server: &Server) {
    let untold = server.registry().files.untold();
    for id in untold {
        let registry = server.registry();
        let Some(entry) = registry.files.get(id) else { continue };
        let message = Message::announcing(&registry, entry);
        let missing = entry.recipients.iter().filter(|recipient| !recipient.had);
        let names: Vec<_> = missing.map(|recipient| casefold(recipient.person.nick())).collect();
        drop(registry);
        let leave = |name: String| {
            let id = server.next_msgid();
            let left = mail::leave(server, &name, id, &message.letter(id));
            left.inspect_err(|why| cannot_announce(server, &name, why)).is_ok().then_some((name, id))
        };
        let letters: Vec<_> = names.into_iter().filter_map(leave).collect();
        was_told(&mut server.registry(), id, &letters);
        note_told(server, id, &letters);
    }
}

fn those_here(registry: &Registry, entry: &Entry) -> Vec<ClientId> {
    entry.recipients.iter().filter_map(|recipient| Some(online(registry, &recipient.person)?.id)).collect()
}

/// Tells those whom a file was for that its sender has taken it back.
pub fn taken_back(chat: &mut Chat<'_>, entry: &Entry) {
    let message = Message::cancelling(&chat.registry, entry);
    message.tell(chat, &those_here(&chat.registry, entry));
}

/// Tells the sender of a file that the client has it.
pub fn somebody_has_it(chat: &mut Chat<'_>, id: FileId) {
    let Some(entry) = chat.registry.files.get(id) else { return };
    let Some(sender) = online(&chat.registry, &entry.sender).filter(|sender| sender.caps.has(Caps::FILES)) else {
        return;
    };
    if eq_ignore_case(sender.nick(), chat.me().nick()) {
        return;
    }
    let (name, here) = (&entry.name, sender.id);
    let line = format_args!(":{} FILE GOT {} {id} :{name}", chat.me().source(), sender.nick());
    let line = Line::message(line, format!("msgid={}", chat.server.next_msgid()), false);
    chat.tell(Recipients { clients: [here].into(), except: None }, line);
}
