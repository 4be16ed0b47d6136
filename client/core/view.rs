//! How a view is seen by the rest of the client. The plain terminal is the first one.
//!
//! Part of the state: every function is called under its lock, by either thread.

use super::event::Event;
use super::model::Model;

/// Shows what happens, and where the next line that is typed goes.
pub trait View: Send {
    fn show(&mut self, event: &Event, model: &Model);

    /// Whether a person sees it and types, so that the view has a prompt.
    fn is_interactive(&self) -> bool;

    /// Whether nobody sees it any more.
    fn is_closed(&self) -> bool;

    /// Sets what the prompt says from now on.
    fn set_prompt(&mut self, prompt: &str);

    /// Draws the prompt, which stays below all that is shown from now on.
    fn draw_prompt(&mut self);

    /// Draws no prompt and no status any more.
    fn end_prompt(&mut self);

    /// Shows one line that changes all the time, or takes it away when it is empty.
    fn set_status(&mut self, status: &str);

    /// The user has ended a line.
    fn entered(&mut self, line: &str);

    /// Asks a question, to be answered by the next line.
    fn ask(&mut self, question: &str);

    /// The input ended instead.
    fn end_line(&mut self);
}
