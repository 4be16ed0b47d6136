//! Tests of the screen on a terminal emulator.

use super::*;
use crate::core::terminal::tests::Paper;
use proptest::prelude::*;
use std::num::NonZero;
use wire::text::printable;

/// A screen, and the emulator that shows what it writes.
struct Emulated {
    screen: Screen,
    paper: Paper,
    emulator: vt100::Parser,
}

fn size(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Emulated {
    fn new(columns: u16, rows: u16) -> Emulated {
        let paper = Paper::default();
        let mut screen = Screen::new(Box::new(paper.clone()), Style::Few, true, (columns.into(), rows.into()));
        screen.enter();
        Emulated { screen, paper, emulator: vt100::Parser::new(size(rows), size(columns), 1000) }
    }

    fn prompt(&mut self, text: &str, cursor: usize) {
        let block = Block { label: "#lobby> ".into(), text: text.into(), cursor, ..self.screen.block.clone() };
        self.screen.set_block(block);
    }

    fn update(&mut self) {
        self.emulator.process(self.paper.take().as_bytes());
    }

    /// The rows of the window that are not empty.
    fn rows(&mut self) -> Vec<String> {
        self.update();
        let mut rows: Vec<_> = self.emulator.screen().contents().lines().map(|row| row.trim_end().to_owned()).collect();
        rows.retain(|row| !row.is_empty());
        rows
    }

    /// What the window shows, and what has left it at its top.
    fn everything(&mut self) -> String {
        self.update();
        let screen = self.emulator.screen_mut();
        screen.set_scrollback(usize::MAX);
        let (mut all, mut above) = (String::new(), screen.scrollback());
        let height = usize::from(screen.size().0.get());
        while above > 0 {
            let page: Vec<_> = screen.rows(0, screen.size().1.get()).take(above.min(height)).collect();
            all += &(page.join("\n") + "\n");
            above -= above.min(height);
            screen.set_scrollback(above);
        }
        all + &screen.contents()
    }

    fn cursor(&mut self) -> (u16, u16) {
        self.update();
        self.emulator.screen().cursor_position()
    }
}

#[test]
fn xterm_is_told_that_alt_is_a_prefix_and_is_as_before_in_the_end() {
    let written = |is_xterm| {
        let paper = Paper::default();
        let mut screen = Screen::new(Box::new(paper.clone()), Style::Few, is_xterm, (80, 24));
        screen.enter();
        let entered = paper.take();
        screen.leave();
        (entered, paper.take())
    };
    let (entered, left) = written(true);
    assert!(entered.contains("\x1b[?1036s\x1b[?1036h") && left.ends_with("\x1b[?1036r"));
    let (entered, left) = written(false);
    assert!(!entered.contains("1036") && !left.contains("1036"));
}

#[test]
fn a_typed_line_stands_below_what_is_printed() {
    let mut emulated = Emulated::new(20, 6);
    emulated.prompt("half", 2);
    for number in 0..300 {
        emulated.screen.print(format!("line {number}"));
        let rows = emulated.rows();
        assert_eq!(rows[rows.len() - 2..], [format!("line {number}"), "#lobby> half".into()]);
        assert_eq!(emulated.cursor(), (5.min(number + 1), 10));
    }
}

#[test]
fn no_joiner_is_left_for_what_is_written_next() {
    let mut emulated = Emulated::new(40, 6);
    emulated.paper.take();
    emulated.prompt("漢\u{200d}字\u{200d}", 9);
    assert!(emulated.paper.take().contains("漢\u{200d}字\x1b"));
}

#[test]
fn a_burst_is_one_write() {
    let mut emulated = Emulated::new(20, 6);
    emulated.prompt("half", 4);
    emulated.update();
    emulated.screen.hold();
    (0..10).for_each(|number| emulated.screen.print(format!("line {number}")));
    assert_eq!(emulated.paper.take(), "");
    emulated.screen.release();
    assert_eq!(emulated.paper.take().matches("#lobby> ").count(), 1);
}

#[test]
fn the_status_keeps_its_place_at_every_width() {
    for columns in [10, 12, 40] {
        let mut emulated = Emulated::new(columns, 8);
        emulated.screen.set_status("↓ photo.jpg 45 %, 2.7 MiB/s".into());
        emulated.prompt("漢字漢字漢字", 18);
        (0..20).for_each(|_| emulated.screen.print("hello".into()));
        let rows = emulated.rows();
        let at = rows.iter().position(|row| row.starts_with("↓ photo")).unwrap();
        assert_eq!(rows[at - 1], "hello");
        assert!(rows[at + 1].starts_with("#lobby> "), "{rows:?}");
        assert_eq!(rows.iter().filter(|row| row.starts_with('↓')).count(), 1);
        emulated.screen.set_status(String::new());
        assert!(!emulated.rows().iter().any(|row| row.starts_with('↓')));
    }
}

#[test]
fn a_line_can_take_the_place_of_the_last_one() {
    let mut emulated = Emulated::new(20, 10);
    emulated.prompt("half", 4);
    emulated.screen.print("first".into());
    emulated.screen.print("a long line that takes two rows".into());
    emulated.screen.print_instead("short".into());
    assert_eq!(emulated.rows(), ["first", "short", "#lobby> half"]);
}

#[test]
fn further_rows_stand_below_the_text_and_not_below_the_time() {
    let mut emulated = Emulated::new(20, 10);
    emulated.prompt("half", 4);
    emulated.screen.print("09:30 anna: some words that take rows".into());
    emulated.screen.print_instead("09:31 anna: other words that take rows".into());
    assert_eq!(emulated.rows(), ["09:31 anna: other", "      words that", "      take rows", "#lobby> half"]);
}

#[test]
fn a_line_does_not_take_the_place_of_one_that_is_elsewhere() {
    let happenings: [fn(&mut Screen); 4] = [
        |screen| {
            screen.is_xterm = false;
            screen.resize((20, 9));
        },
        Screen::clear,
        Screen::forget_drawn,
        |screen| {
            screen.leave();
            screen.enter();
        },
    ];
    for happening in happenings {
        let mut emulated = Emulated::new(20, 10);
        emulated.screen.print("last".into());
        happening(&mut emulated.screen);
        emulated.paper.take();
        emulated.screen.print_instead("new".into());
        assert!(!emulated.paper.take().contains('A'));
    }
}

#[test]
fn the_prompt_is_right_in_every_size() {
    let mut emulated = Emulated::new(40, 10);
    emulated.prompt("half a line", 4);
    (0..20).for_each(|number| emulated.screen.print(format!("{number} is a line that is rather long")));
    emulated.update();
    for (columns, rows) in [(20, 10), (60, 6), (9, 8), (40, 10)] {
        emulated.emulator.screen_mut().set_size(size(rows), size(columns));
        emulated.screen.resize((columns.into(), rows.into()));
        let shown = emulated.rows();
        assert!(shown.concat().ends_with("#lobby> half a line"), "{columns}: {shown:?}");
        assert_eq!(shown.concat().matches("#lobby> ").count(), 1, "{columns}: {shown:?}");
    }
}

#[test]
fn what_a_narrower_window_cut_off_is_drawn_again_and_nothing_else() {
    let mut emulated = Emulated::new(40, 10);
    emulated.prompt("half a line", 4);
    (0..20).for_each(|number| emulated.screen.print(format!("<{number}> is a line that is rather long")));
    for columns in [20, 40, 30, 12] {
        emulated.update();
        emulated.emulator.screen_mut().set_size(size(10), size(columns));
        emulated.screen.resize((columns.into(), 10));
        let all = emulated.everything();
        assert!((0..20).all(|number| all.contains(&format!("<{number}>"))), "{columns}: {all}");
        // Of the first line in the window one row may have left it at the top already.
        assert!(all.matches('<').count() <= 20 + 3, "{columns}: {all}");
        assert!(all.replace(['\n', ' '], "").contains("<19>isalinethatisratherlong#lobby>"), "{columns}: {all}");
    }
}

#[test]
fn a_prompt_that_the_terminal_has_moved_into_more_rows_is_found() {
    let mut emulated = Emulated::new(40, 10);
    emulated.screen.is_xterm = false;
    emulated.screen.set_status("s".repeat(25));
    emulated.prompt(&"x".repeat(60), 60);
    emulated.paper.take();
    emulated.screen.resize((20, 10));
    assert!(emulated.paper.take().starts_with("\r\x1b[5A\x1b[J"), "2 rows, 2 rows, and 28 of 20 columns");
    emulated.screen.resize((60, 10));
    assert!(emulated.paper.take().starts_with("\r\x1b[4A\x1b[J"), "1 row of the status and 3 of the prompt");
}

#[test]
fn nothing_is_left_of_the_prompt_in_the_end() {
    let mut emulated = Emulated::new(20, 6);
    emulated.screen.set_status("status".into());
    emulated.prompt("half a line that is longer than a row", 3);
    emulated.screen.print("one".into());
    emulated.screen.leave();
    emulated.screen.print("two".into());
    assert_eq!(emulated.rows(), ["one", "two"]);
    assert!(!emulated.emulator.screen().bracketed_paste());
}

proptest! {
    #[test]
    fn a_line_takes_the_place_of_the_last_one_and_of_no_other(
        columns in 9..60u16, rows in 4..20u16, typed in "[a-z 漢]{0,60}",
        lines in prop::collection::vec("[a-z 漢é👍\u{200d}☔]{0,70}", 1..10),
    ) {
        let mut emulated = Emulated::new(columns, rows);
        emulated.prompt(&typed, typed.len());
        emulated.screen.print("(first)".into());
        emulated.screen.print("(second)".into());
        emulated.screen.print(String::new());
        lines.into_iter().for_each(|line| emulated.screen.print_instead(printable(&line).into_owned()));
        let all = emulated.everything();
        prop_assert!(all.contains("(first)") && all.contains("(second)"), "{all:?}");
    }

    #[test]
    fn whatever_happens_the_prompt_is_right(
        columns in 9..40u16, rows in 4..12u16,
        acts in prop::collection::vec((0..5usize, "[a-z 漢é]{0,30}", 0..30usize), 1..30),
    ) {
        let mut emulated = Emulated::new(columns, rows);
        let mut last = (String::new(), 0);
        for (act, text, at) in acts {
            match act {
                0 | 1 => emulated.screen.print(text),
                2 => emulated.screen.print_instead(text),
                3 => emulated.screen.set_status(text),
                _ => {
                    let cursor = text.char_indices().map(|(at, _)| at).chain([text.len()]).take(at + 1).last().unwrap();
                    last = (text, cursor);
                }
            }
            emulated.prompt(&last.0, last.1);
            emulated.update();
            let laid = in_rows("#lobby> ", &last.0, last.1, columns.into()).around_cursor((rows / 2).into());
            let screen = emulated.emulator.screen();
            let (row, column) = screen.cursor_position();
            prop_assert_eq!(usize::from(column), super::super::layout::columns(&laid.texts[laid.row][..laid.before]));
            let top = usize::from(row) - laid.row;
            let shown: Vec<_> = screen.rows(0, columns).collect();
            for (at, expected) in laid.texts.iter().enumerate() {
                prop_assert_eq!(shown[top + at].trim_end(), expected.trim_end());
            }
        }
    }
}
