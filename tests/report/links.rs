//! Links lead to files and headings, and preformatted lines fit a page.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::{Row, documents, expect_none, rows};
use crate::source::root;

/// Columns of a preformatted line: those of a terminal, and of a page on paper.
const COLUMNS: usize = 80;

/// The relative links of a document, and those within it, each with the number of its line.
fn links(document: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for row in rows(document) {
        let Row::Text(number, line) = row else { continue };
        // What stands between backticks is code, and no link; but a link may have code in its text.
        let text: String = line.split('`').step_by(2).collect();
        let starts = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
        let linked = starts.filter_map(|rest| Some(rest.split_once(')')?.0));
        links.extend(linked.filter(|target| !target.contains("://")).map(|target| (number, target.to_owned())));
    }
    links
}

/// The names by which one can link to the headings of a document, by GitHub's rule: small letters, a hyphen for each
/// space, no punctuation; a number for one that comes again.
fn anchors(document: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = Vec::new();
    for row in rows(document) {
        let Row::Text(_, line) = row else { continue };
        let title = line.trim_start_matches('#');
        if !line.starts_with('#') || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(name.clone()).or_default();
        anchors.push(if *count == 0 { name } else { format!("{name}-{count}") });
        *count += 1;
    }
    anchors
}

/// Why a link of a document in this folder leads nowhere.
fn fault(folder: &Path, document: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = folder.join(file);
    if !file.is_empty() && !path.exists() {
        return Some(format!("there is no file {file}"));
    }
    let is_text = file.is_empty() || path.extension().is_some_and(|kind| kind == "md");
    if anchor.is_empty() || !is_text {
        return None;
    }
    let there = if file.is_empty() { document.to_owned() } else { fs::read_to_string(path).unwrap() };
    (!anchors(&there).iter().any(|known| known == anchor)).then(|| format!("{file} has no heading #{anchor}"))
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut faults = Vec::new();
    for (path, document) in documents() {
        let folder = root().join(Path::new(&path).parent().unwrap());
        let dead = links(&document).into_iter().filter_map(|(line, target)| {
            fault(&folder, &document, &target).map(|why| format!("{path}:{line}: {target}: {why}"))
        });
        faults.extend(dead);
    }
    expect_none(&faults);
}

#[test]
fn preformatted_lines_of_the_readme_and_the_report_fit_a_page() {
    let mut faults = Vec::new();
    for (path, document) in documents().iter().filter(|(path, _)| !path.starts_with("server/")) {
        let long = rows(document).into_iter().filter_map(|row| match row {
            Row::Block(number, _, line) if line.chars().count() > COLUMNS => {
                Some(format!("{path}:{number}: {} columns: {line}", line.chars().count()))
            }
            _ => None,
        });
        faults.extend(long);
    }
    expect_none(&faults);
}

#[test]
fn links_without_a_target_are_found() {
    let document = "# A: `b`, c_d\n\n## E\n## E\nSee [a](a.md#top), `[no](no.md)`, [`b`](#a-b-c_d) and [c](https://example.org).\n\
                    ```text\n[no](no.md)\n# no\n```\n";
    let found: Vec<String> = links(document).into_iter().map(|(line, target)| format!("{line} {target}")).collect();
    assert_eq!(found, ["5 a.md#top", "5 #a-b-c_d"]);
    assert_eq!(anchors(document), ["a-b-c_d", "e", "e-1"]);
    let fault = |target| fault(root(), document, target);
    assert_eq!(["README.md", "#e-1", "Makefile#x", "tests"].map(fault), [const { None }; 4]);
    assert_eq!(fault("no.md").as_deref(), Some("there is no file no.md"));
    assert_eq!(fault("README.md#no").as_deref(), Some("README.md has no heading #no"));
    assert_eq!(fault("#no").as_deref(), Some(" has no heading #no"));
}
