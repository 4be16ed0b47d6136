//! The hooks of the directory.
//!
//! The receiver thread calls them, with the state locked; no lock of their own.

use super::commands;
use super::listing::{DirectoryEvent, LISTING, rooms};
use crate::core::client::{Client, Command, Wing};
use crate::core::state::State;
use std::sync::Arc;
use wire::directory_line::DirectoryLine;
use wire::fail::Fail;
use wire::message::Message;

/// The wing.
pub struct Directory;

impl Wing for Directory {
    fn commands(self: Arc<Self>) -> Vec<Command> {
        commands::table()
    }

    fn message(&self, _: &Client, state: &mut State, message: &Message<'_>) -> bool {
        match DirectoryLine::parse(message.verb, &message.params) {
            Some(DirectoryLine::Item { .. }) => {
                state.pending.oldest(LISTING).into_iter().for_each(|request| request.collect(&message.params));
            }
            Some(DirectoryLine::End) => end(state),
            Some(DirectoryLine::Made { name, address }) => {
                state.emit(DirectoryEvent::Made { name: name.to_owned(), address });
            }
            Some(DirectoryLine::Deleted { name }) => state.emit(DirectoryEvent::Deleted { name: name.to_owned() }),
            None => match Fail::parse(&message.params) {
                Some(Fail { verb: "GETDIR" | "MAKEROOM" | "DELETEROOM", text, .. }) if message.verb == "FAIL" => {
                    state.note(text);
                }
                _ => return false,
            },
        }
        true
    }
}

/// A listing has ended. One that asks for a single room is for the thread that waits for it.
fn end(state: &mut State) {
    match state.pending.oldest(LISTING) {
        Some(request) if request.about.is_empty() => {
            let rooms = rooms(&std::mem::take(&mut request.rows));
            state.pending.end(LISTING, "");
            state.emit(DirectoryEvent::Listing(rooms));
        }
        Some(request) => request.complete(),
        None => {}
    }
}
