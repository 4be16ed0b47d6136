//! The replies to one command, on their way to the client who gave it.
//!
//! Filled by the client's thread under the registry's lock; they reach the global buffer in pieces,
//! the last one when the command is done.

use std::fmt;

use wire::limits;
use wire::numeric::{self, Numeric};
use wire::text::truncate;

use crate::event::{ClientId, Event};
use crate::server::Server;

#[derive(Debug)]
pub struct Replies<'a> {
    server: &'a Server,
    client: ClientId,
    /// The client's nick, which stands first in every numeric; `*` before it has one.
    nick: String,
    /// Whole lines that are not yet in the global buffer.
    lines: String,
    /// Bytes so far.
    spent: usize,
}

impl<'a> Replies<'a> {
    pub fn new(server: &'a Server, client: ClientId, nick: &str) -> Self {
        Replies { server, client, nick: nick.into(), lines: String::new(), spent: 0 }
    }

    /// The client is called something else from here on.
    pub fn rename(&mut self, nick: &str) {
        nick.clone_into(&mut self.nick);
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

    /// A numeric without a text: its last parameter is one for programs.
    pub fn bare(&mut self, numeric: Numeric, params: &[&str]) {
        let line = self.head(numeric, params);
        self.line(format_args!("{line}"));
    }

    /// A line for people, which no numeric says.
    pub fn notice(&mut self, text: &str) {
        let (server, nick) = (&self.server.name, self.nick.clone());
        self.line(format_args!(":{server} NOTICE {nick} :{text}"));
    }

    /// Any line from the server; too long a line is shortened.
    pub fn line(&mut self, line: fmt::Arguments<'_>) {
        let start = self.lines.len();
        // Writing into a String cannot fail.
        let _ = fmt::write(&mut self.lines, line);
        let most = start + limits::LINE - "\r\n".len();
        self.lines.truncate(self.lines.floor_char_boundary(most));
        self.lines.push_str("\r\n");
        self.spent += self.lines.len() - start;
        if self.lines.len() > limits::REPLY_CHUNK {
            self.flush();
        }
    }

    /// Bytes of text for which a numeric with these parameters has room.
    pub fn text_space(&self, numeric: Numeric, params: &[&str]) -> usize {
        limits::LINE - " :\r\n".len() - self.head(numeric, params).len()
    }

    /// Whether the answer is as long as one may be; the client is then told so.
    pub fn are_too_long(&mut self, verb: &str) -> bool {
        let too_long = self.spent > limits::ANSWER;
        if too_long {
            self.send(numeric::ERR_TOOMANYMATCHES, &[verb]);
        }
        too_long
    }

    /// Puts the replies so far into the global buffer.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines).into_bytes();
            self.server.send(Event::Reply { client: self.client, lines });
        }
    }

    fn head(&self, numeric: Numeric, params: &[&str]) -> String {
        let mut line = format!(":{} {:03} {}", self.server.name, numeric.code, self.nick);
        for param in params {
            line.extend([" ", &as_middle(param)]);
        }
        line
    }
}

/// What a client sent, in a form that can stand in the middle of a reply: it may have been a last
/// parameter, with spaces, and it may be too long for the reply to hold.
pub fn as_middle(param: &str) -> String {
    let short = truncate(param, limits::REPEATED);
    let word = short.strip_prefix(':').map_or(short.to_owned(), |rest| format!("_{rest}"));
    if word.is_empty() { "*".into() } else { word.replace(' ', "_") }
}
