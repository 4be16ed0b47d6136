//! The report's tables and numbers that come from the measurements. They stand between two comments:
//!
//! - `csv NAME` on a line of its own, and `end`: a table of [`TABLES`], or where it was measured (`csv origin`)
//! - `csv CASE; PARAMETERS; PROGRAM; COLUMN` within a line, and `end`: the median over the rounds
//!
//! [`fill`] writes what belongs between them.

use std::collections::BTreeSet;

use super::csv::{Measurements, Spread};
use super::figures::PROGRAMS;
use super::numbers::{grouped, shown};

const BEGIN: &str = "<!-- csv ";
const END: &str = "<!-- end -->";

/// A column of the measurements, its title in the report, and which is better, for the ratio.
type Column = (&'static str, &'static str, Better);

#[derive(Clone, Copy)]
enum Better {
    More,
    Less,
    /// Not compared.
    Neither,
}
use Better::{Less, More, Neither};

struct Table {
    name: &'static str,
    /// What its first column names.
    title: &'static str,
    cases: &'static [&'static str],
    /// The parameters that it shows; all, if there are none.
    rows: &'static [&'static str],
    columns: &'static [Column],
}

/// The plots show the others.
const ROOMS: &[&str] = &[
    "200 clients, 8 speakers, 1 in flight",
    "200 clients, 8 speakers, 32 in flight",
    "1000 clients, 8 speakers, 1 in flight",
    "1000 clients, 8 speakers, 32 in flight",
];
const FAN_OUT: &[Column] = &[
    ("deliveries/s", "deliveries/s", More),
    ("p50 ms", "p50 ms", Less),
    ("p99 ms", "p99 ms", Less),
    ("CPU µs/dlv", "CPU µs per delivery", Less),
    ("lines/segment", "lines per segment", Neither),
];

const TABLES: [Table; 10] = [
    Table { name: "fan-out", title: "room", cases: &["fan-out"], rows: ROOMS, columns: FAN_OUT },
    Table {
        name: "fan-out under TLS",
        title: "room, under TLS 1.3",
        cases: &["fan-out under TLS 1.3"],
        rows: ROOMS,
        columns: FAN_OUT,
    },
    Table {
        name: "handshakes",
        title: "TLS handshakes",
        cases: &["handshakes"],
        rows: &[],
        columns: &[
            ("handshakes/s", "handshakes/s", More),
            ("CPU ms each", "CPU ms each", Less),
            ("ms in plain text", "CPU ms without TLS", Neither),
        ],
    },
    Table {
        name: "unfinished",
        title: "unfinished handshakes",
        cases: &["unfinished handshakes"],
        rows: &[],
        columns: &[
            ("p99 ms alone", "p99 ms alone", Neither),
            ("with unfinished", "p99 ms beside them", Less),
            ("p99 slowdown", "slowdown", Less),
        ],
    },
    Table {
        name: "stalled",
        title: "members that never read",
        cases: &["stalled readers"],
        rows: &[],
        columns: &[
            ("p99 ms alone", "p99 ms alone", Neither),
            ("with stalled", "p99 ms beside them", Less),
            ("p99 slowdown", "slowdown", Neither),
            ("cut off", "cut off", Neither),
        ],
    },
    Table {
        name: "idle",
        title: "idle clients",
        cases: &["idle crowd", "idle crowd under TLS 1.3"],
        rows: &[],
        columns: &[
            ("KiB/client", "KiB per client", Less),
            ("idle CPU %", "idle CPU, %", Neither),
            ("registrations/s", "registrations/s", More),
        ],
    },
    Table {
        name: "queries",
        title: "costly questions",
        cases: &["queries"],
        rows: &[],
        columns: &[
            ("p99 ms alone", "p99 ms alone", Neither),
            ("beside queries", "p99 ms beside them", Less),
            ("p99 slowdown", "slowdown", Less),
        ],
    },
    Table {
        name: "wake-ups",
        title: "client",
        cases: &["wake-ups"],
        rows: &[],
        columns: &[
            ("idle wake-ups/s", "wake-ups per idle second", Neither),
            ("wake-ups/line", "per line that arrives", Neither),
            ("wake-ups/typed line", "per line typed", Neither),
            ("system calls/line", "system calls per line that arrives", Neither),
            ("CPU µs/line", "CPU µs per line that arrives", Neither),
        ],
    },
    Table {
        name: "datagrams",
        title: "multicast room",
        cases: &["datagrams"],
        rows: &[],
        columns: &[
            ("datagrams/message", "datagrams per message", Neither),
            ("bytes/message", "bytes per message", Neither),
        ],
    },
    Table {
        name: "client",
        title: "our client",
        cases: &["keys", "files"],
        rows: &[],
        columns: &[
            ("p50 ms", "p50 ms from key to screen", Neither),
            ("p99 ms", "p99 ms", Neither),
            ("MiB/s up", "MiB/s sent", Neither),
            ("MiB/s down", "MiB/s fetched", Neither),
            ("MiB/s socat", "MiB/s by socat", Neither),
            ("p99 slowdown", "slowdown of the chat", Neither),
        ],
    },
];

