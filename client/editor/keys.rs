//! The table of keys, for `/keys` and for README.md.
//!
//! Pure. Part of the editor; [`prompt`](super::prompt) is where the keys have their meaning.

/// Keys, and what they do.
const KEYS: [(&str, &str); 15] = [
    ("arrows, Ctrl-B, Ctrl-F", "move by characters"),
    ("Home, End, Ctrl-A, Ctrl-E", "move to the start, to the end"),
    ("Ctrl-←, Ctrl-→, Alt-B, Alt-F", "move by words"),
    ("Ctrl-U, Ctrl-K", "delete to the start, to the end"),
    ("Ctrl-W, Alt-Backspace, Alt-D", "delete a word before the cursor, behind it"),
    ("Ctrl-Y, Ctrl-_", "put back what was deleted; undo"),
    ("Tab, Shift-Tab", "complete a command, name, room or file; again: next"),
    ("↑, ↓", "earlier lines that begin as before the cursor"),
    ("Ctrl-R", "search earlier lines; again: older; Escape: back"),
    ("Alt-Enter", "another row of the same message"),
    ("Alt-1 to Alt-9", "turn to the conversation of this number"),
    ("Ctrl-N, Ctrl-P", "turn to the next conversation, to the one before"),
    ("Ctrl-L, Ctrl-Z", "clear the window; stop the client, until fg"),
    ("Ctrl-C", "drop the line; without one, twice, leave"),
    ("Ctrl-D", "delete the next character; without a line, leave"),
];

/// The rows of the table, as they are printed.
pub fn rows() -> Vec<String> {
    KEYS.iter().map(|(keys, what)| format!("{keys:<28} {what}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_table() {
        let rows: Vec<_> = KEYS.iter().map(|(keys, what)| format!("| {keys} | {what} |\n")).collect();
        let table = format!("| keys | what they do |\n| --- | --- |\n{}", rows.concat());
        assert!(include_str!("../../README.md").contains(&table), "README.md lacks this table:\n{table}");
    }

    #[test]
    fn each_row_fits_the_narrowest_usual_terminal() {
        assert!(rows().iter().all(|row| row.chars().count() <= 80));
    }
}
