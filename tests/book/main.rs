//! `make figures`: brings the report up to date with what was measured, and with the code.
//!
//! - [`csv`]: reads report/measurements.csv
//! - [`figures`]: the six plots, by [`plot`] (axes) and [`svg`] (ink), into report/figures
//! - [`tables`]: tables and numbers between their comments in README.md and the report
//! - [`counts`]: counts of code lines
//! - [`numbers`]: how numbers are written
//!
//! Tests do the same in memory, and fail where it is not what is there.

mod counts;
mod csv;
mod figures;
mod numbers;
mod plot;
#[allow(dead_code, clippy::unwrap_used, reason = "it belongs to the tests")]
#[path = "../source.rs"]
mod source;
mod svg;
mod tables;

use std::io;
use std::path::Path;

use csv::Measurements;

fn main() -> io::Result<()> {
    let root = source::root();
    let measured = Measurements::parse(&std::fs::read_to_string(root.join(csv::FILE))?);
    for (name, svg) in figures::all(&measured) {
        write(&format!("report/figures/{name}.svg"), &svg)?;
    }
    let mut documents = source::files("report", ".md");
    documents.insert("README.md".to_owned(), std::fs::read_to_string(root.join("README.md"))?);
    for (path, document) in documents {
        let filled = tables::fill(&document, &measured).map_err(|why| io::Error::other(format!("{path}: {why}")))?;
        write(&path, &counts::refresh(&filled, Path::new(&path).parent().unwrap_or(Path::new(""))))?;
    }
    Ok(())
}

/// Writes a file of the project if that changes it, and says so.
fn write(path: &str, text: &str) -> io::Result<()> {
    let file = source::root().join(path);
    if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    println!("{path} is new");
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
    std::fs::write(file, text)
}
