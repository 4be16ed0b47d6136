//! The report's plots, each drawn from the measurements alone: medians over the rounds, with the range of all rounds.

use super::csv::{Measurements, Spread, number};
use super::numbers::shown;
use super::plot::{Axis, CLASSES, Plot, legend};
use super::svg::{Point, Svg};
use super::tables::sorted;

/// The servers as the measurements name them, and as the report does.
pub const PROGRAMS: [(&str, &str); 3] = [("ours", "ours"), ("ngircd", "ngircd"), ("inspircd", "InspIRCd")];
const NAMES: [&str; 3] = [PROGRAMS[0].1, PROGRAMS[1].1, PROGRAMS[2].1];
/// All are as wide as the text of the report.
const WIDTH: f64 = 760.0;

/// The name of each figure, and the figure.
pub fn all(measured: &Measurements) -> [(&'static str, String); 6] {
    [
        ("latency", latency(measured)),
        ("deliveries", deliveries(measured)),
        ("cpu", cpu(measured)),
        ("memory", memory(measured)),
        ("datagrams", datagrams(measured)),
        ("wake-ups", wake_ups(measured)),
    ]
}

/// A point with its range.
type Measured = (f64, Spread);

/// One series for each server: `x` says where the parameters stand, or that they are not meant.
fn series(
    measured: &Measurements,
    case: &str,
    column: &str,
    x: impl Fn(&str, &str) -> Option<f64>,
) -> [Vec<Measured>; 3] {
    PROGRAMS.map(|(program, _)| {
        let all = sorted(measured.parameters(case)).into_iter();
        all.filter_map(|parameters| {
            Some((x(parameters, program)?, measured.spread(case, parameters, program, column)?))
        })
        .collect()
    })
}

fn draw(plot: &Plot, svg: &mut Svg, series: &[Vec<Measured>]) {
    for (class, points) in CLASSES.iter().zip(series) {
        let line: Vec<Point> = points.iter().map(|(x, spread)| (*x, spread.median)).collect();
        plot.line(svg, class, &line);
        points.iter().for_each(|(x, s)| plot.mark(svg, class, *x, [s.least, s.median, s.most]));
    }
}

fn ys(series: &[Vec<Measured>]) -> impl Iterator<Item = f64> + Clone {
    series.iter().flatten().flat_map(|(_, spread)| [spread.least, spread.most])
}

fn xs(series: &[Vec<Measured>]) -> impl Iterator<Item = f64> + Clone {
    series.iter().flatten().map(|(x, _)| *x)
}

/// Places for two plots beside each other.
const PAIR: [Point; 2] = [(76.0, 70.0), (460.0, 70.0)];

fn latency(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 380.0),
        "How long lines take from the speaker to each listener",
        "Share of the deliveries that took at most so many milliseconds, for three servers, in rooms of 200 and of 1,000 \
         clients, of which 8 speak with one line in flight each. The median and the range of all rounds.",
    );
    legend(&mut svg, (76.0, 28.0), &NAMES);
    for (at, clients) in PAIR.into_iter().zip([200.0, 1000.0]) {
        let parameters = measured.parameters("latency");
        let room = parameters.into_iter().find(|p| number(p, "clients") == Some(clients)).unwrap_or_default();
        let curves = PROGRAMS.map(|(program, _)| curve(measured, room, program));
        let times = curves.iter().flatten().flat_map(|(_, time)| [time.least, time.most]);
        let y = Axis::linear("deliveries, %", [100.0].into_iter());
        let x = Axis::log("latency, ms", times);
        let plot = Plot { at, size: (280.0, 250.0), x, y };
        plot.frame(&mut svg, &format!("{} clients", shown(clients)));
        for (class, curve) in CLASSES.iter().zip(&curves) {
            let (least, most) =
                (curve.iter().map(|(y, s)| (s.least, *y)), curve.iter().rev().map(|(y, s)| (s.most, *y)));
            let outline: Vec<Point> = least.chain(most).map(|(x, y)| plot.point(x, y)).collect();
            svg.path(&format!("area f{class}"), &outline);
            plot.line(&mut svg, class, &curve.iter().map(|(y, s)| (s.median, *y)).collect::<Vec<_>>());
            // The median of the deliveries.
            let half = curve.iter().find(|(share, _)| (share - 50.0).abs() < 0.1);
            half.iter().for_each(|(share, time)| svg.mark(class, plot.point(time.median, *share)));
        }
    }
    svg.finish()
}

