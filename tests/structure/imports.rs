//! Which file of a crate imports from which other one. Not a compiler: names are followed through `use` and `pub use`, and
//! a name that nothing says anything about belongs to the file in whose module it is looked for.

use std::collections::{BTreeMap, BTreeSet};

use super::circles::Arrow;
use crate::source::{code, without_tests};

/// A path in pieces: `crate::a::B`, or the modules from the crate's root to one of them.
type Path = Vec<String>;

/// Chains of re-exports are short; one that is longer leads into itself.
const MOST_REEXPORTS: usize = 16;

struct Crate {
    /// Each module that has a file, and which.
    modules: BTreeMap<Path, String>,
    files: BTreeMap<String, File>,
}

/// What is read from one file.
#[derive(Default)]
struct File {
    module: Path,
    /// The modules that it declares, each in a file of its own.
    children: Vec<String>,
    uses: Vec<Use>,
    /// Paths in code that are more than one word.
    paths: Vec<Mention>,
    /// Names of what is defined here.
    defined: BTreeSet<String>,
}

/// One name, or all (`*`), that a `use` brings.
struct Use {
    what: Mention,
    name: String,
    public: bool,
}

struct Mention {
    path: Path,
    /// The modules without a file that it stands in.
    inside: Path,
    line: usize,
    is_use: bool,
}

/// All arrows between the files of a crate, once for each pair of files.
pub fn arrows(folder: &str, sources: &BTreeMap<String, String>) -> Vec<Arrow> {
    let read = |(path, text): (&String, &String)| {
        let file = File { module: module(folder, path), ..read(&without_tests(&code(text))) };
        (path.clone(), file)
    };
    let all: BTreeMap<String, File> = sources.iter().map(read).collect();
    let modules = all.iter().map(|(path, file)| (file.module.clone(), path.clone())).collect();
    let mut whole = Crate { modules, files: all };
    whole.drop_tests();
    let mut arrows: Vec<Arrow> = Vec::new();
    for (path, file) in &whole.files {
        let uses = file.uses.iter().filter(|used| !whole.is_reexport(file, used)).map(|used| &used.what);
        for mention in uses.chain(&file.paths) {
            let Some(to) = whole.absolute(file, mention, 0).and_then(|absolute| whole.target(&absolute, 0)) else {
                continue;
            };
            if to != *path && !arrows.iter().any(|arrow| arrow.from == *path && arrow.to == to) {
                let keyword = if mention.is_use { "use " } else { "" };
                let line = format!("line {}: {keyword}{}", mention.line, mention.path.join("::"));
                arrows.push(Arrow { from: path.clone(), to, line });
            }
        }
    }
    arrows
}

