//! The hooks of the directory, and its commands.
//!
//! The receiver thread calls the hooks, with the state locked; the main thread runs the commands. No lock of its own.

use super::listing::{DirectoryEvent, LISTING, rooms, without_mark};
use crate::core::client::{Client, Command, Wing};
use crate::core::pending::Request;
use crate::core::state::State;
use std::sync::Arc;
use wire::directory_line::DirectoryLine;
use wire::fail::Fail;
use wire::message::Message;

/// The wing.
pub struct Directory;

impl Wing for Directory {
    #[rustfmt::skip]
    fn commands(self: Arc<Self>) -> Vec<Command> {
        vec![
            Command::new("/getdir", "", &[],
                "List the multicast rooms: where their members meet, and who made them",
                |client, _| _ = client.request(LISTING, "", "GETDIR", &[])),
            Command::new("/makeroom", "NAME ADDRESS PORT", &[],
                "Put a multicast room into the directory: /makeroom lab 239.1.2.3 4000", makeroom),
            Command::new("/deleteroom", "NAME", &[], "Take a multicast room of yours out of the directory",
                |client, name| client.send("DELETEROOM", &[without_mark(name)])),
        ]
    }

    fn message(&self, _: &Client, state: &mut State, message: &Message<'_>) -> bool {
        match DirectoryLine::parse(message.verb, &message.params) {
            Some(DirectoryLine::Item { .. }) => {
                state.pending.oldest(LISTING).into_iter().for_each(|request| request.collect(&message.params));
            }
            Some(DirectoryLine::End) => {
                if let Some(request) = end(state) {
                    state.emit(DirectoryEvent::Listing(rooms(&request.rows)));
                }
            }
            Some(DirectoryLine::Made { name, address }) => {
                state.emit(DirectoryEvent::Made { name: name.to_owned(), address });
            }
            Some(DirectoryLine::Deleted { name }) => state.emit(DirectoryEvent::Deleted { name: name.to_owned() }),
            None if message.verb == "421"
                && let Some(verb @ ("GETDIR" | "MAKEROOM" | "DELETEROOM")) = message.param(1) =>
            {
                let sentence = "This server has no directory of multicast rooms";
                state.refused(verb, &[], sentence);
                state.note(sentence);
                if verb == "GETDIR" {
                    end(state);
                }
            }
            None => match Fail::parse(&message.params).filter(|_| message.verb == "FAIL") {
                Some(Fail { verb: verb @ ("GETDIR" | "MAKEROOM" | "DELETEROOM"), context, text, .. }) => {
                    if verb == "GETDIR" {
                        end(state);
                    }
                    state.refused(verb, context.as_slice(), text);
                    state.note(text);
                }
                _ => return false,
            },
        }
        true
    }
}

/// The oldest listing has ended, or was refused. One about a single room stays for the thread that waits for it.
fn end(state: &mut State) -> Option<Request> {
    let request = state.pending.oldest(LISTING)?;
    if !request.about.is_empty() {
        request.is_complete = true;
        return None;
    }
    let number = request.number;
    state.pending.take(number)
}

/// `/makeroom NAME ADDRESS PORT`
fn makeroom(client: &Client, arguments: &str) {
    // The server says what is wrong with the words.
    let mut words: Vec<&str> = arguments.split_whitespace().take(3).collect();
    words[0] = without_mark(words[0]);
    client.send("MAKEROOM", &words);
}
