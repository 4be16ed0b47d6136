//! What each key does: editing, going through the history, searching it, completing, answering what to do with a paste.
//!
//! Pure but for completing paths. Part of the editor.

use super::completion::{Completion, World};
use super::history::History;
use super::key::Key;
use super::limits::PASTED_LINES;
use super::line::Line;
use wire::text::{is_printable, pluralize};

/// The line, and the ways to fill it.
#[derive(Default)]
pub struct Prompt {
    pub line: Line,
    pub history: History,
    mode: Mode,
    completion: Option<Completion>,
}

#[derive(Default)]
enum Mode {
    #[default]
    Edit,
    /// Ctrl-R: the last entry of the history before `end` that holds the pattern.
    Search { pattern: String, end: usize },
    /// Asks what to do with a long paste.
    Pasted(String),
}

/// What the rest of the editor has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Draws the prompt again.
    Changed,
    Bell,
    /// The line was ended.
    Entered {
        text: String,
        is_pasted: bool,
    },
    /// A long paste is sent, line by line.
    SendPaste(String),
    FileOfPaste(String),
    /// Ctrl-D without text.
    End,
    /// Ctrl-C without text.
    Interrupt,
    /// Ctrl-Z
    Suspend,
    /// Ctrl-L
    Clear,
    Turn(Turn),
}

/// To which conversation the user turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    To(usize),
    Next,
    Previous,
}

/// What a key means depends on this, too.
#[derive(Default)]
pub struct Situation {
    /// The line answers a question.
    pub is_question: bool,
    /// There is nobody to whom text could be sent: it answers a question, or is a command.
    pub is_one_line: bool,
    pub can_send_files: bool,
}

/// The prompt as it is shown now.
pub struct Shown<'a> {
    /// In place of the usual one.
    pub label: Option<String>,
    pub text: &'a str,
    pub cursor: usize,
}

impl Prompt {
    pub fn key(&mut self, key: Key, situation: &Situation, world: impl FnOnce() -> World) -> Outcome {
        match &mut self.mode {
            Mode::Edit => self.edit(key, situation, world),
            Mode::Search { .. } => match self.search(&key) {
                Some(outcome) => outcome,
                // The key ends the search, and then means what it always means.
                None => self.edit(key, situation, world),
            },
            Mode::Pasted(_) => self.answer(&key, situation),
        }
    }

