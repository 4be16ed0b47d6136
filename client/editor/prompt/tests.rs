//! Tests of what each key does.

use super::*;
use crate::core::command;

const QUESTION: Situation<'_> = Situation { is_question: true, target: None, can_send_files: false, commands: &[] };

fn press_in(prompt: &mut Prompt, key: Key, target: Option<&str>) -> Outcome {
    let situation = Situation { is_question: false, target, can_send_files: true, commands: &command::core() };
    prompt.key(key, situation, World::default)
}

fn press(prompt: &mut Prompt, key: Key) -> Outcome {
    press_in(prompt, key, Some("#lobby"))
}

fn paste(prompt: &mut Prompt, text: &str) -> Outcome {
    press(prompt, Key::Paste(text.into()))
}

fn label(prompt: &Prompt) -> Option<String> {
    prompt.shown(Some("#lobby"), true).label
}

fn type_text(prompt: &mut Prompt, text: &str) {
    text.chars().for_each(|c| assert_eq!(press(prompt, Key::Char(c)), Outcome::Changed));
}

fn entered(text: &str) -> Outcome {
    Outcome::Entered(text.into())
}

#[test]
fn a_line_is_entered_and_an_empty_one_is_not() {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "hi");
    assert_eq!(press(&mut prompt, Key::Enter), entered("hi"));
    assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
    assert_eq!(prompt.key(Key::Enter, QUESTION, World::default), entered(""), "that may be an answer");
}

#[test]
fn ctrl_c_and_ctrl_d_lead_out_only_without_text() {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "hi");
    press(&mut prompt, Key::Home);
    assert_eq!(press(&mut prompt, Key::Ctrl('d')), Outcome::Changed);
    assert_eq!(prompt.line.text(), "i");
    assert_eq!(press(&mut prompt, Key::Ctrl('c')), Outcome::Changed);
    assert_eq!(press(&mut prompt, Key::Ctrl('c')), Outcome::Interrupt);
    assert_eq!(press(&mut prompt, Key::Ctrl('d')), Outcome::End);
    press(&mut prompt, Key::Ctrl('_'));
    assert_eq!(prompt.line.text(), "i", "undone");
}

#[test]
fn a_search_goes_back_and_is_left_by_any_other_key() {
    let mut prompt = Prompt::default();
    ["/join #lab", "hello", "/join #attic"].iter().for_each(|line| _ = prompt.history.add(line));
    type_text(&mut prompt, "draft");
    press(&mut prompt, Key::Ctrl('r'));
    "join".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
    let shown = prompt.shown(None, true);
    assert_eq!((&*shown.before, shown.label, shown.text, shown.cursor), ("(search: join) ", None, "/join #attic", 1));
    assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Changed);
    assert_eq!(prompt.shown(None, true).text, "/join #lab");
    assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Bell, "there is none before it");
    press(&mut prompt, Key::Escape);
    assert_eq!(prompt.line.text(), "draft");
    press(&mut prompt, Key::Ctrl('r'));
    "hel".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
    press(&mut prompt, Key::Home);
    assert_eq!((prompt.line.text(), prompt.line.cursor()), ("hello", 0));
    press(&mut prompt, Key::Ctrl('r'));
    press(&mut prompt, Key::Char('j'));
    assert_eq!(press(&mut prompt, Key::Alt('2')), Outcome::Turn(Turn::To(1)));
    assert_eq!(prompt.line.text(), "hello", "what was found does not go along");
}

#[test]
fn a_search_that_found_nothing_sends_nothing() {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "draft");
    press(&mut prompt, Key::Ctrl('r'));
    press(&mut prompt, Key::Char('x'));
    assert_eq!(prompt.shown(None, true).before, "(search: nothing has x) ");
    assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
    assert_eq!(prompt.line.text(), "draft");
}

#[test]
fn a_short_paste_is_visibly_text() {
    let mut prompt = Prompt::default();
    assert_eq!(paste(&mut prompt, "exit\r/x\r\nx\x1b[A\r"), Outcome::Changed);
    assert_eq!(press(&mut prompt, Key::Enter), entered("/say exit\n/say /x\nx[A"));
    type_text(&mut prompt, "see ");
    paste(&mut prompt, "/x");
    assert_eq!(prompt.line.text(), "see /x");
    for nothing in ["", "\r\n", "\n\n\n\n\n"] {
        assert_eq!(paste(&mut prompt, nothing), Outcome::Changed);
        assert_eq!(prompt.line.text(), "see /x");
    }
}

#[test]
fn a_long_paste_is_asked_about_and_leaves_the_line_as_it_is() {
    for (answer, outcome) in [
        ("f", Outcome::FileOfPaste { text: "1\n2\n3\n4".into(), to: "#lobby".into() }),
        ("c", Outcome::Changed),
        ("Cancel", Outcome::Changed),
        ("\x03", Outcome::Changed),
    ] {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "half");
        paste(&mut prompt, "1\r2\r3\r4\r");
        assert_eq!(label(&prompt).as_deref(), Some("4 lines pasted: s sends them to #lobby, f a file, c cancels: "));
        for other in [Key::Enter, Key::Ctrl('d'), Key::Tab] {
            assert_eq!(press(&mut prompt, other), Outcome::Bell);
        }
        "secret".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
        assert_eq!(press(&mut prompt, Key::Enter), Outcome::Bell, "that is no answer, though it begins like one");
        let answered = if answer == "\x03" {
            press(&mut prompt, Key::Ctrl('c'))
        } else {
            answer.chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
            press(&mut prompt, Key::Enter)
        };
        assert_eq!((answered, prompt.line.text(), label(&prompt)), (outcome, "half", None));
    }
}

