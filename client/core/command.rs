//! The table of the core's commands, the parser of typed lines, and `/help`.
//!
//! The parser is pure. The main thread calls it, and then the handler of the command. No lock but to say something.

use super::client::{Absent, Client, Command};
use super::{people, rooms, talk};

/// The commands of the core, in the order in which `/help` lists them.
#[rustfmt::skip]
pub fn core() -> Vec<Command> {
    vec![
        Command::new("/quit", "[reason]", &["tata", "exit", r"\quit", "!DISCONNECT"],
            "Leave; the end of the input does the same", people::quit),
        Command::new("/name", "NEW", &["/nick", r"\name\"], "Change your name", people::name),
        Command::new("/msg", "NAME text", &["@"], "Send text to one person alone", talk::msg),
        Command::new("&", "room text", &[], "Send text to another room without going there", talk::room_msg),
        Command::new("/to", "NAME|#room", &[], "From now on talk to this person or room", talk::to),
        Command::new("/me", "text", &[], "Say what you do: /me waves", talk::me),
        Command::new("/say", "text", &[], "Send text as it is, even the word exit; //text sends /text", talk::say),
        Command::new("/info", "", &["!INFO", "!info"], "How many people are in this room, and who", rooms::info),
        Command::new("/who", "[#room]", &[], "A table of the people in a room", rooms::who),
        Command::new("/whois", "NAME", &[], "More about one person", people::whois),
        Command::new("/join", "#room [key]", &[], "Enter a room, or make one, and talk there", rooms::join),
        Command::new("/part", "[#room]", &[], "Leave a room", rooms::part),
        Command::new("/rooms", "", &["/list"], "List the rooms", |client, _| client.send("LIST", &[])),
        Command::new("/topic", "[text]", &[], "Show or set what this room is about", rooms::topic),
        Command::new("/invite", "NAME [#room]", &[], "Invite somebody into a room", rooms::invite),
        Command::new("/kick", "NAME [reason]", &[], "Remove somebody from this room, if you run it", rooms::kick),
        Command::new("/sleep", "TIME", &[r"\sleep\"],
            "Hold back what others say for 30 (seconds), 5m or 1h; 0 ends it", people::sleep),
        Command::new("/away", "[text]", &[],
            "Tell people who write to you that you are away; without text you are back", people::away),
        Command::new("/black", "NAME", &[r"\black\"],
            "Blacklist somebody: see nothing more from them, even under a new name", people::black),
        Command::new("/unblock", "NAME", &[r"\unblock\"], "Take somebody off your blacklist", people::unblock),
        Command::new("/blacklist", "", &[], "Show your blacklist", people::blacklist),
        Command::new("/help", "[command]", &[], "Show all commands, or more about one", help),
    ]
}

impl Command {
    pub fn new(
        name: &'static str,
        arguments: &'static str,
        aliases: &'static [&'static str],
        help: &'static str,
        run: impl Fn(&Client, &str) + Send + Sync + 'static,
    ) -> Self {
        Command { name, arguments, aliases, help, run: Box::new(run) }
    }

    /// The canonical form with its arguments, as it is typed.
    pub fn usage(&self) -> String {
        typed(self.name, self.arguments)
    }

    /// The other forms, as they are typed.
    pub fn other_forms(&self) -> impl Iterator<Item = String> {
        // A word like tata stands for itself alone, so it is shown without arguments.
        self.aliases.iter().map(|alias| typed(alias, if is_whole_line(alias) { "" } else { self.arguments }))
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
fn has_spaced_spelling(commands: &[Command], line: &str) -> bool {
    let mut aliases = commands.iter().flat_map(|command| command.aliases);
    aliases.any(|alias| alias.ends_with(' ') && line.starts_with(alias))
}

fn typed(spelling: &str, arguments: &str) -> String {
    let space = if arguments.is_empty() || spelling.ends_with(['@', '&', '\\', ' ']) { "" } else { " " };
    format!("{spelling}{space}{arguments}")
}

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
    /// Something that looks like a command and is none; it is not sent, since it may be a typing error.
    Unknown(&'a str),
}

/// Finds the meaning of a line.
pub fn parse<'a>(commands: &'a [Command], line: &'a str) -> Input<'a> {
    if line.trim().is_empty() {
        return Input::Empty;
    }
    if line.starts_with("//") {
        return Input::Text(&line[1..]);
    }
    let (first, _) = line.split_once(' ').unwrap_or((line, ""));
    let (word, arguments) = command_word(commands, line);
    match find(commands, word) {
        Some(command) if arguments.split_whitespace().count() < command.required() => Input::Incomplete(command),
        Some(command) => Input::Run(command, arguments.trim()),
        None if looks_like_a_command(first) => Input::Unknown(first),
        None => Input::Text(line),
    }
}

/// The command of this spelling.
pub fn find<'a>(commands: &'a [Command], word: &str) -> Option<&'a Command> {
    commands.iter().find(|command| command.is_spelled(word))
}

/// Splits a line into its command, if it has one, and the rest.
fn command_word<'a>(commands: &[Command], line: &'a str) -> (&'a str, &'a str) {
    match line.as_bytes() {
        [b'/', ..] => line.split_once(' ').unwrap_or((line, "")),
        [b'!', ..] if has_spaced_spelling(commands, line) => line.split_once(' ').unwrap_or((line, "")),
        [b'\\', ..] => {
            let end = line[1..].find(['\\', ' ']).map_or(line.len(), |end| end + 1);
            (&line[..end], line.get(end + 1..).unwrap_or_default())
        }
        [b'@' | b'&', next, ..] if *next != b' ' => line.split_at(1),
        _ => (line.trim_end(), ""),
    }
}

fn looks_like_a_command(word: &str) -> bool {
    let letters = |text: &str, fits: fn(&char) -> bool| text.len() >= 2 && text.chars().all(|c| fits(&c));
    match word.as_bytes() {
        [b'/', ..] => true,
        [b'\\', ..] => letters(word[1..].split('\\').next().unwrap_or_default(), char::is_ascii_alphabetic),
        [b'!', ..] => letters(&word[1..], char::is_ascii_uppercase),
        _ => false,
    }
}

/// Says that this build lacks the wing of a command. The word may still have its argument, as in `\file\PATH`.
pub fn why_absent(absent: Absent, word: &str) -> Option<String> {
    let second = word.match_indices('\\').nth(1).filter(|_| word.starts_with('\\'));
    let word = second.map_or(word, |(end, _)| &word[..end]);
    let has_it = |commands: &[&str]| commands.iter().any(|command| command.eq_ignore_ascii_case(word));
    let (feature, _) = absent.iter().find(|(_, commands)| has_it(commands))?;
    Some(format!("This client was built without {feature}; build it with --features {feature}"))
}

/// `/help [command]`
fn help(client: &Client, word: &str) {
    let commands = &client.commands;
    let mut state = client.lock();
    match find(commands, word).or_else(|| find(commands, &format!("/{word}"))) {
        Some(command) => {
            state.note(format!("{}    {}", command.usage(), command.help));
            command.other_forms().for_each(|form| state.note(format!("    also: {form}")));
        }
        None if word.is_empty() => {
            commands.iter().for_each(|command| state.note(format!("{:<22} {}", command.usage(), command.help)));
            state.note("Everything else is sent to whoever you are talking to. /help COMMAND tells more:");
            state.note("the other ways to write it, such as tata, @NAME text, !INFO or \\sleep\\30.");
        }
        None => {
            let absent = [word, &format!("/{word}")].iter().find_map(|word| why_absent(client.absent, word));
            state.note(absent.unwrap_or_else(|| format!("There is no command {word}; /help lists all of them")));
        }
    }
}

#[cfg(test)]
mod tests;
