//! What uploads and downloads have in common: a thread, a question over the chat connection, a data
//! connection, another attempt after a break.
//!
//! Each transfer has a short-lived thread of its own, which blocks like the other two. It locks the
//! state for a moment at a time, and waits for the receiver thread's signal where it needs an answer.

use crate::progress;
use crate::state::{Client, State};
use crate::transfers::{Answer, Cancel, Job};
use crate::{download, upload};
use std::io::{self, BufRead, ErrorKind, Read};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::limits;
use wire::stream::Stream;

/// How long the answer to an offer or a fetch may take before it is asked for again.
const ANSWER: Duration = Duration::from_mins(2);
/// Seconds before each new attempt; the last one repeats.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 30];
/// Attempts in a row that may get nowhere although the server can be reached: about ten minutes.
const ATTEMPTS: usize = 24;
/// As good as for ever, in a form that any clock can count.
const EVER: Duration = Duration::from_hours(24 * 365);

/// Why a transfer, or one attempt, did not succeed. The text is for the user.
///
/// | trouble | such as | another attempt | an upload is withdrawn |
/// | --- | --- | --- | --- |
/// | `Lost` | the network breaks, the server ends | yes, after a pause | no |
/// | `Denied` | the server says `ERROR`: it is full, the token is too old | yes, after a pause | no |
/// | `Final` | the server says `FAIL`, or `ERROR` to a whole upload; a download cannot be written | no | no: the server knows |
/// | `Ours` | our file has changed or cannot be read any more | no | yes |
/// | `Cancelled` | by the user, or by the sender | no | yes, if by the user |
pub enum Trouble {
    Lost(String),
    Denied(String),
    Final(String),
    Ours(String),
    Cancelled(Cancel),
}

/// Starts what waits, as far as there are places.
pub fn start(client: &Client) {
    loop {
        let mut state = client.lock();
        let State { transfers, rooms, .. } = &mut *state;
        let next = transfers.next(|room| rooms.iter().any(|known| wire::names::eq_ignore_case(known, room)));
        drop(state);
        let (Some((number, job)), Some(shared)) = (next, client.share()) else { return };
        let thread = thread::Builder::new().name(format!("transfer {number}"));
        if let Err(error) = thread.spawn(move || transfer_thread(&shared, number, &job)) {
            let sentence = format!("There is no thread for another transfer: {error}");
            finish(client, number, Err(Trouble::Final(sentence)));
        }
    }
}

/// One transfer, from its turn to its end; then the next one starts.
fn transfer_thread(client: &Client, number: u64, job: &Job) {
    let run = || match job {
        Job::Upload(upload) => upload::run(client, number, upload),
        Job::Download(id) => download::run(client, number, *id),
    };
    // A transfer that never ended would keep a script from ending as well.
    let ended = panic::catch_unwind(AssertUnwindSafe(run));
    let internal = || Err(Trouble::Final("A transfer ended by an internal error".to_owned()));
    finish(client, number, ended.unwrap_or_else(|_| internal()));
    start(client);
}

/// Takes a transfer off the table, and says how it ended.
fn finish(client: &Client, number: u64, ended: Result<String, Trouble>) {
    let mut state = client.lock();
    let Some(transfer) = state.transfers.remove(number) else { return };
    let is_done = ended.is_ok();
    let sentence = match ended {
        Ok(sentence)
        | Err(
            Trouble::Lost(sentence) | Trouble::Denied(sentence) | Trouble::Final(sentence) | Trouble::Ours(sentence),
        ) => sentence,
        Err(Trouble::Cancelled(Cancel::ByUser)) => format!("{} is cancelled", transfer.name),
        Err(Trouble::Cancelled(Cancel::BySender(nick))) => format!("{nick} took {} back", transfer.name),
    };
    state.transfers.failed |= transfer.wanted && !is_done;
    if let Job::Download(id) = transfer.job {
        state.transfers.settle(id);
    }
    state.screen.tell(&sentence);
    progress::show_now(&mut state);
    drop(state);
    client.signal();
}

