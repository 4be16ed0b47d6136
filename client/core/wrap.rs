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

    /// The line with its breaks. `mark` begins each row but the first.
    pub fn wrap(&mut self, line: String, mark: &str) -> String {
        if columns_of(&line) <= ALWAYS_FITS {
            return line;
        }
        if self.asked.is_none_or(|asked| asked.elapsed() > WIDTH) {
            self.columns = (self.ask)().or(self.columns);
            self.asked = Some(Instant::now());
        }
        self.columns.map_or_else(|| line.clone(), |columns| wrap(&line, columns, 0, mark))
    }
}

/// Stands before each row but the first one of a message, whoever has broken it. Such a row never looks like a line of its
/// own, since no text can stand in this place.
pub const GOES_ON: &str = "│ ";
/// The same for what the client itself says.
pub const INDENT: &str = "  ";

/// Breaks a line where the next word does not fit, and a word that is longer than a row. Only an address is left to the
/// terminal then, so that it can still be copied in one piece; nothing follows it in its row. All rows but the first one
/// begin with `mark`, indented where there is room, as the line is itself.
pub fn wrap(line: &str, columns: usize, indent: usize, mark: &str) -> String {
    let indent = indent.max(line.len() - line.trim_start_matches(' ').len());
    let marked = " ".repeat(indent) + mark;
    let begin = [&*marked, mark].into_iter().find(|begin| columns > 2 * columns_of(begin)).unwrap_or_default();
    let mut rows = Rows { columns, begin, ..Rows::default() };
    for word in line.split_inclusive(is_blank) {
        let bare = columns_of(word.trim_end_matches(is_blank));
        let is_long = columns_of(begin) + bare > columns;
        let is_address = is_long && word.contains("://");
        let needed = if is_address { 1 } else { bare };
        if rows.column + needed > columns && (is_address || !is_long) {
            rows.end();
        }
        word.chars().for_each(|c| rows.push(c, is_address));
        rows.column = if is_address { columns } else { rows.column };
    }
    rows.text
}

/// What looks like a space, in whatever script.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// The rows of a line, as far as they are laid.
#[derive(Default)]
struct Rows<'a> {
    text: String,
    /// The columns of a row, and those that are taken in the last one.
    columns: usize,
    column: usize,
    /// Stands before each further row.
    begin: &'a str,
    /// The terminal's sequences that are in force, and whether the last one has not ended yet.
    style: String,
    in_sequence: bool,
}

impl Rows<'_> {
    /// Adds a character, if need be in the next row; a blank for which there is no place is left out.
    fn push(&mut self, c: char, may_overflow: bool) {
        if self.in_sequence || c == '\u{1b}' {
            self.in_sequence = c != 'm';
            self.style.push(c);
            self.text.push(c);
            if self.style.ends_with("\u{1b}[0m") {
                self.style.clear();
            }
            return;
        }
        let width = columns_of_char(c);
        let fits = self.column + width <= self.columns;
        if !fits && is_blank(c) {
            self.column = self.columns;
            return;
        }
        if !fits && !may_overflow {
            self.end();
        }
        self.text.push(c);
        self.column += width;
    }

    fn end(&mut self) {
        let begin = columns_of(self.begin);
        if self.column > begin || self.column > 0 && !self.text.contains('\n') {
            self.text.truncate(self.text.trim_end_matches(is_blank).len());
            self.text.push('\n');
            self.text += self.begin;
            self.text += &self.style;
            self.column = begin;
        }
    }
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

/// Not less than a terminal takes, so that it never breaks a row of ours: letters of East Asia and pictures take two columns
/// (Unicode, annex 11), accents none. What makes a picture of a sign before it (U+FE0F) makes that one wider.
pub fn columns_of_char(c: char) -> usize {
    match c {
        '\u{2d7f}' | '\u{fe0f}' | '\u{ff9e}' | '\u{ff9f}' => 1,
        '\u{17a4}' | '\u{17d8}' => 3,
        '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0e}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{231a}'..='\u{23ff}'
        | '\u{25fd}'..='\u{27bf}'
        | '\u{2b1b}'..='\u{2b55}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe19}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{16fe0}'..='\u{1b2ff}'
        | '\u{1d300}'..='\u{1d376}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        c if text::is_combining(c) => 0,
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
            ("one two three", 12, "one two\n> three"),
            ("one two three", 7, "one two\n> three"),
            ("one two  three", 8, "one two\n> three"),
            ("  one two three", 9, "  one two\n  > three"),
            ("one two three", 3, "one\ntwo\nthr\nee"),
            ("\u{1b}[1malbert\u{1b}[0m: hi there", 16, "\u{1b}[1malbert\u{1b}[0m: hi there"),
            ("\u{1b}[1malbert\u{1b}[0m: hi there", 15, "\u{1b}[1malbert\u{1b}[0m: hi\n> there"),
            ("\u{1b}[2mone two three\u{1b}[0m", 8, "\u{1b}[2mone two\n> \u{1b}[2mthree\u{1b}[0m"),
            ("漢字 漢字 漢字", 9, "漢字 漢字\n> 漢字"),
            ("e\u{301}e\u{301} e\u{301}e\u{301}", 5, "e\u{301}e\u{301} e\u{301}e\u{301}"),
            ("", 5, ""),
            ("   ", 2, "  "),
        ] {
            assert_eq!(wrap(line, columns, 0, "> "), expected, "{line} in {columns}");
        }
    }

    #[test]
    fn a_word_that_is_longer_than_a_row_is_broken_unless_it_is_an_address() {
        for (line, columns, expected) in [
            ("abcdefghijklm", 8, "abcdefgh\n> ijklm"),
            ("one abcdefghijkl two", 8, "one abcd\n> efghij\n> kl two"),
            ("漢字漢字漢字", 5, "漢字\n> 漢\n> 字\n> 漢\n> 字"),
            ("see http://a.example/long and so on", 10, "see http://a.example/long\n> and so\n> on"),
            ("see http://a.example/ or not", 10, "see http://a.example/\n> or not"),
            ("http://a.example http://b.example", 10, "http://a.example\n> http://b.example"),
        ] {
            assert_eq!(wrap(line, columns, 0, "> "), expected, "{line} in {columns}");
        }
    }

    /// Whatever somebody writes, with blanks of any kind, it cannot begin a row.
    #[test]
    fn no_text_begins_a_row_of_its_own() {
        let blanks = "\u{20}\u{a0}\u{1680}\u{2000}\u{2007}\u{200a}\u{202f}\u{205f}\u{2800}\u{3000}\u{3164}\u{115f}\u{1160}\u{ffa0}";
        for blank in blanks.chars() {
            for columns in [20, 80] {
                for count in 0..2 * columns {
                    let line = format!("eve: hi{}tesla:{blank}yes", blank.to_string().repeat(count));
                    for row in wrap(&line, columns, 6, GOES_ON).split('\n').skip(1) {
                        assert!(row.trim_start_matches(' ').starts_with(GOES_ON), "{blank:?} {count} {row:?}");
                        assert!(columns_of(row) <= columns, "{row:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_a_terminal_of_a_known_width_breaks_lines() {
        let long = "word ".repeat(40);
        assert_eq!(Width::fixed(None).wrap(long.clone(), GOES_ON), long);
        assert!(Width::fixed(Some(80)).wrap(long, GOES_ON).lines().all(|row| row.len() <= 80));
        for columns in 0..5 {
            Width::fixed(Some(columns)).wrap("a word and another word, and very many more of them".to_owned(), GOES_ON);
        }
    }
}
