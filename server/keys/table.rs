//! The table of names that are bound to keys.
//!
//! Behind a lock of its own, which is taken only after the registry's. All names here are folded. Nothing here looks at
//! all names, since clients ask for names under the registry's lock.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use wire::fingerprint::Fingerprint;

use super::limits;
use crate::core::event::ClientId;
use crate::core::party::{Hourly, Party};

#[derive(Debug, Default)]
pub struct KeyTable {
    owners: HashMap<String, Owner>,
    /// How many names each key has.
    counts: HashMap<Fingerprint, usize>,
    /// Names that were never used again, in the order in which they were bound. When there are too many names, the first
    /// of them is forgotten.
    once: BTreeMap<Place, String>,
    /// New names of the clients of each network.
    newcomers: Hourly,
    next_serial: u64,
}

/// When a name was bound: seconds since 1970, and a number that nothing else has.
type Place = (u64, u64);

/// The owner of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub key: Fingerprint,
    /// It is on the disk. Until then a missing file does not mean that the name was released.
    stored: bool,
    /// Keeps one owner apart from a later one with the same key.
    serial: u64,
    once: Option<Once>,
}

/// A name that only the session that has bound it has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Once {
    place: Place,
    /// That session, unless the server was started again since.
    by: Option<ClientId>,
}

/// A client that wants to bind a name.
#[derive(Debug, Clone, Copy)]
pub struct Applicant {
    pub key: Fingerprint,
    pub client: ClientId,
    pub network: IpAddr,
    /// Seconds since 1970.
    pub now: u64,
    /// The same moment, for the limit of each hour.
    pub instant: Instant,
}

/// What became of the request to bind a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Bound {
    /// The name belongs to the key from now on.
    New,
    /// The same, and because there were too many this other name is forgotten.
    InPlaceOf(String),
    /// It did before, and is used in a later session for the first time.
    Again,
    /// It did before.
    Already,
    /// It does not, for this reason.
    Refused(&'static str),
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

    /// Whether a name belongs to a key since an earlier session. A key that was just made owns nothing like that.
    pub fn is_proven(&self, name: &str, key: Fingerprint) -> bool {
        self.owner(name).is_some_and(|owner| owner.key == key && owner.once.is_none())
    }

    /// Binds a name to a key. A new owner is to be stored on the disk, and then marked with [`Self::mark_stored`]. A name
    /// that is in use is not forgotten.
    pub fn bind(&mut self, name: &str, by: Applicant, in_use: impl Fn(&str) -> bool) -> Bound {
        match self.owners.get_mut(name) {
            Some(owner) if owner.key != by.key => return Bound::Theirs,
            Some(Owner { once: Some(once), .. }) if once.by == Some(by.client) => return Bound::Already,
            Some(owner) => {
                let Some(once) = owner.once.take() else { return Bound::Already };
                self.once.remove(&once.place);
                return Bound::Again;
            }
            None => {}
        }
        if self.counts.get(&by.key).is_some_and(|count| *count >= limits::NAMES_PER_KEY) {
            return Bound::Refused("there are too many names already");
        }
        if !self.newcomers.count(Party::Network(by.network), limits::NAMES_PER_HOUR, by.instant) {
            return Bound::Refused("too many new names came from your network; connect again in an hour");
        }
        let mut bound = Bound::New;
        if self.owners.len() >= limits::BOUND_NAMES {
            let Some(forgotten) = self.forget_oldest(by.now, in_use) else {
                return Bound::Refused("the server has too many names already");
            };
            bound = Bound::InPlaceOf(forgotten);
        }
        self.enter(name, by.key, Some((by.now, Some(by.client))), false);
        bound
    }

    /// Forgets the oldest name that was never used again.
    fn forget_oldest(&mut self, now: u64, in_use: impl Fn(&str) -> bool) -> Option<String> {
        for _ in 0..limits::FORGETTABLE {
            let (_, name) = self.once.pop_first()?;
            if !in_use(&name) {
                self.remove(&name);
                return Some(name);
            }
            // Its first session goes on, so it goes to the end of the queue: nobody has to pass it again.
            let place = self.next_place(now);
            if let Some(Owner { once: Some(once), .. }) = self.owners.get_mut(&name) {
                once.place = place;
            }
            self.once.insert(place, name);
        }
        None
    }

    fn next_place(&mut self, now: u64) -> Place {
        self.next_serial += 1;
        (now, self.next_serial)
    }

    /// Enters the owner of a name that has none. `once`: when it was bound, and by which session, if it was never used
    /// again.
    pub fn enter(&mut self, name: &str, key: Fingerprint, once: Option<(u64, Option<ClientId>)>, stored: bool) {
        let place = self.next_place(once.map_or(0, |(since, _)| since));
        let once = once.map(|(_, by)| Once { place, by });
        if once.is_some() {
            self.once.insert(place, name.into());
        }
        *self.counts.entry(key).or_default() += 1;
        self.owners.insert(name.into(), Owner { key, stored, serial: place.1, once });
    }

    pub fn mark_stored(&mut self, name: &str) {
        if let Some(owner) = self.owners.get_mut(name) {
            owner.stored = true;
        }
    }

    /// Releases a name from this owner, if it still is its owner.
    pub fn release(&mut self, name: &str, from: Owner) {
        if self.owner(name).is_some_and(|owner| owner.serial == from.serial) {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &str) {
        let Some(owner) = self.owners.remove(name) else { return };
        owner.once.and_then(|once| self.once.remove(&once.place));
        if let Some(count) = self.counts.get_mut(&owner.key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&owner.key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
