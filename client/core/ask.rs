//! Asking the user: the question is shown in every view, and the answer is a line of the input, or comes from another view.
//!
//! The main thread asks; any thread may bring an answer. The state is locked for a moment at a time.

use super::client::Client;
use super::input::{self, Source};
use super::question::{Question, Wants};
use super::state::State;

/// Asks, and waits for the first answer; `None` at the end of the input, or when the user has left in another view.
pub fn ask(client: &Client, input: &mut dyn Source, reason: &str, text: &str, wants: Wants) -> Option<String> {
    let mut state = client.lock();
    let State { questions, view, .. } = &mut *state;
    questions.last += 1;
    let (number, reason, text) = (questions.last, reason.to_owned(), text.to_owned());
    let question = questions.open.insert(Question { number, reason, text, wants });
    view.ask(question);
    drop(state);
    let line = input::read_line(client, input);
    let mut state = client.lock();
    close(&mut state);
    if line.is_none() {
        state.view.end_line();
    }
    line
}

/// Asks whether the user wants that.
pub fn agrees(client: &Client, input: &mut dyn Source, reason: &str, text: &str) -> bool {
    let answer = ask(client, input, reason, text, Wants::Consent).unwrap_or_default();
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The input has answered the open question, if there is one.
pub fn close(state: &mut State) {
    if let Some(question) = state.questions.open.take() {
        state.view.answered(&question, None);
    }
}

/// Answers a question from a view that has no part in the input; false when somebody was faster.
pub fn answer(client: &Client, number: u64, text: &str) -> bool {
    let mut state = client.lock();
    let State { questions, view, .. } = &mut *state;
    let Some(question) = questions.open.take_if(|open| open.number == number) else { return false };
    questions.has_outdated_line = !view.answered(&question, Some(text));
    questions.answer = Some(text.to_owned());
    drop(state);
    client.signal();
    true
}
