//! The input loop: reads what the user types, and sends it or carries out the command in it.
//!
//! Run by the main thread. It locks the state for a moment at a time, never while it reads.

use super::client::{Client, is_script};
use super::command;
use super::grammar::{self, Input};
use super::limits::{INPUT_LINE, TOGETHER};
use super::state::State;
use super::{rooms, shutdown, talk};
use std::io::{BufRead, ErrorKind, Read, Stdin};
use std::time::{Duration, Instant};
use wire::os::TERMINAL_LINE;

/// Where lines come from: the standard input, or an editor.
pub trait Source: Send {
    /// Waits for the next line, without its end and without control characters; `None` at the end of the input, also
    /// when the terminal was closed. A message of an editor may have several rows.
    fn next_line(&mut self) -> Option<Result<String, Refused>>;
}

/// Lines as the system gives them out.
impl Source for Stdin {
    fn next_line(&mut self) -> Option<Result<String, Refused>> {
        next_line(&mut self.lock(), !is_script())
    }
}

/// Reads lines and carries them out, until the user leaves by a command or the input ends.
pub fn input_loop(client: &Client, input: &mut dyn Source, mut act: impl FnMut(&str, &mut dyn Source)) {
    loop {
        shutdown::if_closed(client);
        let mut state = client.lock();
        if state.quit.is_some() {
            return;
        }
        let State { view, model, .. } = &mut *state;
        view.draw_prompt(model);
        drop(state);
        let line = read_line(client, input);
        line.iter().for_each(|line| client.lock().view.entered(line));
        let _turn = client.turn(Duration::MAX, None);
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
    let input = grammar::parse(&client.commands, line);
    let meant = match &input {
        Input::Empty => return,
        Input::Text(text) => return talk::say(client, text),
        Input::Run(command, arguments) => {
            let mut state = client.lock();
            let here = state.model.away().filter(|_| command.is_of_chat).map(str::to_owned);
            let Some(here) = here else {
                drop(state);
                return (command.run)(client, arguments);
            };
            let way = if state.model.placed.is_some() { "" } else { "; Ctrl-D leads back" };
            return state.refuse(format!("{} does not work in {here}{way}", command.name));
        }
        Input::Incomplete(command) => {
            client.refuse(format!("Usage: {}", command.usage()));
            command
        }
        Input::Mistyped(command, sign) => {
            client.refuse(format!("Usage: {}; nothing was sent (/say TEXT sends it as it is)", command.form(*sign)));
            command
        }
        Input::Unknown(word) => return refuse(client, word),
    };
    if meant.leads_elsewhere {
        rooms::not_moved(client);
    }
}

/// Says why a command is not carried out: it is a typing error, or this build has no wing for it. A script cannot see
/// the latter, and its next lines may be meant for another place. So it talks to nobody from then on, and fails.
pub fn refuse(client: &Client, word: &str) {
    let mut state = client.lock();
    let Some(sentence) = command::why_absent(client.absent, word) else {
        return state.refuse(format!("Unknown command {word}, try /help"));
    };
    state.refuse(sentence);
    if is_script() && state.model.placed.is_none() {
        state.model.set_target(None);
    }
}

/// The next line that is carried out; `None` at the end of the input. A line that is refused is not part of it, unless it
/// leads elsewhere: then what follows is meant for that place, and must not go to those with whom the user was talking
/// before.
pub fn read_line(client: &Client, input: &mut dyn Source) -> Option<String> {
    let mut is_discarding = false;
    loop {
        let start = Instant::now();
        let line = input.next_line();
        let is_ctrl_d = matches!(&line, Some(Err(refused)) if refused.why == CTRL_D);
        if std::mem::replace(&mut is_discarding, is_ctrl_d) && start.elapsed() < TOGETHER {
            continue;
        }
        let mut state = client.lock();
        let refused = match line? {
            Ok(line) => {
                state.script.begin(&line);
                return Some(line);
            }
            Err(refused) => refused,
        };
        state.script.begin(&refused.text);
        // Another thread may have the turn.
        state.script.refuse_current(refused.why);
        state.note(refused.why);
        let State { questions, view, .. } = &mut *state;
        questions.open.iter().for_each(|question| view.ask(question));
        drop(state);
        match grammar::parse(&client.commands, &refused.text) {
            Input::Run(command, _) | Input::Incomplete(command) | Input::Mistyped(command, _)
                if command.leads_elsewhere =>
            {
                // Without its argument it leads nowhere.
                return Some(command.name.to_owned());
            }
            _ => {}
        }
    }
}

/// A line that is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    why: &'static str,
    /// Its beginning, as far as it can be read.
    text: String,
}

impl Refused {
    /// An answer that came too late.
    pub fn outdated(text: String) -> Self {
        Refused { why: OUTDATED, text }
    }
}

const OUTDATED: &str = "Nothing was sent: that line was perhaps begun as an answer to the question that was answered in \
                        another window; if it is for the chat, enter it again";
const CTRL_D: &str = "Ctrl-D within a line: the line is discarded, and nothing was sent";
const TOO_LONG: &str = "That line is longer than 64 KiB: nothing of it was sent";
const CUT_OFF: &str = "That line fills all that a terminal takes in one line, and the rest of it is lost, so nothing was \
                       sent; write it into a file, and send that with /file or by chat-client < FILE";
