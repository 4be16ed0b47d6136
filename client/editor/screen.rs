//! The lower part of the screen: a status, a hint and the rows of the prompt, below everything that is printed.
//!
//! Part of the editor and thus under the state's lock. It hides these rows, prints, and shows them again, in one write, so
//! that a terminal never has half of it. It moves the cursor relatively and by the rows that it has drawn itself, never by
//! columns, since terminals do not agree on the columns of all characters.

use super::layout::{Rows, fitting, height, in_rows};
use super::limits::RECENT;
use super::style::{self, BOLD, DIM, Style};
use crate::core::wrap::Width;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write;
use wire::text::without_loose_joiners;

/// Text in brackets is a unit to the terminal from now on, or not (xterm's "bracketed paste mode").
const PASTES_ON: &str = "\x1b[?2004h";
const PASTES_OFF: &str = "\x1b[?2004l";
/// What undoes all of this, wherever the cursor is.
pub const AFTER_PANIC: &str = "\x1b[?2004l\x1b[?7h\r\n\x1b[J";
/// A row that is too long is cut off, or goes on in the next one (DECAWM).
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";
/// Erases everything from the cursor on.
const ERASE_BELOW: &str = "\x1b[J";
/// Erases the whole window, and goes to its start.
const HOME: &str = "\x1b[H\x1b[J";

/// What is below the lines.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Block {
    /// How transfers get on; empty while there is none.
    pub status: String,
    /// Something about the line that is being edited.
    pub hint: &'static str,
    pub label: String,
    pub text: String,
    pub cursor: usize,
}

pub struct Screen {
    /// `None` once nobody reads it any more.
    output: Option<Box<dyn Write + Send>>,
    style: Style,
    /// Columns and rows of the window.
    size: (usize, usize),
    block: Block,
    /// The user is at the prompt.
    is_active: bool,
    /// How many rows of the block are above the cursor, while it is shown.
    drawn: Option<usize>,
    /// More is about to be printed.
    is_held: bool,
    /// What is to be written.
    out: String,
    /// The last lines, to draw them again.
    recent: VecDeque<String>,
    /// The last of them ends right above the block, or where that would be.
    is_last_above: bool,
}

impl Screen {
    pub fn new(output: Box<dyn Write + Send>, style: Style, size: (usize, usize)) -> Self {
        Screen {
            output: Some(output),
            style,
            size,
            block: Block::default(),
            is_active: false,
            drawn: None,
            is_held: false,
            out: String::new(),
            recent: VecDeque::new(),
            is_last_above: false,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.output.is_none()
    }

    /// Prints a line.
    pub fn print(&mut self, line: String) {
        self.hide();
        self.append(&line);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(line);
        self.is_last_above = true;
        self.settle();
    }

    /// Prints a line in place of the last one, if it is sure where that is.
    pub fn print_instead(&mut self, line: String) {
        let rows = self.recent.back().filter(|_| self.is_last_above).and_then(|last| self.sure_height(last));
        let block = self.laid().texts.len() + self.above_prompt().count();
        if let Some(rows) = rows.filter(|rows| rows + block <= self.size.1) {
            self.hide();
            let _ = write!(self.out, "\x1b[{rows}A{ERASE_BELOW}");
            self.recent.pop_back();
        }
        self.print(line);
    }

    fn append(&mut self, line: &str) {
        self.out += &self.wrapped(line).replace('\n', "\r\n");
        self.out += "\r\n";
    }

    /// The line broken between words. What is too long for a row is left to the terminal.
    fn wrapped(&self, line: &str) -> String {
        Width::fixed(Some(self.size.0)).wrap(line.to_owned())
    }

    /// The same where all terminals agree; a row that a terminal breaks by itself takes as many as it thinks.
    fn sure_height(&self, line: &str) -> Option<usize> {
        let plain = style::without(&self.wrapped(line));
        let is_sure = plain.split('\n').all(|row| row.is_ascii() || height(row, self.size.0) == 1);
        is_sure.then(|| self.height(line))
    }

    fn height(&self, line: &str) -> usize {
        style::without(&self.wrapped(line)).split('\n').map(|row| height(row, self.size.0)).sum()
    }

    pub fn ring(&mut self) {
        self.out.push('\x07');
        self.settle();
    }

    /// Shows the block from now on, or this one instead of the last one.
    pub fn set_block(&mut self, block: Block) {
        if block != self.block {
            self.hide();
            self.block = block;
        }
        self.settle();
    }

    pub fn set_status(&mut self, status: String) {
        self.set_block(Block { status, ..self.block.clone() });
    }

    pub fn set_label(&mut self, label: String) {
        if label == self.block.label {
            return self.settle();
        }
        self.set_block(Block { label, ..self.block.clone() });
    }

    pub fn status(&self) -> &str {
        &self.block.status
    }

    /// The user is at the prompt from now on.
    pub fn enter(&mut self) {
        if !self.is_active {
            self.is_active = true;
            self.out += PASTES_ON;
        }
        self.settle();
    }

    /// The block is shown no more, and the terminal is as it was before.
    pub fn leave(&mut self) {
        if self.is_active {
            self.hide();
            (self.is_active, self.is_last_above) = (false, false);
            self.out += PASTES_OFF;
            self.write();
        }
    }

    /// More is about to be printed, so that nothing needs to be shown before `release`.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    pub fn release(&mut self) {
        self.is_held = false;
        self.settle();
    }

