//! How many connections there may be, in all and from one address, and how many threads may use the disk at once.
//!
//! [`Connections`] is part of the registry, so it is only touched by a thread that holds the registry's lock.
//! [`DiskGate`] is waited for by client threads, which hold no lock then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, PoisonError};

use super::limits;
use super::party::network;

/// How many descriptors the process has for chats, and how many it keeps for all else. Without the reserve the last chat
/// would take the descriptor that a message needs on its way to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    pub chats: usize,
    /// A quarter is for sockets that are no chats, a quarter for the files of transfers, half for the disk's gate.
    pub reserve: usize,
}

impl Descriptors {
    /// Divides those that are free at the start; `None` stands for as many as anybody wants.
    pub fn divide(free: Option<usize>) -> Self {
        let free = free.unwrap_or(usize::MAX);
        let reserve = (limits::LEAST_RESERVE + free / 8).min(limits::MOST_RESERVE);
        Descriptors { chats: free.saturating_sub(reserve), reserve }
    }

    /// Connections of all kinds.
    pub fn sockets(self) -> usize {
        self.chats.saturating_add(self.reserve / 4)
    }

    /// Connections that a wing has taken over, each with a file.
    pub fn transfers(self) -> usize {
        self.reserve / 4
    }
}

/// Lets a limited number of threads use the disk at once: each needs up to two descriptors, a file's and its folder's.
#[derive(Debug)]
pub struct DiskGate {
    free: Mutex<usize>,
    one_is_free: Condvar,
}

impl DiskGate {
    pub fn new(descriptors: Descriptors) -> Self {
        DiskGate { free: Mutex::new((descriptors.reserve / 4).max(1)), one_is_free: Condvar::new() }
    }

    /// Uses the disk, after a wait for the others if there are too many. Not reentrant: a nested call can deadlock.
    pub fn pass<T>(&self, use_disk: impl FnOnce() -> T) -> T {
        let _pass = Pass::take(self);
        use_disk()
    }
}

/// Given back when dropped, also by a thread that panics.
struct Pass<'a>(&'a DiskGate);

impl<'a> Pass<'a> {
    fn take(gate: &'a DiskGate) -> Self {
        let free = gate.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = gate.one_is_free.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Pass(gate)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.one_is_free.notify_one();
    }
}

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
    fn some_descriptors_are_kept_for_files() {
        let divide = |free| {
            let Descriptors { chats, reserve } = Descriptors::divide(free);
            (chats, reserve)
        };
        assert_eq!([4, 56, 1016].map(|free| divide(Some(free))), [(0, 12), (37, 19), (877, 139)]);
        assert_eq!(divide(Some(100_000)).1, limits::MOST_RESERVE);
        assert!(divide(None).0 > 1_000_000);
    }

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
