//! Text in rows of a terminal: where rows end, and where the cursor is.
//!
//! Pure. Terminals do not agree on the columns of some characters, such as emoji that are joined; these count for rather
//! too many, so that no row is too long.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A tab is shown like this.
const TAB: &str = "    ";

/// A text in rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Rows {
    pub texts: Vec<String>,
    /// The row of the cursor.
    pub row: usize,
    /// The bytes of that row that are before the cursor.
    pub before: usize,
}

/// Columns of a text, rather too many than too few.
pub fn columns(text: &str) -> usize {
    text.graphemes(true).map(cluster_columns).sum()
}

fn cluster_columns(cluster: &str) -> usize {
    cluster.width().max(cluster.chars().map(|c| c.width().unwrap_or(0)).sum())
}

/// Cuts a prompt and a text into rows of at most `width` columns. The cursor stands before byte `cursor` of the text; it
/// always has a column of its own.
pub fn in_rows(prompt: &str, text: &str, cursor: usize, width: usize) -> Rows {
    let width = width.max(2);
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    let mut place = None;
    let all = prompt.graphemes(true).map(|cluster| (None, cluster));
    for (at, cluster) in all.chain(text.grapheme_indices(true).map(|(at, cluster)| (Some(at), cluster))) {
        let is_here = at == Some(cursor);
        if cluster == "\n" {
            // A full row has no column left for the cursor.
            if is_here && used == width {
                rows.push(std::mem::take(&mut row));
            }
            place = place.or(is_here.then_some((rows.len(), row.len())));
            rows.push(std::mem::take(&mut row));
            used = 0;
            continue;
        }
        let shown = if cluster == "\t" { TAB } else { cluster };
        // A mark without a letter before it has none, but the cursor needs one.
        let columns = columns(shown).max(usize::from(at.is_some()));
        if used + columns > width && used > 0 {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        place = place.or(is_here.then_some((rows.len(), row.len())));
        row.push_str(shown);
        used += columns;
    }
    if place.is_none() && used >= width {
        rows.push(std::mem::take(&mut row));
    }
    let (cursor_row, before) = place.unwrap_or((rows.len(), row.len()));
    rows.push(row);
    Rows { texts: rows, row: cursor_row, before }
}

/// How many rows a line takes that a terminal wraps by itself.
pub fn height(line: &str, width: usize) -> usize {
    columns(line).div_ceil(width.max(1)).max(1)
}

/// As much of the start of a text as fits.
pub fn fitting(text: &str, width: usize) -> &str {
    let mut used = 0;
    let too_much = text.grapheme_indices(true).find(|(_, cluster)| (used += cluster_columns(cluster), used).1 > width);
    &text[..too_much.map_or(text.len(), |(at, _)| at)]
}

impl Rows {
    /// At most `most` of the rows, those around the cursor.
    pub fn around_cursor(mut self, most: usize) -> Rows {
        let most = most.max(1);
        let first = self.row.saturating_sub(most - 1).min(self.texts.len().saturating_sub(most));
        let first = if self.texts.len() > most { first.max((self.row + 1).saturating_sub(most)) } else { 0 };
        self.texts.drain(..first);
        self.texts.truncate(most);
        self.row -= first;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(prompt: &str, text: &str, cursor: usize, width: usize) -> (Vec<String>, usize, usize) {
        let Rows { texts, row, before } = in_rows(prompt, text, cursor, width);
        (texts, row, before)
    }

    fn owned(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|&row| row.to_owned()).collect()
    }

    #[test]
    fn lines_are_broken_by_no_fewer_columns_than_characters_take() {
        use crate::core::wrap::columns_of_char;
        let is_too_narrow = |c: &char| columns_of_char(*c) < columns(&c.to_string());
        let wrong: Vec<_> =
            ('\u{20}'..=char::MAX).filter(|c| wire::text::is_printable(*c)).filter(is_too_narrow).collect();
        assert_eq!(wrong, [], "{wrong:?}");
        assert_eq!(columns_of_char('☀') + columns_of_char('\u{fe0f}'), 1 + columns("☀\u{fe0f}"));
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_row() {
        assert_eq!(rows("> ", "abcdef", 6, 5), (owned(&["> abc", "def"]), 1, 3));
        assert_eq!(rows("> ", "abcdef", 2, 5), (owned(&["> abc", "def"]), 0, 4));
        assert_eq!(rows("> ", "", 0, 5), (owned(&["> "]), 0, 2));
    }

    #[test]
    fn the_cursor_behind_a_full_row_has_a_row_of_its_own() {
        assert_eq!(rows("> ", "abc", 3, 5), (owned(&["> abc", ""]), 1, 0));
        assert_eq!(rows("> ", "abc", 2, 5), (owned(&["> abc"]), 0, 4));
        assert_eq!(rows("> ", "abcd", 3, 5), (owned(&["> abc", "d"]), 1, 0));
        assert_eq!(rows("> ", "abc\nd", 3, 5), (owned(&["> abc", "", "d"]), 1, 0));
    }

    #[test]
    fn wide_characters_are_not_cut() {
        assert_eq!(rows("> ", "漢字x", 6, 5), (owned(&["> 漢", "字x"]), 1, 3));
        assert_eq!(rows(">", "e\u{301}e\u{301}", 3, 2), (owned(&[">e\u{301}", "e\u{301}"]), 1, 0));
        assert_eq!(columns("e\u{301}漢👍"), 5);
        assert_eq!(rows(">", "\u{301}", 0, 2), (owned(&[">\u{301}"]), 0, 1));
        assert_eq!(rows("> ", "\u{301}", 0, 2), (owned(&["> ", "\u{301}"]), 1, 0));
    }

    #[test]
    fn new_rows_and_tabs_are_shown() {
        assert_eq!(rows("> ", "a\nb\t|", 3, 20), (owned(&["> a", "b    |"]), 1, 1));
    }

    #[test]
    fn few_rows_show_those_around_the_cursor() {
        let around = |row, most| Rows { texts: owned(&["a", "b", "c", "d"]), row, before: 0 }.around_cursor(most);
        assert_eq!(around(3, 2), Rows { texts: owned(&["c", "d"]), row: 1, before: 0 });
        assert_eq!(around(0, 2), Rows { texts: owned(&["a", "b"]), row: 0, before: 0 });
        assert_eq!(around(2, 3), Rows { texts: owned(&["a", "b", "c"]), row: 2, before: 0 });
        assert_eq!(around(2, 9).texts.len(), 4);
    }

    #[test]
    fn a_line_is_cut_off_between_characters() {
        assert_eq!([fitting("ab漢", 3), fitting("ab漢", 4), fitting("", 4)], ["ab", "ab漢", ""]);
        assert_eq!([height("", 10), height("0123456789", 10), height("0123456789x", 10)], [1, 1, 2]);
    }

    proptest! {
        #[test]
        fn no_row_is_too_long_and_nothing_is_lost(text in "[a é漢👍\u{301}]{0,40}", width in 2..12usize, cut in 0..40usize) {
            let cursor = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).take(cut + 1).last().unwrap();
            let laid = in_rows("> ", &text, cursor, width);
            prop_assert!(laid.texts.iter().all(|row| columns(row) <= width));
            prop_assert_eq!(laid.texts.concat(), format!("> {text}"));
            let before: usize = laid.texts[..laid.row].iter().map(String::len).sum();
            prop_assert_eq!(before + laid.before, 2 + cursor);
            prop_assert!(columns(&laid.texts[laid.row][..laid.before]) < width);
        }
    }
}
