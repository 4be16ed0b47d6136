//! Starts the thread of each transfer when its turn has come, and says how the transfer ended.
//!
//! Called by the receiver thread, by commands and by the threads of transfers.

use super::event::FileEvent;
use super::offer::Offer;
use super::shared::Files;
use super::status;
use super::task::{Ended, Task};
use super::transfers::TransferError::{Cancelled, LocalFile, Lost, Permanent, Refused};
use super::transfers::{Cancel, Job};
use super::{download, upload};
use crate::core::client::Client;
use crate::core::event::Event;
use crate::core::state::State;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use wire::file_line::FileState;

/// Starts the transfers that wait, as far as there are places.
pub fn start(client: &Client, state: &mut State, files: &Files) {
    loop {
        let next = files.lock().next(|room| state.model.is_in(room));
        let (Some((number, job)), Some(client), Some(shared)) = (next, client.share(), files.share()) else { return };
        let thread = thread::Builder::new().name(format!("transfer {number}"));
        if let Err(error) = thread.spawn(move || transfer_thread(&client, &shared, number, job)) {
            let sentence = format!("There is no thread for another transfer: {error}");
            finish(state, files, number, Err(Permanent(sentence)));
        }
    }
}

/// One transfer, from its turn to its end; then the next one starts.
fn transfer_thread(client: &Arc<Client>, files: &Files, number: u64, job: Job) {
    let task = Task { client, files, number };
    let run = || match job {
        Job::Upload(upload) => upload::run(task, upload),
        Job::Download(id) => download::run(task, id),
    };
    // A transfer that never ended would keep a script from ending as well.
    let ended = panic::catch_unwind(AssertUnwindSafe(run));
    let internal = || Err(Permanent("A transfer ended by an internal error".to_owned()));
    let mut state = client.lock();
    finish(&mut state, files, number, ended.unwrap_or_else(|_| internal()));
    start(client, &mut state, files);
    drop(state);
    client.signal();
}

/// Takes a transfer off the table, and says how it ended.
fn finish(state: &mut State, files: &Files, number: u64, ended: Ended) {
    let mut transfers = files.lock();
    let Some(transfer) = transfers.remove(number) else { return };
    if let Job::Download(id) = transfer.job {
        transfers.mark_done(id);
        if ended.is_ok() {
            transfers.mark_received(id);
        }
    }
    if let (Ok(FileEvent::Sent { name, size, crc, target, .. }), Some(id)) = (&ended, transfer.id) {
        let (sender, target, name) = (state.model.nick.clone(), target.clone(), name.clone());
        transfers.learn(Offer { id, sender, target, size: *size, crc: *crc, state: FileState::Sent, name });
    }
    let conversation = match transfer.job {
        Job::Upload(_) => Some(transfer.peer.clone()),
        Job::Download(id) => transfers.offers.get(&id).map(|offer| offer.conversation().to_owned()),
    };
    drop(transfers);
    let (name, wanted) = (transfer.name, transfer.wanted);
    let event = match (ended, transfer.job) {
        (Ok(done), _) => Some(done),
        (Err(Lost(why) | Refused(why) | Permanent(why) | LocalFile(why)), _) => Some(FileEvent::Failed(why)),
        (Err(Cancelled(Cancel::ByUser)), Job::Download(id)) => Some(FileEvent::Stopped { name, id }),
        (Err(Cancelled(Cancel::ByUser)), _) => Some(FileEvent::Cancelled { name }),
        // The server's answer says so.
        (Err(Cancelled(Cancel::Declined)), _) => None,
        (Err(Cancelled(Cancel::BySender(nick))), _) => Some(FileEvent::Failed(format!("{nick} took {name} back"))),
    };
    if let (Some(FileEvent::Failed(why)), Some(typed)) = (&event, wanted) {
        state.script.refuse(&typed, why);
    }
    let events = event.into_iter().map(|event| Event { conversation: conversation.clone(), ..event.into() });
    events.for_each(|event| state.emit(event));
    status::show_now(state, files);
}
