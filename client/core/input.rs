//! The input loop: reads what the user types, and sends it or carries out the command in it.
//!
//! Run by the main thread. It locks the state for a moment at a time, never while it reads.

use super::client::{Client, is_script};
use super::command::{self, Input};
use super::limits::INPUT_LINE;
use super::state::State;
use super::talk;
use std::io::{BufRead, Read};

/// Reads lines and carries them out, until the user leaves by a command or the input ends.
pub fn input_loop<R: BufRead>(client: &Client, input: &mut R, mut act: impl FnMut(&str, &mut R)) {
    loop {
        let mut state = client.lock();
        if state.quit.is_some() {
            return;
        }
        let State { view, model, .. } = &mut *state;
        view.draw_prompt(model);
        drop(state);
        let line = read_line(input);
        line.iter().for_each(|line| client.lock().view.entered(line));
        // The end of the input (Ctrl-D) first leads out of a wing's mode, such as a multicast room.
        let is_taken = client.wings.iter().any(|wing| wing.typed(client, line.as_deref()));
        match line {
            Some(line) if !is_taken => act(&line, input),
            None if !is_taken => return,
            _ => {}
        }
    }
}

/// Sends a line, or carries out the command in it.
pub fn act(client: &Client, line: &str) {
    match command::parse(&client.commands, line) {
        Input::Empty => {}
        Input::Text(text) => talk::say(client, text),
        Input::Run(command, arguments) => (command.run)(client, arguments),
        Input::Incomplete(command) => client.note(format!("Usage: {}", command.usage())),
        Input::Unknown(word) => refuse(client, word),
    }
}

/// Says why a command is not carried out: it is a typing error, or this build has no wing for it. A script cannot see
/// the latter, and its next lines may be meant for another place. So it talks to nobody from then on, and fails.
pub fn refuse(client: &Client, word: &str) {
    let mut state = client.lock();
    let Some(sentence) = command::why_absent(client.absent, word) else {
        return state.note(format!("Unknown command {word}, try /help"));
    };
    state.note(&*sentence);
    if is_script() {
        state.model.set_target(None);
        state.failure = Some(sentence);
    }
}

/// The next line without its end and without control characters; `None` at the end of the input, also when the
/// terminal was closed.
pub fn read_line(input: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    if input.by_ref().take(INPUT_LINE).read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    Some(without_keys(&String::from_utf8_lossy(&bytes)))
}

/// The line without control characters and without the sequences of arrow keys and the like (`ESC [ A`): a user who
/// presses such a key before a command does not mean to send it to the room.
fn without_keys(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if(|c| matches!(c, '[' | 'O')).is_some() => {
                // Parameters and intermediates, then the final character (ECMA-48, section 5.4).
                while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                chars.next_if(|c| matches!(c, '@'..='~'));
            }
            '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_leave_nothing_in_a_line() {
        assert_eq!(without_keys("\u{1b}[A/msg albert hi\u{1b}[1;5D\u{1b}OP\u{c}\r\n"), "/msg albert hi");
        assert_eq!(without_keys("a\tb [A \u{1b}"), "a\tb [A ");
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let endless = vec![b'x'; 3 * usize::try_from(INPUT_LINE).unwrap()];
        let mut input = &endless[..];
        assert_eq!(read_line(&mut input).unwrap().len() as u64, INPUT_LINE);
        assert_eq!(input.len() as u64, 2 * INPUT_LINE);
    }
}
