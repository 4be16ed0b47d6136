//! Names: which nicks and rooms are valid, and when two names are the same.
//!
//! Pure functions; the server asks them under the registry's lock, the client before it sends.

use crate::limits;
use crate::text;

/// Whether `name` can be a nick: a letter or one of ``[]\`_^{|}``, then the same, digits and `-`
/// (RFC 2812, section 2.3.1), at most [`limits::NICK`] bytes.
pub fn is_nick(name: &str) -> bool {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || b"[]\\`_^{|}".contains(&byte);
    let goes_on = |byte: u8| starts(byte) || byte.is_ascii_digit() || byte == b'-';
    name.len() <= limits::NICK && name.bytes().next().is_some_and(starts) && name.bytes().all(goes_on)
}

/// Whether `name` can be a room: `#` and at least one character more, none of them a space, a comma
/// or invisible, and no accent without a letter, at most [`limits::ROOM`] bytes.
pub fn is_room(name: &str) -> bool {
    let is_long_enough = (2..=limits::ROOM).contains(&name.len());
    let is_clear = |rest: &str| {
        let may_stand = |c: char| c != ',' && !c.is_whitespace() && text::is_visible(c);
        rest.chars().all(may_stand) && !rest.starts_with(text::is_combining)
    };
    is_long_enough && name.strip_prefix('#').is_some_and(is_clear)
}

/// The form under which a name is looked up: names that differ only in ASCII case are the same
/// (`CASEMAPPING=ascii`).
pub fn casefold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whether two names are the same.
pub fn eq_ignore_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks() {
        for good in ["a", "tesla", "Albert-2", "[x]", "{|}`_^\\", "N23456789012345678901234567890ab"] {
            assert!(is_nick(good), "{good}");
        }
        let too_long = "x".repeat(limits::NICK + 1);
        for bad in ["", "2x", "-x", "a b", "a!b", "a@b", "#a", "é", "a.b", "a:b", "a,b", &too_long] {
            assert!(!is_nick(bad), "{bad}");
        }
    }

    #[test]
    fn rooms() {
        for good in ["#lobby", "#ß", "#a:b", "##", "#e\u{301}", "#\u{1f600}"] {
            assert!(is_room(good), "{good}");
        }
        let too_long = format!("#{}", "x".repeat(limits::ROOM));
        for bad in ["", "#", "lobby", "&local", "#a b", "#a,b", "#a\u{7}", "#a\u{202e}b", "#\u{a0}"] {
            assert!(!is_room(bad), "{bad}");
        }
        // Blank, joined, selected, filled, not characters, an accent on the mark.
        for bad in [
            "#lobby\u{3164}",
            "#a\u{200d}",
            "#\u{2800}",
            "#a\u{fe0f}",
            "#\u{ffa0}",
            "#\u{fffe}",
            "#\u{10ffff}",
            "#\u{301}a",
            "#\u{64b}",
            "#a\u{2066}b",
            "#a\u{e0061}",
            "#a\u{1bca0}",
            "#a\u{fffc}",
            &too_long,
        ] {
            assert!(!is_room(bad), "{bad}");
        }
    }

    #[test]
    fn case_is_ascii() {
        assert!(eq_ignore_case("Tesla", "tESLA"));
        assert!(!eq_ignore_case("[a]", "{a}"), "the folding of RFC 1459 is not ours");
        assert!(!eq_ignore_case("#É", "#é"));
    }
}
