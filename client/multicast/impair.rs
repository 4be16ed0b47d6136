//! An unreliable channel, for teaching: it loses, duplicates, reorders and damages received datagrams on purpose.
//!
//! Pure: no thread of its own; `member` calls it under its lock, for each datagram that its socket receives.

use super::engine::random::Random;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// How many datagrams meet which fault, in percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, clap::Args)]
pub struct Faults {
    /// Lose this percentage of the datagrams that come in multicast rooms, on purpose
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub loss: f64,
    /// Receive this percentage of them twice
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub duplicate: f64,
    /// Receive this percentage of them late
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub reorder: f64,
    /// Damage this percentage of them
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub corrupt: f64,
}

/// The channel.
pub struct Channel {
    faults: Faults,
    random: Random,
    /// A datagram that comes out after the next one.
    held: Option<Vec<u8>>,
    /// How many datagrams it has lost.
    pub lost: u64,
}

impl Channel {
    pub fn new(faults: Faults) -> Self {
        Channel { faults, random: Random(RandomState::new().hash_one(0)), held: None, lost: 0 }
    }

    /// Takes a datagram; the datagrams that come out.
    pub fn pass(&mut self, mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let (before, mut out) = (self.held.take(), Vec::new());
        if self.happens(self.faults.loss) {
            self.lost += 1;
        } else {
            if !bytes.is_empty() && self.happens(self.faults.corrupt) {
                let at = usize::try_from(self.random.below(bytes.len() as u64)).unwrap_or_default();
                bytes[at] ^= 1 << self.random.below(8);
            }
            if self.happens(self.faults.duplicate) {
                out.push(bytes.clone());
            }
            let is_late = before.is_none() && self.happens(self.faults.reorder);
            if is_late { self.held = Some(bytes) } else { out.push(bytes) }
        }
        out.extend(before);
        out
    }

    fn happens(&mut self, percent: f64) -> bool {
        let drawn = u32::try_from(self.random.below(1_000_000)).unwrap_or_default();
        f64::from(drawn) < percent * 10_000.0
    }
}

/// Parses the percentage of a command line option.
pub fn percent(text: &str) -> Result<f64, &'static str> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    number.filter(|number| (0.0..=90.0).contains(number)).ok_or("write a percentage from 0 to 90")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_happen_only_when_asked_for_and_about_as_often() {
        let through = |faults| {
            let mut channel = Channel::new(faults);
            let out: Vec<_> = (0..10_000u32).flat_map(|number| channel.pass(number.to_be_bytes().to_vec())).collect();
            (out.len(), out.is_sorted())
        };
        assert_eq!(through(Faults::default()), (10_000, true));
        let lossy = through(Faults { loss: 20.0, ..Faults::default() });
        assert!((7_500..8_500).contains(&lossy.0) && lossy.1, "{lossy:?}");
        let doubled = through(Faults { duplicate: 20.0, ..Faults::default() });
        assert!((11_500..12_500).contains(&doubled.0) && doubled.1, "{doubled:?}");
        let mixed = through(Faults { reorder: 20.0, ..Faults::default() });
        assert!((9_999..=10_000).contains(&mixed.0) && !mixed.1, "{mixed:?}");
        let damaged = through(Faults { corrupt: 20.0, ..Faults::default() });
        assert!(damaged.0 == 10_000 && !damaged.1);
    }

    #[test]
    fn percentages() {
        assert_eq!((percent("20"), percent("0.5%")), (Ok(20.0), Ok(0.5)));
        for wrong in ["", "-1", "91", "x", "NaN", "inf"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
