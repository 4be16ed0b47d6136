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
use std::time::{SystemTime, UNIX_EPOCH};

use wire::names::{fold, is_nick};

use crate::data::{make, sync_folder};
use crate::event::Line;
use crate::letter::{self, Msgid};

/// Where the letters and the names are.
#[derive(Debug)]
pub struct Mailboxes {
    mail: PathBuf,
    /// Opened to append, so that each name is one write and no two mix.
    names: File,
}

/// What the server finds when it starts.
#[derive(Debug, Default)]
pub struct Found {
    /// The number of this run, higher than that of every run before.
    pub run: u64,
    /// Known names, folded.
    pub names: Vec<String>,
    /// The letters of each, oldest first.
    pub letters: Vec<(String, Vec<Msgid>)>,
    /// What could not be read, each a sentence.
    pub troubles: Vec<String>,
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
        let cannot = |what: &Path, error: io::Error| format!("cannot use {}: {error}", what.display());
        let mail = data.join("mail");
        make(&mail).map_err(|error| cannot(&mail, error))?;
        let file = data.join("names");
        let known = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            other => other.map_err(|error| cannot(&file, error))?,
        };
        let names = OpenOptions::new().append(true).create(true).mode(0o600).open(&file);
        let names = names.map_err(|error| cannot(&file, error))?;
        let mut found =
            Found { names: known.lines().filter(|line| is_nick(line)).map(fold).collect(), ..Found::default() };
        for entry in fs::read_dir(&mail).map_err(|error| cannot(&mail, error))? {
            found.look_into(&entry.map_err(|error| cannot(&mail, error))?.path());
        }
        found.run = next_run(data, &found).map_err(|error| cannot(&data.join("run"), error))?;
        Ok((Mailboxes { mail, names }, found))
    }

    /// Stores a letter. When this returns, it is there whatever happens to the server or the machine;
    /// with an error it is not.
    pub fn store(&self, name: &str, id: Msgid, letter: &Line) -> io::Result<()> {
        let mailbox = self.mail.join(name);
        let (part, whole) = (mailbox.join("tmp").join(id.to_string()), mailbox.join("new").join(id.to_string()));
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let mut file = match create() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_mailbox(&mailbox)?;
                create()?
            }
            other => other?,
        };
        let stored = (file.write_all(&letter::to_file(letter)))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&part, &whole))
            .and_then(|()| sync_folder(&mailbox.join("new")));
        if stored.is_err() {
            // The sender will hear that it was not sent, so it must not come later.
            let _ = fs::remove_file(&part).or_else(|_| fs::remove_file(&whole));
        }
        stored
    }

    fn make_mailbox(&self, mailbox: &Path) -> io::Result<()> {
        make(&mailbox.join("tmp"))?;
        make(&mailbox.join("new"))?;
        sync_folder(mailbox)?;
        sync_folder(&self.mail)
    }

    /// Reads a letter; one that is damaged is set aside.
    pub fn read(&self, name: &str, id: Msgid) -> Result<Line, Missing> {
        let mailbox = self.mail.join(name);
        let file = mailbox.join("new").join(id.to_string());
        let bytes = fs::read(&file).map_err(Missing::Unreadable)?;
        letter::from_file(&bytes, id).map_err(|why| {
            let aside = mailbox.join("damaged");
            let moved = make(&aside).and_then(|()| fs::rename(&file, aside.join(id.to_string())));
            moved.map_or_else(Missing::Unreadable, |()| Missing::Damaged(why))
        })
    }

    /// Removes a letter that was confirmed.
    pub fn remove(&self, name: &str, id: Msgid) -> io::Result<()> {
        fs::remove_file(self.mail.join(name).join("new").join(id.to_string()))
    }

    /// Writes down a name that is known from now on. After a power cut it may be forgotten; a letter to it is not.
    pub fn learn(&self, name: &str) -> io::Result<()> {
        (&self.names).write_all(format!("{name}\n").as_bytes())
    }
}

impl Found {
    /// Looks into one mailbox. A fault there is no reason not to start.
    fn look_into(&mut self, mailbox: &Path) {
        let name = mailbox.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = is_nick(name) && fold(name) == name;
        let letters = if is_ours { letters(mailbox) } else { Err(io::Error::other("that is nobody's name")) };
        match letters {
            Ok(letters) => {
                self.names.push(name.to_owned());
                if !letters.is_empty() {
                    self.letters.push((name.to_owned(), letters));
                }
            }
            Err(error) => self.troubles.push(format!("The mailbox {} is left out: {error}", mailbox.display())),
        }
    }
}

/// The letters in a mailbox, oldest first. What was being written when the server was killed was never acknowledged.
fn letters(mailbox: &Path) -> io::Result<Vec<Msgid>> {
    for entry in fs::read_dir(mailbox.join("tmp"))? {
        fs::remove_file(entry?.path())?;
    }
    let mut letters = Vec::new();
    for entry in fs::read_dir(mailbox.join("new"))? {
        letters.extend(entry?.file_name().to_str().and_then(Msgid::parse));
    }
    letters.sort_unstable();
    Ok(letters)
}

/// The number of this run: the time, unless the clock was turned back.
fn next_run(data: &Path, found: &Found) -> io::Result<u64> {
    let file = data.join("run");
    let last = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        other => other?.trim().parse().unwrap_or_default(),
    };
    let newest_letter = found.letters.iter().flat_map(|(_, letters)| letters).map(|id| id.run).max();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_micros()).unwrap_or_default();
    let run = now.max(last + 1).max(newest_letter.unwrap_or_default() + 1);
    let new = data.join("run.new");
    let mut output = File::create(&new)?;
    output.write_all(format!("{run}\n").as_bytes())?;
    output.sync_all()?;
    fs::rename(new, file)?;
    sync_folder(data)?;
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("groupchat-mail-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        make(&folder).unwrap();
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
        make(&data.join("mail/albert/tmp")).unwrap();
        fs::write(data.join("mail/albert/new"), "").unwrap();
        mailboxes.store("albert", id, &letter(id, "psst")).unwrap_err();
        assert_eq!(fs::read_dir(data.join("mail/albert/tmp")).unwrap().count(), 0);
        assert_eq!(Mailboxes::open(&data).unwrap().1.troubles.len(), 1);
        fs::remove_dir_all(data).unwrap();
    }
}
