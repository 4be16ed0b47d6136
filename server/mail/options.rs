//! The part of the command line that is about stored messages.

use clap::Args;

use super::limits;

#[derive(Debug, Clone, Args)]
pub struct MailOptions {
    /// How many days a private message waits for its recipient
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    #[arg(default_value_t = limits::MAIL_DAYS)]
    pub mail_days: u32,
}
