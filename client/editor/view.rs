//! The editor as a view of the model: events go above the prompt, keys into it.
//!
//! Shared by the view, which is part of the state, and the keyboard, which is the main thread. Its own lock is taken only
//! after the state's, and nobody else waits for it.

use super::completion::World;
use super::drafts::Drafts;
use super::key::Key;
use super::limits::BELL;
use super::lines::{self, is_said_here};
use super::paste::Situation;
use super::prompt::{Outcome, Prompt};
use super::screen::{Block, Screen};
use super::strangers::Strangers;
use super::targets::{label, short_label, target, turn_to};
use super::transcript::{Print, Transcript};
use super::tty::Modes;
use super::unseen::{Place, Unseen, place};
use crate::core::client::Command;
use crate::core::event::{Event, Kind};
use crate::core::model::Model;
use crate::core::question::Question;
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
    drafts: Drafts,
    strangers: Strangers,
    /// A question that the line answers.
    question: Option<String>,
    /// The line in the prompt was begun as an answer, and the question was answered elsewhere.
    is_outdated: bool,
    /// The last key was a Ctrl-C without text: the next one leaves.
    is_leaving: bool,
    /// `None` in tests, which have no terminal.
    modes: Option<Arc<Modes>>,
    /// Whether this build can send files.
    pub knows_files: bool,
    rang: Option<Instant>,
}

const NOBODY: &str =
    "Nothing was sent: you are talking to nobody; go on with /join #room or /to NAME (↑ brings the line back)";

const OUTDATED: &str = "Nothing was sent: the question for which you began this line was answered in another window; Enter \
                        again sends it";

/// The beginning of why a line is not sent to somebody.
fn may_be_another(nick: &str) -> String {
    printable(&format!("Nothing was sent: {nick} has left and come back, and may be somebody else (/whois {nick}); "))
        .into_owned()
}

/// What the main thread has to do after a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To carry out this line; what was typed goes into the history.
    Line {
        line: String,
        typed: Option<String>,
    },
    FileOfPaste {
        text: String,
        to: String,
    },
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
        Editor {
            screen,
            prompt: Prompt::default(),
            transcript,
            unseen: Unseen::default(),
            drafts: Drafts::default(),
            strangers: Strangers::default(),
            question: None,
            is_outdated: false,
            is_leaving: false,
            modes,
            knows_files: false,
            rang: None,
        }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: Key, model: &Model, commands: &[Command]) -> Option<Request> {
        let was_leaving = std::mem::take(&mut self.is_leaving);
        let was_empty = self.prompt.line.text().is_empty();
        let target = target(model);
        let (is_question, can_send_files) = (self.question.is_some(), self.can_send_files(model));
        let situation = Situation { is_question, target: target.as_deref(), can_send_files, commands };
        let request = match self.prompt.key(key, situation, || World::of(model, commands)) {
            Outcome::Changed => None,
            Outcome::Bell => {
                self.screen.ring();
                None
            }
            Outcome::Refused(why) => {
                self.screen.ring();
                self.print(why);
                None
            }
            Outcome::Entered(text) => self.entered(text, model, commands),
            Outcome::SendPaste(line) => {
                let stranger = self.strangers.take(&line, model, commands);
                self.pasted(stranger, Request::Line { line, typed: None })
            }
            Outcome::FileOfPaste { text, to } => {
                let stranger = self.strangers.take_name(&to);
                self.pasted(stranger, Request::FileOfPaste { text, to })
            }
            Outcome::End => Some(Request::End),
            Outcome::Interrupt if was_leaving || self.question.is_some() => Some(Request::Interrupt),
            // It may have been meant for a line that has just been sent or dropped; what is typed behind it is not for a shell.
            Outcome::Interrupt => {
                self.is_leaving = true;
                self.print("Ctrl-C again leaves the chat".to_owned());
                None
            }
            Outcome::Suspend => Some(Request::Suspend),
            Outcome::Clear => {
                self.clear();
                None
            }
            Outcome::Turn(turn) => self.turn(turn_to(turn, model)),
        };
        if was_empty {
            self.drafts.begin();
        }
        self.is_outdated &= !self.prompt.line.text().is_empty();
        self.update(model);
        request
    }

    /// A paste goes out, unless it is for somebody who may be another by now.
    fn pasted(&mut self, stranger: Option<String>, request: Request) -> Option<Request> {
        let Some(nick) = stranger else { return Some(request) };
        self.print(may_be_another(&nick) + "paste it again to send it");
        None
    }

    fn can_send_files(&self, model: &Model) -> bool {
        self.knows_files && model.target().is_some() && model.detour.is_none()
    }

    /// Turns to another conversation, if there is that one.
    fn turn(&mut self, line: Result<String, String>) -> Option<Request> {
        let line = match line {
            Ok(line) => line,
            Err(why) => {
                self.screen.ring();
                Some(why).filter(|why| !why.is_empty()).into_iter().for_each(|why| self.print(why));
                return None;
            }
        };
        Some(Request::Line { line, typed: None })
    }

    /// The line was ended: it goes up, unless it comes back as something that we said.
    fn entered(&mut self, text: String, model: &Model, commands: &[Command]) -> Option<Request> {
        if let Some(question) = self.question.take() {
            self.print(printable(&question).into_owned() + &text);
            // There is no prompt until the input loop draws one.
            self.screen.leave();
            self.screen.prepare();
            return Some(Request::Line { line: text, typed: None });
        }
        if std::mem::take(&mut self.is_outdated) {
            self.print(OUTDATED.to_owned());
            self.prompt.line.set(&text);
            return None;
        }
        let line = lines::of_typed(&text, commands).and_then(|line| {
            let stranger = self.strangers.take(&line, model, commands);
            stranger.map_or(Ok(line), |nick| Err(may_be_another(&nick) + "Enter again sends it"))
        });
        let line = match line {
            // Not into the line again: what was typed ahead would stand behind it.
            Ok(line) if lines::is_for_nobody(&line, model, commands) => {
                self.print(NOBODY.to_owned());
                self.prompt.history.add(&text);
                return None;
            }
            line => line,
        };
        match line {
            Ok(line) => {
                if !is_said_here(&line, model, commands) {
                    self.print(short_label(model) + &line);
                }
                Some(Request::Line { line, typed: Some(text) })
            }
            Err(why) => {
                self.print(why);
                self.prompt.line.set(&text);
                None
            }
        }
    }

    /// The question was answered in another view. What was typed for it stays, but is not sent by the next Enter. False when
    /// an answer is on its way.
    fn answered(&mut self, line: &str) -> bool {
        if self.question.take().is_none() {
            return false;
        }
        let has_unread = self.modes.as_ref().is_some_and(|modes| modes.has_unread());
        self.is_outdated = has_unread || !self.prompt.line.text().is_empty();
        self.print(printable(line).into_owned());
        // There is no prompt until the input loop draws one.
        self.screen.leave();
        self.screen.prepare();
        true
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
    pub fn update(&mut self, model: &Model) {
        if self.question.is_none()
            && !self.prompt.is_asking()
            && let Some(draft) = self.drafts.follow(self.prompt.line.text(), model)
        {
            self.prompt.line.take();
            self.prompt.line.set(&draft);
        }
        let target = target(model);
        let shown = self.prompt.shown(target.as_deref(), self.can_send_files(model));
        let usual = || self.question.clone().unwrap_or_else(|| label(model, &self.unseen));
        let block = Block {
            status: self.screen.status().to_owned(),
            label: printable(&shown.label.unwrap_or_else(|| shown.before + &usual())).into_owned(),
            text: shown.text.to_owned(),
            cursor: shown.cursor,
        };
        self.screen.set_block(block);
    }

    /// The window may have another size.
    pub fn window(&mut self, size: (usize, usize)) {
        if size != self.screen.size() {
            self.transcript.break_off();
            self.screen.resize(size);
        }
    }

    /// The program goes on after it was stopped: a shell has used the terminal meanwhile.
    pub fn go_on(&mut self, size: (usize, usize)) {
        self.transcript.break_off();
        self.screen.forget_drawn();
        self.window(size);
    }

    fn show(&mut self, event: &Event, model: &Model) {
        self.strangers.follow(event, self.prompt.is_asking() || !self.prompt.line.text().is_empty());
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
            Kind::WeJoined => self.unseen.forget_rooms(),
            Kind::Read => event.conversation.iter().for_each(|room| self.unseen.mark_read(room)),
            Kind::Renamed { old, new } => {
                let (before, mut line) = (self.prompt.line.text().len(), self.prompt.line.text().to_owned());
                for draft in self.drafts.renamed(old, new, &mut line) {
                    let why = format!("Not sent, since {new} is somebody else now: {}", draft.replace('\n', " "));
                    self.print(printable(&why).into_owned());
                }
                if line.len() < before {
                    self.prompt.line.take();
                }
            }
            Kind::Said { .. } if event.mentions_us && self.rang.is_none_or(|rang| rang.elapsed() > BELL) => {
                self.rang = Some(Instant::now());
                self.screen.ring();
            }
            _ => {}
        }
        self.update(model);
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
        let (waited, lost) = self.unseen.take(target);
        if waited.is_empty() && lost == 0 {
            return;
        }
        self.transcript.new_marks(lost).into_iter().for_each(|mark| self.put(mark));
        waited.iter().for_each(|(moment, event)| self.show_here(event, model, *moment));
    }
}

