//! The core's part of the command line.
//!
//! Read once by the main thread before any other thread starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use wire::address::{self, PORT};
use wire::limits::SERVER_NAME;

use super::limits;

#[derive(Debug, Args)]
pub struct Options {
    /// Address and port to listen on, or one of the two; may be given several times. Other computers can connect if it
    /// is 0.0.0.0, [::], or an address that they know; a port alone is for this machine (port 0: any free one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6667", value_parser = listen_address)]
    pub listen: Vec<SocketAddr>,
    /// The server's name, as clients see it; a name with a dot is no nick
    #[arg(long, default_value = "groupchat.local", value_parser = server_name)]
    pub name: String,
    /// A password that everyone who connects must give
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub password: Option<String>,
    /// How many clients may be connected at once
    #[arg(long, value_name = "N", default_value_t = limits::MAX_CLIENTS, value_parser = at_least_one)]
    pub max_clients: usize,
    /// How many of them from one address, and how many transfers of files. This machine itself is exempt, so with 0 nobody
    /// else gets in
    #[arg(long, value_name = "N", default_value_t = limits::MAX_PER_IP)]
    pub max_per_ip: usize,
    /// How many lines a second a client may go on sending; faster ones are throttled (0: no limit)
    #[arg(long, value_name = "LINES_PER_SECOND", default_value_t = limits::FLOOD_RATE)]
    pub flood: u32,
    /// Seconds of silence after which a client is asked whether it is still there
    #[arg(long, value_name = "SECONDS", default_value_t = limits::PING_INTERVAL.as_secs(), value_parser = seconds())]
    pub ping_interval: u64,
    /// Seconds that a new connection has to give its name
    #[arg(long, value_name = "SECONDS", default_value_t = limits::REGISTRATION.as_secs(), value_parser = seconds())]
    pub register_within: u64,
    /// From where plain text is accepted
    #[arg(long, value_name = "WHENCE", value_enum, default_value_t = Plain::Loopback)]
    pub plain: Plain,
    /// Show the text of messages too, not only who wrote to whom, and the threads of clients
    #[arg(short, long)]
    pub verbose: bool,
}

/// Where plain text may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Plain {
    /// Nowhere
    Never,
    /// This machine
    Loopback,
    /// Everywhere
    Always,
}

impl Plain {
    /// Whether a client at this address may speak plain text.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Plain::Never => false,
            Plain::Loopback => address.is_loopback(),
            Plain::Always => true,
        }
    }
}

impl Options {
    /// What to do about options that a server without TLS cannot start with, if they are such.
    #[allow(dead_code, reason = "a server with TLS can start with all of them")]
    pub fn needs_tls(&self) -> Option<String> {
        let open = self.listen.iter().find(|address| !address.ip().to_canonical().is_loopback());
        match open {
            _ if self.plain == Plain::Never => Some("nobody could connect".to_owned()),
            Some(address) if self.plain == Plain::Loopback => {
                Some(format!("say --plain always if everybody on the way to {address} may read what is said"))
            }
            _ => None,
        }
    }
}

fn seconds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=86_400)
}

fn at_least_one(number: &str) -> Result<usize, String> {
    match number.parse() {
        Ok(0) | Err(_) => Err("use a whole number from 1 up".into()),
        Ok(number) => Ok(number),
    }
}

/// An address to listen on: `ADDRESS:PORT`, or one of the two. Private unless said otherwise: without an address it is
/// this machine's own.
fn listen_address(given: &str) -> Result<SocketAddr, String> {
    let wrong = "write it as ADDRESS:PORT, such as 0.0.0.0:6667 or [::]:6667, or as a port";
    if !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit()) {
        return given.parse().map(|port| (Ipv4Addr::LOCALHOST, port).into()).map_err(|_| wrong.to_owned());
    }
    let (host, port) = address::split(given).filter(|parts| *parts != ("", None)).ok_or(wrong)?;
    let port = port.unwrap_or(PORT);
    if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    if let Some((ip, zone)) = host.split_once('%') {
        ip.parse::<Ipv6Addr>().map_err(|_| wrong)?;
        let mut found = address::resolve(host, port).into_iter().flatten();
        return found.next().ok_or_else(|| format!("this machine has no network interface {zone}"));
    }
    host.parse::<IpAddr>().map(|ip| (ip, port).into()).map_err(|_| wrong.to_owned())
}

