//! Messages of several rows as they come in: put together, so that all else of the client sees one message.
//!
//! Part of the state and thus under its lock. The receiver thread feeds it.

use super::limits::{BATCH_BYTES, OPEN_BATCHES};
use super::rows::{BATCH, CONCAT, MULTILINE, is_blank};
use wire::message::Message;

/// Messages of several rows that have not come as a whole yet. Batches of other kinds are let through line by line.
#[derive(Default)]
pub struct Batches(Vec<Whole>);

/// A message whose rows have come in a batch.
#[derive(Default)]
pub struct Whole {
    reference: String,
    raw_tags: String,
    source: Option<String>,
    verb: String,
    target: String,
    text: String,
    rows: usize,
}

/// What a line from the server is.
pub enum Taken {
    /// A message by itself.
    Apart,
    /// A part of one that is to come.
    Kept,
    /// The last part of this one.
    Whole(Whole),
}

impl Batches {
    pub fn take(&mut self, message: &Message<'_>) -> Taken {
        let first = message.params.first().copied().unwrap_or_default();
        let is_batch = message.verb == "BATCH";
        if let Some(reference) = first.strip_prefix('+').filter(|_| is_batch && message.param(1) == Some(MULTILINE)) {
            // Rows of one more than may be open come one by one.
            if self.0.len() < OPEN_BATCHES && self.position(reference).is_none() {
                let (reference, raw_tags) = (reference.to_owned(), message.raw_tags.to_owned());
                self.0.push(Whole {
                    reference,
                    raw_tags,
                    source: message.source.map(str::to_owned),
                    ..Whole::default()
                });
            }
            return Taken::Kept;
        }
        if let Some(at) = first.strip_prefix('-').filter(|_| is_batch).and_then(|reference| self.position(reference)) {
            return self.0.remove(at).or_nothing();
        }
        let reference = message.tag(BATCH).filter(|_| ["PRIVMSG", "NOTICE"].contains(&message.verb));
        match reference.and_then(|reference| self.position(&reference)) {
            Some(at) => self.0[at].add(message),
            None if is_batch => Taken::Kept,
            None => Taken::Apart,
        }
    }

    fn position(&self, reference: &str) -> Option<usize> {
        self.0.iter().position(|open| open.reference == reference)
    }
}

impl Whole {
    /// Adds a row. A message that gets too long is shown in parts.
    fn add(&mut self, row: &Message<'_>) -> Taken {
        let text = row.params.get(1).copied().unwrap_or_default();
        let mut taken = Taken::Kept;
        if self.rows > 0 && self.text.len() + 1 + text.len() > BATCH_BYTES {
            let (reference, source) = (self.reference.clone(), self.source.clone());
            taken = std::mem::replace(self, Whole { reference, source, ..Whole::default() }).or_nothing();
        }
        if self.rows == 0 {
            row.verb.clone_into(&mut self.verb);
            row.params.first().copied().unwrap_or_default().clone_into(&mut self.target);
            self.source = self.source.take().or_else(|| row.source.map(str::to_owned));
        } else if row.tags().all(|(key, _)| key != CONCAT) {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.rows += 1;
        taken
    }

    fn or_nothing(self) -> Taken {
        if is_blank(&self.text) { Taken::Kept } else { Taken::Whole(self) }
    }

    /// As if it had come in one line.
    pub fn message(&self) -> Message<'_> {
        let params = vec![&*self.target, &*self.text];
        Message { raw_tags: &self.raw_tags, source: self.source.as_deref(), verb: &self.verb, params }
    }
}

#[cfg(test)]
mod tests;
