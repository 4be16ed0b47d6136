//! The mailboxes on the disk: a folder for each name, a file for each stored message, in the way of Maildir.
//!
//! Client threads call it while they hold no lock: the sender's thread stores a message, the recipient's thread reads
//! and removes it. [`super::index`] knows which messages there are.
//!
//! ```text
//! <data folder>/names                 every known name, a line each
//! <data folder>/run                   the number of the server's last run
//! <data folder>/mail/albert/tmp/      messages being written
//! <data folder>/mail/albert/new/      messages that are not acknowledged yet
//! <data folder>/mail/albert/damaged/  files from new/ that hold no message
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use wire::disk::make_private;
use wire::os::{private_file, sync_folder};

use super::recovery::Recovery;
use super::stored::{self, OtherVerb};
use crate::core::event::Line;
use crate::core::msgid::Msgid;

/// The folder of the mailboxes, and the file of the names. Names are folded.
#[derive(Debug)]
pub struct Maildir {
    mail: PathBuf,
    /// Opened to append, so that each name is one write and no two mix.
    names: File,
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
    /// Opens what is in the data folder, or says in a sentence why that cannot be.
    pub fn open(data: &Path) -> Result<(Self, Recovery), String> {
        let mail = data.join("mail");
        let (recovery, names) = make_private(&mail)
            .and_then(|()| Recovery::run(data, &mail))
            .map_err(|error| format!("cannot use {}: {error}", data.display()))?;
        Ok((Maildir { mail, names }, recovery))
    }

    /// Stores a message. When this returns, it survives whatever happens to the server or the machine; with an error it
    /// does not exist, and will not.
    pub fn store(&self, name: &str, id: Msgid, line: &Line) -> io::Result<()> {
        let mailbox = self.mail.join(name);
        match write(&mailbox, id, line) {
            // The first message to this name.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_private(&mailbox.join("tmp"))?;
                make_private(&mailbox.join("new"))?;
                sync_folder(&mailbox)?;
                sync_folder(&self.mail)?;
                write(&mailbox, id, line)
            }
            other => other,
        }
    }

    /// Reads a message; a damaged one is set aside.
    pub fn read(&self, name: &str, id: Msgid, other: Option<&OtherVerb>) -> Result<Line, Missing> {
        let file = self.file(name, id);
        let bytes = fs::read(&file).map_err(Missing::Unreadable)?;
        let line = stored::from_file(&bytes, id, other).map_err(|why| {
            let aside = self.mail.join(name).join("damaged");
            let moved = make_private(&aside).and_then(|()| fs::rename(&file, aside.join(id.to_string())));
            moved.map_or_else(Missing::Unreadable, |()| Missing::Damaged(why))
        })?;
        line.ok_or_else(|| Missing::Unreadable(io::Error::other("this server was built without its verb")))
    }

    /// Removes a message that was acknowledged, perhaps a second time, by a client that had the name before.
    pub fn remove(&self, name: &str, id: Msgid) -> io::Result<()> {
        match fs::remove_file(self.file(name, id)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn file(&self, name: &str, id: Msgid) -> PathBuf {
        self.mail.join(name).join("new").join(id.to_string())
    }

    /// Writes down a name that is known from now on. After a power cut it may be forgotten; a message to it is not.
    pub fn register(&self, name: &str) -> io::Result<()> {
        // The line end comes first: after half a name, which a full disk can leave, the next is whole.
        (&self.names).write_all(format!("\n{name}").as_bytes())
    }

    /// Removes the folders of a name that is no longer known, as far as they are empty.
    pub fn forget(&self, name: &str) {
        let mailbox = self.mail.join(name);
        for folder in [mailbox.join("tmp"), mailbox.join("new"), mailbox] {
            // There may be none, or a message that was stored just now.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Writes a message's file in `tmp` and moves it to `new`, so that there is never half a message.
fn write(mailbox: &Path, id: Msgid, line: &Line) -> io::Result<()> {
    let (part, whole) = (mailbox.join("tmp").join(id.to_string()), mailbox.join("new").join(id.to_string()));
    let mut file = private_file(OpenOptions::new().write(true).create_new(true)).open(&part)?;
    let written = (file.write_all(&stored::to_file(line)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, &whole))
        .and_then(|()| sync_folder(&mailbox.join("new")));
    if written.is_err() {
        // The sender is told that it was not sent, so it must not arrive later.
        let _ = fs::remove_file(&part).or_else(|_| fs::remove_file(&whole));
    }
    written
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn message(id: Msgid) -> Line {
        Line::message(SystemTime::now(), format_args!(":tesla!t@h PRIVMSG albert :psst"), format!("msgid={id}"))
    }

    #[test]
    fn messages_survive_the_server_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let (maildir, found) = Maildir::open(data).unwrap();
        let ids = [3, 1, 2].map(|number| Msgid { run: found.run, number });
        for id in ids {
            maildir.store("albert", id, &message(id)).unwrap();
        }
        maildir.register("Tesla").unwrap();
        // Killed while it wrote a fourth one.
        fs::write(data.join("mail/albert/tmp/x"), "@time").unwrap();
        let (maildir, again) = Maildir::open(data).unwrap();
        assert!(again.run > found.run && again.warnings.is_empty(), "{again:?}");
        assert_eq!(again.names, ["tesla", "albert"]);
        assert_eq!(again.messages, [("albert".to_owned(), vec![ids[1], ids[2], ids[0]])]);
        assert_eq!(maildir.read("albert", ids[1], None).unwrap().from(), "tesla");
        maildir.remove("albert", ids[1]).unwrap();
        assert!(matches!(maildir.read("albert", ids[1], None), Err(Missing::Unreadable(_))));
        assert_eq!(fs::read_dir(data.join("mail/albert/tmp")).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_message_is_set_aside_and_never_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let (maildir, found) = Maildir::open(data).unwrap();
        let id = Msgid { run: found.run, number: 1 };
        maildir.store("albert", id, &message(id)).unwrap();
        fs::write(data.join(format!("mail/albert/new/{id}")), "@time=x").unwrap();
        fs::create_dir(data.join("mail/No Name")).unwrap();
        let (maildir, found) = Maildir::open(data).unwrap();
        assert_eq!(found.warnings.len(), 1);
        assert!(matches!(maildir.read("albert", id, None), Err(Missing::Damaged(_))));
        assert_eq!(fs::read(data.join(format!("mail/albert/damaged/{id}"))).unwrap(), b"@time=x");
    }

    #[test]
    fn a_message_that_could_not_be_stored_does_not_arrive_later() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let (maildir, found) = Maildir::open(data).unwrap();
        let id = Msgid { run: found.run, number: 1 };
        // A file where the folder should be, since a test that runs as root can write anywhere.
        make_private(&data.join("mail/albert/tmp")).unwrap();
        fs::write(data.join("mail/albert/new"), "").unwrap();
        maildir.store("albert", id, &message(id)).unwrap_err();
        assert_eq!(fs::read_dir(data.join("mail/albert/tmp")).unwrap().count(), 0);
        assert_eq!(Maildir::open(data).unwrap().1.warnings.len(), 1);
    }
}
