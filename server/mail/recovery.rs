//! Recovery at the start: known names, stored messages, the number of the last run.
//!
//! Run once by the main thread, before any other starts. Damage is warned of and left out; it does not keep the server
//! from starting.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use wire::disk::{read_text, write_atomically};
use wire::names::{casefold, is_nick};
use wire::os::{private_file, sync_folder};

use super::limits;
use crate::core::msgid::Msgid;

#[derive(Debug, Default)]
pub struct Recovery {
    /// The number of this run, higher than those of all runs before.
    pub run: u64,
    /// Known names, folded, the newest last.
    pub names: Vec<String>,
    /// The messages in each mailbox, oldest first.
    pub messages: Vec<(String, Vec<Msgid>)>,
    /// What could not be read or written, each a sentence.
    pub warnings: Vec<String>,
}

impl Recovery {
    /// Reads the data folder, and opens the file to which further names are added.
    pub fn run(data: &Path, mail: &Path) -> io::Result<(Recovery, File)> {
        let mut found = Recovery::default();
        let names = found.known_names(&data.join("names"))?;
        for mailbox in fs::read_dir(mail)? {
            let mailbox = mailbox?.path();
            if let Err(error) = found.open_mailbox(&mailbox) {
                found.warnings.push(format!("The mailbox {} is left out: {error}", mailbox.display()));
            }
        }
        let run = data.join("run");
        found.run = found.next_run(&run)?;
        let written = write_atomically(&run, format!("{}\n", found.run).as_bytes());
        if let Err(error) = written.and_then(|()| sync_folder(data)) {
            // The clock is good enough, unless it is turned back.
            found.warnings.push(format!("Cannot write {}: {error}", run.display()));
        }
        Ok((found, names))
    }

    /// The newest of the known names, each once. Their file is written anew, so that names which are forgotten and
    /// registered again do not fill the disk.
    fn known_names(&mut self, file: &Path) -> io::Result<File> {
        let text = read_text(file)?;
        let mut seen = HashSet::new();
        let newest =
            text.lines().rev().filter(|line| is_nick(line)).map(casefold).filter(|name| seen.insert(name.clone()));
        self.names = newest.take(limits::KNOWN_NAMES).collect();
        self.names.reverse();
        if let Err(error) = write_atomically(file, self.names.join("\n").as_bytes()) {
            self.warnings.push(format!("Cannot write {}: {error}", file.display()));
        }
        private_file(OpenOptions::new().append(true).create(true)).open(file)
    }

    fn open_mailbox(&mut self, mailbox: &Path) -> io::Result<()> {
        let name = mailbox.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !is_nick(name) || casefold(name) != name {
            return Err(io::Error::other("that is nobody's name"));
        }
        for part in fs::read_dir(mailbox.join("tmp")).into_iter().flatten() {
            // Messages that were being written when the server was killed were never acknowledged. One that cannot be
            // removed does no harm.
            let _ = fs::remove_file(part?.path());
        }
        let new = match fs::read_dir(mailbox.join("new")) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            other => Some(other?),
        };
        let mut messages = Vec::new();
        for file in new.into_iter().flatten() {
            let file = file?;
            match file.file_name().to_str().and_then(Msgid::parse) {
                Some(id) => messages.push(id),
                None => self.warnings.push(format!("{} is no message and is left alone", file.path().display())),
            }
        }
        messages.sort_unstable();
        self.names.push(name.to_owned());
        if !messages.is_empty() {
            self.messages.push((name.to_owned(), messages));
        }
        Ok(())
    }

    /// The number of this run: the time, unless the clock was turned back.
    fn next_run(&self, file: &Path) -> io::Result<u64> {
        let last = read_text(file)?.trim().parse::<u64>().unwrap_or_default();
        let newest = self.messages.iter().flat_map(|(_, messages)| messages).map(|id| id.run).max();
        Ok(Msgid::run_at(SystemTime::now()).max(last.max(newest.unwrap_or_default()).saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::disk::make_private;

    #[test]
    fn damage_does_not_keep_the_server_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let mail = data.join("mail");
        make_private(&mail.join("albert/new")).unwrap();
        make_private(&mail.join("albert/tmp/a folder")).unwrap();
        make_private(&mail.join("bob")).unwrap();
        make_private(&mail.join("No Name")).unwrap();
        fs::write(mail.join("albert/new/notes.txt"), "").unwrap();
        fs::write(mail.join("albert/new/ffffffffffffffff-0000000007"), "").unwrap();
        fs::write(data.join("names"), b"\ntesla\nCarl\n\xff\ncarl\n../x\ntes").unwrap();
        fs::write(data.join("run"), u64::MAX.to_string()).unwrap();
        let (found, _) = Recovery::run(data, &mail).unwrap();
        assert_eq!(found.run, u64::MAX);
        let mut names = found.names;
        names[3..].sort();
        assert_eq!(names, ["tesla", "carl", "tes", "albert", "bob"]);
        assert_eq!(found.messages, [("albert".to_owned(), vec![Msgid { run: u64::MAX, number: 7 }])]);
        assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
        assert_eq!(fs::read_to_string(data.join("names")).unwrap(), "tesla\ncarl\ntes");
    }
}
