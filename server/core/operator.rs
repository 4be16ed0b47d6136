//! What the operator can type at the server's console: the form of such a command, for the core's table and the wings.
//!
//! Runs in the thread `console`. A handler takes the registry's lock for a moment or for a piece of its work, calls the
//! disk only without it, and answers through the log, so that no two lines mix.

use super::server::Server;

/// Carries a command out, given what follows its name. An error is a sentence.
pub type Handler = Box<dyn Fn(&Server, &str) -> Result<(), String> + Send>;

/// A command of the console.
pub struct ConsoleCommand {
    pub name: &'static str,
    /// What follows the name; in brackets what can be left out. `TEXT` at the end is the rest of the line.
    pub arguments: &'static str,
    /// One sentence for `help`.
    pub help: &'static str,
    pub run: Handler,
}

impl ConsoleCommand {
    pub fn new(
        name: &'static str,
        arguments: &'static str,
        help: &'static str,
        run: impl Fn(&Server, &str) -> Result<(), String> + Send + 'static,
    ) -> Self {
        ConsoleCommand { name, arguments, help, run: Box::new(run) }
    }

    /// As it is typed.
    pub fn usage(&self) -> String {
        format!("{} {}", self.name, self.arguments).trim_end().to_owned()
    }

    /// Whether what follows the name are as many words as it takes.
    pub fn takes(&self, rest: &str) -> bool {
        let (given, wanted) =
            (rest.split_whitespace().count(), self.arguments.split(' ').filter(|word| !word.is_empty()));
        let required = wanted.clone().filter(|argument| !argument.starts_with('[')).count();
        given >= required && (given <= wanted.count() || self.arguments.ends_with("TEXT"))
    }
}
