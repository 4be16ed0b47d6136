//! Lines that were entered before, in this run and in others.
//!
//! Part of the prompt. The main thread writes the file under no lock of the client, but with the file itself locked, since
//! several clients share it. The file is private. In the file `\n` stands for a line end within an entry, and `\\` for `\`.

use super::limits::HISTORY;
use crate::core::settings;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wire::{disk, os};

/// The entries, and the place among them where the user is.
#[derive(Default)]
pub struct History {
    entries: Vec<String>,
    walk: Option<Walk>,
}

/// The user goes through the entries that have a common start.
struct Walk {
    at: usize,
    prefix: String,
    /// What was in the line before.
    draft: String,
}

impl History {
    /// Entries from a file, the last one last.
    pub fn new(text: &str) -> Self {
        let entries: Vec<_> = text.lines().filter(|line| !line.is_empty()).map(decoded).collect();
        let dropped = entries.len().saturating_sub(HISTORY);
        History { entries: entries[dropped..].to_vec(), walk: None }
    }

    /// Adds a line; whether it is new and to be kept. A line that begins with a space is not.
    pub fn add(&mut self, line: &str) -> bool {
        self.walk = None;
        let is_kept =
            !line.trim().is_empty() && !line.starts_with(' ') && self.entries.last().is_none_or(|last| last != line);
        if is_kept {
            self.entries.push(line.to_owned());
        }
        is_kept
    }

    /// The entry before, among those that begin like what is before the cursor when the user starts to go through them.
    pub fn older(&mut self, before_cursor: &str, line: &str) -> Option<String> {
        let (from, prefix) = match &self.walk {
            Some(walk) => (walk.at, walk.prefix.clone()),
            None => (self.entries.len(), before_cursor.to_owned()),
        };
        let shown = self.entries.get(from).map_or(line, String::as_str);
        let fits = |entry: &str| entry.starts_with(&prefix) && entry != shown;
        let at = self.entries[..from].iter().rposition(|entry| fits(entry))?;
        let draft = self.walk.take().map_or_else(|| line.to_owned(), |walk| walk.draft);
        self.walk = Some(Walk { at, prefix, draft });
        Some(self.entries[at].clone())
    }

    /// The entry behind; in the end what was in the line before.
    pub fn newer(&mut self) -> Option<String> {
        let walk = self.walk.as_mut()?;
        let shown = &self.entries[walk.at];
        let fits = |entry: &String| entry.starts_with(&walk.prefix) && entry != shown;
        match (walk.at + 1..self.entries.len()).find(|&at| fits(&self.entries[at])) {
            Some(at) => {
                walk.at = at;
                Some(self.entries[at].clone())
            }
            None => self.walk.take().map(|walk| walk.draft),
        }
    }

    /// The user has changed the line, so the next walk starts from there.
    pub fn end_walk(&mut self) {
        self.walk = None;
    }

    /// The last entry before `end` that holds this text, and its place.
    pub fn find(&self, text: &str, end: usize) -> Option<(usize, &str)> {
        let end = end.min(self.entries.len());
        let at = self.entries[..end].iter().rposition(|entry| entry.contains(text))?;
        Some((at, &self.entries[at]))
    }
}

fn encoded(line: &str) -> String {
    line.replace('\\', r"\\").replace('\n', r"\n")
}

fn decoded(line: &str) -> String {
    let mut chars = line.chars();
    let mut text = String::with_capacity(line.len());
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                other => other.unwrap_or('\\'),
            },
            c => c,
        });
    }
    text
}

/// Where the history is kept.
pub fn file() -> Option<PathBuf> {
    settings::folder().ok().map(|folder| folder.join("history"))
}

/// The history of the runs before. Without a file, or with one that is no text, there is none.
pub fn load(file: &Path) -> History {
    History::new(&disk::read_text(file).unwrap_or_default())
}

/// Opens the file, makes it and its folder where needed, and keeps other clients away from it until it is closed.
fn open(file: &Path) -> io::Result<File> {
    file.parent().map_or(Ok(()), disk::make_private)?;
    loop {
        let output = os::private_file(OpenOptions::new().append(true).create(true)).open(file)?;
        // Some file systems know no locks.
        let _ = output.lock();
        let metadata = output.metadata()?;
        // Another client may have replaced it meanwhile.
        if fs::metadata(file).is_ok_and(|other| os::is_same_file(&metadata, &other)) {
            if !os::is_private(&metadata) {
                os::make_private(&output)?;
            }
            return Ok(output);
        }
    }
}

