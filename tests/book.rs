//! Figures, tables and numbers of the report are those of report/measurements.csv. `make figures` brings them up to date.

mod counts;
mod csv;
mod figures;
mod numbers;
mod plot;
mod svg;
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::skip;
use crate::report::documents;
use crate::source::root;
use csv::{Measurements, number};
use numbers::shown;

fn measured() -> Measurements {
    Measurements::parse(&fs::read_to_string(root().join(csv::FILE)).unwrap())
}

#[test]
fn every_plot_shows_what_was_measured() {
    for (name, svg) in figures::all(&measured()) {
        let path = format!("report/figures/{name}.svg");
        let there = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(there == svg, "{path} is not what {} gives: run `make figures`", csv::FILE);
    }
}

#[test]
fn every_table_and_number_is_what_was_measured() {
    for (path, document) in documents() {
        let filled = tables::fill(&document, &measured()).unwrap_or_else(|why| panic!("{path}: {why}"));
        let wrong = document.lines().zip(filled.lines()).find(|(there, right)| there != right);
        assert_eq!(wrong, None, "{path}: run `make figures`");
        assert!(document == filled, "{path}: run `make figures`");
    }
}

#[test]
fn every_count_of_lines_is_that_of_the_code() {
    for (path, document) in documents() {
        let right = counts::refresh(&document, Path::new(&path).parent().unwrap());
        let wrong = document.lines().zip(right.lines()).find(|(there, right)| there != right);
        assert_eq!(wrong, None, "{path}: run `make figures`");
    }
}

#[test]
fn every_case_was_measured_by_one_commit_on_one_machine() {
    let measured = measured();
    let first = &measured.0[0].origin;
    assert!(
        !first[0].is_empty() && measured.0.iter().all(|record| record.origin == *first),
        "{} is a mixture",
        csv::FILE
    );
    for (name, svg) in figures::all(&measured) {
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "a value is missing: {name}");
    }
}

#[test]
fn a_number_that_was_not_measured_is_not_quoted() {
    let measured = Measurements::parse(
        "header\nc,d,\"m, 2 cores\",k,fan-out,\"200 clients, 8 speakers\",ours,1,rate,2500\n\
         c,d,\"m, 2 cores\",k,fan-out,\"200 clients, 8 speakers\",ours,2,rate,1500\nc,d,m,k,idle,,ours,1,rate,\n",
    );
    let key = "<!-- csv fan-out; 200 clients,\n8 speakers; ours; rate -->";
    let filled = tables::fill(&format!("It is {key}1<!-- end --> here."), &measured).unwrap();
    assert_eq!(filled, format!("It is {key}2,000<!-- end --> here."));
    for wrong in ["fan-out; 200 clients, 8 speakers; ours; p50", "idle; ; ours; rate", "fan-out; ours", "no table"] {
        assert!(tables::fill(&format!("<!-- csv {wrong} --><!-- end -->"), &measured).is_err(), "{wrong}");
    }
    assert!(tables::fill("<!-- csv fan-out -->", &measured).is_err());
    assert!(tables::fill(&format!("It is\n{key}1<!-- end --> here."), &measured).is_err());
    assert_eq!(number(&measured.0[0].parameters, "speakers"), Some(8.0));
}

#[test]
fn links_lead_within_the_book() {
    if !Command::new("pandoc").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("BOOK").as_deref() != Ok("required"), "pandoc is missing");
        return skip("pandoc is missing");
    }
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(root().join("tests/book/print.sh")).arg(folder.path()).arg("html").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let quoted = |name: &str| -> BTreeSet<String> {
        let starts = page.match_indices(name).map(|(at, _)| &page[at + name.len()..]);
        starts.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    };
    let (targets, places) = (quoted("href=\"#"), quoted(" id=\""));
    assert!(targets.contains("figure-pictures-task-1"), "a link to a picture leads out of the book: {targets:?}");
    let dead: Vec<_> = targets.difference(&places).collect();
    assert!(dead.is_empty() && targets.len() > 20, "nothing has these names: {dead:?}, of {}", targets.len());
}

#[test]
fn numbers_have_as_many_digits_as_matter() {
    let cases = [0.0, 2.0, 0.0837, 0.45, 3.012, 42.94, 113.25, 1999.0, 1_883_456.0, 999.96, 9.996];
    let right = ["0", "2", "0.084", "0.45", "3.01", "42.9", "113", "2,000", "1,880,000", "1,000", "10.0"];
    assert_eq!(cases.map(shown), right);
}
