//! Case 9, datagrams: what a message costs in a multicast room that loses some. It is simulated time, by the world of the
//! client's own tests, so no server is in it; each round is another seed.
//!
//! Thread: the generator's only one. No locks.

#[path = "../../client/multicast/simulation/cost.rs"]
mod cost;
#[allow(dead_code, unused_imports, reason = "the client uses the rest, and the tests within are not run here")]
#[path = "../../client/multicast/engine/mod.rs"]
mod engine;
#[allow(clippy::unwrap_used, dead_code, reason = "the world of tests, of which not all is needed here")]
#[path = "../../client/multicast/simulation/world.rs"]
mod world;

use crate::options::Options;
use crate::server::Kind;
use crate::table::Better::Neither;
use crate::table::{Column, Table};
use crate::{Bench, progress};

const COLUMNS: &[Column] = &[Column("datagrams/message", 2, Neither), Column("bytes/message", 0, Neither)];
const MEMBERS: [usize; 3] = [3, 10, 50];
const LOSS: [u64; 5] = [0, 5, 10, 20, 30];

pub fn case(bench: &mut Bench, options: &Options) {
    for (members, loss) in MEMBERS.into_iter().flat_map(|members| LOSS.map(|loss| (members, loss))) {
        let mut table = Table::new(format!("datagrams: {members} members, {loss} % loss"), COLUMNS);
        for round in 0..options.rounds {
            progress(&format!("{}, round {} of {}", table.title(), round + 1, options.rounds));
            let (datagrams, bytes) = cost::cost(members, loss, round as u64 + 1);
            table.add(round, Kind::Ours, vec![datagrams, bytes]);
        }
        bench.show(&[table]);
    }
}
