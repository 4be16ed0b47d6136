//! Text from the clipboard, and the question what is to be done with it when it is long, or looks private.
//!
//! Pure. Part of the prompt.

use super::key::Key;
use super::limits::{PASTED_BYTES, PASTED_LINES};
use super::line::clean;
use super::lines::{self, Receiver};
use crate::core::client::Command;
use wire::text::pluralize;

pub const TOO_LONG: &str = "Not pasted: it is longer than 1 MiB; send it as a file";

/// What a key means depends on this, too.
#[derive(Default, Clone, Copy)]
pub struct Situation<'a> {
    /// The line answers a question of the core.
    pub is_question: bool,
    /// Where text goes, as the prompt shows it; `None` when there is nobody.
    pub target: Option<&'a str>,
    pub can_send_files: bool,
    pub commands: &'a [Command],
}

/// What becomes of a paste.
pub enum Paste {
    /// It goes into the line like this.
    Insert(String),
    Ask(Question),
    /// Nothing, for this reason.
    Refused(String),
}

/// Takes a paste between the texts before and behind the cursor. It never runs a command: what looks like one gets `/say`
/// before it, or the user is asked. Only behind a command that was typed it belongs to that.
pub fn take(pasted: &str, before: &str, after: &str, situation: Situation<'_>) -> Paste {
    let commands = situation.commands;
    let paste = clean(&pasted.replace("\r\n", "\n").replace('\r', "\n"));
    let paste = paste.trim_end_matches('\n');
    let rows = paste.split('\n').count();
    let refused = |why: &str| Paste::Refused(format!("Not pasted ({}): {why}", pluralize(rows, "line")));
    if situation.is_question {
        return if rows == 1 { Paste::Insert(paste.to_owned()) } else { refused("an answer has one line") };
    }
    let whole = format!("{before}{paste}{after}");
    let is_first = before.trim().is_empty();
    let first = whole.split('\n').next().unwrap_or_default();
    let to = match if is_first { Receiver::Target } else { lines::receiver(first, commands) } {
        Receiver::Nobody if rows == 1 => return Paste::Insert(paste.to_owned()),
        Receiver::Nobody => return refused("a command has one line"),
        Receiver::Target if rows > 1 && situation.target.is_none() => {
            return refused("you are talking to nobody; go on with /join #room or /to NAME");
        }
        Receiver::Target => None,
        Receiver::Other(name) => Some(name),
    };
    let is_private = whole.split('\n').skip(usize::from(!is_first)).any(|row| lines::looks_private(row, commands));
    if !is_private && rows <= PASTED_LINES && paste.len() <= PASTED_BYTES {
        let begins_a_row = before.rsplit('\n').next().is_none_or(|row| row.trim().is_empty());
        return Paste::Insert(lines::marked(paste, begins_a_row, commands));
    }
    let message = if is_first {
        Ok(lines::of_text(&whole, commands))
    } else {
        let blanks = &before[before.trim_end().len()..];
        lines::of_typed(before, commands).map(|typed| format!("{typed}{blanks}{paste}{after}"))
    };
    match message {
        Ok(message) => Paste::Ask(Question::new(paste, message, to, is_private)),
        Err(why) => Paste::Refused(why),
    }
}

/// What is to be done with a paste? A word and Enter answer it, so that nobody who just types on answers it by accident.
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
    fn new(paste: &str, message: String, to: Option<String>, is_private: bool) -> Self {
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
