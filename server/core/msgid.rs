//! The ids of messages.
//!
//! Pure.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The id of a message, unique over all runs of the server. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Msgid {
    /// The number of the server's run: microseconds since 1970, mostly.
    pub run: u64,
    /// The number of the message in that run.
    pub number: u64,
}

/// Always the same number of digits, so that file names sort as the ids do.
impl fmt::Display for Msgid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}-{:010x}", self.run, self.number)
    }
}

impl Msgid {
    /// The highest number of a run that has as many digits as all others, so that ids sort as they are written.
    pub const LAST_RUN: u64 = (1 << 56) - 1;

    /// The id that is written in this form, and no other.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.split_once('-')?;
        let parse = |digits| u64::from_str_radix(digits, 16).ok();
        let id = Msgid { run: parse(run)?, number: parse(number)? };
        (id.to_string() == text).then_some(id)
    }

    /// The number of a run that starts now.
    pub fn run_at(now: SystemTime) -> u64 {
        u64::try_from(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_they_are_written() {
        let ids = [(1, 9), (1, 10), (1, 0xffff), (0x10, 0)].map(|(run, number)| Msgid { run, number });
        assert!(ids.is_sorted());
        assert!(ids.map(|id| id.to_string()).is_sorted());
        assert!(ids.iter().all(|id| Msgid::parse(&id.to_string()) == Some(*id)));
        for wrong in ["", "-", "1-2", "../x", "0000000000065c-00000000zz", "+0000000000065-0000000001"] {
            assert_eq!(Msgid::parse(wrong), None, "{wrong}");
        }
    }
}
