//! Who answers for what a client uses: shares of what belongs to all are counted by party.
//!
//! Pure.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use wire::fingerprint::Fingerprint;

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

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Nobody gets more.
    Pool,
    /// The party has used up its share; others may get more.
    Share,
}

/// Whether a party that has `own` of the `all` that is in use may have this amount too: it may have as much as is still
/// free, and when it has nothing, whatever fits.
///
/// This is the dynamic threshold by which switches share their buffers (Choudhury and Hahne, 1998). A party alone gets
/// half of the capacity, `n` parties that take all they can at the same time leave `1/(n + 1)`, and a flood is refused
/// before anybody else is.
pub fn has_room(own: u64, all: u64, capacity: u64, amount: u64) -> Result<(), Full> {
    let free = capacity.saturating_sub(all);
    match () {
        () if amount == 0 => Ok(()),
        () if amount > free => Err(Full::Pool),
        () if own > 0 && own.saturating_add(amount) > free => Err(Full::Share),
        () => Ok(()),
    }
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

    /// Parties that take one after the other as long as they get anything; what each got.
    fn flood(parties: usize, capacity: u64) -> Vec<u64> {
        let mut got = vec![0; parties];
        loop {
            let before: u64 = got.iter().sum();
            for number in 0..parties {
                let all = got.iter().sum();
                got[number] += u64::from(has_room(got[number], all, capacity, 1).is_ok());
            }
            if got.iter().sum::<u64>() == before {
                return got;
            }
        }
    }

    #[test]
    fn floods_leave_a_share_for_those_who_have_nothing() {
        for parties in [1, 2, 9, 99] {
            let got = flood(parties, 10_000);
            let share = 10_000 / (parties as u64 + 1);
            assert!(got.iter().all(|got| got.abs_diff(share) <= 1), "{got:?}");
            let all = got.iter().sum();
            assert_eq!(has_room(got[0], all, 10_000, 1), Err(Full::Share));
            let friend = (0..10_000).take_while(|own| has_room(*own, all + own, 10_000, 1).is_ok());
            assert!(friend.count() as u64 >= share / 2 - 1);
        }
    }

    #[test]
    fn whoever_comes_later_gets_half_of_what_the_others_have_left() {
        let mut all = 0;
        let mut take = || {
            let own = (0..1000).take_while(|own| has_room(*own, all + own, 1000, 1).is_ok()).count() as u64;
            all += own;
            own
        };
        assert_eq!([take(), take(), take(), take()], [500, 250, 125, 63]);
    }

    #[test]
    fn whoever_has_nothing_gets_what_fits() {
        assert_eq!([7, 8].map(|amount| has_room(0, 3, 10, amount)), [Ok(()), Err(Full::Pool)]);
        assert_eq!([4, 5, 8].map(|amount| has_room(3, 3, 10, amount)), [Ok(()), Err(Full::Share), Err(Full::Pool)]);
        assert_eq!(has_room(1, 10, 5, 0), Ok(()), "nothing needs no room");
        assert_eq!(has_room(0, 10, 5, 1), Err(Full::Pool), "more is there than fits");
        assert_eq!(has_room(2, 2, u64::MAX, u64::MAX - 2), Err(Full::Share));
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
