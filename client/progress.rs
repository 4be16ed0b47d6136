//! How far transfers have got: one line above the prompt, or a few plain lines where there is no terminal.
//!
//! Part of the table of transfers, under the state's lock; the threads of transfers and the receiver
//! thread call it.

use crate::state::State;
use crate::transfers::{Job, Transfer};
use std::time::{Duration, Instant};
use wire::files::readable_size;
use wire::text;

/// The progress line is redrawn at most so often: smooth for the eye, nothing for the terminal.
const REDRAW: Duration = Duration::from_millis(200);
/// Plain lines come at most so often for one file.
const PLAIN: Duration = Duration::from_secs(1);
/// The rate is that of the last one or two of these: steady enough to read, and a stall shows.
const WINDOW: Duration = Duration::from_secs(2);
/// Columns of the progress line; one that wraps could not be redrawn, and 80 are common.
const COLUMNS: usize = 78;
/// Columns of a file's name in it, and where several share the line.
const NAME: usize = 24;
const SHORT_NAME: usize = 14;

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
    /// Two points in time, the older one first, and what was done by then.
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
    fn per_cent(&self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.total).unwrap_or(100)
    }

    fn quarter(&self) -> u64 {
        self.per_cent() / 25
    }

    /// Bytes a second of late.
    fn rate(&self) -> Option<u64> {
        let [older, _] = self.marks?;
        per_second(self.done.saturating_sub(older.1), older.0.elapsed())
    }

    /// `1.2 of 2.7 MiB, 45 %, 2.7 MiB/s, 12 s left`
    fn figures(&self) -> String {
        let sizes = format!("{} of {}", readable_size(self.done), readable_size(self.total));
        format!("{sizes}, {}", self.short_figures())
    }

    /// The same without the bytes, where there is less room.
    fn short_figures(&self) -> String {
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

/// Shows how far everything is, if it is time to.
pub fn show(state: &mut State) {
    if state.transfers.shown.is_some_and(|shown| shown.elapsed() < REDRAW) {
        return;
    }
    show_now(state);
}

/// Shows how far everything is.
pub fn show_now(state: &mut State) {
    state.transfers.shown = Some(Instant::now());
    if state.screen.is_terminal() {
        let line = line(state.transfers.running());
        return state.screen.set_status(&line);
    }
    let sentences: Vec<_> = state.transfers.running_mut().filter_map(plain).collect();
    for sentence in sentences {
        state.screen.tell(&sentence);
    }
}

/// An attempt begins; said where there is no progress line, and where it is a new attempt.
pub fn begin(state: &mut State, number: u64, offset: u64, total: u64) {
    let Some(transfer) = state.transfers.get(number) else { return };
    transfer.progress.begin(offset, total);
    let (name, size, peer) = (&transfer.name, readable_size(total), &transfer.peer);
    let sentence = match &transfer.job {
        _ if offset > 0 => format!("Going on with {name} at {} %", transfer.progress.per_cent()),
        Job::Upload(_) => format!("Sending {name} ({size}) to {peer}"),
        Job::Download(_) if peer.is_empty() => format!("Fetching {name} ({size})"),
        Job::Download(_) => format!("Fetching {name} ({size}) from {peer}"),
    };
    if offset > 0 || !state.screen.is_terminal() {
        state.screen.tell(&sentence);
    }
    show_now(state);
}

/// The next plain line about a transfer, when it has got a quarter further and some time has passed.
fn plain(transfer: &mut Transfer) -> Option<String> {
    let (when, quarter) = transfer.progress.said?;
    let reached = transfer.progress.quarter();
    if reached <= quarter || reached >= 4 || when.elapsed() < PLAIN {
        return None;
    }
    transfer.progress.said = Some((Instant::now(), reached));
    Some(format!("{}: {}", transfer.name, transfer.progress.figures()))
}

/// All transfers in one line, as far as they fit; the others are counted.
fn line<'a>(transfers: impl Iterator<Item = &'a Transfer>) -> String {
    let transfers: Vec<_> = transfers.collect();
    let all = transfers.len();
    let mut parts: Vec<_> = transfers.iter().map(|transfer| part(transfer, all == 1)).collect();
    loop {
        let more = all - parts.len();
        let more = if more > 0 { format!("  and {more} more") } else { String::new() };
        let line = format!("{}{more}", parts.join("  "));
        if columns(&line) <= COLUMNS || parts.pop().is_none() {
            return line;
        }
    }
}

