//! The line that is being edited: text, cursor, one killed piece, undo. It may have several rows (Alt-Enter, a paste).
//!
//! Pure. Part of the prompt.

use super::limits::{TEXT, UNDO};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};
use wire::text::is_printable;

#[derive(Default)]
pub struct Line {
    text: String,
    /// Where the next character goes, in bytes; always between two grapheme clusters.
    cursor: usize,
    undo: Vec<(String, usize)>,
    killed: String,
    last: Edit,
}

/// The kind of the last change: similar ones in a row are undone together, and killed pieces in a row are one.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Edit {
    #[default]
    None,
    Insert,
    Delete,
    Kill,
}

/// The text without what could move the cursor, wherever it comes from: names of people and rooms are the server's.
pub fn clean(text: &str) -> String {
    text.chars().filter(|&c| matches!(c, '\n' | '\t') || is_printable(c)).collect()
}

impl Line {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub fn after_cursor(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// Puts another text in place of this one; the cursor goes behind it.
    pub fn set(&mut self, text: &str) {
        self.change(Edit::None);
        self.text = clean(text);
        self.cursor = self.text.len();
    }

    /// Puts something in place of the part between two bytes, the second of which is the cursor.
    pub fn replace(&mut self, start: usize, new: &str) {
        self.change(Edit::None);
        let new = clean(new);
        self.text.replace_range(start..self.cursor, &new);
        self.cursor = self.boundary(start + new.len());
    }

    /// The text; nothing is left, not even to undo.
    pub fn take(&mut self) -> String {
        self.undo.clear();
        (self.cursor, self.last) = (0, Edit::None);
        std::mem::take(&mut self.text)
    }

    /// Inserts what is typed; false when it does not fit.
    pub fn insert(&mut self, typed: char) -> bool {
        if !is_printable(typed) {
            return true;
        }
        // A word at a time.
        if typed == ' ' {
            self.last = Edit::None;
        }
        self.change(Edit::Insert);
        self.put(typed.encode_utf8(&mut [0; 4]))
    }

    pub fn insert_newline(&mut self) -> bool {
        self.change(Edit::None);
        self.put("\n")
    }

    /// Inserts text from the clipboard; false when it does not fit.
    pub fn paste(&mut self, pasted: &str) -> bool {
        self.change(Edit::None);
        self.put(&clean(pasted))
    }

    fn put(&mut self, new: &str) -> bool {
        if self.text.len() + new.len() > TEXT {
            return false;
        }
        self.text.insert_str(self.cursor, new);
        self.cursor += new.len();
        // A combining mark may have joined what is behind the cursor, too.
        self.cursor = self.boundary(self.cursor);
        true
    }

    /// This place, or the next one between two grapheme clusters.
    fn boundary(&self, at: usize) -> usize {
        let mut cursor = GraphemeCursor::new(at, self.text.len(), true);
        match cursor.is_boundary(&self.text, 0) {
            Ok(true) | Err(_) => at,
            Ok(false) => cursor.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len()),
        }
    }

    fn before(&self) -> usize {
        let cluster = self.before_cursor().graphemes(true).next_back();
        self.cursor - cluster.map_or(0, str::len)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    pub fn left(&mut self) {
        self.moves(self.before());
    }

    pub fn right(&mut self) {
        self.moves(self.after());
    }

    /// To the start of the row.
    pub fn home(&mut self) {
        self.moves(self.row_start());
    }

    /// To the end of the row.
    pub fn end(&mut self) {
        self.moves(self.row_end());
    }

    pub fn word_left(&mut self) {
        self.moves(self.word_before());
    }

    pub fn word_right(&mut self) {
        self.moves(self.word_after());
    }

    /// To the row above; false when there is none.
    pub fn up(&mut self) -> bool {
        let start = self.row_start();
        let Some(above) = start.checked_sub(1) else { return false };
        let column = self.text[start..self.cursor].graphemes(true).count();
        let first = self.text[..above].rfind('\n').map_or(0, |newline| newline + 1);
        self.moves(self.column(first, column));
        true
    }

    /// To the row below; false when there is none.
    pub fn down(&mut self) -> bool {
        let end = self.row_end();
        if end == self.text.len() {
            return false;
        }
        let column = self.text[self.row_start()..self.cursor].graphemes(true).count();
        self.moves(self.column(end + 1, column));
        true
    }

    /// This many grapheme clusters behind the start of a row, but not behind its end.
    fn column(&self, start: usize, column: usize) -> usize {
        let row = self.text[start..].split('\n').next().unwrap_or_default();
        start + row.graphemes(true).take(column).map(str::len).sum::<usize>()
    }

    fn row_start(&self) -> usize {
        self.before_cursor().rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn row_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |newline| self.cursor + newline)
    }

