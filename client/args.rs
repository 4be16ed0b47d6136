//! The command line of the client: the options of the core, and those of each wing.
//!
//! Read once by the main thread before any other thread starts; no lock.

use clap::Parser;

/// Chat with a room full of people.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = "Once connected, /help lists the commands.")]
pub struct Args {
    #[command(flatten)]
    pub core: crate::core::options::CoreOptions,
    #[cfg(feature = "directory")]
    /// Instead of a chat, open a prompt for the directory of multicast rooms
    #[arg(long)]
    pub directory: bool,
    #[cfg(feature = "tls")]
    #[command(flatten)]
    pub keys: crate::keys::KeyOptions,
    #[cfg(not(feature = "tls"))]
    #[command(flatten)]
    pub keys: NoKeys,
    #[cfg(feature = "multicast")]
    #[command(flatten)]
    pub multicast: crate::multicast::MulticastOptions,
    #[cfg(feature = "files")]
    #[command(flatten)]
    pub files: crate::files::FileOptions,
}

#[cfg(feature = "files")]
impl Args {
    /// The user wants the directory's prompt instead of a chat.
    pub fn is_directory_prompt(&self) -> bool {
        #[cfg(feature = "directory")]
        return self.directory;
        #[cfg(not(feature = "directory"))]
        return false;
    }
}

/// Options about keys in a build that knows none: a user who gives them must not get plain text instead.
#[cfg(not(feature = "tls"))]
#[derive(Debug, Clone, clap::Args)]
pub struct NoKeys {
    #[arg(long, hide = true)]
    pub pin: Option<String>,
    #[arg(long, hide = true)]
    pub ca: Option<String>,
}

#[cfg(not(feature = "tls"))]
impl NoKeys {
    /// An error is one sentence.
    pub fn refuse(&self, dialer: &mut crate::core::dialer::Dialer) -> Result<(), String> {
        dialer.warning =
            Some("This client was built without TLS: everybody on the way can read all of this, and change it");
        if self.pin.is_none() && self.ca.is_none() {
            return Ok(());
        }
        Err("this client was built without TLS, so it has no use for --pin and --ca; build it with --features tls"
            .to_owned())
    }
}
