//! Reads report/measurements.csv, which `make measure` writes: each line is one figure of one program in one round.

/// The file, from the root of the project.
pub const FILE: &str = "report/measurements.csv";
const FIELDS: usize = 10;

/// One line. The first four fields say where it comes from.
pub struct Record {
    pub origin: [String; 4],
    pub case: String,
    pub parameters: String,
    pub program: String,
    pub round: u32,
    pub column: String,
    pub value: f64,
}

pub struct Measurements(pub Vec<Record>);

impl Measurements {
    pub fn parse(text: &str) -> Self {
        // A figure that could not be measured has no value.
        Measurements(
            text.lines().skip(1).map(fields).filter(|fields| !fields[FIELDS - 1].is_empty()).map(record).collect(),
        )
    }

    /// What each round measured, in the order of the rounds.
    pub fn rounds(&self, case: &str, parameters: &str, program: &str, column: &str) -> Vec<(u32, f64)> {
        let wanted = [case, parameters, program, column];
        let found = self.0.iter().filter(|r| [&*r.case, &*r.parameters, &*r.program, &*r.column] == wanted);
        found.map(|record| (record.round, record.value)).collect()
    }

    /// Median, least and greatest of all rounds.
    pub fn spread(&self, case: &str, parameters: &str, program: &str, column: &str) -> Option<Spread> {
        Spread::of(self.rounds(case, parameters, program, column).into_iter().map(|(_, value)| value).collect())
    }

    /// All parameters of a case, in the order in which they were measured first.
    pub fn parameters(&self, case: &str) -> Vec<&str> {
        let all = self.0.iter().filter(|record| record.case == case).map(|record| &*record.parameters);
        all.fold(Vec::new(), |mut seen, parameters| {
            if !seen.contains(&parameters) {
                seen.push(parameters);
            }
            seen
        })
    }
}

#[derive(Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let median = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Spread { median, least, most })
    }
}

/// The number before a word of some parameters, as in `200 clients, 8 speakers`.
pub fn number(parameters: &str, word: &str) -> Option<f64> {
    let words: Vec<&str> = parameters.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let at = words.iter().skip(1).position(|found| *found == word)?;
    words[at].parse().ok()
}

/// The fields of a line (RFC 4180, without line breaks in fields).
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("there is one from the start").push(c),
        }
    }
    assert_eq!(fields.len(), FIELDS, "{FILE} has this line: {line}");
    fields
}

fn record(fields: Vec<String>) -> Record {
    let [commit, date, machine, kernel, case, parameters, program, round, column, value] =
        <[String; FIELDS]>::try_from(fields).expect("the number of fields was checked");
    let number = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("{FILE}: {text:?} is no number"));
    let (value, round) = (number(&value), round.parse().expect("a round is a number"));
    Record { origin: [commit, date, machine, kernel], case, parameters, program, round, column, value }
}
