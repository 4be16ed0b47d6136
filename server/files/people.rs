//! The people of all files, by name: senders and recipients.
//!
//! Part of the table of files, so it is only touched by a thread that holds the table's lock. Whatever a client does
//! with its name costs no more than a look at its own entry: files know people by number, so no file is touched.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use wire::names::{casefold, eq_ignore_case};

use super::ids::{FileId, PersonId};

/// What a person has to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Sender,
    Recipient,
}

/// Somebody who may use files: whoever has the name of that time or, if its owner has changed it since, the new one.
/// While the owner is connected, the name that the owner gave up opens nothing to a client that takes it.
#[derive(Debug)]
struct Person {
    /// At the time; the spool knows them by it.
    name: String,
    /// Their last name.
    nick: String,
    /// Files that they have sent, in order.
    sent: Vec<FileId>,
    /// Files that were sent to them, in order.
    received: Vec<FileId>,
}

impl Person {
    fn files(&self, role: Role) -> &Vec<FileId> {
        match role {
            Role::Sender => &self.sent,
            Role::Recipient => &self.received,
        }
    }

    fn files_mut(&mut self, role: Role) -> &mut Vec<FileId> {
        match role {
            Role::Sender => &mut self.sent,
            Role::Recipient => &mut self.received,
        }
    }
}

/// Those who have sent a file that is still there, or may have one.
#[derive(Debug, Default)]
pub struct People {
    by_id: HashMap<PersonId, Person>,
    /// By their last name, folded. A client that has changed its name may be several of them.
    by_nick: HashMap<String, Vec<PersonId>>,
    /// How many there are by the name of the time, folded.
    by_name: HashMap<String, usize>,
    last: PersonId,
}

impl People {
    /// Notes what somebody who has this name now has to do with a file.
    pub fn add(&mut self, nick: &str, role: Role, file: FileId) -> PersonId {
        let same_nick = self.by_nick.entry(casefold(nick)).or_default();
        let known = same_nick.iter().find(|id| eq_ignore_case(&self.by_id[*id].name, nick)).copied();
        let id = known.unwrap_or_else(|| {
            self.last += 1;
            same_nick.push(self.last);
            *self.by_name.entry(casefold(nick)).or_default() += 1;
            self.last
        });
        let new = || Person { name: nick.into(), nick: nick.into(), sent: Vec::new(), received: Vec::new() };
        let files = self.by_id.entry(id).or_insert_with(new).files_mut(role);
        if let Err(place) = files.binary_search(&file) {
            files.insert(place, file);
        }
        id
    }

