//! The question what is to be done with a paste that is long, or looks private. A word and Enter answer it, so that nobody
//! who just types on answers it by accident.
//!
//! Pure. Part of the prompt.

use super::key::Key;
use wire::text::pluralize;

#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// What was pasted.
    pub paste: String,
    /// The line that sends it, together with what was typed around it.
    pub message: String,
    /// The person or room that was typed before it; `None` when it goes where the prompt says.
    to: Option<String>,
    is_private: bool,
    /// The target when the user began to answer.
    target: Option<String>,
    /// What is typed as an answer.
    pub answer: String,
}

/// What a key has led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Unfinished,
    Wrong,
    /// To send it, but there is nobody to whom.
    Nobody,
    Send,
    /// To send it as a file to this person or room.
    File(String),
    Cancel,
}

/// The longest answer.
const LONGEST: usize = "cancel".len();

impl Question {
    pub fn new(paste: &str, message: String, to: Option<String>, is_private: bool) -> Self {
        Question { paste: paste.to_owned(), message, to, is_private, target: None, answer: String::new() }
    }

    pub fn label(&self, target: Option<&str>, can_send_files: bool) -> String {
        let rows = self.paste.split('\n').count();
        let (lines, them) = (pluralize(rows, "line"), if rows == 1 { "it" } else { "them" });
        let private = if self.is_private { " (private?)" } else { "" };
        let send = match self.to.as_deref().or(target) {
            Some(to) => format!("s sends {them} to {to}, "),
            None => String::new(),
        };
        let file = if can_send_files { "f as a file, " } else { "" };
        format!("{lines} pasted{private}: {send}{file}c cancels: ")
    }

    /// A key of the answer.
    pub fn key(&mut self, key: &Key, target: Option<&str>, can_send_files: bool) -> Answer {
        if self.answer.is_empty() {
            self.target = target.map(str::to_owned);
        }
        match key {
            Key::Char(c) if self.answer.chars().count() < LONGEST => self.answer.push(*c),
            Key::Backspace => _ = self.answer.pop(),
            Key::Ctrl('u') => self.answer.clear(),
            Key::Escape | Key::Ctrl('c' | 'g') => return Answer::Cancel,
            Key::Enter => return self.answered(target, can_send_files),
            _ => return Answer::Wrong,
        }
        Answer::Unfinished
    }

    fn answered(&mut self, target: Option<&str>, can_send_files: bool) -> Answer {
        let answer = std::mem::take(&mut self.answer).to_lowercase();
        let is_moved = self.to.is_none() && self.target.as_deref() != target;
        let to = self.to.as_deref().or(target);
        match (answer.trim(), to) {
            ("c" | "cancel" | "n" | "no", _) => Answer::Cancel,
            ("s" | "send" | "f" | "file", None) => Answer::Nobody,
            // It names another target now than when the user began to answer.
            ("s" | "send" | "f" | "file", _) if is_moved => Answer::Wrong,
            ("s" | "send", _) => Answer::Send,
            ("f" | "file", Some(to)) if can_send_files => Answer::File(to.to_owned()),
            _ => Answer::Wrong,
        }
    }
}
