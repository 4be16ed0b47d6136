//! Lists: parameters with commas, and replies of many words.
//!
//! Pure.

use wire::names::eq_ignore_case;

/// The items of a list with commas.
pub fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|item| !item.is_empty())
}

/// The items of a list with commas, each once.
pub fn distinct(list: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for item in items(list) {
        if !found.iter().any(|other| eq_ignore_case(other, item)) {
            found.push(item);
        }
    }
    found
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