    /// A person has nothing more to do with a file.
    pub fn remove(&mut self, id: PersonId, role: Role, file: FileId) {
        let Some(person) = self.by_id.get_mut(&id) else { return };
        let files = person.files_mut(role);
        if let Ok(place) = files.binary_search(&file) {
            files.remove(place);
        }
        if person.sent.is_empty() && person.received.is_empty() {
            let (nick, name) = (casefold(&person.nick), casefold(&person.name));
            self.by_id.remove(&id);
            self.take(&nick, |other| other == id);
            if let Entry::Occupied(mut count) = self.by_name.entry(name) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }

    /// Whether somebody has this name, folded, now or was called so at the time, and so may be again.
    pub fn is_name(&self, folded: &str) -> bool {
        self.by_nick.contains_key(folded) || self.by_name.contains_key(folded)
    }

    /// The name of the time.
    pub fn name(&self, id: PersonId) -> &str {
        self.by_id.get(&id).map_or("*", |person| &person.name)
    }

    /// The last name.
    pub fn nick(&self, id: PersonId) -> &str {
        self.by_id.get(&id).map_or("*", |person| &person.nick)
    }

    /// Those who a client of this name is.
    pub fn of(&self, nick: &str) -> &[PersonId] {
        self.by_nick.get(&casefold(nick)).map_or(&[], Vec::as_slice)
    }

    /// The files of a client of this name.
    pub fn files(&self, nick: &str, role: Role) -> impl Iterator<Item = FileId> {
        let people = self.of(nick).iter().filter_map(|id| self.by_id.get(id));
        people.flat_map(move |person| person.files(role)).copied()
    }

    /// The client with this name has another one now.
    pub fn rename(&mut self, old: &str, new: &str) {
        for id in self.take(&casefold(old), |_| true) {
            self.call(id, new.into());
        }
    }

    /// The client with this name leaves, and may come again under the names from before.
    pub fn leave(&mut self, nick: &str) {
        for id in self.take(&casefold(nick), |_| true) {
            let name = self.name(id).to_owned();
            self.call(id, name);
        }
    }

    /// Takes people out of those who have a name.
    fn take(&mut self, folded: &str, which: impl Fn(PersonId) -> bool) -> Vec<PersonId> {
        let Some(all) = self.by_nick.get_mut(folded) else { return Vec::new() };
        let taken = all.extract_if(.., |id| which(*id)).collect();
        if all.is_empty() {
            self.by_nick.remove(folded);
        }
        taken
    }

    fn call(&mut self, id: PersonId, nick: String) {
        self.by_nick.entry(casefold(&nick)).or_default().push(id);
        if let Some(person) = self.by_id.get_mut(&id) {
            person.nick = nick;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that were sent to somebody.
    fn received(people: &People, nick: &str) -> Vec<FileId> {
        people.files(nick, Role::Recipient).collect()
    }

    #[test]
    fn a_person_has_the_new_name_until_they_leave() {
        let mut people = People::default();
        let bob = people.add("bob", Role::Recipient, 1);
        people.rename("bob", "robert");
        assert_eq!((people.nick(bob), people.name(bob)), ("robert", "bob"));
        assert_eq!((received(&people, "ROBERT"), received(&people, "bob")), (vec![1], vec![]));
        assert!(people.is_name("robert") && people.is_name("bob") && !people.is_name("eve"));
        // Somebody else has taken the name bob, gets a file, changes the name, and leaves.
        people.add("bob", Role::Recipient, 2);
        people.rename("bob", "eve");
        people.leave("eve");
        assert_eq!((received(&people, "robert"), received(&people, "bob")), (vec![1], vec![2]));
        people.leave("Robert");
        assert_eq!((received(&people, "robert"), received(&people, "BOB")), (vec![], vec![2, 1]));
    }

    #[test]
    fn a_person_has_one_name_and_takes_it_along() {
        let mut people = People::default();
        people.add("Tesla", Role::Sender, 1);
        people.rename("tesla", "nikola");
        // Somebody else has taken the name that was free, and changes it in turn.
        people.rename("tesla", "eve");
        let sent = |people: &People, nick: &str| people.files(nick, Role::Sender).collect::<Vec<_>>();
        assert_eq!((sent(&people, "nikola"), sent(&people, "eve")), (vec![1], vec![]));
        people.add("nikola", Role::Recipient, 2);
        people.rename("nikola", "TESLA");
        assert_eq!((sent(&people, "tesla"), received(&people, "tesla")), (vec![1], vec![2]));
        people.leave("tesla");
        assert_eq!((sent(&people, "tesla"), received(&people, "nikola")), (vec![1], vec![2]));
    }

    #[test]
    fn nobody_stays_without_a_file() {
        let mut people = People::default();
        let alice = people.add("alice", Role::Sender, 7);
        assert_eq!(people.add("Alice", Role::Recipient, 7), alice, "it is for herself");
        people.rename("alice", "lis");
        people.remove(alice, Role::Sender, 7);
        assert_eq!(received(&people, "lis"), [7]);
        people.remove(alice, Role::Recipient, 7);
        people.remove(alice, Role::Recipient, 7);
        assert!(people.by_id.is_empty() && people.by_nick.is_empty() && people.by_name.is_empty());
    }
}
