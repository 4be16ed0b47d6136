//! The input loop: reads what the user types, and sends it or carries out the command in it.
//!
//! Run by the main thread. It locks the state for a moment at a time, never while it reads.

use super::client::{Absent, Client, is_script};
use super::command::{self, Input};
use super::talk;
use std::io::{BufRead, Read};

/// The longest line, in bytes; a longer one is cut into several.
const LONGEST: u64 = 64 * 1024;

/// Reads lines and carries them out, until the user leaves by a command or the input ends.
pub fn input_loop<R: BufRead>(client: &Client, input: &mut R, mut act: impl FnMut(&str, &mut R)) {
    loop {
        let mut state = client.lock();
        if state.quit.is_some() {
            return;
        }
        state.view.draw_prompt();
        drop(state);
        let Some(line) = read_line(input) else {
            // Ctrl-D first leads out of whatever a wing has led into.
            if client.wings.iter().any(|wing| wing.back(client)) {
                continue;
            }
            return;
        };
        client.lock().view.entered(&line);
        if !client.wings.iter().any(|wing| wing.typed(client, &line)) {
            act(&line, input);
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
    let Some(feature) = feature_of(client.absent, word) else {
        return state.note(format!("Unknown command {word}, try /help"));
    };
    let sentence = format!("This client was built without {feature}; build it with --features {feature}");
    state.note(&*sentence);
    if is_script() {
        state.set_target(None);
        state.failure = Some(sentence);
    }
}

/// The feature that has a command.
fn feature_of(absent: &[Absent], word: &str) -> Option<&'static str> {
    let has_it = |absent: &&Absent| absent.commands.iter().any(|command| command.eq_ignore_ascii_case(word));
    absent.iter().find(has_it).map(|absent| absent.feature)
}

/// The next line without its end and without control characters; `None` at the end of the input, also when the
/// terminal was closed.
pub fn read_line(input: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    if input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes).ok()? == 0 {
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
    fn commands_of_absent_wings_are_known() {
        let absent = [Absent { feature: "files", commands: &["/file"] }];
        assert_eq!((feature_of(&absent, "/FILE"), feature_of(&absent, "/foo")), (Some("files"), None));
    }

    #[test]
    fn keys_leave_nothing_in_a_line() {
        assert_eq!(without_keys("\u{1b}[A/msg albert hi\u{1b}[1;5D\u{1b}OP\u{c}\r\n"), "/msg albert hi");
        assert_eq!(without_keys("a\tb [A \u{1b}"), "a\tb [A ");
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let endless = vec![b'x'; 3 * usize::try_from(LONGEST).unwrap()];
        let mut input = &endless[..];
        assert_eq!(read_line(&mut input).unwrap().len() as u64, LONGEST);
        assert_eq!(input.len() as u64, 2 * LONGEST);
    }
}
