//! The table of files: their senders and recipients, and whether there is room for another one.
//!
//! Behind a lock of its own, which is taken only after the registry's. It never touches the disk: that is
//! [`super::spool`], which no thread calls while it holds a lock. No look at it walks over all files, but for
//! [`FileTable::expire`] and [`FileTable::unannounced`], which no client waits for.

use std::collections::BTreeMap;

use wire::names::{casefold, eq_ignore_case};

use super::ids::FileId;
use super::people::{People, Role};
use super::shared_file::{Recipient, SharedFile};
use super::usage::Accounts;
use crate::core::admission::Connections;
use crate::core::limits::PIECE;

/// All files.
#[derive(Debug, Default)]
pub struct FileTable {
    /// A thread that takes a file out also removes it from the disk, with [`super::store::Files::discard`].
    entries: BTreeMap<FileId, SharedFile>,
    pub people: People,
    pub accounts: Accounts,
    /// The highest number that was ever given.
    last_id: FileId,
    /// Data connections: they do not count as clients.
    pub transfers: Connections,
}

impl FileTable {
    /// An empty table, after the file of this number.
    pub fn numbered_from(last_id: FileId) -> Self {
        FileTable { last_id, ..FileTable::default() }
    }

    /// A number that no file has had.
    pub fn next_id(&mut self) -> FileId {
        self.last_id += 1;
        self.last_id
    }

    /// Enters a file, with the names of its recipients, and whether they have received it.
    pub fn insert(&mut self, id: FileId, mut file: SharedFile, recipients: &[(String, bool)]) {
        file.id = id;
        file.sender = self.people.add(file.offered_by(), Role::Sender, id);
        self.accounts.enter(id, &file.account());
        self.entries.insert(id, file);
        for (name, received) in recipients {
            self.add_recipient(id, name, *received);
        }
    }

    pub fn get(&self, id: FileId) -> Option<&SharedFile> {
        self.entries.get(&id)
    }

    /// Changes a file; the accounts follow.
    pub fn change<T>(&mut self, id: FileId, change: impl FnOnce(&mut SharedFile) -> T) -> Option<T> {
        let file = self.entries.get_mut(&id)?;
        let before = file.account();
        let changed = change(file);
        let after = file.account();
        if before != after {
            self.accounts.leave(id, &before);
            self.accounts.enter(id, &after);
        }
        Some(changed)
    }

    /// Adds a recipient, by the present name.
    pub fn add_recipient(&mut self, id: FileId, nick: &str, received: bool) {
        if !self.entries.contains_key(&id) {
            return;
        }
        let person = self.people.add(nick, Role::Recipient, id);
        self.change(id, |file| {
            if let Err(at) = file.recipients.binary_search_by_key(&person, |recipient| recipient.person) {
                file.recipients.insert(at, Recipient { person, received });
            }
        });
    }

    /// The file is not for a recipient any more.
    pub fn remove_recipient(&mut self, id: FileId, recipient: Recipient) {
        self.people.remove(recipient.person, Role::Recipient, id);
        self.change(id, |file| file.recipients.retain(|other| other.person != recipient.person));
    }

    /// Takes a file out if the condition holds.
    pub fn remove_if(&mut self, id: FileId, condition: impl Fn(&SharedFile) -> bool) -> Option<SharedFile> {
        let file = self.entries.extract_if(id..=id, |_, file| condition(file)).next()?.1;
        self.accounts.leave(id, &file.account());
        Some(file)
    }

    /// Takes files out whose days are over, some at a time, from behind this id on.
    pub fn expire(&mut self, after: FileId, now: u64, life: u64) -> Vec<SharedFile> {
        let entries = self.entries.range(after + 1..);
        let expired = entries.filter(|(_, file)| file.is_over(now, life)).map(|(id, _)| *id);
        let expired: Vec<_> = expired.take(PIECE).collect();
        expired.into_iter().filter_map(|id| self.remove_if(id, |_| true)).collect()
    }

    /// The interrupted upload that an offer resumes: the same file, from the same sender to the same target.
    pub fn resumable(&self, sender: &str, target: &str, size: u64, name: &str) -> Option<&SharedFile> {
        let mut files = self.people.files(sender, Role::Sender).filter_map(|id| self.get(id));
        files.find(|file| {
            let same_file = file.size == size && file.name == name;
            file.crc.is_none() && same_file && eq_ignore_case(self.target_of(file), target)
        })
    }

    /// The complete files that are not announced yet, each with the folded names of those who have not received it.
    pub fn unannounced(&self) -> Vec<(FileId, Vec<String>)> {
        let files = self.entries.values().filter(|file| file.crc.is_some() && !file.announced);
        let missing = |file: &SharedFile| {
            let recipients = file.recipients.iter().filter(|recipient| !recipient.received);
            recipients.map(|recipient| casefold(self.people.nick(recipient.person))).collect()
        };
        files.map(|file| (file.id, missing(file))).collect()
    }

