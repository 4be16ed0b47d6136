//! Tests of the editor: what the prompt says, where keys lead, what is shown when.

use super::super::clock::Clock;
use super::super::limits::UNSEEN;
use super::super::prompt::Turn;
use super::super::style::Style;
use super::*;
use crate::core::command;
use crate::core::event::Manner;
use crate::core::question::Wants;
use crate::core::terminal::tests::{Paper, said};
use proptest::prelude::*;

fn editor() -> (Editor, Paper) {
    let paper = Paper::default();
    let screen = Screen::new(Box::new(paper.clone()), Style::Plain, true, (80, 24));
    let mut editor = Editor::new(screen, Transcript::new(Style::Plain, Clock::at(0), false), None);
    editor.screen.enter();
    (editor, paper)
}

/// We are in two rooms, and albert has written to us.
fn model() -> Model {
    let mut model = Model::default();
    model.nick = "mel".into();
    for name in ["#lobby", "#lab", "albert"] {
        model.enter(name);
    }
    for nick in ["mel", "anna", "ben"] {
        model.enter("#lobby").members.insert(nick.into(), nick.into());
    }
    model.set_target(Some("#lobby"));
    model
}

fn press(editor: &mut Editor, model: &Model, text: &str) -> Option<Request> {
    let commands = command::core();
    text.chars().filter_map(|c| editor.key(if c == '\r' { Key::Enter } else { Key::Char(c) }, model, &commands)).last()
}

#[test]
fn the_prompt_says_where_lines_go_and_what_is_unread() {
    let (mut editor, mut model) = (editor().0, model());
    let label = |editor: &Editor, model: &Model| label(model, &editor.unseen);
    assert_eq!(label(&editor, &model), "#lobby> ");
    let says = |editor: &mut Editor, model: &mut Model, conversation: &str| {
        let kind = Kind::Said { from: "albert".into(), text: "hi".into(), manner: Manner::Text };
        let event = Arc::new(Event::at(conversation, kind));
        model.record(&event);
        editor.show(&event, model);
    };
    (0..2).for_each(|_| says(&mut editor, &mut model, "#lab"));
    says(&mut editor, &mut model, "albert");
    assert_eq!(label(&editor, &model), "(2:#lab 2) #lobby> ", "what albert said was shown");
    for room in ["#a", "#b", "#c"] {
        model.enter(room);
        says(&mut editor, &mut model, room);
    }
    assert_eq!(label(&editor, &model), "(2:#lab 2, 4:#a 1, 5:#b 1, 1 more) #lobby> ");
    let (editor, mut model) = (self::editor().0, self::model());
    model.set_target(Some("albert"));
    assert_eq!(label(&editor, &model), "@albert> ");
    model.detour = Some("[attic]".into());
    assert_eq!(label(&editor, &model), "[attic]> ");
    (model.detour, model.idle_prompt) = (None, Some("Directory: ".into()));
    model.set_target(None);
    assert_eq!(label(&editor, &model), "Directory: ");
}

#[test]
fn keys_lead_to_other_conversations_and_round() {
    let mut model = model();
    let turn = |turn, model: &Model| turn_to(turn, model).unwrap_or_else(|why| why);
    assert_eq!([turn(Turn::To(1), &model), turn(Turn::To(0), &model)], ["/to #lab", ""]);
    assert_eq!(turn(Turn::To(8), &model), "/to 9", "which leads nowhere");
    assert_eq!([turn(Turn::Next, &model), turn(Turn::Previous, &model)], ["/to #lab", "/to albert"]);
    model.set_target(Some("albert"));
    assert_eq!(turn(Turn::Next, &model), "/to #lobby");
    model.set_target(None);
    assert_eq!(turn(Turn::Next, &model), "/to #lobby");
    // A number belongs to a conversation as long as there is one.
    model.forget("#lab");
    assert_eq!(turn(Turn::To(2), &model), "/to albert");
    model.enter("#dev");
    model.enter("anna");
    assert_eq!([1, 2, 3].map(|at| turn(Turn::To(at), &model)), ["/to #dev", "/to albert", "/to anna"]);
    assert_eq!(turn(Turn::Previous, &Model::default()), "There is no conversation");
}

#[test]
fn a_mention_in_another_room_is_shown_at_once_and_in_its_place() {
    let (mut editor, paper) = editor();
    let mut model = model();
    for (text, mentions_us) in [("before", false), ("mel?", true), ("after", false)] {
        let kind = Kind::Said { from: "albert".into(), text: text.into(), manner: Manner::Text };
        let event = Arc::new(Event { mentions_us, ..Event::at("#lab", kind) });
        model.record(&event);
        editor.show(&event, &model);
    }
    let shown = paper.take();
    assert!(shown.contains("[#lab] albert: mel?") && !shown.contains("before"));
    model.set_target(Some("#lab"));
    editor.show(&Kind::TalkingTo(Some("#lab".into())).into(), &model);
    let shown = paper.take();
    let places = ["before", "mel?", "after"].map(|text| shown.find(&format!("Jalbert: {text}\r\n")).unwrap());
    assert!(places.is_sorted(), "{shown:?}");
}

