//! The report, README.md and PROTOCOL.md say what is so.
//!
//! - [`links`]: links lead to files and headings, and preformatted lines fit a page
//! - [`commands`]: what the reader is told to type exists: targets of make, options, tests
//! - [`calls`]: chapter 14 has each socket call of the sources, where it is
//! - `traced`: strace sees the system calls of chapter 14, and no others
//! - [`diagrams`]: the figures are shown, have words for those who do not see them, and name what exists

mod calls;
mod commands;
mod diagrams;
mod links;
#[cfg(feature = "full")]
mod traced;

use std::fs;

use crate::source::{files, root};

/// README.md, PROTOCOL.md and the chapters of the report, by their paths.
pub fn documents() -> Vec<(String, String)> {
    let others = ["README.md", "server/PROTOCOL.md"].map(str::to_owned);
    let read = |path: String| (path.clone(), fs::read_to_string(root().join(path)).unwrap());
    files("report", ".md").into_iter().chain(others.map(read)).collect()
}

/// A line of a document, with its number, as a reader sees it.
#[derive(Debug, PartialEq, Eq)]
enum Row<'a> {
    Text(usize, &'a str),
    /// Preformatted, in a block of this kind (`text`, `sh`).
    Block(usize, &'a str, &'a str),
}

/// The lines of a document but for the fences around its blocks.
fn rows(document: &str) -> Vec<Row<'_>> {
    let mut kind = None;
    let mut rows = Vec::new();
    for (line, number) in document.lines().zip(1..) {
        match (line.trim_start().strip_prefix("```"), kind) {
            (Some(begun), None) => kind = Some(begun.trim()),
            (Some(_), Some(_)) => kind = None,
            (None, Some(kind)) => rows.push(Row::Block(number, kind, line)),
            (None, None) => rows.push(Row::Text(number, line)),
        }
    }
    rows
}

/// The code between backticks in a line of text.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Fails with all faults, if there are any.
#[track_caller]
fn expect_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn blocks_are_told_from_text() {
    let document = "a\n```sh\nb\n```\n- c `d` e `f`\n  ```\n  g\n  ```\n";
    let expected =
        [Row::Text(1, "a"), Row::Block(3, "sh", "b"), Row::Text(5, "- c `d` e `f`"), Row::Block(7, "", "  g")];
    assert_eq!(rows(document), expected);
    assert_eq!(quoted("- c `d` e `f`").collect::<Vec<_>>(), ["d", "f"]);
}
