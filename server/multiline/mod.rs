//! The wing multiline: messages of several rows, which a client sends as a batch (`IRCv3` draft/multiline).
//!
//! Its verbs run in client threads, under the registry's lock, and keep what has come of a batch with the client. A whole
//! batch is one message of the core, which knows its form ([`crate::core::rows`]): each recipient gets it in one piece, or not
//! at all.
//!
//! - [`batch`]: the verb BATCH, and the rows of an open batch
//! - [`limits`]: every number
//!
//! Hooks: verbs, two of them in place of the core's, and capabilities.

mod batch;
mod limits;

use std::sync::Arc;

use crate::core::context::{Command, Wing};
use crate::core::event::Caps;
use crate::core::messages::{self, Kind};

pub struct Multiline;

/// With the limits of [`limits`].
const VALUE: &str = "draft/multiline=max-bytes=8192,max-lines=100";

impl Wing for Multiline {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        vec![
            Command::new("BATCH", 1, batch::batch),
            Command::new("PRIVMSG", 0, |ctx, message| {
                if !batch::takes(ctx, message, Kind::Privmsg) {
                    messages::privmsg(ctx, message);
                }
            }),
            Command::new("NOTICE", 0, |ctx, message| {
                if !batch::takes(ctx, message, Kind::Notice) {
                    messages::notice(ctx, message);
                }
            }),
        ]
    }

    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        &[("batch", Caps::BATCH), (VALUE, Caps::MULTILINE)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rows::MULTILINE;

    #[test]
    fn the_capability_says_the_limits() {
        let (bytes, rows) = (limits::MULTILINE_BYTES, limits::MULTILINE_ROWS);
        assert_eq!(VALUE, format!("{MULTILINE}=max-bytes={bytes},max-lines={rows}"));
    }
}
