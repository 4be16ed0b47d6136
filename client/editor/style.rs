//! Colours and other styles (ECMA-48, SGR), or none where the user wants none.
//!
//! Pure. Part of the screen.

use crate::core::mention;
use std::env;
use wire::names;

/// Which styles the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// None at all.
    Plain,
    /// The eight colours of the first terminals.
    Few,
    /// The 256 colours of xterm.
    Many,
}

/// Colours of which each has a contrast of at least 3.9 to black and to white (WCAG 2, section 1.4.3).
const MANY: [u8; 12] = [28, 31, 63, 64, 97, 99, 129, 130, 131, 132, 161, 163];
/// A grey of which the same is true. What a terminal makes of "dim" is hardly to be told from the rest on a light ground.
const GREY: u8 = 243;
/// Those of the first eight that can be read on both, in bold, which many terminals show as a brighter colour.
const FEW: [u8; 2] = [31, 35];

pub const BOLD: &str = "1";
pub const DIM: &str = "2";
pub const REVERSE: &str = "7";

impl Style {
    /// What this terminal has, unless `NO_COLOR` is set (no-color.org).
    pub fn of_terminal() -> Style {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        // Whatever calls itself xterm has had them for twenty years.
        let has_many = |term: String| term.contains("256color") || term.starts_with("xterm");
        let many = env::var("TERM").is_ok_and(has_many) || is_set("COLORTERM");
        match (is_set("NO_COLOR"), many) {
            (true, _) => Style::Plain,
            (false, true) => Style::Many,
            (false, false) => Style::Few,
        }
    }

    /// The text in a style; the text has no control characters any more.
    pub fn apply(self, code: &str, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            _ if text.is_empty() => String::new(),
            Style::Many if code == DIM => format!("\x1b[38;5;{GREY}m{text}\x1b[0m"),
            _ => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// A name in its colour, in bold. The same name has the same colour everywhere and always.
    pub fn name(self, nick: &str, text: &str) -> String {
        // FNV-1a, since the standard library's hash may change.
        let hash = names::casefold(nick)
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // Its upper half depends little on the last letters.
        let hash = usize::try_from((hash ^ (hash >> 29)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 37).unwrap_or_default();
        match self {
            Style::Plain => text.to_owned(),
            Style::Few => self.apply(&format!("1;{}", FEW[hash % FEW.len()]), text),
            Style::Many => self.apply(&format!("1;38;5;{}", MANY[hash % MANY.len()]), text),
        }
    }

    /// The text in a style, if there is one, with each mention of a name highlighted.
    pub fn mentions(self, code: &str, nick: &str, text: &str) -> String {
        let plain = |text: &str| if code.is_empty() { text.to_owned() } else { self.apply(code, text) };
        let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
        for place in mention::of(nick, text) {
            shown += &plain(&text[end..place.start]);
            shown += &self.apply(REVERSE, &text[place.clone()]);
            end = place.end;
        }
        shown + &plain(&text[end..])
    }
}

/// The text without styles.
pub fn without(styled: &str) -> String {
    let mut parts = styled.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, text)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of a colour of the cube, or of a grey behind it, to black and to white.
    fn contrasts(colour: u8) -> [f64; 2] {
        let level = |level: u8| [0, 95, 135, 175, 215, 255][usize::from(level)];
        let (index, grey) = (colour - 16, colour.checked_sub(232).map(|grey| 8 + 10 * grey));
        let part = |cube: u8| {
            let value = f64::from(grey.unwrap_or_else(|| level(cube))) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let light = 0.2126 * part(index / 36 % 6) + 0.7152 * part(index / 6 % 6) + 0.0722 * part(index % 6);
        [(light + 0.05) / 0.05, 1.05 / (light + 0.05)]
    }

    #[test]
    fn names_can_be_read_on_dark_and_on_light() {
        for colour in MANY.into_iter().chain([GREY]) {
            assert!(contrasts(colour).iter().all(|&contrast| contrast >= 3.9), "{colour} {:?}", contrasts(colour));
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_names_differ() {
        assert_eq!(Style::Many.name("Albert", "x"), Style::Many.name("albert", "x"));
        let names: Vec<_> = (0..120).map(|number| Style::Many.name(&format!("user{number}"), "x")).collect();
        let used = |name: &str| names.iter().filter(|&other| other == name).count();
        let counts: Vec<_> = names.iter().map(|name| used(name)).collect();
        assert!(counts.iter().all(|count| (2..30).contains(count)), "they are spread over all colours: {counts:?}");
        assert_eq!(Style::Many.name("albert", "albert"), "\x1b[1;38;5;132malbert\x1b[0m", "in all versions");
    }

    #[test]
    fn our_name_is_highlighted_as_a_word() {
        let shown = |code, text| Style::Few.mentions(code, "mel", text);
        assert_eq!(shown("", "Mel: melon, (mel)!"), "\x1b[7mMel\x1b[0m: melon, (\x1b[7mmel\x1b[0m)!");
        assert_eq!(shown(DIM, "-bot- mel"), "\x1b[2m-bot- \x1b[0m\x1b[7mmel\x1b[0m");
        assert_eq!(Style::Plain.mentions("", "mel", "Mel: melon"), "Mel: melon");
    }

    #[test]
    fn without_styles_the_text_is_left() {
        assert_eq!(without(&format!("a {} b", Style::Many.name("x", "y"))), "a y b");
        assert_eq!(without("[m plain"), "[m plain");
    }
}
