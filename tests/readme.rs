//! Counts of lines that README.md and the report quote are right.

use std::path::Path;

use crate::report::documents;
use crate::source::{code_lines, root};

/// The rows `| [file](file) | lines | what |` of a document: files and lines.
fn counts(document: &str) -> Vec<(&str, usize)> {
    let row = |line: &'_ str| -> Option<(usize, usize, usize)> {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, file, lines, _, ..] = cells[..] else { return None };
        let (_, target) = file.strip_suffix(')')?.split_once("](")?;
        let lines = lines.replace(',', "").parse().ok()?;
        let at = line.find(target)?;
        Path::new(target).extension().is_some_and(|kind| kind == "rs").then_some((at, target.len(), lines))
    };
    let found =
        document.lines().filter_map(|line| row(line).map(|(at, length, lines)| (&line[at..at + length], lines)));
    found.collect()
}

/// Lines by which a quoted count may be wrong: a small change of a file needs no change of the documents.
const TOLERANCE: usize = 5;

/// What is wrong with the counts; `lines` says how many a file really has.
fn faults(document: &str, lines: impl Fn(&str) -> Option<usize>) -> Vec<String> {
    let fault = |(file, quoted): (&str, usize)| match lines(file) {
        Some(right) if right.abs_diff(quoted) <= TOLERANCE => None,
        Some(right) => Some(format!("{file} has {right} lines of code, not {quoted}")),
        None => Some(format!("there is no {file}")),
    };
    counts(document).into_iter().filter_map(fault).collect()
}

#[test]
fn quoted_counts_of_lines_are_right() {
    let lines = |file: &str| std::fs::read_to_string(root().join(file)).ok().map(|text| code_lines(&text));
    for (path, document) in documents() {
        let faults = faults(&document, lines);
        assert!(faults.is_empty(), "{path}: {faults:#?}");
    }
}

#[test]
fn counts_are_found() {
    let document = "| file | lines | what |\n| --- | ---: | --- |\n| [a.rs](s/a.rs) | 12 | x |\n| [b.rs](s/b.rs) | 1,300 | y |\n\
                    | [c.rs](s/c.rs) | 5 | z |\n| [d](d.md) | 5 | not code |\n";
    let lines = |file: &str| match file {
        "s/a.rs" => Some(12),
        "s/b.rs" => Some(1294),
        _ => None,
    };
    assert_eq!(faults(document, lines), ["s/b.rs has 1294 lines of code, not 1300", "there is no s/c.rs"]);
}
