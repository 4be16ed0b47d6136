//! Long lines: broken between words, where the terminal would break them within one.
//!
//! Part of the terminal and thus under the state's lock. Asking for the width starts a program, so it is asked seldom.

use super::limits::{ALWAYS_FITS, WIDTH};
use std::time::Instant;
use wire::{os, text};

/// The width of the terminal in columns, which changes when the user resizes its window.
pub struct Width {
    ask: fn() -> Option<usize>,
    /// `None` where it cannot be known.
    columns: Option<usize>,
    asked: Option<Instant>,
}

impl Width {
    /// Of the terminal that controls this process.
    pub fn of_terminal() -> Self {
        Width { ask: os::terminal_width, columns: None, asked: None }
    }

    /// Of a file or a pipe, or of a terminal of this width.
    pub fn fixed(columns: Option<usize>) -> Self {
        Width { ask: || None, columns, asked: None }
    }

    /// The line with its breaks.
    pub fn wrap(&mut self, line: String) -> String {
        if columns_of(&line) <= ALWAYS_FITS {
            return line;
        }
        if self.asked.is_none_or(|asked| asked.elapsed() > WIDTH) {
            self.columns = (self.ask)().or(self.columns);
            self.asked = Some(Instant::now());
        }
        self.columns.map_or_else(|| line.clone(), |columns| wrap(&line, columns, 0))
    }
}

/// Breaks a line where the next word does not fit. A word that is longer than a row is left to the terminal, so that
/// an address in it can still be copied in one piece. All rows but the first one are indented, where there is room.
pub fn wrap(line: &str, columns: usize, indent: usize) -> String {
    let indent = if columns > 2 * indent { indent } else { 0 };
    let (mut wrapped, mut column) = (String::with_capacity(line.len()), 0);
    for word in line.split_inclusive(' ') {
        let bare = columns_of(word.trim_end_matches(' '));
        if column + bare > columns && bare + indent <= columns && column > indent {
            wrapped.truncate(wrapped.trim_end_matches(' ').len());
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        }
        wrapped.push_str(word);
        column += columns_of(word);
        // The spaces behind the last word of a row take no place in the next one.
        column = if bare > columns { column % columns.max(1) } else { column.min(columns) };
    }
    wrapped
}

/// The columns that a text takes, without the terminal's own sequences (`ESC [ 1 m`).
fn columns_of(line: &str) -> usize {
    let (mut columns, mut in_sequence) = (0, false);
    for c in line.chars() {
        match c {
            '\u{1b}' => in_sequence = true,
            'm' if in_sequence => in_sequence = false,
            _ if in_sequence => {}
            c => columns += columns_of_char(c),
        }
    }
    columns
}

/// About as a terminal has it: letters of East Asia and pictures take two columns (Unicode, annex 11), accents none.
fn columns_of_char(c: char) -> usize {
    match c {
        '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        c if text::is_combining(c) => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        for (line, columns, expected) in [
            ("one two three", 20, "one two three"),
            ("one two three", 13, "one two three"),
            ("one two three", 12, "one two\nthree"),
            ("one two three", 7, "one two\nthree"),
            ("one two  three", 8, "one two\nthree"),
            ("one two three", 5, "one\ntwo\nthree"),
            ("see http://a.example/long and so on", 10, "see http://a.example/long and\nso on"),
            ("see http://a.example/ or not", 10, "see http://a.example/ or not"),
            ("\u{1b}[1malbert\u{1b}[0m: hi there", 16, "\u{1b}[1malbert\u{1b}[0m: hi there"),
            ("\u{1b}[1malbert\u{1b}[0m: hi there", 15, "\u{1b}[1malbert\u{1b}[0m: hi\nthere"),
            ("漢字 漢字 漢字", 9, "漢字 漢字\n漢字"),
            ("e\u{301}e\u{301} e\u{301}e\u{301}", 5, "e\u{301}e\u{301} e\u{301}e\u{301}"),
            ("", 5, ""),
            ("   ", 2, "   "),
        ] {
            assert_eq!(wrap(line, columns, 0), expected, "{line} in {columns}");
        }
    }

    #[test]
    fn only_a_terminal_of_a_known_width_breaks_lines() {
        let long = "word ".repeat(40);
        assert_eq!(Width::fixed(None).wrap(long.clone()), long);
        assert!(Width::fixed(Some(80)).wrap(long).lines().all(|row| row.len() <= 80));
        for columns in 0..5 {
            Width::fixed(Some(columns)).wrap("a word and another word, and very many more of them".to_owned());
        }
    }
}
