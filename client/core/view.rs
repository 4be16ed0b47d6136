//! The functions that the rest of the client needs of a view. The plain terminal is the first view.
//!
//! Part of the state: every function is called under its lock, by any thread.

use super::event::Event;
use super::model::Model;

/// Shows events and the prompt.
pub trait View: Send {
    fn show(&mut self, event: &Event, model: &Model);

    /// Whether a person sees it and types, so that the view has a prompt.
    fn is_interactive(&self) -> bool;

    /// Whether nobody sees it any more.
    fn is_closed(&self) -> bool;

    /// Draws the prompt, which stays below all that is shown from now on.
    fn draw_prompt(&mut self, model: &Model);

    /// Draws no prompt and no status any more.
    fn end_prompt(&mut self);

    /// Shows one line that changes all the time, or takes it away when it is empty.
    fn set_status(&mut self, status: &str);

    /// The user has ended a line.
    fn entered(&mut self, line: &str);

    /// Asks a question, to be answered by the next line.
    fn ask(&mut self, question: &str);

    /// The input ended before the answer came.
    fn end_line(&mut self);

    /// Takes what the user has typed and not sent, as far as the view knows it.
    fn take_unsent(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// More is about to be shown, so that the view may wait until `release` with drawing.
    fn hold(&mut self) {}

    fn release(&mut self) {}
}
