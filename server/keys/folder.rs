//! The bound names on the disk: a file for each, with the fingerprint of its key.
//!
//! Client threads read and write the files while they hold no lock; `--release` removes one, also while a server runs.
//! All names here are folded.
//!
//! ```text
//! <data folder>/keys/albert           the fingerprint of the key that has the name, in 64 digits; while the name was
//!                                     never used again, on a second line `new` and the time at which it was bound
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use wire::disk::{make_private, write_atomically};
use wire::fingerprint::Fingerprint;
use wire::names::{casefold, is_nick};
use wire::os::sync_folder;

use super::table::KeyTable;

/// The owner of a name whose file is damaged: nobody has the name until it is released.
const NOBODY: Fingerprint = Fingerprint([0; 32]);

#[derive(Debug)]
pub struct KeyFolder {
    path: PathBuf,
    /// Files are written in parallel; to forget one takes it alone, so that a name which is bound anew meanwhile keeps its
    /// file. The lock of the table may be taken within it.
    writing: RwLock<()>,
}

impl KeyFolder {
    /// Reads the table of all names; with it comes a sentence for each damaged file.
    pub fn open(data: &Path) -> Result<(Self, KeyTable, Vec<String>), String> {
        let folder = KeyFolder { path: data.join("keys"), writing: RwLock::default() };
        let found = make_private(&folder.path).and_then(|()| folder.all());
        let (table, warnings) = found.map_err(|error| format!("cannot use {}: {error}", folder.path.display()))?;
        Ok((folder, table, warnings))
    }

    fn all(&self) -> io::Result<(KeyTable, Vec<String>)> {
        let (mut table, mut warnings) = (KeyTable::default(), Vec::new());
        for file in fs::read_dir(&self.path)? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // A write that was interrupted: no client was told that the name is bound.
            if path.extension().is_some_and(|ending| ending == "new") || !is_nick(name) || casefold(name) != name {
                continue;
            }
            let text = fs::read_to_string(&path);
            let owner = text.ok().and_then(|text| parse(&text));
            if owner.is_none() {
                let shown = path.display();
                warnings.push(format!("{shown} holds no fingerprint; nobody has the name until it is released"));
            }
            let (key, once) = owner.unwrap_or((NOBODY, None));
            table.enter(name, key, once.map(|since| (since, None)), true);
        }
        Ok((table, warnings))
    }

    /// Stores the owner of a name, and when it was bound, if it was never used again. When this returns, it survives
    /// whatever happens to the server or the machine.
    pub fn store(&self, name: &str, key: Fingerprint, once: Option<u64>) -> io::Result<()> {
        let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        let once = once.map(|since| format!("new {since}\n")).unwrap_or_default();
        write_atomically(&self.path.join(name), format!("{key}\n{once}").as_bytes())?;
        sync_folder(&self.path)
    }

    /// The data folder in which it is.
    pub fn data(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Removes the file of a name that the table has forgotten, unless somebody `has_it` again.
    pub fn forget(&self, name: &str, has_it: impl FnOnce() -> bool) -> io::Result<()> {
        let _writing = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        if has_it() {
            return Ok(());
        }
        match fs::remove_file(self.path.join(name)) {
            // The operator has released it meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Whether a name was released on the disk although the table still has an owner. A missing folder, with all names
    /// in it, releases none.
    pub fn is_released(&self, name: &str) -> bool {
        let found = fs::symlink_metadata(self.path.join(name));
        found.is_err_and(|error| error.kind() == ErrorKind::NotFound) && self.path.is_dir()
    }
}

/// The owner that a file names, and when the name was bound, if it was never used again.
fn parse(text: &str) -> Option<(Fingerprint, Option<u64>)> {
    let (key, once) = text.trim().split_once('\n').map_or((text, None), |(key, once)| (key, Some(once)));
    let once = once.map(|once| once.strip_prefix("new ").and_then(|since| since.parse().ok()));
    // A second line that is damaged counts as none: then the name is not forgotten.
    Some((key.trim().parse().ok()?, once.flatten()))
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
        folder.store("tesla", TESLA, None).unwrap();
        folder.store("[a]", EVE, Some(1_795_704_260)).unwrap();
        fs::write(data.join("keys/albert"), "\0").unwrap();
        fs::write(data.join("keys/carl.new"), EVE.to_string()).unwrap();
        let (folder, keys, warnings) = KeyFolder::open(data).unwrap();
        assert!(keys.allow("tesla", Some(TESLA)) && !keys.allow("tesla", Some(EVE)) && keys.allow("[a]", Some(EVE)));
        assert!(keys.stored_owner("tesla").is_some() && keys.owner("carl").is_none());
        let forget = |has_it: bool| folder.forget("[a]", || has_it).map(|()| folder.is_released("[a]")).unwrap();
        assert!(!forget(true) && forget(false));
        assert!(!keys.allow("albert", Some(EVE)) && !keys.allow("albert", None));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(!folder.is_released("albert"));
        assert!(release(data, "Albert").is_ok() && folder.is_released("albert"));
        assert!(release(data, "albert").unwrap_err().starts_with("no key has the name albert"));
        assert_eq!(release(data, "../lock").unwrap_err(), "../lock is no name");
    }

    #[test]
    fn a_file_of_an_earlier_version_is_of_a_name_that_was_used_again() {
        for (text, once) in
            [("", None), ("\n", None), ("\nnew 5\n", Some(5)), ("\r\nnew 5", Some(5)), ("\nnew x", None)]
        {
            assert_eq!(parse(&format!("{TESLA}{text}")), Some((TESLA, once)), "{text:?}");
        }
        assert_eq!(parse("new 5\n"), None);
    }
}
