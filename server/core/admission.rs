//! How many connections there may be, in all and from one address.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock.

use std::collections::HashMap;
use std::net::IpAddr;

use super::party::network;

/// The connections of one kind.
#[derive(Debug, Default)]
pub struct Connections {
    all: usize,
    /// By network, without those of this machine.
    per_network: HashMap<IpAddr, usize>,
}

/// Which bound is reached.
#[derive(Debug, PartialEq, Eq)]
pub enum TooMany {
    InAll,
    FromAddress,
}

impl Connections {
    pub fn count(&self) -> usize {
        self.all
    }

    /// Counts a connection, unless a bound is reached. This machine has no bound of its own.
    pub fn add(&mut self, ip: IpAddr, most: usize, most_per_ip: usize) -> Result<(), TooMany> {
        if self.all >= most {
            return Err(TooMany::InAll);
        }
        if !ip.is_loopback() {
            let count = self.per_network.get(&network(ip)).map_or(0, |count| *count);
            if count >= most_per_ip {
                return Err(TooMany::FromAddress);
            }
            self.per_network.insert(network(ip), count + 1);
        }
        self.all += 1;
        Ok(())
    }

    /// A connection that was counted has ended.
    pub fn remove(&mut self, ip: IpAddr) {
        self.all -= 1;
        let ip = network(ip);
        if let Some(count) = self.per_network.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.per_network.remove(&ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_hold_and_places_become_free() {
        let mut connections = Connections::default();
        let mut add = |ip: &str, most, most_per_ip| connections.add(ip.parse().unwrap(), most, most_per_ip);
        assert_eq!(add("192.0.2.9", 4, 0), Err(TooMany::FromAddress));
        assert_eq!([add("192.0.2.1", 4, 2), add("192.0.2.1", 4, 2)], [Ok(()), Ok(())]);
        assert_eq!(add("192.0.2.1", 4, 2), Err(TooMany::FromAddress));
        connections.remove("192.0.2.1".parse().unwrap());
        let mut add = |ip: &str, most, most_per_ip| connections.add(ip.parse().unwrap(), most, most_per_ip);
        assert_eq!([add("192.0.2.1", 4, 2), add("127.0.0.1", 4, 2), add("127.0.0.1", 4, 2)], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(add("127.0.0.1", 4, 2), Err(TooMany::InAll));
        assert_eq!(add("::1", 5, 0), Ok(()), "this machine is exempt");
        for ip in ["::1", "127.0.0.1", "127.0.0.1", "192.0.2.1", "192.0.2.1"] {
            connections.remove(ip.parse().unwrap());
        }
        assert!(connections.all == 0 && connections.per_network.is_empty());
    }
}