/// The same document with what the measurements say between the comments.
pub fn fill(document: &str, measured: &Measurements) -> Result<String, String> {
    let (mut filled, mut rest) = (String::new(), document);
    while let Some(start) = rest.find(BEGIN) {
        let (before, marked) = rest.split_at(start);
        let (key, after) = marked[BEGIN.len()..].split_once("-->").ok_or("a comment does not end")?;
        let (_, behind) = after.split_once(END).ok_or_else(|| format!("no {END} after {BEGIN}{key}-->"))?;
        let name = key.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.contains(';') && (before.is_empty() || before.ends_with('\n')) {
            // At the start of a line a comment would end the paragraph.
            return Err(format!("{name}: begin the line with a word"));
        }
        let text =
            if name.contains(';') { number(&name, measured)? } else { format!("\n\n{}\n", table(&name, measured)?) };
        filled.extend([before, BEGIN, key, "-->", &text, END]);
        rest = behind;
    }
    Ok(filled + rest)
}

fn number(key: &str, measured: &Measurements) -> Result<String, String> {
    let parts: Vec<&str> = key.split(';').map(str::trim).collect();
    let [case, parameters, program, column] = parts[..] else { return Err(format!("{key}: four parts are needed")) };
    let found = measured.spread(case, parameters, program, column);
    found.map(|spread| shown(spread.median)).ok_or_else(|| format!("{key}: this was not measured"))
}

fn table(name: &str, measured: &Measurements) -> Result<String, String> {
    if name == "origin" {
        return Ok(origin(measured));
    }
    let table = TABLES.iter().find(|table| table.name == name).ok_or_else(|| format!("there is no table {name:?}"))?;
    let is_compared = table.cases.iter().any(|case| measured.0.iter().any(|r| r.case == *case && r.program != "ours"));
    let titles: Vec<&str> = table.columns.iter().map(|(_, title, _)| *title).collect();
    let first = if is_compared { format!("| {} | |", table.title) } else { format!("| {} |", table.title) };
    let rule = if is_compared { "| --- | --- |" } else { "| --- |" };
    let mut text = format!("{first} {} |\n{rule}{}\n", titles.join(" | "), " ---: |".repeat(titles.len()));
    for case in table.cases {
        let how = if case.ends_with("TLS 1.3") && table.cases.len() > 1 { ", TLS 1.3" } else { "" };
        let is_shown = |parameters: &&str| table.rows.is_empty() || table.rows.contains(parameters);
        for parameters in sorted(measured.parameters(case)).into_iter().filter(is_shown) {
            let mut subject = match table.name {
                // Its cases have nothing in common.
                "client" => format!("{case}: {}", spelled(parameters)),
                _ => format!("{}{how}", spelled(parameters)),
            };
            for (program, name) in PROGRAMS {
                let of = |(column, ..): &Column| measured.spread(case, parameters, program, column);
                if table.columns.iter().any(|column| of(column).is_some()) {
                    let cells = table.columns.iter().map(|column| of(column).map(|spread| shown(spread.median)));
                    let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
                    let name = if is_compared { format!(" {name} |") } else { String::new() };
                    text.extend(["| ", &subject, " |", &name, " ", &cells.join(" | "), " |\n"]);
                    subject.clear();
                }
            }
            if is_compared {
                let cells: Vec<String> = table.columns.iter().map(|c| ratio(measured, case, parameters, *c)).collect();
                text.extend(["| | ratio | ", &cells.join(" | "), " |\n"]);
            }
        }
    }
    Ok(text)
}

/// Ours divided by the better of the others in the same round; the median over the rounds.
fn ratio(measured: &Measurements, case: &str, parameters: &str, (column, _, better): Column) -> String {
    let of = |program| measured.rounds(case, parameters, program, column);
    let best = |round| {
        let others = PROGRAMS.iter().skip(1).flat_map(|(program, _)| of(program));
        let values = others.filter(|(other, _)| *other == round).map(|(_, value)| value);
        match better {
            More => values.reduce(f64::max),
            Less => values.reduce(f64::min),
            Neither => None,
        }
    };
    let ratios = of("ours")
        .into_iter()
        .filter_map(|(round, value)| Some(value / best(round)?).filter(|ratio: &f64| ratio.is_finite()))
        .collect();
    Spread::of(ratios).map(|spread| shown(spread.median)).unwrap_or_default()
}

/// By the numbers in them.
pub fn sorted(mut parameters: Vec<&str>) -> Vec<&str> {
    let numbers = |text: &str| text.split([' ', ',']).filter_map(|word| word.parse().ok()).collect::<Vec<u32>>();
    parameters.sort_by_key(|text| numbers(text));
    parameters
}

/// With commas between thousands.
fn spelled(parameters: &str) -> String {
    let words =
        parameters.split(' ').map(|word| if word.parse::<u32>().is_ok() { grouped(word) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

/// Which builds were measured, when and where.
fn origin(measured: &Measurements) -> String {
    let origins: BTreeSet<&[String; 4]> = measured.0.iter().map(|record| &record.origin).collect();
    let head = "| commit | date | machine | kernel |\n| --- | --- | --- | --- |".to_owned();
    let rows = origins.into_iter().map(|row| format!("| {} |", row.join(" | ")));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n") + "\n"
}
