//! The options of the core on the command line.
//!
//! Read once by the main thread before any other thread starts; no lock.

use super::arguments::room;
use wire::text;

/// Whom to talk to, under which name, and how that is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct CoreOptions {
    /// The server to connect to; port 6667 unless another is given
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:6667", value_parser = address)]
    pub server: String,
    /// The name to chat under; asked for when missing
    #[arg(long, value_name = "NAME")]
    pub nick: Option<String>,
    /// Take the name from another client of yours that uses it
    #[arg(long)]
    pub take_over: bool,
    /// The room to enter first
    #[arg(long, value_name = "#ROOM", default_value = "#lobby", value_parser = room)]
    pub room: String,
    /// The server's password, where it wants one
    #[arg(long, value_name = "PW", value_parser = password)]
    pub password: Option<String>,
    /// Print lines and nothing else, and leave editing to the terminal, as for a screen reader; so does a client that was
    /// built without the feature editor
    #[arg(long)]
    pub plain_terminal: bool,
}

/// `HOST:PORT` from an address that may lack its port; an IPv6 address may lack its brackets then.
fn address(given: &str) -> Result<String, String> {
    const PORT: u16 = 6667;
    let is_bare_v6 = !given.starts_with('[') && given.matches(':').count() > 1;
    let address = match given.rsplit_once(':') {
        _ if is_bare_v6 => format!("[{given}]:{PORT}"),
        Some((_, port)) if !port.ends_with(']') => given.to_owned(),
        _ => format!("{given}:{PORT}"),
    };
    // One server has one spelling, by which the client knows it again.
    match address.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
        Some((host, Ok(port))) if !host.is_empty() && port != 0 => Ok(format!("{host}:{port}")),
        _ => Err("write it as HOST:PORT, for example 127.0.0.1:6667".to_owned()),
    }
}

fn password(given: &str) -> Result<String, String> {
    let fits = !given.is_empty() && given.chars().all(text::is_printable);
    let reason = "a password has at least one character, and no invisible one";
    if fits { Ok(given.to_owned()) } else { Err(reason.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (given, full) in [
            ("127.0.0.1", "127.0.0.1:6667"),
            ("localhost:7000", "localhost:7000"),
            ("localhost:007000", "localhost:7000"),
            ("[::1]:7000", "[::1]:7000"),
            ("[::1]", "[::1]:6667"),
            ("::1", "[::1]:6667"),
            ("[fe80::1%eth0]:7000", "[fe80::1%eth0]:7000"),
            ("[fe80::1%2]", "[fe80::1%2]:6667"),
            ("fe80::1%eth0", "[fe80::1%eth0]:6667"),
        ] {
            assert_eq!(address(given).as_deref(), Ok(full));
        }
        for wrong in ["", ":6667", "host:", "host:port", "host:0", "host:65536", "[::1]:x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
