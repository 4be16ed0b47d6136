//! Files: sending them, listing them, fetching them, taking them back.
//!
//! Run by the main thread, which only puts a transfer into the queue; the state is locked for a moment
//! at a time.

use crate::args;
use crate::source::Source;
use crate::state::{Client, State};
use crate::transfers::{Cancel, Job, Upload};
use crate::upload;
use crate::worker::{self, NO_FILES};
use std::env;
use std::path::{self, Path, PathBuf};
use wire::names;

/// `/file PATH [TARGET]`
pub fn file(client: &Client, arguments: &str) {
    let current = client.lock().target().map(str::to_owned);
    let queued = asked_for(arguments, current).and_then(|upload| queue(&mut client.lock(), upload));
    if let Err(sentence) = queued {
        return refuse(&mut client.lock(), &sentence);
    }
    worker::start(client);
}

/// Puts an upload into the queue, and into the file from which another run of the client would go on.
fn queue(state: &mut State, upload: Upload) -> Result<(), String> {
    let name = upload::name_of(&upload.path);
    if !state.caps.files {
        return Err(NO_FILES.to_owned());
    }
    if state.transfers.is_being_sent(&upload.path, &upload.target) {
        return Err(format!("{name} is being sent to {} already", upload.target));
    }
    if let Err(error) = state.transfers.kept.keep(&upload) {
        state.screen.tell(&format!("Should you leave before {name} is sent, you will have to send it again: {error}"));
    }
    let target = upload.target.clone();
    state.transfers.add(Job::Upload(upload), true, &name, &target);
    Ok(())
}

/// Goes on with the uploads that the last run of the client did not finish.
pub fn resume(client: &Client) {
    let mut state = client.lock();
    if !state.caps.files {
        return;
    }
    match state.transfers.kept.uploads() {
        Err(error) => state.screen.tell(&format!("What you were sending last time cannot be read: {error}")),
        Ok(uploads) => {
            for upload in uploads {
                let (name, target) = (upload::name_of(&upload.path), upload.target.clone());
                state.transfers.add(Job::Upload(upload), false, &name, &target);
            }
        }
    }
    drop(state);
    worker::start(client);
}

/// `/files`
pub fn list(client: &Client, _: &str) {
    let mut state = client.lock();
    if !state.caps.files {
        return state.screen.tell(NO_FILES);
    }
    state.transfers.show_list = true;
    drop(state);
    client.send("FILE", &["LIST"]);
}

/// `/get ID`
pub fn get(client: &Client, id: &str) {
    let mut state = client.lock();
    if !state.caps.files {
        return refuse(&mut state, NO_FILES);
    }
    let Ok(id) = id.parse::<u64>() else {
        return refuse(&mut state, "Which file? /get wants a number; /files shows them");
    };
    if let Some(transfer) = state.transfers.by_id(id) {
        transfer.wanted = true;
        return state.screen.tell(&format!("File {id} is under way already"));
    }
    let offer = state.transfers.offers.get(&id);
    let (name, sender) = offer.map(|offer| (offer.name.clone(), offer.sender.clone())).unwrap_or_default();
    state.transfers.add(Job::Download(id), true, &name, &sender);
    drop(state);
    worker::start(client);
}

/// `/cancel ID`; what has no number yet can be named.
pub fn cancel(client: &Client, which: &str) {
    let mut state = client.lock();
    if !state.caps.files {
        return state.screen.tell(NO_FILES);
    }
    let id = which.parse::<u64>().ok();
    let transfer = id.and_then(|id| state.transfers.by_id(id));
    let number = transfer.map(|transfer| transfer.number).or_else(|| state.transfers.named(which));
    let Some(transfer) = number.and_then(|number| state.transfers.get(number)) else {
        let Some(id) = id else {
            return state.screen.tell("Which file? /cancel wants a number; /files shows them");
        };
        state.screen.tell(&format!("The server is asked to cancel file {id}"));
        drop(state);
        return client.send("FILE", &["CANCEL", &id.to_string()]);
    };
    if transfer.is_running {
        transfer.stop(Cancel::ByUser);
        drop(state);
        return client.signal();
    }
    let (name, id, job, number) = (transfer.name.clone(), transfer.id, transfer.job.clone(), transfer.number);
    state.transfers.remove(number);
    state.screen.tell(&format!("{name} is cancelled"));
    if let Job::Upload(upload) = job {
        // If it cannot be taken off the file now, it is offered again next time, and can be cancelled then.
        let _ = state.transfers.kept.forget(&upload);
    }
    drop(state);
    if let Some(id) = id {
        client.send("FILE", &["CANCEL", &id.to_string()]);
    }
}

/// A script fails with what it asked for in vain.
fn refuse(state: &mut State, sentence: &str) {
    state.transfers.failed = true;
    state.screen.tell(sentence);
}

/// What the arguments of `/file` ask for, or why they cannot mean anything.
fn asked_for(arguments: &str, current: Option<String>) -> Result<Upload, String> {
    let (path, target) = split(arguments, |path| on_disk(path).exists())?;
    let file = on_disk(path);
    let named = match target {
        Some(room) if room.starts_with('#') => Some(args::room(room).map_err(|reason| format!("{room}: {reason}"))?),
        Some(nick) if !names::is_nick(nick) => return Err(super::bad_nick(nick)),
        other => other.map(str::to_owned),
    };
    let nobody = "Nothing was sent: you are talking to nobody; name somebody after the file's name";
    let target = named.or(current).ok_or(nobody)?;
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

/// Where a path leads that was typed: `~/` is the home.
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
