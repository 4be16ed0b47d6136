//! The ways out: in order, at once, and because the program cannot go on.
//!
//! The main thread leaves in order. The other ways may be taken by any thread; they end the process themselves, since
//! nothing interrupts the main thread's read of stdin. Each locks the state.

use super::client::{Client, is_script};
use super::dialer::Failure;
use super::limits::{AT_ONCE, CLOSING, DRAIN, TOGETHER, UNCONFIRMED, UNCONFIRMED_SCRIPT};
use super::state::State;
use super::terminal::complain;
use std::io::Read;
use std::net::Shutdown;
use std::process::{self, ExitCode};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;
use wire::os::{self, TERMINAL_LINE};
use wire::text;

/// Leaves once the wings have finished and everything is confirmed; fails when something was not.
pub fn in_order(client: &Client) -> ExitCode {
    // The wing that was plugged in last needs the others least.
    let unfinished: Vec<_> = client.wings.iter().rev().filter_map(|wing| wing.finish(client)).collect();
    let undelivered = hang_up(client);
    let mut state = client.lock();
    state.note("DISCONNECTED!!");
    // At a terminal these were seen when they happened.
    let is_interactive = state.view.is_interactive();
    let unfinished = unfinished.into_iter().filter(|_| !is_interactive);
    let refused = state.script.report().filter(|_| is_script());
    let failures = [undelivered, refused, state.failure.take()].into_iter().flatten().chain(unfinished);
    let failures: Vec<_> = failures.collect();
    failures.iter().for_each(|failure| complain(failure));
    state.view.end(&failures.join("; "));
    drain(&mut state);
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Leaves the server once everything is confirmed, and waits until it has closed the connection. Lines that were not
/// confirmed in time are dropped; a sentence says how many.
pub fn hang_up(client: &Client) -> Option<String> {
    let unconfirmed = |state: &State| !state.unconfirmed.is_empty();
    let mut state = client.wait_while(AT_ONCE, unconfirmed);
    let is_watched = state.quit.is_some() || state.view.is_interactive();
    let time = if is_watched { UNCONFIRMED } else { UNCONFIRMED_SCRIPT };
    if unconfirmed(&state) {
        state.note("Waiting for the server to confirm what you sent; Ctrl-C leaves at once");
    }
    drop(state);
    let mut state = client.wait_while(time, unconfirmed);
    let undelivered = state.drop_unconfirmed();
    say_goodbye(client, &mut state);
    drop(state);
    let state = client.wait_while(CLOSING, State::is_connected);
    if let Some(stream) = &state.stream {
        let _ = stream.socket().shutdown(Shutdown::Both);
    }
    undelivered
}

/// Drops what was typed behind the end, until nothing comes for a moment. It is the rest of a paste that the shell, which
/// reads next, would run.
pub fn drain(state: &mut State) {
    // Before the first line nothing was typed for us.
    if is_script() || state.script.current.number == 0 {
        return;
    }
    let Ok(mut terminal) = os::second_stdin() else { return };
    let (came, comes) = mpsc::channel();
    let read = move || {
        let mut buffer = [0; TERMINAL_LINE];
        // No thread can interrupt this one in a read, but the end of the program does.
        while let Ok(count @ 1..) = terminal.read(&mut buffer)
            && came.send(buffer[..count].iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count()).is_ok()
        {}
    };
    let _ = thread::Builder::new().name("drain".to_owned()).spawn(read);
    let (start, mut lines) = (Instant::now(), 0);
    while start.elapsed() < DRAIN
        && let Ok(count) = comes.recv_timeout(TOGETHER)
    {
        lines += count;
    }
    if lines > 0 {
        state.note(format!("{} behind that: dropped", text::pluralize(lines, "line")));
    }
}

/// Leaves when nobody reads our output any more. A script goes on without its output: its messages are the point.
pub fn if_closed(client: &Client) {
    if client.lock().view.is_closed() && !is_script() {
        at_once(client);
    }
}

/// Leaves without waiting for anybody: nobody reads our output any more.
pub fn at_once(client: &Client) -> ! {
    client.wings.iter().for_each(|wing| wing.abandon(client));
    let mut state = client.lock();
    say_goodbye(client, &mut state);
    state.view.end("");
    drop(state);
    client.wings.iter().for_each(|wing| wing.settle(true));
    process::exit(0)
}

/// Leaves because there is no way to go on. The receiver thread ends the program, since the main thread sits in a
/// read of stdin that nothing interrupts.
pub fn give_up(client: &Client, failure: Failure) {
    client.wings.iter().for_each(|wing| wing.abandon(client));
    let mut state = client.lock();
    end_prompt(&mut state);
    state.wake();
    state.note("DISCONNECTED!!");
    let why = match failure {
        Failure::Name(why) => format!("{why}; choose another with --nick"),
        Failure::Held(why) => format!("{why}; --take-over takes it from there; choose another with --nick"),
        Failure::Refused(why) | Failure::Lost(why) => why,
    };
    complain(&why);
    state.view.end(&why);
    let refused = state.script.report().filter(|_| is_script());
    state.drop_unconfirmed().iter().chain(&refused).for_each(|lines| complain(lines));
    // The state stays locked, so that no key of now is carried out.
    client.wings.iter().for_each(|wing| wing.settle(false));
    drain(&mut state);
    process::exit(1)
}

/// Makes Ctrl-C (and a terminate signal) leave. The goodbye is said by a thread of its own, so that
/// neither a lock nor a terminal that takes no output keeps the program from ending.
pub fn on_ctrl_c(client: &Arc<Client>) -> Result<(), String> {
    let client = Arc::clone(client);
    let leave = move || {
        let (sharing, (said, wait)) = (Arc::clone(&client), mpsc::channel());
        let goodbye = move || {
            sharing.wings.iter().for_each(|wing| wing.abandon(&sharing));
            let mut state = sharing.lock();
            say_goodbye(&sharing, &mut state);
            state.note("DISCONNECTED!!");
            state.view.end("");
            let _ = said.send(());
        };
        // Without a thread to say it there is no goodbye, and nothing to wait for.
        let _ = thread::Builder::new().name("goodbye".to_owned()).spawn(goodbye);
        let _ = wait.recv_timeout(AT_ONCE);
        client.wings.iter().for_each(|wing| wing.settle(false));
        process::exit(0);
    };
    ctrlc::set_handler(leave).map_err(|error| format!("cannot handle Ctrl-C: {error}"))
}

/// Draws no prompt any more. What was typed there and not sent is not lost.
fn end_prompt(state: &mut State) {
    state.view.end_prompt();
    for text in state.view.take_unsent() {
        let mut label = "Not sent: ";
        for row in text.lines() {
            state.note(format!("{label}{row}"));
            label = "          ";
        }
    }
}

/// Shows what a sleeping user has missed, and sends QUIT.
fn say_goodbye(client: &Client, state: &mut State) {
    state.leaving = true;
    end_prompt(state);
    state.wake();
    client.tick(state);
    client.signal();
    let reason = state.quit.take().unwrap_or_default();
    state.write(&[if reason.is_empty() { "QUIT".to_owned() } else { format!("QUIT :{reason}") }]);
}
