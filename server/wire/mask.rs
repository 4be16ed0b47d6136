//! Masks, in which `*` stands for any characters and `?` for any one.
//!
//! Pure.

use crate::text::truncate;

/// Bytes of a text that masks are compared with: its positions, the one behind its end included, are the bits of a word.
pub const COMPARED: usize = 127;

/// A text, ready to be compared with any number of masks.
///
/// It takes one step for each byte of the text, and one for each byte of a mask, whatever they are (Shift-And: all ways
/// in which the mask so far can fit are followed at once, as a set of positions in one word).
pub struct Subject {
    /// For each byte the positions at which it stands, in lower case. Not on the stack, of which each client's thread would
    /// keep the pages.
    at: Vec<u128>,
    /// The positions inside a character, at which none begins.
    inside: u128,
    /// The position behind the last byte.
    end: u128,
}

impl Subject {
    /// Of a text that is longer than [`COMPARED`], its beginning.
    pub fn new(text: &str) -> Self {
        let text = truncate(text, COMPARED);
        let mut subject = Subject { at: vec![0; 256], inside: 0, end: 1 << text.len() };
        for (position, byte) in text.bytes().enumerate() {
            subject.at[usize::from(byte.to_ascii_lowercase())] |= 1 << position;
            if byte & 0xc0 == 0x80 {
                subject.inside |= 1 << position;
            }
        }
        subject
    }

    /// Whether all of it matches a mask.
    pub fn fits(&self, mask: &str) -> bool {
        let within = self.end | (self.end - 1);
        // Where the rest of the mask may go on.
        let mut reached: u128 = 1;
        for byte in mask.bytes() {
            reached = match byte {
                // From the first of them on, everywhere.
                b'*' => (reached | reached.wrapping_neg()) & within & !self.inside,
                // To the next character: the sum carries a position at the inside of one to its end.
                b'?' => ((reached << 1) & within).wrapping_add(self.inside) & !self.inside,
                byte => (reached & self.at[usize::from(byte.to_ascii_lowercase())]) << 1,
            };
            if reached == 0 {
                return false;
            }
        }
        reached & self.end != 0
    }
}

/// Whether `text` matches a mask.
pub fn wildcard_match(mask: &str, text: &str) -> bool {
    Subject::new(text).fits(mask)
}

/// Whether a word is a mask and not just a name.
pub fn has_wildcard(word: &str) -> bool {
    word.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks() {
        assert!(wildcard_match("*!*@127.0.0.1", "tesla!t@127.0.0.1"));
        assert!(wildcard_match("T?sla!*", "tesla!t@h"));
        assert!(wildcard_match("*", "") && wildcard_match("", "") && wildcard_match("**", "a"));
        assert!(wildcard_match("a*b*c", "aXbYbZc"));
        assert!(wildcard_match("?", "ß") && wildcard_match("*?x", "aßx") && !wildcard_match("??", "ß"));
        assert!(wildcard_match("?€*", "ß€") && wildcard_match("€?", "€🙂") && !wildcard_match("é", "É"));
        assert!(!wildcard_match("a*b", "abc"));
        assert!(!wildcard_match("", "a") && !wildcard_match("?", "") && !wildcard_match("a?", "a"));
        assert!(!wildcard_match(&"*a".repeat(50), &"a".repeat(49)));
    }

    #[test]
    fn the_longest_text_is_compared_to_its_end() {
        let longest = "é".repeat(COMPARED / 2) + "x";
        assert_eq!(longest.len(), COMPARED);
        for mask in ["*x", "é*x", &"?".repeat(COMPARED.div_ceil(2)), &longest] {
            assert!(wildcard_match(mask, &longest), "{mask}");
        }
        assert!(!wildcard_match(&"?".repeat(COMPARED.div_ceil(2) + 1), &longest) && !wildcard_match("*é", &longest));
        assert!(wildcard_match("*x", &(longest.clone() + "y")), "what is beyond counts for nothing");
    }

    /// The plain definition, which may take exponential time.
    fn by_definition(mask: &[char], text: &[char]) -> bool {
        match (mask.split_first(), text.split_first()) {
            (Some(('*', rest)), _) => (0..=text.len()).any(|skipped| by_definition(rest, &text[skipped..])),
            (Some(('?', mask)), Some((_, text))) => by_definition(mask, text),
            (Some((one, mask)), Some((other, text))) => one.eq_ignore_ascii_case(other) && by_definition(mask, text),
            (None, None) => true,
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn it_is_the_definition(mask in "[ab?*éA]{0,9}", text in "[abéBß]{0,12}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(wildcard_match(&mask, &text), by_definition(&chars(&mask), &chars(&text)));
        }
    }
}
