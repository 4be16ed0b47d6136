//! Which names belong to which keys: the table in memory, and a file for each name on the disk.
//!
//! The table is part of the registry, so it is only touched by a thread that holds the registry's lock; the files
//! are read and written by client threads while they hold none. All names here are folded.
//!
//! ```text
//! <data folder>/keys/albert           the fingerprint of the key that has the name, in 64 digits
//! ```

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wire::disk::{make_private, write_atomically};
use wire::fingerprint::Fingerprint;
use wire::limits;
use wire::names::{casefold, is_nick};
use wire::os::sync_folder;

/// A name whose file is damaged belongs to this: to nobody, until it is released.
const NOBODY: Fingerprint = Fingerprint([0; 32]);

/// The table.
#[derive(Debug, Default)]
pub struct Keys {
    owners: HashMap<String, Owner>,
    /// How many names each key has.
    counts: HashMap<Fingerprint, usize>,
    next_serial: u64,
}

/// Who has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub key: Fingerprint,
    /// It is written down. Until then nobody can say that the name was released because there is no file.
    stored: bool,
    /// Keeps one owner apart from a later one with the same key.
    serial: u64,
}

/// What became of the wish to have a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Bound {
    /// The name belongs to the key from now on.
    New,
    /// It did before.
    Already,
    /// The key has as many names as one may have, or all keys together have.
    TooMany,
    /// Another key has it.
    Theirs,
}

impl Keys {
    /// Who has the name.
    pub fn owner(&self, name: &str) -> Option<Owner> {
        self.owners.get(name).copied()
    }

    /// Who has the name, if that is written down.
    pub fn stored_owner(&self, name: &str) -> Option<Owner> {
        self.owner(name).filter(|owner| owner.stored)
    }

    /// Whether a client may take a name: nobody's, or that of its own key.
    pub fn allow(&self, name: &str, key: Option<Fingerprint>) -> bool {
        self.owner(name).is_none_or(|owner| Some(owner.key) == key)
    }

    /// Binds a name to a key. What is new is to be written down, and then [`Self::mark_stored`].
    pub fn bind(&mut self, name: &str, key: Fingerprint) -> Bound {
        match self.owner(name) {
            Some(owner) if owner.key == key => return Bound::Already,
            Some(_) => return Bound::Theirs,
            None => {}
        }
        let count = self.counts.get(&key).copied().unwrap_or_default();
        if count >= limits::NAMES_PER_KEY || self.owners.len() >= limits::KNOWN_NAMES {
            return Bound::TooMany;
        }
        self.enter(name, key, false);
        Bound::New
    }

    fn enter(&mut self, name: &str, key: Fingerprint, stored: bool) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.owners.insert(name.into(), Owner { key, stored, serial });
        *self.counts.entry(key).or_default() += 1;
    }

    pub fn mark_stored(&mut self, name: &str) {
        if let Some(owner) = self.owners.get_mut(name) {
            owner.stored = true;
        }
    }

    /// The name belongs to this owner no more, if it still did.
    pub fn release(&mut self, name: &str, from: Owner) {
        if self.owner(name) != Some(from) {
            return;
        }
        self.owners.remove(name);
        let key = from.key;
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }
}

