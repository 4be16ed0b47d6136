//! The table of names that are bound to keys.
//!
//! Behind a lock of its own, which is taken only after the registry's. All names here are folded.

use std::collections::HashMap;

use wire::fingerprint::Fingerprint;

use super::limits;

#[derive(Debug, Default)]
pub struct KeyTable {
    owners: HashMap<String, Owner>,
    next_serial: u64,
}

/// The owner of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub key: Fingerprint,
    /// It is on the disk. Until then a missing file does not mean that the name was released.
    stored: bool,
    /// Keeps one owner apart from a later one with the same key.
    serial: u64,
}

/// What became of the request to bind a name.
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

impl KeyTable {
    /// The owner of a name.
    pub fn owner(&self, name: &str) -> Option<Owner> {
        self.owners.get(name).copied()
    }

    /// The owner of a name, if that is on the disk.
    pub fn stored_owner(&self, name: &str) -> Option<Owner> {
        self.owner(name).filter(|owner| owner.stored)
    }

    /// Whether a client may take a name: one without an owner, or one of its own key.
    pub fn allow(&self, name: &str, key: Option<Fingerprint>) -> bool {
        self.owner(name).is_none_or(|owner| Some(owner.key) == key)
    }

    /// Binds a name to a key. A new owner is to be stored on the disk, and then marked with [`Self::mark_stored`].
    pub fn bind(&mut self, name: &str, key: Fingerprint) -> Bound {
        match self.owner(name) {
            Some(owner) if owner.key == key => return Bound::Already,
            Some(_) => return Bound::Theirs,
            None => {}
        }
        // New names are rare, so the whole table is counted.
        let count = self.owners.values().filter(|owner| owner.key == key).count();
        if count >= limits::NAMES_PER_KEY || self.owners.len() >= limits::BOUND_NAMES {
            return Bound::TooMany;
        }
        self.enter(name, key, false);
        Bound::New
    }

    pub fn enter(&mut self, name: &str, key: Fingerprint, stored: bool) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.owners.insert(name.into(), Owner { key, stored, serial });
    }

    pub fn mark_stored(&mut self, name: &str) {
        if let Some(owner) = self.owners.get_mut(name) {
            owner.stored = true;
        }
    }

    /// Releases a name from this owner, if it still is its owner.
    pub fn release(&mut self, name: &str, from: Owner) {
        if self.owner(name) == Some(from) {
            self.owners.remove(name);
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
        let mut keys = KeyTable::default();
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
}
