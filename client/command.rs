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
            let word_of_spelling = spelling.strip_suffix('\\').unwrap_or(spelling);
            word == spelling || !is_whole_line(spelling) && word.eq_ignore_ascii_case(word_of_spelling)
        };
        same(self.name) || self.aliases.iter().any(|alias| same(alias))
    }

    /// How many arguments cannot be left out.
    fn required(&self) -> usize {
        self.arguments.split_whitespace().filter(|argument| !argument.starts_with('[')).count()
    }
}

/// Whether a spelling is a command only where it is the whole line.
fn is_whole_line(spelling: &str) -> bool {
    !spelling.starts_with(['/', '\\', '@', '&'])
}

fn typed(spelling: &str, arguments: &str) -> String {
    let space = if arguments.is_empty() || spelling.ends_with(['@', '&', '\\']) { "" } else { " " };
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
mod tests {
    use super::*;

    /// What `line` asks for, in a form that is easy to compare.
    fn parsed(line: &str) -> String {
        match parse(line) {
            Input::Empty => "empty".to_owned(),
            Input::Text(text) => format!("text <{text}>"),
            Input::Run(command, arguments) => format!("{} <{arguments}>", command.name),
            Input::Incomplete(command) => format!("usage {}", command.usage()),
            Input::Unknown(word) => format!("unknown {word}"),
        }
    }

    fn check(cases: &[(&str, &str)]) {
        for (line, expected) in cases {
            assert_eq!(parsed(line), *expected, "{line}");
        }
    }

    #[test]
    fn every_spelling_leads_to_its_command() {
        for command in COMMANDS {
            for form in command.other_forms().chain([command.usage()]) {
                let Input::Run(found, _) = parse(&form) else { panic!("{form} is {}", parsed(&form)) };
                assert_eq!(found.name, command.name, "{form}");
            }
        }
    }

    #[test]
    fn the_ways_of_the_seeds() {
        check(&[
            ("tata", "/quit <>"),
            ("exit", "/quit <>"),
            ("/quit see you", "/quit <see you>"),
            (r"\quit", "/quit <>"),
            ("!DISCONNECT", "/quit <>"),
            (r"\name\bert", "/name <bert>"),
            (r"\name bert", "/name <bert>"),
            (r"\NAME\bert", "/name <bert>"),
            ("/nick bert", "/name <bert>"),
            (r"\sleep\30", "/sleep <30>"),
            (r"\black\bob", "/black <bob>"),
            (r"\unblock\bob", "/unblock <bob>"),
            ("!INFO", "/info <>"),
            ("!info", "/info <>"),
            ("@bob hi  there", "/msg <bob hi  there>"),
            ("&dev hi", "& <dev hi>"),
            ("/MSG bob hi", "/msg <bob hi>"),
        ]);
    }

    #[test]
    fn text_is_text() {
        check(&[
            ("", "empty"),
            ("  \t", "empty"),
            ("hello", "text <hello>"),
            (" /quit", "text < /quit>"),
            ("exit the room", "text <exit the room>"),
            ("Tata", "text <Tata>"),
            (r"\o/", r"text <\o/>"),
            (r"\o\ what", r"text <\o\ what>"),
            (r"\x2 y", r"text <\x2 y>"),
            ("!", "text <!>"),
            ("!wow", "text <!wow>"),
            ("!A", "text <!A>"),
            ("@ five", "text <@ five>"),
            ("& then", "text <& then>"),
            ("//etc/hosts", "text </etc/hosts>"),
            ("/say exit", "/say <exit>"),
            ("/say /quit", "/say </quit>"),
        ]);
    }

    #[test]
    fn what_looks_like_a_command_is_not_sent() {
        check(&[
            ("/foo bar", "unknown /foo"),
            ("/", "unknown /"),
            ("/usr/bin", "unknown /usr/bin"),
            (r"\foo\bar", r"unknown \foo\bar"),
            (r"\shrug me", r"unknown \shrug"),
            ("!HELP me", "unknown !HELP"),
            ("!INFO now", "unknown !INFO"),
        ]);
    }

    #[test]
    fn a_missing_argument_shows_the_usage() {
        check(&[
            ("/name", "usage /name NEW"),
            (r"\name\", "usage /name NEW"),
            ("/msg bob", "usage /msg NAME text"),
            ("@bob", "usage /msg NAME text"),
            ("&dev", "usage &room text"),
            ("/join", "usage /join #room [key]"),
        ]);
    }

    #[test]
    fn spellings_are_unique() {
        let spellings = || COMMANDS.iter().flat_map(|command| command.aliases.iter().chain([&command.name]));
        for spelling in spellings() {
            assert_eq!(spellings().filter(|other| *other == spelling).count(), 1, "{spelling}");
        }
    }

    #[test]
    fn the_readme_has_the_table() {
        let readme = include_str!("../README.md");
        assert!(readme.contains(&markdown()), "README.md lacks this table:\n{}", markdown());
    }
}
