//! Questions to the user, such as that for a name: any view may answer them, and the first answer counts.
//!
//! Plain values; part of the state and thus under its lock.

/// A question.
pub struct Question {
    /// Of all questions of this run.
    pub number: u64,
    /// Why it is asked again, or at all; empty where the text says it. The terminal has shown it before.
    pub reason: String,
    pub text: String,
    pub wants: Wants,
}

/// The kinds of answers.
pub enum Wants {
    /// A name; nothing is the one that is offered, if that is not empty.
    Name { offer: String },
    /// Yes, or anything else for no.
    Consent,
}

/// The question that is open, and the answer of a view that has no part in the input.
#[derive(Default)]
pub struct Questions {
    pub open: Option<Question>,
    /// The number of the last one.
    pub last: u64,
    /// The input has to take it for the next line.
    pub answer: Option<String>,
    /// A question was answered elsewhere while an answer was perhaps being typed, or had been. The next line of the input
    /// has to be refused.
    pub has_outdated_line: bool,
}

impl Question {
    /// In one line, behind which the answer is typed.
    pub fn prompt(&self) -> String {
        match &self.wants {
            Wants::Name { offer } if offer.is_empty() => format!("{}: ", self.text),
            Wants::Name { offer } => format!("{} [{offer}]: ", self.text),
            Wants::Consent => format!("{} [y/N] ", self.text),
        }
    }
}
