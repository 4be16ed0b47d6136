//! The functions that the rest of the client needs of a view. The plain terminal is the first view.
//!
//! Part of the state: every function is called under its lock, by any thread.

use super::event::Event;
use super::model::Model;
use super::question::Question;

/// Shows events and the prompt. A view without a prompt leaves out what is about it.
pub trait View: Send {
    fn show(&mut self, event: &Event, model: &Model);

    /// Whether a person sees it and types, so that the view has a prompt.
    fn is_interactive(&self) -> bool;

    /// Whether nobody sees it any more.
    fn is_closed(&self) -> bool;

    /// Whether the user may look at it at any time, also when the input is no terminal or has ended: then a question waits
    /// for them, and so does a failed start.
    fn is_window(&self) -> bool {
        false
    }

    /// Draws the prompt, which stays below all that is shown from now on.
    fn draw_prompt(&mut self, _model: &Model) {}

    /// Draws no prompt and no status any more.
    fn end_prompt(&mut self) {}

    /// Shows one line that changes all the time, or takes it away when it is empty.
    fn set_status(&mut self, status: &str);

    /// The user has ended a line.
    fn entered(&mut self, _line: &str) {}

    /// Asks a question, to be answered by the next line, or in another view.
    fn ask(&mut self, _question: &Question) {}

    /// The question is answered: by a line of the input, or elsewhere, by this. Then the result says whether a line that
    /// ends from now on is surely not meant as an answer.
    fn answered(&mut self, _question: &Question, _elsewhere: Option<&str>) -> bool {
        false
    }

    /// The input ended before the answer came.
    fn end_line(&mut self) {}

    /// Takes what the user has typed and not sent, as far as the view knows it.
    fn take_unsent(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// More is about to be shown, so that the view may wait until `release` with drawing.
    fn hold(&mut self) {}

    fn release(&mut self) {}

    /// The client ends now: why, unless the user has left and nothing went wrong. A terminal is told by the standard error
    /// output.
    fn end(&mut self, _why: &str) {}
}

/// Two views side by side. The first one has the prompt, and the chat ends with it.
pub struct Beside(pub Box<dyn View>, pub Box<dyn View>);

impl View for Beside {
    fn show(&mut self, event: &Event, model: &Model) {
        self.0.show(event, model);
        self.1.show(event, model);
    }

    fn is_interactive(&self) -> bool {
        self.0.is_interactive() || self.1.is_interactive()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn is_window(&self) -> bool {
        self.0.is_window() || self.1.is_window()
    }

    fn draw_prompt(&mut self, model: &Model) {
        self.0.draw_prompt(model);
    }

    fn end_prompt(&mut self) {
        self.0.end_prompt();
    }

    fn set_status(&mut self, status: &str) {
        self.0.set_status(status);
        self.1.set_status(status);
    }

    fn entered(&mut self, line: &str) {
        self.0.entered(line);
    }

    fn ask(&mut self, question: &Question) {
        self.0.ask(question);
        self.1.ask(question);
    }

    fn answered(&mut self, question: &Question, elsewhere: Option<&str>) -> bool {
        self.1.answered(question, elsewhere);
        self.0.answered(question, elsewhere)
    }

    fn end_line(&mut self) {
        self.0.end_line();
    }

    fn take_unsent(&mut self) -> Vec<String> {
        self.0.take_unsent()
    }

    fn hold(&mut self) {
        self.0.hold();
    }

    fn release(&mut self) {
        self.0.release();
    }

    fn end(&mut self, why: &str) {
        self.0.end(why);
        self.1.end(why);
    }
}
