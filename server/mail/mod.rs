//! The wing mail: private messages are stored before they are delivered, so that none that is acknowledged gets lost,
//! and wait for people who are not connected.
//!
//! Its hooks run in client threads, the housekeeping in the main thread. The index of all mailboxes has a lock of its
//! own, which is taken only after the registry's; disk calls happen while neither is held.
//!
//! - [`delivery`]: the way of a message, from the sender's thread to the disk, to the recipient, and off the disk
//! - [`store`]: index and mailboxes; other wings store their own messages with it
//! - [`index`]: known names ([`names`]), the messages in each mailbox ([`message`]), who may store more ([`shares`])
//! - [`maildir`]: the mailboxes on the disk; [`stored`]: the form of a message there
//! - [`recovery`]: what the server reads when it starts
//! - [`housekeeping`]: what expires, and what the disk no longer needs
//! - [`console`]: who is known and not here
//! - [`options`]: the command line; [`limits`]: every number
//!
//! Hooks: a capability; the start and the housekeeping; the answer to a PING, also of a client that leaves; known names;
//! delivery to a person; a client that arrives or gives up its name; the console.

mod console;
pub mod delivery;
mod housekeeping;
mod index;
mod limits;
mod maildir;
mod message;
mod names;
mod options;
mod recovery;
mod shares;
pub mod store;
mod stored;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use wire::names::{casefold, eq_ignore_case};

use crate::core::client::Client;
use crate::core::context::{CommandContext, PrivateMessage, Wing};
use crate::core::event::Caps;
use crate::core::operator::ConsoleCommand;
use crate::core::server::Server;

pub use options::MailOptions;
pub use store::Mail;

impl Wing for Mail {
    fn console(self: Arc<Self>) -> Vec<ConsoleCommand> {
        let who = move |server: &Server, name: &str| {
            console::absent(&self, server, name);
            Ok(())
        };
        vec![ConsoleCommand::new("who", "[NAME]", "", who)]
    }

    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        &[(delivery::WAITED, delivery::SHOWS_TIME)]
    }

    fn started(&self, server: &Server) {
        server.set_run(self.run);
    }

    fn housekeeping(&self, server: &Server) {
        housekeeping::run(self, server);
    }

    fn keeps_for(&self, folded: &str) -> bool {
        self.index().has_mail(folded)
    }

    fn knows(&self, folded: &str) -> bool {
        self.index().knows(folded)
    }

    fn released(&self, folded: &str) -> io::Result<()> {
        self.index().forget(folded);
        housekeeping::write_names(self)
    }

    fn deliver(
        &self,
        ctx: &mut CommandContext<'_>,
        message: PrivateMessage,
    ) -> ControlFlow<Result<(), String>, PrivateMessage> {
        let party = Some(ctx.me().party);
        ControlFlow::Break(delivery::send(self, ctx, message, party))
    }

    fn gave_up_nick(&self, _client: &Client, old: &str, new: Option<&str>) {
        // With a change of case alone the name stays.
        if new.is_none_or(|new| !eq_ignore_case(old, new)) {
            self.index().gave_up(&casefold(old));
        }
    }

    fn acknowledged(&self, ctx: &mut CommandContext<'_>, token: &str) {
        delivery::acknowledge(self, ctx, token);
    }

    fn has_to_answer(&self, ctx: &mut CommandContext<'_>) -> bool {
        delivery::ask_last(ctx)
    }

    fn arrived(&self, ctx: &mut CommandContext<'_>) {
        delivery::arrive(self, ctx);
    }
}
