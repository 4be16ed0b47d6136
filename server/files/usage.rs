//! How much of the spool is used, by whom, and whether a party may have more of it.
//!
//! Part of the table of files, so it is only touched by a thread that holds the table's lock. Every number is kept up to
//! date, so that no question walks over the files.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use wire::limits::FILES;

use super::ids::FileId;
use super::limits;
use crate::core::limits::SHARE;
use crate::core::party::{Party, is_fair};

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
    /// Files of which at least a byte has come.
    pub begun: usize,
    /// Bytes that have come.
    pub bytes: u64,
    pub recipients: usize,
}

impl Usage {
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            files: self.files + other.files,
            begun: self.begun + other.begun,
            // An offer may name any size.
            bytes: self.bytes.saturating_add(other.bytes),
            recipients: self.recipients + other.recipients,
        }
    }

    pub fn minus(self, other: Usage) -> Usage {
        Usage {
            files: self.files.saturating_sub(other.files),
            begun: self.begun.saturating_sub(other.begun),
            bytes: self.bytes.saturating_sub(other.bytes),
            recipients: self.recipients.saturating_sub(other.recipients),
        }
    }
}

/// Whether a party may have this, given what all have with it. `quota` is that of bytes.
pub fn check(own: Usage, all: Usage, quota: u64) -> Result<(), QuotaExceeded> {
    if own.files > limits::FILES_PER_SENDER {
        return Err(QuotaExceeded::TooMany);
    }
    if !is_fair(own.files as u64, all.files as u64, FILES as u64) {
        return Err(QuotaExceeded::Files);
    }
    let free = quota.saturating_sub(all.bytes);
    // A single file may be large, if it leaves something or there is nothing else.
    let is_large = own.begun <= 1 && (free >= quota / limits::SPOOL_RESERVE || own.bytes == all.bytes);
    if all.bytes > quota {
        return Err(if own.bytes == all.bytes && own.begun > 1 { QuotaExceeded::Share } else { QuotaExceeded::Spool });
    }
    if is_large || is_fair(own.bytes, all.bytes, quota) {
        return Ok(());
    }
    let is_over_share = own.begun > 1 && own.bytes > quota / SHARE;
    Err(if is_over_share { QuotaExceeded::Share } else { QuotaExceeded::Spool })
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
        let own = self.shares.get(&party).map_or(0, |share| share.transfers) + 1;
        let is_fair = is_fair(own as u64, self.transfers as u64 + 1, most as u64);
        let fits = own <= limits::LEAST_TRANSFERS.min(most / 2) || is_fair;
        if fits {
            self.shares.entry(party).or_default().transfers = own;
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

    fn usage(files: usize, begun: usize, bytes: u64) -> Usage {
        Usage { files, begun, bytes, recipients: 0 }
    }

    #[test]
    fn a_party_has_a_share_of_the_bytes_and_one_large_file() {
        let check = |own, all| check(own, all, 800);
        assert_eq!(check(usage(1, 1, 800), usage(1, 1, 800)), Ok(()), "one file may be as large as the spool");
        assert_eq!(check(usage(1, 1, 801), usage(1, 1, 801)), Err(QuotaExceeded::Spool));
        assert_eq!(check(usage(1, 1, 690), usage(2, 2, 700)), Ok(()));
        assert_eq!(check(usage(1, 1, 691), usage(2, 2, 701)), Err(QuotaExceeded::Spool), "an eighth is for others");
        assert_eq!(check(usage(2, 2, 200), usage(2, 2, 200)), Ok(()));
        assert_eq!(check(usage(2, 2, 201), usage(2, 2, 201)), Err(QuotaExceeded::Share));
        assert_eq!(check(usage(2, 2, 801), usage(2, 2, 801)), Err(QuotaExceeded::Share));
        assert_eq!(check(usage(2, 1, 201), usage(2, 1, 201)), Ok(()), "an offer is no file yet");
        assert_eq!(check(usage(2, 2, u64::MAX), usage(2, 2, u64::MAX)), Err(QuotaExceeded::Share));
    }

    #[test]
    fn however_many_take_their_share_a_newcomer_finds_something() {
        let quota = 32 << 30;
        let mut all = Usage::default();
        for _ in 0..25 {
            // Each takes all that it may, in pieces of 1 MiB, and small files beside a large one.
            let mut own = Usage::default();
            loop {
                let more = usage(0, usize::from(own.begun < 2), 1 << 20);
                if check(own.plus(more), all.plus(more), quota).is_err() {
                    break;
                }
                (own, all) = (own.plus(more), all.plus(more));
            }
        }
        assert_eq!(check(usage(1, 1, 1 << 20), all.plus(usage(1, 1, 1 << 20)), quota), Ok(()));
    }

    #[test]
    fn data_connections_have_shares_too() {
        let (mut accounts, party) = (Accounts::default(), |last| Party::of([192, 0, 2, last].into()));
        let mut taken =
            |last| (0..1000).take_while(|_| accounts.begin_transfer(party(last), limits::TRANSFERS)).count();
        assert_eq!([taken(1), taken(1), taken(2), taken(3), taken(4), taken(5)], [250, 0, 250, 100, 80, 64]);
        (0..250).for_each(|_| accounts.end_transfer(party(1)));
        assert!(accounts.shares.len() == 4 && accounts.begin_transfer(party(1), limits::TRANSFERS));
    }
}
