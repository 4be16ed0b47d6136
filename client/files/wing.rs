//! The hooks of files.
//!
//! Called by the receiver thread and the main thread, most of them with the state locked.

use super::commands;
use super::limits::{EVER, RECONNECT, REDRAW};
use super::notifications;
use super::scheduler;
use super::shared::{CAPABILITY, Files, LIST};
use super::status;
use super::transfers::Job;
use crate::core::client::{Client, Command, Wing};
use crate::core::limits::NOTICEABLE;
use crate::core::state::State;
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use wire::fail::Fail;
use wire::message::Message;
use wire::text::pluralize;

impl Wing for Files {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        commands::table(&self)
    }

    fn capability(&self) -> Option<&'static str> {
        Some(CAPABILITY)
    }

    /// Files may have come while we were not connected, so their list is asked for.
    fn connected(&self, _: &Client, state: &mut State, is_first: bool) {
        if is_first {
            self.pending_uploads().belong_to(&state.model.nick);
        }
        let request = state.model.has_cap(CAPABILITY).then(|| state.pending.add(LIST, ""));
        let earlier = mem::replace(&mut self.lock().list_at_login, request);
        // The list that was just coming does not come any more.
        earlier.and_then(|number| state.pending.take(number));
        if request.is_some() {
            state.write(&["FILE LIST".to_owned()]);
        }
    }

    /// Goes on with the uploads that the last run of the client did not finish.
    fn ready(&self, client: &Client, state: &mut State) {
        if !state.model.has_cap(CAPABILITY) {
            return;
        }
        let uploads = self.pending_uploads().uploads();
        match uploads {
            Err(error) => state.note(format!("What you were sending last time cannot be read: {error}")),
            Ok(uploads) => uploads.into_iter().for_each(|upload| self.lock().add(Job::Upload(upload), None)),
        }
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

    /// While files move, their progress line is drawn anew: one that stands still shows that, too.
    fn tick(&self, client: &Client, state: &mut State) -> Option<Duration> {
        if state.leaving {
            return None;
        }
        scheduler::start(client, state, self);
        status::show(state, self);
        self.lock().running().next().map(|_| REDRAW)
    }

    /// Waits for the files under way, unless no server is there for them.
    fn finish(&self, client: &Client) -> Option<String> {
        let due = |state: &State| self.lock().due(|room| state.model.is_in(room));
        let mut state = client.wait_while(NOTICEABLE, |state| due(state) > 0);
        let count = due(&state);
        if count > 0 {
            let files = pluralize(count, "file");
            state.note(format!("Waiting for {files}; Ctrl-C leaves at once, and then it goes on next time"));
        }
        drop(state);
        loop {
            drop(client.wait_while(EVER, |state| due(state) > 0 && state.is_connected()));
            let state = client.wait_while(RECONNECT, |state| due(state) > 0 && !state.is_connected());
            match due(&state) {
                0 => return None,
                _ if !state.is_connected() => return Some("a file was not sent, or did not come".to_owned()),
                _ => {}
            }
        }
    }
}
