//! Everything that is printed: lines above the prompt, and lines held back while the user sleeps.
//!
//! Part of the state, so both threads print under its lock and lines never mix. Every text passes
//! [`text::printable`] here, at the one place where it leaves for the terminal.

use crate::seen::Seen;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};
use wire::text;

/// Lines held back at most: about 5 MB. One more, and the sleep ends early.
const HELD: usize = 10_000;
/// A line of so many columns fits one row of any usual terminal.
const NARROW: usize = 78;
/// Back to the left edge, and erase what is there: the prompt, or what the user has begun to type.
const CLEAR: &str = "\r\x1b[K";

/// The user's terminal, or the file or pipe in its place.
pub struct Screen {
    /// `None` once whoever read it has gone.
    output: Option<Box<dyn Write + Send>>,
    /// Whether there is a prompt to draw.
    terminal: bool,
    colour: bool,
    /// Whether the prompt is being shown now.
    prompting: bool,
    prompt: String,
    /// The line above the prompt that tells how transfers get on; empty while there is none.
    status: String,
    sleep: Option<Sleep>,
    /// Which messages were shown, so that one that comes again is not.
    pub seen: Seen,
}

struct Sleep {
    until: Instant,
    held: Vec<Event>,
}

/// Something that happened, as it is printed now or later.
struct Event {
    line: String,
    /// The id of a letter, which is written down when it is printed.
    letter: Option<String>,
}

impl Screen {
    /// The standard output, with a prompt and colour where they make sense.
    pub fn standard() -> Self {
        let terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let colour = io::stdout().is_terminal() && !is_set("NO_COLOR") && !dumb;
        Screen::new(Box::new(io::stdout()), terminal, colour)
    }

    pub fn new(output: Box<dyn Write + Send>, terminal: bool, colour: bool) -> Self {
        Screen {
            output: Some(output),
            terminal,
            colour,
            prompting: false,
            prompt: String::new(),
            status: String::new(),
            sleep: None,
            seen: Seen::default(),
        }
    }

    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub fn is_closed(&self) -> bool {
        self.output.is_none()
    }

    /// Prints an answer to the user, or something about the client itself; shown even while asleep.
    pub fn tell(&mut self, text: &str) {
        let line = text::printable(text).into_owned();
        self.print(&line);
    }

    /// Prints something that happened; held back while asleep.
    pub fn notice(&mut self, text: &str) {
        self.notice_from(text, None);
    }

    /// The same for a notice from somebody, with the letter's id if it is one.
    pub fn notice_from(&mut self, text: &str, letter: Option<String>) {
        let line = self.styled("2", text);
        self.event(Event { line, letter });
    }

    /// Prints what somebody said or did, the name in bold; held back while asleep. A letter comes with its id.
    pub fn said(&mut self, before: &str, nick: &str, after: &str, letter: Option<String>) {
        let (before, after) = (text::printable(before), text::printable(after));
        let line = format!("{before}{}{after}", self.styled("1", nick));
        self.event(Event { line, letter });
    }

    /// Asks something; on a terminal the answer is typed on the same line, elsewhere it is not seen.
    pub fn ask(&mut self, question: &str) {
        let end = if self.terminal { "" } else { "\n" };
        self.write(&format!("{question}{end}"));
    }

    /// Ends a line that the user has not ended.
    pub fn end_line(&mut self) {
        if self.terminal {
            self.write("\n");
        }
    }

    /// Sets what the prompt says from now on.
    pub fn set_prompt(&mut self, prompt: &str) {
        self.prompt = text::printable(prompt).into_owned();
    }

    /// Draws the prompt; it stays below all that is printed from now on.
    pub fn draw_prompt(&mut self) {
        self.prompting = self.terminal;
        if self.terminal {
            self.write(&format!("{CLEAR}{}", self.prompt));
        }
    }

    /// Draws no prompt and no status any more.
    pub fn end_prompt(&mut self) {
        self.set_status("");
        self.prompting = false;
    }

