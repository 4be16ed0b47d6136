//! The table of files: their senders and recipients, and whether there is room for another one.
//!
//! Behind a lock of its own, which is taken only after the registry's. It never touches the disk: that is
//! [`super::spool`], which no thread calls while it holds a lock.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter;
use std::time::{Duration, Instant};

use wire::limits::FILES;
use wire::names::{casefold, eq_ignore_case};

use super::limits;
use super::person::Person;
use super::shared_file::{FileId, SharedFile};
use crate::core::admission::Connections;

/// Which quota an offer exceeds.
#[derive(Debug, PartialEq, Eq)]
pub enum QuotaExceeded {
    /// The spool is full.
    Spool,
    /// The sender has too many files.
    TooMany,
    /// With this file the sender would have more than one person's share.
    Share,
}

/// How much of the spool some files use. So wide that no sum overflows.
#[derive(Debug, Default, Clone, Copy)]
struct Usage {
    count: usize,
    bytes: u128,
}

impl Usage {
    fn with(self, size: u64) -> Self {
        Usage { count: self.count + 1, bytes: self.bytes + u128::from(size) }
    }

    fn without(self, size: u64) -> Self {
        Usage { count: self.count - 1, bytes: self.bytes - u128::from(size) }
    }

    /// Whether all files together are too many for the spool.
    fn exceeds_spool(self, quota: u64) -> bool {
        self.count > FILES || self.bytes > u128::from(quota)
    }

    /// Why the files of one sender are too many. A single file may be as large as the spool.
    fn exceeds_share(self, quota: u64) -> Option<QuotaExceeded> {
        let is_over = self.count > 1 && self.bytes > u128::from(quota / limits::SPOOL_SHARE);
        let too_many = self.count > limits::FILES_PER_SENDER;
        too_many.then_some(QuotaExceeded::TooMany).or(is_over.then_some(QuotaExceeded::Share))
    }
}

/// All files.
#[derive(Debug, Default)]
pub struct FileTable {
    /// A thread that takes a file out also removes it from the disk, with [`super::store::Files::discard`].
    pub entries: BTreeMap<FileId, SharedFile>,
    /// The highest number that was ever given.
    pub last_id: FileId,
    /// Data connections: they do not count as clients.
    pub transfers: Connections,
}

