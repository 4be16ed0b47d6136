//! The time by which stored things expire: a clock that advances only by time that has really passed.
//!
//! The clock of the machine can jump: a computer without a battery begins in 1970, and an operator can mistype a date.
//! Nothing acknowledged may be deleted because of that. So this clock counts with the monotonic clock while the server
//! runs, and is remembered in the data folder. No lock.
//!
//! ```text
//! <data folder>/clock                 seconds since 1970, as this clock and as the machine's counted them, and a sum
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use wire::crc32::crc32;
use wire::disk::{read_text, write_atomically};
use wire::text::pluralize;
use wire::time::{DAY, unix_seconds};

/// 2026-11-26, when this was written: the clock of a machine that runs it is wrong if it is earlier.
const WRITTEN: u64 = 1_795_651_200;
/// In the year 2106: a time after it is damage.
const LATEST: u64 = u32::MAX as u64;

#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
    started: Instant,
    /// Seconds since 1970 at that moment.
    start: u64,
}

/// What is remembered of the last run, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stopped {
    clock: u64,
    /// What the machine's clock said then.
    machine: u64,
}

impl Stopped {
    fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split_whitespace().collect();
        let [clock, machine, _] = words[..] else { return None };
        let stopped = Stopped { clock: clock.parse().ok()?, machine: machine.parse().ok()? };
        // A number that a flipped bit has made greater would let everything expire.
        (stopped.line() == text && stopped.clock.max(stopped.machine) <= LATEST).then_some(stopped)
    }

    fn line(self) -> String {
        let times = format!("{} {}", self.clock, self.machine);
        format!("{times} {:08x}\n", crc32(times.as_bytes()))
    }
}

impl Clock {
    /// Goes on from the time that the data folder remembers, or else from when a server last `started` in it. A sentence
    /// says how the machine's clock disagrees.
    pub fn open(data: &Path, machine: SystemTime, started: Option<SystemTime>) -> (Self, Option<String>) {
        let file = data.join("clock");
        let text = read_text(&file).unwrap_or_else(|error| error.to_string());
        let stopped = Stopped::parse(&text);
        let seconds = |time| unix_seconds(time).min(LATEST);
        let last_start = started.map(seconds).map(|time| Stopped { clock: time, machine: time });
        let (start, mut warning) = go_on(stopped.or(last_start), seconds(machine));
        if stopped.is_none() && !text.is_empty() {
            warning = Some(format!("{} is damaged; what expires may do so later", file.display()));
        }
        (Clock { file, started: Instant::now(), start }, warning)
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u64 {
        self.start + self.started.elapsed().as_secs()
    }

    /// Remembers the time over a restart.
    pub fn store(&self, machine: SystemTime) -> io::Result<()> {
        let stopped = Stopped { clock: self.now(), machine: unix_seconds(machine) };
        write_atomically(&self.file, stopped.line().as_bytes())
    }
}

/// The time at which the clock goes on after the server was off. Nobody knows how long that was: the machine's clock says
/// so, but it may have been set meanwhile. So a day counts at most.
fn go_on(stopped: Option<Stopped>, machine: u64) -> (u64, Option<String>) {
    let days = |seconds: u64| pluralize(seconds.div_ceil(DAY), "day");
    let Stopped { clock, machine: then } = stopped.unwrap_or(Stopped { clock: machine, machine });
    let off = machine.saturating_sub(then);
    let warning = if machine < WRITTEN {
        Some("This machine's clock is wrong: it is earlier than this program".to_owned())
    } else if machine < then {
        Some(format!("This machine's clock is {} behind its last run", days(then - machine)))
    } else if off > DAY {
        Some(format!("The server was off for {}, says this machine's clock", days(off)))
    } else {
        None
    };
    let because = "; nothing expires sooner because of that";
    ((clock + off.min(DAY)).max(WRITTEN), warning.map(|warning| warning + because))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const NOW: u64 = WRITTEN + 1000 * DAY;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    const fn stopped_at(clock: u64, machine: u64) -> Stopped {
        Stopped { clock, machine }
    }

    #[test]
    fn it_follows_a_clock_that_can_be_right() {
        assert_eq!(go_on(None, NOW), (NOW, None));
        assert_eq!(go_on(Some(stopped_at(NOW, NOW)), NOW), (NOW, None));
        assert_eq!(go_on(Some(stopped_at(NOW, NOW)), NOW + DAY), (NOW + DAY, None));
        assert_eq!(
            go_on(Some(stopped_at(NOW, NOW + 50 * DAY)), NOW + 50 * DAY + 7),
            (NOW + 7, None),
            "it may be behind"
        );
    }

    #[test]
    fn it_does_not_jump_with_the_machine() {
        let says = |stopped, machine| {
            let (start, warning) = go_on(stopped, machine);
            (start, warning.unwrap().split([';', ',', ':']).next().unwrap().to_owned())
        };
        let behind = "This machine's clock is 2 days behind its last run".to_owned();
        assert_eq!(says(Some(stopped_at(NOW, NOW)), NOW - 2 * DAY), (NOW, behind));
        let off = "The server was off for 8 days".to_owned();
        assert_eq!(says(Some(stopped_at(NOW, NOW)), NOW + 8 * DAY), (NOW + DAY, off));
        for stopped in [None, Some(stopped_at(5, 5))] {
            assert_eq!(says(stopped, 5), (WRITTEN, "This machine's clock is wrong".to_owned()));
        }
        assert_eq!(go_on(Some(stopped_at(NOW, NOW)), 5).0, NOW);
        assert_eq!(go_on(Some(stopped_at(NOW, 5)), NOW).0, NOW + DAY, "1970 in the last run");
    }

    #[test]
    fn damage_is_told_and_the_last_start_counts() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["18446744073709551615 5", "-1 5", "5", "\u{0}", "3795651200 1795651200 00000000\n"] {
            fs::write(folder.path().join("clock"), text).unwrap();
            let (clock, warning) = Clock::open(folder.path(), at(NOW + 8 * DAY), Some(at(NOW)));
            assert!(clock.start == NOW + DAY && warning.unwrap().contains("clock is damaged"), "{text}");
        }
    }

    #[test]
    fn however_often_it_starts_a_jump_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        Clock::open(folder.path(), at(NOW), None).0.store(at(NOW)).unwrap();
        for _ in 0..8 {
            let (clock, _) = Clock::open(folder.path(), at(NOW + 8 * DAY), Some(at(NOW)));
            assert!((NOW + DAY..NOW + DAY + 100).contains(&clock.now()));
            clock.store(at(NOW + 8 * DAY)).unwrap();
        }
    }
}
