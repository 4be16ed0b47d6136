//! Tests of the screen, and a paper that other tests print on.

use super::*;
use std::sync::{Arc, Mutex};

/// An output that the test can read.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// What has been printed since the last call.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    pub fn screen(&self, terminal: bool) -> Screen {
        Screen::new(Box::new(self.clone()), terminal, terminal)
    }
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
    let mut screen = paper.screen(true);
    screen.set_prompt("You: ");
    screen.draw_prompt();
    screen.said("", "albert", ": hi", None);
    assert_eq!(paper.take(), "\r\x1b[KYou: \r\x1b[K\x1b[1malbert\x1b[0m: hi\nYou: ");
}

#[test]
fn the_status_stays_between_what_is_printed_and_the_prompt() {
    let paper = Paper::default();
    // No terminal is to wrap the status.
    let drawn = || paper.take().replace("\x1b[?7l", "<").replace("\x1b[?7h", ">");
    let mut screen = paper.screen(true);
    screen.set_prompt("You: ");
    screen.set_status("");
    screen.set_status("1 %");
    screen.set_status("1 %");
    assert_eq!(drawn(), "\x1bD\x1b[A\x1b7\x1b[L\r<1 %>\x1b8\x1b[B");
    screen.draw_prompt();
    screen.set_status("2 %");
    assert_eq!(drawn(), "\r\x1b[KYou: \x1b7\x1b[A\r\x1b[K<2 %>\x1b8");
    screen.tell("news");
    assert_eq!(drawn(), "\r\x1b[K\x1b[A\x1b[Knews\n<2 %>\nYou: ");
    screen.entered("hello");
    assert_eq!(drawn(), "\x1b[2A\x1b[M\x1b[B\r\x1b[K<2 %>\n");
    screen.entered(&"long ".repeat(20));
    assert_eq!(drawn(), "\r\x1b[K<2 %>\n");
    screen.end_prompt();
    assert_eq!(drawn(), "\x1b7\x1b[A\x1b[M\x1b8\x1b[A");
}

#[test]
fn a_pipe_gets_plain_text() {
    let paper = Paper::default();
    let mut screen = paper.screen(false);
    screen.set_prompt("You: ");
    screen.draw_prompt();
    screen.said("[#d\x1b]ev] ", "al\x07bert", ": \x1b[2Jhi", None);
    screen.notice("bob \u{9b}31mleft");
    assert_eq!(paper.take(), "[#d]ev] albert: [2Jhi\nbob 31mleft\n");
}

#[test]
fn sleep_holds_back_events_and_loses_none() {
    let paper = Paper::default();
    let mut screen = paper.screen(false);
    assert!(screen.sleep(Duration::from_secs(1000)));
    screen.said("", "albert", ": one", None);
    screen.tell("an answer");
    screen.tick();
    assert_eq!(paper.take(), "an answer\n");
    assert!(screen.sleep(Duration::ZERO));
    screen.tick();
    assert_eq!(paper.take(), "1 message while you were asleep:\nalbert: one\n");
    assert!(!screen.sleep(Duration::MAX));
}

#[test]
fn too_many_lines_end_the_sleep() {
    let paper = Paper::default();
    let mut screen = paper.screen(false);
    screen.sleep(Duration::from_secs(1000));
    (0..HELD).for_each(|_| screen.notice("x"));
    assert_eq!(paper.take().lines().count(), HELD + 1);
}