/// Makes attempts until one succeeds, none will, or they get nowhere.
pub fn until_done(
    client: &Client,
    number: u64,
    mut attempt: impl FnMut() -> Result<String, Trouble>,
) -> Result<String, Trouble> {
    let (mut reached, mut failed) = (0, 0);
    loop {
        let trouble = match attempt() {
            Ok(sentence) => return Ok(sentence),
            Err(trouble) => trouble,
        };
        check(client, number)?;
        let mut state = client.lock();
        let Some(transfer) = state.transfers.get(number) else { return Err(trouble) };
        transfer.stream = None;
        if transfer.progress.offset > reached {
            (reached, failed) = (transfer.progress.offset, 0);
        }
        let name = transfer.name.clone();
        let (Trouble::Lost(why) | Trouble::Denied(why)) = trouble else { return Err(trouble) };
        if failed == ATTEMPTS {
            return Err(Trouble::Lost(format!("{name} is given up for now: {why}")));
        }
        if failed == 0 {
            state.screen.tell(&format!("{name} is interrupted ({why}); trying again"));
        }
        drop(state);
        let pause = Duration::from_secs(PAUSES[failed.min(PAUSES.len() - 1)]);
        failed += 1;
        drop(client.wait_while(pause, |state| !is_cancelled(state, number)));
        check(client, number)?;
    }
}

/// Asks the server something over the chat connection, and waits for its answer.
pub fn ask(client: &Client, number: u64, params: &[&str]) -> Result<Answer, Trouble> {
    connected(client, number)?;
    if let Some(transfer) = client.lock().transfers.get(number) {
        transfer.answer = None;
    }
    client.send("FILE", params);
    let is_open = |state: &State| state.transfers.running().any(|t| t.number == number && t.answer.is_none());
    let mut state = client.wait_while(ANSWER, |state| is_open(state) && !is_cancelled(state, number));
    let answer = state.transfers.get(number).and_then(|transfer| transfer.answer.take());
    drop(state);
    check(client, number)?;
    answer.ok_or_else(|| Trouble::Lost("the server does not answer".to_owned()))
}

/// Asks for the list of files, and waits until it has come.
pub fn list(client: &Client, number: u64) -> Result<(), Trouble> {
    connected(client, number)?;
    let lists = client.lock().transfers.lists;
    client.send("FILE", &["LIST"]);
    drop(client.wait_while(ANSWER, |state| state.transfers.lists == lists && !is_cancelled(state, number)));
    check(client, number)
}

/// Waits for the chat connection, which the receiver thread makes again when it is lost.
fn connected(client: &Client, number: u64) -> Result<(), Trouble> {
    let state = client.wait_while(EVER, |state| !state.is_connected() && !is_cancelled(state, number));
    let can_files = state.caps.files;
    drop(state);
    check(client, number)?;
    if can_files { Ok(()) } else { Err(Trouble::Final(NO_FILES.to_owned())) }
}

/// What is said where the server does not know FILE.
pub const NO_FILES: &str = "This server takes no files";

/// Opens a data connection to where the chat connection leads.
pub fn connect(client: &Client, number: u64) -> Result<Arc<Stream>, Trouble> {
    let chat = client.lock().stream.clone().ok_or_else(|| Trouble::Lost("the connection is lost".to_owned()))?;
    let opened = client.caller.call_again(&chat).and_then(|stream| {
        stream.socket().set_read_timeout(Some(limits::DATA_STALL))?;
        stream.socket().set_write_timeout(Some(limits::DATA_STALL))?;
        Ok(Arc::new(stream))
    });
    let stream = opened.map_err(|error| lost(&error))?;
    if let Some(transfer) = client.lock().transfers.get(number) {
        transfer.stream = Some(Arc::clone(&stream));
    }
    check(client, number)?;
    Ok(stream)
}

