//! Without the feature.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// See the feature `multicast`.
pub fn join(_group: SocketAddrV4, _interface: Ipv4Addr) -> io::Result<UdpSocket> {
    Err(io::Error::other("this client was built without multicast; build it with --features multicast"))
}
