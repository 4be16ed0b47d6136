//! How much of the spool is used, by whom, and whether a party may have more of it.
//!
//! Part of the table of files, so it is only touched by a thread that holds the table's lock. Every number is kept up to
//! date, so that no question walks over the files.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use wire::limits::FILES;

use super::ids::FileId;
use super::limits;
use crate::core::party::{Full, Party, has_room};

/// Which quota is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaExceeded {
    /// The party has too many files.
    TooMany,
    /// The party would have more than its share of the bytes.
    Share,
    /// The server has too many files.
    Files,
    /// The spool has too many bytes.
    Spool,
}

/// How much some files use.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub files: usize,
    /// Bytes that have come.
    pub bytes: u64,
    pub recipients: usize,
}

impl Usage {
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            files: self.files + other.files,
            // An offer may name any size.
            bytes: self.bytes.saturating_add(other.bytes),
            recipients: self.recipients + other.recipients,
        }
    }

    pub fn minus(self, other: Usage) -> Usage {
        Usage {
            files: self.files.saturating_sub(other.files),
            bytes: self.bytes.saturating_sub(other.bytes),
            recipients: self.recipients.saturating_sub(other.recipients),
        }
    }
}

/// Whether a party may have a file with this usage, given what it has and what all have. `quota` is that of bytes.
pub fn check(own: Usage, all: Usage, more: Usage, quota: u64) -> Result<(), QuotaExceeded> {
    if own.files + more.files > limits::FILES_PER_SENDER {
        return Err(QuotaExceeded::TooMany);
    }
    let files = has_room(own.files as u64, all.files as u64, FILES as u64, more.files as u64);
    files.map_err(|_| QuotaExceeded::Files)?;
    has_room(own.bytes, all.bytes, quota, more.bytes).map_err(|full| match full {
        Full::Share => QuotaExceeded::Share,
        // Whoever fills the spool alone can make room.
        Full::Pool if own.bytes > 0 && own.bytes == all.bytes => QuotaExceeded::Share,
        Full::Pool => QuotaExceeded::Spool,
    })
}

/// What one file counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Unknown for files of earlier versions: they count among all files only.
    pub party: Option<Party>,
    pub usage: Usage,
    /// Since when no byte has come, if its upload is not complete and no connection is at it.
    pub idle_since: Option<Instant>,
}

/// One party.
#[derive(Debug, Default)]
struct Share {
    usage: Usage,
    transfers: usize,
    files: BTreeSet<FileId>,
}

/// The accounts of all files.
#[derive(Debug, Default)]
pub struct Accounts {
    all: Usage,
    shares: HashMap<Party, Share>,
    transfers: usize,
    /// Idle uploads of which no byte has come, the longest idle first.
    pub offers: BTreeSet<(Instant, FileId)>,
    /// Other idle uploads.
    pub interrupted: BTreeSet<(Instant, FileId)>,
}

impl Accounts {
    pub fn enter(&mut self, id: FileId, account: &Account) {
        self.all = self.all.plus(account.usage);
        if let Some(party) = account.party {
            let share = self.shares.entry(party).or_default();
            share.usage = share.usage.plus(account.usage);
            share.files.insert(id);
        }
        if let Some(since) = account.idle_since {
            self.idle(account).insert((since, id));
        }
    }

    pub fn leave(&mut self, id: FileId, account: &Account) {
        self.all = self.all.minus(account.usage);
        if let Some(party) = account.party
            && let Some(share) = self.shares.get_mut(&party)
        {
            share.usage = share.usage.minus(account.usage);
            share.files.remove(&id);
            self.forget(party);
        }
        if let Some(since) = account.idle_since {
            self.idle(account).remove(&(since, id));
        }
    }

    fn idle(&mut self, account: &Account) -> &mut BTreeSet<(Instant, FileId)> {
        if account.usage.bytes == 0 { &mut self.offers } else { &mut self.interrupted }
    }

    fn forget(&mut self, party: Party) {
        if self.shares.get(&party).is_some_and(|share| share.files.is_empty() && share.transfers == 0) {
            self.shares.remove(&party);
        }
    }

    /// What a party has, and what all have.
    pub fn usage(&self, party: Option<Party>) -> (Usage, Usage) {
        let own = party.and_then(|party| self.shares.get(&party)).map_or_else(Usage::default, |share| share.usage);
        (own, self.all)
    }

    pub fn files_of(&self, party: Option<Party>) -> impl Iterator<Item = FileId> {
        let share = party.and_then(|party| self.shares.get(&party));
        share.into_iter().flat_map(|share| share.files.iter().copied())
    }

    /// Counts a data connection, unless the party has its share of the `most` that there may be.
    pub fn begin_transfer(&mut self, party: Party, most: usize) -> bool {
        let own = self.shares.get(&party).map_or(0, |share| share.transfers);
        let fits = has_room(own as u64, self.transfers as u64, most as u64, 1).is_ok();
        if fits {
            self.shares.entry(party).or_default().transfers += 1;
            self.transfers += 1;
        }
        fits
    }

    pub fn end_transfer(&mut self, party: Party) {
        if let Some(share) = self.shares.get_mut(&party) {
            share.transfers -= 1;
            self.transfers -= 1;
            self.forget(party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: u64) -> Usage {
        Usage { bytes, ..Usage::default() }
    }

    #[test]
    fn a_party_has_a_share_of_the_bytes_and_one_large_file() {
        let check = |own, all, more| check(bytes(own), bytes(all), bytes(more), 800);
        assert_eq!(check(0, 0, 800), Ok(()), "one file may be as large as the spool");
        assert_eq!(check(0, 0, 801), Err(QuotaExceeded::Spool));
        assert_eq!(check(0, 100, 700), Ok(()));
        assert_eq!(check(300, 300, 200), Ok(()));
        assert_eq!(check(300, 300, 201), Err(QuotaExceeded::Share));
        assert_eq!(check(300, 400, u64::MAX), Err(QuotaExceeded::Spool));
        assert_eq!(check(800, 800, 1), Err(QuotaExceeded::Share), "it can cancel something");
    }

    #[test]
    fn a_full_table_of_files_keeps_no_upload_from_going_on() {
        let (own, all) = (Usage { files: 50, ..bytes(1) }, Usage { files: FILES, ..bytes(1) });
        assert_eq!(check(own, all, bytes(1), 800), Ok(()));
        assert_eq!(check(own, all, Usage { files: 1, ..bytes(0) }, 800), Err(QuotaExceeded::Files));
    }

    #[test]
    fn data_connections_have_shares_too() {
        let (mut accounts, party) = (Accounts::default(), |last| Party::of([192, 0, 2, last].into()));
        let mut taken =
            |last| (0..1000).take_while(|_| accounts.begin_transfer(party(last), limits::TRANSFERS)).count();
        assert_eq!([taken(1), taken(1), taken(2), taken(3), taken(4), taken(5)], [500, 0, 250, 125, 63, 31]);
        (0..500).for_each(|_| accounts.end_transfer(party(1)));
        assert!(accounts.shares.len() == 4 && accounts.begin_transfer(party(1), limits::TRANSFERS));
    }
}