/// The module that a file holds.
fn module(folder: &str, path: &str) -> Path {
    let inside = path.strip_prefix(folder).unwrap().trim_matches('/').trim_end_matches(".rs");
    let mut module: Path = inside.split('/').map(str::to_owned).collect();
    let is_root = module.len() == 1 && ["main", "lib"].contains(&module[0].as_str());
    if is_root || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

impl Crate {
    /// Leaves out files that are declared only under `#[cfg(test)]`.
    fn drop_tests(&mut self) {
        let mut reached = BTreeSet::new();
        let mut queue = vec![Path::new()];
        while let Some(module) = queue.pop() {
            let Some(path) = self.modules.get(&module) else { continue };
            reached.insert(path.clone());
            let children = self.files[path].children.iter();
            queue.extend(children.map(|child| [&module[..], std::slice::from_ref(child)].concat()));
        }
        self.modules.retain(|_, path| reached.contains(path));
        self.files.retain(|path, _| reached.contains(path));
    }

    /// A `pub use` of something below the file's own module only says where others find it.
    fn is_reexport(&self, file: &File, used: &Use) -> bool {
        let absolute = self.absolute(file, &used.what, 0);
        used.public && absolute.is_some_and(|path| path.len() > file.module.len() && path.starts_with(&file.module))
    }

    /// The path from the crate's root; `None` where it leads to another crate.
    fn absolute(&self, file: &File, mention: &Mention, depth: usize) -> Option<Path> {
        let here = [&file.module[..], &mention.inside[..]].concat();
        let (first, rest) = mention.path.split_first()?;
        let supers = mention.path.iter().take_while(|name| *name == "super").count();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => {
                let inner = Mention { path: rest.to_vec(), inside: mention.inside.clone(), ..*mention };
                let supers = rest.first().is_some_and(|name| name == "super");
                if supers { self.absolute(file, &inner, depth) } else { Some([&here[..], rest].concat()) }
            }
            "super" => Some([here.get(..here.len().checked_sub(supers)?)?, &mention.path[supers..]].concat()),
            child if self.modules.contains_key(&[&here[..], &[child.to_owned()]].concat()) => {
                Some([&here[..], &mention.path[..]].concat())
            }
            name if depth < MOST_REEXPORTS => {
                let used = file.uses.iter().find(|used| used.name == name && used.what.path[0] != name)?;
                Some([&self.absolute(file, &used.what, depth + 1)?[..], rest].concat())
            }
            _ => None,
        }
    }

    /// The file that defines what a path from the root leads to.
    fn target(&self, path: &[String], depth: usize) -> Option<String> {
        let known = (0..=path.len()).rev().find(|&length| self.modules.contains_key(&path[..length]))?;
        let place = &self.modules[&path[..known]];
        let (Some(name), true) = (path.get(known), depth < MOST_REEXPORTS) else { return Some(place.clone()) };
        let file = &self.files[place];
        let rest = &path[known + 1..];
        let follow = |used: &Use, rest: &[String]| {
            let absolute = self.absolute(file, &used.what, 0)?;
            self.target(&[&absolute[..], rest].concat(), depth + 1)
        };
        if file.defined.contains(name) {
            return Some(place.clone());
        }
        if let Some(used) = file.uses.iter().find(|used| used.name == *name) {
            return follow(used, rest).or_else(|| Some(place.clone()));
        }
        let globs = file.uses.iter().filter(|used| used.name == "*");
        let mut found = globs.filter_map(|glob| follow(glob, &path[known..])).filter(|found| {
            // A name that the other file does not know either is not from there.
            found != place && self.files[found].defined.contains(name)
        });
        found.next().or_else(|| Some(place.clone()))
    }
}

/// A word, `::`, or another character, and the line that it stands in.
struct Token<'a> {
    text: &'a str,
    line: usize,
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match first {
                _ if rest.starts_with("::") => 2,
                first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            tokens.push(Token { text: &rest[..length], line: number + 1 });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads code without tests.
fn read(code: &str) -> File {
    let tokens = tokens(code);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut file = File::default();
    // The modules without a file that are open, and how deep in braces each began.
    let (mut inside, mut depth): (Vec<(String, usize)>, usize) = (Vec::new(), 0);
    let mut at = 0;
    while at < tokens.len() {
        let line = tokens[at].line;
        let within = || -> Path { inside.iter().map(|(name, _)| name.clone()).collect() };
        match text(at) {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inside.pop_if(|(_, began)| *began == depth);
            }
            "mod" if text(at + 2) == ";" => file.children.push(text(at + 1).to_owned()),
            "mod" if text(at + 2) == "{" => {
                inside.push((text(at + 1).to_owned(), depth));
                depth += 1;
                at += 2;
            }
            "use" if is_name(text(at + 1)) || text(at + 1) == "{" || text(at + 1) == "::" => {
                let before = text(at.wrapping_sub(1));
                let public = before == "pub" || before == ")";
                let mut leaves = Vec::new();
                at = read_use(&tokens, at + 1, &[], &mut leaves);
                file.uses.extend(leaves.into_iter().map(|(path, name)| {
                    let what = Mention { path, inside: within(), line, is_use: true };
                    Use { what, name, public }
                }));
                continue;
            }
            "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "union" if is_name(text(at + 1)) => {
                file.defined.insert(text(at + 1).to_owned());
            }
            "macro_rules" => drop(file.defined.insert(text(at + 2).to_owned())),
            name if is_name(name) && text(at + 1) == "::" && !["::", ".", "'"].contains(&text(at.wrapping_sub(1))) => {
                let mut path = vec![name.to_owned()];
                while text(at + 1) == "::" && is_name(text(at + 2)) {
                    path.push(text(at + 2).to_owned());
                    at += 2;
                }
                file.paths.push(Mention { path, inside: within(), line, is_use: false });
            }
            _ => {}
        }
        at += 1;
    }
    file
}

