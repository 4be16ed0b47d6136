//! Tests of the plain terminal, and a paper that other tests print on.

use super::*;
use crate::core::client::{Client, Wing};
use crate::core::dialer::Dialer;
use crate::core::event::{Event, Manner};
use crate::core::state::State;
use std::sync::{Arc, Mutex};

/// An output that the test can read.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// What has been printed since the last call.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    fn terminal(&self, is_terminal: bool) -> Terminal {
        Terminal::new(Box::new(self.clone()), is_terminal, is_terminal)
    }

    /// A state that is shown on the paper, as in a pipe.
    pub fn state(&self) -> State {
        State::new(Box::new(self.terminal(false)))
    }
}

/// A client without a connection that prints on a paper.
pub fn client(paper: &Paper, wings: Vec<Arc<dyn Wing>>) -> Arc<Client> {
    Client::new(Box::new(paper.terminal(false)), Dialer::default(), wings, Vec::new(), &[])
}

/// Somebody says something in the room where the user talks.
pub fn said(from: &str, text: &str) -> Event {
    Event::at("#lobby", Kind::Said { from: from.into(), text: text.into(), manner: Manner::Text })
}

/// The user talks in #lobby.
fn in_lobby() -> Model {
    let mut model = Model::default();
    model.set_target(Some("#lobby"));
    model
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_go_above_the_prompt() {
    let paper = Paper::default();
    let mut terminal = paper.terminal(true);
    terminal.draw_prompt(&in_lobby());
    terminal.show(&said("albert", "hi"), &in_lobby());
    assert_eq!(paper.take(), "\r\x1b[KYou (#lobby): \r\x1b[K\x1b[1malbert\x1b[0m: hi\nYou (#lobby): ");
}

#[test]
fn the_status_stays_between_what_is_printed_and_the_prompt() {
    let paper = Paper::default();
    // No terminal is to wrap the status.
    let drawn = || paper.take().replace("\x1b[?7l", "<").replace("\x1b[?7h", ">");
    let mut terminal = paper.terminal(true);
    terminal.set_status("");
    terminal.set_status("1 %");
    terminal.set_status("1 %");
    assert_eq!(drawn(), "\x1bD\x1b[A\x1b7\x1b[L\r<1 %>\x1b8\x1b[B");
    terminal.draw_prompt(&in_lobby());
    terminal.set_status("2 %");
    assert_eq!(drawn(), "\r\x1b[KYou (#lobby): \x1b7\x1b[A\r\x1b[K<2 %>\x1b8");
    terminal.show(&Kind::Note("news".into()).into(), &in_lobby());
    assert_eq!(drawn(), "\r\x1b[K\x1b[A\x1b[Knews\n<2 %>\nYou (#lobby): ");
    terminal.entered("hello");
    assert_eq!(drawn(), "\x1b[2A\x1b[M\x1b[B\r\x1b[K<2 %>\n");
    terminal.entered(&"long ".repeat(20));
    assert_eq!(drawn(), "\r\x1b[K<2 %>\n");
    terminal.end_prompt();
    assert_eq!(drawn(), "\x1b7\x1b[A\x1b[M\x1b8\x1b[A");
}

#[test]
fn what_was_typed_is_not_shown_again_below_it() {
    let said = || Event::at("albert", Kind::WeSaid { text: "hi".into(), manner: Manner::Text, is_elsewhere: true });
    let paper = Paper::default();
    paper.terminal(true).show(&said(), &in_lobby());
    assert_eq!(paper.take(), "");
    // Where nobody sees the input, it is.
    paper.terminal(false).show(&said(), &in_lobby());
    assert_eq!(paper.take(), "(to albert) hi\n");
}

#[test]
fn a_long_line_breaks_between_words_above_the_prompt() {
    let paper = Paper::default();
    let mut terminal = Terminal { width: Width::fixed(Some(40)), ..paper.terminal(true) };
    terminal.draw_prompt(&in_lobby());
    paper.take();
    terminal.show(&said("albert", "a line that is longer than this terminal is wide"), &in_lobby());
    let rows = "\u{1b}[1malbert\u{1b}[0m: a line that is longer than this\n│ terminal is wide\n";
    assert_eq!(paper.take(), format!("\r\x1b[K{rows}You (#lobby): "));
}

#[test]
fn a_pipe_gets_plain_text() {
    let paper = Paper::default();
    let mut terminal = paper.terminal(false);
    terminal.draw_prompt(&in_lobby());
    let here = "#d\x1b]ev".to_owned();
    let elsewhere = Event { conversation: Some(here), ..said("al\x07bert", "\x1b[2Jhi") };
    terminal.show(&elsewhere, &in_lobby());
    terminal.show(&Kind::Joined("bob \u{9b}31m".into()).into(), &in_lobby());
    assert_eq!(paper.take(), "[#d]ev] albert: [2Jhi\nbob?31m joined the conversation\n");
}
