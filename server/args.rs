//! The command line of the server.
//!
//! Read once by the main thread before any other thread starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use wire::files::parse_size;
use wire::limits;

/// [`limits::MAX_FILE`] and [`limits::SPOOL_QUOTA`] as people write them.
const MAX_FILE: &str = "8G";
const SPOOL_QUOTA: &str = "32G";

/// A group chat server that any IRC client can join: one thread per client, one broadcaster.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    /// Address and port to listen on; may be given several times (port 0: any free one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6667")]
    pub listen: Vec<SocketAddr>,
    /// The server's name, as clients see it
    #[arg(long, default_value = "groupchat", value_parser = server_name)]
    pub name: String,
    /// A password that everyone who connects must give
    #[arg(long)]
    pub password: Option<String>,
    /// A text file shown to everyone who connects
    #[arg(long, value_name = "FILE")]
    pub motd: Option<PathBuf>,
    /// Folder for messages, files and keys, which survive a restart; unless given, one in ~/.local/share/groupchat for each address
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How large a file may be, such as 500M
    #[arg(long, value_name = "SIZE", default_value = MAX_FILE, value_parser = parse_size)]
    pub max_file: u64,
    /// How much room all files together may take
    #[arg(long, value_name = "SIZE", default_value = SPOOL_QUOTA, value_parser = parse_size)]
    pub spool_quota: u64,
    /// How many days a file is kept
    #[arg(long, value_name = "N", default_value_t = limits::FILE_DAYS, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub file_days: u32,
    /// How many clients may be connected at once
    #[arg(long, value_name = "N", default_value_t = limits::MAX_CLIENTS, value_parser = at_least_one)]
    pub max_clients: usize,
    /// How many of them from one address, and how many transfers of files (this machine itself is exempt)
    #[arg(long, value_name = "N", default_value_t = limits::MAX_PER_IP)]
    pub max_per_ip: usize,
    /// How many lines a second a client may go on sending; faster ones are slowed down (0: no limit)
    #[arg(long, value_name = "LINES_PER_SECOND", default_value_t = limits::FLOOD_RATE)]
    pub flood: u32,
    /// Seconds of silence after which a client is asked whether it is still there
    #[arg(long, value_name = "SECONDS", default_value_t = limits::PING_INTERVAL.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub ping_interval: u64,
    /// Seconds that a new connection has to give its name
    #[arg(long, value_name = "SECONDS", default_value_t = limits::REGISTRATION.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub register_within: u64,
    /// From where plain text is taken, besides TLS
    #[arg(long, value_name = "WHENCE", value_enum, default_value_t = Plain::Loopback)]
    pub plain: Plain,
    /// A certificate in PEM, with those that vouch for it, instead of the one that the server makes for itself
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Take a name from the key that has it, and end; a server that is running need not be stopped
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// Show the text of messages too, not only who wrote to whom
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

fn at_least_one(number: &str) -> Result<usize, String> {
    match number.parse() {
        Ok(0) | Err(_) => Err("use a whole number from 1 up".into()),
        Ok(number) => Ok(number),
    }
}

/// A name that can stand as the source of a line: letters, digits, dots and hyphens.
fn server_name(name: &str) -> Result<String, String> {
    let fits = (1..=limits::SERVER_NAME).contains(&name.len());
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    // The server's name is the token of its own PING, and those for letters begin so.
    if fits && name.bytes().all(good) && !name.starts_with("mail-") {
        return Ok(name.to_owned());
    }
    Err(format!("use 1 to {} letters, digits, dots and hyphens, and no mail- in front", limits::SERVER_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_limits() {
        let args = Args::parse_from(["chat-server"]);
        assert_eq!((args.max_file, args.spool_quota), (limits::MAX_FILE, limits::SPOOL_QUOTA));
    }
}
