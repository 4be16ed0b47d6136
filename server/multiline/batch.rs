//! BATCH, by which a client opens and closes a batch, and the rows in between.
//!
//! Runs in the client's thread, under the registry's lock. A batch is delivered when it is closed. At the first fault the
//! client is told, and the rest of the batch is dropped: half a message is none.

use std::mem;

use wire::fail::Fail;
use wire::message::{Message, middle};
use wire::names::eq_ignore_case;

use super::limits::{MULTILINE_BYTES, MULTILINE_ROWS};
use crate::core::context::CommandContext;
use crate::core::event::Caps;
use crate::core::messages::{self, Kind};
use crate::core::rows::{CONCAT, MULTILINE, Row};

/// What a client has of an open batch; kept with the client.
#[derive(Default)]
enum Batch {
    #[default]
    None,
    Open(Open),
    /// A fault was found, and the client was told. Its other rows are dropped up to the end of the batch.
    Failed,
}

struct Open {
    reference: String,
    target: String,
    /// The tags of the opening line, which are those of the message.
    raw_tags: String,
    /// The verb of the first row.
    kind: Option<Kind>,
    rows: Vec<(String, bool)>,
    /// Bytes of the text so far.
    bytes: usize,
    /// How many lines of the client had been rejected before.
    rejected: u64,
}

