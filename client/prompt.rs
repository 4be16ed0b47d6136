//! The directory prompt (`--directory`): multicast rooms and nothing else, with bare words for commands.
//!
//! Run by the main thread, through the sender loop; it locks the state for a moment at a time. It alone starts and ends the
//! receiver thread, one for each connection.

use crate::args::Args;
use crate::command::{self, Input};
use crate::handlers::{first_word, is_nick, people};
use crate::leave;
use crate::login;
use crate::seen::Seen;
use crate::sender;
use crate::state::{Client, NOTICEABLE, State};
use std::io::BufRead;
use std::sync::Arc;
use std::thread::JoinHandle;

/// What the prompt is, where no server is there.
const PROMPT: &str = "Directory: ";

/// Words that a command of the chat stands behind, with a slash in front; that needs the server.
const WORDS: [&str; 5] = ["getdir", "makeroom", "deleteroom", "chat", "name"];

struct Prompt<'a> {
    client: &'a Arc<Client>,
    args: &'a Args,
    /// The last receiver thread that was started.
    receiver: Option<JoinHandle<()>>,
}

/// Reads commands until the user leaves.
pub fn prompt_loop(client: &Arc<Client>, args: &Args, input: &mut impl BufRead) {
    let mut state = client.lock();
    state.set_prompt(PROMPT);
    state.screen.tell("The directory of multicast rooms: help lists the commands, tata leaves");
    drop(state);
    let mut prompt = Prompt { client, args, receiver: None };
    sender::sender_loop(client, input, |line, input| prompt.act(line, input));
}

/// There is no way to connect again; what of the prompt and the rooms needs no server goes on.
pub fn give_up(client: &Client, args: &Args, why: &str) {
    let mut state = client.lock();
    if state.leaving {
        return;
    }
    let undelivered = leave::undelivered(&mut state);
    disconnected(&mut state, &format!("{}: {why}", args.server), undelivered);
}

/// The prompt without a server. A script fails for what was not delivered.
fn disconnected(state: &mut State, from: &str, undelivered: Option<String>) {
    // Before anything is told, since the prompt is drawn again below it.
    state.set_prompt(PROMPT);
    state.screen.tell(&format!("You are no longer connected to {from}"));
    if let Some(lines) = undelivered {
        state.screen.tell(&lines);
        state.failure = Some(lines).filter(|_| sender::is_script());
    }
    // Another client may use that name now.
    state.screen.seen = Seen::default();
    state.is_receiving = false;
}

impl Prompt<'_> {
    fn tell(&self, text: &str) {
        self.client.lock().screen.tell(text);
    }

    /// Carries out one line.
    fn act(&mut self, line: &str, input: &mut impl BufRead) {
        // Who is used to the slash may type it.
        let line = line.trim();
        let (word, arguments) = first_word(line.strip_prefix('/').unwrap_or(line));
        let word = word.to_ascii_lowercase();
        match &*word {
            "" => {}
            "help" => self.help(),
            "connect" if self.has_connection() => self.tell(&format!("You are connected to {}", self.args.server)),
            "connect" => _ = self.is_connected(input),
            "bye" => self.bye(),
            "name" if !self.has_connection() && !arguments.is_empty() => self.name(arguments.trim()),
            "tata" | "exit" | "quit" => people::quit(self.client, arguments),
            word if WORDS.contains(&word) => match command::parse(&format!("/{word} {arguments}")) {
                Input::Run(command, arguments) if self.is_connected(input) => {
                    (command.run)(self.client, arguments);
                    if word == "chat" && sender::is_script() && self.client.lock().room.is_none() {
                        // What follows was meant for the room, and here it might be a command.
                        people::quit(self.client, "");
                    }
                }
                Input::Incomplete(command) => self.tell(&format!("Usage: {}{}", self.mark(), &command.usage()[1..])),
                _ => {}
            },
            _ => self.tell(&format!("Unknown command {0}{word}, try {0}help", self.mark())),
        }
    }

    /// What a command begins with: a word without it is for the room that one is in.
    fn mark(&self) -> &'static str {
        if self.client.lock().room.is_some() { "/" } else { "" }
    }

    fn help(&self) {
        let mark = self.mark();
        let others = [
            ("connect", "Connect to the server; whatever needs it does so by itself"),
            ("bye", "End that connection; a room that you chat in needs none"),
            ("quit", "Leave, as tata, exit and the end of the input do"),
        ];
        let others = others.map(|(word, help)| (word.to_owned(), help));
        let words = WORDS.iter().filter_map(|word| command::find(&format!("/{word}")));
        let words = words.map(|command| (command.usage()[1..].to_owned(), command.help));
        for (usage, help) in others.into_iter().chain(words) {
            self.tell(&format!("{mark}{usage:<27} {help}"));
        }
    }

    /// Chooses a name before there is a server to tell it.
    fn name(&self, nick: &str) {
        if is_nick(self.client, nick) {
            let mut state = self.client.lock();
            nick.clone_into(&mut state.nick);
            state.screen.tell(&format!("You will be called {nick}"));
        }
    }

    /// Whether there is a connection, be it lost for the moment.
    fn has_connection(&self) -> bool {
        self.client.lock().is_receiving
    }

    /// Whether there is one now, or after trying to make one.
    fn is_connected(&mut self, input: &mut impl BufRead) -> bool {
        if self.has_connection() {
            return true;
        }
        self.client.lock().screen.end_prompt();
        self.join();
        match login::connect(self.args, self.client, input) {
            Ok(receiver) => {
                self.receiver = Some(receiver);
                let server = &self.args.server;
                let mut state = self.client.lock();
                state.set_prompt(&format!("Directory ({server}): "));
                let connected = format!("You are connected to {server} as {}", state.nick);
                state.screen.tell(&connected);
            }
            Err(why) if sender::is_script() => {
                self.client.lock().failure = Some(why);
                people::quit(self.client, "");
            }
            Err(why) => self.tell(&why),
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
            return self.tell("You are not connected; connect does that");
        }
        let undelivered = leave::hang_up(self.client);
        if self.client.wait_while(NOTICEABLE, |state| state.is_receiving).is_receiving {
            self.tell("Waiting until an attempt to connect again has ended; Ctrl-C leaves at once");
        }
        self.join();
        let mut state = self.client.lock();
        state.leaving = false;
        disconnected(&mut state, &self.args.server, undelivered);
    }
}