/// Shares in per cent, and the latencies that they did not exceed.
fn curve(measured: &Measurements, room: &str, program: &str) -> Vec<Measured> {
    let columns = measured.0.iter().filter(|r| [&*r.case, &*r.parameters, &*r.program] == ["latency", room, program]);
    let mut columns: Vec<&str> = columns.map(|record| &*record.column).collect();
    columns.sort_unstable();
    columns.dedup();
    let point = |column: &&str| {
        Some((column.strip_suffix(" %")?.parse().ok()?, measured.spread("latency", room, program, column)?))
    };
    let mut points: Vec<Measured> = columns.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

fn deliveries(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 380.0),
        "Deliveries per second over the size of the room",
        "Lines received per second by all clients of a room together, for three servers, over the number of clients, with \
         1 and with 32 lines in flight for each of 8 speakers. The median and the range of all rounds.",
    );
    legend(&mut svg, (76.0, 28.0), &NAMES);
    for (at, in_flight) in PAIR.into_iter().zip([1.0, 32.0]) {
        let series = series(measured, "fan-out", "deliveries/s", |parameters, _| {
            number(parameters, "clients").filter(|_| number(parameters, "in") == Some(in_flight))
        });
        let million =
            |(x, s): Measured| (x, Spread { median: s.median / 1e6, least: s.least / 1e6, most: s.most / 1e6 });
        let series = series.map(|points| points.into_iter().map(million).collect::<Vec<_>>());
        let x = Axis::log("clients in the room", xs(&series));
        let plot = Plot { at, size: (280.0, 250.0), x, y: Axis::log("million deliveries per second", ys(&series)) };
        let s = if in_flight > 1.0 { "s" } else { "" };
        plot.frame(&mut svg, &format!("{in_flight} line{s} in flight per speaker"));
        draw(&plot, &mut svg, &series);
    }
    svg.finish()
}

fn cpu(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 400.0),
        "CPU time per delivery over the lines that one segment carries",
        "Microseconds of the server's CPU for each line that a client receives, over how many lines a TCP segment carried, \
         for three servers in a room of 200 clients. 8 speakers have from 1 to 64 lines in flight each; the number stands \
         at the points of our server. The median and the range of all rounds.",
    );
    legend(&mut svg, (76.0, 28.0), &NAMES);
    let in_room = |parameters: &str| number(parameters, "clients") == Some(200.0);
    let series = series(measured, "fan-out", "CPU µs/dlv", |parameters, program| {
        let lines = measured.spread("fan-out", parameters, program, "lines/segment");
        lines.filter(|_| in_room(parameters)).map(|spread| spread.median)
    });
    let x = Axis::log("lines per TCP segment (for our server: per write)", xs(&series));
    let y = Axis::log("µs of CPU per delivery", ys(&series));
    let plot = Plot { at: (76.0, 70.0), size: (640.0, 270.0), x, y };
    plot.frame(&mut svg, "200 clients, 8 speakers");
    draw(&plot, &mut svg, &series);
    for parameters in measured.parameters("fan-out").into_iter().filter(|parameters| in_room(parameters)) {
        let of = |column| Some(measured.spread("fan-out", parameters, "ours", column)?.median);
        if let (Some(x), Some(y)) = (of("lines/segment"), of("CPU µs/dlv")) {
            let (x, y) = plot.point(x, y);
            svg.text("small end", (x - 6.0, y + 16.0), &format!("{}", number(parameters, "in").unwrap_or_default()));
        }
    }
    svg.finish()
}

/// Bars from left to right, each with its name and its number.
struct Bars {
    at: Point,
    width: f64,
    most: f64,
}

impl Bars {
    const STEP: f64 = 26.0;

    fn draw(&self, svg: &mut Svg, row: f64, class: &str, spread: Spread) {
        let (left, top) = self.at;
        let y = top + row * Self::STEP;
        let length = |value: f64| self.width * value / self.most;
        svg.line("axis", (left, y - 3.0), (left, y + 21.0));
        svg.rectangle(&format!("f{class}"), (left, y), (length(spread.median).max(1.0), 18.0));
        let end = left + length(spread.most);
        svg.line("axis", (left + length(spread.least), y + 9.0), (end, y + 9.0));
        svg.text("small", (end + 6.0, y + 13.5), &shown(spread.median));
    }
}

