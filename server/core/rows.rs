//! Messages of several rows: their form on the wire (`IRCv3` draft/multiline), which is also the form in which they are
//! stored.
//!
//! Pure functions, called by client threads.

use std::fmt::Write as _;

use wire::limits::LINE;
use wire::message::Message;

/// The type of such a batch, which is also the name of the capability.
pub const MULTILINE: &str = "draft/multiline";
/// The tag of a row that goes on where the one before it has ended, without a line break.
pub const CONCAT: &str = "draft/multiline-concat";

/// One row of a message, as its sender has cut it: most messages have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    pub text: &'a str,
    /// No line break stands before it.
    pub continues: bool,
}

/// A message of several rows, without the tags of its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<'a> {
    pub source: &'a str,
    pub verb: &'a str,
    pub target: &'a str,
    /// Names the batch within the connection. Batches never overlap there.
    pub reference: &'a str,
    pub rows: Vec<Row<'a>>,
}

impl<'a> Batch<'a> {
    /// All its lines, for those who know such batches; without the end of the last one.
    pub fn lines(&self) -> String {
        let Batch { source, verb, target, reference, rows } = self;
        let mut lines = format!(":{source} BATCH +{reference} {MULTILINE} {target}\r\n");
        for Row { text, continues } in rows {
            let concat = if *continues { format!(";{CONCAT}") } else { String::new() };
            // Writing into a String cannot fail.
            let _ = write!(lines, "@batch={reference}{concat} :{source} {verb} {target} :{text}\r\n");
        }
        lines + "BATCH -" + reference
    }

    /// The lines for all others: the rows as their sender has cut them, but for empty ones.
    pub fn plain_lines(&self) -> Vec<String> {
        let Batch { source, verb, target, rows, .. } = self;
        let rows = rows.iter().filter(|row| !row.text.is_empty());
        rows.map(|row| format!(":{source} {verb} {target} :{}\r\n", row.text)).collect()
    }

    /// Reads what [`Batch::lines`] has written, and nothing else.
    pub fn parse(lines: &'a str) -> Option<Self> {
        let (first, rest) = lines.split_once("\r\n")?;
        let opening = Message::parse(first)?;
        let [reference, _, target] = opening.params[..] else { return None };
        let mut batch = Batch {
            source: opening.source?,
            verb: "",
            target,
            reference: reference.strip_prefix('+')?,
            rows: Vec::new(),
        };
        for line in rest.split("\r\n").filter(|line| line.starts_with('@')) {
            let message = Message::parse(line)?;
            batch.verb = message.verb;
            let continues = message.tag(CONCAT).is_some();
            batch.rows.push(Row { text: message.params.get(1)?, continues });
        }
        let fits = |line: &str| line.split_once(" :").is_some_and(|(_, line)| 1 + line.len() + 2 <= LINE);
        let is_text = |row: &Row<'_>| !row.text.contains(['\r', '\n', '\0']);
        let is_whole = batch.lines() == lines
            && batch.rows.iter().all(is_text)
            && lines.lines().filter(|line| line.starts_with('@')).all(fits);
        (is_whole && !batch.plain_lines().is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, continues: bool) -> Row<'_> {
        Row { text, continues }
    }

    #[test]
    fn rows_have_two_forms_and_come_back_from_the_first() {
        let rows = vec![row(":one ", false), row("two", true), row("", false), row("three", false)];
        let batch = Batch { source: "a!a@h", verb: "PRIVMSG", target: "#x", reference: "2a", rows };
        let lines = [
            ":a!a@h BATCH +2a draft/multiline #x\r\n",
            "@batch=2a :a!a@h PRIVMSG #x ::one \r\n",
            "@batch=2a;draft/multiline-concat :a!a@h PRIVMSG #x :two\r\n",
            "@batch=2a :a!a@h PRIVMSG #x :\r\n",
            "@batch=2a :a!a@h PRIVMSG #x :three\r\n",
            "BATCH -2a",
        ];
        assert_eq!(batch.lines(), lines.concat());
        let plain = [":one ", "two", "three"].map(|text| format!(":a!a@h PRIVMSG #x :{text}\r\n"));
        assert_eq!(batch.plain_lines(), plain);
        assert_eq!(Batch::parse(&batch.lines()), Some(batch));
    }

    #[test]
    fn a_damaged_batch_is_none() {
        let rows = vec![row("one", false), row("two", true)];
        let whole = Batch { source: "a!a@h", verb: "NOTICE", target: "bob", reference: "1", rows }.lines();
        for cut in 0..whole.len() {
            assert_eq!(Batch::parse(&whole[..cut]), None, "{cut} bytes of it");
        }
        for (from, to) in [
            ("+1", "+2"),
            ("NOTICE bob :one", "NOTICE al :one"),
            ("@batch=1 ", "@batch=1;x "),
            ("NOTICE bob :t", "PRIVMSG bob :t"),
        ] {
            assert_eq!(Batch::parse(&whole.replace(from, to)), None, "{to}");
        }
        assert_eq!(Batch::parse(&whole.replace("one", &"x".repeat(LINE))), None);
        assert_eq!(Batch::parse(&whole.replace("one", "").replace("two", "")), None, "nothing is in it");
    }
}
