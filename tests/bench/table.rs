//! Figures side by side: one row per server, one column per figure, medians over the rounds. The title of a table is a
//! case and, after a colon, its parameters.
//!
//! Thread: the generator's only one. No locks.

use crate::server::Kind;

#[derive(Clone, Copy, PartialEq)]
pub enum Better {
    More,
    Less,
    /// A figure that explains others and is not compared.
    Neither,
}

/// Title, digits after the point, and which direction is better.
pub struct Column(pub &'static str, pub usize, pub Better);

/// One server's figures in one round, in the order of the columns.
pub type Row = Vec<f64>;

pub struct Table {
    title: String,
    columns: &'static [Column],
    /// The rows that were measured, with their round.
    rows: Vec<(usize, Kind, Row)>,
    /// Whether it is printed; else it is only for the CSV.
    is_printed: bool,
}

impl Table {
    pub fn new(title: String, columns: &'static [Column]) -> Self {
        Self { title, columns, rows: Vec::new(), is_printed: true }
    }

    pub fn for_csv_only(self) -> Self {
        Self { is_printed: false, ..self }
    }

    pub fn add(&mut self, round: usize, kind: Kind, row: Row) {
        self.rows.push((round, kind, row));
    }

    pub fn title(&self) -> String {
        self.title.clone()
    }

    pub fn case(&self) -> &str {
        self.title.split_once(": ").map_or(&self.title, |(case, _)| case)
    }

    pub fn parameters(&self) -> &str {
        self.title.split_once(": ").map_or("", |(_, parameters)| parameters)
    }

    /// Round, program, column and value of each figure.
    pub fn figures(&self) -> impl Iterator<Item = (usize, &'static str, &'static str, f64)> {
        self.rows.iter().flat_map(|(round, kind, row)| {
            self.columns.iter().zip(row).map(|(column, value)| (*round, kind.name(), column.0, *value))
        })
    }

    pub fn print(&self) {
        if !self.is_printed {
            return;
        }
        println!("\n{}", self.title);
        print!("{:14}", "");
        for Column(title, ..) in self.columns {
            print!("  {title:>w$}", w = width(title));
        }
        println!();
        for kind in Kind::ALL.into_iter().filter(|kind| self.has(*kind)) {
            print!("  {:12}", kind.name());
            for (index, Column(title, decimals, _)) in self.columns.iter().enumerate() {
                let mut values: Vec<f64> = self.of(kind).map(|(_, row)| row[index]).collect();
                print!("  {:>w$}", grouped(median(&mut values), *decimals), w = width(title));
            }
            println!();
        }
        if self.has(Kind::Ours) && self.rows.iter().any(|(_, kind, _)| *kind != Kind::Ours) {
            self.print_ratios();
        }
    }

    fn print_ratios(&self) {
        print!("  {:12}", self.compared());
        for (index, Column(title, _, better)) in self.columns.iter().enumerate() {
            let mut ratios: Vec<f64> = self
                .of(Kind::Ours)
                .filter_map(|(round, row)| Some(row[index] / self.best(round, index, *better)?))
                .collect();
            let text = if ratios.is_empty() { String::new() } else { format!("{:.2}x", median(&mut ratios)) };
            print!("  {text:>w$}", w = width(title));
        }
        println!();
    }

    /// What the ratios are ratios of.
    fn compared(&self) -> &'static str {
        if self.rows.iter().all(|(_, kind, _)| [Kind::Ours, Kind::Other].contains(kind)) {
            "ours / other"
        } else {
            "ours / best"
        }
    }

    /// The best that any other server did in this round.
    fn best(&self, round: usize, column: usize, better: Better) -> Option<f64> {
        let others = self.rows.iter().filter(|row| row.0 == round && row.1 != Kind::Ours);
        let values = others.map(|(.., row)| row[column]);
        match better {
            Better::More => values.reduce(f64::max),
            Better::Less => values.reduce(f64::min),
            Better::Neither => None,
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.of(kind).next().is_some()
    }

    fn of(&self, wanted: Kind) -> impl Iterator<Item = (usize, &Row)> {
        self.rows.iter().filter(move |(_, kind, _)| *kind == wanted).map(|(round, _, row)| (*round, row))
    }
}

fn width(title: &str) -> usize {
    title.chars().count().max(8)
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// 1234567.8 reads better as "1 234 568".
fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            text.push(' ');
        }
        text.push(digit);
    }
    text + fraction
}
