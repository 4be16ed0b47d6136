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
            Key::AltEnter if situation.is_question => false,
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
        let lines = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let text: String =
            lines.trim_end_matches('\n').chars().filter(|&c| matches!(c, '\n' | '\t') || is_printable(c)).collect();
        if situation.is_question {
            return self.insert_pasted(text.lines().next().unwrap_or_default());
        }
        if text.lines().count() > PASTED_LINES {
            self.mode = Mode::Pasted(text);
            return Outcome::Changed;
        }
        self.insert_pasted(&text)
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
mod tests {
    use super::*;

    const CHAT: Situation = Situation { is_question: false, can_send_files: true };
    const QUESTION: Situation = Situation { is_question: true, can_send_files: false };

    fn press(prompt: &mut Prompt, key: Key) -> Outcome {
        prompt.key(key, &CHAT, World::default)
    }

    fn type_text(prompt: &mut Prompt, text: &str) {
        text.chars().for_each(|c| assert_eq!(press(prompt, Key::Char(c)), Outcome::Changed));
    }

    fn entered(text: &str, is_pasted: bool) -> Outcome {
        Outcome::Entered { text: text.into(), is_pasted }
    }

    #[test]
    fn a_line_is_entered_and_an_empty_one_is_not() {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "hi");
        assert_eq!(press(&mut prompt, Key::Enter), entered("hi", false));
        assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
        assert_eq!(prompt.key(Key::Enter, &QUESTION, World::default), entered("", false), "that may be an answer");
    }

    #[test]
    fn ctrl_c_and_ctrl_d_lead_out_only_without_text() {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "hi");
        press(&mut prompt, Key::Home);
        assert_eq!(press(&mut prompt, Key::Ctrl('d')), Outcome::Changed);
        assert_eq!(prompt.line.text(), "i");
        assert_eq!(press(&mut prompt, Key::Ctrl('c')), Outcome::Changed);
        assert_eq!(press(&mut prompt, Key::Ctrl('c')), Outcome::Interrupt);
        assert_eq!(press(&mut prompt, Key::Ctrl('d')), Outcome::End);
        press(&mut prompt, Key::Ctrl('_'));
        assert_eq!(prompt.line.text(), "i", "undone");
    }

    #[test]
    fn a_search_goes_back_and_is_left_by_any_other_key() {
        let mut prompt = Prompt::default();
        ["/join #lab", "hello", "/join #attic"].iter().for_each(|line| _ = prompt.history.add(line));
        type_text(&mut prompt, "draft");
        press(&mut prompt, Key::Ctrl('r'));
        "join".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
        let shown = prompt.shown(&CHAT);
        assert_eq!((shown.label.as_deref(), shown.text, shown.cursor), (Some("(search: join) "), "/join #attic", 1));
        assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Changed);
        assert_eq!(prompt.shown(&CHAT).text, "/join #lab");
        assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Bell, "there is none before it");
        press(&mut prompt, Key::Escape);
        assert_eq!(prompt.line.text(), "draft");
        press(&mut prompt, Key::Ctrl('r'));
        "hel".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
        press(&mut prompt, Key::Home);
        assert_eq!((prompt.line.text(), prompt.line.cursor()), ("hello", 0));
    }

    #[test]
    fn a_search_that_found_nothing_sends_nothing() {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "draft");
        press(&mut prompt, Key::Ctrl('r'));
        press(&mut prompt, Key::Char('x'));
        assert_eq!(prompt.shown(&CHAT).label.as_deref(), Some("(search: nothing has x) "));
        assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
        assert_eq!(prompt.line.text(), "draft");
    }

    #[test]
    fn a_short_paste_is_text_in_the_line() {
        let mut prompt = Prompt::default();
        assert_eq!(press(&mut prompt, Key::Paste("exit\r/x\r\n@x\x1b[A\r".into())), Outcome::Changed);
        assert_eq!(press(&mut prompt, Key::Enter), entered("exit\n/x\n@x[A", true));
    }

    #[test]
    fn a_long_paste_is_asked_about_and_leaves_the_line_as_it_is() {
        let long = "1\r2\r3\r4\r";
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "half");
        for (key, outcome) in [
            (Key::Char('s'), Outcome::SendPaste("1\n2\n3\n4".into())),
            (Key::Char('f'), Outcome::FileOfPaste("1\n2\n3\n4".into())),
            (Key::Char('c'), Outcome::Changed),
            (Key::Ctrl('c'), Outcome::Changed),
        ] {
            press(&mut prompt, Key::Paste(long.into()));
            let label = prompt.shown(&CHAT).label.unwrap();
            assert_eq!(label, "4 lines pasted: (s)end, send as a (f)ile, (c)ancel? ");
            for other in [Key::Enter, Key::Char('x'), Key::Ctrl('d'), Key::Paste("exit\r".into())] {
                assert_eq!(press(&mut prompt, other), Outcome::Bell);
            }
            assert_eq!(press(&mut prompt, key), outcome);
            assert_eq!((prompt.line.text(), prompt.shown(&CHAT).label), ("half", None));
        }
    }

    #[test]
    fn an_answer_is_one_line() {
        let mut prompt = Prompt::default();
        prompt.key(Key::Paste("albert\r/quit\r".into()), &QUESTION, World::default);
        assert_eq!(prompt.key(Key::AltEnter, &QUESTION, World::default), Outcome::Bell);
        assert_eq!(prompt.key(Key::Enter, &QUESTION, World::default), entered("albert", false));
    }

    #[test]
    fn keys_turn_to_conversations() {
        let mut prompt = Prompt::default();
        let turns = [Key::Alt('1'), Key::Alt('9'), Key::Ctrl('n'), Key::Ctrl('p')].map(|key| press(&mut prompt, key));
        assert_eq!(turns, [Turn::To(0), Turn::To(8), Turn::Next, Turn::Previous].map(Outcome::Turn));
    }
}
