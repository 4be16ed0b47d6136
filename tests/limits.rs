//! Limits: what PROTOCOL.md says is what the constants say, and the longest lines fit.
//!
//! The constants are read from the source, so that each can stand in the file of its wing: those of every `limits.rs`, and of
//! the files of `wire`. Not each constant has a row: PROTOCOL.md names only limits that a client can notice.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use crate::source::{code, files, root, without_tests};

/// The value of a constant: a number, or nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Number(u128),
    Time(u128),
}

impl Value {
    /// As PROTOCOL.md writes it.
    fn written(self) -> String {
        match self {
            Value::Number(number) => number.to_string(),
            Value::Time(nanos) => {
                let text = format!("{:?}", Duration::from_nanos(u64::try_from(nanos).unwrap()));
                let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').expect("a duration has a unit");
                format!("{} {}", &text[..unit], &text[unit..])
            }
        }
    }

    fn combined(self, sign: char, other: Value) -> Option<Value> {
        let apply = |a: u128, b: u128| match sign {
            '+' => a.checked_add(b),
            '-' => a.checked_sub(b),
            '*' => a.checked_mul(b),
            _ => a.checked_div(b),
        };
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => apply(a, b).map(Value::Number),
            (Value::Time(a), Value::Time(b)) if "+-".contains(sign) => apply(a, b).map(Value::Time),
            (Value::Time(a), Value::Number(b)) if "*/".contains(sign) => apply(a, b).map(Value::Time),
            (Value::Number(a), Value::Time(b)) if sign == '*' => apply(a, b).map(Value::Time),
            _ => None,
        }
    }
}

/// The constants of some files, by name: their expressions.
struct Constants(BTreeMap<String, Vec<String>>);

impl Constants {
    fn read<'a>(sources: impl IntoIterator<Item = &'a String>) -> Constants {
        let mut constants: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for source in sources {
            for item in without_tests(&code(source)).split(';') {
                // Attributes and other items may stand before it, `pub` and its like do.
                let Some((name, rest)) = item.rsplit_once("const ").and_then(|(_, rest)| rest.split_once(':')) else {
                    continue;
                };
                let Some((_, expression)) = rest.split_once('=') else { continue };
                constants.entry(name.trim().to_owned()).or_default().push(expression.trim().to_owned());
            }
        }
        Constants(constants)
    }

    /// The value of a constant, or why there is none.
    fn value(&self, name: &str) -> Result<Value, String> {
        let expressions = self.0.get(name).ok_or_else(|| format!("there is no constant {name}"))?;
        let values: Vec<_> = expressions.iter().map(|expression| self.evaluate(expression)).collect();
        match values[..] {
            [Some(value), ref more @ ..] if more.iter().all(|other| *other == Some(value)) => Ok(value),
            [None, ..] => Err(format!("{name} is {:?}, which this test does not understand", expressions[0])),
            _ => Err(format!("{name} is more than one constant: {expressions:?}")),
        }
    }

    /// Sums of products of numbers, names and durations.
    fn evaluate(&self, expression: &str) -> Option<Value> {
        let (value, rest) = self.sum(expression)?;
        rest.is_empty().then_some(value)
    }

    fn sum<'a>(&self, text: &'a str) -> Option<(Value, &'a str)> {
        let (mut value, mut rest) = self.product(text)?;
        while let Some(sign) = rest.chars().next().filter(|c| "+-".contains(*c)) {
            let (other, after) = self.product(&rest[1..])?;
            (value, rest) = (value.combined(sign, other)?, after);
        }
        Some((value, rest))
    }

    fn product<'a>(&self, text: &'a str) -> Option<(Value, &'a str)> {
        let (mut value, mut rest) = self.factor(text)?;
        while let Some(sign) = rest.chars().next().filter(|c| "*/".contains(*c)) {
            let (other, after) = self.factor(&rest[1..])?;
            (value, rest) = (value.combined(sign, other)?, after);
        }
        Some((value, rest))
    }

    /// A number, a name with its path, a call of a constructor of `Duration`, or a sum in parentheses.
    fn factor<'a>(&self, text: &'a str) -> Option<(Value, &'a str)> {
        let text = text.trim_start();
        let length = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
        let (word, rest) = (&text[..length], text[length..].trim_start());
        let (value, rest) = if let Some(inside) = rest.strip_prefix('(') {
            let (value, after) = self.sum(inside)?;
            (called(word, value)?, after.strip_prefix(')')?)
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            (Value::Number(word.replace('_', "").parse().ok()?), rest)
        } else {
            (self.value(word.rsplit("::").next()?).ok()?, rest)
        };
        // Which type a number has makes no difference.
        let cast = rest.strip_prefix("as ").map_or(rest, |kind| kind.trim_start_matches(char::is_alphanumeric));
        Some((value, cast.trim_start()))
    }
}

