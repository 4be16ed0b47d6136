//! The sender loop: reads what the user types, and sends it or carries out the command in it.
//!
//! Run by the main thread. It locks the state for a moment at a time, never while it reads.

use crate::command::{self, Input};
use crate::handlers::talk;
use crate::state::Client;
use std::io::BufRead;

/// Sends what is typed until the user leaves, by a command or by the end of the input.
pub fn sender_loop(client: &Client, input: &mut impl BufRead) {
    loop {
        let mut state = client.lock();
        if state.quit.is_some() {
            return;
        }
        state.screen.draw_prompt();
        drop(state);
        let Some(line) = read_line(input) else { return };
        match command::parse(&line) {
            Input::Empty => {}
            Input::Text(text) => talk::say(client, text),
            Input::Run(command, arguments) => (command.run)(client, arguments),
            Input::Incomplete(command) => client.lock().screen.tell(&format!("Usage: {}", command.usage())),
            Input::Unknown(word) => client.lock().screen.tell(&format!("Unknown command {word}, try /help")),
        }
    }
}

/// The next line without its end and without what no message can hold; `None` at the end of the
/// input, which is also what a terminal that has gone looks like.
pub fn read_line(input: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    if input.read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    bytes.retain(|byte| !matches!(byte, b'\n' | b'\r' | 0));
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
