//! The command line of the client.
//!
//! Read once by the main thread before any other thread starts; no lock.

use crate::multicast::impair::{Faults, percent};
use crate::multicast::mode::Settings;
use clap::Parser;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use wire::datagram::NewCipher;
use wire::fingerprint::Fingerprint;
use wire::{files, names, text};

/// Chat with a room full of people.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = "Once connected, /help lists the commands.")]
pub struct Args {
    /// The server to connect to; port 6667 unless another is given
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:6667", value_parser = address)]
    pub server: String,
    /// The name to chat under; asked for when missing
    #[arg(long, value_name = "NAME")]
    pub nick: Option<String>,
    /// The room to enter first
    #[arg(long, value_name = "#ROOM", default_value = "#lobby", value_parser = room)]
    pub room: String,
    /// Instead of a chat, open a prompt for the directory of multicast rooms
    #[arg(long)]
    pub directory: bool,
    /// The server's password, where it wants one
    #[arg(long, value_name = "PW", value_parser = password)]
    pub password: Option<String>,
    /// The fingerprint of the server's certificate, if it is known beforehand
    #[arg(long, value_name = "FINGERPRINT")]
    pub pin: Option<Fingerprint>,
    /// Authorities, in PEM, of which one has to vouch for the server
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    pub ca: Option<PathBuf>,
    /// Speak plain text, which everybody on the way can read and change
    #[arg(long, conflicts_with_all = ["pin", "ca"])]
    pub plain: bool,
    /// The address of the interface for multicast rooms; the system chooses one unless given
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    pub iface: Ipv4Addr,
    /// Lose so many percent of what comes in multicast rooms, on purpose
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub loss: f64,
    /// Have so many percent of it come twice
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub duplicate: f64,
    /// Have so many percent of it come late
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub reorder: f64,
    /// Damage so many percent of it
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub corrupt: f64,
    /// Files up to this size are fetched by themselves, larger ones by /get; 0 for none
    #[arg(long, value_name = "SIZE", default_value = "100M", value_parser = files::parse_size)]
    pub auto_accept: u64,
    /// The folder for received files; made when the first one comes
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    pub downloads: PathBuf,
}

impl Args {
    /// What they say about multicast rooms.
    pub fn multicast(&self) -> Settings {
        let Args { loss, duplicate, reorder, corrupt, .. } = *self;
        let cipher: Option<NewCipher> = None;
        #[cfg(feature = "tls")]
        let cipher = cipher.or(Some(wire::room_cipher::new));
        Settings { interface: self.iface, faults: Faults { loss, duplicate, reorder, corrupt }, cipher }
    }
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
    match address.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) => {
            // One server has one spelling: it is known again by it.
            Ok(format!("{host}:{}", port.trim_start_matches(['0', '+'])))
        }
        _ => Err("write it as HOST:PORT, for example 127.0.0.1:6667".to_owned()),
    }
}

/// A room's name with its `#`, which may be left out (a shell takes it for a comment).
pub fn room(given: &str) -> Result<String, String> {
    let room = if given.starts_with('#') { given.to_owned() } else { format!("#{given}") };
    let reason = "a room has a # and then at most 63 bytes without space or comma";
    if names::is_room(&room) { Ok(room) } else { Err(reason.to_owned()) }
}

fn password(given: &str) -> Result<String, String> {
    let fits = !given.is_empty() && given.chars().all(text::is_printable);
    if fits {
        Ok(given.to_owned())
    } else {
        Err("a password has at least one character, and no invisible one".to_owned())
    }
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
        ] {
            assert_eq!(address(given).as_deref(), Ok(full));
        }
        for wrong in ["", ":6667", "host:", "host:port", "host:0", "host:65536", "[::1]:x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rooms() {
        assert_eq!(room("dev").as_deref(), Ok("#dev"));
        assert_eq!(room("#dev").as_deref(), Ok("#dev"));
        assert!(room("").is_err());
        assert!(room("two words").is_err());
    }
}