impl FileTable {
    /// A number that no file has had.
    pub fn next_id(&mut self) -> FileId {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    /// Takes a file out if the condition holds.
    pub fn remove_if(&mut self, id: FileId, condition: impl Fn(&SharedFile) -> bool) -> Option<SharedFile> {
        self.entries.extract_if(id..=id, |_, file| condition(file)).next().map(|(_, file)| file)
    }

    /// Takes the expired files out.
    pub fn expire(&mut self, now: u64, life: Duration) -> Vec<SharedFile> {
        let over = |file: &SharedFile| file.offered.saturating_add(life.as_secs()) <= now;
        self.entries.extract_if(.., |_, file| over(file)).map(|(_, file)| file).collect()
    }

    /// Makes room for a file: takes out as many idle uploads as needed, the longest idle first, and none if that does
    /// not help.
    pub fn make_room(
        &mut self,
        sender: &str,
        size: u64,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, QuotaExceeded> {
        // An offer counts with the size that it names; the new one is counted, too.
        let (mut all, mut own) = (Usage::default().with(size), Usage::default().with(size));
        for file in self.entries.values() {
            all = all.with(file.size);
            own = if file.sender.is(sender) { own.with(file.size) } else { own };
        }
        let mut idle: Vec<_> = self.entries.values().filter_map(|file| Some((file.idle(now)?, file))).collect();
        idle.sort_by_key(|&(time, _)| Reverse(time));
        let mut going = Vec::new();
        for (_, file) in idle {
            let is_own = file.sender.is(sender);
            if all.exceeds_spool(quota) || is_own && own.exceeds_share(quota).is_some() {
                going.push(file.id);
                all = all.without(file.size);
                own = if is_own { own.without(file.size) } else { own };
            }
        }
        match own.exceeds_share(quota) {
            Some(why) => Err(why),
            None if all.exceeds_spool(quota) => Err(QuotaExceeded::Spool),
            None => Ok(going.iter().filter_map(|id| self.entries.remove(id)).collect()),
        }
    }

    /// The interrupted upload that an offer resumes: the same file, from the same sender to the same target.
    pub fn resumable(&mut self, sender: &str, target: &str, size: u64, name: &str) -> Option<&mut SharedFile> {
        let is_it = |file: &&mut SharedFile| {
            let same_file = file.size == size && file.name == name;
            file.crc.is_none() && same_file && file.sender.is(sender) && eq_ignore_case(file.present_target(), target)
        };
        self.entries.values_mut().find(is_it)
    }

    /// The complete files that are not announced yet, each with the folded names of those who have not received it.
    pub fn unannounced(&self) -> Vec<(FileId, Vec<String>)> {
        let files = self.entries.values().filter(|file| file.crc.is_some() && !file.announced);
        let missing = |file: &SharedFile| {
            let recipients = file.recipients.iter().filter(|recipient| !recipient.received);
            recipients.map(|recipient| casefold(recipient.nick())).collect()
        };
        files.map(|file| (file.id, missing(file))).collect()
    }

    /// The number of recipients of all files together.
    pub fn recipients(&self) -> usize {
        self.entries.values().map(|file| file.recipients.len()).sum()
    }

    /// The files that somebody has sent or may download.
    pub fn of(&self, nick: &str) -> impl Iterator<Item = &SharedFile> {
        self.entries.values().filter(move |file| file.sender.is(nick) || file.is_for(nick))
    }

    /// The senders and recipients of all files, for when somebody changes names or leaves the server.
    pub fn people(&mut self) -> impl Iterator<Item = &mut Person> {
        self.entries.values_mut().flat_map(|file| iter::once(&mut file.sender).chain(&mut file.recipients))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn offer(files: &mut FileTable, sender: &str, size: u64) -> FileId {
        let id = files.next_id();
        files.entries.insert(id, SharedFile::new(id, id, &format!("{sender}!u@h"), "#a", size, "a.txt"));
        id
    }

    #[test]
    fn an_offer_counts_with_its_size_until_it_is_removed() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let first = offer(&mut files, "tesla", 60);
        assert_eq!(files.make_room("bob", 41, 100, now).unwrap_err(), QuotaExceeded::Spool);
        assert_eq!(files.make_room("bob", u64::MAX, 100, now).unwrap_err(), QuotaExceeded::Spool);
        assert!(files.make_room("bob", 40, 100, now).unwrap().is_empty());
        files.entries.remove(&first).unwrap();
        assert!(files.make_room("bob", 100, 100, now).is_ok());
        assert_eq!(files.next_id(), first + 1, "a number is never given twice");
    }

    #[test]
    fn idle_uploads_make_room_but_only_when_it_helps() {
        let mut files = FileTable::default();
        let ids = [50, 30, 20].map(|size| offer(&mut files, "tesla", size));
        files.entries.get_mut(&ids[1]).unwrap().crc = Some(0);
        let later = Instant::now() + limits::UPLOAD_IDLE * 2;
        assert_eq!(files.make_room("bob", 80, 100, later).unwrap_err(), QuotaExceeded::Spool);
        let going = files.make_room("bob", 40, 100, later).unwrap();
        assert_eq!(going.iter().map(|file| file.id).collect::<Vec<_>>(), [ids[0]]);
        assert!(files.entries.contains_key(&ids[1]) && files.entries.contains_key(&ids[2]));
    }

    #[test]
    fn a_sender_has_a_limited_number_of_files_and_gives_up_only_own_ones() {
        let mut files = FileTable::default();
        offer(&mut files, "bob", 0);
        for _ in 0..limits::FILES_PER_SENDER {
            offer(&mut files, "tesla", 0);
        }
        assert_eq!(files.make_room("TESLA", 0, 100, Instant::now()).unwrap_err(), QuotaExceeded::TooMany);
        assert!(files.make_room("bob", 0, 100, Instant::now()).is_ok());
        let going = files.make_room("tesla", 0, 100, Instant::now() + limits::UPLOAD_IDLE * 2).unwrap();
        assert_eq!(going.iter().map(|file| file.id).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_sender_of_several_files_has_a_share_of_the_spool() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        assert!(files.make_room("tesla", 100, 100, now).is_ok(), "one file may be as large as the spool");
        let first = offer(&mut files, "tesla", 20);
        assert!(files.make_room("tesla", 5, 100, now).is_ok());
        assert_eq!(files.make_room("tesla", 6, 100, now).unwrap_err(), QuotaExceeded::Share);
        assert!(files.make_room("bob", 80, 100, now).is_ok());
        let going = files.make_room("tesla", 6, 100, now + limits::UPLOAD_IDLE * 2).unwrap();
        assert_eq!(going.iter().map(|file| file.id).collect::<Vec<_>>(), [first]);
    }

    #[test]
    fn no_sum_of_sizes_overflows() {
        let (mut files, now) = (FileTable::default(), Instant::now());
        let ids = ["tesla", "bob"].map(|sender| offer(&mut files, sender, u64::MAX));
        assert_eq!(files.make_room("eve", 1, u64::MAX, now).unwrap_err(), QuotaExceeded::Spool);
        assert_eq!(files.make_room("bob", u64::MAX, u64::MAX, now).unwrap_err(), QuotaExceeded::Share);
        files.entries.remove(&ids[0]).unwrap();
        assert!(files.make_room("eve", 0, u64::MAX, now).is_ok());
    }

    #[test]
    fn files_expire_and_offers_are_found_again() {
        let mut files = FileTable::default();
        let ids = [10, 20].map(|size| offer(&mut files, "tesla", size));
        assert!(files.resumable("Tesla", "#A", 20, "a.txt").is_some_and(|file| file.id == ids[1]));
        assert!(files.resumable("bob", "#A", 20, "a.txt").is_none());
        files.entries.get_mut(&ids[1]).unwrap().crc = Some(0);
        assert!(files.resumable("tesla", "#a", 20, "a.txt").is_none(), "it is done");
        let gone = files.expire(DAY.as_secs() + 1, DAY);
        assert_eq!(gone.iter().map(|file| file.id).collect::<Vec<_>>(), [ids[0]]);
        files.people().for_each(|person| person.rename("tesla", "nikola"));
        assert_eq!(files.of("nikola").count(), 1);
        assert_eq!(files.of("bob").count(), 0);
    }
}
