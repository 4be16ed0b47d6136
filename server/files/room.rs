//! Room in the spool: whether there is some for a file, and which files give way.
//!
//! Part of the table of files, so it is only touched by a thread that holds the table's lock.

use std::time::Instant;

use super::ids::FileId;
use super::limits;
use super::shared_file::SharedFile;
use super::table::FileTable;
use super::usage::{self, Account, QuotaExceeded, Usage};
use crate::core::event::ClientId;
use crate::core::party::Party;

/// Why an upload does not go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was cancelled, or begun again.
    Ended,
    NoRoom(QuotaExceeded),
}

impl FileTable {
    /// Makes room for a file of a party: takes out as many idle uploads as needed, and none if that does not help.
    pub fn make_room(
        &mut self,
        party: Option<Party>,
        size: u64,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, QuotaExceeded> {
        let more = Usage { files: 1, bytes: size, recipients: 0 };
        self.make_room_for(party, Usage::default(), more, quota, now)
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
        // Only the other files count against it: the only file of a party may be as large as it fits.
        let before = Usage { bytes: file.bytes, ..Usage::default() };
        let more = Usage { bytes: if count > 0 { file.bytes + count } else { 0 }, ..before };
        let removed = self.make_room_for(file.party, before, more, quota, now).map_err(Stopped::NoRoom)?;
        self.change(id, |file| {
            file.bytes += count;
            file.active_at = if count > 0 { now } else { file.active_at };
        });
        Ok(removed)
    }

    /// Makes room for a file that is to use `more`, and has used `before` until now.
    ///
    /// Offers of which no byte has come give way first, the oldest first, and at once. Interrupted uploads give way when
    /// they have been idle for a while. A party that has too much gives up its own.
    fn make_room_for(
        &mut self,
        party: Option<Party>,
        before: Usage,
        more: Usage,
        quota: u64,
        now: Instant,
    ) -> Result<Vec<SharedFile>, QuotaExceeded> {
        let (own, all) = self.accounts.usage(party);
        let (own, all) = (own.minus(before), all.minus(before));
        let mut plan = Plan { party, own, all, more, quota, going: Vec::new() };
        if plan.needs().is_none() {
            return Ok(Vec::new());
        }
        let is_old = |file: &SharedFile| now.saturating_duration_since(file.active_at) > limits::UPLOAD_IDLE;
        let files = self.accounts.files_of(party).filter_map(|id| self.get(id));
        let mut own_idle: Vec<_> = files.filter(|file| file.is_interrupted()).collect();
        own_idle.sort_by_key(|file| (file.bytes > 0, file.active_at));
        for file in own_idle {
            let gives_way = if file.bytes > 0 { is_old(file) } else { plan.needs().is_some_and(is_about_number) };
            if gives_way && plan.needs().is_some() {
                plan.take(file);
            }
        }
        let is_of_another = |file: &&SharedFile| party.is_none() || file.party != party;
        let others = |(_, id): &(Instant, FileId)| self.get(*id).filter(is_of_another);
        for file in self.accounts.offers.iter().filter_map(others) {
            if plan.needs() != Some(QuotaExceeded::Files) {
                break;
            }
            plan.take(file);
        }
        for file in self.accounts.interrupted.iter().filter_map(others) {
            if !is_old(file) || !matches!(plan.needs(), Some(QuotaExceeded::Files | QuotaExceeded::Spool)) {
                break;
            }
            plan.take(file);
        }
        plan.needs().map_or(Ok(()), Err)?;
        Ok(plan.going.into_iter().filter_map(|id| self.remove_if(id, |_| true)).collect())
    }
}

/// What a file needs, and what others use without those that give way to it.
struct Plan {
    party: Option<Party>,
    own: Usage,
    all: Usage,
    more: Usage,
    quota: u64,
    going: Vec<FileId>,
}

impl Plan {
    fn needs(&self) -> Option<QuotaExceeded> {
        usage::check(self.own, self.all, self.more, self.quota).err()
    }

    fn take(&mut self, file: &SharedFile) {
        let Account { usage, party, .. } = file.account();
        self.all = self.all.minus(usage);
        if party.is_some() && party == self.party {
            self.own = self.own.minus(usage);
        }
        self.going.push(file.id);
    }
}

/// Whether a file less helps, also one without bytes.
fn is_about_number(quota: QuotaExceeded) -> bool {
    matches!(quota, QuotaExceeded::TooMany | QuotaExceeded::Files)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::limits::FILES;

    use super::*;
    use crate::files::table::tests::{begin, ids, party};

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
        assert_eq!(ids(&going), [1]);
        assert_eq!(files.accounts.usage(None).1.files, FILES - going.len());
    }
}
