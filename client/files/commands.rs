//! The commands about files: sending them, listing them, fetching them, taking them back.
//!
//! Run by the main thread, which only puts a transfer into the queue; the state is locked for a moment at a time.

use super::event::FileEvent;
use super::pending_uploads::Upload;
use super::scheduler;
use super::shared::{CAPABILITY, FOR_THE_USER, Files, LIST, NO_FILES};
use super::source::Source;
use super::task;
use super::transfers::{Cancel, Job, Transfer};
use crate::core::arguments::{self, bad_nick, bare_nick};
use crate::core::client::{Client, Command};
use std::env;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use wire::file_line::FileRequest;
use wire::names;

/// The rows of the table of commands.
#[rustfmt::skip]
pub fn table(files: &Arc<Files>) -> Vec<Command> {
    // A script fails with what it asked for in vain.
    let or_fail = |run: fn(&Files, &Client, &str) -> Result<(), String>| {
        let files = Arc::clone(files);
        move |client: &Client, arguments: &str| {
            if let Err(sentence) = run(&files, client, arguments) {
                files.lock().failed = true;
                client.note(sentence);
            }
        }
    };
    let shared = Arc::clone(files);
    vec![
        Command::new("/file", "PATH [TARGET]", &["!FILE ", r"\file\"],
            "Send a file to whom you are talking to, or to a NAME or #room", or_fail(file)).everyday(),
        Command::new("/files", "", &[], "List the files that were sent to you or by you", list),
        Command::new("/get", "ID", &[], "Fetch a file that did not come by itself", or_fail(get)),
        Command::new("/cancel", "ID", &[],
            "Stop sending a file, or take it back; stop fetching one, or decline it", move |client, which| cancel(&shared, client, which)),
    ]
}

/// `/file PATH [TARGET]`: puts an upload into the queue, and into the file from which another run of the client would
/// go on.
fn file(files: &Files, client: &Client, arguments: &str) -> Result<(), String> {
    let current = client.lock().model.here().map(|target| target.map(str::to_owned));
    let upload = asked_for(arguments, current)?;
    let name = upload.name();
    if !client.lock().model.has_cap(CAPABILITY) {
        return Err(NO_FILES.to_owned());
    }
    if files.lock().is_being_sent(&upload) {
        return Err(format!("{name} is being sent to {} already", upload.target));
    }
    let kept = files.pending_uploads().keep(&upload);
    if let Err(error) = kept {
        client.note(format!("Should you leave before {name} is sent, you will have to send it again: {error}"));
    }
    files.lock().add(Job::Upload(upload), true);
    scheduler::start(client, &mut client.lock(), files);
    Ok(())
}

/// `/files`
fn list(client: &Client, _: &str) {
    if !client.lock().model.has_cap(CAPABILITY) {
        return client.note(NO_FILES);
    }
    client.request(LIST, FOR_THE_USER, "FILE", &["LIST"]);
}

/// `/get ID`
fn get(files: &Files, client: &Client, id: &str) -> Result<(), String> {
    let mut state = client.lock();
    if !state.model.has_cap(CAPABILITY) {
        return Err(NO_FILES.to_owned());
    }
    let id = id.parse().map_err(|_| "Which file? /get wants a number; /files shows them")?;
    let mut transfers = files.lock();
    if let Some(transfer) = transfers.by_id(id) {
        transfer.wanted = true;
        drop(transfers);
        state.note(format!("File {id} is under way already"));
        return Ok(());
    }
    transfers.add(Job::Download(id), true);
    drop(transfers);
    scheduler::start(client, &mut state, files);
    Ok(())
}

/// `/cancel ID`; a file that has no number yet can be named.
fn cancel(files: &Files, client: &Client, which: &str) {
    let mut state = client.lock();
    if !state.model.has_cap(CAPABILITY) {
        return state.note(NO_FILES);
    }
    let mut transfers = files.lock();
    let Some(transfer) = transfers.meant(which) else {
        drop(transfers);
        let Ok(id) = which.parse() else {
            return state.note("Which file? /cancel wants a number; /files shows them");
        };
        state.note(format!("The server is asked to cancel file {id}"));
        drop(state);
        return task::send(client, &FileRequest::Cancel(id));
    };
    if transfer.is_running {
        transfer.stop(Cancel::ByUser);
        drop((transfers, state));
        return client.signal();
    }
    let number = transfer.number;
    let Some(Transfer { job, id, name, .. }) = transfers.remove(number) else { return };
    drop((transfers, state));
    if let Job::Upload(upload) = job {
        // If it cannot be taken off the file now, it is offered again next time, and can be cancelled then.
        let _ = files.pending_uploads().forget(&upload);
    }
    client.lock().emit(FileEvent::Cancelled { name });
    if let Some(id) = id {
        task::send(client, &FileRequest::Cancel(id));
    }
}

/// What the arguments of `/file` ask for, or why they cannot mean anything.
fn asked_for(arguments: &str, current: Result<Option<String>, String>) -> Result<Upload, String> {
    let (path, target) = split(arguments, |path| on_disk(path).exists())?;
    let file = on_disk(path);
    let named = match target {
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
    Source::open(&file, path).map_err(|why| format!("{path} cannot be sent: {why}"))?;
    let path = path::absolute(&file).map_err(|error| format!("{path} cannot be sent: {error}"))?;
    Ok(Upload { path, target, earlier_id: None })
}

/// Splits the arguments into a path and a target: all of it where that exists, else the last word is
/// the target. Quotes settle it.
fn split(arguments: &str, exists: impl Fn(&str) -> bool) -> Result<(&str, Option<&str>), String> {
    if let Some(quoted) = arguments.strip_prefix('"')
        && let Some((path, after)) = quoted.split_once('"')
    {
        let target = after.trim();
        return Ok((path, (!target.is_empty()).then_some(target)));
    }
    if exists(arguments) {
        return Ok((arguments, None));
    }
    match arguments.rsplit_once(' ') {
        Some((path, target)) if exists(path.trim_end()) => Ok((path.trim_end(), Some(target))),
        _ => Err(format!("{arguments} cannot be sent: there is no such file")),
    }
}

/// The path that the user means: `~/` is the home.
fn on_disk(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(inside), Some(home)) => Path::new(&home).join(inside),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_target_are_told_apart() {
        let exists = |path: &str| matches!(path, "a.txt" | "my file.txt" | "my file.txt bob" | "x#y");
        for (arguments, expected) in [
            ("a.txt", Some(("a.txt", None))),
            ("a.txt bob", Some(("a.txt", Some("bob")))),
            ("a.txt  #dev", Some(("a.txt", Some("#dev")))),
            ("my file.txt", Some(("my file.txt", None))),
            ("my file.txt carl", Some(("my file.txt", Some("carl")))),
            ("my file.txt bob", Some(("my file.txt bob", None))),
            (r#""my file.txt" bob"#, Some(("my file.txt", Some("bob")))),
            (r#""no such""#, Some(("no such", None))),
            ("no.txt", None),
            ("no.txt bob", None),
        ] {
            assert_eq!(split(arguments, exists).ok(), expected, "{arguments}");
        }
    }
}
