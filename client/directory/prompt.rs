//! The directory prompt (`--directory`): multicast rooms and nothing else, with bare words for commands.
//!
//! Run by the main thread, through the input loop; it locks the state for a moment at a time. It alone starts and ends
//! the receiver thread, one for each connection.

use crate::core::arguments::{self, first_word};
use crate::core::client::{Client, is_script};
use crate::core::command;
use crate::core::dialer::Failure;
use crate::core::grammar::{self, Input};
use crate::core::input::Source;
use crate::core::limits::NOTICEABLE;
use crate::core::state::State;
use crate::core::{input, login, people, shutdown};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The prompt without a connection.
const PROMPT: &str = "Directory: ";

/// Words for commands of the chat, which have a slash in front and need the server.
const WORDS: [&str; 5] = ["getdir", "makeroom", "deleteroom", "chat", "name"];

struct Prompt<'a> {
    client: &'a Arc<Client>,
    /// The last receiver thread that was started.
    receiver: Option<JoinHandle<()>>,
}

/// Reads commands until the user leaves.
pub fn prompt_loop(client: &Arc<Client>, input: &mut dyn Source) {
    let mut state = client.lock();
    state.model.idle_prompt = Some(PROMPT.to_owned());
    state.note("The directory of multicast rooms: help lists the commands, tata leaves");
    drop(state);
    let mut prompt = Prompt { client, receiver: None };
    input::input_loop(client, input, |line, input| prompt.act(line, input));
}

/// There is no way to connect again. The prompt and multicast rooms go on without the server.
fn give_up(client: &Client, failure: Failure) {
    let mut state = client.lock();
    if state.leaving {
        return;
    }
    let undelivered = state.drop_unconfirmed();
    disconnected(client, &mut state, &format!("{}: {}", client.dialer.server, failure.why()), undelivered);
}

/// The prompt goes on without a server. A script fails when something was not delivered.
fn disconnected(client: &Client, state: &mut State, from: &str, undelivered: Option<String>) {
    // Before anything is said, since the prompt is drawn again below it.
    state.model.idle_prompt = Some(PROMPT.to_owned());
    state.note(format!("You are no longer connected to {from}"));
    if let Some(lines) = undelivered {
        state.note(&*lines);
        state.failure = Some(lines).filter(|_| is_script());
    }
    client.wings.iter().for_each(|wing| wing.disconnected());
    state.is_receiving = false;
}

impl Prompt<'_> {
    /// Carries out one line.
    fn act(&mut self, line: &str, input: &mut dyn Source) {
        let client = self.client;
        // A user who is used to the slash may type it.
        let line = line.trim();
        let (word, arguments) = first_word(line.strip_prefix('/').unwrap_or(line));
        let word = word.to_ascii_lowercase();
        match &*word {
            "" => {}
            "help" => self.help(),
            "connect" if self.has_connection() => client.note(format!("You are connected to {}", client.dialer.server)),
            "connect" => _ = self.is_connected(input),
            "bye" => self.bye(),
            "name" if !self.has_connection() && !arguments.is_empty() => self.name(arguments.trim()),
            "tata" | "exit" | "quit" => people::quit(client, arguments),
            word if WORDS.contains(&word) => match grammar::parse(&client.commands, &format!("/{word} {arguments}")) {
                Input::Run(command, arguments) if self.is_connected(input) => {
                    (command.run)(client, arguments);
                    if word == "chat" && is_script() && client.lock().model.detour.is_none() {
                        // The next lines were meant for the room, and might be commands of this prompt.
                        people::quit(client, "");
                    }
                }
                Input::Incomplete(command) => client.refuse(format!("Usage: {}{}", self.mark(), &command.usage()[1..])),
                Input::Unknown(word) => {
                    input::refuse(client, word);
                    if is_script() {
                        people::quit(client, "");
                    }
                }
                _ => {}
            },
            word => self.refuse(line, word),
        }
    }

    /// A line that is no command of this prompt. Those of the chat have no meaning here.
    fn refuse(&self, line: &str, word: &str) {
        let mark = self.mark();
        self.client.refuse(match grammar::parse(&self.client.commands, line) {
            Input::Run(command, _) | Input::Incomplete(command) | Input::Mistyped(command, _) => {
                let name = command.name;
                if WORDS.contains(&&name[1..]) {
                    format!("Usage: {mark}{}; nothing was sent", &command.usage()[1..])
                } else {
                    format!("{name} is for the chat, which is not here: nothing was sent; try {mark}help")
                }
            }
            Input::Unknown(word) => format!("Unknown command {word}, try {mark}help"),
            _ => format!("Unknown command {mark}{word}, try {mark}help"),
        });
    }

    /// The start of a command: in a multicast room a word without it is said there.
    fn mark(&self) -> &'static str {
        if self.client.lock().model.detour.is_some() { "/" } else { "" }
    }

    fn help(&self) {
        let mark = self.mark();
        let others = [
            ("connect", "Connect to the server; whatever needs it does so by itself"),
            ("bye", "End that connection; a room that you chat in needs none"),
            ("quit", "Leave, as tata, exit and the end of the input do"),
        ];
        let say = |usage: &str, help: &str| self.client.note(format!("{mark}{usage:<27} {help}"));
        others.iter().for_each(|(word, help)| say(word, help));
        let commands = WORDS.iter().filter_map(|word| command::find(&self.client.commands, &format!("/{word}")));
        commands.for_each(|command| say(&command.usage()[1..], command.help));
        self.client.note("There is no chat here, so @NAME text and other lines of the chat are refused");
    }

    /// Chooses a name before there is a server to tell it.
    fn name(&self, nick: &str) {
        if let Some(nick) = arguments::nick(self.client, nick) {
            let mut state = self.client.lock();
            nick.clone_into(&mut state.model.nick);
            state.note(format!("You will be called {nick}"));
        }
    }

    /// Whether there is a connection, be it lost for the moment.
    fn has_connection(&self) -> bool {
        self.client.lock().is_receiving
    }

    /// Whether there is one now, or after trying to make one.
    fn is_connected(&mut self, input: &mut dyn Source) -> bool {
        if self.has_connection() {
            return true;
        }
        self.client.lock().view.end_prompt();
        self.join();
        match login::connect(self.client, input, "name NEW", give_up) {
            Ok(receiver) => {
                self.receiver = Some(receiver);
                let server = &self.client.dialer.server;
                let mut state = self.client.lock();
                state.model.idle_prompt = Some(format!("Directory ({server}): "));
                let connected = format!("You are connected to {server} as {}", state.model.nick);
                state.note(connected);
            }
            Err(failure) if is_script() => {
                self.client.lock().failure = Some(failure.why());
                people::quit(self.client, "");
            }
            Err(failure) => self.client.note(failure.why()),
        }
        self.has_connection()
    }

    /// Waits for the end of the last receiver thread.
    fn join(&mut self) {
        // Should it have failed, there is nothing to wait for.
        let _ = self.receiver.take().map(JoinHandle::join);
    }

    fn bye(&mut self) {
        if !self.has_connection() {
            return self.client.note("You are not connected; connect does that");
        }
        let undelivered = shutdown::hang_up(self.client);
        if self.client.wait_while(NOTICEABLE, |state| state.is_receiving).is_receiving {
            self.client.note("Waiting until an attempt to connect again has ended; Ctrl-C leaves at once");
        }
        self.join();
        let mut state = self.client.lock();
        state.leaving = false;
        disconnected(self.client, &mut state, &self.client.dialer.server, undelivered);
    }
}
