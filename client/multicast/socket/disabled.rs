//! Without the feature.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// See the feature `multicast`.
pub fn join(_group: SocketAddrV4, _interface: Ipv4Addr) -> Result<UdpSocket, String> {
    Err("This client was built without multicast; build it with --features multicast".to_owned())
}
