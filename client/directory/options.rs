//! The option of the directory on the command line.
//!
//! Read once by the main thread before any other thread starts; no lock.

/// Which of the two prompts to open.
#[derive(Debug, Clone, clap::Args)]
pub struct DirectoryOptions {
    /// Instead of a chat, open a prompt for the directory of multicast rooms
    #[arg(long)]
    pub directory: bool,
}
