//! The mailboxes on the disk: a folder for each name, a file for each letter, in the way of Maildir.
//!
//! Called by client threads while they hold no lock: the thread of the sender stores a letter, that of
//! the recipient reads and removes it. What is where, [`crate::post`] knows; here is only how.
//!
//! ```text
//! <data folder>/names                 every known name, a line each
//! <data folder>/run                   the number of the server's last run
//! <data folder>/mail/albert/tmp/      letters being written
//! <data folder>/mail/albert/new/      letters that nobody has confirmed yet
//! <data folder>/mail/albert/damaged/  what was found in new/ and is no letter
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wire::disk::make_private;
use wire::os::sync_folder;

use crate::event::Line;
use crate::found::Found;
use crate::letter::{self, Msgid};

/// Where the letters and the names are. Names are folded.
#[derive(Debug)]
pub struct Mailboxes {
    mail: PathBuf,
    /// Opened to append, so that each name is one write and no two mix.
    names: File,
}

/// Why there is no letter to hand over.
#[derive(Debug)]
pub enum Missing {
    /// The file is no letter any more; it is set aside.
    Damaged(&'static str),
    /// The disk fails. The file stays where it is.
    Unreadable(io::Error),
}

impl Mailboxes {
    /// Opens what is in the data folder, or says in a sentence why that cannot be.
    pub fn open(data: &Path) -> Result<(Self, Found), String> {
        let mail = data.join("mail");
        let (found, names) = make_private(&mail)
            .and_then(|()| Found::look(data, &mail))
            .map_err(|error| format!("cannot use {}: {error}", data.display()))?;
        Ok((Mailboxes { mail, names }, found))
    }

    /// Stores a letter. When this returns, it is there whatever happens to the server or the machine;
    /// with an error it is not, and will not be.
    pub fn store(&self, name: &str, id: Msgid, letter: &Line) -> io::Result<()> {
        let mailbox = self.mail.join(name);
        match write(&mailbox, id, letter) {
            // The first letter to this name.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_private(&mailbox.join("tmp"))?;
                make_private(&mailbox.join("new"))?;
                sync_folder(&mailbox)?;
                sync_folder(&self.mail)?;
                write(&mailbox, id, letter)
            }
            other => other,
        }
    }

    /// Reads a letter; one that is damaged is set aside.
    pub fn read(&self, name: &str, id: Msgid) -> Result<Line, Missing> {
        let mailbox = self.mail.join(name);
        let file = mailbox.join("new").join(id.to_string());
        let bytes = fs::read(&file).map_err(Missing::Unreadable)?;
        letter::from_file(&bytes, id).map_err(|why| {
            let aside = mailbox.join("damaged");
            let moved = make_private(&aside).and_then(|()| fs::rename(&file, aside.join(id.to_string())));
            moved.map_or_else(Missing::Unreadable, |()| Missing::Damaged(why))
        })
    }

    /// Removes a letter that was confirmed, perhaps a second time, by who had the name before.
    pub fn remove(&self, name: &str, id: Msgid) -> io::Result<()> {
        match fs::remove_file(self.mail.join(name).join("new").join(id.to_string())) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Writes down a name that is known from now on. After a power cut it may be forgotten; a letter to it is not.
    pub fn learn(&self, name: &str) -> io::Result<()> {
        // The line end comes first: after half a name, which a full disk can leave, the next is whole.
        (&self.names).write_all(format!("\n{name}").as_bytes())
    }

    /// Removes the folders of a name that is not known any more, as far as they are empty.
    pub fn forget(&self, name: &str) {
        let mailbox = self.mail.join(name);
        for folder in [mailbox.join("tmp"), mailbox.join("new"), mailbox] {
            // There may be none, or a letter that has come just now.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Writes a letter's file beside its place and moves it there, so that there is never half a letter.
fn write(mailbox: &Path, id: Msgid, letter: &Line) -> io::Result<()> {
    let (part, whole) = (mailbox.join("tmp").join(id.to_string()), mailbox.join("new").join(id.to_string()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    let written = (file.write_all(&letter::to_file(letter)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, &whole))
        .and_then(|()| sync_folder(&mailbox.join("new")));
    if written.is_err() {
        // The sender will hear that it was not sent, so it must not come later.
        let _ = fs::remove_file(&part).or_else(|_| fs::remove_file(&whole));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("groupchat-mail-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        make_private(&folder).unwrap();
        folder
    }

    fn letter(id: Msgid, text: &str) -> Line {
        Line::message(format_args!(":tesla!t@h PRIVMSG albert :{text}"), format!("msgid={id}"), false)
    }

    #[test]
    fn letters_survive_the_server_in_their_order() {
        let data = folder("order");
        let (mailboxes, found) = Mailboxes::open(&data).unwrap();
        let ids = [3, 1, 2].map(|number| Msgid { run: found.run, number });
        for id in ids {
            mailboxes.store("albert", id, &letter(id, "psst")).unwrap();
        }
        mailboxes.learn("Tesla").unwrap();
        // Killed while it wrote a fourth one.
        fs::write(data.join("mail/albert/tmp/x"), "@time").unwrap();
        let (mailboxes, again) = Mailboxes::open(&data).unwrap();
        assert!(again.run > found.run && again.troubles.is_empty(), "{again:?}");
        assert_eq!(again.names, ["tesla", "albert"]);
        assert_eq!(again.letters, [("albert".to_owned(), vec![ids[1], ids[2], ids[0]])]);
        assert_eq!(mailboxes.read("albert", ids[1]).unwrap().from(), "tesla");
        mailboxes.remove("albert", ids[1]).unwrap();
        assert!(matches!(mailboxes.read("albert", ids[1]), Err(Missing::Unreadable(_))));
        assert_eq!(fs::read_dir(data.join("mail/albert/tmp")).unwrap().count(), 0);
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn what_is_no_letter_is_set_aside_and_never_deleted() {
        let data = folder("damaged");
        let (mailboxes, found) = Mailboxes::open(&data).unwrap();
        let id = Msgid { run: found.run, number: 1 };
        mailboxes.store("albert", id, &letter(id, "psst")).unwrap();
        fs::write(data.join(format!("mail/albert/new/{id}")), "@time=x").unwrap();
        fs::create_dir(data.join("mail/No Name")).unwrap();
        let (mailboxes, found) = Mailboxes::open(&data).unwrap();
        assert_eq!(found.troubles.len(), 1);
        assert!(matches!(mailboxes.read("albert", id), Err(Missing::Damaged(_))));
        assert_eq!(fs::read(data.join(format!("mail/albert/damaged/{id}"))).unwrap(), b"@time=x");
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_letter_that_could_not_be_stored_does_not_come_later() {
        let data = folder("full");
        let (mailboxes, found) = Mailboxes::open(&data).unwrap();
        let id = Msgid { run: found.run, number: 1 };
        // A file where the folder should be, since a test that runs as root can write anywhere.
        make_private(&data.join("mail/albert/tmp")).unwrap();
        fs::write(data.join("mail/albert/new"), "").unwrap();
        mailboxes.store("albert", id, &letter(id, "psst")).unwrap_err();
        assert_eq!(fs::read_dir(data.join("mail/albert/tmp")).unwrap().count(), 0);
        assert_eq!(Mailboxes::open(&data).unwrap().1.troubles.len(), 1);
        fs::remove_dir_all(data).unwrap();
    }
}