/// A socket failed, which is worth another attempt.
pub fn lost(error: &io::Error) -> Trouble {
    Trouble::Lost(match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "the server closed the connection".to_owned(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "the server does not answer".to_owned(),
        ErrorKind::ConnectionRefused => "the server is not there".to_owned(),
        _ => error.to_string(),
    })
}

/// The server's line on a data connection: what follows `OK`, or why it refuses.
pub fn verdict(reader: &mut impl BufRead) -> Result<u64, Trouble> {
    let mut line = Vec::new();
    let longest = limits::LINE as u64;
    reader.by_ref().take(longest).read_until(b'\n', &mut line).map_err(|error| lost(&error))?;
    let line = String::from_utf8_lossy(&line);
    let Some(line) = line.strip_suffix('\n') else {
        return Err(Trouble::Lost("the server closed the connection".to_owned()));
    };
    let line = line.trim_end_matches('\r');
    if let Some(number) = line.strip_prefix("OK ").and_then(|number| number.parse().ok()) {
        return Ok(number);
    }
    let why = line.strip_prefix("ERROR ").unwrap_or(line);
    Err(Trouble::Denied(why.strip_prefix(':').unwrap_or(why).to_owned()))
}

/// An attempt begins at `offset`.
pub fn begin(client: &Client, number: u64, offset: u64, total: u64) {
    progress::begin(&mut client.lock(), number, offset, total);
}

/// So many bytes more have gone.
pub fn advance(client: &Client, number: u64, bytes: usize) -> Result<(), Trouble> {
    let mut state = client.lock();
    if let Some(transfer) = state.transfers.get(number) {
        transfer.progress.advance(bytes as u64);
    }
    progress::show(&mut state);
    drop(state);
    // The chat comes first.
    thread::yield_now();
    check(client, number)
}

/// An error when the transfer is to stop.
pub fn check(client: &Client, number: u64) -> Result<(), Trouble> {
    let cancel = client.lock().transfers.get(number).and_then(|transfer| transfer.cancel.clone());
    cancel.map_or(Ok(()), |cancel| Err(Trouble::Cancelled(cancel)))
}

fn is_cancelled(state: &State, number: u64) -> bool {
    state.transfers.running().any(|transfer| transfer.number == number && transfer.cancel.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::multicast::mode::Settings;
    use crate::screen::tests::Paper;

    #[test]
    fn the_last_word_on_a_data_connection() {
        let said = |line: &str| match verdict(&mut line.as_bytes()) {
            Ok(number) => number.to_string(),
            Err(Trouble::Denied(why)) => format!("denied: {why}"),
            Err(Trouble::Lost(why)) => format!("lost: {why}"),
            Err(_) => "something else".to_owned(),
        };
        assert_eq!(said("OK 17\r\nbytes"), "17");
        assert_eq!(said("OK 17\n"), "17");
        assert_eq!(said("ERROR :No room left\r\n"), "denied: No room left");
        assert_eq!(said("421 * GET :Unknown\r\n"), "denied: 421 * GET :Unknown");
        assert_eq!(said("OK 1"), "lost: the server closed the connection");
        assert_eq!(said(&"x".repeat(1000)), "lost: the server closed the connection");
    }

    #[test]
    fn refusals_end_it_and_a_cancel_ends_it_at_once() {
        let client = Client::new(Paper::default().screen(false), Caller::plain(""), Settings::default());
        client.lock().transfers.add(Job::Download(7), true, "a.txt", "tesla");
        client.lock().transfers.next(|_| true);
        let mut attempts = 0;
        let ended = until_done(&client, 1, || {
            attempts += 1;
            client.lock().transfers.get(1).unwrap().cancel = Some(Cancel::ByUser);
            Err(Trouble::Lost("broken".into()))
        });
        assert!(matches!(ended, Err(Trouble::Cancelled(Cancel::ByUser))));
        assert_eq!(attempts, 1);
        client.lock().transfers.get(1).unwrap().cancel = None;
        let ended = until_done(&client, 1, || Err(Trouble::Final("no".into())));
        assert!(matches!(ended, Err(Trouble::Final(why)) if why == "no"));
    }
}
