//! The lines of the input, and those of them that were refused: a script fails with these.
//!
//! Pure; part of the state and thus under its lock. A line is counted at a terminal as well, where nobody asks for it.

use super::limits::{REFUSED_LINES, SHOWN_LINE};
use super::rows::may_be_batch;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use wire::message::Message;
use wire::names::{self, eq_ignore_case};
use wire::text::{pluralize, truncate};

/// A line of the input. The number 0 stands for what the program does before it reads one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub number: u64,
    pub text: Arc<str>,
}

/// The line that is being carried out, and why earlier ones failed.
#[derive(Default)]
pub struct Script {
    pub current: Typed,
    /// The first refusal of each line, with the line, by its number.
    refused: BTreeMap<u64, String>,
    /// Lines beyond [`REFUSED_LINES`].
    more: usize,
}

/// A message that the server has not confirmed.
pub struct Sent {
    pub line: String,
    /// What was typed that it comes from.
    pub typed: Typed,
    /// The request that it makes.
    pub request: Option<u64>,
    /// The server has refused it.
    pub is_refused: bool,
}

impl Script {
    /// The next line of the input.
    pub fn begin(&mut self, text: &str) {
        self.current = Typed { number: self.current.number + 1, text: text.into() };
    }

    /// What a line asked for is not done.
    pub fn refuse(&mut self, typed: &Typed, why: &str) {
        if self.refused.contains_key(&typed.number) {
            return;
        }
        self.refused.insert(typed.number, format!("{typed}: {why}"));
        if self.refused.len() > REFUSED_LINES {
            self.refused.pop_last();
            self.more += 1;
        }
    }

    /// The same of the line that is being carried out.
    pub fn refuse_current(&mut self, why: &str) {
        self.refuse(&self.current.clone(), why);
    }

    /// The first refused line and why it was refused, and the numbers of the others.
    pub fn report(&self) -> Option<String> {
        let mut refused = self.refused.iter();
        let (_, first) = refused.next()?;
        let mut others: Vec<_> = refused.map(|(number, _)| number.to_string()).collect();
        if self.more > 0 {
            others.push(format!("and {} more", self.more));
        }
        Some(match others.len() {
            0 => first.clone(),
            1 if self.more == 0 => format!("{first}; also refused: line {}", others[0]),
            _ => format!("{first}; also refused: lines {}", others.join(", ")),
        })
    }
}

/// As the user is told about it: with its number, and as much of its text as tells it from others.
impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = truncate(&self.text, SHOWN_LINE);
        let dots = if shown.len() < self.text.len() { "..." } else { "" };
        match self.number {
            0 => f.write_str("before the first line"),
            number => write!(f, "line {number} ({shown}{dots})"),
        }
    }
}

/// How many lines of the input are not confirmed: a long text is one, although it takes several messages.
pub fn count<'a>(sent: impl Iterator<Item = &'a Sent>) -> usize {
    let mut numbers: Vec<_> = sent.map(|sent| sent.typed.number).collect();
    numbers.dedup();
    numbers.len()
}

/// A verb whose refusals name it and what it was about, so that they are not taken for those of other messages.
const NAMED: &str = "FILE";

/// Whether a refusal of a message that is to be sent could be taken for one of an unconfirmed message. Texts to the
/// same target are sent without a pause all the same: they would be refused for the same reason.
pub fn is_ambiguous<'a>(mut sent: impl Iterator<Item = &'a mut Sent>, verb: &str, params: &[&str]) -> bool {
    let text_to =
        |verb: &str, params: &[&str]| params.first().filter(|_| verb == "PRIVMSG").map(|to| names::casefold(to));
    let target = text_to(verb, params);
    let is_apart = |sent: &Sent| {
        let message = Message::parse(&sent.line);
        message.is_none_or(|message| {
            message.verb == NAMED || target.is_some() && text_to(message.verb, &message.params) == target
        })
    };
    verb != NAMED && sent.any(|sent| !is_apart(sent))
}

/// The message that a refusal is about: a refusal names the verb or the first parameters of it. The server carries
/// messages out in order, so the oldest one is meant that was not refused before.
///
/// `verb` is that of the message, if this kind of refusal belongs to one alone.
pub fn refused<'a>(sent: impl Iterator<Item = &'a mut Sent>, verb: &str, about: &[&str]) -> Option<&'a mut Sent> {
    let is_named = |word: &str| eq_ignore_case(word, NAMED);
    let names_it = is_named(verb) || about.iter().any(|about| is_named(about));
    let is_batch = eq_ignore_case(verb, "BATCH");
    let can_be_it = |sent: &Sent| Message::parse(&sent.line).is_some_and(|it| (it.verb == NAMED) == names_it);
    let mut open: Vec<_> = sent.filter(|sent| !sent.is_refused && can_be_it(sent)).collect();
    let rank = |sent: &Sent| {
        if is_batch {
            return usize::from(may_be_batch(&sent.line));
        }
        let Some(message) = Message::parse(&sent.line) else { return 0 };
        // What follows may be text that only looks like it.
        let named = if message.verb == "PRIVMSG" { 1 } else { 2 };
        let words = || std::iter::once(message.verb).chain(message.params.iter().take(named).copied());
        let is_named = words().any(|word| about.iter().any(|about| eq_ignore_case(word, about)));
        let is_verb = eq_ignore_case(message.verb, verb);
        2 * usize::from(is_verb) + usize::from(is_named && (is_verb || verb.is_empty()))
    };
    let best = (0..open.len()).min_by_key(|&at| std::cmp::Reverse(rank(open[at])))?;
    Some(open.swap_remove(best))
}

