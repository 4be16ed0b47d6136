//! Tests of what each key does.

use super::*;

const CHAT: Situation = Situation { is_question: false, is_one_line: false, can_send_files: true };
const QUESTION: Situation = Situation { is_question: true, is_one_line: true, can_send_files: false };

fn press(prompt: &mut Prompt, key: Key) -> Outcome {
    prompt.key(key, &CHAT, World::default)
}

fn type_text(prompt: &mut Prompt, text: &str) {
    text.chars().for_each(|c| assert_eq!(press(prompt, Key::Char(c)), Outcome::Changed));
}

fn entered(text: &str, is_pasted: bool) -> Outcome {
    Outcome::Entered { text: text.into(), is_pasted }
}

#[test]
fn a_line_is_entered_and_an_empty_one_is_not() {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "hi");
    assert_eq!(press(&mut prompt, Key::Enter), entered("hi", false));
    assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
    assert_eq!(prompt.key(Key::Enter, &QUESTION, World::default), entered("", false), "that may be an answer");
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
    let shown = prompt.shown(&CHAT);
    assert_eq!((shown.label.as_deref(), shown.text, shown.cursor), (Some("(search: join) "), "/join #attic", 1));
    assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Changed);
    assert_eq!(prompt.shown(&CHAT).text, "/join #lab");
    assert_eq!(press(&mut prompt, Key::Ctrl('r')), Outcome::Bell, "there is none before it");
    press(&mut prompt, Key::Escape);
    assert_eq!(prompt.line.text(), "draft");
    press(&mut prompt, Key::Ctrl('r'));
    "hel".chars().for_each(|c| drop(press(&mut prompt, Key::Char(c))));
    press(&mut prompt, Key::Home);
    assert_eq!((prompt.line.text(), prompt.line.cursor()), ("hello", 0));
}

#[test]
fn a_search_that_found_nothing_sends_nothing() {
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "draft");
    press(&mut prompt, Key::Ctrl('r'));
    press(&mut prompt, Key::Char('x'));
    assert_eq!(prompt.shown(&CHAT).label.as_deref(), Some("(search: nothing has x) "));
    assert_eq!(press(&mut prompt, Key::Enter), Outcome::Changed);
    assert_eq!(prompt.line.text(), "draft");
}

#[test]
fn a_short_paste_is_text_in_the_line() {
    let mut prompt = Prompt::default();
    assert_eq!(press(&mut prompt, Key::Paste("exit\r/x\r\n@x\x1b[A\r".into())), Outcome::Changed);
    assert_eq!(press(&mut prompt, Key::Enter), entered("exit\n/x\n@x[A", true));
}

#[test]
fn a_long_paste_is_asked_about_and_leaves_the_line_as_it_is() {
    let long = "1\r2\r3\r4\r";
    let mut prompt = Prompt::default();
    type_text(&mut prompt, "half");
    for (key, outcome) in [
        (Key::Char('s'), Outcome::SendPaste("1\n2\n3\n4".into())),
        (Key::Char('f'), Outcome::FileOfPaste("1\n2\n3\n4".into())),
        (Key::Char('c'), Outcome::Changed),
        (Key::Ctrl('c'), Outcome::Changed),
    ] {
        press(&mut prompt, Key::Paste(long.into()));
        let label = prompt.shown(&CHAT).label.unwrap();
        assert_eq!(label, "4 lines pasted: (s)end, send as a (f)ile, (c)ancel? ");
        for other in [Key::Enter, Key::Char('x'), Key::Ctrl('d'), Key::Paste("exit\r".into())] {
            assert_eq!(press(&mut prompt, other), Outcome::Bell);
        }
        assert_eq!(press(&mut prompt, key), outcome);
        assert_eq!((prompt.line.text(), prompt.shown(&CHAT).label), ("half", None));
    }
}

#[test]
fn an_answer_is_one_line() {
    let mut prompt = Prompt::default();
    prompt.key(Key::Paste("albert\r/quit\r".into()), &QUESTION, World::default);
    assert_eq!(prompt.key(Key::AltEnter, &QUESTION, World::default), Outcome::Bell);
    assert_eq!(prompt.key(Key::Enter, &QUESTION, World::default), entered("albert", false));
}

#[test]
fn keys_turn_to_conversations() {
    let mut prompt = Prompt::default();
    let turns = [Key::Alt('1'), Key::Alt('9'), Key::Ctrl('n'), Key::Ctrl('p')].map(|key| press(&mut prompt, key));
    assert_eq!(turns, [Turn::To(0), Turn::To(8), Turn::Next, Turn::Previous].map(Outcome::Turn));
}
