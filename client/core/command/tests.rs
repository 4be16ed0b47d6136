//! Tests of the table of commands and of the parser.

use super::*;

/// What `line` asks for, in a form that is easy to compare.
fn parsed(line: &str) -> String {
    match parse(&core(), line) {
        Input::Empty => "empty".to_owned(),
        Input::Text(text) => format!("text <{text}>"),
        Input::Run(command, arguments) => format!("{} <{arguments}>", command.name),
        Input::Incomplete(command) => format!("usage {}", command.usage()),
        Input::Unknown(word) => format!("unknown {word}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(parsed(line), *expected, "{line}");
    }
}

#[test]
fn every_spelling_leads_to_its_command() {
    let commands = core();
    for command in &commands {
        for form in command.other_forms().chain([command.usage()]) {
            let Input::Run(found, _) = parse(&commands, &form) else { panic!("{form} is {}", parsed(&form)) };
            assert_eq!(found.name, command.name, "{form}");
        }
    }
}

#[test]
fn the_ways_of_the_seeds() {
    check(&[
        ("tata", "/quit <>"),
        ("exit", "/quit <>"),
        ("/quit see you", "/quit <see you>"),
        (r"\quit", "/quit <>"),
        ("!DISCONNECT", "/quit <>"),
        (r"\name\bert", "/name <bert>"),
        (r"\name bert", "/name <bert>"),
        (r"\NAME\bert", "/name <bert>"),
        ("/nick bert", "/name <bert>"),
        (r"\sleep\30", "/sleep <30>"),
        (r"\black\bob", "/black <bob>"),
        (r"\unblock\bob", "/unblock <bob>"),
        ("!INFO", "/info <>"),
        ("!info", "/info <>"),
        ("@bob hi  there", "/msg <bob hi  there>"),
        ("&dev hi", "& <dev hi>"),
        ("/MSG bob hi", "/msg <bob hi>"),
    ]);
}

#[test]
fn text_is_text() {
    check(&[
        ("", "empty"),
        ("  \t", "empty"),
        ("hello", "text <hello>"),
        (" /quit", "text < /quit>"),
        ("exit the room", "text <exit the room>"),
        ("Tata", "text <Tata>"),
        (r"\o/", r"text <\o/>"),
        (r"\o\ what", r"text <\o\ what>"),
        (r"\x2 y", r"text <\x2 y>"),
        ("!", "text <!>"),
        ("!wow", "text <!wow>"),
        ("!A", "text <!A>"),
        ("@ five", "text <@ five>"),
        ("& then", "text <& then>"),
        ("//etc/hosts", "text </etc/hosts>"),
        ("/say exit", "/say <exit>"),
        ("/say /quit", "/say </quit>"),
    ]);
}

#[test]
fn what_looks_like_a_command_is_not_sent() {
    check(&[
        ("/foo bar", "unknown /foo"),
        ("/", "unknown /"),
        ("/usr/bin", "unknown /usr/bin"),
        (r"\foo\bar", r"unknown \foo\bar"),
        (r"\shrug me", r"unknown \shrug"),
        ("!HELP me", "unknown !HELP"),
        ("!INFO now", "unknown !INFO"),
        ("!FILES", "unknown !FILES"),
    ]);
}

#[test]
fn a_missing_argument_shows_the_usage() {
    check(&[
        ("/name", "usage /name NEW"),
        (r"\name\", "usage /name NEW"),
        ("/msg bob", "usage /msg NAME text"),
        ("@bob", "usage /msg NAME text"),
        ("&dev", "usage &room text"),
        ("/join", "usage /join #room [key]"),
    ]);
}

#[test]
fn commands_of_absent_wings_are_known() {
    let absent: Absent = &[("files", &["/file", r"\file"])];
    for spelling in ["/FILE", r"\file", r"\file\a.txt\bob", r"\File\"] {
        assert!(why_absent(absent, spelling).is_some_and(|why| why.contains("--features files")), "{spelling}");
    }
    for other in ["/foo", r"\filer\x", "", "file"] {
        assert_eq!(why_absent(absent, other), None, "{other}");
    }
}
