//! The plain terminal: lines above a prompt, and one status line between them.
//!
//! Part of the state, so all threads print under its lock and lines never mix. Each text loses its
//! control characters here ([`text::printable`], [`sentence::rows`]) before those of the terminal itself are added.

use super::event::{Event, Kind, Sentence};
use super::limits::NARROW;
use super::model::Model;
use super::question::Question;
use super::sentence;
use super::view::View;
use super::wrap::{GOES_ON, INDENT, Width};
use std::io::{self, IsTerminal, Write};
use wire::text;

/// Back to the left edge, and erase what is there: the prompt, or what the user has begun to type.
const CLEAR: &str = "\r\x1b[K";

/// The user's terminal, or the file or pipe in its place.
pub struct Terminal {
    /// `None` once nobody reads it any more.
    output: Option<Box<dyn Write + Send>>,
    /// Whether there is a prompt to draw.
    has_prompt: bool,
    colour: bool,
    width: Width,
    /// The prompt that is being shown now.
    prompt: Option<String>,
    /// The line above the prompt that says how transfers get on; empty while there is none.
    status: String,
}

impl Terminal {
    /// The standard output, with a prompt and colour where they make sense.
    pub fn standard() -> Self {
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let colour = io::stdout().is_terminal() && !is_set("NO_COLOR") && !dumb;
        let width = if io::stdout().is_terminal() { Width::of_terminal() } else { Width::fixed(None) };
        Terminal { width, ..Terminal::new(Box::new(io::stdout()), is_terminal, colour) }
    }

    pub fn new(output: Box<dyn Write + Send>, has_prompt: bool, colour: bool) -> Self {
        let width = Width::fixed(None);
        Terminal { output: Some(output), has_prompt, colour, width, prompt: None, status: String::new() }
    }

    fn styled(&self, code: &str, text: &str) -> String {
        let text = text::printable(text);
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into_owned() }
    }

    fn print(&mut self, line: &str) {
        let clear = if self.has_prompt { CLEAR } else { "" };
        let prompt = self.prompt.as_deref().unwrap_or_default();
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

impl View for Terminal {
    /// The name in bold, and what others do dimmed.
    fn show(&mut self, event: &Event, model: &Model) {
        let sentence = sentence::of(event, model);
        let is_own = matches!(sentence, Some(Sentence::Answer(_) | Sentence::Lines(_)));
        let mark = if is_own { INDENT } else { GOES_ON };
        let lines = match sentence {
            // It was not typed here.
            _ if model.placed.is_some() && matches!(event.kind, Kind::WeSaid { .. }) => said_elsewhere(event),
            // It stands behind the prompt, where it was typed.
            _ if self.has_prompt && matches!(event.kind, Kind::WeSaid { .. }) => Vec::new(),
            None => Vec::new(),
            Some(Sentence::Said { before, nick, after }) => {
                let mut rows = sentence::rows(event, &after);
                let begin = format!("{}{}", text::printable(&before), self.styled("1", &nick));
                rows.first_mut().into_iter().for_each(|row| row.insert_str(0, &begin));
                rows
            }
            Some(Sentence::News(text)) => {
                sentence::rows(event, &text).iter().map(|row| self.styled("2", row)).collect()
            }
            Some(Sentence::Answer(text)) => sentence::rows(event, &text),
            Some(Sentence::Lines(lines)) => lines.iter().map(|line| text::printable(line).into_owned()).collect(),
        };
        self.prompt = self.prompt.take().map(|_| prompt(model));
        let lines: Vec<_> = lines.into_iter().map(|line| self.width.wrap(line, mark)).collect();
        if !lines.is_empty() {
            self.print(&lines.join("\n"));
        }
    }

    fn is_interactive(&self) -> bool {
        self.has_prompt
    }

    fn is_closed(&self) -> bool {
        self.output.is_none()
    }

    fn draw_prompt(&mut self, model: &Model) {
        if self.has_prompt {
            self.write(&format!("{CLEAR}{}", prompt(model)));
            self.prompt = Some(prompt(model));
        }
    }

    fn end_prompt(&mut self) {
        self.set_status("");
        self.prompt = None;
    }

    /// Shows the status above the prompt, without touching what the user has begun to
    /// type: the cursor comes back to where it was (`ESC 7`, `ESC 8`).
    fn set_status(&mut self, status: &str) {
        let status = text::printable(status);
        if !self.has_prompt || self.status == status {
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

    /// The line stays where it is, and the status moves down below it.
    fn entered(&mut self, line: &str) {
        if self.status.is_empty() {
            return;
        }
        // Where a long line began cannot be known; the old status then stays above it.
        let fits = self.prompt.as_ref().map_or(0, String::len) + line.len() < NARROW;
        let drawing = if fits { "\x1b[2A\x1b[M\x1b[B" } else { "" };
        self.write(&format!("{drawing}{CLEAR}{}\n", unwrapped(&self.status)));
    }

    /// On a terminal the answer is typed on the same line, elsewhere it is not seen.
    fn ask(&mut self, question: &Question) {
        let end = if self.has_prompt { "" } else { "\n" };
        self.write(&format!("{}{end}", text::printable(&question.prompt())));
    }

    /// What the user has begun to type is with the system, and stays there.
    fn answered(&mut self, question: &Question, elsewhere: Option<&str>) -> bool {
        let line = elsewhere.map(|answer| question.prompt() + answer);
        line.into_iter().for_each(|line| self.print(&text::printable(&line)));
        false
    }

    fn end_line(&mut self) {
        if self.has_prompt {
            self.write("\n");
        }
    }
}

/// Says one sentence, seldom in several lines, on the standard error output, if that is open.
pub fn complain(sentence: &str) {
    let lines: Vec<_> = sentence.lines().map(text::printable).collect();
    let _ = writeln!(io::stderr(), "chat-client: {}", lines.join("\n"));
}

/// What we said in another view.
fn said_elsewhere(event: &Event) -> Vec<String> {
    let (Kind::WeSaid { text, .. }, Some(target)) = (&event.kind, &event.conversation) else { return Vec::new() };
    text.lines().map(|row| text::printable(&format!("(to {target}) {row}")).into_owned()).collect()
}

fn prompt(model: &Model) -> String {
    text::printable(&model.prompt()).into_owned()
}

/// A line that a narrow terminal cuts off at its edge, instead of going on in the next row.
fn unwrapped(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("\x1b[?7l{line}\x1b[?7h") }
}

#[cfg(test)]
pub mod tests;
