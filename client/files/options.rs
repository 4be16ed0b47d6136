//! The options about files on the command line.
//!
//! Read once by the main thread before any other thread starts; no lock.

use std::path::PathBuf;
use wire::files;

/// What to do with files that come.
#[derive(Debug, Clone, clap::Args)]
pub struct FileOptions {
    /// Files up to this size are fetched by themselves, larger ones by /get; 0 for none
    #[arg(long, value_name = "SIZE", default_value = "100M", value_parser = files::parse_size)]
    pub auto_accept: u64,
    /// The folder for received files; made when the first one comes
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    pub downloads: PathBuf,
}
