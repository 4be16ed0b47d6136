//! What Tab makes of lines.

use super::*;
use tempfile::TempDir;

fn world() -> World {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    World {
        commands: owned(&["/msg", "/me", r"\file\", "/file", "!FILE "]),
        arguments: vec![
            ("/msg".into(), "NAME text"),
            ("/to".into(), "NAME|#room"),
            ("/join".into(), "#room [key]"),
            ("/invite".into(), "NAME [#room]"),
            ("/help".into(), "[all|COMMAND]"),
            ("/unblock".into(), "NAME"),
        ],
        partners: owned(&["carl", "bob"]),
        blacklisted: owned(&["troll"]),
        people: owned(&["bob", "Ben", "albert"]),
        rooms: owned(&["#lobby", "#lab"]),
        file_commands: owned(&["/file", r"\file\", "!FILE "]),
    }
}

/// The line after each of some presses of Tab.
fn tabs(typed: &str, count: usize) -> Vec<String> {
    let mut line = Line::default();
    line.set(typed);
    let mut completion = Completion::begin(&line, &world());
    let mut press = || {
        completion.iter_mut().for_each(|completion| completion.next(&mut line, true));
        line.text().to_owned()
    };
    (0..count).map(|_| press()).collect()
}

#[test]
fn tab_goes_round() {
    assert_eq!(tabs("b", 4), ["bob: ", "Ben: ", "b", "bob: "]);
    assert_eq!(tabs("hi b", 2), ["hi bob ", "hi Ben "]);
    assert_eq!(tabs("/m", 3), ["/msg ", "/me ", "/m"]);
    assert_eq!(tabs("x", 1), ["x"]);
}

#[test]
fn names_stand_where_they_are_wanted() {
    assert_eq!(tabs("", 1), ["bob: "]);
    assert_eq!(tabs("hi ", 1), ["hi "]);
    assert_eq!(tabs("@al", 1), ["@albert "]);
    assert_eq!(tabs("/msg al", 1), ["/msg albert "]);
    assert_eq!(tabs("one\nal", 1), ["one\nalbert: "]);
}

#[test]
fn an_argument_is_what_the_table_of_commands_says() {
    assert_eq!(tabs("/msg ", 5), ["/msg carl ", "/msg bob ", "/msg Ben ", "/msg albert ", "/msg "]);
    assert_eq!(tabs("/MSG @b", 2), ["/MSG @bob ", "/MSG @Ben "]);
    assert_eq!(tabs("/msg bob ", 1), ["/msg bob "], "that is text");
    assert_eq!(tabs("/msg bob al", 1), ["/msg bob albert "]);
    assert_eq!(tabs("/to ", 3), ["/to #lobby ", "/to #lab ", "/to carl "]);
    assert_eq!(tabs("/to l", 2), ["/to #lobby ", "/to #lab "]);
    assert_eq!(tabs("/join ", 2), ["/join #lobby ", "/join #lab "]);
    assert_eq!(tabs("/join #lab ", 1), ["/join #lab "], "its key is not known");
    assert_eq!(tabs("/invite bob ", 1), ["/invite bob #lobby "]);
    assert_eq!([tabs("/help m", 2), tabs("/help /me", 1)].concat(), ["/help msg ", "/help me ", "/help /me "]);
    assert_eq!(tabs("/unblock ", 2), ["/unblock troll ", "/unblock "]);
}

#[test]
fn a_line_does_not_become_too_long() {
    let mut line = Line::default();
    for (length, fits) in [(TEXT - 2, false), (TEXT - 3, true)] {
        line.set(&("x".repeat(length - 2) + " b"));
        assert_eq!(Completion::begin(&line, &world()).is_some(), fits);
    }
}

#[test]
fn a_blank_that_is_there_is_not_doubled() {
    let mut line = Line::default();
    line.set("hi al there");
    (0..6).for_each(|_| line.left());
    Completion::begin(&line, &world()).unwrap().next(&mut line, true);
    assert_eq!(line.text(), "hi albert there");
}

#[test]
fn rooms_are_completed_with_and_without_their_mark() {
    assert_eq!(tabs("/join #la", 1), ["/join #lab "]);
    assert_eq!(tabs("&l", 2), ["&lobby ", "&lab "]);
}

#[test]
fn files_are_completed_behind_commands_that_want_one() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a photo.jpg"), "").unwrap();
    std::fs::write(folder.path().join(".hidden"), "").unwrap();
    std::fs::create_dir(folder.path().join("album")).unwrap();
    let at = folder.path().display();
    for command in ["/file ", r"\file\", "!FILE "] {
        let expected =
            [format!("{command}{at}/a photo.jpg"), format!("{command}{at}/album/"), format!("{command}{at}/")];
        assert_eq!(tabs(&format!("{command}{at}/"), 3), expected);
    }
    assert_eq!(tabs(&format!("/file {at}/a p"), 1), [format!("/file {at}/a photo.jpg")]);
}

#[test]
fn the_other_direction_begins_with_the_last() {
    let mut line = Line::default();
    line.set("b");
    let mut completion = Completion::begin(&line, &world()).unwrap();
    completion.next(&mut line, false);
    assert_eq!(line.text(), "Ben: ");
}
