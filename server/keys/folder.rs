//! The bound names on the disk: a file for each, with the fingerprint of its key.
//!
//! Client threads read and write the files while they hold no lock; `--release` removes one, also while a server runs.
//! All names here are folded.
//!
//! ```text
//! <data folder>/keys/albert           the fingerprint of the key that has the name, in 64 digits
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wire::disk::{make_private, write_atomically};
use wire::fingerprint::Fingerprint;
use wire::names::{casefold, is_nick};
use wire::os::sync_folder;

use super::table::KeyTable;

/// The owner of a name whose file is damaged: nobody has the name until it is released.
const NOBODY: Fingerprint = Fingerprint([0; 32]);

#[derive(Debug)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// Reads the table of all names; with it comes a sentence for each damaged file.
    pub fn open(data: &Path) -> Result<(Self, KeyTable, Vec<String>), String> {
        let folder = KeyFolder(data.join("keys"));
        let found = make_private(&folder.0).and_then(|()| folder.all());
        let (table, warnings) = found.map_err(|error| format!("cannot use {}: {error}", folder.0.display()))?;
        Ok((folder, table, warnings))
    }

    fn all(&self) -> io::Result<(KeyTable, Vec<String>)> {
        let (mut table, mut warnings) = (KeyTable::default(), Vec::new());
        for file in fs::read_dir(&self.0)? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // A write that was interrupted: no client was told that the name is bound.
            if path.extension().is_some_and(|ending| ending == "new") || !is_nick(name) || casefold(name) != name {
                continue;
            }
            let text = fs::read_to_string(&path);
            let key = text.ok().and_then(|text| text.trim().parse().ok());
            if key.is_none() {
                let shown = path.display();
                warnings.push(format!("{shown} holds no fingerprint; nobody has the name until it is released"));
            }
            table.enter(name, key.unwrap_or(NOBODY), true);
        }
        Ok((table, warnings))
    }

    /// Stores the owner of a name. When this returns, it survives whatever happens to the server or the machine.
    pub fn store(&self, name: &str, key: Fingerprint) -> io::Result<()> {
        write_atomically(&self.0.join(name), format!("{key}\n").as_bytes())?;
        sync_folder(&self.0)
    }

    /// Whether a name was released on the disk although the table still has an owner. A missing folder, with all names
    /// in it, releases none.
    pub fn is_released(&self, name: &str) -> bool {
        let found = fs::symlink_metadata(self.0.join(name));
        found.is_err_and(|error| error.kind() == ErrorKind::NotFound) && self.0.is_dir()
    }
}

/// Takes a name from its key, also while a server runs in this data folder. The answer is one sentence in either case.
pub fn release(data: &Path, nick: &str) -> Result<String, String> {
    if !is_nick(nick) {
        return Err(format!("{nick} is no name"));
    }
    let file = data.join("keys").join(casefold(nick));
    let path = file.display();
    fs::remove_file(&file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            format!("no key has the name {nick}: there is no {path}; check --data-dir and --listen")
        }
        _ => format!("cannot remove {path}: {error}"),
    })?;
    Ok(format!("{nick} is released: whoever takes the name next has it, and the mail that waits for it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESLA: Fingerprint = Fingerprint([7; 32]);
    const EVE: Fingerprint = Fingerprint([8; 32]);

    #[test]
    fn the_table_comes_back_and_damage_gives_a_name_to_nobody() {
        let data = tempfile::tempdir().unwrap();
        let data = data.path();
        let (folder, ..) = KeyFolder::open(data).unwrap();
        folder.store("tesla", TESLA).unwrap();
        folder.store("[a]", EVE).unwrap();
        fs::write(data.join("keys/albert"), "\0").unwrap();
        fs::write(data.join("keys/carl.new"), EVE.to_string()).unwrap();
        let (folder, keys, warnings) = KeyFolder::open(data).unwrap();
        assert!(keys.allow("tesla", Some(TESLA)) && !keys.allow("tesla", Some(EVE)) && keys.allow("[a]", Some(EVE)));
        assert!(keys.stored_owner("tesla").is_some() && keys.owner("carl").is_none());
        assert!(!keys.allow("albert", Some(EVE)) && !keys.allow("albert", None));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(!folder.is_released("albert"));
        assert!(release(data, "Albert").is_ok() && folder.is_released("albert"));
        assert!(release(data, "albert").unwrap_err().starts_with("no key has the name albert"));
        assert_eq!(release(data, "../lock").unwrap_err(), "../lock is no name");
    }
}