fn part(transfer: &Transfer, is_alone: bool) -> String {
    let arrow = if matches!(transfer.job, Job::Upload(_)) { '↑' } else { '↓' };
    let name = shortened(&text::printable(&transfer.name), if is_alone { NAME } else { SHORT_NAME });
    let is_moving = transfer.stream.is_some();
    let figures = match (is_moving, is_alone) {
        (false, _) => "waiting".to_owned(),
        (true, true) => transfer.progress.figures(),
        (true, false) => transfer.progress.short_figures().replace(',', "").replace(" left", ""),
    };
    format!("{arrow} {name} {figures}")
}

/// The name in so many columns: the middle is left out, so that start and ending can be seen.
fn shortened(name: &str, most: usize) -> String {
    if columns(name) <= most {
        return name.to_owned();
    }
    let cut = |chars: &mut dyn Iterator<Item = char>| {
        let mut used = 0;
        chars.take_while(|&c| (used += width(c), used).1 <= (most - 1) / 2).collect::<Vec<_>>()
    };
    let start = cut(&mut name.chars());
    let end = cut(&mut name.chars().rev());
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Columns of a character, rather too many than too few: past the common alphabets it may be a wide one.
fn width(c: char) -> usize {
    if c < '\u{1100}' || ('\u{2000}'..'\u{2e80}').contains(&c) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::tests::Paper;
    use crate::transfers::{Offer, Transfers};

    fn fetching(transfers: &mut Transfers, id: u64, name: &str) {
        let (sender, target, state) = ("tesla".into(), "me".into(), "new".into());
        transfers.fetch(&Offer { id, sender, target, size: 1000, crc: 0, state, name: name.into() });
        let (number, _) = transfers.next(|_| true).unwrap();
        let transfer = transfers.get(number).unwrap();
        transfer.progress.begin(0, 1000);
        transfer.progress.advance(450);
    }

    #[test]
    fn the_line_fits_and_counts_what_it_leaves_out() {
        let mut transfers = Transfers::default();
        assert_eq!(line(transfers.running()), "");
        fetching(&mut transfers, 1, "photo.jpg");
        assert_eq!(line(transfers.running()), "↓ photo.jpg waiting");
        (2..5).for_each(|id| fetching(&mut transfers, id, "a very long name of a holiday film.mp4"));
        let line = line(transfers.running());
        assert_eq!(line, "↓ photo.jpg waiting  ↓ a very…lm.mp4 waiting  and 2 more");
    }

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
    fn names_keep_start_and_ending() {
        assert_eq!(shortened("photo.jpg", 24), "photo.jpg");
        assert_eq!(shortened("漢字漢字漢字漢字漢字漢字漢字.txt", 24), "漢字漢字漢…字漢字.txt");
    }

    #[test]
    fn plain_lines_are_few() {
        let paper = Paper::default();
        let mut state = State::new(paper.screen(false));
        fetching(&mut state.transfers, 1, "photo.jpg");
        begin(&mut state, 1, 0, 1000);
        state.transfers.get(1).unwrap().progress.advance(300);
        show_now(&mut state);
        assert_eq!(paper.take(), "Fetching photo.jpg (1000 bytes) from tesla\n", "not so soon");
        let earlier = Instant::now().checked_sub(PLAIN).unwrap();
        state.transfers.get(1).unwrap().progress.said = Some((earlier, 0));
        state.transfers.get(1).unwrap().progress.marks = None;
        show_now(&mut state);
        show_now(&mut state);
        assert_eq!(paper.take(), "photo.jpg: 300 bytes of 1000 bytes, 30 %\n");
    }
}
