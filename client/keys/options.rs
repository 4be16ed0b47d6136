//! The options about keys on the command line.
//!
//! Read once by the main thread before any other thread starts; no lock.

use std::path::PathBuf;
use wire::fingerprint::Fingerprint;

/// How to know the server.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyOptions {
    /// The fingerprint of the server's certificate, if it is known beforehand
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "plain")]
    pub pin: Option<Fingerprint>,
    /// Authorities, in PEM, of which one has to vouch for the server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pin", "plain"])]
    pub ca: Option<PathBuf>,
}
