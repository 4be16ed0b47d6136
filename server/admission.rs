//! How many connections there may be: people who chat, all and from one address, and transfers of files.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. Every
//! connection is counted once: as a chat from its beginning, as a transfer once its token is redeemed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use wire::limits;

/// The counts.
#[derive(Debug, Default)]
pub struct Admission {
    chats: usize,
    transfers: usize,
    /// Chats by network address, of others than this machine.
    per_ip: HashMap<IpAddr, usize>,
}

impl Admission {
    /// Counts a connection, or says why it is refused.
    pub fn enter(&mut self, ip: IpAddr, max_clients: usize, max_per_ip: usize) -> Result<(), String> {
        if self.chats >= max_clients {
            return Err(format!("The server is full ({max_clients} clients); try again later"));
        }
        if !ip.is_loopback() {
            let count = self.per_ip.entry(network(ip)).or_default();
            if *count >= max_per_ip {
                return Err(format!("Too many connections from your address ({max_per_ip} at most)"));
            }
            *count += 1;
        }
        self.chats += 1;
        Ok(())
    }

    /// Whether one more connection may carry a file; if not, why.
    pub fn has_room_for_a_transfer(&self) -> Result<(), String> {
        let most = limits::TRANSFERS;
        let full = || format!("The server carries {most} files at this moment; try again later");
        if self.transfers < most { Ok(()) } else { Err(full()) }
    }

    /// A connection carries a file: nobody who wants to chat shall be refused for it.
    pub fn becomes_transfer(&mut self, ip: IpAddr) {
        self.leave(ip, false);
        self.transfers += 1;
    }

    /// A connection has ended.
    pub fn leave(&mut self, ip: IpAddr, is_transfer: bool) {
        if is_transfer {
            self.transfers -= 1;
            return;
        }
        self.chats -= 1;
        let ip = network(ip);
        if let Some(count) = self.per_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.per_ip.remove(&ip);
            }
        }
    }

    /// Connections that are no transfers.
    pub fn chats(&self) -> usize {
        self.chats
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
        assert_eq!(network("2001:db8::1:2".parse().unwrap()), network("2001:db8::3:4".parse().unwrap()));
    }

    #[test]
    fn transfers_take_no_place_from_those_who_chat() {
        let (mut admission, ip) = (Admission::default(), "192.0.2.1".parse().unwrap());
        for _ in 0..limits::TRANSFERS {
            enter(&mut admission, "192.0.2.1").unwrap();
            admission.has_room_for_a_transfer().unwrap();
            admission.becomes_transfer(ip);
        }
        assert!(admission.has_room_for_a_transfer().is_err());
        assert_eq!(admission.chats(), 0);
        enter(&mut admission, "192.0.2.1").unwrap();
        (0..limits::TRANSFERS).for_each(|_| admission.leave(ip, true));
        admission.leave(ip, false);
        assert!(admission.per_ip.is_empty() && admission.transfers == 0 && admission.chats == 0);
    }
}
