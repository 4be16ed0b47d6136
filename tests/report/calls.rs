//! Chapter 14 lists each socket call of the sources in its function, and nothing that is not there.
//!
//! A row of its tables: `| call<br>system calls | [file](path) function, function | why |`, with backticks around calls and
//! functions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{expect_none, quoted};
use crate::source::{code, files, root, without_tests};

pub const CHAPTER: &str = "report/14-calls.md";

/// Functions that make a socket, or wait for several.
const MAKERS: [&str; 7] = [
    "event::poll",
    "TcpListener::bind",
    "TcpStream::connect",
    "TcpStream::connect_timeout",
    "UdpSocket::bind",
    "UnixStream::pair",
    "Socket::new",
];
/// Methods that only sockets have.
const OF_SOCKETS: [&str; 16] = [
    "join_multicast_v4",
    "leave_multicast_v4",
    "local_addr",
    "peer_addr",
    "set_multicast_if_v4",
    "set_multicast_loop_v4",
    "set_multicast_ttl_v4",
    "set_nodelay",
    "set_nonblocking",
    "set_read_timeout",
    "set_recv_buffer_size",
    "set_reuse_address",
    "set_ttl",
    "set_write_timeout",
    "take_error",
    "to_socket_addrs",
];
/// Methods that others have, too: they count where the value has the name of a socket.
const OF_OTHERS: [&str; 15] = [
    "accept",
    "bind",
    "connect",
    "incoming",
    "peek",
    "read",
    "read_exact",
    "recv",
    "recv_from",
    "send",
    "send_to",
    "shutdown",
    "try_clone",
    "write",
    "write_all",
];
const VECTORED: [&str; 2] = ["read_vectored", "write_vectored"];
const SOCKETS: [&str; 3] = ["listener", "socket", "stream"];

/// A call in a function of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    call: String,
    path: String,
    function: String,
}

/// A row of the tables.
pub struct Row {
    calls: Vec<String>,
    pub system_calls: String,
    /// Files and functions; none where it is no call of a function.
    pub places: Vec<(String, String)>,
}

/// The rows of the tables of calls.
pub fn table(chapter: &str) -> Vec<Row> {
    let (mut rows, mut inside) = (Vec::new(), false);
    for line in chapter.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        inside = line.starts_with("| call<br>") || inside && line.starts_with('|');
        let ["", names, places, _, ""] = columns[..] else { continue };
        if inside && let Some((calls, system_calls)) = names.split_once("<br>").filter(|(calls, _)| *calls != "call") {
            // What is no call of a function, such as the end of a value, is sought in no file.
            let calls = quoted(calls).filter(|_| calls.starts_with('`')).map(str::to_owned).collect();
            rows.push(Row { calls, system_calls: system_calls.to_owned(), places: places_in(places) });
        }
    }
    rows
}

/// Files and functions: behind each link to a file stand those that are in it.
fn places_in(cell: &str) -> Vec<(String, String)> {
    let files = cell.split('[').skip(1).filter_map(|part| part.split_once("](../")?.1.split_once(')'));
    files.flat_map(|(path, rest)| quoted(rest).map(move |function| (path.to_owned(), function.to_owned()))).collect()
}

/// A call as the sources name it: `TcpListener::bind`, but `accept`.
fn short(call: &str) -> &str {
    let maker = MAKERS.iter().find(|&&maker| call == maker || call.ends_with(&format!("::{maker}")));
    maker.copied().unwrap_or_else(|| call.rsplit("::").next().unwrap_or(call))
}

/// The socket calls in a file.
fn sites(path: &str, text: &str) -> BTreeSet<Site> {
    let code = without_tests(&code(text));
    let functions = functions(&code);
    let function = |at: usize| {
        let around = functions.iter().filter(|(start, end, _)| (*start..*end).contains(&at));
        around.max_by_key(|(start, ..)| *start).map_or_else(String::new, |(.., name)| name.clone())
    };
    let site = |call: &str, at| Site { call: call.to_owned(), path: path.to_owned(), function: function(at) };
    let mut found = BTreeSet::new();
    for maker in MAKERS {
        let starts = match maker {
            // The core has a type of its own with the name of that of socket2.
            "Socket::new" => "Socket::new(Domain::".to_owned(),
            "event::poll" => "poll(&mut ".to_owned(),
            maker => format!("{maker}("),
        };
        let calls = code.match_indices(&starts).filter(|(at, _)| !code[..*at].ends_with(char::is_alphanumeric));
        found.extend(calls.map(|(at, _)| site(maker, at)));
    }
    for method in [&OF_SOCKETS[..], &OF_OTHERS, &VECTORED].concat() {
        for (at, _) in code.match_indices(&format!(".{method}(")) {
            let value = value(&code[..at]);
            let is_call = OF_SOCKETS.contains(&method) && value != "self" || SOCKETS.contains(&value);
            found.extend(is_call.then(|| site(method, at)));
        }
    }
    found
}

