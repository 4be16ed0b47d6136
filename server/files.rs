//! The table of files: which there are, whose they are, and whether there is room for another.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. It never
//! touches the disk: that is [`crate::spool`], which nobody calls under the lock.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::limits;
use wire::names::eq_ignore_case;

use crate::entry::{Entry, FileId};

/// Why an offer is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The spool is full.
    Spool,
    /// The sender has as many files in it as one may have.
    TooMany,
    /// The sender has files in it, and with this one they would be more than one person's share.
    Share,
}

/// What some files take of the spool.
#[derive(Debug, Default, Clone, Copy)]
struct Taken {
    count: usize,
    bytes: u128,
}

impl Taken {
    fn with(self, size: u64) -> Self {
        Taken { count: self.count + 1, bytes: self.bytes + u128::from(size) }
    }

    fn without(self, size: u64) -> Self {
        Taken { count: self.count - 1, bytes: self.bytes - u128::from(size) }
    }

    /// Whether all files leave no room for another one.
    fn leave_no_room(self, size: u64, quota: u64) -> bool {
        self.count >= limits::FILES || self.with(size).bytes > u128::from(quota)
    }

    /// Why the files of one sender leave no room for another one. One alone may be as large as the spool.
    fn exceed(self, size: u64, quota: u64) -> Option<NoRoom> {
        let is_over = self.count > 0 && self.with(size).bytes > u128::from(quota / limits::SPOOL_SHARE);
        let too_many = self.count >= limits::FILES_PER_SENDER;
        too_many.then_some(NoRoom::TooMany).or(is_over.then_some(NoRoom::Share))
    }
}

/// All files.
#[derive(Debug, Default)]
pub struct Files {
    entries: BTreeMap<FileId, Entry>,
    /// The sum of their sizes; an offer counts with all that it announces. So wide that no sum is too much.
    bytes: u128,
    last_id: FileId,
}

impl Files {
    /// The files of an earlier run, and the highest number that was ever given.
    pub fn restore(entries: Vec<Entry>, last_id: FileId) -> Self {
        let mut files = Files { last_id, ..Files::default() };
        entries.into_iter().for_each(|entry| files.add(entry));
        files
    }

    /// A number that no file has had.
    pub fn next_id(&mut self) -> FileId {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    pub fn add(&mut self, entry: Entry) {
        self.bytes += u128::from(entry.size);
        self.entries.insert(entry.id, entry);
    }

    pub fn get(&self, id: FileId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub fn get_mut(&mut self, id: FileId) -> Option<&mut Entry> {
        self.entries.get_mut(&id)
    }

    /// Takes a file out. The only place where one leaves; what it has on the disk is the caller's to remove.
    pub fn remove(&mut self, id: FileId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.bytes -= u128::from(entry.size);
        Some(entry)
    }

    fn remove_all(&mut self, ids: &[FileId]) -> Vec<Entry> {
        ids.iter().filter_map(|&id| self.remove(id)).collect()
    }

    /// Takes the files out whose time is over.
    pub fn expire(&mut self, now: u64, life: Duration) -> Vec<Entry> {
        let over = |entry: &&Entry| entry.offered.saturating_add(life.as_secs()) <= now;
        let ids: Vec<_> = self.entries.values().filter(over).map(|entry| entry.id).collect();
        self.remove_all(&ids)
    }

    /// Sees to it that a file has room, and takes out the uploads that have to go for it, of those that
    /// rest: the longest first, and none when it does not help.
    pub fn make_room(&mut self, sender: &str, size: u64, quota: u64, now: Instant) -> Result<Vec<Entry>, NoRoom> {
        let own = self.entries.values().filter(|entry| entry.sender.is(sender));
        let mut own = own.fold(Taken::default(), |own, entry| own.with(entry.size));
        let mut all = Taken { count: self.entries.len(), bytes: self.bytes };
        let mut resting: Vec<_> = self.entries.values().filter_map(|entry| Some((entry.rests(now)?, entry))).collect();
        resting.sort_by_key(|&(rest, _)| Reverse(rest));
        let mut going = Vec::new();
        for (_, entry) in resting {
            let is_own = entry.sender.is(sender);
            if all.leave_no_room(size, quota) || is_own && own.exceed(size, quota).is_some() {
                going.push(entry.id);
                all = all.without(entry.size);
                own = if is_own { own.without(entry.size) } else { own };
            }
        }
        if let Some(why) = own.exceed(size, quota) {
            return Err(why);
        }
        if all.leave_no_room(size, quota) {
            return Err(NoRoom::Spool);
        }
        Ok(self.remove_all(&going))
    }

    /// The upload that an offer goes on with: the same file, from the same sender to the same target.
    pub fn resumable(&mut self, sender: &str, target: &str, size: u64, name: &str) -> Option<&mut Entry> {
        let is_it = |entry: &&mut Entry| {
            let same_file = entry.size == size && entry.name == name;
            entry.crc.is_none() && same_file && entry.sender.is(sender) && eq_ignore_case(entry.target_now(), target)
        };
        self.entries.values_mut().find(is_it)
    }

    /// Those that are whole and that nobody was told of.
    pub fn untold(&self) -> Vec<FileId> {
        self.entries.values().filter(|entry| entry.crc.is_some() && !entry.told).map(|entry| entry.id).collect()
    }

    /// How many people all files together are for.
    pub fn recipients(&self) -> usize {
        self.entries.values().map(|entry| entry.recipients.len()).sum()
    }

    /// What somebody has sent, or may fetch.
    pub fn of(&self, nick: &str) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| entry.sender.is(nick) || entry.is_for(nick))
    }

