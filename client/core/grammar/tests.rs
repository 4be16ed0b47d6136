//! Tests of the grammar, with the commands of the core.

use super::super::command::core;
use super::*;

/// What `line` asks for, in a form that is easy to compare.
fn parsed(line: &str) -> String {
    match parse(&core(), line) {
        Input::Empty => "empty".to_owned(),
        Input::Text(text) => format!("text <{text}>"),
        Input::Run(command, arguments) => format!("{} <{arguments}>", command.name),
        Input::Incomplete(command) => format!("usage {}", command.usage()),
        Input::Mistyped(command, sign) => format!("not {}", command.form(sign)),
        Input::Unknown(word) => format!("unknown {word}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(parsed(line), *expected, "{line:?}");
    }
}

#[test]
fn every_spelling_leads_to_its_command_in_any_case() {
    let commands = core();
    for command in &commands {
        for form in command.other_forms().chain([command.usage()]) {
            for form in [form.to_ascii_uppercase(), form.to_ascii_lowercase(), form] {
                let Input::Run(found, _) = parse(&commands, &form) else { panic!("{form} is {}", parsed(&form)) };
                assert_eq!(found.name, command.name, "{form}");
            }
        }
    }
}

#[test]
fn the_ways_of_the_seeds() {
    check(&[
        ("tata", "/quit <>"),
        ("exit", "/quit <>"),
        ("Exit ", "/quit <>"),
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
        ("!Info", "/info <>"),
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
        ("\u{200b}\u{feff}", "empty"),
        ("hello", "text <hello>"),
        ("  hello", "text <  hello>"),
        ("exit the room", "text <exit the room>"),
        (r"\o/", r"text <\o/>"),
        (r"\o\ what", r"text <\o\ what>"),
        (r"\x2 y", r"text <\x2 y>"),
        (r":\", r"text <:\>"),
        (r"\\server\share", r"text <\\server\share>"),
        (r"C:\file\name", r"text <C:\file\name>"),
        ("!", "text <!>"),
        ("!!!", "text <!!!>"),
        ("! that was loud", "text <! that was loud>"),
        ("!1", "text <!1>"),
        ("!A", "text <!A>"),
        ("mail me@example.org & come", "text <mail me@example.org & come>"),
        ("//etc/hosts", "text </etc/hosts>"),
        ("  //etc/hosts", "text <  //etc/hosts>"),
        ("/say exit", "/say <exit>"),
        ("/say /quit", "/say </quit>"),
    ]);
}

#[test]
fn what_looks_like_a_command_is_not_sent() {
    check(&[
        ("/foo bar", "unknown /foo"),
        ("/", "unknown /"),
        ("/ foo", "unknown /"),
        ("/usr/bin", "unknown /usr/bin"),
        (r"\foo\bar", r"unknown \foo\bar"),
        (r"\shrug me", r"unknown \shrug"),
        (r"\sleep5", r"unknown \sleep5"),
        ("!FOO me", "unknown !FOO"),
        ("!wow", "unknown !wow"),
        ("!INFO!", "unknown !INFO!"),
        ("／foo bar", "unknown ／foo"),
    ]);
}

#[test]
fn a_slip_of_the_hand_is_not_sent() {
    check(&[
        ("@ bob hi", "not @NAME text"),
        ("@\tbob hi", "not @NAME text"),
        ("@bob\thi", "not @NAME text"),
        ("@bob\u{a0}hi", "not @NAME text"),
        ("＠bob hi", "not @NAME text"),
        ("＠bob\u{3000}hi", "not @NAME text"),
        (" @bob hi", "not @NAME text"),
        ("\u{200b}@bob hi", "not @NAME text"),
        ("\u{feff}/msg bob hi", "not /msg NAME text"),
        ("/msg\tbob hi", "not /msg NAME text"),
        ("/ msg bob hi", "not /msg NAME text"),
        ("& dev hi", "not &room text"),
        (" &dev", "not &room text"),
        (" /quit", "not /quit [reason]"),
        (" tata", "not tata"),
        ("/ help", "not /help [all|COMMAND]"),
        ("! INFO", "not !INFO"),
        ("!INFO now", "not !INFO"),
        ("!DISCONNECT now", "not !DISCONNECT"),
        ("!help", "not /help [all|COMMAND]"),
        (r"\who", "not /who [#room|NAME]"),
        (r"\ sleep 5", r"not \sleep\TIME"),
        (r"\ sleep\5", r"not \sleep\TIME"),
        (r"  \sleep\5", r"not \sleep\TIME"),
        ("\\sleep\t5", r"not \sleep\TIME"),
    ]);
}

#[test]
fn a_missing_argument_shows_the_usage() {
    check(&[
        ("/name", "usage /name NEW"),
        (r"\name\", "usage /name NEW"),
        ("/msg bob", "usage /msg NAME text"),
        ("@", "usage /msg NAME text"),
        ("@bob", "usage /msg NAME text"),
        ("@bob \u{a0}", "usage /msg NAME text"),
        ("&dev", "usage &room text"),
        ("/join", "usage /join #room [key]"),
    ]);
}
