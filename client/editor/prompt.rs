//! What each key does: editing, going through the history, searching it, completing, answering what to do with a paste.
//!
//! Pure but for completing paths. Part of the editor.

use super::completion::{Completion, World};
use super::history::History;
use super::key::Key;
use super::line::Line;
use super::paste::{self, Answer, Paste, Question, Situation};
use wire::text::is_printable;

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
    /// Asks what to do with a paste.
    Ask(Question),
}

/// What the rest of the editor has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Draws the prompt again.
    Changed,
    Bell,
    /// Rings, and says why the key did nothing.
    Refused(String),
    /// The line was ended.
    Entered(String),
    /// A paste is sent, as this line.
    SendPaste(String),
    /// A paste is sent as a file to somebody.
    FileOfPaste {
        text: String,
        to: String,
    },
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

/// The prompt as it is shown now.
pub struct Shown<'a> {
    /// Before the usual label: a search.
    pub before: String,
    /// In place of the usual label: a question.
    pub label: Option<String>,
    pub text: &'a str,
    pub cursor: usize,
}

impl Prompt {
    pub fn key(&mut self, key: Key, situation: Situation<'_>, world: impl FnOnce() -> World) -> Outcome {
        match &mut self.mode {
            Mode::Edit => self.edit(key, situation, world),
            Mode::Search { .. } => match self.search(&key) {
                Some(outcome) => outcome,
                // The key ends the search, and then means what it always means.
                None => self.edit(key, situation, world),
            },
            Mode::Ask(_) => self.answer(&key, situation),
        }
    }

    pub fn shown(&self, target: Option<&str>, can_send_files: bool) -> Shown<'_> {
        let usual = Shown { before: String::new(), label: None, text: "", cursor: 0 };
        match &self.mode {
            Mode::Edit => Shown { text: self.line.text(), cursor: self.line.cursor(), ..usual },
            Mode::Search { pattern, end } => {
                let found = self.history.find(pattern, *end).filter(|_| !pattern.is_empty());
                let text = found.map_or("", |(_, entry)| entry);
                let failed = if found.is_none() && !pattern.is_empty() { "nothing has " } else { "" };
                let before = format!("(search: {failed}{pattern}) ");
                Shown { before, text, cursor: text.find(&**pattern).unwrap_or_default(), ..usual }
            }
            Mode::Ask(question) => {
                let label = Some(question.label(target, can_send_files));
                Shown { label, text: &question.answer, cursor: question.answer.len(), ..usual }
            }
        }
    }

    /// Whether a question about a paste waits for its answer.
    pub fn is_asking(&self) -> bool {
        matches!(self.mode, Mode::Ask(_))
    }

    fn edit(&mut self, key: Key, situation: Situation<'_>, world: impl FnOnce() -> World) -> Outcome {
        if !matches!(key, Key::Tab | Key::BackTab) {
            self.completion = None;
        }
        if !matches!(key, Key::Up | Key::Down) {
            self.history.end_walk();
        }
        if let Some(turn) = turn(&key) {
            return Outcome::Turn(turn);
        }
        let line = &mut self.line;
        let fits = match key {
            Key::Enter => return self.enter(situation),
            Key::Tab | Key::BackTab => self.complete(key == Key::Tab, situation, world),
            Key::Up => line.up() || self.older(),
            Key::Down => line.down() || self.newer(),
            Key::Paste(text) => return self.paste(&text, situation),
            Key::LongPaste => return Outcome::Refused(paste::TOO_LONG.to_owned()),
            Key::Ctrl('c') if line.text().is_empty() => return Outcome::Interrupt,
            Key::Ctrl('d') if line.text().is_empty() => return Outcome::End,
            Key::Ctrl('l') => return Outcome::Clear,
            Key::Ctrl('z') => return Outcome::Suspend,
            Key::Ctrl('r') if !situation.is_question => {
                self.mode = Mode::Search { pattern: String::new(), end: usize::MAX };
                true
            }
            Key::AltEnter if situation.is_question => false,
            key => edited(line, &key),
        };
        if fits { Outcome::Changed } else { Outcome::Bell }
    }

    fn enter(&mut self, situation: Situation<'_>) -> Outcome {
        if self.line.text().trim().is_empty() && !situation.is_question {
            self.line.take();
            return Outcome::Changed;
        }
        Outcome::Entered(self.line.take())
    }

    fn older(&mut self) -> bool {
        let older = self.history.older(self.line.before_cursor(), self.line.text());
        older.map(|entry| self.line.set(&entry)).is_some()
    }

    fn newer(&mut self) -> bool {
        self.history.newer().map(|entry| self.line.set(&entry)).is_some()
    }

    fn complete(&mut self, forward: bool, situation: Situation<'_>, world: impl FnOnce() -> World) -> bool {
        if self.completion.is_none() && !situation.is_question {
            self.completion = Completion::begin(&self.line, &world());
        }
        let Some(completion) = &mut self.completion else { return false };
        completion.next(&mut self.line, forward);
        // The next Tab may go on from here, into the next folder.
        self.completion.take_if(|completion| completion.is_only());
        true
    }

    fn paste(&mut self, pasted: &str, situation: Situation<'_>) -> Outcome {
        let (before, after) = (self.line.before_cursor(), self.line.after_cursor());
        match paste::take(pasted, before, after, situation) {
            Paste::Insert(text) if self.line.paste(&text) => Outcome::Changed,
            Paste::Insert(_) => Outcome::Refused("Not pasted: the line is full".to_owned()),
            Paste::Refused(why) => Outcome::Refused(why),
            Paste::Ask(question) => {
                self.mode = Mode::Ask(question);
                Outcome::Changed
            }
        }
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
            // The line from before stays where it is.
            Key::Ctrl('n' | 'p') | Key::Alt('1'..='9') => {
                self.mode = Mode::Edit;
                return None;
            }
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

    /// A key of the answer to what is to be done with a paste.
    fn answer(&mut self, key: &Key, situation: Situation<'_>) -> Outcome {
        let Mode::Ask(question) = &mut self.mode else { return Outcome::Changed };
        let outcome = match key {
            Key::Ctrl('z') => return Outcome::Suspend,
            Key::Ctrl('l') => return Outcome::Clear,
            key => match (turn(key), question.key(key, situation.target, situation.can_send_files)) {
                (Some(turn), _) => return Outcome::Turn(turn),
                (None, Answer::Unfinished) => return Outcome::Changed,
                (None, Answer::Wrong) => return Outcome::Bell,
                (None, Answer::Nobody) => {
                    let why =
                        "Nothing was sent: you are talking to nobody; Alt-1 turns to a conversation, c drops the paste";
                    return Outcome::Refused(why.to_owned());
                }
                (None, Answer::Send) => {
                    self.line.take();
                    Outcome::SendPaste(std::mem::take(&mut question.message))
                }
                (None, Answer::File(to)) => Outcome::FileOfPaste { text: std::mem::take(&mut question.paste), to },
                (None, Answer::Cancel) => Outcome::Changed,
            },
        };
        self.mode = Mode::Edit;
        outcome
    }
}

/// The conversation to which a key turns.
fn turn(key: &Key) -> Option<Turn> {
    match *key {
        Key::Ctrl('n') => Some(Turn::Next),
        Key::Ctrl('p') => Some(Turn::Previous),
        Key::Alt(digit @ '1'..='9') => Some(Turn::To(digit as usize - '1' as usize)),
        _ => None,
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
