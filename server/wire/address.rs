//! Addresses as people type them: `HOST:PORT`, where the port, or the brackets of IPv6, may be missing.
//!
//! Pure, but for [`resolve`], which may ask a name server and thus wait.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The port of a server, unless another is given: that of IRC (RFC 7194, section 1).
pub const PORT: u16 = 6667;

/// The host, without the brackets of IPv6, and the port, if there is one. `None` when it is no address.
pub fn split(given: &str) -> Option<(&str, Option<u16>)> {
    // Rust takes a plus sign, too.
    let port = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(rest) = given.strip_prefix('[') {
        return match rest.split_once(']')? {
            (host, "") => Some((host, None)),
            (host, rest) => Some((host, Some(port(rest.strip_prefix(':')?)?))),
        };
    }
    match given.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((given, None)),
        Some((host, text)) => Some((host, Some(port(text)?))),
        None => Some((given, None)),
    }
}

/// Host and port in one word, with the brackets that IPv6 needs.
pub fn join(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The addresses of a host. The zone of an IPv6 address (`fe80::1%eth0`: RFC 4007, section 11) may be a name or a number.
pub fn resolve(host: &str, port: u16) -> io::Result<impl Iterator<Item = SocketAddr>> {
    (host, port).to_socket_addrs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (given, parts) in [
            ("localhost", ("localhost", None)),
            ("localhost:7000", ("localhost", Some(7000))),
            ("localhost:007000", ("localhost", Some(7000))),
            (":7000", ("", Some(7000))),
            ("::1", ("::1", None)),
            ("[::1]", ("::1", None)),
            ("[::1]:7000", ("::1", Some(7000))),
            ("[fe80::1%eth0]:7000", ("fe80::1%eth0", Some(7000))),
            ("fe80::1%2", ("fe80::1%2", None)),
        ] {
            assert_eq!(split(given), Some(parts), "{given}");
        }
        for wrong in ["a:", "a:x", "a:+1", "a:65536", "[::1", "[::1]x", "[::1]:"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
        assert_eq!(["a", "fe80::1%eth0"].map(|host| join(host, 1)), ["a:1", "[fe80::1%eth0]:1"]);
    }

    #[test]
    fn zones_are_names_or_numbers() {
        let only = |host| resolve(host, 1).unwrap().collect::<Vec<_>>();
        let [SocketAddr::V6(by_number)] = only("fe80::1%1")[..] else { panic!() };
        assert_eq!(by_number.scope_id(), 1);
        if cfg!(target_os = "linux") {
            assert_eq!(only("fe80::1%lo"), only("fe80::1%1"), "the loopback interface is the first");
        }
    }
}