/// The files.
#[derive(Debug)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// Opens what is in the data folder; with it comes the table of all names, and a sentence for each file that is
    /// damaged.
    pub fn open(data: &Path) -> Result<(Self, Keys, Vec<String>), String> {
        let folder = KeyFolder(data.join("keys"));
        let found = make_private(&folder.0).and_then(|()| folder.all());
        let (keys, troubles) = found.map_err(|error| format!("cannot use {}: {error}", folder.0.display()))?;
        Ok((folder, keys, troubles))
    }

    fn all(&self) -> io::Result<(Keys, Vec<String>)> {
        let (mut keys, mut troubles) = (Keys::default(), Vec::new());
        for file in fs::read_dir(&self.0)? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Such a one is of a write that was interrupted: nobody was told that the name is bound.
            if path.extension().is_some_and(|ending| ending == "new") || !is_nick(name) || casefold(name) != name {
                continue;
            }
            let text = fs::read_to_string(&path);
            let key = text.ok().and_then(|text| text.trim().parse().ok());
            if key.is_none() {
                let shown = path.display();
                troubles.push(format!("{shown} holds no fingerprint; nobody has the name until it is released"));
            }
            keys.enter(name, key.unwrap_or(NOBODY), true);
        }
        Ok((keys, troubles))
    }

    /// Writes down to whom a name belongs. When this returns, it does so whatever happens to the server or the machine.
    pub fn store(&self, name: &str, key: Fingerprint) -> io::Result<()> {
        write_atomically(&self.0.join(name), format!("{key}\n").as_bytes())?;
        sync_folder(&self.0)
    }

    /// Whether a name belongs to nobody any more although the table says otherwise: who runs the server has released it.
    /// A folder that is away, with all names, releases none.
    pub fn is_released(&self, name: &str) -> bool {
        let is_away =
            matches!(fs::symlink_metadata(self.0.join(name)), Err(error) if error.kind() == ErrorKind::NotFound);
        is_away && self.0.is_dir()
    }

    /// Takes a name from its key, also while a server runs in this data folder. The answer for the operator is one
    /// sentence in either case.
    pub fn release(data: &Path, nick: &str) -> Result<String, String> {
        let file = data.join("keys").join(casefold(nick));
        if !is_nick(nick) {
            return Err(format!("{nick} is no name"));
        }
        match fs::remove_file(&file) {
            Ok(()) => {
                Ok(format!("{nick} is released: whoever takes the name next has it, and the mail that waits for it"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
                "no key has the name {nick}: there is no {}; check --data-dir and --listen",
                file.display()
            )),
            Err(error) => Err(format!("cannot remove {}: {error}", file.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESLA: Fingerprint = Fingerprint([7; 32]);
    const EVE: Fingerprint = Fingerprint([8; 32]);

    #[test]
    fn a_name_belongs_to_one_key_and_a_key_has_some_names() {
        let mut keys = Keys::default();
        assert!(keys.allow("tesla", None) && keys.allow("tesla", Some(EVE)));
        assert_eq!(keys.bind("tesla", TESLA), Bound::New);
        assert_eq!(keys.bind("tesla", TESLA), Bound::Already);
        assert_eq!(keys.bind("tesla", EVE), Bound::Theirs);
        assert!(keys.allow("tesla", Some(TESLA)) && !keys.allow("tesla", Some(EVE)) && !keys.allow("tesla", None));
        let more = (1..limits::NAMES_PER_KEY).map(|number| keys.bind(&format!("t{number}"), TESLA));
        assert!(more.collect::<Vec<_>>().iter().all(|bound| *bound == Bound::New));
        assert_eq!(keys.bind("another", TESLA), Bound::TooMany);
        assert!(keys.allow("another", Some(TESLA)), "it may be used all the same");
        let owner = keys.owner("tesla").unwrap();
        keys.release("tesla", owner);
        assert_eq!(keys.bind("another", TESLA), Bound::New);
        keys.release("another", keys.owner("another").unwrap());
        assert_eq!(keys.bind("tesla", TESLA), Bound::New);
        keys.release("tesla", owner);
        assert!(!keys.allow("tesla", Some(EVE)), "the same key has got it anew");
        assert_eq!(keys.stored_owner("tesla"), None);
        keys.mark_stored("tesla");
        assert_eq!(keys.stored_owner("tesla"), keys.owner("tesla"));
    }

    #[test]
    fn the_table_comes_back_and_damage_gives_a_name_to_nobody() {
        let data = std::env::temp_dir().join(format!("groupchat-keys-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let (folder, ..) = KeyFolder::open(&data).unwrap();
        folder.store("tesla", TESLA).unwrap();
        folder.store("[a]", EVE).unwrap();
        fs::write(data.join("keys/albert"), "\0").unwrap();
        fs::write(data.join("keys/carl.new"), EVE.to_string()).unwrap();
        let (folder, keys, troubles) = KeyFolder::open(&data).unwrap();
        assert!(keys.allow("tesla", Some(TESLA)) && !keys.allow("tesla", Some(EVE)) && keys.allow("[a]", Some(EVE)));
        assert!(keys.stored_owner("tesla").is_some() && keys.owner("carl").is_none());
        assert!(!keys.allow("albert", Some(EVE)) && !keys.allow("albert", None));
        assert_eq!(troubles.len(), 1, "{troubles:?}");
        assert!(!folder.is_released("albert"));
        assert!(KeyFolder::release(&data, "Albert").is_ok() && folder.is_released("albert"));
        assert!(KeyFolder::release(&data, "albert").unwrap_err().starts_with("no key has the name albert"));
        assert_eq!(KeyFolder::release(&data, "../lock").unwrap_err(), "../lock is no name");
        fs::remove_dir_all(data).unwrap();
    }
}
