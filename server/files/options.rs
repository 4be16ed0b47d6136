//! The part of the command line that is about files.

use clap::Args;
use wire::files::parse_size;

use super::limits;

#[derive(Debug, Clone, Args)]
pub struct FileOptions {
    /// How large a file may be, such as 500M; 8G unless given
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    #[arg(default_value_t = limits::MAX_FILE, hide_default_value = true)]
    pub max_file: u64,
    /// How much room all files together may take; 32G unless given
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    #[arg(default_value_t = limits::SPOOL_QUOTA, hide_default_value = true)]
    pub spool_quota: u64,
    /// How many days a file is kept
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    #[arg(default_value_t = limits::FILE_DAYS)]
    pub file_days: u32,
}