#[test]
fn messages_that_are_not_kept_are_counted() {
    let (mut editor, paper) = editor();
    let mut model = model();
    for number in 0..UNSEEN + 2 {
        let kind = Kind::Said { from: "albert".into(), text: format!("<{number}>"), manner: Manner::Text };
        let event = Arc::new(Event::at("#lab", kind));
        model.record(&event);
        editor.show(&event, &model);
    }
    paper.take();
    model.set_target(Some("#lab"));
    editor.show(&Kind::TalkingTo(Some("#lab".into())).into(), &model);
    let shown = paper.take();
    assert!(shown.contains("──── 2 earlier messages are not kept ────"), "{shown:?}");
    assert!(!shown.contains("<1>") && shown.contains("<2>"));
}

#[test]
fn those_who_spoke_last_are_completed_first() {
    let mut model = model();
    for nick in ["anna", "ben", "stranger"] {
        model.record(&Arc::new(said(nick, "hi")));
    }
    assert_eq!(World::of(&model, &[]).people, ["ben", "anna", "albert"]);
    assert_eq!(World::of(&model, &[]).partners, ["albert"]);
    model.blacklist.add("ben").unwrap_or_default();
    assert_eq!(World::of(&model, &[]).people, ["anna", "albert"], "nobody wants to talk to somebody blacklisted");
    assert_eq!(World::of(&model, &[]).rooms, ["#lobby", "#lab"]);
}

#[test]
fn a_command_is_shown_as_it_was_typed_and_text_as_it_was_said() {
    let (mut editor, paper) = editor();
    let model = model();
    let expected = |line: &str| Some(Request::Line { line: line.into(), typed: Some(line.into()) });
    assert_eq!(press(&mut editor, &model, "/who\r"), expected("/who"));
    assert!(paper.take().contains("#lobby> /who\r\n"));
    assert_eq!(press(&mut editor, &model, "hi\r"), expected("hi"));
    assert!(!paper.take().contains("hi\r\n"), "it comes back as an event");
}

#[test]
fn what_cannot_be_sent_stays_in_the_prompt() {
    let (mut editor, paper) = editor();
    let mut model = model();
    press(&mut editor, &model, "/topic x");
    editor.key(Key::AltEnter, &model, &command::core());
    assert_eq!(press(&mut editor, &model, "psst\r"), None);
    assert_eq!(editor.prompt.line.text(), "/topic x\npsst");
    assert!(paper.take().contains("Nothing was sent: a command has one row"));
    editor.key(Key::Ctrl('c'), &model, &command::core());
    // Kicked
    press(&mut editor, &model, "half");
    model.set_target(None);
    assert_eq!(press(&mut editor, &model, "\r"), None);
    assert!(paper.take().contains("Nothing was sent: you are talking to nobody"));
    editor.key(Key::Up, &model, &command::core());
    assert_eq!(editor.prompt.line.text(), "half");
}

#[test]
fn a_half_typed_line_stays_in_its_conversation() {
    let (mut editor, _paper) = editor();
    let (mut model, commands) = (model(), command::core());
    let turn = |editor: &mut Editor, model: &mut Model, key, target: &str| {
        assert!(matches!(editor.key(key, model, &commands), Some(Request::Line { typed: None, .. })));
        model.set_target(Some(target));
        editor.show(&Kind::TalkingTo(Some(target.into())).into(), model);
    };
    turn(&mut editor, &mut model, Key::Alt('3'), "albert");
    press(&mut editor, &model, "psst");
    turn(&mut editor, &mut model, Key::Ctrl('n'), "#lobby");
    assert_eq!(editor.prompt.line.text(), "");
    press(&mut editor, &model, "hi");
    turn(&mut editor, &mut model, Key::Ctrl('p'), "albert");
    assert_eq!(editor.prompt.line.text(), "psst");
    turn(&mut editor, &mut model, Key::Alt('1'), "#lobby");
    assert_eq!(editor.prompt.line.text(), "hi");
}

#[test]
fn a_single_ctrl_c_does_not_leave() {
    let (mut editor, paper) = editor();
    let (model, commands) = (model(), command::core());
    let mut key = |key| editor.key(key, &model, &commands);
    assert_eq!(key(Key::Ctrl('c')), None);
    assert!(paper.take().contains("Ctrl-C again leaves the chat"));
    assert_eq!([key(Key::Char('x')), key(Key::Ctrl('c')), key(Key::Ctrl('c'))], [None, None, None]);
    assert_eq!(key(Key::Ctrl('c')), Some(Request::Interrupt));
}

