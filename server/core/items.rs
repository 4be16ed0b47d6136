//! Lists: parameters with commas, and replies of many words.
//!
//! Pure.

use std::collections::HashSet;

use wire::names::casefold;

/// The items of a list with commas.
pub fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|item| !item.is_empty())
}

/// The items of a list with commas, each once.
pub fn distinct(list: &str) -> Vec<&str> {
    let mut all: Vec<&str> = items(list).collect();
    // Nearly every list has one item.
    if all.len() > 1 {
        let mut seen = HashSet::new();
        all.retain(|item| seen.insert(casefold(item)));
    }
    all
}

/// Passes the words to `send`, with spaces between them, in as few lines of at most `most` bytes as hold them whole. One
/// buffer serves for all lines: the allocator of a thread keeps all memory that the thread has needed at once.
pub fn each_line(words: impl Iterator<Item = String>, most: usize, mut send: impl FnMut(&str)) {
    let mut line = String::with_capacity(most);
    for word in words {
        if !line.is_empty() && line.len() + 1 + word.len() > most {
            send(&line);
            line.clear();
        }
        line.extend([if line.is_empty() { "" } else { " " }, &word]);
    }
    if !line.is_empty() {
        send(&line);
    }
}
