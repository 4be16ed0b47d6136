//! Arrows point down: no circle of imports between files or folders, and the core names no wing.
//!
//! - [`imports`]: reads which file imports what from which other one
//! - [`circles`]: finds circles among these arrows
//!
//! What is an arrow: each `use crate::…`, `use super::…`, `use self::…` and each such path in code, followed through
//! re-exports to the file that defines the name. What is none: `mod x;`, a `pub use`, and whatever is under `#[cfg(test)]`. A
//! folder, with all that is below it, is one wing; the files beside `main.rs` are a folder of their own.

mod circles;
mod imports;

use std::collections::BTreeMap;

use crate::source::{code, files, without_tests};
use circles::{Arrow, circles};
use imports::arrows;

/// Where wings are plugged in: these files alone may say `cfg(feature = …)`.
const PLUGS: [&str; 5] = ["server/main.rs", "server/args.rs", "client/main.rs", "client/args.rs", "server/wire/lib.rs"];

/// All that is wrong with a crate whose root lies in this folder, one sentence for each.
fn faults(folder: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let arrows = arrows(folder, sources);
    let between = |arrow: &Arrow, name: fn(&str, &str) -> String| Arrow {
        from: name(folder, &arrow.from),
        to: name(folder, &arrow.to),
        line: format!("{}, {}", arrow.from, arrow.line),
    };
    let of_folders: Vec<_> = arrows.iter().map(|arrow| between(arrow, wing)).filter(|a| a.from != a.to).collect();
    let mut faults: Vec<String> = circles(&arrows).iter().map(|circle| format!("circle of files: {circle}")).collect();
    faults.extend(circles(&of_folders).iter().map(|circle| format!("circle of folders: {circle}")));
    let names_another = |arrow: &&Arrow| wing(folder, &arrow.from) == "core" && wing(folder, &arrow.to) != "core";
    let named = arrows.iter().filter(names_another);
    faults
        .extend(named.map(|arrow| format!("the core names another: {} -> {} ({})", arrow.from, arrow.to, arrow.line)));
    for (path, text) in sources.iter().filter(|(path, _)| !PLUGS.contains(&path.as_str())) {
        let lines = gates(text);
        faults.extend(lines.into_iter().map(|line| format!("a feature is asked for: {path}, line {line}")));
    }
    faults
}

/// The folder right below the crate's own in which a file lies: a wing, or nothing for the crate's own.
fn wing(folder: &str, path: &str) -> String {
    let inside = path.strip_prefix(folder).unwrap().trim_start_matches('/');
    inside.split_once('/').map_or_else(String::new, |(wing, _)| wing.to_owned())
}

/// The lines outside tests that ask for a feature.
fn gates(text: &str) -> Vec<usize> {
    let code = without_tests(&code(text));
    let starts = ["cfg(", "cfg!(", "cfg_attr("].into_iter().flat_map(|start| code.match_indices(start));
    let asks = |at: usize| {
        let mut depth = 0;
        let end = code[at..].find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ')' && depth == 0
        });
        code[at..at + end.unwrap_or(0)].contains("feature")
    };
    let mut lines: Vec<_> = starts.filter(|&(at, _)| asks(at)).map(|(at, _)| code[..at].lines().count()).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn arrows_point_down_and_the_core_knows_no_wing() {
    let mut server = files("server", ".rs");
    let wire = server.extract_if(.., |path, _| path.starts_with("server/wire/")).collect();
    let crates = [("server/wire", &wire), ("server", &server), ("client", &files("client", ".rs"))];
    let faults: Vec<_> = crates.into_iter().flat_map(|(folder, sources)| faults(folder, sources)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A crate in memory.
fn tree<const N: usize>(sources: [(&str, &str); N]) -> BTreeMap<String, String> {
    sources.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

#[test]
fn a_house_in_order_has_no_faults() {
    let house = tree([
        ("s/main.rs", "mod args;\nmod core;\n#[cfg(feature = \"mail\")]\nmod mail;\nuse args::Args;\nuse core::run;"),
        ("s/args.rs", "pub struct Args;"),
        ("s/core/mod.rs", "mod event;\nmod session;\npub use session::run;"),
        ("s/core/event.rs", "pub struct Event;"),
        ("s/core/session.rs", "use super::event::Event;\npub fn run(_: Event) {}"),
        ("s/mail/mod.rs", "use crate::core::run;\npub fn start() { run() }"),
    ]);
    let faults = faults("s", &house);
    assert_eq!(faults, ["a feature is asked for: s/main.rs, line 3"], "main.rs of another crate is no plug");
}

#[test]
fn a_circle_of_files_is_found() {
    let faults = faults(
        "s",
        &tree([
            ("s/main.rs", "mod core;"),
            ("s/core/mod.rs", "mod a;\nmod b;\nmod c;"),
            ("s/core/a.rs", "use crate::core::b::B;\npub struct A;"),
            ("s/core/b.rs", "use super::c;\npub struct B(c::C);"),
            ("s/core/c.rs", "pub struct C;\nfn f(_: &super::a::A) {}"),
        ]),
    );
    let circle = "circle of files: s/core/a.rs -> s/core/b.rs -> s/core/c.rs -> s/core/a.rs\n    \
                  s/core/a.rs -> s/core/b.rs: line 1: use crate::core::b::B\n    \
                  s/core/b.rs -> s/core/c.rs: line 1: use super::c\n    \
                  s/core/c.rs -> s/core/a.rs: line 2: super::a::A";
    assert_eq!(faults, [circle]);
}

#[test]
fn a_circle_of_folders_without_one_of_files_is_found() {
    let faults = faults(
        "s",
        &tree([
            ("s/main.rs", "mod mail;\nmod files;"),
            ("s/mail/mod.rs", "pub mod a;\npub mod b;"),
            ("s/mail/a.rs", "use crate::files::c::C;"),
            ("s/mail/b.rs", "pub struct B;"),
            ("s/files/mod.rs", "pub mod c;\npub mod d;"),
            ("s/files/c.rs", "pub struct C;"),
            ("s/files/d.rs", "use crate::mail::b::B;"),
        ]),
    );
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("circle of folders: files -> mail -> files\n"), "{faults:#?}");
    assert!(faults[0].contains("s/files/d.rs, line 1: use crate::mail::b::B"), "{faults:#?}");
}

#[test]
fn a_wing_named_by_the_core_is_found() {
    let house = [
        ("s/main.rs", "mod args;\nmod core;\nmod mail;"),
        ("s/args.rs", "pub struct Args;"),
        ("s/core/mod.rs", "mod a;"),
        ("s/core/a.rs", "fn f() {\n    crate::mail::start();\n}\nfn g(_: crate::args::Args) {}"),
        ("s/mail/mod.rs", "pub fn start() {}"),
    ];
    let faults = faults("s", &tree(house));
    let named = [
        "the core names another: s/core/a.rs -> s/mail/mod.rs (line 2: crate::mail::start)",
        "the core names another: s/core/a.rs -> s/args.rs (line 4: crate::args::Args)",
    ];
    assert_eq!(faults, named);
}

#[test]
fn features_are_found_outside_tests_and_comments() {
    let text = "// cfg(feature = \"a\")\nfn f() {\n    if cfg!(all(\n        unix,\n        feature = \"a\"\n    )) {}\n}\n\
                #[cfg(unix)]\nfn feature() {}\n#[cfg_attr(feature = \"b\", allow(x))]\n\
                #[cfg(test)]\nmod tests {\n    #[cfg(feature = \"c\")]\n    fn g() {}\n}\n";
    assert_eq!(gates(text), [3, 10]);
}
