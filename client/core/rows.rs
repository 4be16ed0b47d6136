//! Messages of several rows (`IRCv3` draft/multiline): cut to what fits, and put on the wire.
//!
//! Pure. The main thread cuts, any thread that holds the state's lock writes.

use super::limits::{MESSAGE_BYTES, MESSAGE_ROWS};
use wire::message::Message;
use wire::text::split_to_fit;

/// The capabilities of servers that take such messages.
pub const BATCH: &str = "batch";
pub const MULTILINE: &str = "draft/multiline";
/// The tag of a row that goes on where the one before it has ended.
pub const CONCAT: &str = "draft/multiline-concat";
/// The name of each batch of ours: they never overlap.
const OURS: &str = "m";

/// How long a message of several rows may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    bytes: usize,
    rows: usize,
}

impl Limits {
    /// Those that a server tells by the value of the capability, `max-bytes=8192,max-lines=100`, or our own if they are
    /// lower. `None` where such a message could hold no more than any other.
    pub fn parse(value: &str) -> Option<Self> {
        let number = |key| {
            let tokens = value.split(',').filter_map(|token| token.split_once('='));
            tokens.filter(|(name, _)| *name == key).find_map(|(_, number)| number.parse::<usize>().ok())
        };
        let rows = number("max-lines").unwrap_or(MESSAGE_ROWS).min(MESSAGE_ROWS);
        let bytes = number("max-bytes")?.min(MESSAGE_BYTES);
        (rows > 1 && bytes > wire::limits::LINE).then_some(Limits { bytes, rows })
    }
}

/// The rows of a text, each of at most so many bytes; with each whether it goes on where the one before it has ended.
fn rows(text: &str, space: usize) -> impl Iterator<Item = (&str, bool)> {
    text.split('\n').flat_map(move |line| {
        let is_empty = Some((line, false)).filter(|_| line.is_empty());
        is_empty.into_iter().chain(split_to_fit(line, space).enumerate().map(|(at, piece)| (piece, at > 0)))
    })
}

pub fn is_blank(row: &str) -> bool {
    row.trim().is_empty()
}

/// A text as the messages that it takes. Without limits the server takes one row in each. Blank rows are kept only
/// between others.
pub fn messages(text: &str, space: usize, limits: Option<Limits>) -> Vec<String> {
    let Some(limits) = limits else {
        return rows(text, space).map(|(row, _)| row.to_owned()).filter(|row| !is_blank(row)).collect();
    };
    let (mut messages, mut message, mut count) = (Vec::new(), String::new(), 0);
    for (row, continues) in rows(text, space) {
        if count == limits.rows || message.len() + 1 + row.len() > limits.bytes {
            messages.push(std::mem::take(&mut message));
            count = 0;
        }
        // Blank rows are none at the beginning.
        if count > 0 || !is_blank(row) {
            message.extend([if count > 0 && !continues { "\n" } else { "" }, row]);
            count += 1;
        }
    }
    messages.push(message);
    messages.into_iter().map(without_blank_end).filter(|message| !message.is_empty()).collect()
}

fn without_blank_end(mut message: String) -> String {
    while let Some((before, last)) = message.rsplit_once('\n')
        && is_blank(last)
    {
        let length = before.len();
        message.truncate(length);
    }
    message
}

/// Whether a message, as it is kept until the server has confirmed it, may have gone out in several rows.
pub fn may_be_batch(line: &str) -> bool {
    line.contains('\n') || line.len() > wire::limits::LINE - wire::limits::SOURCE
}

/// What a server takes.
#[derive(Clone, Copy)]
pub struct Takes {
    pub tags: bool,
    pub batches: bool,
}

/// The lines by which a message goes to a server; `space` says how much text fits a line to a target. Where the server
/// takes no batches, each row is a message with an id of its own.
pub fn on_the_wire(line: &str, takes: Takes, space: impl Fn(&str) -> usize) -> Vec<String> {
    let (tags, line) = line.strip_prefix('@').and_then(|line| line.split_once(' ')).unwrap_or(("", line));
    // A server that knows no tags takes a line without them.
    let tags = if takes.tags { tags } else { "" };
    let tagged = |tags: &str, line: &str| if tags.is_empty() { line.to_owned() } else { format!("@{tags} {line}") };
    let message = Message::parse(line).unwrap_or_default();
    let ("PRIVMSG", &[target, text]) = (message.verb, &message.params[..]) else { return vec![tagged(tags, line)] };
    let space = space(target);
    if text.len() <= space && !text.contains('\n') {
        return vec![tagged(tags, line)];
    }
    let privmsg = |row| Message { verb: "PRIVMSG", params: vec![target, row], ..Message::default() }.to_string();
    if !takes.batches {
        let rows = rows(text, space).filter(|(row, _)| !is_blank(row)).enumerate();
        let id = |at| if tags.is_empty() { String::new() } else { format!("{tags}-{at}") };
        return rows.map(|(at, (row, _))| tagged(&id(at), &privmsg(row))).collect();
    }
    let row = |(row, continues)| {
        let concat = if continues { format!(";{CONCAT}") } else { String::new() };
        format!("@batch={OURS}{concat} {}", privmsg(row))
    };
    let opening = tagged(tags, &format!("BATCH +{OURS} {MULTILINE} {target}"));
    let rows = rows(text, space).map(row);
    std::iter::once(opening).chain(rows).chain([format!("BATCH -{OURS}")]).collect()
}

#[cfg(test)]
mod tests;
