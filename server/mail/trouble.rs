//! Trouble that each message of a flood could report: the console gets a line a minute about it, with the number of
//! those that were left out.
//!
//! Called by client threads; the lock is held for a comparison.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use wire::text::pluralize;

use super::limits;
use crate::core::log::Log;

/// One kind of trouble.
#[derive(Debug, Default)]
pub struct Trouble(Mutex<Reported>);

#[derive(Debug, Default)]
struct Reported {
    last: Option<Instant>,
    left_out: usize,
}

impl Trouble {
    pub fn report(&self, log: &Log, now: Instant, line: fmt::Arguments<'_>) {
        match self.due(now) {
            None => {}
            Some(0) => log.line(line),
            Some(count) => log.line(format_args!("{line} ({} before it)", pluralize(count, "more line"))),
        }
    }

    /// How many lines were left out, if another one is due.
    fn due(&self, now: Instant) -> Option<usize> {
        let mut reported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.last.is_some_and(|last| now.saturating_duration_since(last) < limits::TROUBLE_PAUSE) {
            reported.left_out += 1;
            return None;
        }
        reported.last = Some(now);
        Some(std::mem::take(&mut reported.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_minute() {
        let (trouble, now) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.due(now), Some(0));
        assert_eq!([1, 59].map(|seconds| trouble.due(now + std::time::Duration::from_secs(seconds))), [None, None]);
        assert_eq!(trouble.due(now + limits::TROUBLE_PAUSE), Some(2));
    }
}