fn memory(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 270.0),
        "Memory of an idle client, in plain text and under TLS",
        "KiB of resident memory of the server for each client that is connected and silent, for three servers, in plain \
         text and under TLS 1.3.",
    );
    let cases = [("idle crowd", "in plain text"), ("idle crowd under TLS 1.3", "under TLS 1.3")];
    let of =
        |case: &str, program: &str| measured.spread(case, measured.parameters(case).first()?, program, "KiB/client");
    let all = || cases.iter().flat_map(|(case, _)| PROGRAMS.iter().filter_map(|(program, _)| of(case, program)));
    let bars = Bars { at: (190.0, 56.0), width: 480.0, most: all().map(|spread| spread.most).fold(1.0, f64::max) };
    let clients = measured.parameters("idle crowd").first().and_then(|p| number(p, "clients")).unwrap_or_default();
    svg.text("heading", (24.0, 32.0), &format!("KiB of resident memory per client, {} idle clients", shown(clients)));
    for (row, ((program, name), class)) in (0_u8..).zip(PROGRAMS.iter().zip(CLASSES)) {
        let row = f64::from(row) * 2.9;
        svg.text("heading", (24.0, bars.at.1 + row * Bars::STEP + 13.5), name);
        for (next, (case, how)) in [0.0, 1.0].into_iter().zip(cases) {
            svg.text("small end", (182.0, bars.at.1 + (row + next) * Bars::STEP + 13.5), how);
            of(case, program).into_iter().for_each(|spread| bars.draw(&mut svg, row + next, class, spread));
        }
    }
    svg.finish()
}

fn datagrams(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 400.0),
        "Datagrams for each message of a multicast room, over the loss",
        "How many datagrams a room of 3, 10 and 50 members needs for each message, heartbeats and repairs included, over \
         the share of datagrams that each member loses. Dashed: the segments that a server would need without any loss, \
         one for each member. The median and the range of three simulated rooms.",
    );
    let sizes = [3.0, 10.0, 50.0];
    let names = sizes.map(|size| format!("{size} members"));
    legend(&mut svg, (76.0, 28.0), &names.each_ref().map(String::as_str));
    svg.line("line axis dash", (500.0, 24.0), (528.0, 24.0));
    svg.text("", (536.0, 28.0), "through a server, no loss");
    let case = "datagrams";
    let series = sizes.map(|size| {
        let rooms = measured.parameters(case).into_iter().filter(|p| number(p, "members") == Some(size));
        let point = |p| Some((number(p, "%")?, measured.spread(case, p, "ours", "datagrams/message")?));
        rooms.filter_map(point).collect::<Vec<Measured>>()
    });
    let y = Axis::log("datagrams per message", ys(&series).chain(sizes));
    let x = Axis::linear("lost datagrams, %", xs(&series));
    let plot = Plot { at: (76.0, 70.0), size: (640.0, 270.0), x, y };
    plot.frame(&mut svg, "A message of 60 characters each half second");
    for (class, size) in CLASSES.iter().zip(sizes) {
        let most = xs(&series).fold(0.0, f64::max);
        svg.path(&format!("line dash {class}"), &[plot.point(0.0, size), plot.point(most, size)]);
    }
    draw(&plot, &mut svg, &series);
    svg.finish()
}

fn wake_ups(measured: &Measurements) -> String {
    let mut svg = Svg::new(
        (WIDTH, 244.0),
        "How often a waiting client is woken",
        "For our client and for minimal clients that wait in other ways: wake-ups per second while nothing happens, \
         wake-ups for each line that arrives, and system calls for each such line. The median and the range of all rounds.",
    );
    let case = "wake-ups";
    let columns = [
        ("idle wake-ups/s", "idle wake-ups per s"),
        ("wake-ups/line", "wake-ups per line"),
        ("system calls/line", "system calls per line"),
    ];
    let top = 74.0;
    for (left, (column, heading)) in [250.0, 430.0, 590.0].into_iter().zip(columns) {
        let ways = measured.parameters(case);
        let of = |way: &str| measured.spread(case, way, "ours", column);
        let most = ways.iter().filter_map(|way| of(way)).map(|spread| spread.most).fold(1.0, f64::max);
        let bars = Bars { at: (left, top), width: 90.0, most };
        svg.text("small heading", (left, top - 18.0), heading);
        for (row, way) in (0_u8..).zip(&ways) {
            let (row, is_ours) = (f64::from(row), way.starts_with("our"));
            let class = if is_ours { "a" } else { "b" };
            if let Some(spread) = of(way) {
                bars.draw(&mut svg, row, class, spread);
            } else {
                svg.text("small", (left + 6.0, top + row * Bars::STEP + 13.5), "not counted");
            }
        }
    }
    for (row, way) in (0_u8..).zip(measured.parameters(case)) {
        let (way, y) = (way.strip_prefix("minimal client with ").unwrap_or(way), f64::from(row) * Bars::STEP);
        svg.text("end", (228.0, top + y + 13.5), way);
    }
    svg.text("heading", (24.0, 32.0), "Our client, and minimal clients that wait by ...");
    svg.finish()
}
