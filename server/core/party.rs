//! Who answers for what a client uses: shares of what belongs to all are counted by party.
//!
//! Pure.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use wire::fingerprint::Fingerprint;

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
