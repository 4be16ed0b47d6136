//! What a document tells the reader to type exists: targets of make, options of the programs, names of tests.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::{Row, documents, expect_none, quoted, rows};
use crate::source::{code, files, root};

/// The commands in a document, each with the number of its line: lines of blocks, and code in the text. A line of a block
/// that ends with a backslash goes on.
fn commands(document: &str) -> Vec<(usize, String)> {
    let mut commands: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for row in rows(document) {
        match row {
            Row::Block(_, _, line) if goes_on => {
                let (_, command) = commands.last_mut().expect("a line before this one goes on");
                command.truncate(command.len() - 1);
                command.push_str(line.trim());
                goes_on = line.ends_with('\\');
            }
            Row::Block(number, _, line) => {
                commands.push((number, line.trim_start().trim_start_matches("$ ").to_owned()));
                goes_on = line.ends_with('\\');
            }
            Row::Text(number, line) => commands.extend(quoted(line).map(|code| (number, code.to_owned()))),
        }
    }
    commands
}

/// The words of the part of a command that begins with this program: up to a comment or the next command, without
/// quotation marks.
fn words_from(command: &str, program: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let start = words.iter().position(|word| word.rsplit('/').next() == Some(program))?;
    let is_end =
        |word: &&str| matches!(*word, "#" | "$" | "|" | "&&" | ";" | "&" | "<" | ">" | "2>&1") || word.starts_with('#');
    let words = words[start + 1..].iter().take_while(|word| !is_end(word));
    Some(words.map(|word| word.trim_end_matches([';', ',']).replace(['"', '\'', '(', ')', '[', ']'], "")).collect())
}

/// What a line may tell the reader to type.
struct Known {
    targets: BTreeSet<String>,
    server: String,
    client: String,
    bench: String,
    /// Tests by their full names.
    tests: Vec<String>,
    /// All names in the sources.
    names: BTreeSet<String>,
}

impl Known {
    fn faults(&self, command: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if command.starts_with("make ") {
            faults.extend(self.make(&words_from(command, "make").unwrap_or_default()));
        }
        for (program, help) in [("chat-server", &self.server), ("chat-client", &self.client)] {
            let words = words_from(command, program).unwrap_or_default();
            faults.extend(unknown_options(&words, &[help]).map(|option| format!("{program} has no option {option}")));
        }
        if let Some(words) = words_from(command, "cargo").filter(|words| words.first().is_some_and(|w| w == "test")) {
            faults.extend(self.cargo_test(&words[1..]));
        }
        let all = [&self.server, &self.client, &self.bench];
        if command.starts_with("--") {
            let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
            faults
                .extend(unknown_options(&words[..1], &all).map(|option| format!("no program has an option {option}")));
        }
        faults.extend(self.test_name(command));
        faults
    }

    fn make(&self, words: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        let (mut target, mut is_argument) = ("", false);
        for word in words {
            let option = match word.split_once('=') {
                // The options in it go on until the next variable.
                Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                    is_argument = name == "ARGS";
                    value
                }
                _ => word,
            };
            if is_argument {
                let help = match target {
                    "run-server" | "run-core" => &self.server,
                    "run-client" | "run-gui" | "run-directory" => &self.client,
                    _ => &self.bench,
                };
                faults.extend(
                    unknown_options(&[option.to_owned()], &[help])
                        .map(|option| format!("make {target} has no ARGS {option}")),
                );
            } else if option == word && word.starts_with(|c: char| c.is_ascii_lowercase()) {
                target = word;
                if !self.targets.contains(target) {
                    faults.push(format!("the Makefile has no target {target}"));
                }
            }
        }
        faults
    }

    fn cargo_test(&self, words: &[String]) -> Vec<String> {
        const WITH_VALUE: [&str; 6] = ["--features", "--test", "--bin", "--example", "--package", "-p"];
        let mut faults = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--test" {
                let test = words.next().map_or("", |word| word);
                if test != "integration" {
                    faults.push(format!("there is no --test {test}"));
                }
            } else if WITH_VALUE.contains(&&**word) {
                words.next();
            } else if !word.starts_with('-') && !self.tests.iter().any(|test| test.contains(&**word)) {
                faults.push(format!("no test has {word} in its name"));
            }
        }
        faults
    }

    /// A name in small letters with paths, or of five words and more, is that of a test, or something else that is there.
    fn test_name(&self, code: &str) -> Option<String> {
        const OTHERS: [&str; 8] = ["fs", "io", "mem", "mpsc", "process", "rustls", "std", "thread"];
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let parts: Vec<&str> = code.split("::").collect();
        let last = parts.last()?;
        let looks_so = parts.iter().all(|part| is_name(part)) && (parts.len() > 1 || code.matches('_').count() > 3);
        // As cargo test takes a name: a part of it is enough.
        let is_test = || self.tests.iter().any(|test| test.contains(code));
        // A path to a name that is no sentence leads to a function, or to what std has.
        let is_else = || self.names.contains(*last) || OTHERS.contains(&parts[0]) && parts.len() > 1;
        (looks_so && !is_test() && !is_else())
            .then(|| format!("there is neither a test nor anything else called {code}"))
    }
}

