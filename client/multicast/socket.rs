//! A socket in a multicast group, by the crate that wraps the system's socket calls: std cannot share a port among
//! several clients of one host.
//!
//! Called by the main thread when the user enters a room; no lock.

use super::engine::limits;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

/// Joins a group on the interface that has this address, or on one that the system chooses for 0.0.0.0.
pub fn join(group: SocketAddrV4, interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Several clients of one host share the port, and each gets every datagram.
    socket.set_reuse_address(true)?;
    // Bound to the group, so that nothing comes that was sent to another one at the same port.
    socket.bind(&SocketAddr::from(group).into())?;
    socket.join_multicast_v4(group.ip(), &interface)?;
    socket.set_multicast_if_v4(&interface)?;
    // The members are on one network; no router passes the datagrams on.
    socket.set_multicast_ttl_v4(1)?;
    // The other clients of this host are members, too.
    socket.set_multicast_loop_v4(true)?;
    // A smaller one loses more, which is repaired.
    let _ = socket.set_recv_buffer_size(limits::MCAST_SOCKET_BUFFER);
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_stay_on_the_network_of_the_interface() {
        let interface = Ipv4Addr::LOCALHOST;
        let socket = join(SocketAddrV4::new(Ipv4Addr::new(239, 1, 2, 3), 0), interface).unwrap();
        assert_eq!(socket2::SockRef::from(&socket).multicast_if_v4().unwrap(), interface);
        assert_eq!((socket.multicast_ttl_v4().unwrap(), socket.multicast_loop_v4().unwrap()), (1, true));
    }
}