    /// Shows a line above the prompt, or takes it away, without touching what the user has begun to
    /// type: the cursor comes back to where it was (`ESC 7`, `ESC 8`).
    pub fn set_status(&mut self, status: &str) {
        let status = text::printable(status);
        if !self.terminal || self.status == status {
            return;
        }
        let drawing = match (self.status.is_empty(), status.is_empty()) {
            // A row further (scrolls at the bottom), back, and a new row pushes the prompt there.
            (true, _) => format!("\x1bD\x1b[A\x1b7\x1b[L\r{}\x1b8\x1b[B", unwrapped(&status)),
            (false, false) => format!("\x1b7\x1b[A{CLEAR}{}\x1b8", unwrapped(&status)),
            (false, true) => "\x1b7\x1b[A\x1b[M\x1b8\x1b[A".to_owned(),
        };
        self.status = status.into_owned();
        self.write(&drawing);
    }

    /// The user has ended a line. It stays where it is, and the status moves down below it.
    pub fn entered(&mut self, line: &str) {
        if self.status.is_empty() {
            return;
        }
        // Where a long line began cannot be known; the old status then stays above it.
        let fits = self.prompt.len() + line.len() < NARROW;
        let drawing = if fits { "\x1b[2A\x1b[M\x1b[B" } else { "" };
        self.write(&format!("{drawing}{CLEAR}{}\n", unwrapped(&self.status)));
    }

    /// Holds back what happens for this long; false when the clock cannot count so far.
    pub fn sleep(&mut self, time: Duration) -> bool {
        let Some(until) = Instant::now().checked_add(time) else { return false };
        let held = self.sleep.take().map(|sleep| sleep.held).unwrap_or_default();
        self.sleep = Some(Sleep { until, held });
        true
    }

    pub fn is_asleep(&self) -> bool {
        self.sleep.is_some()
    }

    /// Ends the sleep when its time has come.
    pub fn tick(&mut self) {
        if self.sleep.as_ref().is_some_and(|sleep| Instant::now() >= sleep.until) {
            self.wake();
        }
    }

    /// Ends the sleep, if there is one, and shows what was held back.
    pub fn wake(&mut self) {
        let Some(sleep) = self.sleep.take() else { return };
        match sleep.held.len() {
            0 => self.tell("You are awake again; nobody said anything."),
            count => self.tell(&format!("{} while you were asleep:", text::pluralize(count, "message"))),
        }
        for event in sleep.held {
            self.show(&event);
        }
    }

    /// Whether letters have come that the user has not seen, because of sleep or since nobody reads the output any more.
    pub fn owes_letters(&self) -> bool {
        let is_held = |sleep: &Sleep| sleep.held.iter().any(|event| event.letter.is_some());
        self.is_closed() || self.sleep.as_ref().is_some_and(is_held)
    }

    fn show(&mut self, event: &Event) {
        if self.is_closed() {
            // Nobody sees it, so it is not confirmed, and comes again another time.
            return;
        }
        if let Some(id) = &event.letter {
            self.seen.begin(id);
        }
        self.print(&event.line);
        if event.letter.is_some() && !self.is_closed() {
            self.seen.end();
        }
    }

    fn event(&mut self, event: Event) {
        let Some(sleep) = &mut self.sleep else { return self.show(&event) };
        sleep.held.push(event);
        if sleep.held.len() >= HELD {
            self.wake();
        }
    }

    fn styled(&self, code: &str, text: &str) -> String {
        let text = text::printable(text);
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into_owned() }
    }

    fn print(&mut self, line: &str) {
        let clear = if self.terminal { CLEAR } else { "" };
        let prompt = if self.prompting { &self.prompt } else { "" };
        // The line takes the place of the status, which moves down with the prompt.
        let (up, end) = if self.status.is_empty() { ("", "") } else { ("\x1b[A\x1b[K", "\n") };
        // One write, so that a terminal never shows a line without the prompt below it.
        self.write(&format!("{clear}{up}{line}\n{}{end}{prompt}", unwrapped(&self.status)));
    }

    fn write(&mut self, text: &str) {
        let Some(output) = &mut self.output else { return };
        if output.write_all(text.as_bytes()).and_then(|()| output.flush()).is_err() {
            self.output = None;
        }
    }
}

/// A line that a narrow terminal cuts off at its edge, instead of going on in the next row.
fn unwrapped(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("\x1b[?7l{line}\x1b[?7h") }
}

#[cfg(test)]
pub mod tests;