    /// The files that somebody has sent or may download, in order.
    pub fn of(&self, nick: &str) -> Vec<FileId> {
        let mut files: Vec<_> =
            [Role::Sender, Role::Recipient].map(|role| self.people.files(nick, role)).into_iter().flatten().collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    pub fn is_sent_by(&self, file: &SharedFile, nick: &str) -> bool {
        self.people.of(nick).contains(&file.sender)
    }

    pub fn recipient(&self, file: &SharedFile, nick: &str) -> Option<Recipient> {
        file.recipient(self.people.of(nick))
    }

    /// Whether somebody may fetch it.
    pub fn is_for(&self, file: &SharedFile, nick: &str) -> bool {
        file.crc.is_some() && (self.is_sent_by(file, nick) || self.recipient(file, nick).is_some())
    }

    /// The last name of the sender.
    pub fn sender_of(&self, file: &SharedFile) -> &str {
        self.people.nick(file.sender)
    }

    /// The room that it is for, or the last name of the person.
    pub fn target_of<'a>(&'a self, file: &'a SharedFile) -> &'a str {
        let recipient = file.recipients.first().filter(|_| !file.is_for_a_room());
        recipient.map_or(&file.target, |recipient| self.people.nick(recipient.person))
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::Instant;

    use wire::time::DAY;

    use super::*;
    use crate::core::party::Party;

    pub fn party(number: usize) -> Party {
        Party::of([10, 0, u8::try_from(number / 256).unwrap(), u8::try_from(number % 256).unwrap()].into())
    }

    /// A file of which so many bytes have come.
    pub fn begin(files: &mut FileTable, of: usize, bytes: u64, now: Instant) -> FileId {
        let id = files.next_id();
        let mut file = SharedFile::new(id, "tesla!u@h", "#a", 100, "a.txt", now);
        (file.party, file.bytes) = (Some(party(of)), bytes);
        files.insert(id, file, &[]);
        id
    }

    pub fn ids(files: &[SharedFile]) -> Vec<FileId> {
        files.iter().map(|file| file.id).collect()
    }

    #[test]
    fn a_file_goes_in_its_days_and_is_found_by_its_people() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let ids = [1, 2].map(|_| begin(&mut files, 1, 0, now));
        files.change(ids[1], |file| file.size = 20);
        assert!(files.resumable("Tesla", "#A", 20, "a.txt").is_some_and(|file| file.id == ids[1]));
        assert!(files.resumable("bob", "#A", 20, "a.txt").is_none());
        files.change(ids[1], |file| file.crc = Some(0));
        assert!(files.resumable("tesla", "#a", 20, "a.txt").is_none(), "it is done");
        files.add_recipient(ids[1], "Bob", false);
        files.people.rename("bob", "robert");
        let file = files.get(ids[1]).unwrap();
        assert!(files.is_for(file, "ROBERT") && files.is_for(file, "tesla") && !files.is_for(file, "bob"));
        assert!(!files.is_for(files.get(ids[0]).unwrap(), "tesla"), "it is not complete");
        assert_eq!((files.of("tesla"), files.of("robert"), files.of("bob")), (vec![1, 2], vec![2], vec![]));
        let bob = files.recipient(file, "robert").unwrap();
        files.remove_recipient(ids[1], bob);
        assert_eq!((files.of("robert"), files.accounts.usage(None).1.recipients), (vec![], 0));
        assert_eq!(files.expire(ids[0], DAY + 1, DAY).len(), 0, "it goes on behind that one");
        assert_eq!(super::tests::ids(&files.expire(0, DAY + 1, DAY)), [ids[0]]);
    }

    #[test]
    fn the_accounts_follow_whatever_happens() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for step in 0..20_000 {
            let (id, nick) = (1 + random(60), format!("n{}", random(9)));
            match random(8) {
                0 if files.get(id).is_none() => {
                    let mut file = SharedFile::new(0, &format!("{nick}!u@h"), "#a", 100, "a", now);
                    (file.party, file.bytes) =
                        (Some(party(usize::try_from(random(5)).unwrap())), random(2) * random(50));
                    files.insert(id, file, &[]);
                }
                1 => files.add_recipient(id, &nick, false),
                2 => drop(files.change(id, |file| file.bytes = random(100))),
                3 => drop(files.change(id, |file| file.crc = Some(0))),
                4 => files.people.rename(&nick, &format!("n{}", random(9))),
                5 => files.people.leave(&nick),
                6 => {
                    let recipient = files.get(id).and_then(|file| files.recipient(file, &nick));
                    recipient.into_iter().for_each(|recipient| files.remove_recipient(id, recipient));
                }
                _ => {
                    if let Some(file) = files.remove_if(id, |_| true) {
                        files.people.remove(file.sender, Role::Sender, id);
                        let recipients = file.recipients.iter();
                        recipients.for_each(|recipient| files.people.remove(recipient.person, Role::Recipient, id));
                    }
                }
            }
            let mut again = Accounts::default();
            files.entries.values().for_each(|file| again.enter(file.id, &file.account()));
            assert_eq!(format!("{again:?}").len(), format!("{:?}", files.accounts).len(), "step {step}");
            let parties = (0..5).map(|number| Some(party(number)));
            assert!(
                parties.chain([None]).all(|party| again.usage(party) == files.accounts.usage(party)),
                "step {step}"
            );
            let is_found = |file: &SharedFile| files.of(files.sender_of(file)).contains(&file.id);
            assert!(files.entries.values().all(is_found), "step {step}");
        }
    }
}