fn called(function: &str, value: Value) -> Option<Value> {
    let (Value::Number(count), Some(unit)) = (value, function.strip_prefix("Duration::from_")) else {
        return function.is_empty().then_some(value);
    };
    let nanos = match unit {
        "nanos" => 1,
        "micros" => 1_000,
        "millis" => 1_000_000,
        "secs" => 1_000_000_000,
        "mins" => 60 * 1_000_000_000,
        "hours" => 3600 * 1_000_000_000,
        _ => return None,
    };
    Some(Value::Time(count * nanos))
}

/// The rows of all tables of constants: their names and values.
fn rows(document: &str) -> Vec<(&str, &str)> {
    let mut rows = Vec::new();
    let mut in_table = false;
    for line in document.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", "constant", "value", ..] => in_table = true,
            ["", name, value, ..] if in_table => rows.push((name.trim_matches('`'), value)),
            _ => in_table = false,
        }
    }
    rows.retain(|(name, _)| !name.starts_with('-'));
    rows
}

/// What is wrong with the rows.
fn faults(constants: &Constants, document: &str) -> Vec<String> {
    let fault = |(name, value): (&str, &str)| match constants.value(name) {
        Ok(right) if right.written() == value => None,
        Ok(right) => Some(format!("{name} is {}, not {value}", right.written())),
        Err(why) => Some(why),
    };
    rows(document).into_iter().filter_map(fault).collect()
}

/// A limit of ours, wherever it is defined: tests cannot import from programs.
pub fn limit(name: &str) -> usize {
    static ALL: LazyLock<Constants> = LazyLock::new(all);
    match ALL.value(name) {
        Ok(Value::Number(number)) => usize::try_from(number).unwrap(),
        other => panic!("{name} is {other:?}"),
    }
}

fn all() -> Constants {
    let mut sources = files("server/wire", ".rs");
    sources.extend(files("server", "limits.rs"));
    sources.extend(files("client", "limits.rs"));
    Constants::read(sources.values())
}

#[test]
fn protocol_md_and_the_constants_agree() {
    let document = fs::read_to_string(root().join("server/PROTOCOL.md")).unwrap();
    assert!(rows(&document).len() > 30, "PROTOCOL.md has lost its tables of limits");
    let faults = faults(&all(), &document);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_longest_lines_fit() {
    let length = |format: &str| -> usize {
        let parts = format.split(['{', '}']).enumerate();
        parts.map(|(index, part)| if index % 2 == 1 { limit(part) } else { part.len() }).sum()
    };
    for line in [
        "{SOURCE}KICK {ROOM} {NICK} :{REASON}\r\n",
        ":{SERVER_NAME} 332 {NICK} {ROOM} :{TOPIC}\r\n",
        ":{SERVER_NAME} 367 {NICK} {ROOM} {MASK} {NICK} 18446744073709551615\r\n",
    ] {
        assert!(length(line) <= limit("LINE"), "{line:?}: {}", length(line));
    }
}

#[test]
fn expressions_are_evaluated() {
    let source = "use x;\n/// A line; with { and const Y: u8 = 9;\npub const A: usize = 1_000;\npub(crate) const B: u64 = 2 * A as u64 + 6 / 3;\n\
                  #[rustfmt::skip]\nconst C: u64 = (B - 2) * super::limits::A;\n\
                  const D: Duration = Duration::from_mins(1);\nconst E: Duration = 2 * D;\n\
                  const F: Duration = Duration::from_micros(3 * 10);\nconst G: &str = \"1\";\n#[cfg(test)]\nconst H: u8 = 1;";
    let constants = Constants::read([&source.to_owned()]);
    let written = ["A", "B", "C", "D", "E", "F"].map(|name| constants.value(name).unwrap().written());
    assert_eq!(written, ["1000", "2002", "2000000", "60 s", "120 s", "30 µs"]);
    assert!(["G", "H", "Y"].iter().all(|name| constants.value(name).is_err()));
}

#[test]
fn rows_that_are_wrong_are_found() {
    let constants =
        Constants::read(&["const A: u8 = 1; const B: u8 = 2; const C: u8 = 3;".into(), "const B: u8 = 3;".into()]);
    let document = "| `Z` | 1 | no constant |\n\n| constant | value | what |\n| --- | --- | --- |\n\
                    | `A` | 1 | right |\n| `C` | 4 | wrong |\n| `B` | 2 | which? |\n| `D` | 1 | none |\n\n| `C` | 5 | another table |\n";
    let expected = ["C is 3, not 4", "B is more than one constant: [\"2\", \"3\"]", "there is no constant D"];
    assert_eq!(faults(&constants, document), expected);
}
