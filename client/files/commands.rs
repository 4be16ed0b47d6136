//! The commands about files: sending them, listing them, fetching them, taking them back.
//!
//! Run by the main thread, which only puts a transfer into the queue; the state is locked for a moment at a time.

use super::download;
use super::event::{FileEvent, go_on};
use super::limits::ANSWER_TIMEOUT;
use super::pending_uploads::Upload;
use super::scheduler;
use super::shared::{CAPABILITY, FOR_THE_USER, Files, LIST, NO_FILES};
use super::source::Source;
use super::task;
use super::transfers::{Cancel, Job, Transfer, Transfers};
use super::words;
use crate::core::arguments::{self, bad_nick, bare_nick};
use crate::core::client::{Client, Command, is_script};
use crate::core::state::State;
use std::env;
use std::path::{self, Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use wire::file_line::{FileRequest, FileState};
use wire::names;

/// The rows of the table of commands.
#[rustfmt::skip]
pub fn table(files: &Arc<Files>) -> Vec<Command> {
    // A script fails with what it asked for in vain.
    let or_refuse = |run: fn(&Files, &Client, &str) -> Result<(), String>| {
        let files = Arc::clone(files);
        move |client: &Client, arguments: &str| {
            run(&files, client, arguments).unwrap_or_else(|sentence| client.refuse(sentence));
        }
    };
    vec![
        Command::new("/file", "PATH [TARGET]", &["!FILE ", r"\file\"],
            "Send a file to where you talk, or to a NAME or #room", or_refuse(file)).everyday(),
        Command::new("/files", "", &[], "List the files that were sent to you or by you", or_refuse(list)),
        Command::new("/get", "ID", &[], "Fetch a file that did not come by itself, or was stopped", or_refuse(get)),
        Command::new("/cancel", "ID", &[],
            "Stop sending a file, or take it back; stop fetching one, which /get resumes", or_refuse(cancel)),
        Command::new("/decline", "ID", &[], "Refuse a file for good", or_refuse(decline)),
    ]
}

/// `/file PATH [TARGET]`: puts an upload into the queue, and into the file from which another run of the client would
/// go on.
fn file(files: &Files, client: &Client, arguments: &str) -> Result<(), String> {
    let current = client.lock().model.here().map(|target| target.map(str::to_owned));
    queue(files, client, asked_for(arguments, current)?)
}

impl Files {
    /// Sends a file for another view.
    pub fn send(&self, client: &Client, path: &Path, target: &str) -> Result<(), String> {
        queue(self, client, Upload { path: path.to_owned(), target: target.to_owned(), earlier_id: None })
    }

    /// Whether a file is being sent, or will be.
    pub fn is_sending(&self, path: &Path) -> bool {
        let is_kept = |uploads: Vec<Upload>| uploads.iter().any(|upload| upload.path == path);
        self.lock().is_sending(path) || self.pending_uploads().uploads().is_ok_and(is_kept)
    }
}

fn queue(files: &Files, client: &Client, upload: Upload) -> Result<(), String> {
    let name = upload.name();
    takes_files(&client.lock())?;
    if files.lock().is_being_sent(&upload) {
        return Err(format!("{name} is being sent to {} already", upload.target));
    }
    let kept = files.pending_uploads().keep(&upload);
    if let Err(error) = kept {
        client.note(format!("Should you leave before {name} is sent, you will have to send it again: {error}"));
    }
    let mut state = client.lock();
    files.lock().add(Job::Upload(upload), Some(state.script.current.clone()));
    scheduler::start(client, &mut state, files);
    Ok(())
}

/// `/files`
fn list(_: &Files, client: &Client, _: &str) -> Result<(), String> {
    takes_files(&client.lock())?;
    client.request(LIST, FOR_THE_USER, "FILE", &["LIST"]);
    Ok(())
}

fn takes_files(state: &State) -> Result<(), String> {
    if state.model.has_cap(CAPABILITY) { Ok(()) } else { Err(NO_FILES.to_owned()) }
}

/// The file that a command is about.
fn number(id: &str, command: &str) -> Result<u64, String> {
    id.parse().map_err(|_| format!("Which file? {command} wants a number; /files shows them"))
}

/// `/get ID`
fn get(files: &Files, client: &Client, id: &str) -> Result<(), String> {
    let mut state = client.lock();
    takes_files(&state)?;
    let id = number(id, "/get")?;
    let mut transfers = files.lock();
    // One that is just being stopped comes to its end, and then the download goes on.
    if let Some(transfer) = transfers.by_id(id).filter(|transfer| transfer.cancel.is_none()) {
        if transfer.is_upload() {
            return Err(format!("{} is a file that you are sending", transfer.name));
        }
        transfer.wanted = Some(state.script.current.clone());
        drop(transfers);
        state.note(format!("File {id} is under way already"));
        return Ok(());
    }
    transfers.add(Job::Download(id), Some(state.script.current.clone()));
    drop(transfers);
    scheduler::start(client, &mut state, files);
    Ok(())
}

/// `/cancel ID`; a file that has no number yet can be named.
fn cancel(files: &Files, client: &Client, which: &str) -> Result<(), String> {
    let state = answered(files, client, which);
    takes_files(&state)?;
    let mut transfers = files.lock();
    let Some(transfer) = transfers.meant(which) else {
        let id = number(which, "/cancel")?;
        let offer = transfers.offers.get(&id).map(|offer| (offer.name.clone(), offer.state));
        drop((transfers, state));
        if let Some((name, FileState::New)) = offer {
            return Err(format!("{name} is not coming just now; {}", go_on(id)));
        }
        // It is for the server to say whether we have sent it. One that we have received is taken off our list.
        client.note(format!("The server is asked to cancel file {id}"));
        task::send(client, &FileRequest::Cancel(id));
        return Ok(());
    };
    let number = transfer.number;
    let waited = end(transfers, number, Cancel::ByUser);
    drop(state);
    let Some(Transfer { job, id, name, .. }) = waited else {
        client.signal();
        return Ok(());
    };
    match job {
        Job::Download(id) => {
            download::end(client, id, download::part_of(client, files, id).as_deref(), &Cancel::ByUser);
            files.lock().mark_done(id);
            client.lock().emit(FileEvent::Stopped { name, id });
        }
        Job::Upload(upload) => {
            // If it cannot be taken off the file now, it is offered again next time, and can be cancelled then.
            let _ = files.pending_uploads().forget(&upload);
            client.lock().emit(FileEvent::Cancelled { name });
            id.into_iter().for_each(|id| task::send(client, &FileRequest::Cancel(id)));
        }
    }
    Ok(())
}

/// `/decline ID`
fn decline(files: &Files, client: &Client, id: &str) -> Result<(), String> {
    let state = answered(files, client, id);
    takes_files(&state)?;
    let id = number(id, "/decline")?;
    let mut transfers = files.lock();
    let is_sent = transfers.by_id(id).is_some_and(|transfer| transfer.is_upload());
    let offer = transfers.offers.get(&id).map(|offer| (offer.name.clone(), offer.state));
    match offer {
        _ if is_sent => return Err(format!("You are sending file {id} yourself; /cancel {id} takes it back")),
        Some((name, FileState::Sent | FileState::Partial)) => {
            return Err(format!("You have sent {name} yourself; /cancel {id} takes it back"));
        }
        Some((name, FileState::Received)) => {
            return Err(format!("You have {name} already; /cancel {id} takes it off your list"));
        }
        _ => {}
    }
    // One that is just being stopped for another reason says no word to the server.
    let transfer = transfers.by_id(id).filter(|transfer| transfer.cancel.is_none());
    if let Some(number) = transfer.map(|transfer| transfer.number) {
        if end(transfers, number, Cancel::Declined).is_none() {
            drop(state);
            client.signal();
            return Ok(());
        }
    } else {
        drop(transfers);
    }
    drop(state);
    download::end(client, id, download::part_of(client, files, id).as_deref(), &Cancel::Declined);
    files.lock().mark_done(id);
    Ok(())
}

/// The state, in a script once it is known whether there is such a file: a download that was asked for in vain fails as
/// such, even where the script stops it in its next line.
fn answered<'a>(files: &Files, client: &'a Client, which: &str) -> MutexGuard<'a, State> {
    let is_unanswered = |_: &State| files.lock().meant(which).is_some_and(|transfer| transfer.is_unanswered());
    if is_script() { client.wait_while(ANSWER_TIMEOUT, is_unanswered) } else { client.lock() }
}

