//! The editor as a view of the model: events go above the prompt, keys into it.
//!
//! Shared by the view, which is part of the state, and the keyboard, which is the main thread. Its own lock is taken only
//! after the state's, and nobody else waits for it.

use super::completion::World;
use super::key::Key;
use super::limits::BELL;
use super::lines::{self, is_said_here};
use super::prompt::{Outcome, Prompt, Situation};
use super::screen::{Block, Screen};
use super::targets::{label, turn_to};
use super::transcript::{Print, Transcript};
use super::tty::{self, Modes};
use super::unseen::{Place, Unseen, place};
use crate::core::client::Command;
use crate::core::command;
use crate::core::event::{Event, Kind};
use crate::core::model::Model;
use crate::core::view::View;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use time::OffsetDateTime;
use wire::text::printable;

/// Everything that is on the screen.
pub struct Editor {
    pub screen: Screen,
    pub prompt: Prompt,
    transcript: Transcript,
    unseen: Unseen,
    /// A question that the line answers.
    question: Option<String>,
    /// `None` in tests, which have no terminal.
    modes: Option<Arc<Modes>>,
    rang: Option<Instant>,
}

/// What the main thread has to do after a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To carry out these lines; what was typed goes into the history.
    Lines {
        lines: Vec<String>,
        typed: Option<String>,
    },
    FileOfPaste(String),
    End,
    Interrupt,
    Suspend,
}

/// The editor as the view of the state.
pub struct SharedEditor(pub Arc<Mutex<Editor>>);

