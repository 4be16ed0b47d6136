//! Case 5, TLS: the fan-out again, under TLS 1.3; full handshakes; and what a conversation notices of
//! handshakes that nobody finishes.
//!
//! Thread: the generator's only one. No locks.

use crate::options::Options;
use crate::stream::Transport;
use crate::table::Table;
use crate::{Bench, fanout, handshakes, unfinished};

pub fn case(bench: &mut Bench, options: &Options) {
    fanout::case(bench, options, Transport::Tls);
    println!();
    for candidate in &bench.candidates {
        let agreed = handshakes::agreed(candidate).unwrap_or_else(|why| why.to_string());
        println!("  {:12}  {agreed}", candidate.kind.name());
    }
    let title = format!("handshakes: full ones of TLS 1.3, up to {} at once", handshakes::AT_ONCE);
    let tables = vec![Table::new(title, handshakes::COLUMNS)];
    bench.case(options.rounds, tables, |candidate| handshakes::unit(candidate, options));
    let title = format!("unfinished handshakes: {} beside {} plain clients", options.unfinished, unfinished::MEMBERS);
    let tables = vec![Table::new(title, unfinished::COLUMNS)];
    bench.case(options.rounds, tables, |candidate| unfinished::unit(candidate, options));
}
