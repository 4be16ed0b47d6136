//! The time by which stored things expire: a clock that advances only by time that has really passed.
//!
//! The clock of the machine can jump: a computer without a battery begins in 1970, and an operator can mistype a date.
//! Nothing acknowledged may be deleted because of that. So this clock counts with the monotonic clock while the server
//! runs, and is remembered in the data folder. No lock.
//!
//! ```text
//! <data folder>/clock                 seconds since 1970, as this clock counts them
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use wire::disk::{read_text, write_atomically};
use wire::text::pluralize;
use wire::time::unix_seconds;

/// 2026-11-26, when this was written: the clock of a machine that runs it is wrong if it is earlier.
const WRITTEN: u64 = 1_795_651_200;
/// In the year 2106: a time after it is damage.
const LATEST: u64 = u32::MAX as u64;
const DAY: u64 = 24 * 60 * 60;

#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
    started: Instant,
    /// Seconds since 1970 at that moment.
    start: u64,
}

impl Clock {
    /// Goes on from the time that the data folder remembers. A sentence says how the machine's clock disagrees.
    pub fn open(data: &Path, machine: SystemTime) -> (Self, Option<String>) {
        let file = data.join("clock");
        let text = read_text(&file).unwrap_or_else(|error| error.to_string());
        let stopped = text.trim().parse().ok().filter(|stopped| *stopped <= LATEST);
        let (start, mut warning) = go_on(stopped, unix_seconds(machine).min(LATEST));
        if stopped.is_none() && !text.is_empty() {
            warning = Some(format!("{} is damaged; this machine's clock is believed", file.display()));
        }
        (Clock { file, started: Instant::now(), start }, warning)
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u64 {
        self.start + self.started.elapsed().as_secs()
    }

    /// Remembers the time over a restart.
    pub fn store(&self) -> io::Result<()> {
        write_atomically(&self.file, format!("{}\n", self.now()).as_bytes())
    }
}

/// The time at which the clock goes on after the server was off, given where it stopped. Nobody knows how long that
/// was, so a day counts at most.
fn go_on(stopped: Option<u64>, machine: u64) -> (u64, Option<String>) {
    let earliest = stopped.unwrap_or(WRITTEN).max(WRITTEN);
    let latest = stopped.map_or(u64::MAX, |_| earliest + DAY);
    let days = |seconds: u64| pluralize(seconds.div_ceil(DAY), "day");
    let warning = if machine < WRITTEN {
        Some("This machine's clock is wrong: it is earlier than this program".to_owned())
    } else if machine < earliest {
        Some(format!("This machine's clock is {} behind its last run", days(earliest - machine)))
    } else if machine > latest {
        Some(format!("The server was off for {}, says this machine's clock", days(machine - earliest)))
    } else {
        None
    };
    let because = "; nothing expires sooner because of that";
    (machine.clamp(earliest, latest), warning.map(|warning| warning + because))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = WRITTEN + 1000 * DAY;

    #[test]
    fn it_follows_a_clock_that_can_be_right() {
        assert_eq!(go_on(None, NOW), (NOW, None));
        assert_eq!(go_on(Some(NOW), NOW), (NOW, None));
        assert_eq!(go_on(Some(NOW), NOW + DAY), (NOW + DAY, None));
    }

    #[test]
    fn it_does_not_jump_with_the_machine() {
        let says = |stopped, machine| {
            let (start, warning) = go_on(stopped, machine);
            (start, warning.unwrap().split([';', ',', ':']).next().unwrap().to_owned())
        };
        let behind = "This machine's clock is 2 days behind its last run".to_owned();
        assert_eq!(says(Some(NOW), NOW - 2 * DAY), (NOW, behind));
        assert_eq!(says(Some(NOW), NOW + 8 * DAY), (NOW + DAY, "The server was off for 8 days".to_owned()));
        for stopped in [None, Some(5)] {
            assert_eq!(says(stopped, 5), (WRITTEN, "This machine's clock is wrong".to_owned()));
        }
        assert_eq!(go_on(Some(NOW), 5).0, NOW);
    }

    #[test]
    fn damage_is_told_and_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["18446744073709551615", "-1", "\u{0}"] {
            std::fs::write(folder.path().join("clock"), text).unwrap();
            let machine = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(NOW);
            let (clock, warning) = Clock::open(folder.path(), machine);
            assert!(clock.start == NOW && warning.unwrap().contains("clock is damaged"), "{text}");
        }
    }

    #[test]
    fn it_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        Clock::open(folder.path(), at(NOW)).0.store().unwrap();
        let (clock, warning) = Clock::open(folder.path(), at(NOW + 8 * DAY));
        assert!(warning.is_some() && (NOW + DAY..NOW + DAY + 100).contains(&clock.now()));
    }
}
