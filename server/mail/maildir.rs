//! The mailboxes on the disk: a folder for each name, a file for each stored message, in the way of Maildir.
//!
//! Client threads call it while they hold no other lock: the sender's thread stores a message, the recipient's thread
//! reads and removes it. The main thread looks after the names, and recovers all at the start. [`super::index`] knows
//! which messages there are.
//!
//! ```text
//! <data folder>/names                 every remembered name, a line each
//! <data folder>/run                   the number of the server's last run
//! <data folder>/mail/albert/tmp/      messages being written
//! <data folder>/mail/albert/new/      messages that are not acknowledged yet; for their names see [`super::message`]
//! <data folder>/mail/albert/damaged/  files from new/ that hold no message
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wire::crc32::crc32;
use wire::disk::{free_name, make_private, move_new, write_atomically};
use wire::names::casefold;
use wire::os::{private_file, sync_folder};

use super::message::StoredMessage;
use super::recovery::Recovery;
use super::stored::{self, OtherVerb};
use crate::core::event::Line;

/// The folder of the mailboxes, and the file of the names. Names are folded.
#[derive(Debug)]
pub struct Maildir {
    data: PathBuf,
    mail: PathBuf,
    /// Opened to append. Locked while it is written.
    names: Mutex<File>,
}

/// Why a message cannot be delivered.
#[derive(Debug)]
pub enum Missing {
    /// Its file is damaged, and set aside.
    Damaged(&'static str),
    /// Its file cannot be read now, and stays where it is.
    Unreadable(io::Error),
}

impl Maildir {
    /// Opens what is in the data folder, or says in a sentence why that cannot be. `now` is in seconds since 1970.
    pub fn open(data: &Path, now: u64) -> Result<(Self, Recovery), String> {
        let mail = data.join("mail");
        let opened = make_private(&mail)
            .and_then(|()| Recovery::run(data, &mail, now))
            .and_then(|recovery| Ok((open_names(data)?, recovery)));
        let (names, recovery) = opened.map_err(|error| format!("cannot use {}: {error}", data.display()))?;
        Ok((Maildir { data: data.to_owned(), mail, names: Mutex::new(names) }, recovery))
    }

    /// Stores a message. When this returns, it survives whatever happens to the server or the machine; with an error it
    /// does not exist, and will not.
    pub fn store(&self, name: &str, message: &StoredMessage, bytes: &[u8]) -> io::Result<()> {
        let mailbox = self.mail.join(name);
        for _ in 0..3 {
            match write(&mailbox, message, bytes) {
                // The first message to this name, or the first for a long time.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    make_private(&mailbox.join("tmp"))?;
                    make_private(&mailbox.join("new"))?;
                    sync_folder(&mailbox)?;
                    sync_folder(&self.mail)?;
                }
                other => return other,
            }
        }
        write(&mailbox, message, bytes)
    }

    /// Reads a message to the client of this nick; a damaged one is set aside.
    pub fn read(&self, nick: &str, message: &StoredMessage, other: Option<&OtherVerb>) -> Result<Line, Missing> {
        let name = casefold(nick);
        let file = self.file(&name, message);
        let bytes = fs::read(&file).map_err(Missing::Unreadable)?;
        let line = stored::from_file(&bytes, message.id, nick, other).and_then(|line| match message.crc {
            Some(crc) if crc != crc32(&bytes) => Err("its checksum is another one"),
            _ => Ok(line),
        });
        let line = line.map_err(|why| {
            let aside = self.mail.join(&name).join("damaged");
            let moved = make_private(&aside)
                .and_then(|()| free_name(&aside.join(message.to_string())))
                .and_then(|name| fs::rename(&file, name));
            moved.map_or_else(Missing::Unreadable, |()| Missing::Damaged(why))
        })?;
        line.ok_or_else(|| Missing::Unreadable(io::Error::other("this server was built without its verb")))
    }

    /// Removes a message that was acknowledged, revoked or has expired.
    pub fn remove(&self, name: &str, message: &StoredMessage) -> io::Result<()> {
        match fs::remove_file(self.file(name, message)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn file(&self, name: &str, message: &StoredMessage) -> PathBuf {
        self.mail.join(name).join("new").join(message.to_string())
    }

    /// Writes down a name that is remembered from now on. After a power cut it may be forgotten; a message to it is
    /// not.
    pub fn register(&self, name: &str) -> io::Result<()> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        // The line end comes first: after half a name, which a full disk can leave, the next is whole.
        names.write_all(format!("\n{name}").as_bytes())
    }

    /// Writes the file of the names anew. No name is added to it while `collect` collects them.
    pub fn write_names(&self, collect: impl FnOnce() -> Vec<String>) -> io::Result<()> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        write_atomically(&self.data.join("names"), collect().join("\n").as_bytes())?;
        *names = open_names(&self.data)?;
        Ok(())
    }

    /// Removes the folders of a name without mail, as far as they are empty.
    pub fn forget(&self, name: &str) {
        let mailbox = self.mail.join(name);
        for folder in [mailbox.join("tmp"), mailbox.join("new"), mailbox] {
            // There may be none, or a message that was stored just now.
            let _ = fs::remove_dir(folder);
        }
    }
}

fn open_names(data: &Path) -> io::Result<File> {
    private_file(OpenOptions::new().append(true).create(true)).open(data.join("names"))
}

/// Writes a message's file in `tmp` and moves it to `new`, so that there is never half a message.
fn write(mailbox: &Path, message: &StoredMessage, bytes: &[u8]) -> io::Result<()> {
    let name = message.to_string();
    let (part, whole) = (mailbox.join("tmp").join(&name), mailbox.join("new").join(name));
    let mut file = private_file(OpenOptions::new().write(true).create_new(true)).open(&part)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| move_new(&part, &whole));
    // The sender is told that it was not sent, so it must not arrive later.
    written.inspect_err(|_| drop(fs::remove_file(&part)))?;
    sync_folder(&mailbox.join("new")).inspect_err(|_| drop(fs::remove_file(&whole)))
}

#[cfg(test)]
mod tests;
