//! Patterns for lines.

/// Whether `line` is `pattern`, in which `*` stands for any characters.
pub fn fits(pattern: &str, line: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == line };
    let Some(tail) = line.strip_prefix(start) else { return false };
    rest.is_empty() || tail.char_indices().any(|(at, _)| fits(rest, &tail[at..]))
}