#[test]
fn the_bell_rings_once_for_many_mentions() {
    let (mut editor, paper) = editor();
    let mut view_of = |mentions_us| {
        let kind = Kind::Said { from: "albert".into(), text: "mel!".into(), manner: Manner::Text };
        editor.show(&Event { mentions_us, ..Event::at("#lobby", kind) }, &model());
    };
    view_of(false);
    assert!(!paper.take().contains('\x07'));
    (0..5).for_each(|_| view_of(true));
    assert_eq!(paper.take().matches('\x07').count(), 1);
}

fn question() -> Question {
    let (reason, text, offer) = (String::new(), "Enter username".to_owned(), String::new());
    Question { number: 1, reason, text, wants: Wants::Name { offer } }
}

#[test]
fn what_was_begun_for_a_question_that_another_view_has_answered_is_sent_by_a_second_enter() {
    let (editor, paper) = editor();
    let mut view = SharedEditor(Arc::new(Mutex::new(editor)));
    view.ask(&question());
    assert_eq!(press(&mut lock(&view.0), &model(), "rob"), None);
    assert!(view.answered(&question(), Some("mel")) && paper.take().contains("Enter username: mel\r\n"));
    view.draw_prompt(&model());
    assert_eq!(press(&mut lock(&view.0), &model(), "ert\r"), None);
    assert!(paper.take().contains("Nothing was sent: the question"));
    let line = |line: &str| Some(Request::Line { line: line.into(), typed: Some(line.into()) });
    assert_eq!(press(&mut lock(&view.0), &model(), "\r"), line("robert"));
    // Nor where it is an answer on its way, or nothing was begun.
    view.ask(&question());
    assert!(press(&mut lock(&view.0), &model(), "rob\r").is_some());
    assert!(!view.answered(&question(), Some("mel")));
    view.ask(&question());
    assert!(view.answered(&question(), Some("mel")));
    assert_eq!(press(&mut lock(&view.0), &model(), "hi\r"), line("hi"));
}

#[test]
fn a_question_is_answered_by_one_line_that_is_not_kept() {
    let (editor, paper) = editor();
    let mut view = SharedEditor(Arc::new(Mutex::new(editor)));
    view.ask(&question());
    assert!(paper.take().contains("Enter username: "));
    let mut editor = lock(&view.0);
    let expected = Some(Request::Line { line: "exit".into(), typed: None });
    assert_eq!(press(&mut editor, &Model::default(), "exit\r"), expected);
    assert!(paper.take().contains("Enter username: exit\r\n"));
}

proptest! {
    #[test]
    fn whatever_is_pressed_and_said_nothing_panics_and_every_line_is_printed_once(acts in prop::collection::vec(prop::sample::select(vec![
        "a", "漢", "e\u{301}", " ", "/me x", "@albert ", "\r", "\x1b\r", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x01", "\x05", "\x17",
        "\x19", "\x1f", "\x12", "\x07", "\t", "\x1b[Z", "\x7f", "\x04", "\x03", "\x0c", "\x0e", "\x1b2", "\x1bb", "\x1bd",
        "\x1b[200~exit\r/quit\x1b[201~", "\x1b[200~1\r2\r3\r4\r5\x1b[201~", "s", "f", "c", "said", "elsewhere", "resize", "status",
    ]), 0..60)) {
        let (mut editor, paper) = editor();
        let (mut model, commands) = (model(), command::core());
        let (mut parser, mut count) = (super::super::key::Parser::default(), 0);
        for act in acts {
            let room = if act == "elsewhere" { "#lab" } else { "#lobby" };
            match act {
                "said" | "elsewhere" => {
                    count += usize::from(act == "said");
                    let kind = Kind::Said { from: "ben".into(), text: format!("<{count}>"), manner: Manner::Text };
                    let event = Arc::new(Event::at(room, kind));
                    model.record(&event);
                    editor.show(&event, &model);
                }
                "resize" => editor.window((20 + count, 10)),
                "status" => editor.screen.set_status("45 %".repeat(count)),
                bytes => for key in parser.feed(bytes.as_bytes()) {
                    if let Some(Request::Line { typed: Some(typed), .. }) = editor.key(key, &model, &commands) {
                        editor.prompt.history.add(&typed);
                    }
                },
            }
            let shown = paper.take();
            let is_said = act == "said";
            prop_assert!(!is_said || shown.matches(&format!("ben: <{count}>\r\n")).count() == 1, "{shown:?}");
        }
    }
}
