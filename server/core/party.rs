//! Who answers for what a client uses: shares of what belongs to all are counted by party.
//!
//! Pure.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use wire::fingerprint::Fingerprint;

use super::limits::SHARE;

/// A key, if the client's name belongs to it since an earlier session; or else the network of the client's address.
///
/// Anybody can make keys by the thousand and bind a name to each. So a new key answers for nothing: its client counts
/// with its network, until it comes back another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Key(Fingerprint),
    Network(IpAddr),
}

impl Party {
    /// The party of an address.
    pub fn of(ip: IpAddr) -> Self {
        Party::Network(network(ip))
    }
}

/// Whether one party may have so much of what all together have of a pool: a part of it and, once half is used, a part of
/// what remains. So the more parties take all that they may, the less each gets, and a newcomer finds something (after the
/// dynamic thresholds of Choudhury and Hahne, 1998).
pub fn is_fair(own: u64, all: u64, pool: u64) -> bool {
    let free = pool.saturating_sub(all);
    own <= pool / SHARE && (free >= pool / 2 || own <= free / SHARE)
}

/// Parties that one [`Hourly`] counts, about a megabyte. More of them in an hour are an attack that no limit for each
/// holds up; then the oldest ones may begin anew.
const COUNTED: usize = 10_000;
const HOUR: Duration = Duration::from_hours(1);

/// How often each party has done something within an hour, which begins when it does it for the first time.
#[derive(Debug, Default)]
pub struct Hourly {
    counts: HashMap<Party, usize>,
    /// The parties in `counts`, in the order in which their hours have begun.
    begun: VecDeque<(Instant, Party)>,
}

impl Hourly {
    /// Counts one time more, unless the party has done it `most` times in its hour; then false.
    pub fn count(&mut self, party: Party, most: usize, now: Instant) -> bool {
        while self.begun.front().is_some_and(|(begun, _)| now.saturating_duration_since(*begun) >= HOUR) {
            self.forget_first();
        }
        if !self.counts.contains_key(&party) {
            if self.begun.len() >= COUNTED {
                self.forget_first();
            }
            self.begun.push_back((now, party));
        }
        let count = self.counts.entry(party).or_default();
        let may = *count < most;
        *count += usize::from(may);
        may
    }

    fn forget_first(&mut self) {
        if let Some((_, first)) = self.begun.pop_front() {
            self.counts.remove(&first);
        }
    }
}

/// The part of an address that one party has: all of IPv4, the first half of IPv6.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        IpAddr::V4(_) => ip,
    }
}

/// One word, by which the data folder knows the party.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Key(key) => key.fmt(f),
            Party::Network(ip) => ip.fmt(f),
        }
    }
}

impl FromStr for Party {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = text.parse().map(Party::Network).ok();
        network.or_else(|| text.parse().map(Party::Key).ok()).ok_or("it is no party: neither a key nor an address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_take_their_share_the_less_it_is() {
        let mut all = 0;
        let mut take = || {
            let own = (0..1000).take_while(|own| is_fair(own + 1, all + own + 1, 1000)).count();
            all += own as u64;
            own
        };
        assert_eq!([take(), take(), take(), take(), take()], [250, 250, 100, 80, 64]);
    }

    #[test]
    fn a_party_has_its_hour() {
        let (mut hourly, now) = (Hourly::default(), Instant::now());
        let party = |number: usize| Party::of(Ipv6Addr::from_bits((number as u128) << 64).into());
        assert_eq!((0..10).filter(|_| hourly.count(party(0), 3, now)).count(), 3);
        assert!(hourly.count(party(1), 3, now + HOUR / 2));
        assert!(!hourly.count(party(0), 3, now + HOUR / 2) && hourly.count(party(0), 3, now + HOUR));
        assert_eq!((hourly.counts[&party(0)], hourly.counts[&party(1)]), (1, 1));
    }

    #[test]
    fn however_many_parties_come_none_is_refused_for_it() {
        let (mut hourly, now) = (Hourly::default(), Instant::now());
        let party = |number: usize| Party::of(Ipv6Addr::from_bits((number as u128) << 64).into());
        assert!((0..2 * COUNTED).all(|number| hourly.count(party(number), 1, now)));
        assert_eq!((hourly.counts.len(), hourly.begun.len()), (COUNTED, COUNTED));
        assert!(!hourly.count(party(2 * COUNTED - 1), 1, now));
    }

    #[test]
    fn a_party_has_one_spelling() {
        let of = |ip: &str| Party::of(ip.parse().unwrap());
        assert_eq!(of("2001:db8::1:2"), of("2001:db8::3:4"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        for party in [of("192.0.2.1"), of("2001:db8::1"), of("::1"), Party::Key(Fingerprint([7; 32]))] {
            assert_eq!(party.to_string().parse(), Ok(party));
        }
        assert!("".parse::<Party>().is_err());
    }
}
