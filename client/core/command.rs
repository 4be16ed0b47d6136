//! The table of the core's commands, and `/help`.
//!
//! The main thread calls the handlers. No lock but to say something.

use super::client::{Absent, Client, Command};
use super::{people, rooms, talk};

/// The commands of the core, in the order in which `/help` lists them.
#[rustfmt::skip]
pub fn core() -> Vec<Command> {
    vec![
        Command::new("/quit", "[reason]", &["tata", "exit", r"\quit", "!DISCONNECT"],
            "Leave; the end of the input does the same", people::quit).everyday(),
        Command::new("/name", "NEW", &["/nick", r"\name\"], "Change your name", people::name).everyday(),
        Command::new("/msg", "NAME text", &["@"], "Send text to one person alone", talk::msg).everyday(),
        Command::new("&", "room text", &[], "Send text to another room without going there", talk::room_msg),
        Command::new("/to", "NAME|#room", &["/query", "/q", "/window"],
            "From now on talk to this person, room or number", talk::to).leading_elsewhere().everyday(),
        Command::new("/close", "[NAME]", &[], "End a private conversation", talk::close),
        Command::new("/me", "text", &[], "Say what you do: /me waves", talk::me).of_chat().everyday(),
        Command::new("/say", "text", &[], "Send text as it is, even the word exit; //text sends /text", talk::say),
        Command::new("/info", "[#room]", &["!INFO"], "How many people are in this room, and who", rooms::info)
            .everyday(),
        Command::new("/who", "[#room|NAME]", &[], "A table of the people in a room", rooms::who),
        Command::new("/whois", "NAME", &[], "More about one person", people::whois).everyday(),
        Command::new("/join", "#room [key]", &[], "Enter a room, or make one, and talk there", rooms::join)
            .leading_elsewhere().everyday(),
        Command::new("/part", "[#room]", &[], "Leave a room", rooms::part).everyday(),
        Command::new("/rooms", "", &["/list"], "List the rooms", |client, _| client.send("LIST", &[]))
            .everyday(),
        Command::new("/topic", "[text|-delete]", &[], "Show, set or remove what this room is about", rooms::topic)
            .of_chat(),
        Command::new("/mode", "[#room] [changes]", &[],
            "Show or change the modes of a room: /mode +k KEY", rooms::mode),
        Command::new("/invite", "NAME [#room]", &[], "Invite somebody into a room", rooms::invite),
        Command::new("/kick", "NAME [reason]", &[], "Remove somebody from this room, if you run it", rooms::kick)
            .of_chat(),
        Command::new("/sleep", "TIME", &[r"\sleep\"],
            "Hold back what others say for 30 (seconds), 5m or 1h; 0 ends it", people::sleep),
        Command::new("/away", "[text]", &[],
            "Tell people who write to you that you are away; without text you are back", people::away),
        Command::new("/black", "NAME", &[r"\black\"],
            "See nothing more from somebody, even under a new name", people::black).everyday(),
        Command::new("/unblock", "NAME", &[r"\unblock\"], "Take somebody off your blacklist", people::unblock),
        Command::new("/blacklist", "", &[], "Show your blacklist", people::blacklist),
        Command::new("/help", "[all|COMMAND]", &[], "Show these commands, all of them, or more about one", help)
            .everyday(),
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
        let run = Box::new(run);
        Command { name, arguments, aliases, help, is_everyday: false, is_of_chat: false, leads_elsewhere: false, run }
    }

    /// `/help` alone shows it.
    pub fn everyday(self) -> Self {
        Command { is_everyday: true, ..self }
    }

    /// It is about the conversation of the chat in which the user is, so it has no meaning elsewhere.
    fn of_chat(self) -> Self {
        Command { is_of_chat: true, ..self }
    }

    /// It says where the next lines go.
    pub fn leading_elsewhere(self) -> Self {
        Command { leads_elsewhere: true, ..self }
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

    /// The form that begins with this sign, if there is one.
    pub fn form(&self, sign: char) -> String {
        let has_sign = |form: &String| form.starts_with(sign);
        Some(self.usage()).filter(has_sign).or_else(|| self.other_forms().find(has_sign)).unwrap_or(self.usage())
    }

    /// The spelling of it that this word is.
    pub fn spelling(&self, word: &str) -> Option<&'static str> {
        let is_it = |spelling: &&str| spelling.trim_end_matches(['\\', ' ']).eq_ignore_ascii_case(word);
        std::iter::once(self.name).chain(self.aliases.iter().copied()).find(is_it)
    }

    /// How many arguments cannot be left out.
    pub fn required(&self) -> usize {
        self.arguments.split_whitespace().filter(|argument| !argument.starts_with('[')).count()
    }
}

/// Whether a spelling is a command only where it is the whole line. A space at its end says that it is not.
pub fn is_whole_line(spelling: &str) -> bool {
    !spelling.starts_with(['/', '\\', '@', '&']) && !spelling.ends_with(' ')
}

fn typed(spelling: &str, arguments: &str) -> String {
    let space = if arguments.is_empty() || spelling.ends_with(['@', '&', '\\', ' ']) { "" } else { " " };
    format!("{spelling}{space}{arguments}")
}

/// The command of this spelling, in any case of letters.
pub fn find<'a>(commands: &'a [Command], word: &str) -> Option<&'a Command> {
    commands.iter().find(|command| command.spelling(word).is_some())
}

/// Says that this build lacks the wing of a command. The word may still have its argument, as in `\file\PATH`.
pub fn why_absent(absent: Absent, word: &str) -> Option<String> {
    let second = word.match_indices('\\').nth(1).filter(|_| word.starts_with('\\'));
    let word = second.map_or(word, |(end, _)| &word[..end]);
    let has_it = |commands: &[&str]| commands.iter().any(|command| command.eq_ignore_ascii_case(word));
    let (feature, _) = absent.iter().find(|(_, commands)| has_it(commands))?;
    Some(format!("This client was built without {feature}; build it with --features {feature}"))
}

/// `/help [all|COMMAND]`: in a wing's mode without the commands that have no meaning there, or another one.
fn help(client: &Client, word: &str) {
    let commands = &client.commands;
    let is_all = word.eq_ignore_ascii_case("all");
    let mut state = client.lock();
    match find(commands, word).or_else(|| find(commands, &format!("/{word}"))) {
        Some(command) => {
            state.note(format!("{}    {}", command.usage(), command.help));
            command.other_forms().for_each(|form| state.note(format!("    also: {form}")));
        }
        None if word.is_empty() || is_all => {
            let is_away = state.model.away().is_some();
            let is_useful = |command: &&Command| !(is_away && (command.is_of_chat || OF_WING.contains(&command.name)));
            let useful = commands.iter().filter(|command| is_all || command.is_everyday).filter(is_useful);
            useful.for_each(|command| state.note(format!("{:<22} {}", command.usage(), command.help)));
            (if is_all { &HINTS[..] } else { &SHORT_HINTS }).iter().for_each(|hint| state.note(*hint));
        }
        None => {
            let absent = [word, &format!("/{word}")].iter().find_map(|word| why_absent(client.absent, word));
            state.refuse(absent.unwrap_or_else(|| format!("There is no command {word}; /help all lists all of them")));
        }
    }
}

/// Commands that a wing's mode carries out in its own way, and explains.
const OF_WING: [&str; 4] = ["/say", "/info", "/who", "/part"];

/// What `/help` says below the everyday commands.
const SHORT_HINTS: [&str; 2] = [
    "Everything else is sent to whoever you are talking to. /help all lists all",
    "commands, /help COMMAND tells more about one: /help msg",
];

/// What `/help all` says below the list.
const HINTS: [&str; 6] = [
    "Everything else is sent to whoever you are talking to. /help COMMAND tells more:",
    r"the other ways to write it, such as tata, @NAME text, !INFO or \sleep\30.",
    "A line that begins with /, @ or &, or with ! or \\ and two letters, is a command:",
    "it is carried out, or refused with a reason, but never sent as text; capitals",
    "and small letters are the same.",
    "/say TEXT sends any TEXT as it is, and //TEXT sends /TEXT.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_absent_wings_are_known() {
        let absent: Absent = &[("files", &["/file", r"\file"])];
        for spelling in ["/FILE", r"\file", r"\file\a.txt\bob", r"\File\"] {
            assert!(why_absent(absent, spelling).is_some_and(|why| why.contains("--features files")), "{spelling}");
        }
        for other in ["/foo", r"\filer\x", "", "file"] {
            assert_eq!(why_absent(absent, other), None, "{other}");
        }
    }
}