/// The sentence about lines that the server has not confirmed.
pub fn undelivered(count: usize) -> Option<String> {
    let (lines, verb) = (pluralize(count, "line"), if count == 1 { "was" } else { "were" });
    (count > 0).then(|| format!("{lines} {verb} not delivered: the server did not confirm in time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(number: u64, text: &str) -> Typed {
        Typed { number, text: text.into() }
    }

    fn sent(lines: &[&str]) -> Vec<Sent> {
        let sent = |(number, line): (u64, &&str)| Sent {
            line: (*line).to_owned(),
            typed: typed(number, ""),
            request: None,
            is_refused: false,
        };
        (1..).zip(lines).map(sent).collect()
    }

    #[test]
    fn the_first_refused_line_is_named_and_the_others_are_counted() {
        let mut script = Script::default();
        assert_eq!(script.report(), None);
        script.refuse(&typed(7, "@bob hi"), "Nobody is called bob");
        assert_eq!(script.report().as_deref(), Some("line 7 (@bob hi): Nobody is called bob"));
        script.refuse(&typed(2, "/foo"), "Unknown command /foo");
        script.refuse(&typed(2, "/foo"), "something that follows from it");
        assert_eq!(script.report().as_deref(), Some("line 2 (/foo): Unknown command /foo; also refused: line 7"));
        (10..).take(REFUSED_LINES).for_each(|number| script.refuse(&typed(number, "x"), "no"));
        let report = script.report().unwrap();
        assert!(report.starts_with("line 2 (/foo): Unknown command /foo; also refused: lines 7, 10, 11, "), "{report}");
        assert!(report.ends_with(", and 2 more"), "{report}");
    }

    #[test]
    fn a_long_line_is_named_by_its_beginning() {
        let mut script = Script::default();
        script.begin(&"é".repeat(1000));
        let named = script.current.to_string();
        assert!(named.starts_with("line 1 (éé") && named.ends_with("é...)") && named.len() < 100, "{named}");
    }

    #[test]
    fn a_refusal_belongs_to_the_oldest_message_that_it_can_be_about() {
        let mut all = sent(&[
            "PRIVMSG #lobby nobody",
            "@+groupchat.local/id=1 PRIVMSG nobody :hi",
            "WHOIS ann",
            "@+groupchat.local/id=2 PRIVMSG NOBODY :ho",
            "PRIVMSG #x hi",
            "JOIN #x",
            "FOO",
        ]);
        let mut about = |verb, about: &[&str]| {
            let sent = refused(all.iter_mut(), verb, about)?;
            sent.is_refused = true;
            Some(sent.typed.number)
        };
        assert_eq!(about("", &["nobody"]), Some(2));
        assert_eq!(about("", &["nobody"]), Some(4));
        assert_eq!(about("JOIN", &["#X"]), Some(6));
        assert_eq!(about("PRIVMSG", &["#x"]), Some(5));
        assert_eq!(about("", &["FOO"]), Some(7));
        assert_eq!(about("", &["what is that?"]), Some(1), "in order");
        assert_eq!(about("NICK", &["ann"]), Some(3));
        assert_eq!(about("", &["ann"]), None);
    }

    #[test]
    fn only_texts_to_one_target_and_requests_about_files_may_be_under_way_together() {
        let ambiguous = |lines: &[&str], verb, params: &[&str]| is_ambiguous(sent(lines).iter_mut(), verb, params);
        let texts = ["PRIVMSG #lobby :one", "@+groupchat.local/id=1 PRIVMSG #LOBBY :two", "FILE LIST"];
        assert!(!ambiguous(&[], "MODE", &["#lobby"]));
        assert!(!ambiguous(&texts, "PRIVMSG", &["#lobby", "three"]));
        assert!(!ambiguous(&texts, "FILE", &["LIST"]));
        assert!(!ambiguous(&["FILE LIST"], "WHO", &["#lobby"]));
        assert!(ambiguous(&texts, "PRIVMSG", &["bob", "#lobby"]));
        assert!(ambiguous(&texts, "MODE", &["#lobby", "+k", "a,b"]));
        assert!(ambiguous(&["WHO #lobby"], "PRIVMSG", &["#lobby", "hi"]));
        assert!(ambiguous(&["WHO #lobby"], "WHO", &["#lobby"]));
    }

    #[test]
    fn a_request_about_a_file_is_refused_by_name_alone() {
        let mut all = sent(&["FILE LIST", "WHOIS ann"]);
        let mut about = |verb, about: &[&str]| refused(all.iter_mut(), verb, about).map(|sent| sent.typed.number);
        assert_eq!(about("", &["what is that?"]), Some(2));
        assert_eq!(about("", &["FILE"]), Some(1));
        assert_eq!(about("FILE", &["7"]), Some(1));
        let mut texts = sent(&["PRIVMSG #lobby hi"]);
        assert!(refused(texts.iter_mut(), "FILE", &["7"]).is_none());
    }

    #[test]
    fn a_line_in_several_messages_counts_once() {
        let mut all = sent(&["PRIVMSG a 1", "PRIVMSG a 2", "PRIVMSG a 3"]);
        all[1].typed = typed(1, "");
        assert_eq!(count(all.iter()), 2);
    }
}