/// A name that can stand as the source of a line: letters, digits, dots and hyphens.
fn server_name(name: &str) -> Result<String, String> {
    let fits = (1..=SERVER_NAME).contains(&name.len());
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    // The server's name is the token of its own PING; the tokens of other PINGs begin with a word and a hyphen.
    if fits && name.bytes().all(good) && !["mail-", "key-"].iter().any(|word| name.starts_with(word)) {
        return Ok(name.to_owned());
    }
    Err(format!("use 1 to {SERVER_NAME} letters, digits, dots and hyphens, and no mail- or key- in front"))
}

#[cfg(test)]
impl Options {
    /// As the command line of a core alone gives them.
    pub fn of(options: &[&str]) -> Self {
        let command = Options::augment_args(clap::Command::new("chat-server").no_binary_name(true));
        clap::FromArgMatches::from_arg_matches(&command.get_matches_from(options)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_taken_from_where_it_may_come() {
        let (here, there) = ("127.0.0.9".parse().unwrap(), "192.0.2.1".parse().unwrap());
        assert_eq!([here, there].map(|ip| Plain::Never.allows(ip)), [false, false]);
        assert_eq!([here, there].map(|ip| Plain::Loopback.allows(ip)), [true, false]);
        assert_eq!([here, there].map(|ip| Plain::Always.allows(ip)), [true, true]);
    }

    #[test]
    fn nobody_can_be_called_like_the_server() {
        let name = Options::of(&[]).name;
        assert!(!wire::names::is_nick(&name) && server_name(&name).is_ok(), "{name}");
    }

    #[test]
    fn where_to_listen_can_be_said_in_short() {
        for (given, address) in [
            ("6667", "127.0.0.1:6667"),
            (":7000", "127.0.0.1:7000"),
            ("0", "127.0.0.1:0"),
            ("localhost", "127.0.0.1:6667"),
            ("LOCALHOST:7000", "127.0.0.1:7000"),
            ("127.0.0.1", "127.0.0.1:6667"),
            ("0.0.0.0", "0.0.0.0:6667"),
            ("[::]", "[::]:6667"),
            ("::1", "[::1]:6667"),
            ("[::1]:7000", "[::1]:7000"),
            ("[fe80::1%1]:7000", "[fe80::1%1]:7000"),
        ] {
            assert_eq!(listen_address(given).map(|address| address.to_string()).as_deref(), Ok(address), "{given}");
        }
        for wrong in
            ["", ":", "70000", "127.0.0.1:", "127.0.0.1:70000", "chat.example.org:6667", "[::1", "a%1", "1.2.3.4%1"]
        {
            assert!(listen_address(wrong).unwrap_err().starts_with("write it as ADDRESS:PORT"), "{wrong}");
        }
        assert_eq!(listen_address("fe80::1%nosuch").unwrap_err(), "this machine has no network interface nosuch");
    }

    #[test]
    fn a_build_without_tls_says_where_it_matters() {
        let says = |options: &[&str]| Options::of(options).needs_tls();
        assert_eq!(says(&[]), None);
        assert_eq!(says(&["--listen", "[::1]:6667"]), None);
        assert_eq!(says(&["--listen", "0.0.0.0:6667", "--plain", "always"]), None);
        assert!(says(&["--listen", "127.0.0.1:1", "--listen", "[::]:1"]).unwrap().contains("--plain always"));
        assert!(says(&["--plain", "never"]).unwrap().ends_with("nobody could connect"));
    }
}