impl View for SharedEditor {
    fn show(&mut self, event: &Event, model: &Model) {
        lock(&self.0).show(event, model);
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).screen.is_closed()
    }

    fn draw_prompt(&mut self, model: &Model) {
        let mut editor = lock(&self.0);
        // From here on Ctrl-C is a key: a signal would overtake what was typed before it, and lag behind what comes after.
        editor.modes.iter().for_each(|modes| modes.raw(false));
        editor.update(model);
        editor.screen.enter();
    }

    fn end_prompt(&mut self) {
        let mut editor = lock(&self.0);
        editor.screen.set_status(String::new());
        editor.screen.leave();
        if !editor.prompt.line.text().is_empty() || editor.prompt.is_asking() {
            editor.modes.iter().for_each(|modes| modes.expect_typing());
        }
    }

    fn set_status(&mut self, status: &str) {
        lock(&self.0).screen.set_status(printable(status).into_owned());
    }

    /// The keyboard has shown it.
    fn entered(&mut self, _: &str) {}

    fn ask(&mut self, question: &Question) {
        let question = question.prompt();
        let mut editor = lock(&self.0);
        editor.modes.iter().for_each(|modes| modes.raw(false));
        editor.screen.set_label(printable(&question).into_owned());
        (editor.question, editor.is_outdated) = (Some(question), false);
        editor.screen.enter();
    }

    fn answered(&mut self, question: &Question, elsewhere: Option<&str>) -> bool {
        elsewhere.is_some_and(|answer| lock(&self.0).answered(&(question.prompt() + answer)))
    }

    /// No answer comes any more.
    fn end_line(&mut self) {
        lock(&self.0).question = None;
    }

    fn take_unsent(&mut self) -> Vec<String> {
        let mut editor = lock(&self.0);
        let answers_question = editor.question.is_some();
        let line = Some(editor.prompt.take_unsent()).filter(|line| !line.is_empty() && !answers_question);
        let drafts: Vec<_> = editor.drafts.take_all().collect();
        line.into_iter().chain(drafts).collect()
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
