//! Latencies in a fixed 15 KiB: buckets that widen with the value, each at most 1/32 wide.
//!
//! Thread: the generator's only one. No locks.

use std::time::Duration;

/// Each power of two is cut into this many equal buckets, so a reading is at most 3 % too low.
const STEPS: u64 = 32;
/// Values below `STEPS` have a bucket each; the other powers of two up to 2^63 have `STEPS` each.
const BUCKETS: usize = (STEPS as usize) * 60;

pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }

    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
        self.max = 0;
    }

    pub fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.max = self.max.max(nanos);
    }

    /// The latency that `share` (0 to 1) of all deliveries did not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let rank = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank.max(1) {
                return lowest(index) as f64 / 1e6;
            }
        }
        self.max_ms()
    }

    pub fn max_ms(&self) -> f64 {
        self.max as f64 / 1e6
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// The smallest value that falls into a bucket: the inverse of `bucket`.
fn lowest(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    (index % STEPS + STEPS) << shift
}
