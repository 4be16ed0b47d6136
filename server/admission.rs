//! How many connections there may be: people who chat, all and from one address, and transfers of files.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. Every
//! connection is counted once: as a chat from its beginning, as a transfer once its token is redeemed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use wire::limits;

/// All connections.
#[derive(Debug, Default)]
pub struct Admission {
    chats: Connections,
    transfers: Connections,
}

impl Admission {
    /// Counts a connection, or says why it is refused.
    pub fn enter(&mut self, ip: IpAddr, most: usize, most_per_ip: usize) -> Result<(), String> {
        if self.chats.all >= most {
            return Err(format!("The server is full ({most} clients); try again later"));
        }
        if self.chats.has_many_from(ip, most_per_ip) {
            return Err(format!("Too many connections from your address ({most_per_ip} at most)"));
        }
        self.chats.add(ip);
        Ok(())
    }

    /// Whether one more connection may carry a file; if not, why.
    pub fn has_room_for_a_transfer(&self, ip: IpAddr, most_per_ip: usize) -> Result<(), String> {
        let most = limits::TRANSFERS;
        if self.transfers.all >= most {
            return Err(format!("The server carries {most} files at this moment; try again later"));
        }
        if self.transfers.has_many_from(ip, most_per_ip) {
            return Err(format!("Your address has {most_per_ip} files under way; try again later"));
        }
        Ok(())
    }

    /// A connection carries a file: nobody who wants to chat shall be refused for it.
    pub fn becomes_transfer(&mut self, ip: IpAddr) {
        self.chats.remove(ip);
        self.transfers.add(ip);
    }

    /// A connection has ended.
    pub fn leave(&mut self, ip: IpAddr, is_transfer: bool) {
        let connections = if is_transfer { &mut self.transfers } else { &mut self.chats };
        connections.remove(ip);
    }

    /// Connections that are no transfers.
    pub fn chats(&self) -> usize {
        self.chats.all
    }
}

/// Connections of one kind.
#[derive(Debug, Default)]
struct Connections {
    all: usize,
    /// By network address, of others than this machine.
    per_ip: HashMap<IpAddr, usize>,
}

impl Connections {
    /// Whether an address has so many; this machine never has too many.
    fn has_many_from(&self, ip: IpAddr, most: usize) -> bool {
        !ip.is_loopback() && self.per_ip.get(&network(ip)).map_or(0, |count| *count) >= most
    }

    fn add(&mut self, ip: IpAddr) {
        self.all += 1;
        if !ip.is_loopback() {
            *self.per_ip.entry(network(ip)).or_default() += 1;
        }
    }

    fn remove(&mut self, ip: IpAddr) {
        self.all -= 1;
        let ip = network(ip);
        if let Some(count) = self.per_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.per_ip.remove(&ip);
            }
        }
    }
}

/// What one party has of an address: all of IPv4, the first half of IPv6.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(admission: &mut Admission, ip: &str) -> Result<(), String> {
        admission.enter(ip.parse().unwrap(), 4, 2)
    }

    #[test]
    fn the_bounds_hold_and_are_given_back() {
        let (mut admission, ip) = (Admission::default(), "192.0.2.1".parse().unwrap());
        enter(&mut admission, "192.0.2.1").unwrap();
        enter(&mut admission, "192.0.2.1").unwrap();
        assert!(enter(&mut admission, "192.0.2.1").unwrap_err().contains("your address"));
        admission.leave(ip, false);
        enter(&mut admission, "192.0.2.1").unwrap();
        enter(&mut admission, "127.0.0.1").unwrap();
        enter(&mut admission, "127.0.0.1").unwrap();
        assert!(enter(&mut admission, "127.0.0.1").unwrap_err().contains("full"));
        assert!(admission.enter("::1".parse().unwrap(), 5, 0).is_ok(), "this machine is exempt");
        assert_eq!(network("2001:db8::1:2".parse().unwrap()), network("2001:db8::3:4".parse().unwrap()));
    }

    #[test]
    fn transfers_take_no_place_from_those_who_chat() {
        let mut admission = Admission::default();
        let ip = |number: usize| IpAddr::from([192, 0, 2, u8::try_from(number % 10).unwrap()]);
        for number in 0..limits::TRANSFERS {
            admission.enter(ip(number), 4, 2).unwrap();
            admission.has_room_for_a_transfer(ip(number), limits::TRANSFERS / 10).unwrap();
            admission.becomes_transfer(ip(number));
            let mine = number / 10 + 1;
            assert!(admission.has_room_for_a_transfer(ip(number), mine).is_err(), "one address has a bound, too");
        }
        assert!(admission.has_room_for_a_transfer([192, 0, 2, 77].into(), 2).unwrap_err().contains("The server"));
        assert_eq!(admission.chats(), 0);
        admission.enter(ip(0), 4, 2).unwrap();
        (0..limits::TRANSFERS).for_each(|number| admission.leave(ip(number), true));
        admission.leave(ip(0), false);
        assert!(admission.chats.per_ip.is_empty() && admission.transfers.per_ip.is_empty());
        assert_eq!((admission.chats.all, admission.transfers.all), (0, 0));
    }
}
