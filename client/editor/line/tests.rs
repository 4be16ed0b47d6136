//! Tests of the line that is being edited.

use super::*;
use proptest::prelude::*;

/// A line with the cursor where the bar is.
fn line(text: &str) -> Line {
    let (before, after) = text.split_once('|').unwrap();
    Line { text: format!("{before}{after}"), cursor: before.len(), ..Line::default() }
}

fn shown(line: &Line) -> String {
    format!("{}|{}", line.before_cursor(), &line.text[line.cursor..])
}

#[track_caller]
fn check(text: &str, act: impl Fn(&mut Line), expected: &str) {
    let mut line = line(text);
    act(&mut line);
    assert_eq!(shown(&line), expected);
}

#[test]
fn moves_go_over_whole_characters_as_people_see_them() {
    check("e\u{301}👩‍👩‍👧|", Line::left, "e\u{301}|👩‍👩‍👧");
    check("|e\u{301}x", Line::right, "e\u{301}|x");
    check("🇩🇪🇫🇷|", Line::backspace, "🇩🇪|");
    check("|漢字", Line::delete_next, "|字");
    check("|", Line::left, "|");
    check("|", Line::delete_next, "|");
}

#[test]
fn moves_by_words_stop_at_their_ends() {
    check("one  two, |", Line::word_left, "one  |two, ");
    check("|one two", Line::word_right, "one| two");
    check("|e\u{301} x", Line::word_right, "e\u{301}| x");
    check("a\nbc|d", Line::home, "a\n|bcd");
    check("a|b\ncd", Line::end, "ab|\ncd");
}

#[test]
fn rows_are_gone_through_in_their_columns() {
    check("abc\nde|f", |line| assert!(line.up()), "ab|c\ndef");
    check("abc|\nd", |line| assert!(line.down()), "abc\nd|");
    check("ab|c", |line| assert!(!line.up() && !line.down()), "ab|c");
}

#[test]
fn what_is_killed_can_be_put_back_in_one_piece() {
    let mut line = line("one two/three| four");
    line.kill_big_word();
    assert_eq!(shown(&line), "one | four");
    line.kill_to_start();
    line.kill_to_end();
    assert_eq!(shown(&line), "|");
    assert!(line.yank());
    assert_eq!(shown(&line), "one two/three four|");
    check("one two/three|", Line::kill_word_before, "one two/|");
    check("|one two", Line::kill_word_after, "| two");
    check("a\n|b", Line::kill_to_start, "a|b");
    check("a|\nb", Line::kill_to_end, "a|b");
}

#[test]
fn undo_goes_back_by_words() {
    let mut line = Line::default();
    "one two".chars().for_each(|c| assert!(line.insert(c)));
    line.backspace();
    for expected in ["one two|", "one|", "|", "|"] {
        line.undo();
        assert_eq!(shown(&line), expected);
    }
}

#[test]
fn what_does_not_fit_is_refused_as_a_whole() {
    let mut line = Line::default();
    assert!(line.paste(&"x".repeat(TEXT)));
    assert!(!line.insert('y'));
    assert_eq!(line.text().len(), TEXT);
}

#[test]
fn control_characters_never_come_into_the_line() {
    let mut line = Line::default();
    line.set("a\u{1b}[2Jb");
    line.replace(1, "\u{9b}c\rd");
    assert!(line.paste("\u{1b}e\n"));
    assert_eq!(line.text(), "acde\n");

    let mut line = Line::default();
    "a\u{1b}\u{9b}\u{202e}b".chars().for_each(|c| assert!(line.insert(c)));
    assert_eq!(line.text(), "ab");
}

proptest! {
    #[test]
    fn the_cursor_is_always_between_two_characters(acts in prop::collection::vec((0..14usize,
        prop::sample::select(vec!['a', ' ', 'é', '\u{301}', '漢', '👩', '\u{200d}', '🇩'])), 0..60)) {
        let mut line = Line::default();
        for (act, c) in acts {
            match act {
                0..5 => drop(line.insert(c)),
                5 => line.left(),
                6 => line.right(),
                7 => line.word_left(),
                8 => line.word_right(),
                9 => line.backspace(),
                10 => line.delete_next(),
                11 => line.kill_word_before(),
                12 => drop(line.insert_newline()),
                _ => line.undo(),
            }
            let ends: Vec<_> = line.text.grapheme_indices(true).map(|(at, _)| at).chain([line.text.len()]).collect();
            prop_assert!(ends.contains(&line.cursor), "{:?} {}", line.text, line.cursor);
        }
    }
}
