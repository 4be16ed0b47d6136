//! From the rows in the prompt, or of a paste, to one line for the input loop. Text and commands are told apart by what
//! is seen in the rows: there is no hidden mark that a paste is text.
//!
//! Pure. Part of the editor.

use crate::core::client::Command;
use crate::core::grammar::{self, Input};
use crate::core::model::{Model, is_room};

/// Sends a row as it is.
const SAY: &str = "/say ";
/// Commands that send text to one person, or to another room.
const ADDRESSED: [&str; 2] = ["/msg", "&"];
/// Commands after which we see what we said.
const SAID: [&str; 4] = ["/say", "/me", "/msg", "&"];

/// To whom the rows of a message go, by its first row.
pub enum Receiver {
    /// To whom the prompt says.
    Target,
    /// To this person (`@albert`) or room.
    Other(String),
    /// It is a command that has one row.
    Nobody,
}

/// To whom a message with this first row goes.
pub fn receiver(first: &str, commands: &[Command]) -> Receiver {
    match grammar::parse(commands, first) {
        Input::Text(_) | Input::Empty => Receiver::Target,
        Input::Run(command, _) if command.name == SAY.trim_end() => Receiver::Target,
        Input::Run(command, arguments) if ADDRESSED.contains(&command.name) => {
            let name = arguments.split_whitespace().next().unwrap_or_default();
            let sign = if command.name == ADDRESSED[0] { "@" } else { "#" };
            Receiver::Other(if is_room(name) { name.to_owned() } else { format!("{sign}{name}") })
        }
        _ => Receiver::Nobody,
    }
}

/// The rows that were typed, as one line. The first one says where they go. Those behind it are text: one that looks
/// like a command might be meant for one person alone, and has to begin with `/say`. An error says why nothing is sent.
pub fn of_typed(text: &str, commands: &[Command]) -> Result<String, String> {
    let text = without_blank_rows(text);
    let Some((first, rest)) = text.split_once('\n') else { return Ok(text.to_owned()) };
    if matches!(receiver(first, commands), Receiver::Nobody) {
        return Err("Nothing was sent: a command has one row, and what stands below it would get lost".to_owned());
    }
    let mut line = first.to_owned();
    for (row, number) in rest.split('\n').zip(2..) {
        line.push('\n');
        line += match (row.strip_prefix(SAY), grammar::parse(commands, row)) {
            (Some(text), _) | (None, Input::Text(text)) => text,
            (None, Input::Empty) => "",
            _ => {
                return Err(format!(
                    "Nothing was sent: row {number} looks like a command; /say before it makes it text"
                ));
            }
        };
    }
    Ok(line)
}

/// Rows that are text, whatever they look like, as one line.
pub fn of_text(text: &str, commands: &[Command]) -> String {
    let text = without_blank_rows(text);
    if is_text(text.split('\n').next().unwrap_or_default(), commands) {
        text.to_owned()
    } else {
        format!("{SAY}{text}")
    }
}

/// The rows of a short paste as they come into the prompt: those that look like commands visibly begin with `/say`. The
/// first one does only where a row begins.
pub fn marked(paste: &str, is_at_start: bool, commands: &[Command]) -> String {
    let marked = |(at, row): (usize, &str)| {
        if (at > 0 || is_at_start) && !is_text(row, commands) { format!("{SAY}{row}") } else { row.to_owned() }
    };
    paste.split('\n').enumerate().map(marked).collect::<Vec<_>>().join("\n")
}

/// Whether a row looks like a message to one person, or the beginning of one.
pub fn looks_private(row: &str, commands: &[Command]) -> bool {
    match grammar::parse(commands, row) {
        Input::Run(command, _) | Input::Incomplete(command) | Input::Mistyped(command, _) => {
            command.name == ADDRESSED[0]
        }
        _ => false,
    }
}

/// Whether a row, if it were typed, would be sent as it is.
fn is_text(row: &str, commands: &[Command]) -> bool {
    matches!(grammar::parse(commands, row), Input::Text(text) if text == row) || row.trim().is_empty()
}

/// Without blank rows above and below.
fn without_blank_rows(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.split_inclusive('\n').take_while(|row| row.trim().is_empty()).map(str::len).sum();
    &text[blank..]
}

/// Whether a line is text, and there is nobody to whom it could be sent.
pub fn is_for_nobody(line: &str, model: &Model, commands: &[Command]) -> bool {
    let has_target = model.target().is_some() || model.detour.is_some() || model.idle_prompt.is_some();
    !has_target && matches!(receiver(line, commands), Receiver::Target)
}

/// Whether a line comes back as something that we said.
pub fn is_said_here(line: &str, model: &Model, commands: &[Command]) -> bool {
    let is_away = model.detour.is_some();
    let is_said = match grammar::parse(commands, line) {
        Input::Text(_) => true,
        Input::Run(command, _) if is_away => command.name == SAY.trim_end(),
        Input::Run(command, _) => SAID.contains(&command.name),
        _ => false,
    };
    is_said && (is_away || model.target().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::command;

    const TRAPS: &str = "exit\n/x\n@albert psst\n//y\n\n  fn f() {\n\\sleep\\5\ntata ";

    #[test]
    fn a_paste_is_text_whatever_it_looks_like() {
        let commands = command::core();
        let marked = marked(TRAPS, true, &commands);
        assert_eq!(
            marked,
            "/say exit\n/say /x\n/say @albert psst\n/say //y\n\n  fn f() {\n/say \\sleep\\5\n/say tata "
        );
        let sent = |line: &str| match grammar::parse(&commands, line) {
            Input::Text(text) => text.to_owned(),
            Input::Run(command, arguments) if command.name == "/say" => arguments.to_owned(),
            _ => panic!("{line}"),
        };
        assert_eq!(sent(&of_typed(&marked, &commands).unwrap()), TRAPS.trim_end());
        assert_eq!(sent(&of_text(TRAPS, &commands)), TRAPS.trim_end());
        assert_eq!(of_text("\n\n  if x {\n}\n", &commands), "  if x {\n}");
    }

    #[test]
    fn the_first_row_says_where_the_others_go() {
        let commands = command::core();
        let typed = |text| of_typed(text, &commands);
        assert_eq!(typed("one\n\n/say /quit\n//two\n three"), Ok("one\n\n/quit\n/two\n three".into()));
        assert_eq!(typed("\n \n/me waves\n"), Ok("/me waves".into()), "a single row is what it looks like");
        assert_eq!(typed("@albert psst\npsst"), Ok("@albert psst\npsst".into()));
        for refused in
            ["/topic x\npsst", "/unknown\npsst", "@albert\npsst", "tata\nx", "one\n@albert psst", "one\n/w anna x"]
        {
            assert!(typed(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_message_to_one_person_is_known_by_its_beginning() {
        let commands = command::core();
        for private in
            ["@albert psst", "@", "@al", "/msg", "/MSG albert x", " @albert psst", "＠albert x", "@ albert x"]
        {
            assert!(looks_private(private, &commands), "{private}");
        }
        for other in ["exit", "/x", "//msg", "a@b.example", "/me @albert", "", "/"] {
            assert!(!looks_private(other, &commands), "{other}");
        }
    }
}
