//! People the user wants to see nothing of, each known under every name they had.
//!
//! Kept in one file per own name, so that it survives a restart. Part of the state, under its lock;
//! the file is small and written only when an entry changes.

use super::limits::{NAME, NAMES_EACH};
use super::settings;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use wire::names;

/// The blacklist.
#[derive(Debug, Default)]
pub struct Blacklist {
    /// The names of each person, first the one that the user gave.
    pub people: Vec<Vec<String>>,
    /// Its file; none when that could not be read, so that it stays as it is.
    file: Option<PathBuf>,
}

impl Blacklist {
    /// Reads the blacklist of the user who chats as `own_nick`; a missing file is an empty blacklist.
    pub fn load(own_nick: &str) -> io::Result<Self> {
        Self::read(settings::folder()?.join(format!("blacklist-{}", names::casefold(own_nick))))
    }

    fn read(file: PathBuf) -> io::Result<Self> {
        let lines = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let people = lines.lines().map(words).filter(|names| !names.is_empty()).collect();
        Ok(Blacklist { people, file: Some(file) })
    }

    pub fn contains(&self, nick: &str) -> bool {
        self.people.iter().any(|names| has(names, nick))
    }

    pub fn add(&mut self, nick: &str) -> io::Result<()> {
        self.people.push(vec![nick.to_owned()]);
        self.save()
    }

    /// Takes a person off, whichever of their names is given.
    pub fn remove(&mut self, nick: &str) -> io::Result<()> {
        self.people.retain(|names| !has(names, nick));
        self.save()
    }

    /// Follows a person of the blacklist to another name.
    pub fn renamed(&mut self, old: &str, new: &str) -> io::Result<()> {
        match self.people.iter_mut().find(|names| has(names, old)) {
            // No server has a longer one, and in the file a space ends it.
            Some(_) if new.len() > NAME || new.contains(char::is_whitespace) => Ok(()),
            Some(names) if !has(names, new) => {
                if names.len() == NAMES_EACH {
                    names.remove(1);
                }
                names.push(new.to_owned());
                self.save()
            }
            _ => Ok(()),
        }
    }

    fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let lines: String = self.people.iter().map(|names| names.join(" ") + "\n").collect();
        settings::write_atomically(file, lines.as_bytes())
    }
}

fn has(names: &[String], nick: &str) -> bool {
    names.iter().any(|name| names::eq_ignore_case(name, nick))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn follows_renames_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/blacklist-me");
        let mut blacklist = Blacklist::read(file.clone()).unwrap();
        blacklist.add("Albert").unwrap();
        blacklist.add("carl").unwrap();
        blacklist.renamed("ALBERT", "bert").unwrap();
        blacklist.renamed("dora", "eve").unwrap();
        let is_private = |path: &Path| wire::os::is_private(&fs::metadata(path).unwrap());
        assert!(is_private(&file) && is_private(&folder.path().join("sub")));

        let mut again = Blacklist::read(file.clone()).unwrap();
        assert_eq!(again.people, [vec!["Albert", "bert"], vec!["carl"]]);
        assert!(again.contains("albert") && again.contains("BERT") && !again.contains("eve"));
        again.remove("bert").unwrap();
        assert!(!again.contains("albert"));
        assert_eq!(Blacklist::read(file).unwrap().people, [vec!["carl"]]);
    }

    #[test]
    fn somebody_who_renames_all_day_does_not_fill_the_disk() {
        let mut blacklist = Blacklist::default();
        blacklist.add("n0").unwrap();
        (0..1000).for_each(|i| blacklist.renamed(&format!("n{i}"), &format!("n{}", i + 1)).unwrap());
        ["n".repeat(NAME + 1), "two words".into()].iter().for_each(|odd| blacklist.renamed("n0", odd).unwrap());
        assert_eq!(blacklist.people[0].len(), NAMES_EACH);
        assert!(blacklist.contains("n0") && blacklist.contains("n1000"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Blacklist::read(folder.path().to_owned()).is_err());
    }
}
