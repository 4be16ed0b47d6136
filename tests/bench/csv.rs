//! Every round in one CSV: which build measured what, on which machine. The report's figures and tables come from it.
//!
//! Thread: the generator's only one. No locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::table::Table;

/// A line is one figure of one program in one round.
const HEADER: &str = "commit,date,machine,kernel,case,parameters,program,round,column,value\n";
/// Digits of a value that are kept: more than a repetition confirms.
const DIGITS: usize = 5;

pub struct Csv {
    file: File,
    /// The fields that are the same for all that this run measures.
    origin: String,
}

impl Csv {
    /// Goes on at the end of the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if file.metadata()?.len() == 0 {
            file.write_all(HEADER.as_bytes())?;
        }
        let commit = output("git", &["describe", "--always", "--dirty"]);
        let date = wire::time::iso8601(SystemTime::now());
        let date = date.split('T').next().unwrap_or_default().to_owned();
        let fields = [commit, date, machine()?, output("uname", &["-sr"])];
        Ok(Self { file, origin: fields.map(|field| quoted(&field)).join(",") })
    }

    pub fn write(&mut self, table: &Table) -> io::Result<()> {
        let mut text = String::new();
        for (round, program, column, value) in table.figures() {
            let fields = [table.case(), table.parameters(), program, &(round + 1).to_string(), column];
            let value = if value.is_finite() { rounded(value).to_string() } else { String::new() };
            text.extend([&self.origin, ",", &fields.map(quoted).join(","), ",", &value, "\n"]);
        }
        self.file.write_all(text.as_bytes())
    }
}

/// A field as RFC 4180 wants it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

fn rounded(value: f64) -> f64 {
    let text = format!("{value:.precision$e}", precision = DIGITS - 1);
    text.parse().unwrap_or(value)
}

/// Processor, cores and memory.
fn machine() -> io::Result<String> {
    let field = |file: &str, name: &str| -> io::Result<String> {
        let text = fs::read_to_string(file)?;
        let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        Ok(value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default())
    };
    let kib: f64 = field("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse().unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{}, {cores} cores, {:.0} GiB", field("/proc/cpuinfo", "model name")?, kib / 1024.0 / 1024.0))
}

/// What a program prints, or nothing where it is not there.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
