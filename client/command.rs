//! The one table of commands: the parser, `/help` and the README's list are all made from it.
//!
//! Pure: it looks at a line and names the handler; the main thread then calls it. No lock.

use crate::handlers;
use crate::state::Client;

/// One command.
pub struct Command {
    /// The canonical spelling.
    pub name: &'static str,
    /// What follows it; a word in brackets may be left out.
    pub arguments: &'static str,
    /// Other spellings, most of them from the systems that this one follows.
    pub aliases: &'static [&'static str],
    /// One sentence for `/help`.
    pub help: &'static str,
    /// Carries it out, given what follows the command.
    pub run: fn(&Client, &str),
}

/// Every command, in the order in which `/help` lists them.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    Command { name: "/quit", arguments: "[reason]", aliases: &["tata", "exit", r"\quit", "!DISCONNECT"],
        help: "Leave; the end of the input does the same", run: handlers::people::quit },
    Command { name: "/name", arguments: "NEW", aliases: &["/nick", r"\name\"],
        help: "Change your name", run: handlers::people::name },
    Command { name: "/msg", arguments: "NAME text", aliases: &["@"],
        help: "Send text to one person alone", run: handlers::talk::msg },
    Command { name: "&", arguments: "room text", aliases: &[],
        help: "Send text to another room without going there", run: handlers::talk::room_msg },
    Command { name: "/to", arguments: "NAME|#room", aliases: &[],
        help: "From now on talk to this person or room", run: handlers::talk::to },
    Command { name: "/me", arguments: "text", aliases: &[],
        help: "Say what you do: /me waves", run: handlers::talk::me },
    Command { name: "/say", arguments: "text", aliases: &[],
        help: "Send text as it is, even the word exit; //text sends /text", run: handlers::talk::say },
    Command { name: "/info", arguments: "", aliases: &["!INFO", "!info"],
        help: "How many people are in this room, and who", run: handlers::rooms::info },
    Command { name: "/who", arguments: "[#room]", aliases: &[],
        help: "A table of the people in a room", run: handlers::rooms::who },
    Command { name: "/whois", arguments: "NAME", aliases: &[],
        help: "More about one person", run: handlers::people::whois },
    Command { name: "/fingerprint", arguments: "[NAME]", aliases: &[],
        help: "Show your key and the server's, or somebody's, to compare", run: handlers::people::fingerprint },
    Command { name: "/join", arguments: "#room [key]", aliases: &[],
        help: "Enter a room, or make one, and talk there", run: handlers::rooms::join },
    Command { name: "/part", arguments: "[#room]", aliases: &[],
        help: "Leave a room", run: handlers::rooms::part },
    Command { name: "/rooms", arguments: "", aliases: &["/list"],
        help: "List the rooms", run: handlers::rooms::list },
    Command { name: "/topic", arguments: "[text]", aliases: &[],
        help: "Show or set what this room is about", run: handlers::rooms::topic },
    Command { name: "/invite", arguments: "NAME [#room]", aliases: &[],
        help: "Invite somebody into a room", run: handlers::rooms::invite },
    Command { name: "/kick", arguments: "NAME [reason]", aliases: &[],
        help: "Remove somebody from this room, if you run it", run: handlers::rooms::kick },
    Command { name: "/sleep", arguments: "TIME", aliases: &[r"\sleep\"],
        help: "Hold back what others say for 30 (seconds), 5m or 1h; 0 ends it", run: handlers::people::sleep },
    Command { name: "/away", arguments: "[text]", aliases: &[],
        help: "Tell people who write to you that you are away; without text you are back", run: handlers::people::away },
    Command { name: "/black", arguments: "NAME", aliases: &[r"\black\"],
        help: "Blacklist somebody: see nothing more from them, even under a new name", run: handlers::people::black },
    Command { name: "/unblock", arguments: "NAME", aliases: &[r"\unblock\"],
        help: "Take somebody off your blacklist", run: handlers::people::unblock },
    Command { name: "/blacklist", arguments: "", aliases: &[],
        help: "Show your blacklist", run: handlers::people::blacklist },
    Command { name: "/file", arguments: "PATH [TARGET]", aliases: &["!FILE ", r"\file\"],
        help: "Send a file to whom you are talking to, or to a NAME or #room", run: handlers::files::file },
    Command { name: "/files", arguments: "", aliases: &[],
        help: "List the files that were sent to you or by you", run: handlers::files::list },
    Command { name: "/get", arguments: "ID", aliases: &[],
        help: "Fetch a file that did not come by itself", run: handlers::files::get },
    Command { name: "/cancel", arguments: "ID", aliases: &[],
        help: "Stop sending a file, or take it back; stop fetching one, or decline it", run: handlers::files::cancel },
    Command { name: "/getdir", arguments: "", aliases: &[],
        help: "List the multicast rooms: where their members meet, and who made them", run: handlers::directory::getdir },
    Command { name: "/makeroom", arguments: "NAME ADDRESS PORT", aliases: &[],
        help: "Put a multicast room into the directory: /makeroom lab 239.1.2.3 4000", run: handlers::directory::makeroom },
    Command { name: "/deleteroom", arguments: "NAME", aliases: &[],
        help: "Take a multicast room of yours out of the directory", run: handlers::directory::deleteroom },
    Command { name: "/chat", arguments: "ROOM", aliases: &[],
        help: "Talk in a multicast room; there /who and /stats tell more, and Ctrl-D leads back", run: handlers::directory::chat },
    Command { name: "/help", arguments: "[command]", aliases: &[],
        help: "Show all commands, or more about one", run: handlers::people::help },
];

impl Command {
    /// The canonical form with its arguments, as it is typed.
    pub fn usage(&self) -> String {
        typed(self.name, self.arguments)
    }

    /// The other forms, as they are typed.
    pub fn other_forms(&self) -> impl Iterator<Item = String> {
        // A word like tata stands for itself alone, so it is shown without arguments.
        self.aliases
            .iter()
            .map(|&alias| if is_whole_line(alias) { alias.to_owned() } else { typed(alias, self.arguments) })
    }

    fn is_spelled(&self, word: &str) -> bool {
        let same = |spelling: &str| {
            let word_of_spelling = spelling.strip_suffix(['\\', ' ']).unwrap_or(spelling);
            word == spelling || !is_whole_line(spelling) && word.eq_ignore_ascii_case(word_of_spelling)
        };
        same(self.name) || self.aliases.iter().any(|alias| same(alias))
    }

    /// How many arguments cannot be left out.
    fn required(&self) -> usize {
        self.arguments.split_whitespace().filter(|argument| !argument.starts_with('[')).count()
    }
}

/// Whether a spelling is a command only where it is the whole line. A space at its end says that it is not.
fn is_whole_line(spelling: &str) -> bool {
    !spelling.starts_with(['/', '\\', '@', '&']) && !spelling.ends_with(' ')
}

/// Whether a line starts with a spelling that only its space tells from plain text.
fn has_spaced_spelling(line: &str) -> bool {
    let mut spaced = COMMANDS.iter().flat_map(|command| command.aliases).filter(|alias| alias.ends_with(' '));
    spaced.any(|alias| line.starts_with(alias))
}

fn typed(spelling: &str, arguments: &str) -> String {
    let space = if arguments.is_empty() || spelling.ends_with(['@', '&', '\\', ' ']) { "" } else { " " };
    format!("{spelling}{space}{arguments}")
}

/// What a line of input asks for.
pub enum Input<'a> {
    /// Nothing.
    Empty,
    /// To send this text.
    Text(&'a str),
    /// To run this command with these arguments.
    Run(&'static Command, &'a str),
    /// The same, but an argument is missing.
    Incomplete(&'static Command),
    /// Something that looks like a command and is none; it is not sent, since it may be a typing error.
    Unknown(&'a str),
}

/// Says what `line` asks for.
pub fn parse(line: &str) -> Input<'_> {
    if line.trim().is_empty() {
        return Input::Empty;
    }
    if line.starts_with("//") {
        return Input::Text(&line[1..]);
    }
    let (word, arguments) = command_word(line);
    match find(word) {
        Some(command) if arguments.split_whitespace().count() < command.required() => Input::Incomplete(command),
        Some(command) => Input::Run(command, arguments.trim()),
        None if looks_like_a_command(line) => Input::Unknown(line.split(' ').next().unwrap_or(line)),
        None => Input::Text(line),
    }
}

/// The command of this spelling.
pub fn find(word: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.is_spelled(word))
}

/// Splits a line into what would be its command, and the rest.
fn command_word(line: &str) -> (&str, &str) {
    match line.as_bytes() {
        [b'/', ..] => line.split_once(' ').unwrap_or((line, "")),
        [b'!', ..] if has_spaced_spelling(line) => line.split_once(' ').unwrap_or((line, "")),
        [b'\\', ..] => {
            let end = line[1..].find(['\\', ' ']).map_or(line.len(), |end| end + 1);
            (&line[..end], line.get(end + 1..).unwrap_or_default())
        }
        [b'@' | b'&', next, ..] if *next != b' ' => line.split_at(1),
        _ => (line.trim_end(), ""),
    }
}

fn looks_like_a_command(line: &str) -> bool {
    let word = line.split(' ').next().unwrap_or(line);
    let letters = |text: &str, fits: fn(&char) -> bool| text.len() >= 2 && text.chars().all(|c| fits(&c));
    match word.as_bytes() {
        [b'/', ..] => true,
        [b'\\', ..] => letters(word[1..].split('\\').next().unwrap_or_default(), char::is_ascii_alphabetic),
        [b'!', ..] => letters(&word[1..], char::is_ascii_uppercase),
        _ => false,
    }
}

/// The table as Markdown, for the README.
#[cfg(test)]
pub fn markdown() -> String {
    use std::fmt::Write;
    let mut table = String::from("| command | also | what it does |\n| --- | --- | --- |\n");
    for command in COMMANDS {
        let also: Vec<_> = command.other_forms().map(|form| format!("`{form}`")).collect();
        // A bar inside a cell would end it.
        let usage = command.usage().replace('|', "\\|");
        let _ = writeln!(table, "| `{usage}` | {} | {} |", also.join(", "), command.help);
    }
    table
}

#[cfg(test)]
mod tests;