/// The last name of the value on which a method is called: `socket` of `(&*self.stream).socket()?`.
fn value(before: &str) -> &str {
    let name = before.trim_end_matches(|c: char| c.is_whitespace() || "()?".contains(c));
    let start = name.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    &name[start..]
}

/// Start, end and name of each function.
fn functions(code: &str) -> Vec<(usize, usize, String)> {
    let function = |(at, _): (usize, &str)| {
        let rest = &code[at + 3..];
        let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?];
        let body = at + code[at..].find(['{', ';'])?;
        let mut depth = 0;
        let end = code[body..].char_indices().find(|(_, c)| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 0
        })?;
        Some((at, body + end.0, name.to_owned()))
    };
    let starts = code.match_indices("fn ").filter(|(at, _)| !code[..*at].ends_with(char::is_alphanumeric));
    starts.filter_map(function).collect()
}

/// What the table has too much or too little.
fn faults(rows: &[Row], sources: &BTreeMap<String, String>) -> Vec<String> {
    let found: BTreeSet<Site> = sources.iter().flat_map(|(path, text)| sites(path, text)).collect();
    let mut listed = BTreeSet::new();
    let mut faults = Vec::new();
    for Row { calls, places, .. } in rows {
        for (path, function) in places {
            let all = calls.iter().map(|call| Site {
                call: short(call).to_owned(),
                path: path.clone(),
                function: function.clone(),
            });
            let there: Vec<Site> = all.filter(|site| found.contains(site)).collect();
            if there.is_empty() {
                faults.push(format!("{CHAPTER}: {path} has no {} in `{function}`", calls.join(" or ")));
            }
            listed.extend(there);
        }
        if places.is_empty() && !calls.is_empty() {
            faults.push(format!("{CHAPTER}: {} has no place", calls.join(", ")));
        }
    }
    let missing = found.difference(&listed);
    faults.extend(
        missing.map(|Site { call, path, function }| format!("{path}: `{call}` in `{function}` is not in {CHAPTER}")),
    );
    faults
}

/// Server and client, without files of tests.
fn sources() -> BTreeMap<String, String> {
    let mut all = files("server", ".rs");
    all.append(&mut files("client", ".rs"));
    all.retain(|path, _| !path.contains("/tests/") && !path.ends_with("/tests.rs"));
    all
}

#[test]
fn the_table_of_calls_has_each_socket_call_of_the_sources_in_its_function() {
    let rows = table(&fs::read_to_string(root().join(CHAPTER)).unwrap());
    expect_none(&faults(&rows, &sources()));
}

#[test]
fn the_index_has_each_system_call_option_and_error_of_the_chapter() {
    let chapter = fs::read_to_string(root().join(CHAPTER)).unwrap();
    let (before, index) = chapter.split_once("## Index").expect("the chapter has an index");
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let (indexed, tables) = (words(index), table(&chapter));
    // The other tables are about calls that are missing, and errors: their names stand in the first column.
    let others = before.lines().filter(|line| line.starts_with("| `") && !line.contains("<br>"));
    let others = others.filter_map(|line| line.split('|').nth(1));
    let all = tables.iter().map(|row| &*row.system_calls).chain(others).flat_map(quoted);
    let missing: BTreeSet<_> = all.flat_map(words).filter(|name| !indexed.contains(name)).collect();
    assert!(missing.is_empty(), "the index of {CHAPTER} lacks {missing:?}");
}

#[test]
fn a_call_that_is_missing_in_the_table_or_in_the_sources_is_found() {
    let text = "fn listen() { TcpListener::bind(a); }\nimpl A {\n    fn go(&self) {\n        self.stream.socket()\n            \
                .peek(b); // socket.read(c)\n        list.peek();\n    }\n}\n#[cfg(test)]\nmod tests { fn c() { socket.read(d); } }\n";
    let sources = BTreeMap::from([("server/a.rs".to_owned(), text.to_owned())]);
    let row = |call: &str, function: &str| format!("| `{call}`<br>`x` | [a.rs](../server/a.rs) `{function}` | why |\n");
    let table_of = |rows: &[String]| table(&format!("| call<br>system calls | where | why |\n{}", rows.concat()));
    let right = [row("TcpListener::bind", "listen"), row("TcpStream::peek", "go")];
    assert_eq!(faults(&table_of(&right), &sources), [""; 0]);
    let missing = faults(&table_of(&right[..1]), &sources);
    assert_eq!(missing, [format!("server/a.rs: `peek` in `go` is not in {CHAPTER}")]);
    let wrong = [&right[..], &[row("TcpStream::read", "go")]].concat();
    assert_eq!(faults(&table_of(&wrong), &sources), [format!("{CHAPTER}: server/a.rs has no TcpStream::read in `go`")]);
}
