//! Text made fit for a terminal, and for a line.
//!
//! Pure functions; the client calls them before it prints or sends, the server before it logs.

use std::borrow::Cow;
use std::fmt::Display;

/// Joins the letters or pictures beside it into one (zero width joiner).
const JOINER: char = '\u{200d}';

/// Whether a character may reach a terminal as it is: no control or escape character, and none
/// that reorders or hides the text around it (bidirectional controls, separators of lines, tags).
pub fn is_printable(c: char) -> bool {
    let reorders_or_hides = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}'
        | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !reorders_or_hides
}

/// Whether a character may stand in a name that people have to tell from others: printable, and neither blank nor
/// without a look of its own (fillers, joiners, variation selectors, non-characters: Unicode, sections 6.2, 23.4, 23.7).
pub fn is_visible(c: char) -> bool {
    let looks_like_nothing = matches!(c,
        '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2800}' | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{fffc}'
        | '\u{13430}'..='\u{1343f}' | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0080}'..='\u{e0fff}');
    is_printable(c) && !looks_like_nothing && u32::from(c) & 0xfffe != 0xfffe
}

/// Whether a character joins the one before it, as an accent does. The standard library knows (Unicode's property
/// `Grapheme_Extend`), but tells only by what `escape_debug` does: it escapes such a character alone, and not behind a
/// letter.
pub fn is_combining(c: char) -> bool {
    c.escape_debug().len() > 1 && ["a", c.encode_utf8(&mut [0; 4])].concat().escape_debug().count() == 2
}

/// The text without the characters that [`is_printable`] refuses, and without loose joiners. A tab becomes a space, and
/// the digits of a colour code (`^C4,1`) go with it.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return without_loose_joiners(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\t' => clean.push(' '),
            '\u{3}' => rest = after_colour(rest),
            c if is_printable(c) => clean.push(c),
            _ => {}
        }
    }
    Cow::Owned(without_loose_joiners(&clean).into_owned())
}

/// The text without each zero width joiner that has no letter or picture on both of its sides. tmux (3.3) keeps such a
/// joiner for whatever is written next beyond ASCII, and puts that into the cell of the character before it: in another
/// line, or in the prompt. No script but ASCII's is joined to ASCII.
pub fn without_loose_joiners(text: &str) -> Cow<'_, str> {
    if !text.contains(JOINER) {
        return Cow::Borrowed(text);
    }
    let can_join = |c: char| !c.is_ascii() && !c.is_whitespace();
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let follows_one = || clean.chars().next_back().is_some_and(can_join);
        let mut precedes_one = || chars.peek().is_some_and(|&c| can_join(c) && is_visible(c) && !is_combining(c));
        if c != JOINER || follows_one() && precedes_one() {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// Skips the numbers of a colour code: up to two digits, or two such numbers with a comma between.
fn after_colour(text: &str) -> &str {
    let number = |text: &str| text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let foreground = number(text);
    let rest = &text[foreground..];
    match rest.strip_prefix(',') {
        Some(after_comma) if foreground > 0 && number(after_comma) > 0 => &after_comma[number(after_comma)..],
        _ => rest,
    }
}

/// The longest beginning of `text` that has at most `most` bytes and ends between two characters.
pub fn truncate(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Cuts `text` into pieces of at most `most` bytes, between characters, after a space where there
/// is one in the second half of a piece. Together the pieces are the text.
///
/// A `most` below 4 counts as 4, so that every character fits.
pub fn split_to_fit(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let most = most.max(4);
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let fits = truncate(rest, most);
        let after_space = fits.rfind(' ').map_or(0, |space| space + 1);
        let cut = if fits.len() < rest.len() && after_space > most / 2 { after_space } else { fits.len() };
        let (piece, after) = rest.split_at(cut);
        rest = after;
        Some(piece)
    })
}

/// A number of things: `1 message`, `2 messages`.
pub fn pluralize<N: Display + PartialEq + From<u8> + Copy>(count: N, thing: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// Rows as lines, in columns as wide as they have to be; numbers, in the columns `right`, are aligned there.
pub fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]], right: &[usize]) -> Vec<String> {
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let cell = |(column, cell): (usize, &String)| match widths[column] {
        width if right.contains(&column) => format!("{cell:>width$}"),
        // Nothing follows the last one.
        _ if column + 1 == COLUMNS => cell.clone(),
        width => format!("{cell:<width$}"),
    };
    rows.iter().map(|row| row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(printable("naïve 漢字 🙂 العربية"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_reaches_the_terminal_that_moves_it() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}31mc\x07\r\nd\te"), "a[2Jb31mcd e");
        assert_eq!(printable("user\u{202e}txt.exe\u{2066}\u{200f}"), "usertxt.exe");
        assert_eq!(printable("\u{3}4,12red\u{3} \u{3}04green\u{f} \u{3}1,no"), "red green ,no");
    }

    #[test]
    fn a_joiner_is_kept_between_two_that_it_can_join() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for right in [family, "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}", "क्‍ष", "ක්‍ර", "می\u{200c}خواهم", "ه\u{200d}ه"]
        {
            assert_eq!(printable(right), right);
        }
        for (loose, left) in [
            ("x\u{200d}", "x"),
            ("\u{200d}", ""),
            ("\u{200d}漢", "漢"),
            ("é\u{200d}", "é"),
            ("é\u{200d} é", "é é"),
            ("é\u{200d}x", "éx"),
            ("x\u{200d}漢", "x漢"),
            ("é\u{200d}\u{200d}é", "é\u{200d}é"),
            ("é\u{200d}\u{301}", "é\u{301}"),
            ("é\u{200d}\u{fe0f}", "é\u{fe0f}"),
            ("é\u{200d}\u{200b}\n", "é"),
            ("é\u{200d}\u{1b}é", "é\u{200d}é"),
        ] {
            assert_eq!(printable(loose), left, "{loose:?}");
        }
    }

    #[test]
    fn an_accent_joins_the_letter_before_it() {
        for accent in ['\u{301}', '\u{5b0}', '\u{64b}', '\u{e31}', '\u{902}', '\u{20dd}', '\u{302a}', '\u{1d165}'] {
            assert!(is_combining(accent), "{accent:?}");
        }
        for other in
            ['a', '\'', '\\', '#', ' ', 'é', 'ß', '漢', '\u{903}', '\u{a0}', '\u{fffd}', '\u{1f600}', '\u{e000}']
        {
            assert!(!is_combining(other), "{other:?}");
        }
    }

    #[test]
    fn pieces_prefer_spaces() {
        assert_eq!(split_to_fit("hello wide world", 11).collect::<Vec<_>>(), ["hello wide ", "world"]);
        assert_eq!(split_to_fit("a bcdefghijklm", 8).collect::<Vec<_>>(), ["a bcdefg", "hijklm"]);
        assert_eq!(split_to_fit("", 8).count(), 0);
    }

    proptest! {
        #[test]
        fn pieces_lose_nothing(text in "\\PC{0,80}", most in 0usize..30) {
            let cut: Vec<_> = split_to_fit(&text, most).collect();
            prop_assert_eq!(cut.concat(), text.as_str());
            prop_assert!(cut.iter().all(|piece| !piece.is_empty() && piece.len() <= most.max(4)));
        }

        #[test]
        fn printable_text_is_printable(text in any::<String>()) {
            prop_assert!(printable(&text).chars().all(is_printable));
        }
    }
}