/// Reads one tree of a `use` from this token on: each leaf with the name that it gets. Returns where the tree ends.
fn read_use(tokens: &[Token<'_>], mut at: usize, stem: &[String], leaves: &mut Vec<(Path, String)>) -> usize {
    let text = |at: usize| tokens.get(at).map_or(";", |token| token.text);
    let mut path = stem.to_vec();
    loop {
        match text(at) {
            "::" => at += 1,
            "{" => {
                at += 1;
                while !["}", ";"].contains(&text(at)) {
                    at = read_use(tokens, at, &path, leaves);
                    at += usize::from(text(at) == ",");
                }
                return at + usize::from(text(at) == "}");
            }
            "*" => {
                leaves.push((path, "*".to_owned()));
                return at + 1;
            }
            word if is_name(word) && word != "as" => {
                // `a::{self}` is `a`.
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                at += 1;
            }
            end => {
                let name = if end == "as" { text(at + 1) } else { path.last().map_or("", String::as_str) };
                leaves.push((path.clone(), name.to_owned()));
                return at + if end == "as" { 2 } else { 0 };
            }
        }
    }
}

/// The arrows of a crate in memory whose root is `s/main.rs`, short.
fn short<const N: usize>(sources: [(&str, &str); N]) -> Vec<String> {
    let sources = sources.into_iter().map(|(path, text)| (format!("s/{path}.rs"), text.to_owned())).collect();
    let name = |path: &str| path.trim_start_matches("s/").trim_end_matches(".rs").to_owned();
    arrows("s", &sources).iter().map(|arrow| format!("{} -> {}", name(&arrow.from), name(&arrow.to))).collect()
}

#[test]
fn a_grouped_use_is_resolved() {
    let main = "mod a;\nmod b;";
    let b = "use crate::{\n    a::{self, c::{C, D as E}, d},\n    f,\n};\nuse std::{io, fmt::Write as _};";
    let sources = [("main", main), ("a/mod", "mod c;\nmod d;"), ("a/c", ""), ("a/d", ""), ("b", b)];
    assert_eq!(short(sources), ["b -> a/mod", "b -> a/c", "b -> a/d", "b -> main"]);
}

#[test]
fn relative_paths_are_resolved() {
    let main = "mod a;\nmod e;\nfn f() { a::c::g(); self::e::h() }";
    let sources = [
        ("main", main),
        ("a/mod", "mod c;\nmod d;"),
        ("a/c", "pub fn g() { super::super::e::h() }\nmod inner {\n    use super::super::d::D;\n    use super::g;\n}"),
        ("a/d", "use super::c;\nuse self::super::super::e;\nfn i() { c::g() }"),
        ("e", "pub fn h() {}"),
    ];
    assert_eq!(short(sources), ["a/c -> a/d", "a/c -> e", "a/d -> a/c", "a/d -> e", "main -> a/c", "main -> e"]);
}

#[test]
fn comments_strings_tests_and_declarations_are_no_imports() {
    let a = "// use crate::b::B;\n/// See [`crate::b::B`].\nconst T: &str = \"crate::b::B\";\n/* use crate::b::B; */\n\
             #[cfg(test)]\nuse crate::b::B;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n    use crate::b::B;\n}\n";
    let sources = [("main", "mod a;\nmod b;"), ("a", a), ("a/tests", "use crate::b::B;"), ("b", "pub struct B;")];
    assert_eq!(short(sources), [""; 0]);
}

#[test]
fn a_reexport_is_followed_and_is_no_import_itself() {
    let sources = [
        ("main", "mod a;\nmod b;"),
        ("a/mod", "mod c;\nmod d;\npub use c::C;\npub(crate) use d::*;\nuse crate::b::B;\nfn f(_: B) {}"),
        ("a/c", "use super::d::D;"),
        ("a/d", "pub struct D;"),
        ("b", "use crate::a::{C, D, f};\npub struct B;"),
    ];
    let expected = ["a/c -> a/d", "a/mod -> b", "b -> a/c", "b -> a/d", "b -> a/mod"];
    assert_eq!(short(sources), expected);
    // One that does not come from below is an import like any other.
    let sources = [("main", "mod a;\nmod b;"), ("a/mod", "pub use crate::b::B;"), ("b", "pub struct B;")];
    assert_eq!(short(sources), ["a/mod -> b"]);
}
