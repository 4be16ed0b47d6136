//! The figures of the report: each is shown, has words for readers who do not see it, suits a light and a dark page, and
//! names functions that exist.

use std::collections::BTreeSet;
use std::fs;

use super::{documents, expect_none};
use crate::source::{files, root};

/// What is wrong with a figure. Code in it has the class `c`; each name there is one of `names`.
fn faults(svg: &str, names: &BTreeSet<&str>) -> Vec<String> {
    let parts = ["<title", "<desc", "prefers-color-scheme: dark", "viewBox=", "role=\"img\""];
    let missing = parts.iter().filter(|&&part| !svg.contains(part)).map(|part| format!("has no {part}"));
    let code = svg.split("class=\"c\"").skip(1).filter_map(|rest| rest.split_once('>')?.1.split('<').next());
    let words = code.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let unknown = words.filter(|word| word.len() > 2 && !word.starts_with(|c: char| c.is_ascii_digit()));
    let unknown: BTreeSet<_> = unknown.filter(|word| !names.contains(word)).collect();
    missing.chain(unknown.into_iter().map(|word| format!("names {word}, which is nowhere in the sources"))).collect()
}

#[test]
fn each_figure_is_shown_and_says_what_is_so() {
    let sources = ["server", "client"].iter().flat_map(|&folder| files(folder, ".rs").into_values());
    // System calls are in the table of chapter 14.
    let calls = fs::read_to_string(root().join(super::calls::CHAPTER)).unwrap();
    let text = sources.collect::<String>() + &calls;
    let names = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let documents: Vec<_> = documents().into_iter().filter(|(path, _)| path.starts_with("report/")).collect();
    let mut wrong = Vec::new();
    for (path, svg) in files("report/figures", ".svg") {
        let name = path.trim_start_matches("report/");
        if !documents.iter().any(|(_, text)| text.contains(&format!("]({name})"))) {
            wrong.push(format!("{path} is shown in no chapter"));
        }
        wrong.extend(faults(&svg, &names).into_iter().map(|why| format!("{path} {why}")));
    }
    expect_none(&wrong);
}

#[test]
fn a_figure_without_words_or_with_a_wrong_name_is_found() {
    let names = BTreeSet::from(["accept_loop"]);
    let whole = "<svg viewBox=\"0 0 1 1\" role=\"img\"><title>a</title><desc>b</desc>\
                 <style>@media (prefers-color-scheme: dark) {}</style><text class=\"c\">accept_loop 12</text></svg>";
    assert_eq!(faults(whole, &names), [""; 0]);
    let wrong = whole.replace("<desc>", "").replace("accept_loop", "except_loop");
    assert_eq!(faults(&wrong, &names), ["has no <desc", "names except_loop, which is nowhere in the sources"]);
}