const CONTROL: &str = "That line has a control character in it, so nothing was sent; remove it (cat -v shows it)";
const NOT_UTF_8: &str = "That line is not text in UTF-8, so nothing was sent; convert it (iconv -t UTF-8)";

/// The next line, or why it is refused.
///
/// - Its end is missing: at a terminal, which gives out one line at a time (termios(3), canonical mode), the user has
///   pressed Ctrl-D instead. A file or a script may end like that.
/// - It is as long as a line can be at a terminal, which drops what is typed beyond that, but not the line's end.
/// - It is too long. In pieces it would be several lines, and only the first one would begin with `@albert`.
/// - It is not UTF-8: others would see something else than its writer.
/// - It holds control characters. At a terminal they are keys, and dropped; in a file others would see something else,
///   too.
fn next_line(input: &mut impl BufRead, is_terminal: bool) -> Option<Result<String, Refused>> {
    let mut bytes = Vec::new();
    if is_terminal {
        let (length, is_line) = loop {
            match input.fill_buf() {
                Ok(typed) => break (typed.len(), typed.contains(&b'\n')),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        };
        if !is_line {
            input.consume(length);
            return (length > 0).then_some(Err(Refused { why: CTRL_D, text: String::new() }));
        }
    }
    if input.by_ref().take(INPUT_LINE).read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    let is_whole = bytes.last() == Some(&b'\n');
    let why = if !is_whole && bytes.len() as u64 == INPUT_LINE {
        input.skip_until(b'\n').ok()?;
        TOO_LONG
    } else if is_terminal && bytes.len() >= TERMINAL_LINE {
        CUT_OFF
    } else {
        match str::from_utf8(&bytes) {
            Ok(line) if !is_terminal && has_control_characters(line) => CONTROL,
            Ok(line) => return Some(Ok(without_keys(line))),
            Err(_) => NOT_UTF_8,
        }
    };
    Some(Err(Refused { why, text: without_keys(&String::from_utf8_lossy(&bytes)) }))
}

/// Whether there is a control character in a line of a file that is neither a tab nor part of the line's end.
fn has_control_characters(line: &str) -> bool {
    line.trim_end_matches(['\r', '\n']).chars().any(|c| c.is_control() && c != '\t')
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
    fn a_line_without_its_end_is_whole_in_a_file_and_discarded_at_a_terminal() {
        let mut file = &b"one\ntwo"[..];
        assert_eq!(
            [next_line(&mut file, false), next_line(&mut file, false)].map(Option::unwrap).map(Result::unwrap),
            ["one", "two"]
        );
        assert_eq!(next_line(&mut file, false), None);
        let mut typed = &b"one\n@albert ps"[..];
        assert_eq!(next_line(&mut typed, true), Some(Ok("one".into())));
        assert!(next_line(&mut typed, true).unwrap().is_err());
        assert_eq!(next_line(&mut typed, true), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_as_a_whole() {
        let long = [&b"/to albert "[..], &vec![b'x'; 3 * usize::try_from(INPUT_LINE).unwrap()], b"\nshort\n"].concat();
        let mut input = &long[..];
        let refused = next_line(&mut input, false).unwrap().unwrap_err();
        assert!(refused.why == TOO_LONG && refused.text.starts_with("/to albert x"));
        assert_eq!(next_line(&mut input, false), Some(Ok("short".into())));
        let longest = [vec![b'x'; usize::try_from(INPUT_LINE).unwrap() - 1], vec![b'\n']].concat();
        assert!(next_line(&mut &longest[..], false).unwrap().is_ok());
    }

    #[test]
    fn a_line_that_a_terminal_has_cut_off_is_refused_even_within_a_character() {
        let typed = |count| [vec![b'x'; count - 2], "é".into(), vec![b'\n']].concat();
        let whole = typed(TERMINAL_LINE - 2);
        assert!(next_line(&mut &whole[..], true).unwrap().is_ok());
        let mut full = typed(TERMINAL_LINE - 1);
        assert_eq!(next_line(&mut &full[..], true).unwrap().unwrap_err().why, CUT_OFF);
        full.remove(TERMINAL_LINE - 2);
        full.insert(0, b'x');
        assert_eq!(next_line(&mut &full[..], true).unwrap().unwrap_err().why, CUT_OFF);
        assert_eq!(next_line(&mut &full[..], false).unwrap().unwrap_err().why, NOT_UTF_8);
    }

    #[test]
    fn control_characters_are_keys_at_a_terminal_and_refused_in_a_file() {
        for line in ["a\0b\n", "\u{1b}[31mred\n", "ding\u{7}\n", "a\rb\n", "\u{9b}1m\n"] {
            assert_eq!(next_line(&mut line.as_bytes(), false).unwrap().unwrap_err().why, CONTROL, "{line:?}");
            assert!(next_line(&mut line.as_bytes(), true).unwrap().is_ok(), "{line:?}");
        }
        assert_eq!(next_line(&mut &b"a\tb\r\n"[..], false), Some(Ok("a\tb".into())));
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_refused() {
        let mut input = &b"/to caf\xe9\nshort\n"[..];
        let refused = next_line(&mut input, false).unwrap();
        assert_eq!(refused, Err(Refused { why: NOT_UTF_8, text: "/to caf\u{fffd}".into() }));
        assert_eq!(next_line(&mut input, false), Some(Ok("short".into())));
    }
}
