//! The counts of code lines in README.md and the report: without blank lines, comments and tests.

use std::path::Path;

use super::numbers::grouped;
use crate::source::{code_lines, files};

/// The same document with right counts, in the rows
///
/// - `| [file](path.rs) | N | ... |`, by the path from the document's folder,
/// - `| **together** | N | |`, the sum of those above,
/// - "`folder/`" or "of that `folder` with `main.rs`, `args.rs`" or "`folder/` (without `inner`)", where N is the last cell,
/// - `| all | ... | N |`, the sum of the rows that begin with a folder.
pub fn refresh(document: &str, folder: &Path) -> String {
    let (mut together, mut all, mut text) = (0, 0, String::new());
    for line in document.split_inclusive('\n') {
        let cells: Vec<&str> = line.trim_end().split('|').map(str::trim).collect();
        if cells.len() < 4 || !cells[0].is_empty() {
            (together, all) = (0, 0);
            text += line;
            continue;
        }
        let (first, last) = (cells[1], cells.len() - 2);
        if let Some(count) = linked(first).and_then(|path| lines_of_file(&folder.join(path))) {
            together += count;
            text += &with(line, 2, count);
        } else if first == "**together**" {
            text += &with(line, 2, together);
        } else if first == "all" && all > 0 {
            text += &with(line, last, all);
        } else if let Some(count) = lines_of_folder(first).filter(|_| is_count(cells[last])) {
            all += if first.starts_with('`') { count } else { 0 };
            text += &with(line, last, count);
        } else {
            text += line;
        }
    }
    text
}

/// The file of Rust that a cell links to, if it is nothing but that link.
fn linked(cell: &str) -> Option<&str> {
    let (_, target) = cell.strip_prefix('[')?.strip_suffix(')')?.split_once("](")?;
    Path::new(target).extension().is_some_and(|kind| kind == "rs").then_some(target)
}

fn lines_of_file(path: &Path) -> Option<usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(path)).ok().map(|text| code_lines(&text))
}

/// The lines of what a cell describes, if its first word in backticks is a folder.
fn lines_of_folder(cell: &str) -> Option<usize> {
    let quoted: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let folder = quoted.first()?.trim_end_matches('/');
    let top = folder.split('/').next()?;
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).is_dir() {
        return None;
    }
    let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/") || path.contains("/simulation");
    let lines = |folder: &str| {
        let all = files(folder, ".rs").into_iter().filter(|(path, _)| !is_test(path));
        all.map(|(_, text)| code_lines(&text)).sum::<usize>()
    };
    let more = quoted.iter().skip(1);
    Some(if cell.contains("(without") {
        lines(folder) - more.map(|inner| lines(&format!("{folder}/{inner}"))).sum::<usize>()
    } else {
        lines(folder) + more.filter_map(|file| lines_of_file(&Path::new(top).join(file))).sum::<usize>()
    })
}

fn is_count(cell: &str) -> bool {
    !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
}

/// A row with this count in one of its cells, if a count is there.
fn with(line: &str, cell: usize, count: usize) -> String {
    let mut cells: Vec<String> = line.split('|').map(str::to_owned).collect();
    let found = &mut cells[cell];
    if is_count(found.trim()) {
        *found = found.replace(found.trim(), &grouped(&count.to_string()));
    }
    cells.join("|")
}

#[test]
fn counts_in_rows_are_made_right_and_nothing_else() {
    let here = lines_of_file(Path::new("tests/book/counts.rs")).unwrap();
    let document = format!(
        "a | 1 |\n\n| [here](counts.rs) | 1 | why 2 |\n| [no](no.rs) | 3 | |\n| **together** | 4 | |\n\n\
         | `tests/book/` | 5 | {here} |\n"
    );
    let refreshed = refresh(&document, Path::new("tests/book"));
    let rows: Vec<&str> = refreshed.lines().collect();
    let count = grouped(&here.to_string());
    let row = format!("| [here](counts.rs) | {count} | why 2 |");
    assert_eq!(rows[..5], ["a | 1 |", "", &row, "| [no](no.rs) | 3 | |", &format!("| **together** | {count} | |")]);
    let folder = rows[6].strip_prefix("| `tests/book/` | 5 | ").unwrap().trim_end_matches(" |").replace(',', "");
    assert!(folder.parse::<usize>().unwrap() > here, "{refreshed}");
}