/// The long options that are in none of these texts.
fn unknown_options<'a>(words: &'a [String], helps: &'a [&String]) -> impl Iterator<Item = &'a str> {
    let name = |word: &'a String| word.starts_with("--").then(|| word.split('=').next()).flatten();
    let is_known = |option: &str| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        helps.iter().any(|help| help.match_indices(option).any(|(at, _)| ends(&help[at + option.len()..])))
    };
    words.iter().filter_map(name).filter(move |option| option.len() > 2 && !is_known(option))
}

/// The targets of a Makefile.
fn targets(makefile: &str) -> BTreeSet<String> {
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    makefile.lines().filter_map(|line| Some(line.split_once(':')?.0)).filter(is_name).map(str::to_owned).collect()
}

fn output(program: &str, options: &[&str]) -> String {
    let output = Command::new(program).args(options).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of the tests: of this program, as it lists them, and of the others, from the sources.
fn tests() -> Vec<String> {
    let me = std::env::current_exe().unwrap();
    let listed = output(me.to_str().unwrap(), &["--list", "--format", "terse"]);
    let mut names: Vec<String> =
        listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    for (folder, text) in ["server", "client"].iter().flat_map(|&folder| files(folder, ".rs").into_iter()) {
        let path = folder.trim_end_matches(".rs").trim_end_matches("/mod");
        let path = path.trim_start_matches("server/").trim_start_matches("client/").trim_start_matches("wire/");
        let module = path.replace('/', "::");
        let module = if text.contains("mod tests {") { format!("{module}::tests") } else { module };
        let tests = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
        names.extend(tests.map(|(name, _)| format!("{module}::{name}")));
    }
    names
}

/// All words of the sources that could be names.
fn names() -> BTreeSet<String> {
    let folders = ["server", "client", "tests"].iter().flat_map(|&folder| files(folder, ".rs").into_values());
    let words = |text: String| {
        let code = code(&text);
        let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    folders.flat_map(words).collect()
}

fn known() -> Known {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let bench = files("tests/bench", ".rs").into_values().collect::<String>();
    Known {
        targets: targets(&read("Makefile")),
        server: output(env!("CARGO_BIN_EXE_chat-server"), &["--help"]),
        client: output(env!("CARGO_BIN_EXE_chat-client"), &["--help"]),
        bench: bench + "--features --no-default-features --test --all-targets",
        tests: tests(),
        names: names(),
    }
}

#[test]
fn what_the_documents_tell_the_reader_to_type_exists() {
    let known = known();
    let mut faults = Vec::new();
    for (path, document) in documents() {
        for (line, command) in commands(&document) {
            faults.extend(known.faults(&command).into_iter().map(|why| format!("{path}:{line}: {command}: {why}")));
        }
    }
    expect_none(&faults);
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let known = Known { tests: vec!["mail::kill::nothing_is_lost".into()], ..known() };
    let right = [
        "make run-server ARGS=\"--listen 0.0.0.0:6667 -v\"",
        "make -s build && make run-client NICK=albert SERVER=a:1 # in a second window",
        "./chat-client --server 192.0.2.1:6667 | cat --nothing",
        "cargo test --features full --test integration mail::kill -- --exact",
        "kill::nothing_is_lost",
        "mail::kill",
        "commands::known",
        "mpsc::sync_channel",
        "--listen",
        "JOIN #room",
    ];
    for command in right {
        assert_eq!(known.faults(command), [""; 0], "{command}");
    }
    for (command, why) in [
        ("make run-sever", "the Makefile has no target run-sever"),
        ("make run-server ARGS='-v --lisen x'", "make run-server has no ARGS --lisen"),
        ("target/debug/chat-client --sever a:1", "chat-client has no option --sever"),
        ("--lisen ADDRESS", "no program has an option --lisen"),
        ("cargo test --features full male::kill", "no test has male::kill in its name"),
        ("cargo test --test integrations", "there is no --test integrations"),
        (
            "kill::nothing_is_found_by_this",
            "there is neither a test nor anything else called kill::nothing_is_found_by_this",
        ),
    ] {
        assert_eq!(known.faults(command), [why], "{command}");
    }
    let document = "Type `a b`:\n```sh\n$ c \\\n    d\n```\n";
    assert_eq!(commands(document), [(1, "a b".to_owned()), (3, "c d".to_owned())]);
}
