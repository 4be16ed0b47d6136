//! Writes pictures as SVG: text, lines, areas and marks, in the colours of the reader's light or dark scheme.

use std::fmt::Write as _;

/// Shapes tell the same as colours, for readers and printers without colours.
const STYLE: &str = "\
text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:#1f2328}\
.heading{font-weight:600}.small{font-size:12px}.middle{text-anchor:middle}.end{text-anchor:end}\
.ground{fill:#fff}.grid{stroke:#d8dee4}.axis{stroke:#57606a}\
path,line{fill:none}.line{stroke-width:2}.range{stroke-width:1.2}.area{opacity:.18;stroke:none}\
.a{stroke:#0969da}.b{stroke:#bc4c00}.c{stroke:#1a7f37}.dash{stroke-dasharray:5 4;opacity:.7}\
.fa{fill:#0969da}.fb{fill:#bc4c00}.fc{fill:#1a7f37}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#9198a1}\
.a{stroke:#58a6ff}.b{stroke:#f0883e}.c{stroke:#56d364}.fa{fill:#58a6ff}.fb{fill:#f0883e}.fc{fill:#56d364}}";

pub type Point = (f64, f64);

pub struct Svg {
    size: Point,
    title: String,
    description: String,
    body: String,
}

impl Svg {
    pub fn new(size: Point, title: &str, description: &str) -> Self {
        Svg { size, title: title.to_owned(), description: description.to_owned(), body: String::new() }
    }

    pub fn text(&mut self, class: &str, at: Point, text: &str) {
        self.add(&format!("<text class=\"{class}\" {}>{}</text>", position(at), escaped(text)));
    }

    /// Text that runs upwards.
    pub fn upward(&mut self, (x, y): Point, text: &str) {
        let (x, y) = (short(x), short(y));
        let turned = format!("<text class=\"middle\" transform=\"translate({x} {y}) rotate(-90)\">");
        self.add(&format!("{turned}{}</text>", escaped(text)));
    }

    pub fn line(&mut self, class: &str, from: Point, to: Point) {
        self.path(class, &[from, to]);
    }

    pub fn path(&mut self, class: &str, points: &[Point]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{} {}", short(*x), short(*y))).collect();
        self.add(&format!("<path class=\"{class}\" d=\"M{}\"/>", points.join("L")));
    }

    pub fn rectangle(&mut self, class: &str, at: Point, (width, height): Point) {
        let (width, height) = (short(width), short(height));
        self.add(&format!("<rect class=\"{class}\" {} width=\"{width}\" height=\"{height}\"/>", position(at)));
    }

    /// A filled mark: round, square or pointed for the classes a, b and c.
    pub fn mark(&mut self, class: &str, (x, y): Point) {
        let shape = match class {
            "a" => format!("M{} {}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0", short(x - 4.5), short(y)),
            "b" => format!("M{} {}h8v8h-8z", short(x - 4.0), short(y - 4.0)),
            _ => format!("M{} {}l5 9h-10z", short(x), short(y - 5.5)),
        };
        self.add(&format!("<path style=\"stroke:none\" class=\"f{class}\" d=\"{shape}\"/>"));
    }

    fn add(&mut self, element: &str) {
        self.body += element;
        self.body.push('\n');
    }

    pub fn finish(self) -> String {
        let Svg { size: (width, height), title, description, body } = self;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n"
        );
        let (title, description) = (escaped(&title), escaped(&description));
        let _ = writeln!(svg, "<title id=\"title\">{title}</title>\n<desc id=\"desc\">{description}</desc>");
        let _ =
            writeln!(svg, "<style>{STYLE}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\" rx=\"6\"/>");
        svg + &body + "</svg>\n"
    }
}

fn position((x, y): Point) -> String {
    format!("x=\"{}\" y=\"{}\"", short(x), short(y))
}

/// A tenth of a pixel is exact enough, and the same on each machine.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
