//! Pseudo-random numbers that follow from a seed: `SplitMix64` (Steele, Lea and Flood, 2014).
//!
//! Pure: no thread, no lock. The engine draws its pauses from it, `impair` its faults, and the simulation whole runs,
//! which are the same each time. No secret depends on it.

use std::time::Duration;

#[derive(Debug, Default)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end - 1`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A pause from 1 µs to `most`. It is never 0, so that each deadline lies in the future.
    pub fn pause(&mut self, most: Duration) -> Duration {
        Duration::from_micros(1 + self.below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX)))
    }
}
