//! The lower part of the screen: a status and the rows of the prompt, below everything that is printed.
//!
//! Part of the editor and thus under the state's lock. It hides these rows, prints, and shows them again, in one write, so
//! that a terminal never has half of it. It moves the cursor relatively and by the rows that it has drawn itself, never by
//! columns, since terminals do not agree on the columns of all characters.

use super::clock::{TIME, starts_with_time};
use super::layout::{Rows, columns, fitting, height, in_rows};
use super::limits::RECENT;
use super::style::{self, BOLD, DIM, Style};
use crate::core::wrap::wrap;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write;
use wire::text::without_loose_joiners;

/// Text in brackets is a unit to the terminal from now on, or not (xterm's "bracketed paste mode").
const PASTES_ON: &str = "\x1b[?2004h";
const PASTES_OFF: &str = "\x1b[?2004l";
/// xterm puts an escape character before the key that is pressed with Alt, or does as before (metaSendsEscape, XTSAVE).
const META_ON: &str = "\x1b[?1036s\x1b[?1036h";
const META_AS_BEFORE: &str = "\x1b[?1036r";
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
    pub label: String,
    pub text: String,
    pub cursor: usize,
}

pub struct Screen {
    /// `None` once nobody reads it any more.
    output: Option<Box<dyn Write + Send>>,
    style: Style,
    /// The terminal is xterm, which cuts rows off in a narrower window instead of moving the rest into the next row, and to
    /// which the Alt key means another letter.
    is_xterm: bool,
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
    /// The lines that are right above the block, the last ones.
    recent: VecDeque<Printed>,
}

/// A line in the window.
struct Printed {
    line: String,
    rows: usize,
    /// All terminals agree on these rows; how a terminal breaks a row by itself is its own matter.
    is_sure: bool,
}

impl Screen {
    pub fn new(output: Box<dyn Write + Send>, style: Style, is_xterm: bool, size: (usize, usize)) -> Self {
        Screen {
            output: Some(output),
            style,
            is_xterm,
            size,
            block: Block::default(),
            is_active: false,
            drawn: None,
            is_held: false,
            out: String::new(),
            recent: VecDeque::new(),
        }
    }

    pub fn is_closed(&self) -> bool {
        self.output.is_none()
    }

    /// Prints a line.
    pub fn print(&mut self, line: String) {
        self.hide();
        self.append(line);
        self.settle();
    }

    /// Prints a line in place of the last one, if it is sure where that is.
    pub fn print_instead(&mut self, line: String) {
        let block = self.laid().texts.len() + self.above_prompt().count();
        let last = self.recent.back().filter(|last| last.is_sure && last.rows + block <= self.size.1);
        if let Some(rows) = last.map(|last| last.rows) {
            self.hide();
            let _ = write!(self.out, "\x1b[{rows}A{ERASE_BELOW}");
            self.recent.pop_back();
        }
        self.print(line);
    }

    /// The line broken between words, its further rows below the text and not below the time. What is too long for a row is
    /// left to the terminal.
    fn append(&mut self, line: String) {
        let indent = if starts_with_time(&style::without(&line)) { TIME } else { 0 };
        let wrapped = wrap(&line, self.size.0, indent);
        let plain = style::without(&wrapped);
        let height = |row: &str| height(row, self.size.0);
        let is_sure = plain.split('\n').all(|row| row.is_ascii() || height(row) == 1);
        let rows = plain.split('\n').map(height).sum();
        self.out += &wrapped.replace('\n', "\r\n");
        self.out += "\r\n";
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Printed { line, rows, is_sure });
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
            self.out += if self.is_xterm { META_ON } else { "" };
        }
        self.settle();
    }

    /// The block is shown no more, and the terminal is as it was before.
    pub fn leave(&mut self) {
        if self.is_active {
            self.hide();
            self.is_active = false;
            self.recent.clear();
            self.out += PASTES_OFF;
            self.out += if self.is_xterm { META_AS_BEFORE } else { "" };
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

    /// The window has another size, and the terminal may have moved what was in it, or cut it off.
    pub fn resize(&mut self, size: (usize, usize)) {
        let (above, reflowed) = (self.drawn, self.reflowed(size.0));
        let is_narrower = size.0 < std::mem::replace(&mut self.size, size).0;
        if !self.is_xterm {
            self.drawn = above.map(|_| reflowed);
            self.recent.clear();
        } else if let Some(above) = above.filter(|_| is_narrower) {
            // What was cut off is drawn again, and nothing else, so that it stands in the scrollback once.
            let mut left = (size.1 - 1).saturating_sub(above);
            let mut fits = |printed: &&Printed| (left > 0, left = left.saturating_sub(printed.rows)).0;
            let count = self.recent.iter().rev().take_while(&mut fits).count();
            self.drawn = Some((size.1 - 1).saturating_sub(left));
            let lines: Vec<_> = self.recent.drain(self.recent.len() - count..).map(|printed| printed.line).collect();
            self.recent.clear();
            self.hide();
            lines.into_iter().for_each(|line| self.append(line));
        }
        self.hide();
        self.settle();
    }

    /// The rows above the cursor, once the terminal has moved what does not fit `width` columns into more rows.
    fn reflowed(&self, width: usize) -> usize {
        let laid = self.laid();
        let above = self.above_prompt().map(|line| fitting(line, self.size.0));
        let above = above.chain(laid.texts[..laid.row].iter().map(String::as_str));
        let row = &laid.texts[laid.row];
        let before = columns(&row[..laid.before]) / width.max(1);
        above.map(|row| height(row, width)).sum::<usize>() + before.min(height(row, width) - 1)
    }

    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Clears the window, but for the block.
    pub fn clear(&mut self) {
        self.drawn = None;
        self.recent.clear();
        self.out += HOME;
        self.settle();
    }

    /// Something else has used the terminal, so that the block is not where it was.
    pub fn forget_drawn(&mut self) {
        self.recent.clear();
        if self.is_active {
            self.out += PASTES_ON;
        }
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
        Some(&*self.block.status).into_iter().filter(|line| !line.is_empty())
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