    /// Somebody leaves: the names count again that people had when they got their files.
    pub fn leave(&mut self, nick: &str) {
        for entry in self.entries.values_mut() {
            entry.sender.leave(nick);
            entry.recipients.iter_mut().for_each(|recipient| recipient.person.leave(nick));
        }
    }

    /// Somebody has another name, and under it the same files.
    pub fn rename(&mut self, old: &str, new: &str) {
        for entry in self.entries.values_mut() {
            entry.sender.rename(old, new);
            entry.recipients.iter_mut().for_each(|recipient| recipient.person.rename(old, new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn offer(files: &mut Files, sender: &str, size: u64) -> FileId {
        let id = files.next_id();
        files.add(Entry::new(id, id, &format!("{sender}!u@h"), "#a", size, "a.txt"));
        id
    }

    #[test]
    fn an_offer_counts_with_all_that_it_announces_until_it_is_gone() {
        let (mut files, now) = (Files::default(), Instant::now());
        let first = offer(&mut files, "tesla", 60);
        assert_eq!(files.make_room("bob", 41, 100, now).unwrap_err(), NoRoom::Spool);
        assert_eq!(files.make_room("bob", u64::MAX, 100, now).unwrap_err(), NoRoom::Spool);
        assert!(files.make_room("bob", 40, 100, now).unwrap().is_empty());
        files.remove(first).unwrap();
        assert!(files.make_room("bob", 100, 100, now).is_ok());
        assert_eq!(files.next_id(), first + 1, "a number is never given twice");
    }

    #[test]
    fn uploads_that_rest_make_room_but_only_when_it_helps() {
        let mut files = Files::default();
        let ids = [50, 30, 20].map(|size| offer(&mut files, "tesla", size));
        files.get_mut(ids[1]).unwrap().crc = Some(0);
        let later = Instant::now() + limits::UPLOAD_REST * 2;
        assert_eq!(files.make_room("bob", 80, 100, later).unwrap_err(), NoRoom::Spool);
        let going = files.make_room("bob", 40, 100, later).unwrap();
        assert_eq!(going.iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[0]]);
        assert!(files.get(ids[1]).is_some() && files.get(ids[2]).is_some());
    }

    #[test]
    fn a_sender_has_so_many_files_and_gives_up_only_own_ones() {
        let mut files = Files::default();
        offer(&mut files, "bob", 0);
        for _ in 0..limits::FILES_PER_SENDER {
            offer(&mut files, "tesla", 0);
        }
        assert_eq!(files.make_room("TESLA", 0, 100, Instant::now()).unwrap_err(), NoRoom::TooMany);
        assert!(files.make_room("bob", 0, 100, Instant::now()).is_ok());
        let going = files.make_room("tesla", 0, 100, Instant::now() + limits::UPLOAD_REST * 2).unwrap();
        assert_eq!(going.iter().map(|entry| entry.id).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_sender_of_several_files_has_a_share_of_the_spool() {
        let (mut files, now) = (Files::default(), Instant::now());
        assert!(files.make_room("tesla", 100, 100, now).is_ok(), "one file may be as large as the spool");
        let first = offer(&mut files, "tesla", 20);
        assert!(files.make_room("tesla", 5, 100, now).is_ok());
        assert_eq!(files.make_room("tesla", 6, 100, now).unwrap_err(), NoRoom::Share);
        assert!(files.make_room("bob", 80, 100, now).is_ok());
        let going = files.make_room("tesla", 6, 100, now + limits::UPLOAD_REST * 2).unwrap();
        assert_eq!(going.iter().map(|entry| entry.id).collect::<Vec<_>>(), [first]);
    }

    #[test]
    fn no_sum_of_sizes_is_too_much() {
        let (mut files, now) = (Files::default(), Instant::now());
        let ids = ["tesla", "bob"].map(|sender| offer(&mut files, sender, u64::MAX));
        assert_eq!(files.make_room("eve", 1, u64::MAX, now).unwrap_err(), NoRoom::Spool);
        assert_eq!(files.make_room("bob", u64::MAX, u64::MAX, now).unwrap_err(), NoRoom::Share);
        files.remove(ids[0]).unwrap();
        assert!(files.make_room("eve", 0, u64::MAX, now).is_ok());
    }

    #[test]
    fn files_expire_and_offers_are_found_again() {
        let mut files = Files::default();
        let ids = [10, 20].map(|size| offer(&mut files, "tesla", size));
        assert!(files.resumable("Tesla", "#A", 20, "a.txt").is_some_and(|entry| entry.id == ids[1]));
        assert!(files.resumable("bob", "#A", 20, "a.txt").is_none());
        files.get_mut(ids[1]).unwrap().crc = Some(0);
        assert!(files.resumable("tesla", "#a", 20, "a.txt").is_none(), "it is done");
        let gone = files.expire(DAY.as_secs() + 1, DAY);
        assert_eq!(gone.iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[0]]);
        files.rename("tesla", "nikola");
        assert_eq!(files.of("nikola").count(), 1);
        assert_eq!(files.of("bob").count(), 0);
    }
}
