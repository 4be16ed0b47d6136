//! The table of files: their senders and recipients, and whether there is room for another one.
//!
//! Behind a lock of its own, which is taken only after the registry's. It never touches the disk: that is
//! [`super::spool`], which no thread calls while it holds a lock. No look at it walks over all files, but for
//! [`FileTable::expire`] and [`FileTable::unannounced`], which no client waits for.

use std::collections::BTreeMap;
use std::time::Instant;

use wire::names::{casefold, eq_ignore_case};

use super::ids::FileId;
use super::limits;
use super::people::{People, Role};
use super::shared_file::{Recipient, SharedFile};
use super::usage::{self, Accounts, QuotaExceeded, Usage};
use crate::core::admission::Connections;
use crate::core::event::ClientId;
use crate::core::party::Party;

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

/// Why an upload does not go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was cancelled, or begun again.
    Ended,
    NoRoom(QuotaExceeded),
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

    /// Takes files out whose days are over, some at a time.
    pub fn expire(&mut self, now: u64, life: u64) -> Vec<SharedFile> {
        let expired = self.entries.values().filter(|file| file.is_over(now, life)).map(|file| file.id);
        let expired: Vec<_> = expired.take(limits::AT_A_TIME).collect();
        expired.into_iter().filter_map(|id| self.remove_if(id, |_| true)).collect()
    }

    /// Makes room for a file of a party: takes out as many idle uploads as needed, and none if that does not help.
    pub fn make_room(
        &mut self,
        party: Option<Party>,
        size: u64,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, QuotaExceeded> {
        let more = Usage { files: 1, begun: usize::from(size > 0), bytes: size, recipients: 0 };
        self.make_room_for(party, more, quota, now)
    }

    /// Counts bytes that came for an upload; takes idle uploads out to make room for them.
    pub fn receive(
        &mut self,
        (id, client): (FileId, ClientId),
        count: u64,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, Stopped> {
        let file = self.get(id).filter(|file| file.is_uploaded_by(client)).ok_or(Stopped::Ended)?;
        let more = Usage { begun: usize::from(file.bytes == 0 && count > 0), bytes: count, ..Usage::default() };
        let removed = self.make_room_for(file.party, more, quota, now).map_err(Stopped::NoRoom)?;
        self.change(id, |file| {
            file.bytes += count;
            file.active_at = if count > 0 { now } else { file.active_at };
        });
        Ok(removed)
    }

    /// Offers of which no byte has come give way first, the oldest first, and at once. Interrupted uploads give way when
    /// they have been idle for a while. A party that has too much gives up its own.
    fn make_room_for(
        &mut self,
        party: Option<Party>,
        more: Usage,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, QuotaExceeded> {
        let (own, all) = self.accounts.usage(party);
        let (mut own, mut all) = (own.plus(more), all.plus(more));
        let mut going = Vec::new();
        let mut take = |id: FileId, own: &mut Usage, all: &mut Usage| {
            let account = self.entries[&id].account();
            *all = all.minus(account.usage);
            if account.party == party && party.is_some() {
                *own = own.minus(account.usage);
            }
            going.push(id);
        };
        let is_old = |since: Instant| now.saturating_duration_since(since) > limits::UPLOAD_IDLE;
        let Accounts { offers, interrupted, .. } = &self.accounts;
        if usage::check(own, all, quota).is_err() {
            let idle = |id| Some((self.entries[&id].account(), id)).filter(|(account, _)| account.idle_since.is_some());
            let mut idle: Vec<_> = self.accounts.files_of(party).filter_map(idle).collect();
            idle.sort_by_key(|(account, id)| (account.usage.bytes > 0, account.idle_since, *id));
            for (account, id) in idle {
                let Err(why) = usage::check(own, all, quota) else { break };
                let is_offer = account.usage.bytes == 0;
                if if is_offer { why.is_about_number() } else { account.idle_since.is_some_and(is_old) } {
                    take(id, &mut own, &mut all);
                }
            }
            let others = |id: FileId| party.is_none() || self.entries[&id].party != party;
            for (_, id) in offers.iter().filter(|(_, id)| others(*id)) {
                if usage::check(own, all, quota) != Err(QuotaExceeded::Files) {
                    break;
                }
                take(*id, &mut own, &mut all);
            }
            for (since, id) in interrupted.iter().filter(|(_, id)| others(*id)) {
                let why = usage::check(own, all, quota);
                if !is_old(*since) || !matches!(why, Err(QuotaExceeded::Files | QuotaExceeded::Spool)) {
                    break;
                }
                take(*id, &mut own, &mut all);
            }
        }
        usage::check(own, all, quota)?;
        Ok(going.into_iter().filter_map(|id| self.remove_if(id, |_| true)).collect())
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
        files.sort();
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
mod tests {
    use std::time::Duration;

    use wire::limits::FILES;

    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn party(number: usize) -> Party {
        Party::of([10, 0, u8::try_from(number / 256).unwrap(), u8::try_from(number % 256).unwrap()].into())
    }

    /// A file of which so many bytes have come.
    fn begin(files: &mut FileTable, of: usize, bytes: u64, now: Instant) -> FileId {
        let id = files.next_id();
        let mut file = SharedFile::new(id, "tesla!u@h", "#a", 100, "a.txt", now);
        (file.party, file.bytes) = (Some(party(of)), bytes);
        files.insert(id, file, &[]);
        id
    }

    fn ids(files: &[SharedFile]) -> Vec<FileId> {
        files.iter().map(|file| file.id).collect()
    }

    #[test]
    fn an_offer_takes_no_room_until_its_bytes_come() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let first = begin(&mut files, 1, 0, now);
        assert!(files.make_room(Some(party(2)), 100, 100, now).unwrap().is_empty());
        files.change(first, |file| file.bytes = 60);
        assert_eq!(files.make_room(Some(party(2)), 41, 100, now).unwrap_err(), QuotaExceeded::Spool);
        assert_eq!(files.make_room(Some(party(2)), u64::MAX, 100, now).unwrap_err(), QuotaExceeded::Spool);
        assert!(files.make_room(Some(party(2)), 28, 100, now).is_ok());
        files.remove_if(first, |_| true).unwrap();
        assert!(files.make_room(Some(party(2)), 100, 100, now).is_ok());
        assert_eq!(files.next_id(), first + 1, "a number is never given twice");
    }

    #[test]
    fn interrupted_uploads_make_room_but_only_when_it_helps() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let ids = [50, 30, 20].map(|size| begin(&mut files, 1, size, now));
        files.change(ids[1], |file| file.crc = Some(0));
        assert_eq!(files.make_room(Some(party(2)), 10, 100, now).unwrap_err(), QuotaExceeded::Spool);
        let later = now + limits::UPLOAD_IDLE * 2;
        assert_eq!(files.make_room(Some(party(2)), 80, 100, later).unwrap_err(), QuotaExceeded::Spool);
        let going = files.make_room(Some(party(2)), 37, 100, later).unwrap();
        assert_eq!(super::tests::ids(&going), [ids[0]]);
        assert!(files.get(ids[1]).is_some() && files.get(ids[2]).is_some());
    }

    #[test]
    fn of_a_party_with_too_many_files_the_oldest_offer_goes_at_once() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let other = begin(&mut files, 2, 0, now);
        let second = |number| now + Duration::from_secs(number);
        let own: Vec<_> = (1..=100).map(|number| begin(&mut files, 1, 0, second(number))).collect();
        assert_eq!(own.len(), limits::FILES_PER_SENDER);
        // It was offered again.
        files.change(own[0], |file| file.active_at = second(200));
        assert_eq!(ids(&files.make_room(Some(party(1)), 0, 100, second(201)).unwrap()), [own[1]]);
        let last = begin(&mut files, 1, 0, second(201));
        for id in own.iter().chain([&last]) {
            files.change(*id, |file| file.crc = Some(0));
        }
        assert_eq!(files.make_room(Some(party(1)), 0, 100, now).unwrap_err(), QuotaExceeded::TooMany);
        assert!(files.make_room(Some(party(3)), 0, 100, now).unwrap().is_empty() && files.get(other).is_some());
    }

    #[test]
    fn offers_of_others_give_way_when_the_table_is_full() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        for number in 0..FILES {
            begin(&mut files, number / 100, 0, now);
        }
        let going = files.make_room(Some(party(1000)), 5, 100, now).unwrap();
        assert_eq!(ids(&going), [1, 2, 3, 4, 5], "a place for it, and some for newcomers");
        assert_eq!(files.accounts.usage(None).1.files, FILES - going.len());
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
        assert_eq!(super::tests::ids(&files.expire(DAY + 1, DAY)), [ids[0]]);
    }
}
