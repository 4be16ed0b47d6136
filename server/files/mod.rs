//! The wing files: people send each other files of any size over connections of their own, so that the chat never
//! waits.
//!
//! The verb FILE runs in the client's thread, under the registry's lock; each data connection has a thread of its own.
//! The table of files has a lock of its own, which is taken only after the registry's; disk calls happen while neither
//! is held.
//!
//! - [`verbs`]: the verb FILE; [`list`]: its list
//! - [`data_connection`]: PUT and GET on the same port, and downloads; [`upload`]: uploads; [`guard`]: their place in
//!   the table
//! - [`notify`]: the lines that tell recipients and senders of a file, and the mail for a recipient who is not
//!   connected
//! - [`store`]: the table, the spool and the mail together
//! - [`table`]: the files; [`shared_file`]: one of them; [`tokens`]: what opens its data connections
//! - [`people`]: senders and recipients; [`ids`]: the numbers of files and people
//! - [`usage`]: how much of the spool each party has; [`room`]: room for more
//! - [`spool`]: the files on the disk; [`journal`]: what has happened to each; [`recovery`]: what a server finds there
//! - [`options`]: the command line; [`limits`]: every number
//!
//! Hooks: verb and capability; the start; housekeeping; the first line of a connection that is no chat; a client that
//! gives up its name.

mod data_connection;
mod guard;
mod ids;
mod journal;
mod limits;
mod list;
mod notify;
mod options;
mod people;
mod recovery;
mod room;
mod shared_file;
mod spool;
mod store;
mod table;
mod tokens;
mod upload;
mod usage;
mod verbs;

use std::sync::Arc;

use crate::core::client::Client;
use crate::core::context::{Command, Connection, End, Wing};
use crate::core::event::Caps;
use crate::core::server::Server;

use data_connection::Request;
pub use options::FileOptions;
pub use store::Files;

impl Wing for Files {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        vec![Command::new("FILE", 1, move |ctx, message| verbs::file(&self, ctx, message)).with_random_bytes()]
    }

    fn capabilities(&self) -> &'static [(&'static str, Caps)] {
        &[("groupchat.local/files", notify::FILES)]
    }

    fn started(&self, server: &Server) {
        // No client is connected that could be sent a stored message yet.
        let _ = self.mail.other_verb.set(("FILE", notify::restore));
        self.expire(server);
        notify::notify_missed(self, server);
    }

    fn housekeeping(&self, server: &Server) {
        self.expire(server);
    }

    fn take_over(&self, connection: &Connection, first_line: &str, rest: &[u8]) -> Option<End> {
        let request = Request::parse(first_line)?;
        Some(data_connection::serve(self, connection, &request, rest))
    }

    fn keeps_for(&self, folded: &str) -> bool {
        self.table().people.is_name(folded)
    }

    fn gave_up_nick(&self, client: &Client, old: &str, new: Option<&str>) {
        match new {
            Some(new) if client.registered => self.table().people.rename(old, new),
            None if client.renamed => self.table().people.leave(old),
            _ => {}
        }
    }
}
