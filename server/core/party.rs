//! Who answers for what a client uses: shares of what belongs to all are counted by party.
//!
//! Pure.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use wire::fingerprint::Fingerprint;

use super::limits::SHARE;

/// A key, if it owns the name under which the client is connected; or else the network of the client's address.
///
/// Anybody can make keys by the thousand, so a key without a name counts for nothing.
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