    pub fn shown(&self, situation: &Situation) -> Shown<'_> {
        match &self.mode {
            Mode::Edit => Shown { label: None, text: self.line.text(), cursor: self.line.cursor() },
            Mode::Search { pattern, end } => {
                let found = self.history.find(pattern, *end).filter(|_| !pattern.is_empty());
                let text = found.map_or("", |(_, entry)| entry);
                let failed = if found.is_none() && !pattern.is_empty() { "nothing has " } else { "" };
                let label = Some(format!("(search: {failed}{pattern}) "));
                Shown { label, text, cursor: text.find(&**pattern).unwrap_or_default() }
            }
            Mode::Pasted(text) => {
                let file = if situation.can_send_files { ", send as a (f)ile" } else { "" };
                let lines = pluralize(text.lines().count(), "line");
                let label = Some(format!("{lines} pasted: (s)end{file}, (c)ancel? "));
                Shown { label, text: "", cursor: 0 }
            }
        }
    }

    /// Whether the label says where the line goes.
    pub fn has_usual_label(&self) -> bool {
        matches!(self.mode, Mode::Edit)
    }

    fn edit(&mut self, key: Key, situation: &Situation, world: impl FnOnce() -> World) -> Outcome {
        if !matches!(key, Key::Tab | Key::BackTab) {
            self.completion = None;
        }
        if !matches!(key, Key::Up | Key::Down) {
            self.history.end_walk();
        }
        let line = &mut self.line;
        let fits = match key {
            Key::Enter => return self.enter(situation),
            Key::Tab | Key::BackTab => self.complete(key == Key::Tab, situation, world),
            Key::Up => line.up() || self.older(),
            Key::Down => line.down() || self.newer(),
            Key::Paste(text) => return self.paste(&text, situation),
            Key::Ctrl('c') if line.text().is_empty() => return Outcome::Interrupt,
            Key::Ctrl('d') if line.text().is_empty() => return Outcome::End,
            Key::Ctrl('l') => return Outcome::Clear,
            Key::Ctrl('z') => return Outcome::Suspend,
            Key::Ctrl('n') => return Outcome::Turn(Turn::Next),
            Key::Ctrl('p') => return Outcome::Turn(Turn::Previous),
            Key::Alt(digit @ '1'..='9') => return Outcome::Turn(Turn::To(digit as usize - '1' as usize)),
            Key::Ctrl('r') if !situation.is_question => {
                self.mode = Mode::Search { pattern: String::new(), end: usize::MAX };
                true
            }
            Key::AltEnter if situation.is_one_line => false,
            key => edited(line, &key),
        };
        if fits { Outcome::Changed } else { Outcome::Bell }
    }

    fn enter(&mut self, situation: &Situation) -> Outcome {
        if self.line.text().trim().is_empty() && !situation.is_question {
            self.line.take();
            return Outcome::Changed;
        }
        let is_pasted = self.line.is_pasted() && !situation.is_question;
        Outcome::Entered { text: self.line.take(), is_pasted }
    }

    fn older(&mut self) -> bool {
        let older = self.history.older(self.line.before_cursor(), self.line.text());
        older.map(|entry| self.line.set(&entry)).is_some()
    }

    fn newer(&mut self) -> bool {
        self.history.newer().map(|entry| self.line.set(&entry)).is_some()
    }

    fn complete(&mut self, forward: bool, situation: &Situation, world: impl FnOnce() -> World) -> bool {
        if self.completion.is_none() && !situation.is_question {
            self.completion = Completion::begin(&self.line, &world());
        }
        let Some(completion) = &mut self.completion else { return false };
        completion.next(&mut self.line, forward);
        // The next Tab may go on from here, into the next folder.
        self.completion.take_if(|completion| completion.is_only());
        true
    }

    fn paste(&mut self, pasted: &str, situation: &Situation) -> Outcome {
        let text = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end_matches('\n');
        if situation.is_one_line {
            return self.insert_pasted(text.lines().next().unwrap_or_default());
        }
        if text.lines().count() > PASTED_LINES {
            self.mode = Mode::Pasted(text.chars().filter(|&c| matches!(c, '\n' | '\t') || is_printable(c)).collect());
            return Outcome::Changed;
        }
        self.insert_pasted(text)
    }

    fn insert_pasted(&mut self, text: &str) -> Outcome {
        if self.line.paste(text) { Outcome::Changed } else { Outcome::Bell }
    }

    /// One key of a search; `None` when it has ended it.
    fn search(&mut self, key: &Key) -> Option<Outcome> {
        let Mode::Search { pattern, end } = &mut self.mode else { return None };
        match key {
            Key::Char(c) if is_printable(*c) => pattern.push(*c),
            Key::Backspace => {
                pattern.pop();
                *end = usize::MAX;
            }
            // One further back, if there is one.
            Key::Ctrl('r') => {
                let found = self.history.find(pattern, *end).filter(|_| !pattern.is_empty());
                match found.and_then(|(at, _)| self.history.find(pattern, at).map(|_| at)) {
                    Some(at) => *end = at,
                    None => return Some(Outcome::Bell),
                }
            }
            Key::Escape | Key::Ctrl('g' | 'c') => self.mode = Mode::Edit,
            _ => {
                let found = self.history.find(pattern, *end).filter(|_| !pattern.is_empty());
                let found = found.map(|(_, entry)| entry.to_owned());
                self.mode = Mode::Edit;
                found.iter().for_each(|entry| self.line.set(entry));
                // Without one there is nothing that Enter could send but the line from before.
                return if found.is_none() && *key == Key::Enter { Some(Outcome::Changed) } else { None };
            }
        }
        Some(Outcome::Changed)
    }

    /// The answer to what is to be done with a paste.
    fn answer(&mut self, key: &Key, situation: &Situation) -> Outcome {
        let Mode::Pasted(text) = &mut self.mode else { return Outcome::Changed };
        let outcome = match key {
            Key::Char('s' | 'S' | 'y' | 'Y') => Outcome::SendPaste(std::mem::take(text)),
            Key::Char('f' | 'F') if situation.can_send_files => Outcome::FileOfPaste(std::mem::take(text)),
            Key::Char('c' | 'C' | 'n' | 'N') | Key::Escape | Key::Ctrl('c' | 'g') => Outcome::Changed,
            Key::Ctrl('z') => return Outcome::Suspend,
            Key::Ctrl('l') => return Outcome::Clear,
            _ => return Outcome::Bell,
        };
        self.mode = Mode::Edit;
        outcome
    }
}

/// A key that moves the cursor or changes the line; false when it means nothing, or when the line is full.
fn edited(line: &mut Line, key: &Key) -> bool {
    match *key {
        Key::Char(c) => return line.insert(c),
        Key::AltEnter => return line.insert_newline(),
        Key::Left | Key::Ctrl('b') => line.left(),
        Key::Right | Key::Ctrl('f') => line.right(),
        Key::Home | Key::Ctrl('a') => line.home(),
        Key::End | Key::Ctrl('e') => line.end(),
        Key::WordLeft | Key::Alt('b') => line.word_left(),
        Key::WordRight | Key::Alt('f') => line.word_right(),
        Key::Backspace => line.backspace(),
        Key::Delete | Key::Ctrl('d') => line.delete_next(),
        Key::Ctrl('u') => line.kill_to_start(),
        Key::Ctrl('k') => line.kill_to_end(),
        Key::Ctrl('w') => line.kill_big_word(),
        Key::AltBackspace => line.kill_word_before(),
        Key::Alt('d') => line.kill_word_after(),
        Key::Ctrl('y') => return line.yank(),
        Key::Ctrl('_') | Key::Alt('u') => line.undo(),
        Key::Ctrl('c') => line.set(""),
        // So that it can be pressed to end a search that has ended already.
        Key::Escape | Key::Ctrl('g') => {}
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests;
