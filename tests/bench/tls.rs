//! Case 5, TLS: the fan-out again, under TLS 1.3.
//!
//! Thread: the generator's only one. No locks.

use wire::tls::BUILT_IN;

use crate::options::Options;
use crate::stream::Transport;
use crate::{Bench, fanout};

pub fn case(bench: &mut Bench, options: &Options) {
    if !BUILT_IN {
        println!("tls: left out, since this build has none; build with --features tls");
        return;
    }
    fanout::case(bench, options, Transport::Tls);
}
