//! A plot: two axes, and series of points with the range over the rounds.

use super::numbers::grouped;
use super::svg::{Point, Svg};

/// The classes of [`super::svg`] for the series of a plot, in their order.
pub const CLASSES: [&str; 3] = ["a", "b", "c"];

pub struct Axis {
    title: String,
    is_log: bool,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Axis {
    /// From 0 to a round number that is not below the values.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ticks")]
    pub fn linear(title: &str, values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(0.0, f64::max);
        let step = round_numbers(most / 50.0, most).into_iter().find(|step| most / step <= 6.0).unwrap_or(1.0);
        let count = (most / step).ceil();
        let ticks = (0..=count as u32).map(|tick| f64::from(tick) * step).collect();
        Axis { title: title.to_owned(), is_log: false, from: 0.0, to: count * step, ticks }
    }

    /// Between round numbers that are not above and not below the values.
    pub fn log(title: &str, values: impl Iterator<Item = f64> + Clone) -> Self {
        let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
        let mut ticks = round_numbers(least, most);
        let [from, to] = [ticks[0], ticks[ticks.len() - 1]];
        if ticks.len() > 8 {
            ticks.retain(|tick| (tick.log10() - tick.log10().round()).abs() < 1e-9);
        }
        Axis { title: title.to_owned(), is_log: true, from, to, ticks }
    }

    /// Where a value is, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let on = |value: f64| if self.is_log { value.max(self.from).log10() } else { value };
        (on(value) - on(self.from)) / (on(self.to) - on(self.from))
    }
}

/// 1, 2 and 5 times powers of ten: from the last one not above `least` to the first one not below `most`.
fn round_numbers(least: f64, most: f64) -> Vec<f64> {
    let powers = -9..=12;
    let all: Vec<f64> = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(power))).collect();
    let first = all.iter().rposition(|number| *number <= least * 1.0001).unwrap_or(0);
    let end = all.iter().position(|number| *number >= most * 0.9999).unwrap_or(all.len() - 1);
    all[first..=end.max(first + 1)].to_vec()
}

/// What stands at a tick.
fn label(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1000.0 => grouped(&format!("{v:.0}")),
        v => format!("{}", (v * 1e6).round() / 1e6),
    }
}

pub struct Plot {
    /// The corner at the top left, and the size, of the field within the axes.
    pub at: Point,
    pub size: Point,
    pub x: Axis,
    pub y: Axis,
}

impl Plot {
    pub fn frame(&self, svg: &mut Svg, heading: &str) {
        let ((left, top), (width, height)) = (self.at, self.size);
        svg.text("heading", (left, top - 10.0), heading);
        for tick in &self.y.ticks {
            let y = self.point(self.x.from, *tick).1;
            svg.line("grid", (left, y), (left + width, y));
            svg.text("small end", (left - 6.0, y + 4.0), &label(*tick));
        }
        for tick in &self.x.ticks {
            let x = self.point(*tick, self.y.from).0;
            svg.line("grid", (x, top), (x, top + height));
            svg.text("small middle", (x, top + height + 17.0), &label(*tick));
        }
        svg.line("axis", (left, top + height), (left + width, top + height));
        svg.line("axis", (left, top), (left, top + height));
        svg.text("middle", (left + width / 2.0, top + height + 36.0), &self.x.title);
        svg.upward((left - 52.0, top + height / 2.0), &self.y.title);
    }

    pub fn point(&self, x: f64, y: f64) -> Point {
        let ((left, top), (width, height)) = (self.at, self.size);
        (left + width * self.x.place(x), top + height * (1.0 - self.y.place(y)))
    }

    /// A line through points.
    pub fn line(&self, svg: &mut Svg, class: &str, points: &[Point]) {
        let points: Vec<_> = points.iter().map(|(x, y)| self.point(*x, *y)).collect();
        svg.path(&format!("line {class}"), &points);
    }

    /// A mark, and the range around it.
    pub fn mark(&self, svg: &mut Svg, class: &str, x: f64, [least, middle, most]: [f64; 3]) {
        svg.line(&format!("range {class}"), self.point(x, least), self.point(x, most));
        svg.mark(class, self.point(x, middle));
    }
}

/// The marks and names of series, side by side.
pub fn legend(svg: &mut Svg, (mut x, y): Point, names: &[&str]) {
    for (class, name) in CLASSES.iter().zip(names) {
        svg.line(&format!("line {class}"), (x, y - 4.0), (x + 28.0, y - 4.0));
        svg.mark(class, (x + 14.0, y - 4.0));
        svg.text("", (x + 36.0, y), name);
        x += 60.0 + 8.5 * f64::from(u32::try_from(name.len()).expect("a name is short"));
    }
}
