//! How far all transfers are: one line above the prompt, or a few plain lines where there is no terminal.
//!
//! The threads of transfers and the receiver thread call it, with the state locked; it takes the table's lock.

use super::event::FileEvent;
use super::limits::{COLUMNS, NAME_COLUMNS, REDRAW, SHORT_NAME_COLUMNS};
use super::shared::Files;
use super::transfers::Transfer;
use crate::core::state::State;
use std::time::Instant;

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
        let line = line(transfers.running());
        drop(transfers);
        return state.view.set_status(&line);
    }
    let event = |transfer: &mut Transfer| {
        let figures = transfer.progress.next_figures()?;
        Some(FileEvent::Progress { name: transfer.name.clone(), figures })
    };
    let events: Vec<_> = transfers.running_mut().filter_map(event).collect();
    drop(transfers);
    events.into_iter().for_each(|event| state.emit(event));
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
    let arrow = if transfer.is_upload() { '↑' } else { '↓' };
    let name = shortened(&transfer.name, if is_alone { NAME_COLUMNS } else { SHORT_NAME_COLUMNS });
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
    use super::super::offer::Offer;
    use super::super::transfers::Transfers;
    use super::*;
    use wire::file_line::FileState;

    fn fetching(transfers: &mut Transfers, id: u64, name: &str) {
        let (sender, target, state) = ("tesla".into(), "me".into(), FileState::New);
        let offer = Offer { id, sender, target, size: 1000, crc: 0, state, name: name.into() };
        transfers.learn(offer.clone());
        transfers.fetch(&offer, None, Instant::now());
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
