//! The meaning of a typed line: one grammar for the chat, for the directory prompt and for multicast rooms.
//!
//! A line that looks like a command is one, or it is refused. It is never text, since it may hold what is meant for one
//! person alone: a slip of a space must not send that to everybody. Pure; the main thread calls it.

use super::client::Command;
use super::command::{find, is_whole_line};
use wire::text::is_printable;

/// The meaning of a line of input.
pub enum Input<'a> {
    /// Nothing.
    Empty,
    /// To send this text.
    Text(&'a str),
    /// To run this command with these arguments.
    Run(&'a Command, &'a str),
    /// The same, but an argument is missing.
    Incomplete(&'a Command),
    /// It is meant to be this command, and is not written like it. The sign is the one that it begins with.
    Mistyped(&'a Command, char),
    /// Something that looks like a command and is none.
    Unknown(&'a str),
}

/// Finds the meaning of a line.
///
/// | a line that begins with | is |
/// | --- | --- |
/// | `//` | text, without the first `/` |
/// | `/`, `@` or `&` | a command |
/// | `!` or `\` and two letters, or a space and the name of a command with this sign | a command |
/// | one of these behind blanks, or in the full width of an input method | a mistyped command |
/// | anything else | text, unless all of it is `tata` or `exit` |
pub fn parse<'a>(commands: &'a [Command], line: &'a str) -> Input<'a> {
    let text = line.trim_start_matches(is_blank);
    let Some(first) = text.chars().next() else { return Input::Empty };
    let sign = half_width(first);
    let is_exact = sign == first && text.len() == line.len();
    let meaning = match (sign, &text[first.len_utf8()..]) {
        ('/', rest) if rest.starts_with('/') => Input::Text(rest),
        ('/' | '\\' | '!', rest) => named(commands, sign, rest, text),
        ('@' | '&', rest) => addressed(commands, sign, rest),
        _ => match find(commands, text.trim_end_matches(is_blank)) {
            Some(command) => Input::Run(command, ""),
            None => Input::Text(line),
        },
    };
    match meaning {
        Input::Run(command, _) | Input::Incomplete(command) if !is_exact => Input::Mistyped(command, sign),
        Input::Text(_) if !is_exact => Input::Text(line),
        meaning => meaning,
    }
}

/// What a user does not see at the start of a line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || !is_printable(c)
}

/// The sign that an input method for Chinese, Japanese or Korean writes wider, or smaller.
fn half_width(c: char) -> char {
    match c {
        '／' => '/',
        '＼' | '﹨' => '\\',
        '！' | '﹗' => '!',
        '＠' | '﹫' => '@',
        '＆' | '﹠' => '&',
        c => c,
    }
}

/// A line such as `/msg albert hi`, `\sleep\5` or `!INFO`; `rest` is the text behind the sign.
fn named<'a>(commands: &'a [Command], sign: char, rest: &str, text: &'a str) -> Input<'a> {
    let ends = |c: char| c.is_whitespace() || sign == '\\' && c == '\\';
    let (word, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    let spelled = |sign: char, word: &str| {
        let spelled = format!("{sign}{word}");
        commands.iter().find_map(|command| Some((command, command.spelling(&spelled)?)))
    };
    let unknown = || Input::Unknown(text.split(char::is_whitespace).next().unwrap_or_default());
    if let Some((command, spelling)) = spelled(sign, word) {
        let arguments = text_after(text, after);
        let is_apart = after.is_empty() || after.starts_with(' ') || after.starts_with('\\');
        return match arguments.split_whitespace().count() {
            0 if command.required() == 0 => Input::Run(command, ""),
            _ if !is_apart || is_whole_line(spelling) => Input::Mistyped(command, sign),
            count if count < command.required() => Input::Incomplete(command),
            _ => Input::Run(command, arguments),
        };
    }
    // A space too many: `/ help`, `! INFO`.
    let next = rest.trim_start().split(ends).next().filter(|next| word.is_empty() && !next.is_empty());
    let has_letters = word.chars().take(2).filter(char::is_ascii_alphabetic).count() == 2;
    match next.and_then(|next| spelled(sign, next)).or_else(|| spelled('/', word)) {
        Some((command, spelling)) => Input::Mistyped(command, spelling.chars().next().unwrap_or(sign)),
        None if sign == '/' || has_letters => unknown(),
        None => Input::Text(text),
    }
}

/// The arguments: what stands behind the character that ends the command's name. `after` is the end of `text`.
fn text_after<'a>(text: &'a str, after: &str) -> &'a str {
    let behind = after.chars().next().map_or(0, char::len_utf8);
    text[text.len() - after.len() + behind..].trim()
}

/// A line such as `@albert hi` or `&lab hi`; `rest` is the text behind the sign.
fn addressed<'a>(commands: &'a [Command], sign: char, rest: &'a str) -> Input<'a> {
    let Some(command) = find(commands, sign.encode_utf8(&mut [0; 4])) else { return Input::Text(rest) };
    let gap = rest.find(char::is_whitespace).map(|at| rest.split_at(at));
    let is_apart = gap.is_none_or(|(name, after)| !name.is_empty() && after.starts_with(' '));
    match rest.split_whitespace().count() {
        0 => Input::Incomplete(command),
        _ if !is_apart => Input::Mistyped(command, sign),
        count if count < command.required() => Input::Incomplete(command),
        _ => Input::Run(command, rest.trim()),
    }
}

#[cfg(test)]
mod tests;
