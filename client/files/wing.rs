//! The hooks of files.
//!
//! Called by the receiver thread and the main thread, most of them with the state locked.

use super::notifications;
use super::pending_uploads::PendingUploads;
use super::scheduler;
use super::shared::{CAPABILITY, Files, LIST};
use super::status;
use super::transfers::Job;
use super::{commands, upload};
use crate::core::client::{Client, Command, Wing};
use crate::core::state::State;
use std::sync::Arc;
use std::time::Duration;
use wire::fail::Fail;
use wire::message::Message;
use wire::text::pluralize;

/// A wait for files that is longer than this is explained to the user.
const NOTICEABLE: Duration = Duration::from_secs(1);
/// How long a user who leaves waits for a lost connection: time for the server to start again.
const RECONNECT: Duration = Duration::from_mins(1);

impl Wing for Files {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        commands::table(&self)
    }

    fn capability(&self) -> Option<&'static str> {
        Some(CAPABILITY)
    }

    /// Files may have come while we were not connected, so their list is asked for.
    fn connected(&self, _: &Client, state: &mut State, is_first: bool) {
        let mut transfers = self.lock();
        if is_first {
            transfers.pending_uploads = PendingUploads::of(&state.model.nick, &self.server);
        }
        // The list that was just coming does not come any more.
        transfers.list_at_login.take().and_then(|number| state.pending.take(number));
        if !state.model.has_cap(CAPABILITY) {
            return;
        }
        transfers.list_at_login = Some(state.pending.add(LIST, ""));
        state.write(&["FILE LIST".to_owned()]);
    }

    /// Goes on with the uploads that the last run of the client did not finish.
    fn ready(&self, client: &Client, state: &mut State) {
        if !state.model.has_cap(CAPABILITY) {
            return;
        }
        let mut transfers = self.lock();
        match transfers.pending_uploads.uploads() {
            Err(error) => state.note(format!("What you were sending last time cannot be read: {error}")),
            Ok(uploads) => {
                for upload in uploads {
                    let (name, target) = (upload::name_of(&upload.path), upload.target.clone());
                    transfers.add(Job::Upload(upload), false, &name, &target);
                }
            }
        }
        drop(transfers);
        scheduler::start(client, state, self);
    }

    fn message(&self, client: &Client, state: &mut State, message: &Message<'_>) -> bool {
        match (message.verb, Fail::parse(&message.params)) {
            ("FILE", _) => notifications::handle(client, state, self, message),
            ("FAIL", Some(fail)) if fail.verb == "FILE" => notifications::failed(state, self, &fail),
            _ => return false,
        }
        true
    }

    fn blacklisted(&self, nick: &str) {
        self.lock().stop_from(nick);
    }

    fn tick(&self, client: &Client, state: &mut State) {
        if !state.leaving {
            scheduler::start(client, state, self);
            status::show(state, self);
        }
    }

    /// Waits for the files under way, until one that was asked for has failed or no server is there for the rest.
    fn finish(&self, client: &Client) -> Option<String> {
        let due = |state: &State| self.lock().due(|room| state.model.is_in(room));
        let mut state = client.wait_while(NOTICEABLE, |state| due(state) > 0);
        let count = due(&state);
        if count > 0 {
            let files = pluralize(count, "file");
            state.note(format!("Waiting for {files}; Ctrl-C leaves at once, and then it goes on next time"));
        }
        drop(state);
        let failed = loop {
            let state = client.wait_while(NOTICEABLE, |state| due(state) > 0 && state.is_connected());
            if due(&state) == 0 {
                break self.lock().failed;
            }
            drop(state);
            let state = client.wait_while(RECONNECT, |state| due(state) > 0 && !state.is_connected());
            if due(&state) > 0 && !state.is_connected() {
                break true;
            }
        };
        failed.then(|| "a file was not sent, or did not come".to_owned())
    }
}