    /// The window may have another size, and the terminal may have moved what was in it: draws everything anew.
    pub fn resize(&mut self, size: (usize, usize)) {
        self.size = size;
        (self.drawn, self.is_last_above) = (None, false);
        self.out += HOME;
        let mut rows = size.1.saturating_sub(self.laid().texts.len() + self.above_prompt().count());
        let fits = |line: &&String| rows.checked_sub(self.height(line)).map(|left| rows = left).is_some();
        let count = self.recent.iter().rev().take_while(fits).count();
        let lines: Vec<_> = self.recent.range(self.recent.len() - count..).cloned().collect();
        lines.iter().for_each(|line| self.append(line));
        self.settle();
    }

    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Clears the window, but for the block.
    pub fn clear(&mut self) {
        (self.drawn, self.is_last_above) = (None, false);
        self.out += HOME;
        self.settle();
    }

    /// Something else was written to the terminal, so that the block is not where it was.
    pub fn forget_drawn(&mut self) {
        self.is_last_above = false;
        if self.drawn.take().is_some() {
            self.out += "\r";
            self.out += ERASE_BELOW;
        }
        self.settle();
    }

    fn hide(&mut self) {
        let Some(above) = self.drawn.take() else { return };
        self.out.push('\r');
        if above > 0 {
            let _ = write!(self.out, "\x1b[{above}A");
        }
        self.out += ERASE_BELOW;
    }

    /// Writes what there is to be written, with the block below it, unless more is about to come.
    fn settle(&mut self) {
        if self.is_held {
            return;
        }
        if self.is_active && self.drawn.is_none() {
            self.draw();
        }
        self.write();
    }

    /// Writes what there is to be written, even if more is about to come.
    pub fn write(&mut self) {
        if self.out.is_empty() {
            return;
        }
        let written =
            self.output.as_mut().map(|output| output.write_all(self.out.as_bytes()).and_then(|()| output.flush()));
        if written.is_some_and(|written| written.is_err()) {
            self.output = None;
        }
        self.out.clear();
    }

    /// The prompt in rows. It may take half of the window.
    fn laid(&self) -> Rows {
        let Block { label, text, cursor, .. } = &self.block;
        in_rows(label, text, *cursor, self.size.0).around_cursor(self.size.1 / 2)
    }

    /// The rows above the prompt.
    fn above_prompt(&self) -> impl Iterator<Item = &str> {
        [&*self.block.status, self.block.hint].into_iter().filter(|line| !line.is_empty())
    }

    fn draw(&mut self) {
        let (laid, label, style) = (self.laid(), &self.block.label, self.style);
        let row = |row: &str| {
            let row = without_loose_joiners(row);
            match row.strip_prefix(&**label).filter(|_| !label.is_empty()) {
                Some(rest) => style.apply(BOLD, label) + rest,
                None => row.into_owned(),
            }
        };
        let mut out = WRAP_OFF.to_owned();
        let mut above = laid.row;
        for line in self.above_prompt() {
            out += &style.apply(DIM, fitting(line, self.size.0));
            out += "\r\n";
            above += 1;
        }
        let rows: Vec<_> = laid.texts.iter().map(|text| row(text)).collect();
        out += &rows.join("\r\n");
        let below = laid.texts.len() - 1 - laid.row;
        let is_behind_all = below == 0 && laid.before == laid.texts[laid.row].len();
        if !is_behind_all {
            if below > 0 {
                let _ = write!(out, "\x1b[{below}A");
            }
            out.push('\r');
            out += &row(&laid.texts[laid.row][..laid.before]);
        }
        out += WRAP_ON;
        self.out += &out;
        self.drawn = Some(above);
    }
}

#[cfg(test)]
mod tests;
