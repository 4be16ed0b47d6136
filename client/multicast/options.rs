//! The options of multicast rooms on the command line.
//!
//! Read once by the main thread before any other thread starts; no lock.

use super::impair::{Faults, percent};
use std::net::Ipv4Addr;

/// How to take part in multicast rooms.
#[derive(Debug, Clone, clap::Args)]
pub struct MulticastOptions {
    /// The address of the interface for multicast rooms; the system chooses one unless given
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    pub iface: Ipv4Addr,
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

impl MulticastOptions {
    /// The channel that is worse than it has to be.
    pub fn faults(&self) -> Faults {
        let MulticastOptions { loss, duplicate, reorder, corrupt, .. } = *self;
        Faults { loss, duplicate, reorder, corrupt }
    }
}
