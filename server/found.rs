//! What the server finds on its disk when it starts: known names, waiting letters, the number of its last run.
//!
//! Read once by the main thread, before any other starts. Whatever is damaged there is told and left out; it is no
//! reason not to start.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wire::disk::{read_text, write_atomically};
use wire::limits;
use wire::names::{casefold, is_nick};
use wire::os::sync_folder;

use crate::letter::Msgid;

#[derive(Debug, Default)]
pub struct Found {
    /// The number of this run, higher than that of every run before.
    pub run: u64,
    /// Known names, folded, the newest last.
    pub names: Vec<String>,
    /// The letters of each, oldest first.
    pub letters: Vec<(String, Vec<Msgid>)>,
    /// What could not be read or written, each a sentence.
    pub troubles: Vec<String>,
}

impl Found {
    /// Looks into the data folder; with what is found comes the file that further names are added to.
    pub fn look(data: &Path, mail: &Path) -> io::Result<(Found, File)> {
        let mut found = Found::default();
        let names = found.known_names(&data.join("names"))?;
        for mailbox in fs::read_dir(mail)? {
            found.look_into(&mailbox?.path());
        }
        let run = data.join("run");
        found.run = found.next_run(&run)?;
        if let Err(error) =
            write_atomically(&run, format!("{}\n", found.run).as_bytes()).and_then(|()| sync_folder(data))
        {
            // The clock is good enough, unless it is turned back.
            found.troubles.push(format!("Cannot write {}: {error}", run.display()));
        }
        Ok((found, names))
    }

    /// The newest of the known names, each once. Their file is written anew, so that names which
    /// are forgotten and learned again do not fill the disk.
    fn known_names(&mut self, file: &Path) -> io::Result<File> {
        let text = read_text(file)?;
        let mut seen = HashSet::new();
        let newest =
            text.lines().rev().filter(|line| is_nick(line)).map(casefold).filter(|name| seen.insert(name.clone()));
        self.names = newest.take(limits::KNOWN_NAMES).collect();
        self.names.reverse();
        if let Err(error) = write_atomically(file, self.names.join("\n").as_bytes()) {
            self.troubles.push(format!("Cannot write {}: {error}", file.display()));
        }
        OpenOptions::new().append(true).create(true).mode(0o600).open(file)
    }

    fn look_into(&mut self, mailbox: &Path) {
        let name = mailbox.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = is_nick(name) && casefold(name) == name;
        let letters = if is_ours { self.letters_in(mailbox) } else { Err(io::Error::other("that is nobody's name")) };
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

    fn letters_in(&mut self, mailbox: &Path) -> io::Result<Vec<Msgid>> {
        for part in fs::read_dir(mailbox.join("tmp")).into_iter().flatten() {
            // What was being written when the server was killed was never acknowledged. What cannot be removed is in nobody's way.
            let _ = fs::remove_file(part?.path());
        }
        let mut letters = Vec::new();
        let new = match fs::read_dir(mailbox.join("new")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(letters),
            other => other?,
        };
        for file in new {
            let file = file?;
            match file.file_name().to_str().and_then(Msgid::parse) {
                Some(id) => letters.push(id),
                None => self.troubles.push(format!("{} is no letter and is left alone", file.path().display())),
            }
        }
        letters.sort_unstable();
        Ok(letters)
    }

    /// The number of this run: the time, unless the clock was turned back.
    fn next_run(&self, file: &Path) -> io::Result<u64> {
        let last = read_text(file)?.trim().parse::<u64>().unwrap_or_default();
        let newest_letter = self.letters.iter().flat_map(|(_, letters)| letters).map(|id| id.run).max();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_micros()).unwrap_or_default();
        Ok(now.max(last.max(newest_letter.unwrap_or_default()).saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::disk::make_private;

    #[test]
    fn damage_is_no_reason_not_to_start() {
        let data = std::env::temp_dir().join(format!("groupchat-found-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let mail = data.join("mail");
        make_private(&mail.join("albert/new")).unwrap();
        make_private(&mail.join("albert/tmp/a folder")).unwrap();
        make_private(&mail.join("bob")).unwrap();
        make_private(&mail.join("No Name")).unwrap();
        fs::write(mail.join("albert/new/notes.txt"), "").unwrap();
        fs::write(mail.join("albert/new/ffffffffffffffff-0000000007"), "").unwrap();
        fs::write(data.join("names"), b"\ntesla\nCarl\n\xff\ncarl\n../x\ntes").unwrap();
        fs::write(data.join("run"), u64::MAX.to_string()).unwrap();
        let (found, _) = Found::look(&data, &mail).unwrap();
        assert_eq!(found.run, u64::MAX);
        let mut names = found.names;
        names[3..].sort();
        assert_eq!(names, ["tesla", "carl", "tes", "albert", "bob"]);
        assert_eq!(found.letters, [("albert".to_owned(), vec![Msgid { run: u64::MAX, number: 7 }])]);
        assert_eq!(found.troubles.len(), 2, "{:?}", found.troubles);
        assert_eq!(fs::read_to_string(data.join("names")).unwrap(), "tesla\ncarl\ntes");
        fs::remove_dir_all(data).unwrap();
    }
}
