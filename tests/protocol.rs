//! PROTOCOL.md describes every verb, capability and room flag of the server's tables.

use crate::source::{files, root, without_tests};

/// The names that stand between two marks in some sources.
fn between<'a>(sources: impl Iterator<Item = &'a String>, before: &str, after: &str) -> Vec<String> {
    let all = |source: &String| -> Vec<String> {
        let code = without_tests(source);
        let rests = code.split(before).skip(1);
        rests.filter_map(|rest| Some(rest.split_once(after)?.0.to_owned())).collect()
    };
    let is_name = |name: &String| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '"');
    sources.flat_map(all).filter(is_name).collect()
}

/// The names that the document has in none of the forms in which it may write them.
fn missing(names: &[String], document: &str, forms: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    names.iter().filter(|name| !forms(name).iter().any(|form| document.contains(form))).cloned().collect()
}

/// The letters of the flags that a room may have, in the order of the server's table.
pub fn room_flags() -> Vec<String> {
    between(files("server", ".rs").values(), "('", "', Flags::")
}

#[test]
fn protocol_md_describes_each_verb_capability_and_flag() {
    let sources = files("server", ".rs");
    let document = std::fs::read_to_string(root().join("server/PROTOCOL.md")).unwrap();
    let mut verbs = between(sources.values(), "Command::new(\"", "\",");
    // Those of the console are none of the protocol's.
    verbs.retain(|verb| verb.bytes().all(|byte| byte.is_ascii_uppercase()));
    let flags = room_flags();
    let mut caps = between(sources.values(), "(\"", "\", ");
    // Lower-case words with a hyphen or a slash between them.
    caps.retain(|name| {
        name.split_once(['-', '/']).is_some_and(|(_, rest)| !rest.is_empty()) && !name.contains(['{', '.'])
    });
    assert!(verbs.len() > 25 && flags.len() > 4 && caps.len() > 5, "{verbs:?} {flags:?} {caps:?}");
    let row = |name: &str| vec![format!("| `{name}` |")];
    let described = |verb: &str| vec![format!("**{verb}**"), format!("The verb {verb}")];
    let faults =
        [missing(&verbs, &document, described), missing(&flags, &document, row), missing(&caps, &document, row)];
    assert!(faults.concat().is_empty(), "PROTOCOL.md does not describe {:?}", faults.concat());
}

#[test]
fn a_verb_that_is_not_described_is_found() {
    let sources = ["vec![Command::new(\"ECHO\", 1, echo), Command::new(\"QUIT\", 0, quit)]".to_owned()];
    let verbs = between(sources.iter(), "Command::new(\"", "\",");
    assert_eq!(missing(&verbs, "**QUIT** ends it", |verb| vec![format!("**{verb}**")]), ["ECHO"]);
}
