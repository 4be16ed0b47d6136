//! The terminal beside the pages: its lines are read by a thread of its own, so that the main thread, which waits for them,
//! also goes on when a page answers a question or leaves the chat.
//!
//! ```text
//!   terminal ──> terminal_loop ("terminal" thread) ──line──┐
//!                      ^                                   v
//!                      └────────one demand per line──── main thread <──answer, quit── state <── "page" thread
//! ```
//!
//! Each line is read on demand, so what is typed ahead waits in the terminal, as it does without pages. The slot for a line
//! is filled and emptied with the state locked.

use crate::core::ask;
use crate::core::client::{Client, is_script};
use crate::core::input::{Refused, Source};
use crate::core::state::State;
use std::mem;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A line of the terminal, or its end.
type Typed = Option<Result<String, Refused>>;

/// The lines of a client that has a page.
pub struct WithPage {
    client: Arc<Client>,
    slot: Arc<Mutex<Option<Typed>>>,
    /// The thread reads a line for each.
    demands: Option<Sender<()>>,
    reader: Option<JoinHandle<()>>,
    is_reading: bool,
    /// There are no more lines: only pages go on.
    has_ended: bool,
}

impl WithPage {
    /// Reads the terminal from now on; an error is one sentence.
    pub fn new(client: &Arc<Client>, terminal: Box<dyn Source>) -> Result<Self, String> {
        let (client, slot, (demands, wanted)) = (Arc::clone(client), Arc::default(), mpsc::channel());
        let (share, filled) = (Arc::clone(&client), Arc::clone(&slot));
        let read = move || terminal_loop(&share, terminal, &wanted, &filled);
        let reader = thread::Builder::new().name("terminal".to_owned()).spawn(read);
        let reader = Some(reader.map_err(|error| format!("cannot start a thread: {error}"))?);
        Ok(WithPage { client, slot, demands: Some(demands), reader, is_reading: false, has_ended: false })
    }
}

impl Source for WithPage {
    fn next_line(&mut self) -> Typed {
        loop {
            if !self.is_reading && !self.has_ended {
                // Should the thread have failed, it is as if nothing were typed.
                let _ = self.demands.as_ref().map(|demands| demands.send(()));
                self.is_reading = true;
            }
            let slot = || self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            // The page that leaves gets its answer first.
            let has_quit = |state: &State| state.quit.is_some() && !state.has_turn;
            let waiting = |state: &State| slot().is_none() && state.questions.answer.is_none() && !has_quit(state);
            let mut state = self.client.wait_while(Duration::MAX, waiting);
            if let Some(answer) = state.questions.answer.take() {
                return Some(Ok(answer));
            }
            // Without a line, the user has left.
            let typed = slot().take()?;
            drop(state);
            self.is_reading = false;
            // Where lines come from no terminal, their end is not the end of the chat.
            self.has_ended = typed.is_none() && is_script();
            if !self.has_ended {
                return typed;
            }
        }
    }
}

impl Drop for WithPage {
    /// The terminal gets its modes back.
    fn drop(&mut self) {
        self.demands = None;
        if self.is_reading {
            // Nothing interrupts the thread.
            self.client.wings.iter().for_each(|wing| wing.settle(false));
        } else {
            let _ = self.reader.take().map(JoinHandle::join);
        }
    }
}

/// Reads a line whenever one is wanted.
fn terminal_loop(client: &Client, mut terminal: Box<dyn Source>, demands: &Receiver<()>, slot: &Mutex<Option<Typed>>) {
    for () in demands {
        let mut typed = terminal.next_line();
        let mut state = client.lock();
        let is_outdated = mem::take(&mut state.questions.has_outdated_line);
        typed = match typed {
            Some(Ok(line)) if is_outdated => Some(Err(Refused::outdated(line))),
            typed => typed,
        };
        let is_answer = matches!(typed, Some(Ok(_))) || typed.is_none() && !is_script();
        if is_answer {
            ask::close(&mut state);
        }
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(typed);
        drop(state);
        client.signal();
    }
}
