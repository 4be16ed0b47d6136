//! The standard reply `FAIL` (`IRCv3` standard replies): a refusal for which no numeric exists.
//!
//! Pure. The server writes it, the client reads it.

use std::fmt;

use crate::message::middle;

/// `FAIL <verb> <code> [<context>] :<text>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fail<'a> {
    /// The verb that failed, or `*`.
    pub verb: &'a str,
    /// For programs.
    pub code: &'a str,
    /// What the verb was about: a file, a room.
    pub context: Option<&'a str>,
    /// For people.
    pub text: &'a str,
}

impl<'a> Fail<'a> {
    /// Reads the parameters of a line `FAIL`.
    pub fn parse(params: &[&'a str]) -> Option<Self> {
        let &[verb, code, ref context @ .., text] = params else { return None };
        Some(Fail { verb, code, context: context.first().copied(), text })
    }
}

impl fmt::Display for Fail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAIL {} {}", self.verb, self.code)?;
        if let Some(context) = self.context {
            write!(f, " {}", middle(context))?;
        }
        write!(f, " :{}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn both_ends_agree() {
        let with = Fail { verb: "FILE", code: "TOO_MANY", context: Some("u1"), text: "Cancel one first" };
        for fail in [with, Fail { context: None, ..with }] {
            let line = fail.to_string();
            let message = Message::parse(&line).unwrap();
            assert_eq!(Fail::parse(&message.params), Some(fail));
        }
        assert_eq!(Fail { context: Some(":a b"), ..with }.to_string(), "FAIL FILE TOO_MANY _a_b :Cancel one first");
        assert_eq!(Fail::parse(&["FILE", "TOO_MANY"]), None);
    }
}
