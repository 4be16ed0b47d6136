//! The replies to one command.
//!
//! Belong to the thread of the client that gave the command. They need no lock: whoever writes them under the registry's
//! lock and flushes them there has them in the order of the changes.

use std::fmt;

use wire::fail::Fail;
use wire::limits::LINE;
use wire::message::middle;
use wire::numeric::{self, Numeric};

use super::event::{ClientId, Event};
use super::limits;
use super::server::Server;

/// The replies to one command. They reach the global buffer in pieces, the last one when the command is done.
pub struct Replies<'a> {
    server: &'a Server,
    client: ClientId,
    /// The client's nick, which stands first in every numeric; `*` before it has one.
    pub nick: String,
    /// Whole lines that are not yet in the global buffer.
    lines: String,
    /// Bytes of all replies.
    pub spent: usize,
}

/// Why something is refused.
#[derive(Debug)]
pub struct Refusal {
    pub numeric: Numeric,
    /// The parameters behind the name of what is refused.
    pub more: &'static [&'static str],
    pub text: String,
}

impl Refusal {
    /// One with a text of its own.
    pub fn new(numeric: Numeric, text: impl Into<String>) -> Self {
        Refusal { numeric, more: &[], text: text.into() }
    }
}

impl From<Numeric> for Refusal {
    fn from(numeric: Numeric) -> Self {
        Refusal::new(numeric, numeric.text)
    }
}

impl<'a> Replies<'a> {
    pub fn new(server: &'a Server, client: ClientId, nick: &str) -> Self {
        Replies { server, client, nick: nick.into(), lines: String::new(), spent: 0 }
    }

    /// A numeric with the text of the table.
    pub fn send(&mut self, numeric: Numeric, params: &[&str]) {
        self.text(numeric, params, numeric.text);
    }

    /// A numeric with a text of its own.
    pub fn text(&mut self, numeric: Numeric, params: &[&str], text: &str) {
        let head = self.head(numeric, params);
        self.line(format_args!("{head} :{text}"));
    }

    /// Refuses what has this name.
    pub fn refuse(&mut self, name: &str, refusal: &Refusal) {
        self.text(refusal.numeric, &[&[name], refusal.more].concat(), &refusal.text);
    }

    /// A numeric without a text: its last parameter is one for programs.
    pub fn bare(&mut self, numeric: Numeric, params: &[&str]) {
        let line = self.head(numeric, params);
        self.line(format_args!("{line}"));
    }

    /// A refusal for which there is no numeric.
    pub fn fail(&mut self, fail: Fail<'_>) {
        self.server_line(fail);
    }

    /// A line for people.
    pub fn notice(&mut self, text: &str) {
        let nick = self.nick.clone();
        self.server_line(format_args!("NOTICE {nick} :{text}"));
    }

    /// A line whose source is the server.
    pub fn server_line(&mut self, line: impl fmt::Display) {
        let server = self.server.name();
        self.line(format_args!(":{server} {line}"));
    }

    /// Any line; too long a line is truncated.
    pub fn line(&mut self, line: fmt::Arguments<'_>) {
        let start = self.lines.len();
        // Writing into a String cannot fail.
        let _ = fmt::write(&mut self.lines, line);
        let most = start + LINE - "\r\n".len();
        self.lines.truncate(self.lines.floor_char_boundary(most));
        self.lines.push_str("\r\n");
        self.spent += self.lines.len() - start;
        if self.lines.len() > limits::REPLY_CHUNK {
            self.flush();
        }
    }

    /// Bytes of text for which a numeric with these parameters has room.
    pub fn text_space(&self, numeric: Numeric, params: &[&str]) -> usize {
        LINE - " :\r\n".len() - self.head(numeric, params).len()
    }

    /// Whether the answer is as long as one may be; the client is then told so.
    pub fn are_too_long(&mut self, verb: &str) -> bool {
        let too_long = self.spent > limits::ANSWER;
        if too_long {
            self.send(numeric::ERR_TOOMANYMATCHES, &[verb]);
        }
        too_long
    }

    /// Whether a line names more than [`limits::TARGETS`]; the client is then told so.
    pub fn are_too_many(&mut self, verb: &str, names: &[&str]) -> bool {
        let too_many = names.len() > limits::TARGETS;
        if too_many {
            self.send(numeric::ERR_TOOMANYMATCHES, &[verb]);
        }
        too_many
    }

    /// Puts the replies so far into the global buffer.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines).into_bytes();
            self.server.send(Event::Reply { client: self.client, lines });
        }
    }

    fn head(&self, numeric: Numeric, params: &[&str]) -> String {
        let mut line = format!(":{} {:03} {}", self.server.name(), numeric.code, self.nick);
        for param in params {
            line.extend([" ", &middle(param)]);
        }
        line
    }
}