/// Pastes behind what was typed, and answers that it is to be sent.
fn sent(typed: &str, pasted: &str) -> (Option<String>, Outcome) {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, typed);
    paste(&mut prompt, pasted);
    let label = label(&prompt);
    press(&mut prompt, Key::Char('s'));
    (label, press(&mut prompt, Key::Enter))
}

#[test]
fn a_long_paste_goes_together_with_what_was_typed_around_it() {
    let label = |to| Some(format!("5 lines pasted: s sends them to {to}, f a file, c cancels: "));
    let message = |start: &str| Outcome::SendPaste(format!("{start}1\n2\n3\n4\n5"));
    assert_eq!(sent("", "1\n2\n3\n4\n5\n"), (label("#lobby"), message("")));
    assert_eq!(sent("see ", "1\n2\n3\n4\n5\n"), (label("#lobby"), message("see ")));
    assert_eq!(sent("@bob ", "1\n2\n3\n4\n5\n"), (label("@bob"), message("@bob ")));
    assert_eq!(sent("/msg anna ", "1\n2\n3\n4\n5\n"), (label("@anna"), message("/msg anna ")));
    assert_eq!(sent("&lab ", "1\n2\n3\n4\n5\n"), (label("#lab"), message("&lab ")));
    let (_, outcome) = sent("", "/quit\n2\n3\n4\n5\n");
    assert_eq!(outcome, Outcome::SendPaste("/say /quit\n2\n3\n4\n5".into()));
}

#[test]
fn a_paste_that_looks_private_is_asked_about_however_short_it_is() {
    for private in ["@anna psst", "/msg anna ", "@an", "x\n@anna psst"] {
        let mut prompt = Prompt::default();
        paste(&mut prompt, private);
        let label = label(&prompt).unwrap();
        assert!(label.contains("pasted (looks private): s sends"), "{label}");
        "psst".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
        assert_eq!(press(&mut prompt, Key::Enter), Outcome::Bell);
        press(&mut prompt, Key::Escape);
        assert_eq!(prompt.line.text(), "");
    }
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "@an");
    paste(&mut prompt, "na psst");
    assert_eq!(prompt.line.text(), "@anna psst", "it was typed to be one");
}

#[test]
fn several_lines_do_not_fit_into_a_command() {
    for typed in ["/topic ", "/", "@", "/file "] {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, typed);
        let refused = Outcome::Refused("Not pasted (2 lines): a command has one line".into());
        assert_eq!((paste(&mut prompt, "a\nb"), prompt.line.text()), (refused, typed));
        assert_eq!((paste(&mut prompt, "ab"), prompt.line.text()), (Outcome::Changed, &*format!("{typed}ab")));
    }
}

#[test]
fn an_answer_is_about_the_target_that_was_shown() {
    let mut prompt = Prompt::default();
    paste(&mut prompt, "1\r2\r3\r4\r");
    press(&mut prompt, Key::Char('s'));
    assert_eq!(press_in(&mut prompt, Key::Enter, Some("#lab")), Outcome::Bell);
    press_in(&mut prompt, Key::Char('s'), None);
    for key in [Key::Enter, Key::Alt('1'), Key::Ctrl('n'), Key::Paste("again".into())] {
        assert!(matches!(press_in(&mut prompt, key, None), Outcome::Refused(_)));
    }
    press_in(&mut prompt, Key::Char('s'), Some("#lab"));
    assert_eq!(press_in(&mut prompt, Key::Enter, Some("#lab")), Outcome::SendPaste("1\n2\n3\n4".into()));
}

#[test]
fn an_answer_is_one_line() {
    let mut prompt = Prompt::default();
    let lines = prompt.key(Key::Paste("albert\r/quit\r".into()), QUESTION, World::default);
    assert_eq!(lines, Outcome::Refused("Not pasted (2 lines): an answer has one line".into()));
    prompt.key(Key::Paste("albert\r".into()), QUESTION, World::default);
    assert_eq!(prompt.key(Key::AltEnter, QUESTION, World::default), Outcome::Bell);
    assert_eq!(prompt.key(Key::Enter, QUESTION, World::default), entered("albert"));
}

#[test]
fn keys_turn_to_conversations() {
    let mut prompt = Prompt::default();
    let turns = [Key::Alt('1'), Key::Alt('9'), Key::Ctrl('n'), Key::Ctrl('p')].map(|key| press(&mut prompt, key));
    assert_eq!(turns, [Turn::To(0), Turn::To(8), Turn::Next, Turn::Previous].map(Outcome::Turn));
}