/// Why a batch is refused.
enum Fault {
    Bytes,
    Rows,
    Target { wanted: String, given: String },
    Other(&'static str),
}

const OTHER_REFERENCE: &str = "No batch of that name is open; nothing of it was sent";

/// `BATCH +<reference> draft/multiline <target>`, `BATCH -<reference>`
pub fn batch(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let result = if let Some(reference) = message.params[0].strip_prefix('+') {
        open(ctx, message, reference)
    } else if let Some(reference) = message.params[0].strip_prefix('-') {
        close(ctx, reference)
    } else {
        Err(Fault::Other("A batch begins with BATCH +name and ends with BATCH -name"))
    };
    if let Err(fault) = result {
        refuse(ctx, &fault);
    }
}

/// Adds a row to the client's batch; false for a message that is in none.
pub fn takes(ctx: &mut CommandContext<'_>, message: &Message<'_>, kind: Kind) -> bool {
    if message.raw_tags.is_empty() || message.tags().all(|(key, _)| key != "batch") {
        return false;
    }
    // A batch may be open although its client does not have the capability any more.
    if !can_send(ctx) && matches!(state(ctx), Batch::None) {
        return false;
    }
    let result = match state(ctx) {
        Batch::Failed => Ok(()),
        Batch::Open(open) => open.add(message, kind),
        Batch::None => Err(Fault::Other(OTHER_REFERENCE)),
    };
    if let Err(fault) = result {
        if !matches!(state(ctx), Batch::None) {
            *state(ctx) = Batch::Failed;
        }
        refuse(ctx, &fault);
    }
    true
}

fn can_send(ctx: &CommandContext<'_>) -> bool {
    let caps = ctx.me().caps;
    caps.has(Caps::BATCH) && caps.has(Caps::MULTILINE)
}

fn state<'a>(ctx: &'a mut CommandContext<'_>) -> &'a mut Batch {
    ctx.me_mut().wings.get_or_default()
}

fn open(ctx: &mut CommandContext<'_>, message: &Message<'_>, reference: &str) -> Result<(), Fault> {
    if matches!(state(ctx), Batch::Open(_)) {
        return Err(Fault::Other("One batch at a time: close the one that is open first"));
    }
    // The rows behind a line that is refused must not be taken for messages.
    *state(ctx) = Batch::Failed;
    if !can_send(ctx) {
        return Err(Fault::Other("Ask for the capabilities batch and draft/multiline first; nothing was sent"));
    }
    if message.param(1) != Some(MULTILINE) {
        return Err(Fault::Other("The only kind of batch that a client can send is draft/multiline"));
    }
    let target = message.param(2).filter(|target| !target.contains(','));
    let target = target.ok_or(Fault::Other("A batch has one target, which stands behind draft/multiline"))?;
    if reference.is_empty() {
        return Err(Fault::Other("A batch has a name, which stands behind the sign +"));
    }
    let rejected = ctx.me().rejected;
    let [reference, target, raw_tags] = [reference, target, message.raw_tags].map(str::to_owned);
    *state(ctx) = Batch::Open(Open { reference, target, raw_tags, kind: None, rows: Vec::new(), bytes: 0, rejected });
    Ok(())
}

impl Open {
    fn add(&mut self, message: &Message<'_>, kind: Kind) -> Result<(), Fault> {
        let target = message.param(0).unwrap_or_default();
        if message.tag("batch").as_deref() != Some(&self.reference) {
            return Err(Fault::Other(OTHER_REFERENCE));
        }
        if !eq_ignore_case(target, &self.target) {
            return Err(Fault::Target { wanted: self.target.clone(), given: target.to_owned() });
        }
        if *self.kind.get_or_insert(kind) != kind {
            return Err(Fault::Other("A batch has either PRIVMSG or NOTICE in it, not both"));
        }
        let Some(text) = message.params.get(1) else { return Err(Fault::Other("A row in the batch has no text")) };
        let is_concat = message.tags().any(|(key, _)| key == CONCAT);
        if is_concat && text.is_empty() {
            return Err(Fault::Other("An empty row cannot continue another one"));
        }
        let is_first = self.rows.is_empty();
        let continues = is_concat && !is_first;
        self.bytes += text.len() + usize::from(!continues && !is_first);
        self.rows.push(((*text).to_owned(), continues));
        if self.rows.len() > MULTILINE_ROWS {
            return Err(Fault::Rows);
        }
        if self.bytes > MULTILINE_BYTES { Err(Fault::Bytes) } else { Ok(()) }
    }
}

fn close(ctx: &mut CommandContext<'_>, reference: &str) -> Result<(), Fault> {
    let Open { target, raw_tags, kind, rows, rejected, .. } = match mem::take(state(ctx)) {
        Batch::Open(open) if open.reference == reference => open,
        Batch::Open(_) => {
            *state(ctx) = Batch::Failed;
            return Err(Fault::Other(OTHER_REFERENCE));
        }
        Batch::Failed => return Ok(()),
        Batch::None => return Err(Fault::Other(OTHER_REFERENCE)),
    };
    let Some(kind) = kind.filter(|_| rows.iter().any(|(text, _)| !text.is_empty())) else {
        return Err(Fault::Other("The batch has no text; nothing was sent"));
    };
    if ctx.me().rejected != rejected {
        return Err(Fault::Other("A line within the batch was rejected; nothing of the batch was sent"));
    }
    let rows: Vec<_> = rows.iter().map(|(text, continues)| Row { text, continues: *continues }).collect();
    ctx.lines = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    messages::write_rows(ctx, kind, &[&target], &rows, &raw_tags);
    Ok(())
}

fn refuse(ctx: &mut CommandContext<'_>, fault: &Fault) {
    let mut fail = |code, limit: usize, text: &str| {
        ctx.replies.fail(Fail { verb: "BATCH", code, context: Some(&limit.to_string()), text });
    };
    match fault {
        Fault::Bytes => fail("MULTILINE_MAX_BYTES", MULTILINE_BYTES, "The batch is too long; nothing of it was sent"),
        Fault::Rows => {
            fail("MULTILINE_MAX_LINES", MULTILINE_ROWS, "The batch has too many lines; nothing of it was sent");
        }
        Fault::Target { wanted, given } => {
            let line = format!("FAIL BATCH MULTILINE_INVALID_TARGET {} {}", middle(wanted), middle(given));
            ctx.replies
                .server_line(format_args!("{line} :A row is for another target than its batch; nothing was sent"));
        }
        Fault::Other(text) => ctx.replies.fail(Fail { verb: "BATCH", code: "MULTILINE_INVALID", context: None, text }),
    }
}
