//! Files as people see them: a name that is safe on any disk, a size that can be read and written.
//!
//! Pure functions; the server asks them about an offer, the client before it makes a file.

use crate::limits;
use crate::text;

/// Names that Windows keeps for devices, whatever follows their first dot (Microsoft, "Naming Files, Paths, and
/// Namespaces").
const RESERVED: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// The same with one of these digits behind them.
const NUMBERED: &[&str] = &["COM", "LPT"];
const DIGITS: &[char] = &['1', '2', '3', '4', '5', '6', '7', '8', '9', '\u{b9}', '\u{b2}', '\u{b3}'];

/// A name for a file from a name that somebody else chose: no folder, nothing hidden or invisible,
/// nothing that some system keeps for itself, at most [`limits::FILE_NAME`] bytes. The ending stays.
///
/// A name that is safe already stays as it is, and no name becomes empty.
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim_matches(is_empty).is_empty()).unwrap_or_default();
    let printable = text::printable(last);
    let visible = printable.chars().filter(|&c| text::is_visible(c));
    let plain: String = visible.map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    let is_lost = |c: char| is_empty(c) || text::is_combining(c);
    let short = shortened(plain.trim_matches(is_empty).trim_start_matches(is_lost));
    if short.is_empty() {
        "file".into()
    } else if is_reserved(&short) {
        shortened(&format!("_{short}"))
    } else {
        short
    }
}

/// Whether Windows takes a name for a device.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = stem.strip_suffix(DIGITS).is_some_and(|device| NUMBERED.contains(&device));
    RESERVED.contains(&&*stem) || is_numbered
}

/// Characters with which no name begins or ends: it would be hidden, or some systems leave them off.
fn is_empty(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// The name, cut in front of its ending where it is too long.
fn shortened(name: &str) -> String {
    if name.len() <= limits::FILE_NAME {
        return name.to_owned();
    }
    let (stem, ending) = split_ending(name);
    let ending = if ending.len() > limits::FILE_NAME / 4 { "" } else { ending };
    let stem = if ending.is_empty() { name } else { stem };
    format!("{}{ending}", text::truncate(stem, limits::FILE_NAME - ending.len()).trim_end_matches(is_empty))
}

/// The name without its ending, and the ending with its dot, which may be nothing.
pub fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// A number of bytes for people: `17 bytes`, `3.2 MiB`.
pub fn readable_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return text::pluralize(bytes, "byte");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1023.95 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

/// A number of bytes as people write it: `1000`, `64K`, `100M`, `4G`, also `100MiB`. The units are
/// powers of 1024. Without a number, or beyond 64 bits, the error says how to write it.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.trim_end_matches("ib").trim_end_matches('b');
    let power = ["", "k", "m", "g", "t"].iter().position(|known| *known == unit);
    let number = number.parse::<u64>().ok();
    let bytes = number.zip(power).and_then(|(number, power)| number.checked_mul(1 << (10 * power)));
    bytes.ok_or_else(|| "write it in bytes, or as 64K, 100M, 4G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_lose_what_is_dangerous() {
        for (given, safe) in [
            ("photo.jpg", "photo.jpg"),
            ("my na\u{ef}ve \u{6f22}\u{5b57}.txt", "my na\u{ef}ve \u{6f22}\u{5b57}.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\a.txt", "a.txt"),
            ("folder/", "folder"),
            ("..", "file"),
            ("/", "file"),
            ("", "file"),
            (".bashrc", "bashrc"),
            (". .hidden", "hidden"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("a\nb\x1b[2J\0", "ab[2J"),
            ("what?*.txt", "what__.txt"),
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("com7.log", "_com7.log"),
            ("com77.log", "com77.log"),
            ("COM\u{b9}", "_COM\u{b9}"),
            ("lpt0.txt", "lpt0.txt"),
            ("com.apple.dock.plist", "com.apple.dock.plist"),
            ("con1.txt", "con1.txt"),
            ("a\u{3164}\u{200d}b.txt", "ab.txt"),
            ("\u{301}.\u{301}a.txt", "a.txt"),
            ("console.log", "console.log"),
            ("name. . ", "name"),
            ("\u{2000}", "file"),
            ("\u{a0}.x\u{3000}", "x"),
            ("-rf", "-rf"),
            ("a .txt", "a .txt"),
        ] {
            assert_eq!(safe_name(given), safe, "{given:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = safe_name(&format!("{}.tar.gz", "\u{e9}".repeat(300)));
        assert!(long.len() <= limits::FILE_NAME && long.ends_with("\u{e9}.gz"), "{long}");
        let all_ending = safe_name(&format!("a.{}", "x".repeat(300)));
        assert_eq!(all_ending.len(), limits::FILE_NAME);
        let late_ending = safe_name(&format!("{} . {}", "x".repeat(190), "y".repeat(100)));
        assert_eq!(safe_name(&late_ending), late_ending);
        assert_eq!(safe_name(&format!("CON{}x.txt", " ".repeat(300))), "_CON.txt");
    }

    #[test]
    fn sizes() {
        for (bytes, readable) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (3_355_443, "3.2 MiB"),
            (4 << 30, "4.0 GiB"),
        ] {
            assert_eq!(readable_size(bytes), readable);
        }
        for (text, bytes) in
            [("0", 0), ("17", 17), ("64k", 65536), ("100M", 104_857_600), ("4 GiB", 4 << 30), ("1tb", 1 << 40)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "M", "-1", "1.5G", "1 x", "99999999999G", "18446744073709551616"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_safe_name_is_safe_and_stays(name in r"(.|[./\\ \u{a0}\u{2000}\u{202e}CON1]){0,40}|.{190,220}") {
            let safe = safe_name(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= limits::FILE_NAME);
            prop_assert!(!safe.starts_with(is_empty) && !safe.ends_with(is_empty) && !safe.contains(['/', '\\', '\0']));
            prop_assert!(safe.chars().all(text::is_visible));
            prop_assert_eq!(safe_name(&safe), safe.clone());
        }
    }
}