/// A thread that panicked left nothing half done that another could trip over.
pub fn lock(editor: &Mutex<Editor>) -> MutexGuard<'_, Editor> {
    editor.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Editor {
    pub fn new(screen: Screen, transcript: Transcript, modes: Option<Arc<Modes>>) -> Self {
        let (prompt, unseen) = (Prompt::default(), Unseen::default());
        Editor { screen, prompt, transcript, unseen, question: None, modes, rang: None }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: Key, model: &Model, commands: &[Command]) -> Option<Request> {
        if key == Key::LongPaste {
            self.print("That paste is longer than 1 MiB, so nothing of it was taken; send it as a file".to_owned());
            return None;
        }
        let situation = self.situation(model, commands);
        let request = match self.prompt.key(key, &situation, || World::of(model, commands)) {
            Outcome::Changed => None,
            Outcome::Bell => {
                self.screen.ring();
                None
            }
            Outcome::Entered { text, is_pasted } => {
                self.entered(text, is_pasted && !situation.is_one_line, model, commands)
            }
            Outcome::SendPaste(text) => {
                let lines = lines::of_paste(&text, commands);
                Some(Request::Lines { lines, typed: None })
            }
            Outcome::FileOfPaste(text) => Some(Request::FileOfPaste(text)),
            Outcome::End => Some(Request::End),
            Outcome::Interrupt => Some(Request::Interrupt),
            Outcome::Suspend => Some(Request::Suspend),
            Outcome::Clear => {
                self.clear();
                None
            }
            Outcome::Turn(turn) => match turn_to(turn, model) {
                Ok(line) => Some(Request::Lines { lines: vec![line], typed: None }),
                Err(why) => {
                    self.screen.ring();
                    Some(why).filter(|why| !why.is_empty()).into_iter().for_each(|why| self.print(why));
                    None
                }
            },
        };
        self.update(model, commands);
        request
    }

    fn situation(&self, model: &Model, commands: &[Command]) -> Situation {
        let can_send_files = model.detour.is_none() && command::find(commands, "/file").is_some();
        let is_question = self.question.is_some();
        let takes_commands_only = model.idle_prompt.is_some() && model.target().is_none() && model.detour.is_none();
        Situation { is_question, is_one_line: is_question || takes_commands_only, can_send_files }
    }

    /// The line was ended: it goes up, unless it comes back as something that we said.
    fn entered(&mut self, text: String, is_pasted: bool, model: &Model, commands: &[Command]) -> Option<Request> {
        if let Some(question) = self.question.take() {
            self.print(printable(&question).into_owned() + &text);
            // There is no prompt until the input loop draws one.
            self.screen.leave();
            return Some(Request::Lines { lines: vec![text], typed: None });
        }
        let is_disguised = is_pasted && lines::looks_like_a_command(&text, commands);
        let lines = if is_pasted { Ok(lines::of_paste(&text, commands)) } else { lines::of_typed(&text, commands) };
        let lines = match lines {
            Ok(lines) => lines,
            Err(why) => {
                self.print(why.to_owned());
                self.prompt.line.set(&text);
                return None;
            }
        };
        let label = label(model, &self.unseen);
        for line in lines.iter().filter(|line| !is_said_here(line, model, commands)) {
            self.print(format!("{label}{line}"));
        }
        // From the history it would come as a command.
        Some(Request::Lines { lines, typed: Some(text).filter(|_| !is_disguised) })
    }

    /// Clears the window.
    pub fn clear(&mut self) {
        self.transcript.break_off();
        self.screen.clear();
    }

    fn print(&mut self, line: String) {
        self.transcript.break_off();
        self.screen.print(line);
    }

    /// Shows the prompt as it is now.
    pub fn update(&mut self, model: &Model, commands: &[Command]) {
        let situation = self.situation(model, commands);
        let shown = self.prompt.shown(&situation);
        let usual = || self.question.clone().unwrap_or_else(|| label(model, &self.unseen));
        let is_text =
            !situation.is_one_line && self.prompt.line.is_pasted() && lines::looks_like_a_command(shown.text, commands);
        let block = Block {
            status: self.screen.status().to_owned(),
            hint: if is_text { "This was pasted, so it is sent as text" } else { "" },
            label: printable(&shown.label.unwrap_or_else(usual)).into_owned(),
            text: shown.text.to_owned(),
            cursor: shown.cursor,
        };
        self.screen.set_block(block);
    }

    /// The window may have changed, or a shell may have used the terminal.
    pub fn window(&mut self, size: (usize, usize)) {
        let is_ours = self.modes.is_none() || tty::is_raw();
        if size != self.screen.size() {
            self.transcript.break_off();
            self.screen.resize(size);
        } else if !is_ours {
            self.transcript.break_off();
            self.screen.forget_drawn();
        }
    }

    fn show(&mut self, event: &Event, model: &Model) {
        let moment = self.transcript.moment(event);
        match place(event, model) {
            Place::Here => self.show_here(event, model, moment),
            Place::Room(room) => {
                if event.mentions_us {
                    self.show_here(event, model, moment);
                }
                self.unseen.hold(&room, event, model, moment);
            }
            Place::Nowhere => {}
        }
        match &event.kind {
            Kind::TalkingTo(Some(target)) => self.catch_up(target, model),
            Kind::WeLeft | Kind::WeWereRemoved { .. } => self.unseen.retain_rooms(model),
            Kind::Said { .. } if event.mentions_us && self.rang.is_none_or(|rang| rang.elapsed() > BELL) => {
                self.rang = Some(Instant::now());
                self.screen.ring();
            }
            _ => {}
        }
        self.relabel(model);
        // It counts as read now.
        if event.origin.receipt.is_some() {
            self.screen.write();
        }
    }

    fn show_here(&mut self, event: &Event, model: &Model, moment: OffsetDateTime) {
        for print in self.transcript.lines(event, model, moment) {
            self.put(print);
        }
    }

    fn put(&mut self, print: Print) {
        match print {
            Print::Line(line) => self.screen.print(line),
            Print::Instead(line) => self.screen.print_instead(line),
        }
    }

    /// The user turns to a conversation, and sees what has waited there.
    fn catch_up(&mut self, target: &str, model: &Model) {
        let waited = self.unseen.take(target);
        if waited.is_empty() {
            return;
        }
        let mark = self.transcript.new_mark();
        self.put(mark);
        waited.iter().for_each(|(moment, event)| self.show_here(event, model, *moment));
    }

    /// What the prompt says about the model may have changed; what the user types has not.
    fn relabel(&mut self, model: &Model) {
        if self.question.is_none() && self.prompt.has_usual_label() {
            self.screen.set_label(printable(&label(model, &self.unseen)).into_owned());
        }
    }
}

impl View for SharedEditor {
    fn show(&mut self, event: &Event, model: &Model) {
        lock(&self.0).show(event, model);
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn edits_lines(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).screen.is_closed()
    }

    fn draw_prompt(&mut self, model: &Model) {
        let mut editor = lock(&self.0);
        editor.modes.iter().for_each(|modes| modes.raw(true));
        editor.relabel(model);
        editor.screen.enter();
    }

    fn end_prompt(&mut self) {
        let mut editor = lock(&self.0);
        editor.screen.set_status(String::new());
        editor.screen.leave();
        editor.modes.iter().for_each(|modes| modes.restore());
    }

    fn set_status(&mut self, status: &str) {
        lock(&self.0).screen.set_status(printable(status).into_owned());
    }

    /// The keyboard has shown it.
    fn entered(&mut self, _: &str) {}

    fn ask(&mut self, question: &str) {
        let mut editor = lock(&self.0);
        editor.modes.iter().for_each(|modes| modes.raw(true));
        editor.screen.set_label(printable(question).into_owned());
        editor.question = Some(question.to_owned());
        editor.screen.enter();
    }

    /// No answer comes any more.
    fn end_line(&mut self) {
        lock(&self.0).question = None;
    }

    fn hold(&mut self) {
        lock(&self.0).screen.hold();
    }

    fn release(&mut self) {
        lock(&self.0).screen.release();
    }
}

#[cfg(test)]
mod tests;
