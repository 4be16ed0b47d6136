//! The command line of the client: the options of the core, and those of each wing.
//!
//! Read once by the main thread before any other thread starts; no lock.

use clap::Parser;
use std::path::PathBuf;
use wire::fingerprint::Fingerprint;

/// Chat with a room full of people.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = "Once connected, /help lists the commands.")]
pub struct Args {
    #[command(flatten)]
    pub core: crate::core::options::CoreOptions,
    /// Instead of a chat, open a prompt for the directory of multicast rooms
    #[cfg(feature = "directory")]
    #[arg(long)]
    pub directory: bool,
    // These three are known without TLS, too: a user who asks for it must not get plain text instead.
    /// The fingerprint of the server's certificate, if it is known beforehand
    #[arg(long, value_name = "FINGERPRINT")]
    pub pin: Option<Fingerprint>,
    /// Authorities, in PEM, of which one has to vouch for the server
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    pub ca: Option<PathBuf>,
    /// Speak plain text, which everybody on the way can read and change
    #[arg(long, conflicts_with_all = ["pin", "ca"])]
    pub plain: bool,
    #[cfg(feature = "editor")]
    #[command(flatten)]
    pub editor: crate::editor::EditorOptions,
    #[cfg(feature = "gui")]
    #[command(flatten)]
    pub page: crate::web::PageOptions,
    #[cfg(feature = "multicast")]
    #[command(flatten)]
    pub multicast: crate::multicast::MulticastOptions,
    #[cfg(feature = "files")]
    #[command(flatten)]
    pub files: crate::files::FileOptions,
}
