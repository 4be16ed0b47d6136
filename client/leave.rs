//! The ways out: orderly, at once, and when there is no going on.
//!
//! The orderly one is run by the main thread, the others by whichever thread has the reason; they
//! end the process themselves, since nothing interrupts the main thread's read of stdin.

use crate::multicast::mode;
use crate::state::{Client, State};
use std::io::{self, Write};
use std::net::Shutdown;
use std::process::{self, ExitCode};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use wire::text::pluralize;

/// How long a user who leaves waits for what is still unconfirmed.
const UNCONFIRMED: Duration = Duration::from_secs(10);
/// The same at the end of a script, which nobody watches: time for the server to start again.
const UNCONFIRMED_SCRIPT: Duration = Duration::from_mins(1);
/// How long the server may take to close the connection after QUIT.
const CLOSING: Duration = Duration::from_secs(2);
/// How long Ctrl-C may take.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Leaves once files are through and everything is confirmed; fails when something was not.
pub fn in_order(client: &Client) -> ExitCode {
    mode::leave(client);
    let files_failed = !transfers_end(client);
    let undelivered = hang_up(client);
    let mut state = client.lock();
    state.screen.tell("DISCONNECTED!!");
    let mut failures: Vec<String> = undelivered.into_iter().collect();
    // At a terminal these were seen when they happened.
    if !state.screen.is_terminal() {
        failures.extend(files_failed.then(|| "a file was not sent, or did not come".to_owned()));
    }
    failures.extend(state.failure.take());
    failures.iter().for_each(|failure| complain(failure));
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Leaves the server once everything is confirmed, and waits until it has closed the connection; what was not confirmed in
/// time, as a sentence, is sent no more.
pub fn hang_up(client: &Client) -> Option<String> {
    let unconfirmed = |state: &State| !state.unconfirmed.is_empty();
    let mut state = client.wait_while(AT_ONCE, unconfirmed);
    let is_watched = state.quit.is_some() || state.screen.is_terminal();
    let time = if is_watched { UNCONFIRMED } else { UNCONFIRMED_SCRIPT };
    if unconfirmed(&state) {
        state.screen.tell("Waiting for the server to confirm what you sent; Ctrl-C leaves at once");
    }
    drop(state);
    let mut state = client.wait_while(time, unconfirmed);
    let undelivered = undelivered(&mut state);
    say_goodbye(&mut state);
    drop(state);
    let state = client.wait_while(CLOSING, State::is_connected);
    if let Some(stream) = &state.stream {
        let _ = stream.socket().shutdown(Shutdown::Both);
    }
    undelivered
}

/// Waits for the files under way; false when one failed that was asked for, or no server is there for
/// the rest.
fn transfers_end(client: &Client) -> bool {
    let due = |state: &State| state.transfers.due(|room| state.is_in(room));
    let mut state = client.wait_while(AT_ONCE, |state| due(state) > 0);
    let count = due(&state);
    if count > 0 {
        let files = pluralize(count, "file");
        state.screen.tell(&format!("Waiting for {files}; Ctrl-C leaves at once, and then it goes on next time"));
    }
    drop(state);
    loop {
        let state = client.wait_while(AT_ONCE, |state| due(state) > 0 && state.is_connected());
        if due(&state) == 0 {
            return !state.transfers.failed;
        }
        drop(state);
        let state = client.wait_while(UNCONFIRMED_SCRIPT, |state| due(state) > 0 && !state.is_connected());
        if due(&state) > 0 && !state.is_connected() {
            return false;
        }
    }
}

/// Leaves without waiting for anybody: nobody reads our output any more.
pub fn at_once(client: &Client) -> ! {
    mode::leave_at_once(client);
    say_goodbye(&mut client.lock());
    process::exit(0)
}

/// Leaves because there is no way to go on.
pub fn give_up(client: &Client, reason: &str) -> ! {
    mode::leave_at_once(client);
    let mut state = client.lock();
    state.screen.end_prompt();
    state.screen.wake();
    state.screen.tell("DISCONNECTED!!");
    complain(reason);
    if let Some(lines) = undelivered(&mut state) {
        complain(&lines);
    }
    process::exit(1)
}

/// Makes Ctrl-C (and a terminate signal) leave. The goodbye is said by a thread of its own, so that
/// neither a lock nor a terminal that takes no output keeps the program from ending.
pub fn on_ctrl_c(client: &Arc<Client>) -> Result<(), String> {
    let client = Arc::clone(client);
    let leave = move || {
        let client = Arc::clone(&client);
        let (said, wait) = mpsc::channel();
        let goodbye = move || {
            mode::leave_at_once(&client);
            let mut state = client.lock();
            say_goodbye(&mut state);
            state.screen.tell("DISCONNECTED!!");
            let _ = said.send(());
        };
        // Without a thread to say it there is no goodbye, and nothing to wait for.
        let _ = thread::Builder::new().name("goodbye".to_owned()).spawn(goodbye);
        let _ = wait.recv_timeout(AT_ONCE);
        process::exit(0);
    };
    ctrlc::set_handler(leave).map_err(|error| format!("cannot handle Ctrl-C: {error}"))
}

/// Says one sentence, seldom in several lines, on the standard error output; if that is closed, nobody wants to know.
pub fn complain(sentence: &str) {
    let lines: Vec<_> = sentence.lines().map(wire::text::printable).collect();
    let _ = writeln!(io::stderr(), "chat-client: {}", lines.join("\n"));
}

/// Shows what a sleeping user has missed, and sends QUIT.
fn say_goodbye(state: &mut State) {
    state.leaving = true;
    state.screen.end_prompt();
    state.screen.wake();
    state.answer_late();
    let reason = state.quit.take().unwrap_or_default();
    state.write(&[if reason.is_empty() { "QUIT".to_owned() } else { format!("QUIT :{reason}") }]);
}

/// Drops what the server has not confirmed, and says in one sentence how much that was, if any.
pub fn undelivered(state: &mut State) -> Option<String> {
    let count = state.unconfirmed.drop_all();
    let (lines, verb) = (pluralize(count, "line"), if count == 1 { "was" } else { "were" });
    (count > 0).then(|| format!("{lines} {verb} not delivered: the server did not confirm in time"))
}
