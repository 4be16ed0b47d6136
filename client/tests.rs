//! Tests of the whole table of commands, those of all wings among them.

use super::*;
use crate::core::grammar::{self, Input};

/// The client with all wings.
fn client() -> Arc<Client> {
    let mut dialer = Dialer::default();
    let wings = plug_in(&Args::parse_from(["chat-client", "--plain"]), &mut dialer).expect("plain text needs no key");
    Client::new(Box::new(Terminal::standard()), dialer, wings, command::core(), COMMANDS_OF_WINGS)
}

#[test]
fn spellings_are_unique() {
    let client = client();
    let spellings = || client.commands.iter().flat_map(|command| command.aliases.iter().chain([&command.name]));
    for spelling in spellings() {
        assert_eq!(spellings().filter(|other| other.eq_ignore_ascii_case(spelling)).count(), 1, "{spelling}");
    }
}

#[test]
fn commands_that_may_be_absent_are_those_of_the_wings() {
    let client = client();
    for command in COMMANDS_OF_WINGS.iter().flat_map(|(_, commands)| *commands) {
        let parsed = grammar::parse(&client.commands, command);
        assert!(matches!(parsed, Input::Run(..) | Input::Incomplete(_)), "{command}");
    }
}

#[test]
fn a_file_can_be_sent_in_the_ways_of_the_seeds() {
    let client = client();
    for (line, expected) in [
        ("!FILE my photo.jpg", "my photo.jpg"),
        (r"\file\my photo.jpg", "my photo.jpg"),
        (r"\file photo.jpg bob", "photo.jpg bob"),
    ] {
        let Input::Run(command, arguments) = grammar::parse(&client.commands, line) else { panic!("{line}") };
        assert_eq!((command.name, arguments), ("/file", expected));
    }
    for line in ["!FILE", r"\file\"] {
        let parsed = grammar::parse(&client.commands, line);
        assert!(matches!(parsed, Input::Incomplete(command) if command.name == "/file"), "{line}");
    }
}

#[test]
fn the_readme_has_the_table() {
    use std::fmt::Write;
    let mut table = String::from("| command | also | what it does |\n| --- | --- | --- |\n");
    for command in &client().commands {
        // A bar inside a cell would end it.
        let cell = |form: String| form.replace('|', "\\|");
        let also: Vec<_> = command.other_forms().map(|form| format!("`{}`", cell(form))).collect();
        let usage = cell(command.usage());
        let _ = writeln!(table, "| `{usage}` | {} | {} |", also.join(", "), command.help);
    }
    let readme = include_str!("../README.md");
    assert!(readme.contains(&table), "README.md lacks this table:\n{table}");
}