/// Stops a transfer that runs; takes out one that waits, and returns it.
fn end(mut transfers: MutexGuard<'_, Transfers>, number: u64, why: Cancel) -> Option<Transfer> {
    let transfer = transfers.get(number)?;
    if transfer.is_running {
        transfer.stop(why);
        return None;
    }
    transfers.remove(number)
}

/// What the arguments of `/file` ask for, or why they cannot mean anything.
fn asked_for(arguments: &str, current: Result<Option<String>, String>) -> Result<Upload, String> {
    let (path, target) = words::split(arguments, |path| on_disk(path).exists())?;
    let file = on_disk(&path);
    let named = match target.as_deref() {
        Some(room) if room.starts_with('#') => {
            Some(arguments::room(room).map_err(|reason| format!("{room}: {reason}"))?)
        }
        Some(nick) if !names::is_nick(bare_nick(nick)) => return Err(bad_nick(bare_nick(nick))),
        other => other.map(|nick| bare_nick(nick).to_owned()),
    };
    let target = match (named, current) {
        (Some(target), _) | (None, Ok(Some(target))) => target,
        (None, Ok(None)) => {
            return Err("Nothing was sent: you are talking to nobody; name somebody after the file's name".to_owned());
        }
        (None, Err(elsewhere)) => {
            return Err(format!("Nothing was sent: {elsewhere}, or name somebody after the file's name"));
        }
    };
    Source::open(&file, &path).map_err(|why| format!("{path} cannot be sent: {why}"))?;
    let path = path::absolute(&file).map_err(|error| format!("{path} cannot be sent: {error}"))?;
    Ok(Upload { path, target, earlier_id: None })
}

/// The path that the user means: `~/` is the home.
fn on_disk(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(inside), Some(home)) => Path::new(&home).join(inside),
        _ => PathBuf::from(path),
    }
}
