//! The command line of the server: the core's part, and one for each wing that has options.
//!
//! Read once by the main thread before any other thread starts.

use clap::Parser;

/// A group chat server that any IRC client can join: one thread per client, one broadcaster.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    #[command(flatten)]
    pub core: crate::core::options::Options,
    #[cfg(feature = "disk")]
    #[command(flatten)]
    pub data: crate::data::DataOptions,
    #[cfg(feature = "irc")]
    #[command(flatten)]
    pub irc: crate::irc::IrcOptions,
    #[cfg(feature = "keys")]
    #[command(flatten)]
    pub keys: crate::keys::KeyOptions,
    #[cfg(feature = "tls")]
    #[command(flatten)]
    pub tls: crate::tls::TlsOptions,
    #[cfg(feature = "files")]
    #[command(flatten)]
    pub files: crate::files::FileOptions,
}
