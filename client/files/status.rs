//! How far all transfers are: one line above the prompt, or a few plain lines where there is no terminal.
//!
//! The threads of transfers and the receiver thread call it, with the state locked; it takes the table's lock.

use super::event::FileEvent;
use super::shared::Files;
use super::transfers::{Job, Transfer};
use crate::core::state::State;
use std::time::{Duration, Instant};

/// The least time between two drawings of the progress line: smooth for the eye, nothing for the terminal.
const REDRAW: Duration = Duration::from_millis(200);
/// Columns of the progress line; one that wraps could not be redrawn, and 80 are common.
const COLUMNS: usize = 78;
/// Columns of a file's name in it, and where several share the line.
const NAME: usize = 24;
const SHORT_NAME: usize = 14;

/// Shows how far everything is, if it is time to.
pub fn show(state: &mut State, files: &Files) {
    let shown = files.lock().shown;
    if shown.is_none_or(|shown| shown.elapsed() >= REDRAW) {
        show_now(state, files);
    }
}

/// Shows how far everything is.
pub fn show_now(state: &mut State, files: &Files) {
    let mut transfers = files.lock();
    transfers.shown = Some(Instant::now());
    if state.view.is_interactive() {
        return state.view.set_status(&line(transfers.running()));
    }
    for Transfer { name, progress, .. } in transfers.running_mut() {
        if let Some(figures) = progress.next_figures() {
            state.emit(FileEvent::Progress { name: name.clone(), figures });
        }
    }
}

/// An attempt begins at `offset`; said where there is no progress line, and where it is a new attempt.
pub fn begin(state: &mut State, files: &Files, number: u64, offset: u64, total: u64) {
    let mut transfers = files.lock();
    let Some(transfer) = transfers.get(number) else { return };
    transfer.progress.begin(offset, total);
    let name = transfer.name.clone();
    if offset > 0 {
        state.emit(FileEvent::Resumed { name, per_cent: transfer.progress.per_cent() });
    } else if !state.view.is_interactive() {
        let is_upload = matches!(transfer.job, Job::Upload(_));
        state.emit(FileEvent::Started { name, is_upload, peer: transfer.peer.clone(), size: total });
    }
    drop(transfers);
    show_now(state, files);
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
    let name = shortened(&transfer.name, if is_alone { NAME } else { SHORT_NAME });
    let is_moving = transfer.stream.is_some();
    let figures = match (is_moving, is_alone) {
        (false, _) => "waiting".to_owned(),
        (true, true) => transfer.progress.figures(),
        (true, false) => transfer.progress.short_figures().replace(',', "").replace(" left", ""),
    };
    format!("{arrow} {name} {figures}")
}

/// The name in at most this many columns: the middle is left out, so that start and ending can be seen.
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

/// Columns of a character, rather too many than too few: outside the common alphabets it may be wide.
fn width(c: char) -> usize {
    if c < '\u{1100}' || ('\u{2000}'..'\u{2e80}').contains(&c) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::super::transfers::{Offer, Transfers};
    use super::*;
    use wire::file_line::FileState;

    fn fetching(transfers: &mut Transfers, id: u64, name: &str) {
        let (sender, target, state) = ("tesla".into(), "me".into(), FileState::New);
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
    fn names_keep_start_and_ending() {
        assert_eq!(shortened("photo.jpg", 24), "photo.jpg");
        assert_eq!(shortened("漢字漢字漢字漢字漢字漢字漢字.txt", 24), "漢字漢字漢…字漢字.txt");
    }
}
