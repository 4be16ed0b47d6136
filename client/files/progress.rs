//! How far one transfer has got: bytes, rate, time left.
//!
//! Pure, part of the table of transfers and thus under its lock.

use std::time::{Duration, Instant};
use wire::files::readable_size;

/// The least time between two plain lines about one file.
const PLAIN: Duration = Duration::from_secs(1);
/// The rate is measured over the last one or two of these: steady enough to read, and a stall shows.
const WINDOW: Duration = Duration::from_secs(2);
/// How far one transfer has got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    pub total: u64,
    pub done: u64,
    /// Where the last attempt began.
    pub offset: u64,
    /// Bytes that went over the wire in this run.
    moved: u64,
    /// When the first attempt began.
    since: Option<Instant>,
    /// Two points in time, the older one first, and the bytes that were done by then.
    marks: Option<[(Instant, u64); 2]>,
    /// The last plain line: when, and at which quarter.
    said: Option<(Instant, u64)>,
}

impl Progress {
    /// An attempt begins at `offset`.
    pub fn begin(&mut self, offset: u64, total: u64) {
        let now = Instant::now();
        (self.offset, self.done, self.total) = (offset, offset, total);
        self.since.get_or_insert(now);
        self.marks = Some([(now, offset); 2]);
        self.said = Some((now, self.quarter()));
    }

    pub fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        self.moved += bytes;
        let now = Instant::now();
        if let Some([older, newer]) = &mut self.marks
            && now - newer.0 >= WINDOW
        {
            (*older, *newer) = (*newer, (now, self.done));
        }
    }

    /// `45 %`; an empty file is all there.
    pub fn per_cent(&self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.total).unwrap_or(100)
    }

    fn quarter(&self) -> u64 {
        self.per_cent() / 25
    }

    /// Recent bytes a second.
    fn rate(&self) -> Option<u64> {
        let [older, _] = self.marks?;
        per_second(self.done.saturating_sub(older.1), older.0.elapsed())
    }

    /// `1.2 of 2.7 MiB, 45 %, 2.7 MiB/s, 12 s left`
    pub fn figures(&self) -> String {
        let sizes = format!("{} of {}", readable_size(self.done), readable_size(self.total));
        format!("{sizes}, {}", self.short_figures())
    }

    /// The same without the bytes, where there is less room.
    pub fn short_figures(&self) -> String {
        let per_cent = self.per_cent();
        if self.done == self.total {
            // The other side still has to check it, and to put it on its disk.
            return format!("{per_cent} %, being checked");
        }
        match self.rate() {
            Some(rate) if rate > 0 => {
                let left = self.total.saturating_sub(self.done).div_ceil(rate);
                format!("{per_cent} %, {}/s, {} left", readable_size(rate), readable_seconds(left))
            }
            _ => format!("{per_cent} %"),
        }
    }

    /// The figures for a plain line, when it got a quarter further and some time has passed since the last one.
    pub fn next_figures(&mut self) -> Option<String> {
        let (when, quarter) = self.said?;
        let reached = self.quarter();
        if reached <= quarter || reached >= 4 || when.elapsed() < PLAIN {
            return None;
        }
        self.said = Some((Instant::now(), reached));
        Some(self.figures())
    }

    /// `in 1.2 s, 2.7 MiB/s`
    pub fn summary(&self) -> String {
        let time = self.since.map(|since| since.elapsed()).unwrap_or_default();
        let rate = per_second(self.moved, time).filter(|_| self.moved > 0);
        let rate = rate.map_or(String::new(), |rate| format!(", {}/s", readable_size(rate)));
        format!("in {:.1} s{rate}", time.as_secs_f64())
    }
}

fn per_second(bytes: u64, time: Duration) -> Option<u64> {
    let rate = u128::from(bytes) * 1000 / time.as_millis().max(1);
    u64::try_from(rate).ok()
}

fn readable_seconds(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_say_how_far_and_how_long() {
        let mut progress = Progress::default();
        progress.begin(250, 1000);
        assert_eq!((progress.quarter(), progress.figures().as_str()), (1, "250 bytes of 1000 bytes, 25 %"));
        progress.marks = Some([(Instant::now().checked_sub(Duration::from_secs(10)).unwrap(), 0); 2]);
        progress.advance(250);
        assert_eq!(progress.figures(), "500 bytes of 1000 bytes, 50 %, 50 bytes/s, 10 s left");
        progress.begin(0, 0);
        assert_eq!(progress.figures(), "0 bytes of 0 bytes, 100 %, being checked");
        assert_eq!(readable_seconds(100), "2 min");
        assert_eq!(readable_seconds(7200), "2 h");
    }

    #[test]
    fn plain_lines_are_few() {
        let mut progress = Progress::default();
        progress.begin(0, 1000);
        progress.advance(300);
        assert_eq!(progress.next_figures(), None, "not so soon");
        progress.said = Some((Instant::now().checked_sub(PLAIN).unwrap(), 0));
        progress.marks = None;
        assert_eq!(progress.next_figures().as_deref(), Some("300 bytes of 1000 bytes, 30 %"));
        assert_eq!(progress.next_figures(), None);
    }
}
