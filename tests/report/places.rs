//! Names of code stand in the file that the text says: "`accept_loop` in [listener.rs](..)", "[listener.rs](..) `admit`".

use std::fs;
use std::path::Path;

use super::{Row, documents, expect_none, rows};
use crate::source::root;

/// Each link to a Rust file in a line, with the names that are said to be in it.
fn places(line: &str) -> Vec<(&str, Vec<&str>)> {
    let mut places = Vec::new();
    for (at, _) in line.match_indices("](") {
        let Some((target, after)) = line[at + 2..].split_once(')') else { continue };
        if Path::new(target).extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let before = line[..at].rsplit_once('[').map_or("", |(before, _)| before);
        let mut names: Vec<&str> =
            before.strip_suffix("` in ").and_then(|text| text.rsplit('`').next()).into_iter().collect();
        let mut rest = after.strip_prefix(" (").or_else(|| after.strip_prefix(' ')).unwrap_or_default();
        while let Some((name, more)) = rest.strip_prefix('`').and_then(|text| text.split_once('`')) {
            // Perhaps it is in the next file.
            if !more.starts_with(" in [") {
                names.push(name);
            }
            rest = more.strip_prefix(", ").unwrap_or_default();
        }
        places.push((target, names));
    }
    places
}

/// The last word of a path, if that is a name: `listen` of `Server::listen()`.
fn name(code: &str) -> Option<&str> {
    let last = code.trim_end_matches("()").rsplit([':', '.']).next()?;
    let is_name = last.len() > 2 && last.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(last)
}

/// The names in a line that are not in the files that it says; `read` gives the text of a file.
fn faults(line: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (target, names) in places(line) {
        // A test of its own looks for the files.
        let Some(text) = read(target) else { continue };
        let has = |name: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        let missing = names.into_iter().filter_map(name).filter(|name| !has(name));
        faults.extend(missing.map(|name| format!("{target} has no {name}")));
    }
    faults
}

#[test]
fn names_of_code_are_in_the_files_that_the_text_says() {
    let mut wrong = Vec::new();
    for (path, document) in documents() {
        let folder = root().join(Path::new(&path).parent().unwrap());
        for row in rows(&document) {
            let Row::Text(number, line) = row else { continue };
            let faults = faults(line, |target| fs::read_to_string(folder.join(target)).ok());
            wrong.extend(faults.into_iter().map(|why| format!("{path}:{number}: {why}")));
        }
    }
    expect_none(&wrong);
}

#[test]
fn a_name_in_the_wrong_file_is_found() {
    let read = |file: &str| (file == "a.rs").then(|| "fn listen() { admit(Arc::clone()) }".to_owned());
    for right in [
        "`listen` in [a.rs](a.rs) `admit`, `Arc::clone()`, `other` in [b](b.md)",
        "`listen` in [a.rs](a.rs) (`admit`), `other`",
        "[a.rs](a.rs), `other` elsewhere",
        "`ls -l` in [a.rs](a.rs)",
        "`other` in [b.rs](b.rs)",
    ] {
        assert_eq!(faults(right, read), [""; 0], "{right}");
    }
    for wrong in ["`other` in [a.rs](a.rs)", "[a.rs](a.rs) `admit`, `other`", "[a.rs](a.rs) (`Server::other()`)"] {
        assert_eq!(faults(wrong, read), ["a.rs has no other"], "{wrong}");
    }
}
