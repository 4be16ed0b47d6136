//! Where a text mentions a name: as a word of its own, in any case of letters.
//!
//! Pure. The core asks whether somebody means us; views highlight the same places.

use std::ops::Range;
use wire::{names, text};

/// Signs that people put around a name and that may also be part of one: `[mel]` is mel, `mel[m]` is somebody else.
const PAIRS: [(char, char); 8] =
    [('[', ']'), ('{', '}'), ('`', '`'), ('_', '_'), ('|', '|'), ('^', '^'), ('-', '-'), ('\\', '\\')];

/// The places of a name in a text, in order.
pub fn of<'a>(nick: &'a str, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_of_word = |c: char| {
        c.is_alphanumeric() || text::is_combining(c) || nick.contains(c) || PAIRS.iter().any(|&(a, b)| c == a || c == b)
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(is_of_word)?;
            at = text[start..].find(|c| !is_of_word(c)).map_or(text.len(), |length| start + length);
            let bare = bare(&text[start..at], nick);
            if let Some(margin) = bare {
                return Some(start + margin..at - margin);
            }
        }
    })
}

/// The bytes on each side of the name in a word; `None` when it is another word.
fn bare(word: &str, nick: &str) -> Option<usize> {
    let (mut inner, mut margin) = (word, 0);
    while !names::eq_ignore_case(inner, nick) {
        let within = |&(open, close): &(char, char)| inner.strip_prefix(open)?.strip_suffix(close);
        inner = PAIRS.iter().find_map(within)?;
        margin += 1;
    }
    Some(margin).filter(|_| !inner.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mentioned_as_a_word_of_its_own() {
        for text in [
            "mel",
            "MEL",
            "mel,",
            "mel;",
            "@mel",
            "(mel)",
            "mel's",
            "mel’s",
            "hi mel!",
            "\"mel\"",
            "mel/anna",
            "<mel>",
            "*mel*",
            "_mel_",
            "[mel]",
            "`mel`",
            "mel...",
            "„mel“",
            "mel。",
            "ok:mel",
        ] {
            assert_eq!(of("mel", text).count(), 1, "{text}");
            assert!(text[of("mel", text).next().unwrap()].eq_ignore_ascii_case("mel"), "{text}");
        }
        for text in [
            "melon",
            "caramel",
            "mel2",
            "mel_",
            "mel[m]",
            "mel|afk",
            "anna-mel",
            "melé",
            "mel\u{301}",
            "",
            "me l",
            "[mel}",
        ] {
            assert_eq!(of("mel", text).count(), 0, "{text}");
        }
        assert_eq!(of("mel", "Mel: melon, mel!").collect::<Vec<_>>(), [0..3, 12..15]);
    }

    #[test]
    fn names_with_signs_are_mentioned_too() {
        assert_eq!(of("[x]", "[x]: [[X]] x [x").collect::<Vec<_>>(), [0..3, 6..9]);
        assert_eq!(of("a.b", "a.b, a").count(), 1, "as other servers may have");
        assert_eq!(of("", "[] __ x").count(), 0);
    }
}
