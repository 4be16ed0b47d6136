//! The wing directory: where multicast rooms meet. What is said in these rooms the server never sees.
//!
//! Its verbs run in client threads, under the registry's lock, which they release while they wait for the disk. The
//! table has a lock of its own, which is taken only after the registry's.
//!
//! - [`verbs`]: GETDIR, MAKEROOM, DELETEROOM
//! - [`table`]: the rooms; [`file`]: the same on the disk; [`limits`]: every number
//!
//! Hooks: verbs.

mod file;
mod limits;
mod table;
mod verbs;

use std::path::Path;
use std::sync::Arc;

use wire::fail::Fail;
use wire::message::Message;

use crate::core::context::{Command, CommandContext, Wing};
use crate::core::log::{Log, Trouble};

use verbs::{Rooms, Verb};

pub struct Directory(Rooms);

impl Directory {
    /// With `encrypted`, rooms get keys: the server has TLS, by which to hand them out. An error is one sentence.
    pub fn open(data: &Path, log: &Log, encrypted: bool) -> Result<Arc<Self>, String> {
        let (file, table, warnings) = file::DirectoryFile::open(data)?;
        warnings.iter().for_each(|warning| log.line(warning));
        let not_written = Trouble::default();
        Ok(Arc::new(Directory(Rooms { table: table.into(), file, encrypted, not_written })))
    }
}

impl Wing for Directory {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        let answer = |run: Verb| {
            let directory = Arc::clone(&self);
            move |ctx: &mut CommandContext<'_>, message: &Message<'_>| {
                if let Err((code, text)) = run(&directory.0, ctx, message) {
                    let (verb, context) = (&*message.verb.to_ascii_uppercase(), message.params.first().copied());
                    ctx.replies.fail(Fail { verb, code, context, text: &text });
                }
            }
        };
        vec![
            Command::new("GETDIR", 0, answer(Rooms::getdir)),
            Command::new("MAKEROOM", 3, answer(Rooms::makeroom)).with_random_bytes(),
            Command::new("DELETEROOM", 1, answer(Rooms::deleteroom)),
        ]
    }
}
