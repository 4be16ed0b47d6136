//! From the text in the prompt to lines for the input loop, which takes commands apart from text.
//!
//! Pure. Part of the editor.

use crate::core::client::Command;
use crate::core::grammar::{self, Input};
use crate::core::model::Model;

/// Sends a line as it is.
const SAY: &str = "/say";
/// Commands after which we see what we said.
const SAID: [&str; 4] = ["/say", "/me", "/msg", "&"];

/// Lines that were typed. The first may be a command, which has one line: those behind it might be meant for one person
/// alone. An error says why nothing is sent.
pub fn of_typed(text: &str, commands: &[Command]) -> Result<Vec<String>, &'static str> {
    let Some((first, rest)) = text.split_once('\n') else { return Ok(vec![text.to_owned()]) };
    match grammar::parse(commands, first) {
        Input::Text(_) | Input::Empty => {}
        _ => return Err("Nothing was sent: a command has one line only"),
    }
    let first = Some(first.to_owned()).filter(|first| !first.trim().is_empty());
    Ok(first.into_iter().chain(of_paste(rest, commands)).collect())
}

/// Lines that are text, whatever they look like. Empty ones cannot be sent.
pub fn of_paste(text: &str, commands: &[Command]) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| if looks_like_a_command(line, commands) { format!("{SAY} {line}") } else { line.to_owned() })
        .collect()
}

/// Whether a line, if it were typed, would not be sent as it is.
pub fn looks_like_a_command(line: &str, commands: &[Command]) -> bool {
    let first = line.lines().next().unwrap_or_default();
    !matches!(grammar::parse(commands, first), Input::Text(text) if text == first) && !first.trim().is_empty()
}

/// Whether a line comes back as something that we said.
pub fn is_said_here(line: &str, model: &Model, commands: &[Command]) -> bool {
    let is_away = model.detour.is_some();
    let is_said = match grammar::parse(commands, line) {
        Input::Text(_) => true,
        Input::Run(command, _) if is_away => command.name == SAY,
        Input::Run(command, _) => SAID.contains(&command.name),
        _ => false,
    };
    is_said && (is_away || model.target().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::command;

    #[test]
    fn a_paste_is_text_whatever_it_looks_like() {
        let lines = of_paste("exit\n/x\n@albert psst\n//y\n\n  fn f() {\n\\sleep\\5\ntata ", &command::core());
        let expected =
            ["/say exit", "/say /x", "/say @albert psst", "/say //y", "  fn f() {", "/say \\sleep\\5", "/say tata "];
        assert_eq!(lines, expected);
        for line in lines {
            let commands = command::core();
            let is_text = match grammar::parse(&commands, &line) {
                Input::Text(_) => true,
                Input::Run(command, _) => command.name == SAY,
                _ => false,
            };
            assert!(is_text, "{line}");
        }
    }

    #[test]
    fn a_message_of_several_lines_is_text_and_a_command_has_one() {
        let typed = |text| of_typed(text, &command::core());
        assert_eq!(typed("one\n/quit\n\ntwo"), Ok(vec!["one".into(), "/say /quit".into(), "two".into()]));
        assert_eq!(typed("/me waves"), Ok(vec!["/me waves".into()]));
        assert!(typed("@albert psst\npsst").is_err());
        assert!(typed("/unknown\npsst").is_err());
    }
}