    fn moves(&mut self, to: usize) {
        (self.cursor, self.last) = (to, Edit::None);
    }

    /// The start of the word before the cursor; what is no letter or digit stands between words.
    fn word_before(&self) -> usize {
        let behind = self.before_cursor().trim_end_matches(|c: char| !c.is_alphanumeric());
        behind.trim_end_matches(char::is_alphanumeric).len()
    }

    fn word_after(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let behind = rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_start_matches(char::is_alphanumeric);
        // An accent belongs to its letter.
        self.boundary(self.text.len() - behind.len())
    }

    pub fn backspace(&mut self) {
        self.delete(self.before(), self.cursor);
    }

    pub fn delete_next(&mut self) {
        self.delete(self.cursor, self.after());
    }

    fn delete(&mut self, start: usize, end: usize) {
        if start < end {
            self.change(Edit::Delete);
            self.text.replace_range(start..end, "");
            self.cursor = self.boundary(start);
        }
    }

    /// Kills back to the start of the row; at the start, the end of the row above.
    pub fn kill_to_start(&mut self) {
        let start = self.row_start();
        self.kill(if start == self.cursor { self.before() } else { start }, self.cursor);
    }

    /// Kills to the end of the row; at the end, that end.
    pub fn kill_to_end(&mut self) {
        let end = self.row_end();
        self.kill(self.cursor, if end == self.cursor { self.after() } else { end });
    }

    /// Kills the word before the cursor, together with the blanks behind it.
    pub fn kill_big_word(&mut self) {
        let start = self.before_cursor().trim_end().trim_end_matches(|c: char| !c.is_whitespace()).len();
        self.kill(start, self.cursor);
    }

    pub fn kill_word_before(&mut self) {
        self.kill(self.word_before(), self.cursor);
    }

    pub fn kill_word_after(&mut self) {
        self.kill(self.cursor, self.word_after());
    }

    fn kill(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        let goes_on = self.last == Edit::Kill;
        self.change(Edit::Kill);
        let piece = self.text[start..end].to_owned();
        self.killed = match (goes_on, end == self.cursor) {
            (false, _) => piece,
            (true, true) => piece + &self.killed,
            (true, false) => std::mem::take(&mut self.killed) + &piece,
        };
        self.text.replace_range(start..end, "");
        self.cursor = self.boundary(start);
    }

    /// Inserts what was killed last; false when it does not fit.
    pub fn yank(&mut self) -> bool {
        self.change(Edit::None);
        let killed = self.killed.clone();
        self.put(&killed)
    }

    pub fn undo(&mut self) {
        if let Some((text, cursor)) = self.undo.pop() {
            (self.text, self.cursor, self.last) = (text, cursor, Edit::None);
        }
    }

    /// A change begins: remembers what was before, unless it goes on with the last one.
    fn change(&mut self, kind: Edit) {
        if kind == Edit::None || kind != self.last {
            self.undo.push((self.text.clone(), self.cursor));
            if self.undo.len() > UNDO {
                self.undo.remove(0);
            }
        }
        self.last = kind;
    }
}

#[cfg(test)]
mod tests;
