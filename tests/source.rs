//! Rust source as the tests of the project read it: without comments, strings and test modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the project whose names end so, by their path from its root.
pub fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.insert(path.to_str().unwrap().to_owned(), fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The same text, line for line: each byte of a comment becomes a space, each byte inside a string a quotation mark.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    while code.len() < bytes.len() {
        let rest = &text[code.len()..];
        let after_word = code.last().is_some_and(|byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_');
        let (length, filler) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), b' ')
        } else if rest.starts_with("/*") {
            (block_comment(rest), b' ')
        } else if let Some(length) = string(rest).filter(|_| !after_word) {
            (length, b'"')
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            code.extend_from_slice(&rest.as_bytes()[..length]);
            continue;
        };
        code.extend(rest.as_bytes()[..length].iter().map(|&byte| if byte == b'\n' { byte } else { filler }));
    }
    String::from_utf8(code).unwrap()
}

/// The length of a block comment, with those in it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let pair = text.as_bytes().get(at..at + 2).unwrap_or_default();
        at += if pair == b"/*" || pair == b"*/" { 2 } else { 1 };
        depth += i32::from(pair == b"/*") - i32::from(pair == b"*/");
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character that the text starts with.
fn string(text: &str) -> Option<usize> {
    let unprefixed = text.trim_start_matches(['b', 'c']);
    if text.len() - unprefixed.len() > 1 {
        return None;
    }
    let prefix = text.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inside = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(prefix + 1 + hashes + 1 + inside.find(&end)? + end.len());
    }
    let quote = unprefixed.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut escaped = false;
    let end = unprefixed.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let length = end?.0 + 1;
    // What starts with this quote and is no character is a lifetime.
    let inside = &unprefixed[1..length - 1];
    let is_char = inside.starts_with('\\') || inside.chars().count() == 1;
    (quote == '"' || is_char).then_some(prefix + length)
}

/// Code (see [`code`]) with each item under `#[cfg(test)]` blanked out.
pub fn without_tests(code: &str) -> String {
    const TEST: &str = "#[cfg(test)]";
    let mut left = code.to_owned();
    while let Some(start) = left.find(TEST) {
        let item = &left[start + TEST.len()..];
        let end = start + TEST.len() + item_end(item);
        let blank: String = left[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        left.replace_range(start..end, &blank);
    }
    left
}

/// Where an item ends: with its semicolon or brace; one of a list, or a field, with its comma or before the list's end.
fn item_end(item: &str) -> usize {
    const WORDS: [&str; 13] = [
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "let",
        "macro_rules",
        "mod",
        "static",
        "struct",
        "trait",
        "type",
        "use",
    ];
    let head = item.split(['{', '=', ';']).next().unwrap_or_default();
    let is_listed = !head.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| WORDS.contains(&word));
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        depth += i32::from(matches!(c, '{' | '(' | '[')) - i32::from(matches!(c, '}' | ')' | ']'));
        if depth < 0 {
            return at;
        }
        if depth == 0 && (matches!(c, ';' | '}') || is_listed && c == ',') {
            return at + 1;
        }
    }
    item.len()
}

/// How many lines of a file are code: not blank, no comment, no test.
pub fn code_lines(text: &str) -> usize {
    without_tests(&code(text)).lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "a /* b /* c */ d */ e // f\nlet g: &'static str = \"// h\\\"\"; '\\'' 'i' b\"j\" r#\"k\"k\"# xr";
    let left = code(text);
    assert_eq!(left.len(), text.len());
    let words = left.replace('"', " ");
    assert_eq!(words.split_whitespace().collect::<Vec<_>>().join(" "), "a e let g: &'static str = ; xr");
}

#[test]
fn tests_are_left_out_and_only_they() {
    let text = "//! What it is.\n\nuse a;\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n#[cfg(test)]\nmod c;\nfn d() {}\n";
    assert_eq!(code_lines(text), 2);
    let listed = "const A: [B; 2] = [\n    b(1, 2),\n    #[cfg(test)]\n    b(3, 4),\n    #[cfg(test)]\n    b(5, 6)\n];\nfn c() {}\n";
    assert_eq!(code_lines(listed), 4);
    let generic = "#[cfg(test)]\n#[allow(x)]\npub(crate) fn a<A, B>(c: C) -> D {\n}\nfn e() {}\n";
    assert_eq!(code_lines(generic), 1);
    let long = "fn e() -> &str {\n    \"two\n\n    lines\"\n}\n";
    assert_eq!(code_lines(long), 4);
}