/// Writes a line behind the others.
pub fn append(file: &Path, line: &str) -> io::Result<()> {
    open(file)?.write_all(format!("{}\n", encoded(line)).as_bytes())
}

/// Takes the file away from other users, and cuts one that has grown to more than twice of what is kept.
pub fn tidy(file: &Path) -> io::Result<()> {
    let _open = open(file)?;
    let text = disk::read_text(file)?;
    let lines: Vec<_> = text.lines().collect();
    if lines.len() <= 2 * HISTORY {
        return Ok(());
    }
    let kept = lines[lines.len() - HISTORY..].iter().flat_map(|line| [line, "\n"]).collect::<String>();
    settings::write_atomically(file, kept.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| _ = history.add(line));
        history
    }

    #[test]
    fn up_and_down_go_through_what_begins_alike() {
        let mut history = history(&["/join #lab", "hello", "/join #attic", "bye"]);
        assert_eq!(history.older("/jo", "/jo").as_deref(), Some("/join #attic"));
        assert_eq!(history.older("/join #attic", "/join #attic").as_deref(), Some("/join #lab"));
        assert_eq!(history.older("/join #lab", "/join #lab"), None);
        assert_eq!(history.newer().as_deref(), Some("/join #attic"));
        assert_eq!(history.newer().as_deref(), Some("/jo"));
        assert_eq!(history.newer(), None);
        assert_eq!(history.older("", "").as_deref(), Some("bye"));
    }

    #[test]
    fn a_walk_passes_over_repetitions() {
        let mut history = history(&["a", "b", "a"]);
        assert_eq!(history.older("", "a").as_deref(), Some("b"));
        assert!(!history.add("a"));
    }

    #[test]
    fn a_line_that_begins_with_a_space_is_not_kept() {
        let mut history = history(&["x"]);
        assert!(!history.add(" /join #lab secret"));
        assert!(!history.add(""));
        assert_eq!(history.older("", "").as_deref(), Some("x"));
    }

    #[test]
    fn a_search_finds_the_last_one_first() {
        let history = history(&["/join #lab", "hello", "/join #attic"]);
        assert_eq!(history.find("join", usize::MAX), Some((2, "/join #attic")));
        assert_eq!(history.find("join", 2), Some((0, "/join #lab")));
        assert_eq!(history.find("join", 0), None);
    }

    #[test]
    fn it_goes_on_in_the_next_run_and_nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("new").join("history");
        for line in ["one\ntwo", r"\sleep\5"] {
            append(&file, line).unwrap();
        }
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load(&file).entries, ["one\ntwo", r"\sleep\5"]);
        // One that others could read is taken away from them.
        for look in [tidy as fn(&Path) -> _, |file: &Path| append(file, "three")] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
            look(&file).unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(load(&file).entries.last().unwrap(), "three");
    }

    #[test]
    fn several_clients_lose_nothing_of_each_other() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("history");
        std::fs::write(&file, "old\n".repeat(2 * HISTORY)).unwrap();
        std::thread::scope(|scope| {
            for client in 0..4 {
                let file = &file;
                scope.spawn(move || {
                    for number in 0..50 {
                        append(file, &format!("{client} {number}")).unwrap();
                        tidy(file).unwrap();
                    }
                });
            }
        });
        let entries = load(&file).entries;
        for client in 0..4 {
            let own: Vec<_> = entries.iter().filter(|entry| entry.starts_with(&format!("{client} "))).collect();
            assert!(own.into_iter().eq((0..50).map(|number| format!("{client} {number}")).collect::<Vec<_>>().iter()));
        }
    }

    #[test]
    fn a_long_file_is_cut_to_the_last_lines() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("history");
        let lines: Vec<_> = (0..=2 * HISTORY).map(|number| number.to_string()).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        tidy(&file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!((text.lines().count(), text.lines().last()), (HISTORY, Some("4000")));
    }
}
